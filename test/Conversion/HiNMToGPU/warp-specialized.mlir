// The warp-specialised kernel, and what becomes of it on Hopper.
// RUN: hinm-opt %s --convert-hinm-to-gpu=chip=sm_90a | FileCheck %s
// RUN: not hinm-opt %s --convert-hinm-to-gpu=chip=sm_90 2>&1 | FileCheck %s --check-prefix=CHIP
// RUN: not hinm-opt %s --convert-hinm-to-gpu=chip=sm_100a 2>&1 | FileCheck %s --check-prefix=CHIP
// RUN: hinm-opt %s --pass-pipeline="builtin.module(convert-hinm-to-gpu{chip=sm_90a},hinm-lower-gpu{chip=sm_90a},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py | FileCheck %s --check-prefix=PTX

// CHIP: error: 'hinm.spmm' op schedule: the warp-specialised kernel needs the wgmma of sm_90a, which sm_{{90|100a}} lacks: use kernel = multistage

#v64 = #hinm.schedule<kernel = warp_specialized, tile_m = 64, tile_n = 256, tile_k = 64, stages = 4, warps_m = 4, warps_n = 1>
#v64narrow = #hinm.schedule<kernel = warp_specialized, tile_m = 64, tile_n = 64, tile_k = 64, stages = 4, warps_m = 4, warps_n = 1>
#v128 = #hinm.schedule<kernel = warp_specialized, tile_m = 128, tile_n = 256, tile_k = 64, stages = 5, warps_m = 8, warps_n = 1>
#v128pair = #hinm.schedule<kernel = warp_specialized, tile_m = 128, tile_n = 128, tile_k = 64, stages = 5, warps_m = 8, warps_n = 1, cluster = 2>
#v128shared = #hinm.schedule<kernel = warp_specialized, tile_m = 128, tile_n = 256, tile_k = 64, stages = 5, warps_m = 8, warps_n = 1, stream_k = 2>
#v256shared = #hinm.schedule<kernel = warp_specialized, tile_m = 256, tile_n = 128, tile_k = 64, stages = 5, warps_m = 16, warps_n = 1, cluster = 2, stream_k = 1>
#v256 = #hinm.schedule<kernel = warp_specialized, tile_m = 256, tile_n = 128, tile_k = 64, stages = 6, warps_m = 16, warps_n = 1>

func.func @v128(%v: memref<16384xf16>, %m: memref<1024xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x264xf16>, %y: memref<379x264xf32>) {
  hinm.spmm as #hinm.packed<rows = 379, columns = 128, tile = 128, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<16384xf16>, memref<1024xi32>, memref<256xi32>, memref<4xi32>, memref<128x264xf16>)
    outs(%y : memref<379x264xf32>) {schedule = #v128}
  return
}

func.func @v128pair(%v: memref<16384xf16>, %m: memref<1024xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x264xf16>, %y: memref<379x264xf32>) {
  hinm.spmm as #hinm.packed<rows = 379, columns = 128, tile = 128, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<16384xf16>, memref<1024xi32>, memref<256xi32>, memref<4xi32>, memref<128x264xf16>)
    outs(%y : memref<379x264xf32>) {schedule = #v128pair}
  return
}

func.func @v128shared(%v: memref<16384xf16>, %m: memref<1024xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x264xf16>, %y: memref<379x264xf32>) {
  hinm.spmm as #hinm.packed<rows = 379, columns = 128, tile = 128, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<16384xf16>, memref<1024xi32>, memref<256xi32>, memref<4xi32>, memref<128x264xf16>)
    outs(%y : memref<379x264xf32>) {schedule = #v128shared}
  return
}

func.func @v256shared(%v: memref<32768xf16>, %m: memref<2048xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x264xf16>, %r: memref<763xi32>, %b: memref<763xf32>, %e: memref<763x264xf16>, %y: memref<763x264xf16>) {
  hinm.spmm as #hinm.packed<rows = 763, columns = 128, tile = 256, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<32768xf16>, memref<2048xi32>, memref<256xi32>, memref<4xi32>, memref<128x264xf16>)
    row_index(%r : memref<763xi32>)
    outs(%y : memref<763x264xf16>)
    epilogue(%b, %e : memref<763xf32>, memref<763x264xf16>) {
  ^bb0(%sum: f32, %bias: f32, %residual: f16):
    %s = arith.addf %sum, %bias : f32
    %w = arith.extf %residual : f16 to f32
    %t = arith.addf %s, %w : f32
    %z = arith.truncf %t : f32 to f16
    hinm.yield %z : f16
  } {schedule = #v256shared}
  return
}

func.func @v64(%v: memref<8192xbf16>, %m: memref<512xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x264xbf16>, %y: memref<187x264xbf16>, %r: memref<187xi32>) {
  hinm.spmm as #hinm.packed<rows = 187, columns = 128, tile = 64, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<8192xbf16>, memref<512xi32>, memref<256xi32>, memref<4xi32>, memref<128x264xbf16>)
    row_index(%r : memref<187xi32>)
    outs(%y : memref<187x264xbf16>) {schedule = #v64}
  return
}

func.func @v64narrow(%v: memref<8192xf16>, %m: memref<512xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x264xf16>, %y: memref<187x264xf16>) {
  hinm.spmm as #hinm.packed<rows = 187, columns = 128, tile = 64, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<8192xf16>, memref<512xi32>, memref<256xi32>, memref<4xi32>, memref<128x264xf16>)
    outs(%y : memref<187x264xf16>) {schedule = #v64narrow}
  return
}

func.func @v256(%v: memref<32768xf16>, %m: memref<2048xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x264xf16>, %b: memref<763xf32>, %y: memref<763x264xf16>) {
  hinm.spmm as #hinm.packed<rows = 763, columns = 128, tile = 256, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<32768xf16>, memref<2048xi32>, memref<256xi32>, memref<4xi32>, memref<128x264xf16>)
    outs(%y : memref<763x264xf16>)
    epilogue(%b : memref<763xf32>) {
  ^bb0(%sum: f32, %bias: f32):
    %s = arith.addf %sum, %bias : f32
    %z = arith.truncf %s : f32 to f16
    hinm.yield %z : f16
  } {schedule = #v256}
  return
}

#bulk = #hinm.schedule<kernel = warp_specialized, tile_m = 128, tile_n = 256, tile_k = 64, stages = 4, warps_m = 8, warps_n = 1, weights = streamed, stores = bulk>

func.func @bulk(%v: memref<16384xf16>, %m: memref<1024xi32>, %l: memref<256xi32>, %o: memref<4xi32>, %x: memref<128x264xf16>, %r: memref<379xi32>, %e: memref<379x264xf16>, %y: memref<379x264xf16>) {
  hinm.spmm as #hinm.packed<rows = 379, columns = 128, tile = 128, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<16384xf16>, memref<1024xi32>, memref<256xi32>, memref<4xi32>, memref<128x264xf16>)
    row_index(%r : memref<379xi32>)
    outs(%y : memref<379x264xf16>)
    epilogue(%e : memref<379x264xf16>) {
  ^bb0(%sum: f32, %rest: f16):
    %wide = arith.extf %rest : f16 to f32
    %s = arith.addf %sum, %wide : f32
    %z = arith.truncf %s : f32 to f16
    hinm.yield %z : f16
  } {schedule = #bulk}
  return
}

// CHECK-LABEL: gpu.func @hinm_spmm_f16_v128_m128n256k64s5w8x1_warp_specialized(
// CHECK-SAME: known_block_size = array<i32: 384, 1, 1>, nvvm.minctasm = 1 : i32
// CHECK: gpu.grid_dim x
// CHECK: nvvm.mbarrier.init %{{.*}}, %c129_i32{{[_0-9]*}} : !llvm.ptr<3>, i32
// CHECK: nvvm.mbarrier.init %{{.*}}, %c8_i32{{[_0-9]*}} : !llvm.ptr<3>, i32
// CHECK: nvvm.fence.mbarrier.init
// CHECK: gpu.barrier

// The consumers. X is described as MN-major with the swizzle of 128 bytes.
// CHECK: nvvm.setmaxregister increase 216
// CHECK: scf.for
// CHECK: nvvm.mbarrier.try_wait
// CHECK: nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
// CHECK: scf.for
// CHECK: memref.load %{{.*}} : memref<5x8x32xi32, #gpu.address_space<workgroup>>
// CHECK: vector.load %{{.*}} : memref<5x8x2x256xf16, #gpu.address_space<workgroup>>, vector<8xf16>
// CHECK: nvvm.wgmma.fence.aligned
// CHECK: wgmma.mma_async.sp.sync.aligned.m64n256k32.f32.f16.f16 {{.*}}, 0, p, 1, 1, 1;
// CHECK: wgmma.mma_async.sp.sync.aligned.m64n256k32.f32.f16.f16 {{.*}}, 1, p, 1, 1, 1;
// CHECK: nvvm.wgmma.commit.group.sync.aligned
// CHECK: nvvm.mbarrier.try_wait
// CHECK: nvvm.fence.proxy
// CHECK: nvvm.wgmma.wait.group.sync.aligned 0
// CHECK: nvvm.bar.warp.sync
// CHECK: nvvm.mbarrier.arrive
// CHECK: scf.yield

// The producer: the columns a block ahead, the weights by one thread.
// CHECK: nvvm.setmaxregister decrease 72
// CHECK: scf.for
// CHECK: scf.for
// CHECK: memref.load
// CHECK: nvvm.mbarrier.try_wait
// CHECK: nvvm.mbarrier.arrive.expect_tx
// CHECK: nvvm.cp.async.bulk.shared.cluster.global
// CHECK: nvvm.cp.async.bulk.shared.cluster.global
// CHECK-COUNT-16: nvgpu.device_async_copy
// CHECK-NOT: nvgpu.device_async_copy
// CHECK: nvvm.cp.async.mbarrier.arrive %{{.*}} {noinc = true}

// Two blocks that share the weights: barriers of all 16 consumer warps, an arrival at
// those of each block, and half of each copy to both.
// CHECK-LABEL: gpu.func @hinm_spmm_f16_v128_m128n128k64s5w8x1c2_warp_specialized(
// CHECK-SAME: known_cluster_size = array<i32: 2, 1, 1>
// CHECK: gpu.cluster_block_id x
// CHECK: nvvm.mbarrier.init %{{.*}}, %c129_i32{{[_0-9]*}} : !llvm.ptr<3>, i32
// CHECK: nvvm.mbarrier.init %{{.*}}, %c16_i32{{[_0-9]*}} : !llvm.ptr<3>, i32
// CHECK-NOT: gpu.barrier
// CHECK: nvvm.cluster.arrive {aligned}
// CHECK: nvvm.cluster.wait {aligned}
// CHECK: nvvm.mapa %{{.*}} : !llvm.ptr<3> -> !llvm.ptr<7>
// CHECK: nvvm.bar.warp.sync
// CHECK: nvvm.mbarrier.arrive %{{.*}} : !llvm.ptr<7>
// CHECK: nvvm.mbarrier.arrive.expect_tx %{{.*}}, %c9216_i32
// CHECK: nvvm.cp.async.bulk.shared.cluster.global %{{.*}}, %c4096_i32{{[_0-9]*}} multicast_mask = %c3_i16
// CHECK: nvvm.cp.async.bulk.shared.cluster.global %{{.*}}, %c512_i32{{[_0-9]*}} multicast_mask = %c3_i16
// CHECK: nvvm.cluster.arrive {aligned}
// CHECK: nvvm.cluster.wait {aligned}
// CHECK-NEXT: gpu.return

// Shared tiles: what the block does is written down. A warp leaves its sums, counts
// itself, and if it is the last one adds up those of all.
// CHECK-LABEL: gpu.func @hinm_spmm_f16_v128_m128n256k64s5w8x1sk2_warp_specialized(
// CHECK: memref.store %{{.*}} : memref<12xi32, #gpu.address_space<workgroup>>
// CHECK: nvvm.mbarrier.init
// CHECK: gpu.barrier
// CHECK: nvvm.wgmma.wait.group.sync.aligned 0
// CHECK-COUNT-32: vector.store %{{.*}} : memref<?xf32>, vector<4xf32>
// CHECK-NOT: vector.store
// CHECK: nvvm.bar.warp.sync
// CHECK: llvm.fence syncscope("device") acq_rel
// CHECK: memref.atomic_rmw addi %{{.*}} : (i32, memref<?xi32>) -> i32
// CHECK: llvm.fence syncscope("device") acq_rel
// CHECK: nvvm.shfl.sync idx
// CHECK: nvvm.bar.warp.sync
// CHECK: scf.for
// CHECK-COUNT-32: vector.load %{{.*}} : memref<?xf32>, vector<4xf32>
// CHECK: vector.store
// CHECK: nvvm.setmaxregister decrease 72

// CHECK-LABEL: gpu.func @hinm_spmm_f16_to_f16_v256_m256n128k64s5w16x1c2sk1_warp_specialized_rows_e

// One consumer, or few sums: as many registers for all.
// CHECK-LABEL: gpu.func @hinm_spmm_bf16_to_bf16_v64_m64n256k64s4w4x1_warp_specialized_rows(
// CHECK-SAME: known_block_size = array<i32: 256, 1, 1>
// CHECK-NOT: setmaxregister
// CHECK-LABEL: gpu.func @hinm_spmm_f16_to_f16_v64_m64n64k64s4w4x1_warp_specialized(
// CHECK-NOT: setmaxregister
// CHECK-LABEL: gpu.func @hinm_spmm_f16_to_f16_v256_m256n128k64s6w16x1_warp_specialized_e
// CHECK-SAME: known_block_size = array<i32: 640, 1, 1>
// CHECK: nvvm.setmaxregister increase 104
// CHECK: nvvm.setmaxregister decrease 64

// Eight rows of a warp go to its part of shared memory, once the copies of those before
// have read theirs; then one lane a row has the tokens copied that there are.
// CHECK-LABEL: gpu.func @hinm_spmm_f16_to_f16_v128_m128n256k64s4w8x1_streamed_bulk_warp_specialized_rows_e{{[0-9a-f]+}}(
// CHECK: %[[POLICY:.*]] = llvm.inline_asm asm_dialect = att "createpolicy.fractional.L2::evict_first.b64 $0, 1.0;"
// CHECK: memref.view {{.*}} to memref<8x8x264xf16, #gpu.address_space<workgroup>>
// CHECK: nvvm.wgmma.wait.group.sync.aligned 0
// CHECK: nvvm.cp.async.bulk.wait_group 0 {read}
// CHECK-NEXT: %{{.*}} = arith.constant
// CHECK-NEXT: nvvm.bar.warp.sync
// CHECK: vector.load {{.*}} {alignment = 8 : i64} : memref<?x?xf16>, vector<4xf16>
// CHECK: nvvm.shfl.sync bfly
// CHECK: nvvm.stmatrix {{.*}} {eltType = #nvvm.ld_st_matrix_elt_type<b16>, layout = #nvvm.mma_layout<row>, shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>} : !llvm.ptr<3>, i32, i32, i32, i32
// CHECK: nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
// CHECK: nvvm.bar.warp.sync
// CHECK: scf.if
// CHECK:   nvvm.cp.async.bulk.global.shared.cta %{{.*}}, %{{.*}}, %{{.*}} : <1>, <3>
// CHECK: nvvm.cp.async.bulk.commit.group
// CHECK: nvvm.cp.async.bulk.wait_group 0 {read}
// CHECK: nvvm.cp.async.bulk.commit.group
// Not before the end of the last ones does the block end.
// CHECK: nvvm.cp.async.bulk.wait_group 0 {read}
// CHECK: } else {
// CHECK: nvvm.cp.async.bulk.shared.cluster.global {{.*}} l2_cache_hint = %[[POLICY]]

// Two consumers and the producer; 5 stages of 41 KB, their barriers, and what
// aligns them. No more blocks than there are processors: they take several tiles.
// CHECK-LABEL: func.func @v128(
// CHECK: %[[MOST:.*]] = arith.constant 132 : index
// CHECK: %[[BLOCKS:.*]] = arith.minui %{{.*}}, %[[MOST]] : index
// CHECK-DAG: %[[THREADS:.*]] = arith.constant 384 : index
// CHECK-DAG: %[[BYTES:.*]] = arith.constant 211024 : i32
// CHECK: gpu.launch_func {{.*}} blocks in (%[[BLOCKS]], {{.*}} threads in (%[[THREADS]], {{.*}} dynamic_shared_memory_size %[[BYTES]]

// As many blocks as there may be, with two places for sums each, and counts of warps.
// CHECK-LABEL: func.func @v128shared(
// CHECK: arith.constant 132 : index
// CHECK: %[[SUMS:.*]] = arith.constant 65536 : index
// CHECK: arith.muli %{{.*}}, %[[SUMS]] : index
// CHECK: %[[COUNTS:.*]] = arith.constant 8 : index
// CHECK: arith.muli %{{.*}}, %[[COUNTS]] : index
// CHECK: gpu.memset
// CHECK: gpu.launch_func

// PTX: .target sm_90a
// PTX-LABEL: .entry hinm_spmm_f16_v128_m128n256k64s5w8x1_warp_specialized(
// PTX: .minnctapersm 1
// PTX: mbarrier.init.shared.b64
// PTX: fence.mbarrier_init.release.cluster;
// Where the producer stands and where the consumers is LLVM's business.
// PTX-DAG: setmaxnreg.inc.sync.aligned.u32
// PTX-DAG: fence.proxy.async.shared::cta;
// PTX-DAG: ld.shared.v4.b32
// PTX-DAG: wgmma.fence.sync.aligned;
// PTX-DAG: wgmma.mma_async.sp.sync.aligned.m64n256k32.f32.f16.f16
// PTX-DAG: wgmma.commit_group.sync.aligned;
// PTX-DAG: wgmma.wait_group.sync.aligned {{.*}}0;
// PTX-DAG: mbarrier.arrive.shared.b64
// PTX-DAG: setmaxnreg.dec.sync.aligned.u32
// PTX-DAG: mbarrier.try_wait.parity.shared.b64
// PTX-DAG: mbarrier.arrive.expect_tx{{.*}}.shared
// PTX-DAG: cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes
// PTX-DAG: shfl.sync.idx.b32
// PTX-DAG: cp.async.cg.shared.global
// PTX-DAG: cp.async.mbarrier.arrive.noinc.shared.b64
// PTX-LABEL: .entry hinm_spmm_f16_v128_m128n128k64s5w8x1c2_warp_specialized(
// PTX: .reqnctapercluster 2, 1, 1
// PTX-DAG: barrier.cluster.arrive.aligned;
// PTX-DAG: barrier.cluster.wait.aligned;
// PTX-DAG: mapa.shared::cluster.u64
// PTX-DAG: mbarrier.arrive.shared::cluster.b64 _,
// PTX-DAG: cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster
// PTX-LABEL: .entry hinm_spmm_bf16_to_bf16_v64_m64n256k64s4w4x1_warp_specialized_rows(
// PTX: wgmma.mma_async.sp.sync.aligned.m64n256k32.f32.bf16.bf16
