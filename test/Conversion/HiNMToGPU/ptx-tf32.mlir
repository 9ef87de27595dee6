// The kernels of tf32 through upstream to PTX, for every chip.
// RUN: hinm-opt %s --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_80},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py | FileCheck %s
// RUN: hinm-opt %s --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_86},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py | FileCheck %s
// RUN: hinm-opt %s --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_90a},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py | FileCheck %s
// RUN: hinm-opt %s --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_100a},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py | FileCheck %s

#s32 = #hinm.schedule<tile_m = 32, tile_n = 64, tile_k = 32, stages = 3, warps_m = 1, warps_n = 4>
#s64 = #hinm.schedule<tile_m = 64, tile_n = 128, tile_k = 32, stages = 3, warps_m = 1, warps_n = 4, prefetch = 1>
#patches = #hinm.schedule<tile_m = 64, tile_n = 64, tile_k = 32, stages = 3, warps_m = 2, warps_n = 2>
#s128 = #hinm.schedule<tile_m = 128, tile_n = 128, tile_k = 32, stages = 3, warps_m = 2, warps_n = 2>
#s256 = #hinm.schedule<tile_m = 256, tile_n = 128, tile_k = 32, stages = 3, warps_m = 4, warps_n = 2>
#wide = #hinm.schedule<tile_m = 128, tile_n = 128, tile_k = 32, stages = 4, warps_m = 4, warps_n = 2, prefetch = 1>
#split = #hinm.schedule<tile_m = 128, tile_n = 8, tile_k = 32, stages = 4, warps_m = 8, warps_n = 1, prefetch = 2, split_k = 4>
#resident = #hinm.schedule<kernel = resident, tile_m = 128, tile_n = 16, tile_k = 32, stages = 1, warps_m = 8, warps_n = 1, prefetch = 3>
#convolution = #hinm.convolution<image = [1, 10, 10], kernel = [3, 3], strides = [1, 1], dilations = [1, 1]>

// CHECK-LABEL: .entry hinm_spmm_tf32_v32_m32n64k32s3w1x4(
// CHECK: cp.async.cg.shared.global
// Two fragments of a warp: two tokens at once, each rounded.
// CHECK: ld.shared.v2.{{f32|b32}}
// CHECK: cvt.rna.tf32.f32
// CHECK: mma.sp::ordered_metadata.sync.aligned.m16n8k16.row.col.f32.tf32.tf32.f32
// CHECK-NOT: ldmatrix
// A run of four tokens is stored at once.
// CHECK: st.global.v{{4.f32|4.b32|2.b64}}
func.func @v32(%v: memref<3072xf32>, %m: memref<384xi32>, %l: memref<192xi32>, %o: memref<4xi32>, %x: memref<128x64xf32>, %y: memref<91x64xf32>) {
  hinm.spmm as #hinm.packed<rows = 91, columns = 128, tile = 32, nm = 1:2, version = 3>
    ins(%v, %m, %l, %o, %x : memref<3072xf32>, memref<384xi32>, memref<192xi32>, memref<4xi32>, memref<128x64xf32>)
    outs(%y : memref<91x64xf32>) {schedule = #s32}
  return
}

// CHECK-LABEL: .entry hinm_spmm_tf32_to_f16_v64_m64n128k32s3w1x4p1_i16_rows_e{{[0-9a-f]+}}(
// CHECK: ld.shared.v4.{{f32|b32}}
// CHECK: mma.sp::ordered_metadata.sync.aligned.m16n8k16.row.col.f32.tf32.tf32.f32
func.func @v64(%v: memref<6144xf32>, %m: memref<768xi32>, %l: memref<192xi16>, %o: memref<4xi32>, %x: memref<128x64xf32>, %r: memref<187xi32>, %y: memref<187x64xf16>, %b: memref<187xf32>) {
  hinm.spmm as #hinm.packed<rows = 187, columns = 128, tile = 64, nm = 1:2, version = 3>
    ins(%v, %m, %l, %o, %x : memref<6144xf32>, memref<768xi32>, memref<192xi16>, memref<4xi32>, memref<128x64xf32>)
    row_index(%r : memref<187xi32>) outs(%y : memref<187x64xf16>)
    epilogue(%b : memref<187xf32>) {
    ^bb0(%sum: f32, %p: f32):
      %f = arith.addf %sum, %p : f32
      %h = arith.truncf %f : f32 to f16
      hinm.yield %h : f16
    } {schedule = #s64}
  return
}

// CHECK-LABEL: .entry hinm_spmm_tf32_v128_m128n128k32s3w2x2(
// CHECK: mma.sp::ordered_metadata.sync.aligned.m16n8k16.row.col.f32.tf32.tf32.f32
func.func @v128(%v: memref<12288xf32>, %m: memref<1536xi32>, %l: memref<192xi32>, %o: memref<4xi32>, %x: memref<128x128xf32>, %y: memref<379x128xf32>) {
  hinm.spmm as #hinm.packed<rows = 379, columns = 128, tile = 128, nm = 1:2, version = 3>
    ins(%v, %m, %l, %o, %x : memref<12288xf32>, memref<1536xi32>, memref<192xi32>, memref<4xi32>, memref<128x128xf32>)
    outs(%y : memref<379x128xf32>) {schedule = #s128}
  return
}

// CHECK-LABEL: .entry hinm_spmm_tf32_v256_m256n128k32s3w4x2(
// CHECK: mma.sp::ordered_metadata.sync.aligned.m16n8k16.row.col.f32.tf32.tf32.f32
func.func @v256(%v: memref<24576xf32>, %m: memref<3072xi32>, %l: memref<192xi32>, %o: memref<4xi32>, %x: memref<128x128xf32>, %y: memref<763x128xf32>) {
  hinm.spmm as #hinm.packed<rows = 763, columns = 128, tile = 256, nm = 1:2, version = 3>
    ins(%v, %m, %l, %o, %x : memref<24576xf32>, memref<3072xi32>, memref<192xi32>, memref<4xi32>, memref<128x128xf32>)
    outs(%y : memref<763x128xf32>) {schedule = #s256}
  return
}

// CHECK-LABEL: .entry hinm_spmm_tf32_v128_m128n128k32s4w4x2p1(
// CHECK: mma.sp::ordered_metadata.sync.aligned.m16n8k16.row.col.f32.tf32.tf32.f32
func.func @wide(%v: memref<12288xf32>, %m: memref<1536xi32>, %l: memref<192xi32>, %o: memref<4xi32>, %x: memref<128x128xf32>, %y: memref<379x128xf32>) {
  hinm.spmm as #hinm.packed<rows = 379, columns = 128, tile = 128, nm = 1:2, version = 3>
    ins(%v, %m, %l, %o, %x : memref<12288xf32>, memref<1536xi32>, memref<192xi32>, memref<4xi32>, memref<128x128xf32>)
    outs(%y : memref<379x128xf32>) {schedule = #wide}
  return
}

// CHECK-LABEL: .entry hinm_spmm_tf32_v128_m128n16k32s1w8x1p3_resident(
// The lanes have a column each of the list.
// CHECK: shfl.sync.idx.b32
// CHECK: mma.sp::ordered_metadata.sync.aligned.m16n8k16.row.col.f32.tf32.tf32.f32
func.func @resident(%v: memref<12288xf32>, %m: memref<1536xi32>, %l: memref<192xi32>, %o: memref<4xi32>, %x: memref<128x16xf32>, %y: memref<379x16xf32>) {
  hinm.spmm as #hinm.packed<rows = 379, columns = 128, tile = 128, nm = 1:2, version = 3>
    ins(%v, %m, %l, %o, %x : memref<12288xf32>, memref<1536xi32>, memref<192xi32>, memref<4xi32>, memref<128x16xf32>)
    outs(%y : memref<379x16xf32>) {schedule = #resident}
  return
}

// CHECK-LABEL: .entry hinm_spmm_tf32_v128_m128n8k32s4w8x1p2z4(
// CHECK: ld.shared.{{f32|b32}}
// CHECK: mma.sp::ordered_metadata.sync.aligned.m16n8k16.row.col.f32.tf32.tf32.f32
// CHECK: atom.global.add.u32
func.func @split(%v: memref<12288xf32>, %m: memref<1536xi32>, %l: memref<192xi32>, %o: memref<4xi32>, %x: memref<128x8xf32>, %y: memref<379x8xf32>) {
  hinm.spmm as #hinm.packed<rows = 379, columns = 128, tile = 128, nm = 1:2, version = 3>
    ins(%v, %m, %l, %o, %x : memref<12288xf32>, memref<1536xi32>, memref<192xi32>, memref<4xi32>, memref<128x8xf32>)
    outs(%y : memref<379x8xf32>) {schedule = #split}
  return
}

// CHECK-LABEL: .entry hinm_spmm_tf32_v64_m64n64k32s3w2x2_i1x10x10k3x3s1x1d1x1(
// CHECK: mma.sp::ordered_metadata.sync.aligned.m16n8k16.row.col.f32.tf32.tf32.f32
func.func @patches(%v: memref<2048xf32>, %m: memref<256xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<8x100xf32>, %y: memref<64x64xf32>) {
  hinm.spmm as #hinm.packed<rows = 64, columns = 72, tile = 64, nm = 1:2, version = 3>
    ins(%v, %m, %l, %o, %x : memref<2048xf32>, memref<256xi32>, memref<64xi32>, memref<2xi32>, memref<8x100xf32>)
    outs(%y : memref<64x64xf32>) {convolution = #convolution, schedule = #patches}
  return
}
