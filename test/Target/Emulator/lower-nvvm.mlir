// RUN: hinm-opt %s --pass-pipeline="builtin.module(gpu.module(hinm-lower-nvvm-to-emulator))" | FileCheck %s --implicit-check-not="addr_space = 3" --implicit-check-not=" nvvm."

gpu.module @kernels {
  llvm.mlir.global internal @ring() {addr_space = 3 : i32} : !llvm.array<40 x i8>
  llvm.mlir.global internal @second() {addr_space = 3 : i32} : !llvm.array<16 x i8>
  llvm.mlir.global external @dynamic() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<0 x i8>
  llvm.mlir.global internal @other() {addr_space = 3 : i32} : !llvm.array<8 x i8>

  // CHECK-LABEL: llvm.func @shared() {
  // Dynamic shared memory follows the static arrays, each of them aligned to 16
  // bytes, wherever it is mentioned; arrays of other kernels take no room.
  // CHECK: %[[D:.*]] = llvm.mlir.constant(64 : i64)
  // CHECK: llvm.call @hinm_emu_shared(%[[D]]) : (i64) -> !llvm.ptr
  // CHECK: %[[R:.*]] = llvm.mlir.constant(0 : i64)
  // CHECK: %[[RING:.*]] = llvm.call @hinm_emu_shared(%[[R]])
  // CHECK: %[[S:.*]] = llvm.mlir.constant(48 : i64)
  // CHECK: %[[SECOND:.*]] = llvm.call @hinm_emu_shared(%[[S]])
  // CHECK: %[[FOUR:.*]] = llvm.mlir.constant(4 : i64)
  // CHECK: %[[WORD:.*]] = llvm.mlir.constant(4 : i64)
  // CHECK: %[[LOAD:.*]] = llvm.mlir.constant(0 : i32)
  // CHECK: llvm.call @hinm_emu_access(%[[RING]], %[[FOUR]], %[[WORD]], %[[LOAD]],
  // CHECK: llvm.load %[[RING]] : !llvm.ptr -> f32
  // CHECK: %[[EIGHT:.*]] = llvm.mlir.constant(8 : i64)
  // CHECK: %[[PROMISED:.*]] = llvm.mlir.constant(2 : i64)
  // CHECK: %[[STORE:.*]] = llvm.mlir.constant(1 : i32)
  // CHECK: llvm.call @hinm_emu_access(%[[SECOND]], %[[EIGHT]], %[[PROMISED]], %[[STORE]],
  // CHECK: llvm.store %{{.*}}, %[[SECOND]] {alignment = 2 : i64} : vector<2xf32>, !llvm.ptr
  llvm.func @shared() attributes {gpu.kernel, nvvm.kernel, nvvm.reqntid = array<i32: 32, 1, 1>} {
    %dynamic = llvm.mlir.addressof @dynamic : !llvm.ptr<3>
    %ring = llvm.mlir.addressof @ring : !llvm.ptr<3>
    %second = llvm.mlir.addressof @second : !llvm.ptr<3>
    %value = llvm.load %ring : !llvm.ptr<3> -> f32
    %pair = llvm.mlir.poison : vector<2xf32>
    llvm.store %pair, %second {alignment = 2 : i64} : vector<2xf32>, !llvm.ptr<3>
    llvm.store %value, %dynamic : f32, !llvm.ptr<3>
    llvm.return
  }

  // CHECK-LABEL: llvm.func @copies(
  // CHECK-SAME: %[[G:.*]]: !llvm.ptr, %[[COUNT:.*]]: i32)
  // CHECK: %[[TO:.*]] = llvm.call @hinm_emu_shared(
  // CHECK: %[[C16:.*]] = llvm.mlir.constant(16 : i32)
  // CHECK: llvm.call @hinm_emu_cp_async(%[[TO]], %[[G]], %[[C16]], %[[COUNT]],
  // CHECK: %[[C4:.*]] = llvm.mlir.constant(4 : i32)
  // CHECK: llvm.call @hinm_emu_cp_async(%[[TO]], %[[G]], %[[C4]], %[[C4]],
  // CHECK: llvm.call @hinm_emu_cp_async_commit()
  // CHECK: %[[C1:.*]] = llvm.mlir.constant(1 : i32)
  // CHECK: llvm.call @hinm_emu_cp_async_wait(%[[C1]])
  // CHECK: llvm.call @hinm_emu_barrier(
  // CHECK: llvm.call @hinm_emu_barrier(
  llvm.func @copies(%g: !llvm.ptr<1>, %count: i32) attributes {gpu.kernel} {
    %to = llvm.mlir.addressof @other : !llvm.ptr<3>
    nvvm.cp.async.shared.global %to, %g, 16, cache = cg, %count : !llvm.ptr<3>, !llvm.ptr<1>, i32
    nvvm.cp.async.shared.global %to, %g, 4, cache = ca : !llvm.ptr<3>, !llvm.ptr<1>
    nvvm.cp.async.commit.group
    nvvm.cp.async.wait.group 1
    nvvm.barrier0
    nvvm.barrier
    llvm.return
  }

  // CHECK-LABEL: llvm.func @streams(
  // CHECK-SAME: %[[G:.*]]: !llvm.ptr)
  // CHECK: %[[POLICY:.*]] = llvm.call @hinm_emu_evict_first_policy() : () -> i64
  // CHECK: %[[C16:.*]] = llvm.mlir.constant(16 : i64)
  // CHECK: llvm.call @hinm_emu_streamed_load(%[[G]], %[[C16]], %[[POLICY]],
  // CHECK: llvm.load %[[G]] : !llvm.ptr -> !llvm.struct<(i32, i32, i32, i32)>
  // CHECK: %[[C4:.*]] = llvm.mlir.constant(4 : i64)
  // CHECK: llvm.call @hinm_emu_streamed_load(%[[G]], %[[C4]], %[[POLICY]],
  // CHECK: llvm.load %[[G]] : !llvm.ptr -> i32
  llvm.func @streams(%g: !llvm.ptr<1>) attributes {gpu.kernel} {
    %policy = llvm.inline_asm asm_dialect = att "createpolicy.fractional.L2::evict_first.b64 $0, 1.0;", "=l" : () -> i64
    %four = llvm.inline_asm has_side_effects asm_dialect = att "ld.global.L2::cache_hint.v4.b32 {$0, $1, $2, $3}, [$4], $5;", "=r,=r,=r,=r,l,l" %g, %policy : (!llvm.ptr<1>, i64) -> !llvm.struct<(i32, i32, i32, i32)>
    %one = llvm.inline_asm has_side_effects asm_dialect = att "ld.global.L1::no_allocate.L2::cache_hint.b32 $0, [$1], $2;", "=r,l,l" %g, %policy : (!llvm.ptr<1>, i64) -> i32
    llvm.return
  }

  // CHECK-LABEL: llvm.func @warp(
  // CHECK: %[[TIDY:.*]] = llvm.mlir.constant(1 : i32)
  // CHECK: llvm.call @hinm_emu_register(%[[TIDY]])
  // CHECK: %[[CTAIDZ:.*]] = llvm.mlir.constant(8 : i32)
  // CHECK: llvm.call @hinm_emu_register(%[[CTAIDZ]])
  // CHECK: %[[LANE:.*]] = llvm.mlir.constant(12 : i32)
  // CHECK: %[[ID:.*]] = llvm.call @hinm_emu_register(%[[LANE]])
  // CHECK: %[[BITS:.*]] = llvm.bitcast %{{.*}} : f32 to i32
  // CHECK: %[[BFLY:.*]] = llvm.mlir.constant(3 : i32)
  // CHECK: %[[GOT:.*]] = llvm.call @hinm_emu_shfl(%[[BITS]], %[[BFLY]], %[[ID]],
  // CHECK: llvm.bitcast %[[GOT]] : i32 to f32
  // CHECK: llvm.call @hinm_emu_warp_sync(
  llvm.func @warp(%value: f32) attributes {gpu.kernel} {
    %y = nvvm.read.ptx.sreg.tid.y : i32
    %z = nvvm.read.ptx.sreg.ctaid.z : i32
    %lane = nvvm.read.ptx.sreg.laneid : i32
    %all = llvm.mlir.constant(-1 : i32) : i32
    %clamp = llvm.mlir.constant(31 : i32) : i32
    %r = nvvm.shfl.sync bfly %all, %value, %lane, %clamp : f32 -> f32
    nvvm.bar.warp.sync %all : i32
    llvm.return
  }

  // Sums of integers are words, those of 8-bit floats, which have no operation of
  // their own, are floats. Bytes are permuted by plain arithmetic.
  // CHECK-LABEL: llvm.func @bytes(
  // CHECK: %[[INTEGERS:.*]] = llvm.alloca %{{.*}} x !llvm.array<4 x i32>
  // CHECK: %[[S8:.*]] = llvm.mlir.constant(2 : i32)
  // CHECK: llvm.call @hinm_emu_mma_sp(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[S8]],
  // CHECK: llvm.load %{{.*}} : !llvm.ptr -> i32
  // CHECK: %[[E5M2:.*]] = llvm.mlir.constant(4 : i32)
  // CHECK: llvm.call @hinm_emu_mma_sp(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[E5M2]],
  // CHECK: llvm.load %{{.*}} : !llvm.ptr -> f32
  // CHECK: llvm.zext
  // CHECK: llvm.trunc %{{.*}} : i64 to i32
  llvm.func @bytes(%a: i32, %c: i32, %f: f32) attributes {gpu.kernel} {
    %s = llvm.mlir.constant(0 : i32) : i32
    %d = nvvm.mma.sp.sync A[%a, %a, %a, %a] B[%a, %a, %a, %a] C[%c, %c, %c, %c] sparseMetadata[%a] selector[%s] {orderedMetadata, intOverflowBehavior = #nvvm.mma_int_overflow<wrapped>, multiplicandAPtxType = #nvvm.mma_type<s8>, multiplicandBPtxType = #nvvm.mma_type<s8>, shape = #nvvm.shape<m = 16, n = 8, k = 64>} : (i32, i32, i32) -> !llvm.struct<(i32, i32, i32, i32)>
    %e = llvm.call_intrinsic "llvm.nvvm.mma.sp.ordered.metadata.m16n8k64.row.col.f32.e5m2.e5m2.f32"(%a, %a, %a, %a, %a, %a, %a, %a, %f, %f, %f, %f, %a, %s) : (i32, i32, i32, i32, i32, i32, i32, i32, f32, f32, f32, f32, i32, i32) -> !llvm.struct<(f32, f32, f32, f32)>
    %selector = llvm.mlir.constant(25632 : i32) : i32
    %p = nvvm.prmt <default> %selector, %a, %c : i32
    llvm.return
  }

  // A half of the last place of tf32 is added, what is behind it dropped.
  // CHECK-LABEL: llvm.func @words(
  // CHECK: %[[BITS:.*]] = llvm.bitcast %{{.*}} : f32 to i32
  // CHECK: %[[FINITE:.*]] = llvm.icmp "ne"
  // CHECK: %[[HALF:.*]] = llvm.mlir.constant(4096 : i32)
  // CHECK: %[[RAISED:.*]] = llvm.add %[[BITS]], %[[HALF]]
  // CHECK: %[[USED:.*]] = llvm.mlir.constant(-8192 : i32)
  // CHECK: %[[ROUNDED:.*]] = llvm.and %[[RAISED]], %[[USED]]
  // CHECK: llvm.select %[[FINITE]], %[[ROUNDED]], %[[BITS]]
  // CHECK: %[[TF32:.*]] = llvm.mlir.constant(5 : i32)
  // CHECK: llvm.call @hinm_emu_mma_sp(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[TF32]],
  llvm.func @words(%a: i32, %f: f32) attributes {gpu.kernel} {
    %s = llvm.mlir.constant(1 : i32) : i32
    %b = nvvm.convert.float.to.tf32 %f {rnd = #nvvm.fp_rnd_mode<rna>}
    %d = nvvm.mma.sp.sync A[%a, %a, %a, %a] B[%b, %b, %b, %b] C[%f, %f, %f, %f] sparseMetadata[%a] selector[%s] {orderedMetadata, multiplicandAPtxType = #nvvm.mma_type<tf32>, multiplicandBPtxType = #nvvm.mma_type<tf32>, shape = #nvvm.shape<m = 16, n = 8, k = 16>} : (i32, i32, f32) -> !llvm.struct<(f32, f32, f32, f32)>
    llvm.return
  }

  // The entry takes the addresses of the arguments.
  // CHECK: llvm.mlir.global external constant @__hinm_emu_shared_shared(64 : i64)
  // CHECK: llvm.mlir.global external constant @__hinm_emu_copies_shared(16 : i64)
  // CHECK: llvm.func @__hinm_emu_copies(%[[P:.*]]: !llvm.ptr) {
  // CHECK: %[[A1:.*]] = llvm.getelementptr %[[P]][1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
  // CHECK: %[[V1:.*]] = llvm.load %[[A1]] : !llvm.ptr -> !llvm.ptr
  // CHECK: %[[N:.*]] = llvm.load %[[V1]] : !llvm.ptr -> i32
  // CHECK: llvm.call @copies(%{{.*}}, %[[N]])
  // CHECK: llvm.mlir.global external constant @__hinm_emu_warp_shared(0 : i64)
}
