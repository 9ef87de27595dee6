// The kernels of i8 through upstream to PTX, for every chip.
// RUN: hinm-opt %s --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_80},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py | FileCheck %s
// RUN: hinm-opt %s --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_86},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py | FileCheck %s
// RUN: hinm-opt %s --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_90a},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py | FileCheck %s
// RUN: hinm-opt %s --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_100a},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py | FileCheck %s

#s32 = #hinm.schedule<tile_m = 32, tile_n = 64, tile_k = 64, stages = 3, warps_m = 1, warps_n = 4>
#s64 = #hinm.schedule<tile_m = 64, tile_n = 64, tile_k = 64, stages = 3, warps_m = 2, warps_n = 2>
#s128 = #hinm.schedule<tile_m = 128, tile_n = 128, tile_k = 64, stages = 3, warps_m = 4, warps_n = 2, prefetch = 1>
#s256 = #hinm.schedule<tile_m = 256, tile_n = 128, tile_k = 64, stages = 3, warps_m = 8, warps_n = 2>
#split = #hinm.schedule<tile_m = 128, tile_n = 16, tile_k = 64, stages = 4, warps_m = 8, warps_n = 1, prefetch = 2, split_k = 4>
#resident = #hinm.schedule<kernel = resident, tile_m = 128, tile_n = 16, tile_k = 64, stages = 1, warps_m = 8, warps_n = 1, prefetch = 3>

// CHECK-LABEL: .entry hinm_spmm_i8_v32_m32n64k64s3w1x4(
// CHECK: cp.async.cg.shared.global
// Two matrices of pairs of tokens become four rows of the even and of the odd one.
// CHECK: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// CHECK: prmt.b32 %r{{[0-9]+}}, %r{{[0-9]+}}, %r{{[0-9]+}}, {{0x6420U|25632}}
// CHECK: mma.sp::ordered_metadata.sync.aligned.m16n8k64.row.col.s32.s8.s8.s32
// A run of four tokens is stored at once.
// CHECK: st.global.v{{4.b32|2.b64}}
func.func @v32(%v: memref<4096xi8>, %m: memref<256xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x64xi8>, %y: memref<91x64xi32>) {
  hinm.spmm as #hinm.packed<rows = 91, columns = 128, tile = 32, nm = 2:4, version = 2>
    ins(%v, %m, %l, %o, %x : memref<4096xi8>, memref<256xi32>, memref<256xi32>, memref<4xi32>, memref<128x64xi8>)
    outs(%y : memref<91x64xi32>) {schedule = #s32}
  return
}

// CHECK-LABEL: .entry hinm_spmm_i8_to_f16_v64_m64n64k64s3w2x2_e{{[0-9a-f]+}}(
// The scales of the tokens are loaded once, those of the rows row by row.
// CHECK: ld.global.v{{4.b32|2.b64}}
// CHECK: cvt.rn.f32.s32
func.func @v64(%v: memref<8192xi8>, %m: memref<512xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x64xi8>, %y: memref<187x64xf16>, %r: memref<187xf32>, %t: memref<1x64xf32>) {
  hinm.spmm as #hinm.packed<rows = 187, columns = 128, tile = 64, nm = 2:4, version = 2>
    ins(%v, %m, %l, %o, %x : memref<8192xi8>, memref<512xi32>, memref<256xi32>, memref<4xi32>, memref<128x64xi8>)
    outs(%y : memref<187x64xf16>)
    epilogue(%r, %t : memref<187xf32>, memref<1x64xf32>) {
    ^bb0(%sum: i32, %p: f32, %q: f32):
      %f = arith.sitofp %sum : i32 to f32
      %g = arith.mulf %f, %p : f32
      %h = arith.mulf %g, %q : f32
      %k = arith.truncf %h : f32 to f16
      hinm.yield %k : f16
    } {schedule = #s64}
  return
}

// CHECK-LABEL: .entry hinm_spmm_i8_v128_m128n128k64s3w4x2p1(
// CHECK: mma.sp::ordered_metadata.sync.aligned.m16n8k64.row.col.s32.s8.s8.s32
func.func @v128(%v: memref<16384xi8>, %m: memref<1024xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x128xi8>, %y: memref<379x128xi32>) {
  hinm.spmm as #hinm.packed<rows = 379, columns = 128, tile = 128, nm = 2:4, version = 2>
    ins(%v, %m, %l, %o, %x : memref<16384xi8>, memref<1024xi32>, memref<256xi32>, memref<4xi32>, memref<128x128xi8>)
    outs(%y : memref<379x128xi32>) {schedule = #s128}
  return
}

// CHECK-LABEL: .entry hinm_spmm_i8_v256_m256n128k64s3w8x2(
// CHECK: mma.sp::ordered_metadata.sync.aligned.m16n8k64.row.col.s32.s8.s8.s32
func.func @v256(%v: memref<32768xi8>, %m: memref<2048xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x128xi8>, %y: memref<763x128xi32>) {
  hinm.spmm as #hinm.packed<rows = 763, columns = 128, tile = 256, nm = 2:4, version = 2>
    ins(%v, %m, %l, %o, %x : memref<32768xi8>, memref<2048xi32>, memref<256xi32>, memref<4xi32>, memref<128x128xi8>)
    outs(%y : memref<763x128xi32>) {schedule = #s256}
  return
}

// CHECK-LABEL: .entry hinm_spmm_i8_v128_m128n16k64s1w8x1p3_resident(
// CHECK: mma.sp::ordered_metadata.sync.aligned.m16n8k64.row.col.s32.s8.s8.s32
func.func @resident(%v: memref<16384xi8>, %m: memref<1024xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x16xi8>, %y: memref<379x16xi32>) {
  hinm.spmm as #hinm.packed<rows = 379, columns = 128, tile = 128, nm = 2:4, version = 2>
    ins(%v, %m, %l, %o, %x : memref<16384xi8>, memref<1024xi32>, memref<256xi32>, memref<4xi32>, memref<128x16xi8>)
    outs(%y : memref<379x16xi32>) {schedule = #resident}
  return
}

// CHECK-LABEL: .entry hinm_spmm_i8_v128_m128n16k64s4w8x1p2z4(
// CHECK: mma.sp::ordered_metadata.sync.aligned.m16n8k64.row.col.s32.s8.s8.s32
// CHECK: atom.global.add.u32
// CHECK: add.s32
func.func @split(%v: memref<16384xi8>, %m: memref<1024xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x16xi8>, %y: memref<379x16xi32>) {
  hinm.spmm as #hinm.packed<rows = 379, columns = 128, tile = 128, nm = 2:4, version = 2>
    ins(%v, %m, %l, %o, %x : memref<16384xi8>, memref<1024xi32>, memref<256xi32>, memref<4xi32>, memref<128x16xi8>)
    outs(%y : memref<379x16xi32>) {schedule = #split}
  return
}
