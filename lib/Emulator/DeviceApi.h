//===- DeviceApi.h - What emulated kernels call -----------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The C functions that a kernel compiled for `#hinm.emulator` calls: one for
/// each NVVM operation that is not plain arithmetic, and one before each memory
/// access. lib/Target/Emulator emits the calls, lib/Emulator implements them.
///
/// `where` is a static string, "<op name> at <file>:<line>:<column>", which an
/// error repeats. Every function may end the calling thread of the kernel (by
/// switching away from its fiber for good) when it finds an error.
///
/// Fragments are those of PTX ISA 9.7.14 (`mma.sp`, `ldmatrix`): arrays of the
/// 32-bit registers of the calling lane.
///
//===----------------------------------------------------------------------===//

#ifndef LIB_EMULATOR_DEVICEAPI_H
#define LIB_EMULATOR_DEVICEAPI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Special registers, in the order of their codes.
enum HinmEmuRegister {
  HINM_EMU_TID_X = 0,
  HINM_EMU_TID_Y,
  HINM_EMU_TID_Z,
  HINM_EMU_NTID_X,
  HINM_EMU_NTID_Y,
  HINM_EMU_NTID_Z,
  HINM_EMU_CTAID_X,
  HINM_EMU_CTAID_Y,
  HINM_EMU_CTAID_Z,
  HINM_EMU_NCTAID_X,
  HINM_EMU_NCTAID_Y,
  HINM_EMU_NCTAID_Z,
  HINM_EMU_LANEID,
  HINM_EMU_WARPID,
  // The cluster: its place in the grid and their number, in clusters; the place
  // of the block in it, and its size.
  HINM_EMU_CLUSTERID_X,
  HINM_EMU_CLUSTERID_Y,
  HINM_EMU_CLUSTERID_Z,
  HINM_EMU_NCLUSTERID_X,
  HINM_EMU_NCLUSTERID_Y,
  HINM_EMU_NCLUSTERID_Z,
  HINM_EMU_CLUSTER_CTAID_X,
  HINM_EMU_CLUSTER_CTAID_Y,
  HINM_EMU_CLUSTER_CTAID_Z,
  HINM_EMU_CLUSTER_NCTAID_X,
  HINM_EMU_CLUSTER_NCTAID_Y,
  HINM_EMU_CLUSTER_NCTAID_Z,
  HINM_EMU_CLUSTER_CTARANK,
  HINM_EMU_CLUSTER_NCTARANK
};
int32_t hinm_emu_register(int32_t code);

/// The address of byte \p offset of the block's shared memory. Static arrays
/// come first, dynamic shared memory follows them.
void *hinm_emu_shared(int64_t offset);

/// Checks \p bytes at \p address before a plain load (\p is_store = 0) or store
/// (1), in whatever space the address lies: the \p alignment that the compiler
/// goes by, bounds, and in shared memory also uninitialised bytes, bytes in
/// flight and races.
void hinm_emu_access(const void *address, int64_t bytes, int64_t alignment,
                     int32_t is_store, const char *where);

/// createpolicy.fractional.L2::evict_first; the emulator has no caches.
int64_t hinm_emu_evict_first_policy(void);
/// Checks that a cache policy is one.
void hinm_emu_check_policy(int64_t policy, const char *where);
/// Checks an ld.global.L2::cache_hint of \p bytes, which are also what its
/// address is aligned to.
void hinm_emu_streamed_load(const void *address, int64_t bytes, int64_t policy,
                            const char *where);

/// bar.sync \p id of \p threads threads; 0: of all threads of the block.
void hinm_emu_barrier(int32_t id, int32_t threads, const char *where);
/// bar.warp.sync: a rendezvous of the warp that also orders its shared memory.
void hinm_emu_warp_sync(const char *where);

/// cp.async of \p bytes (4, 8 or 16) to shared memory, of which the first
/// \p source_bytes are copied and the rest are zero-filled.
void hinm_emu_cp_async(void *shared, const void *global, int32_t bytes,
                       int32_t source_bytes, const char *where);
void hinm_emu_cp_async_commit(void);
/// cp.async.wait_group \p pending: until at most that many groups are pending.
void hinm_emu_cp_async_wait(int32_t pending);

/// mapa: what \p address in shared memory is in block \p rank of the cluster.
void *hinm_emu_mapa(void *address, int32_t rank, const char *where);
/// barrier.cluster.arrive, barrier.cluster.wait.
void hinm_emu_cluster_arrive(const char *where);
void hinm_emu_cluster_wait(const char *where);

/// mbarrier.init, .inval, .arrive(.expect_tx) at \p barrier in shared memory;
/// an arrival may be at that of another block.
void hinm_emu_mbarrier_init(void *barrier, int32_t count, const char *where);
void hinm_emu_mbarrier_inval(void *barrier, const char *where);
/// Returns the state that hinm_emu_mbarrier_wait_state takes.
int64_t hinm_emu_mbarrier_arrive(void *barrier, int32_t count,
                                 int32_t expected_bytes, const char *where);
/// mbarrier.try_wait(.parity), until the phase has ended.
void hinm_emu_mbarrier_wait_parity(void *barrier, int32_t parity,
                                   const char *where);
void hinm_emu_mbarrier_wait_state(void *barrier, int64_t state,
                                  const char *where);
/// cp.async.mbarrier.arrive(.noinc).
void hinm_emu_cp_async_mbarrier_arrive(void *barrier, int32_t noinc,
                                       const char *where);
/// cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes, and with
/// .multicast::cluster.
void hinm_emu_cp_async_bulk(void *shared, const void *global, void *barrier,
                            int32_t bytes, const char *where);
void hinm_emu_cp_async_bulk_multicast(void *shared, const void *global,
                                      void *barrier, int32_t bytes,
                                      int32_t mask, const char *where);
/// fence.mbarrier_init, fence.proxy.async.
/// cp.async.bulk of \p bytes from shared to global memory, its commit_group,
/// and its wait_group until at most \p pending groups are left.
void hinm_emu_cp_async_bulk_store(void *global, const void *shared,
                                  int32_t bytes, const char *where);
void hinm_emu_cp_async_bulk_commit(void);
void hinm_emu_cp_async_bulk_wait(int32_t pending);
void hinm_emu_fence_mbarrier_init(void);
void hinm_emu_fence_proxy_async(void);
/// elect.sync of the whole warp.
int32_t hinm_emu_elect(const char *where);

/// ldmatrix.sync.aligned.m8n8.x<count>(.trans).shared.b16: \p row is this
/// lane's row address, \p result gets \p count registers.
void hinm_emu_ldmatrix(uint32_t *result, const void *row, int32_t count,
                       int32_t transposed, const char *where);

/// What mma.sp multiplies.
/// stmatrix.m8n8.x\p count(.trans).b16 of the lane's \p registers; \p row is
/// the address that the lane gives.
void hinm_emu_stmatrix(void *row, const uint32_t *registers, int32_t count,
                       int32_t transposed, const char *where);

enum HinmEmuMmaType {
  HINM_EMU_F16 = 0,
  HINM_EMU_BF16,
  HINM_EMU_S8,
  HINM_EMU_E4M3,
  HINM_EMU_E5M2,
  HINM_EMU_TF32
};
/// mma.sp::ordered_metadata.sync.aligned.row.col of registers a[4] and b[4] of
/// \p type: m16n8k32 of 16-bit elements, m16n8k64 of 8-bit ones, m16n8k16 of
/// tf32. d[4] and c[4] are s32 of S8 (without .satfinite) and f32 of the
/// others.
void hinm_emu_mma_sp(void *d, const uint32_t *a, const uint32_t *b,
                     const void *c, uint32_t metadata, int32_t selector,
                     int32_t type, const char *where);

/// wgmma.mma_async.sp.sync.aligned.m64n<columns>k32.f32.T.T with T = f16
/// (\p is_bf16 = 0) or bf16 (1), A in registers and B transposed: d[columns/2],
/// a[4]. The sums are added to d unless \p accumulate is 0.
void hinm_emu_wgmma_sp_m64k32(float *d, int32_t columns, const uint32_t *a,
                              uint64_t descriptor, uint32_t metadata,
                              int32_t selector, int32_t accumulate,
                              int32_t is_bf16, const char *where);
void hinm_emu_wgmma_fence(void);
void hinm_emu_wgmma_commit(void);
/// wgmma.wait_group \p pending
void hinm_emu_wgmma_wait(int32_t pending);

/// shfl.sync of one 32-bit value; \p kind 0 idx, 1 up, 2 down, 3 bfly.
uint32_t hinm_emu_shfl(uint32_t value, int32_t kind, int32_t lane,
                       const char *where);

#ifdef __cplusplus
} // extern "C"
#endif

#endif // LIB_EMULATOR_DEVICEAPI_H
