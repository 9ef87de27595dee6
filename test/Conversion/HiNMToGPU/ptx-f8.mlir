// The kernels of 8-bit floats through upstream to PTX, for every chip that multiplies
// them.
// RUN: hinm-opt %s --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_89},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py | FileCheck %s
// RUN: hinm-opt %s --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_90a},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py | FileCheck %s
// RUN: hinm-opt %s --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_100a},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py | FileCheck %s
// RUN: hinm-opt %s --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_120a},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py | FileCheck %s

#s32 = #hinm.schedule<tile_m = 32, tile_n = 64, tile_k = 64, stages = 3, warps_m = 1, warps_n = 4>
#s64 = #hinm.schedule<tile_m = 64, tile_n = 64, tile_k = 64, stages = 3, warps_m = 2, warps_n = 2>
#s128 = #hinm.schedule<tile_m = 128, tile_n = 64, tile_k = 64, stages = 3, warps_m = 4, warps_n = 2, prefetch = 1>
#s256 = #hinm.schedule<tile_m = 128, tile_n = 64, tile_k = 64, stages = 3, warps_m = 4, warps_n = 2>
#split = #hinm.schedule<tile_m = 128, tile_n = 16, tile_k = 64, stages = 4, warps_m = 8, warps_n = 1, prefetch = 2, split_k = 4>
#resident = #hinm.schedule<kernel = resident, tile_m = 128, tile_n = 16, tile_k = 64, stages = 1, warps_m = 8, warps_n = 1, prefetch = 3>
#narrow = #hinm.schedule<tile_m = 128, tile_n = 64, tile_k = 64, stages = 4, warps_m = 8, warps_n = 2, prefetch = 2>

// CHECK-LABEL: .entry hinm_spmm_e4m3_v32_m32n64k64s3w1x4(
// CHECK: mma.sp::ordered_metadata.sync.aligned.m16n8k64.row.col.f32.e4m3.e4m3.f32
func.func @v32(%v: memref<4096xf8E4M3FN>, %m: memref<256xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x64xf8E4M3FN>, %y: memref<91x64xf32>) {
  hinm.spmm as #hinm.packed<rows = 91, columns = 128, tile = 32, nm = 2:4, version = 2>
    ins(%v, %m, %l, %o, %x : memref<4096xf8E4M3FN>, memref<256xi32>, memref<256xi32>, memref<4xi32>, memref<128x64xf8E4M3FN>)
    outs(%y : memref<91x64xf32>) {schedule = #s32}
  return
}

// CHECK-LABEL: .entry hinm_spmm_e5m2_to_f16_v64_m64n64k64s3w2x2_e{{[0-9a-f]+}}(
// CHECK: mma.sp::ordered_metadata.sync.aligned.m16n8k64.row.col.f32.e5m2.e5m2.f32
func.func @v64(%v: memref<8192xf8E5M2>, %m: memref<512xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x64xf8E5M2>, %y: memref<187x64xf16>, %r: memref<187xf32>, %t: memref<1x64xf32>) {
  hinm.spmm as #hinm.packed<rows = 187, columns = 128, tile = 64, nm = 2:4, version = 2>
    ins(%v, %m, %l, %o, %x : memref<8192xf8E5M2>, memref<512xi32>, memref<256xi32>, memref<4xi32>, memref<128x64xf8E5M2>)
    outs(%y : memref<187x64xf16>)
    epilogue(%r, %t : memref<187xf32>, memref<1x64xf32>) {
    ^bb0(%sum: f32, %p: f32, %q: f32):
      %f = arith.addf %sum, %sum : f32
      %g = arith.mulf %f, %p : f32
      %h = arith.mulf %g, %q : f32
      %k = arith.truncf %h : f32 to f16
      hinm.yield %k : f16
    } {schedule = #s64}
  return
}

// CHECK-LABEL: .entry hinm_spmm_e4m3_v128_m128n64k64s3w4x2p1(
// CHECK: mma.sp::ordered_metadata.sync.aligned.m16n8k64.row.col.f32.e4m3.e4m3.f32
func.func @v128(%v: memref<16384xf8E4M3FN>, %m: memref<1024xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x64xf8E4M3FN>, %y: memref<379x64xf32>) {
  hinm.spmm as #hinm.packed<rows = 379, columns = 128, tile = 128, nm = 2:4, version = 2>
    ins(%v, %m, %l, %o, %x : memref<16384xf8E4M3FN>, memref<1024xi32>, memref<256xi32>, memref<4xi32>, memref<128x64xf8E4M3FN>)
    outs(%y : memref<379x64xf32>) {schedule = #s128}
  return
}

// CHECK-LABEL: .entry hinm_spmm_e5m2_v256_m128n64k64s3w4x2(
// CHECK: mma.sp::ordered_metadata.sync.aligned.m16n8k64.row.col.f32.e5m2.e5m2.f32
func.func @v256(%v: memref<32768xf8E5M2>, %m: memref<2048xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x64xf8E5M2>, %y: memref<763x64xf32>) {
  hinm.spmm as #hinm.packed<rows = 763, columns = 128, tile = 256, nm = 2:4, version = 2>
    ins(%v, %m, %l, %o, %x : memref<32768xf8E5M2>, memref<2048xi32>, memref<256xi32>, memref<4xi32>, memref<128x64xf8E5M2>)
    outs(%y : memref<763x64xf32>) {schedule = #s256}
  return
}

// CHECK-LABEL: .entry hinm_spmm_e4m3_to_f16_v128_m128n16k64s4w8x1p2z4_e{{[0-9a-f]+}}(
// CHECK: mma.sp::ordered_metadata.sync.aligned.m16n8k64.row.col.f32.e4m3.e4m3.f32
func.func @split(%v: memref<16384xf8E4M3FN>, %m: memref<1024xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x16xf8E4M3FN>, %y: memref<379x16xf16>, %r: memref<379xf32>, %t: memref<1x16xf32>) {
  hinm.spmm as #hinm.packed<rows = 379, columns = 128, tile = 128, nm = 2:4, version = 2>
    ins(%v, %m, %l, %o, %x : memref<16384xf8E4M3FN>, memref<1024xi32>, memref<256xi32>, memref<4xi32>, memref<128x16xf8E4M3FN>)
    outs(%y : memref<379x16xf16>)
    epilogue(%r, %t : memref<379xf32>, memref<1x16xf32>) {
    ^bb0(%sum: f32, %p: f32, %q: f32):
      %f = arith.addf %sum, %sum : f32
      %g = arith.mulf %f, %p : f32
      %h = arith.mulf %g, %q : f32
      %k = arith.truncf %h : f32 to f16
      hinm.yield %k : f16
    } {schedule = #split}
  return
}

// CHECK-LABEL: .entry hinm_spmm_e5m2_v128_m128n16k64s1w8x1p3_resident(
// CHECK: mma.sp::ordered_metadata.sync.aligned.m16n8k64.row.col.f32.e5m2.e5m2.f32
func.func @resident(%v: memref<16384xf8E5M2>, %m: memref<1024xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x16xf8E5M2>, %y: memref<379x16xf32>) {
  hinm.spmm as #hinm.packed<rows = 379, columns = 128, tile = 128, nm = 2:4, version = 2>
    ins(%v, %m, %l, %o, %x : memref<16384xf8E5M2>, memref<1024xi32>, memref<256xi32>, memref<4xi32>, memref<128x16xf8E5M2>)
    outs(%y : memref<379x16xf32>) {schedule = #resident}
  return
}

// CHECK-LABEL: .entry hinm_spmm_e4m3_v256_m128n64k64s4w8x2p2(
// CHECK: mma.sp::ordered_metadata.sync.aligned.m16n8k64.row.col.f32.e4m3.e4m3.f32
func.func @narrow(%v: memref<32768xf8E4M3FN>, %m: memref<2048xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x64xf8E4M3FN>, %y: memref<763x64xf32>) {
  hinm.spmm as #hinm.packed<rows = 763, columns = 128, tile = 256, nm = 2:4, version = 2>
    ins(%v, %m, %l, %o, %x : memref<32768xf8E4M3FN>, memref<2048xi32>, memref<256xi32>, memref<4xi32>, memref<128x64xf8E4M3FN>)
    outs(%y : memref<763x64xf32>) {schedule = #narrow}
  return
}
