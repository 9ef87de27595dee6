// Every kernel goes through upstream to PTX for every chip; where there is a
// ptxas, it is assembled: no register spills, no performance advisory.
// RUN: hinm-opt %s --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_80},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py | FileCheck %s --check-prefixes=PTX,SM80
// RUN: hinm-opt %s --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_86},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py | FileCheck %s --check-prefixes=PTX,SM86
// RUN: hinm-opt %s --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_89},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py | FileCheck %s --check-prefixes=PTX,SM89
// RUN: hinm-opt %s --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_90a},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py | FileCheck %s --check-prefixes=PTX,SM90A
// RUN: hinm-opt %s --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_100a},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py | FileCheck %s --check-prefixes=PTX,SM100A

// SM80: .version 8.5
// SM80-NEXT: .target sm_80
// SM86: .target sm_86
// SM89: .target sm_89
// SM90A: .target sm_90a
// SM100A: .version 8.7
// SM100A-NEXT: .target sm_100a

#s32 = #hinm.schedule<tile_m = 32, tile_n = 64, tile_k = 64, stages = 3, warps_m = 1, warps_n = 4>
#s64 = #hinm.schedule<tile_m = 64, tile_n = 64, tile_k = 64, stages = 3, warps_m = 2, warps_n = 2>
#s128 = #hinm.schedule<tile_m = 128, tile_n = 128, tile_k = 64, stages = 3, warps_m = 4, warps_n = 2>
#s256 = #hinm.schedule<tile_m = 256, tile_n = 128, tile_k = 64, stages = 3, warps_m = 8, warps_n = 2>
// More than 48 KB of shared memory: dynamic.
#deep = #hinm.schedule<tile_m = 64, tile_n = 128, tile_k = 64, stages = 4, warps_m = 2, warps_n = 2>

// Weights ahead, a split, all of X in shared memory.
#split = #hinm.schedule<tile_m = 128, tile_n = 8, tile_k = 64, stages = 4, warps_m = 8, warps_n = 1, prefetch = 2, split_k = 4>
#ahead = #hinm.schedule<tile_m = 256, tile_n = 128, tile_k = 64, stages = 3, warps_m = 4, warps_n = 2, prefetch = 1>
#streamed = #hinm.schedule<tile_m = 128, tile_n = 8, tile_k = 64, stages = 4, warps_m = 8, warps_n = 1, prefetch = 2, weights = streamed>
#shared = #hinm.schedule<kernel = resident, tile_m = 128, tile_n = 64, tile_k = 64, stages = 1, warps_m = 4, warps_n = 2, prefetch = 1, weights = streamed>
#resident = #hinm.schedule<kernel = resident, tile_m = 128, tile_n = 16, tile_k = 64, stages = 1, warps_m = 8, warps_n = 1, prefetch = 3>

// PTX-LABEL: .entry hinm_spmm_f16_v32_m32n64k64s3w1x4(
// PTX: cp.async.cg.shared.global
// PTX: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// PTX: mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32
// After the products, back to the wait at the head of the loop.
// PTX: bra $L__BB[[LOOP:[0-9]+_[0-9]+]];
// PTX: $L__BB[[LOOP]]:
// PTX-NOT: bra
// PTX: cp.async.wait_group
// PTX-NEXT: bar.sync 0
// PTX: st.global
func.func @f16_v32(%v: memref<4096xf16>, %m: memref<256xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x64xf16>, %y: memref<91x64xf32>) {
  hinm.spmm as #hinm.packed<rows = 91, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<4096xf16>, memref<256xi32>, memref<256xi32>, memref<4xi32>, memref<128x64xf16>)
    outs(%y : memref<91x64xf32>) {schedule = #s32}
  return
}

// PTX-LABEL: .entry hinm_spmm_f16_v64_m64n64k64s3w2x2(
// PTX: cp.async.cg.shared.global
// PTX: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// PTX: mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32
// After the products, back to the wait at the head of the loop.
// PTX: bra $L__BB[[LOOP:[0-9]+_[0-9]+]];
// PTX: $L__BB[[LOOP]]:
// PTX-NOT: bra
// PTX: cp.async.wait_group
// PTX-NEXT: bar.sync 0
// PTX: st.global
func.func @f16_v64(%v: memref<8192xf16>, %m: memref<512xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x64xf16>, %y: memref<187x64xf32>) {
  hinm.spmm as #hinm.packed<rows = 187, columns = 128, tile = 64, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<8192xf16>, memref<512xi32>, memref<256xi32>, memref<4xi32>, memref<128x64xf16>)
    outs(%y : memref<187x64xf32>) {schedule = #s64}
  return
}

// PTX-LABEL: .entry hinm_spmm_f16_v128_m128n128k64s3w4x2(
// PTX: cp.async.cg.shared.global
// PTX: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// PTX: mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32
// After the products, back to the wait at the head of the loop.
// PTX: bra $L__BB[[LOOP:[0-9]+_[0-9]+]];
// PTX: $L__BB[[LOOP]]:
// PTX-NOT: bra
// PTX: cp.async.wait_group
// PTX-NEXT: bar.sync 0
// PTX: st.global
func.func @f16_v128(%v: memref<16384xf16>, %m: memref<1024xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x64xf16>, %y: memref<379x64xf32>) {
  hinm.spmm as #hinm.packed<rows = 379, columns = 128, tile = 128, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<16384xf16>, memref<1024xi32>, memref<256xi32>, memref<4xi32>, memref<128x64xf16>)
    outs(%y : memref<379x64xf32>) {schedule = #s128}
  return
}

// PTX-LABEL: .entry hinm_spmm_f16_v256_m256n128k64s3w8x2(
// PTX: cp.async.cg.shared.global
// PTX: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// PTX: mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32
// After the products, back to the wait at the head of the loop.
// PTX: bra $L__BB[[LOOP:[0-9]+_[0-9]+]];
// PTX: $L__BB[[LOOP]]:
// PTX-NOT: bra
// PTX: cp.async.wait_group
// PTX-NEXT: bar.sync 0
// PTX: st.global
func.func @f16_v256(%v: memref<32768xf16>, %m: memref<2048xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x64xf16>, %y: memref<763x64xf32>) {
  hinm.spmm as #hinm.packed<rows = 763, columns = 128, tile = 256, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<32768xf16>, memref<2048xi32>, memref<256xi32>, memref<4xi32>, memref<128x64xf16>)
    outs(%y : memref<763x64xf32>) {schedule = #s256}
  return
}

// PTX-LABEL: .entry hinm_spmm_f16_v64_m64n128k64s4w2x2(
// PTX: cp.async.cg.shared.global
// PTX: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// PTX: mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32
// After the products, back to the wait at the head of the loop.
// PTX: bra $L__BB[[LOOP:[0-9]+_[0-9]+]];
// PTX: $L__BB[[LOOP]]:
// PTX-NOT: bra
// PTX: cp.async.wait_group
// PTX-NEXT: bar.sync 0
// PTX: st.global
func.func @f16_v64_deep(%v: memref<8192xf16>, %m: memref<512xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x64xf16>, %y: memref<187x64xf32>) {
  hinm.spmm as #hinm.packed<rows = 187, columns = 128, tile = 64, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<8192xf16>, memref<512xi32>, memref<256xi32>, memref<4xi32>, memref<128x64xf16>)
    outs(%y : memref<187x64xf32>) {schedule = #deep}
  return
}

// PTX-LABEL: .entry hinm_spmm_bf16_to_bf16_v32_m32n64k64s3w1x4_rows(
// PTX: cp.async.cg.shared.global
// PTX: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// PTX: mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.bf16.bf16.f32
// After the products, back to the wait at the head of the loop.
// PTX: bra $L__BB[[LOOP:[0-9]+_[0-9]+]];
// PTX: $L__BB[[LOOP]]:
// PTX-NOT: bra
// PTX: cp.async.wait_group
// PTX-NEXT: bar.sync 0
// PTX: st.global
func.func @bf16_v32(%v: memref<4096xbf16>, %m: memref<256xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x?xbf16>, %r: memref<91xi32>, %y: memref<91x?xbf16>) {
  hinm.spmm as #hinm.packed<rows = 91, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<4096xbf16>, memref<256xi32>, memref<256xi32>, memref<4xi32>, memref<128x?xbf16>) row_index(%r : memref<91xi32>)
    outs(%y : memref<91x?xbf16>) {schedule = #s32}
  return
}

// PTX-LABEL: .entry hinm_spmm_bf16_to_bf16_v64_m64n64k64s3w2x2_rows(
// PTX: cp.async.cg.shared.global
// PTX: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// PTX: mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.bf16.bf16.f32
// After the products, back to the wait at the head of the loop.
// PTX: bra $L__BB[[LOOP:[0-9]+_[0-9]+]];
// PTX: $L__BB[[LOOP]]:
// PTX-NOT: bra
// PTX: cp.async.wait_group
// PTX-NEXT: bar.sync 0
// PTX: st.global
func.func @bf16_v64(%v: memref<8192xbf16>, %m: memref<512xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x?xbf16>, %r: memref<187xi32>, %y: memref<187x?xbf16>) {
  hinm.spmm as #hinm.packed<rows = 187, columns = 128, tile = 64, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<8192xbf16>, memref<512xi32>, memref<256xi32>, memref<4xi32>, memref<128x?xbf16>) row_index(%r : memref<187xi32>)
    outs(%y : memref<187x?xbf16>) {schedule = #s64}
  return
}

// PTX-LABEL: .entry hinm_spmm_bf16_to_bf16_v128_m128n128k64s3w4x2_rows(
// PTX: cp.async.cg.shared.global
// PTX: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// PTX: mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.bf16.bf16.f32
// After the products, back to the wait at the head of the loop.
// PTX: bra $L__BB[[LOOP:[0-9]+_[0-9]+]];
// PTX: $L__BB[[LOOP]]:
// PTX-NOT: bra
// PTX: cp.async.wait_group
// PTX-NEXT: bar.sync 0
// PTX: st.global
func.func @bf16_v128(%v: memref<16384xbf16>, %m: memref<1024xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x?xbf16>, %r: memref<379xi32>, %y: memref<379x?xbf16>) {
  hinm.spmm as #hinm.packed<rows = 379, columns = 128, tile = 128, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<16384xbf16>, memref<1024xi32>, memref<256xi32>, memref<4xi32>, memref<128x?xbf16>) row_index(%r : memref<379xi32>)
    outs(%y : memref<379x?xbf16>) {schedule = #s128}
  return
}

// PTX-LABEL: .entry hinm_spmm_bf16_to_bf16_v256_m256n128k64s3w8x2_rows(
// PTX: cp.async.cg.shared.global
// PTX: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// PTX: mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.bf16.bf16.f32
// After the products, back to the wait at the head of the loop.
// PTX: bra $L__BB[[LOOP:[0-9]+_[0-9]+]];
// PTX: $L__BB[[LOOP]]:
// PTX-NOT: bra
// PTX: cp.async.wait_group
// PTX-NEXT: bar.sync 0
// PTX: st.global
func.func @bf16_v256(%v: memref<32768xbf16>, %m: memref<2048xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x?xbf16>, %r: memref<763xi32>, %y: memref<763x?xbf16>) {
  hinm.spmm as #hinm.packed<rows = 763, columns = 128, tile = 256, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<32768xbf16>, memref<2048xi32>, memref<256xi32>, memref<4xi32>, memref<128x?xbf16>) row_index(%r : memref<763xi32>)
    outs(%y : memref<763x?xbf16>) {schedule = #s256}
  return
}

// PTX-LABEL: .entry hinm_spmm_bf16_to_bf16_v64_m64n128k64s4w2x2_rows(
// PTX: cp.async.cg.shared.global
// PTX: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// PTX: mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.bf16.bf16.f32
// After the products, back to the wait at the head of the loop.
// PTX: bra $L__BB[[LOOP:[0-9]+_[0-9]+]];
// PTX: $L__BB[[LOOP]]:
// PTX-NOT: bra
// PTX: cp.async.wait_group
// PTX-NEXT: bar.sync 0
// PTX: st.global
func.func @bf16_v64_deep(%v: memref<8192xbf16>, %m: memref<512xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x?xbf16>, %r: memref<187xi32>, %y: memref<187x?xbf16>) {
  hinm.spmm as #hinm.packed<rows = 187, columns = 128, tile = 64, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<8192xbf16>, memref<512xi32>, memref<256xi32>, memref<4xi32>, memref<128x?xbf16>) row_index(%r : memref<187xi32>)
    outs(%y : memref<187x?xbf16>) {schedule = #deep}
  return
}

// Eight pixels of an image at any alignment: two loads of 16 bytes.
// PTX-LABEL: .entry hinm_spmm_f16_v64_m64n128k64s4w2x2_i1x34x34k3x3s1x1d1x1(
// PTX: ld.global.v4
// PTX: ld.global.v4
// PTX: st.shared.v4.{{[a-z]*}}32
// PTX: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// PTX: mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32
// PTX: st.global
func.func @convolution(%v: memref<8192xf16>, %m: memref<512xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<16x1156xf16>, %y: memref<187x1024xf32>) {
  hinm.spmm as #hinm.packed<rows = 187, columns = 144, tile = 64, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<8192xf16>, memref<512xi32>, memref<256xi32>, memref<4xi32>, memref<16x1156xf16>)
    outs(%y : memref<187x1024xf32>)
    {schedule = #deep, convolution = #hinm.convolution<image = [1, 34, 34], kernel = [3, 3], strides = [1, 1], dilations = [1, 1]>}
  return
}

// An epilogue in registers: no call, the bias once a row, of the residual and of Y eight
// bytes, for which lanes exchange words.
// PTX-LABEL: .entry hinm_spmm_f16_to_f16_v128_m128n128k64s3w4x2_rows_e{{[0-9a-f]+}}(
// PTX: mma.sp::ordered_metadata
// PTX-NOT: call
// PTX: ld.global{{.*}}.b32
// PTX: ld.global.v2.b32
// PTX: shfl.sync.bfly.b32
// PTX: cvt.rn.f16
// PTX: shfl.sync.bfly.b32
// PTX: st.global.v2.b32
func.func @gelu(%v: memref<?xf16>, %m: memref<?xi32>, %l: memref<?xi32>, %o: memref<3xi32>, %x: memref<128x64xf16>, %r: memref<200xi32>, %b: memref<200xf32>, %e: memref<200x64xf16>, %y: memref<200x64xf16>) {
  hinm.spmm as #hinm.packed<rows = 200, columns = 128, tile = 128, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<?xf16>, memref<?xi32>, memref<?xi32>, memref<3xi32>, memref<128x64xf16>)
    row_index(%r : memref<200xi32>)
    outs(%y : memref<200x64xf16>)
    epilogue(%b, %e : memref<200xf32>, memref<200x64xf16>) {
  ^bb0(%sum: f32, %p: f32, %q: f16):
    %half = arith.constant 0.5 : f32
    %root = arith.constant 0.70710678 : f32
    %one = arith.constant 1.0 : f32
    %s = arith.addf %sum, %p : f32
    %t = arith.mulf %s, %root : f32
    %u = math.erf %t : f32
    %w = arith.addf %u, %one : f32
    %g = arith.mulf %w, %s : f32
    %h = arith.mulf %g, %half : f32
    %rest = arith.extf %q : f16 to f32
    %z = arith.addf %h, %rest : f32
    %c = arith.truncf %z : f32 to f16
    hinm.yield %c : f16
  } {schedule = #s128}
  return
}

// Weights that are read once: first out of the L2 cache, and, where no other warp of
// the block has the same rows, never in the L1. The columns are not streamed.
// PTX-LABEL: .entry hinm_spmm_f16_v128_m128n8k64s4w8x1p2_streamed(
// PTX: createpolicy.fractional.L2::evict_first.b64 [[POLICY:%rd[0-9]+]], 1.0;
// PTX-NOT: createpolicy
// PTX-NOT: ld.global.{{v4|v2}}
// PTX-COUNT-2: ld.global.L1::no_allocate.L2::cache_hint.b32 {{%r[0-9]+}}, [{{.*}}], [[POLICY]];
// PTX: bar.sync 0
func.func @streamed(%v: memref<16384xf16>, %m: memref<1024xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x8xf16>, %y: memref<379x8xf32>) {
  hinm.spmm as #hinm.packed<rows = 379, columns = 128, tile = 128, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<16384xf16>, memref<1024xi32>, memref<256xi32>, memref<4xi32>, memref<128x8xf16>)
    outs(%y : memref<379x8xf32>) {schedule = #streamed}
  return
}

// PTX-LABEL: .entry hinm_spmm_f16_v128_m128n64k64s1w4x2p1_streamed_resident(
// PTX-NOT: no_allocate
// PTX: ld.global.L2::cache_hint.v4.b32
func.func @streamed_shared(%v: memref<16384xf16>, %m: memref<1024xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x64xf16>, %y: memref<379x64xf32>) {
  hinm.spmm as #hinm.packed<rows = 379, columns = 128, tile = 128, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<16384xf16>, memref<1024xi32>, memref<256xi32>, memref<4xi32>, memref<128x64xf16>)
    outs(%y : memref<379x64xf32>) {schedule = #shared}
  return
}

// The weights of two steps are on their way before the loop, those of a third
// before its barrier. The last block to arrive adds up.
// PTX-LABEL: .entry hinm_spmm_f16_v128_m128n8k64s4w8x1p2z4(
// PTX-DAG: cp.async.wait_group
// PTX-DAG: mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32
// PTX-DAG: fence.acq_rel.gpu
// PTX: atom.global.add.u32
// PTX-NEXT: fence.acq_rel.gpu
// PTX: bar.sync 0
// PTX-COUNT-4: ld.global.v{{4.b32|2.b64}}
func.func @split(%v: memref<16384xf16>, %m: memref<1024xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x8xf16>, %y: memref<379x8xf32>) {
  hinm.spmm as #hinm.packed<rows = 379, columns = 128, tile = 128, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<16384xf16>, memref<1024xi32>, memref<256xi32>, memref<4xi32>, memref<128x8xf16>)
    outs(%y : memref<379x8xf32>) {schedule = #split}
  return
}

// PTX-LABEL: .entry hinm_spmm_f16_v256_m256n128k64s3w4x2p1(
func.func @ahead(%v: memref<32768xf16>, %m: memref<2048xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x64xf16>, %y: memref<731x64xf32>) {
  hinm.spmm as #hinm.packed<rows = 731, columns = 128, tile = 256, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<32768xf16>, memref<2048xi32>, memref<256xi32>, memref<4xi32>, memref<128x64xf16>)
    outs(%y : memref<731x64xf32>) {schedule = #ahead}
  return
}

// One barrier, before the loop.
// PTX-LABEL: .entry hinm_spmm_f16_v128_m128n16k64s1w8x1p3_resident(
// PTX-NOT: bar.sync
// PTX: cp.async.wait_group
// PTX-NEXT: bar.sync 0
// PTX-NOT: bar.sync
// PTX: mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32
// PTX-NOT: bar.sync
func.func @resident(%v: memref<16384xf16>, %m: memref<1024xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x16xf16>, %y: memref<379x16xf32>) {
  hinm.spmm as #hinm.packed<rows = 379, columns = 128, tile = 128, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<16384xf16>, memref<1024xi32>, memref<256xi32>, memref<4xi32>, memref<128x16xf16>)
    outs(%y : memref<379x16xf32>) {schedule = #resident}
  return
}
