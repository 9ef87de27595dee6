// RUN: hinm-opt %s --pass-pipeline="builtin.module(gpu.module(hinm-lower-nvvm-to-emulator))" | FileCheck %s --implicit-check-not="addr_space = 3" --implicit-check-not=" nvvm." --implicit-check-not="inline_asm has"

gpu.module @kernels {
  llvm.mlir.global internal @ring() {addr_space = 3 : i32} : !llvm.array<64 x i8>

  // CHECK-LABEL: llvm.func @mbarriers(
  // CHECK-SAME: %[[COUNT:[a-z0-9]+]]: i32, %[[BYTES:[a-z0-9]+]]: i32, %[[G:[a-z0-9]+]]: !llvm.ptr)
  // CHECK: %[[B:.*]] = llvm.call @hinm_emu_shared(
  // CHECK: llvm.call @hinm_emu_mbarrier_init(%[[B]], %[[COUNT]],
  // CHECK: llvm.call @hinm_emu_fence_mbarrier_init()
  // CHECK: %[[ONE:.*]] = llvm.mlir.constant(1 : i32)
  // CHECK: %[[NONE:.*]] = llvm.mlir.constant(0 : i32)
  // CHECK: %[[STATE:.*]] = llvm.call @hinm_emu_mbarrier_arrive(%[[B]], %[[ONE]], %[[NONE]],
  // CHECK: %[[NONE2:.*]] = llvm.mlir.constant(0 : i32)
  // CHECK: llvm.call @hinm_emu_mbarrier_arrive(%[[B]], %[[COUNT]], %[[NONE2]],
  // CHECK: %[[ONE2:.*]] = llvm.mlir.constant(1 : i32)
  // CHECK: llvm.call @hinm_emu_mbarrier_arrive(%[[B]], %[[ONE2]], %[[BYTES]],
  // CHECK: llvm.call @hinm_emu_mbarrier_wait_state(%[[B]], %[[STATE]],
  // CHECK: %[[DONE:.*]] = llvm.mlir.constant(true) : i1
  // CHECK: llvm.call @hinm_emu_mbarrier_wait_parity(%[[B]], %[[COUNT]],
  // CHECK: llvm.call @hinm_emu_mbarrier_wait_parity(%[[B]], %[[COUNT]],
  // CHECK: %[[NOINC:.*]] = llvm.mlir.constant(1 : i32)
  // CHECK: llvm.call @hinm_emu_cp_async_mbarrier_arrive(%[[B]], %[[NOINC]],
  // CHECK: %[[INC:.*]] = llvm.mlir.constant(0 : i32)
  // CHECK: llvm.call @hinm_emu_cp_async_mbarrier_arrive(%[[B]], %[[INC]],
  // CHECK: llvm.call @hinm_emu_cp_async_bulk(%[[B]], %[[G]], %[[B]], %[[BYTES]],
  // CHECK: %[[POLICY:.*]] = llvm.call @hinm_emu_evict_first_policy()
  // CHECK: llvm.call @hinm_emu_check_policy(%[[POLICY]],
  // CHECK: llvm.call @hinm_emu_cp_async_bulk(%[[B]], %[[G]], %[[B]], %[[BYTES]],
  // CHECK: llvm.call @hinm_emu_mbarrier_inval(%[[B]],
  // CHECK: llvm.return %[[DONE]]
  llvm.func @mbarriers(%count: i32, %bytes: i32, %g: !llvm.ptr<1>) -> i1 attributes {gpu.kernel} {
    %b = llvm.mlir.addressof @ring : !llvm.ptr<3>
    nvvm.mbarrier.init %b, %count : !llvm.ptr<3>, i32
    nvvm.fence.mbarrier.init
    %state = nvvm.mbarrier.arrive %b : !llvm.ptr<3> -> i64
    %s = nvvm.mbarrier.arrive %b, %count : !llvm.ptr<3> -> i64
    nvvm.mbarrier.arrive.expect_tx %b, %bytes : !llvm.ptr<3>, i32
    %done = nvvm.mbarrier.try_wait %b, %state : !llvm.ptr<3>, i64 -> i1
    %again = nvvm.mbarrier.try_wait %b, %count : !llvm.ptr<3>, i32 -> i1
    nvvm.mbarrier.try_wait.parity %b, %count, %bytes : !llvm.ptr<3>, i32, i32
    nvvm.cp.async.mbarrier.arrive %b {noinc = true} : !llvm.ptr<3>
    nvvm.cp.async.mbarrier.arrive %b : !llvm.ptr<3>
    %to = llvm.addrspacecast %b : !llvm.ptr<3> to !llvm.ptr<7>
    nvvm.cp.async.bulk.shared.cluster.global %to, %g, %b, %bytes : !llvm.ptr<7>, !llvm.ptr<1>
    %policy = llvm.inline_asm asm_dialect = att "createpolicy.fractional.L2::evict_first.b64 $0, 1.0;", "=l" : () -> i64
    nvvm.cp.async.bulk.shared.cluster.global %to, %g, %b, %bytes l2_cache_hint = %policy : !llvm.ptr<7>, !llvm.ptr<1>
    nvvm.mbarrier.inval %b : !llvm.ptr<3>
    llvm.return %done : i1
  }

  // Of a cluster: what is where in another block, arrivals there, a copy to
  // several blocks, the barrier of all.
  // CHECK-LABEL: llvm.func @clusters(
  // CHECK-SAME: %[[RANK:[a-z0-9]+]]: i32, %[[G:[a-z0-9]+]]: !llvm.ptr, %[[MASK:[a-z0-9]+]]: i16)
  // CHECK: %[[B:.*]] = llvm.call @hinm_emu_shared(
  // CHECK: llvm.call @hinm_emu_cluster_arrive(
  // CHECK: llvm.call @hinm_emu_cluster_wait(
  // CHECK: %[[OTHER:.*]] = llvm.call @hinm_emu_mapa(%[[B]], %[[RANK]],
  // CHECK: %[[ONE:.*]] = llvm.mlir.constant(1 : i32)
  // CHECK: llvm.call @hinm_emu_mbarrier_arrive(%[[OTHER]], %[[ONE]],
  // CHECK: %[[WORD:.*]] = llvm.zext %[[MASK]] : i16 to i32
  // CHECK: llvm.call @hinm_emu_cp_async_bulk_multicast(%[[B]], %[[G]], %[[B]], %[[RANK]], %[[WORD]],
  // CHECK: %[[CTARANK:.*]] = llvm.mlir.constant(26 : i32)
  // CHECK: llvm.call @hinm_emu_register(%[[CTARANK]])
  // CHECK: llvm.mlir.constant(14 : i32)
  // CHECK: llvm.mlir.constant(17 : i32)
  // CHECK: llvm.mlir.constant(20 : i32)
  // CHECK: llvm.mlir.constant(23 : i32)
  // CHECK: llvm.mlir.constant(27 : i32)
  llvm.func @clusters(%rank: i32, %g: !llvm.ptr<1>, %mask: i16) -> i32 attributes {gpu.kernel, nvvm.cluster_dim = array<i32: 2, 1, 1>} {
    %b = llvm.mlir.addressof @ring : !llvm.ptr<3>
    nvvm.cluster.arrive {aligned}
    nvvm.cluster.wait {aligned}
    %other = nvvm.mapa %b, %rank : !llvm.ptr<3> -> !llvm.ptr<7>
    nvvm.mbarrier.arrive %other : !llvm.ptr<7>
    %to = llvm.addrspacecast %b : !llvm.ptr<3> to !llvm.ptr<7>
    nvvm.cp.async.bulk.shared.cluster.global %to, %g, %b, %rank multicast_mask = %mask : !llvm.ptr<7>, !llvm.ptr<1>
    %0 = nvvm.read.ptx.sreg.cluster.ctarank : i32
    %1 = nvvm.read.ptx.sreg.clusterid.x : i32
    %2 = nvvm.read.ptx.sreg.nclusterid.x : i32
    %3 = nvvm.read.ptx.sreg.cluster.ctaid.x : i32
    %4 = nvvm.read.ptx.sreg.cluster.nctaid.x : i32
    %5 = nvvm.read.ptx.sreg.cluster.nctarank : i32
    %s1 = llvm.add %0, %1 : i32
    %s2 = llvm.add %2, %3 : i32
    %s3 = llvm.add %4, %5 : i32
    %s4 = llvm.add %s1, %s2 : i32
    %s5 = llvm.add %s3, %s4 : i32
    llvm.return %s5 : i32
  }

  // CHECK-LABEL: llvm.func @barriers(
  // CHECK-SAME: %[[ID:[a-z0-9]+]]: i32, %[[N:[a-z0-9]+]]: i32)
  // CHECK: llvm.call @hinm_emu_barrier(%[[ID]], %[[N]],
  // CHECK: llvm.call @hinm_emu_fence_proxy_async()
  // CHECK: llvm.call @hinm_emu_fence_proxy_async()
  // CHECK: %[[ELECTED:.*]] = llvm.call @hinm_emu_elect(
  // CHECK: %[[ZERO:.*]] = llvm.mlir.constant(0 : i32)
  // CHECK: %[[PREDICATE:.*]] = llvm.icmp "ne" %[[ELECTED]], %[[ZERO]]
  // CHECK: llvm.return %[[PREDICATE]]
  llvm.func @barriers(%id: i32, %n: i32) -> i1 attributes {gpu.kernel} {
    nvvm.barrier id = %id number_of_threads = %n
    nvvm.setmaxregister increase 232
    nvvm.fence.proxy {kind = #nvvm.proxy_kind<async>}
    nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
    %elected = nvvm.elect.sync -> i1
    llvm.return %elected : i1
  }

  // CHECK-LABEL: llvm.func @stores(
  // CHECK-SAME: %[[WORD:[a-z0-9]+]]: i32, %[[BYTES:[a-z0-9]+]]: i32, %[[G:[a-z0-9]+]]: !llvm.ptr)
  // CHECK: %[[S:.*]] = llvm.call @hinm_emu_shared(
  // CHECK: llvm.store %[[WORD]], %
  // CHECK: llvm.store %[[WORD]], %
  // CHECK: %[[COUNT:.*]] = llvm.mlir.constant(2 : i32)
  // CHECK: %[[ROWS:.*]] = llvm.mlir.constant(0 : i32)
  // CHECK: llvm.call @hinm_emu_stmatrix(%[[S]], %{{.*}}, %[[COUNT]], %[[ROWS]],
  // CHECK: %[[ONE:.*]] = llvm.mlir.constant(1 : i32)
  // CHECK: %[[COLUMNS:.*]] = llvm.mlir.constant(1 : i32)
  // CHECK: llvm.call @hinm_emu_stmatrix(%[[S]], %{{.*}}, %[[ONE]], %[[COLUMNS]],
  // CHECK: llvm.call @hinm_emu_cp_async_bulk_store(%[[G]], %[[S]], %[[BYTES]],
  // CHECK: llvm.call @hinm_emu_cp_async_bulk_commit()
  // CHECK: %[[LEFT:.*]] = llvm.mlir.constant(1 : i32)
  // CHECK: llvm.call @hinm_emu_cp_async_bulk_wait(%[[LEFT]])
  // CHECK: %[[NONE:.*]] = llvm.mlir.constant(0 : i32)
  // CHECK: llvm.call @hinm_emu_cp_async_bulk_wait(%[[NONE]])
  llvm.func @stores(%word: i32, %bytes: i32, %g: !llvm.ptr<1>) attributes {gpu.kernel} {
    %s = llvm.mlir.addressof @ring : !llvm.ptr<3>
    nvvm.stmatrix %s, %word, %word {layout = #nvvm.mma_layout<row>, shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>, eltType = #nvvm.ld_st_matrix_elt_type<b16>} : !llvm.ptr<3>, i32, i32
    nvvm.stmatrix %s, %word {layout = #nvvm.mma_layout<col>, shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>, eltType = #nvvm.ld_st_matrix_elt_type<b16>} : !llvm.ptr<3>, i32
    nvvm.cp.async.bulk.global.shared.cta %g, %s, %bytes : !llvm.ptr<1>, !llvm.ptr<3>
    nvvm.cp.async.bulk.commit.group
    nvvm.cp.async.bulk.wait_group 1 {read}
    nvvm.cp.async.bulk.wait_group 0
    llvm.return
  }

  // CHECK-LABEL: llvm.func @wgmma(
  // CHECK-SAME: %[[A:[a-z0-9]+]]: i32, %[[D:[a-z0-9]+]]: i64, %[[M:[a-z0-9]+]]: i32, %[[S:[a-z0-9]+]]: i32, %{{.*}}: f32)
  // CHECK: llvm.call @hinm_emu_wgmma_fence()
  // CHECK: %[[COLUMNS:.*]] = llvm.mlir.constant(8 : i32)
  // CHECK: %[[SELECTOR:.*]] = llvm.mlir.constant(1 : i32)
  // CHECK: %[[BF16:.*]] = llvm.mlir.constant(1 : i32)
  // CHECK: llvm.call @hinm_emu_wgmma_sp_m64k32(%[[SUMS:.*]], %[[COLUMNS]], %{{.*}}, %[[D]], %[[M]], %[[SELECTOR]], %[[S]], %[[BF16]],
  // CHECK: llvm.load %{{.*}} : !llvm.ptr -> f32
  // CHECK: llvm.call @hinm_emu_wgmma_commit()
  // CHECK: %[[PENDING:.*]] = llvm.mlir.constant(1 : i32)
  // CHECK: llvm.call @hinm_emu_wgmma_wait(%[[PENDING]])
  llvm.func @wgmma(%a: i32, %d: i64, %m: i32, %s: i32, %c: f32) attributes {gpu.kernel} {
    nvvm.wgmma.fence.aligned
    %r = llvm.inline_asm has_side_effects asm_dialect = att "{ .reg .pred p; setp.ne.b32 p, $10, 0; wgmma.mma_async.sp.sync.aligned.m64n8k32.f32.bf16.bf16 {$0, $1, $2, $3}, {$4, $5, $6, $7}, $8, $9, 1, p, 1, 1, 1; }", "=f,=f,=f,=f,r,r,r,r,l,r,r,0,1,2,3" %a, %a, %a, %a, %d, %m, %s, %c, %c, %c, %c : (i32, i32, i32, i32, i64, i32, i32, f32, f32, f32, f32) -> !llvm.struct<(f32, f32, f32, f32)>
    nvvm.wgmma.commit.group.sync.aligned
    nvvm.wgmma.wait.group.sync.aligned 1
    llvm.return
  }
}
