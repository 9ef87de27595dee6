//===- DeviceApi.cpp - What emulated kernels call -------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emulator/DeviceApi.h"

#include "Emulator/Cluster.h"

#include <cstdio>
#include <cstdlib>

using namespace hinm::emulator;

static Thread &thread() {
  Thread *current = currentThread();
  if (!current) {
    fputs("hinm: a kernel of the emulator was called outside of a launch\n",
          stderr);
    abort();
  }
  return *current;
}

int32_t hinm_emu_register(int32_t code) {
  Thread &self = thread();
  const Dim3 block = self.block->state().block;
  const Dim3 grid = self.block->state().grid;
  const Dim3 index = self.block->index();
  const Dim3 cluster = self.block->state().cluster;
  switch (code) {
  case HINM_EMU_TID_X:
    return self.position.x;
  case HINM_EMU_TID_Y:
    return self.position.y;
  case HINM_EMU_TID_Z:
    return self.position.z;
  case HINM_EMU_NTID_X:
    return block.x;
  case HINM_EMU_NTID_Y:
    return block.y;
  case HINM_EMU_NTID_Z:
    return block.z;
  case HINM_EMU_CTAID_X:
    return index.x;
  case HINM_EMU_CTAID_Y:
    return index.y;
  case HINM_EMU_CTAID_Z:
    return index.z;
  case HINM_EMU_NCTAID_X:
    return grid.x;
  case HINM_EMU_NCTAID_Y:
    return grid.y;
  case HINM_EMU_NCTAID_Z:
    return grid.z;
  case HINM_EMU_LANEID:
    return self.lane();
  case HINM_EMU_WARPID:
    return self.warp();
  case HINM_EMU_CLUSTERID_X:
    return index.x / cluster.x;
  case HINM_EMU_CLUSTERID_Y:
    return index.y / cluster.y;
  case HINM_EMU_CLUSTERID_Z:
    return index.z / cluster.z;
  case HINM_EMU_NCLUSTERID_X:
    return grid.x / cluster.x;
  case HINM_EMU_NCLUSTERID_Y:
    return grid.y / cluster.y;
  case HINM_EMU_NCLUSTERID_Z:
    return grid.z / cluster.z;
  case HINM_EMU_CLUSTER_CTAID_X:
    return index.x % cluster.x;
  case HINM_EMU_CLUSTER_CTAID_Y:
    return index.y % cluster.y;
  case HINM_EMU_CLUSTER_CTAID_Z:
    return index.z % cluster.z;
  case HINM_EMU_CLUSTER_NCTAID_X:
    return cluster.x;
  case HINM_EMU_CLUSTER_NCTAID_Y:
    return cluster.y;
  case HINM_EMU_CLUSTER_NCTAID_Z:
    return cluster.z;
  case HINM_EMU_CLUSTER_CTARANK:
    return self.block->rankInCluster();
  case HINM_EMU_CLUSTER_NCTARANK:
    return cluster.count();
  }
  self.block->report(self, "hinm_emu_register",
                     "unknown special register " + std::to_string(code));
  self.block->leave();
}

void *hinm_emu_shared(int64_t offset) {
  Thread &self = thread();
  SharedMemory &shared = self.block->sharedMemory();
  // One past the end is where an empty dynamic part starts.
  if (offset < 0 || uint64_t(offset) > shared.size()) {
    self.block->report(self, "hinm_emu_shared",
                       "offset " + std::to_string(offset) +
                           " is outside of the shared memory of " +
                           std::to_string(shared.size()) + " bytes");
    self.block->leave();
  }
  return shared.data() + offset;
}

void hinm_emu_access(const void *address, int64_t bytes, int64_t alignment,
                     int32_t is_store, const char *where) {
  Thread &self = thread();
  self.block->checkAlignment(self, address, alignment, is_store != 0, where);
  self.block->access(self, address, bytes, is_store != 0, where);
  // The call stands for the load.
  if (!is_store)
    self.block->countLoad(self, address, bytes, __builtin_return_address(0));
}

int64_t hinm_emu_evict_first_policy(void) { return Block::evictFirstPolicy; }

void hinm_emu_check_policy(int64_t policy, const char *where) {
  Thread &self = thread();
  self.block->checkPolicy(self, policy, where);
}

void hinm_emu_streamed_load(const void *address, int64_t bytes, int64_t policy,
                            const char *where) {
  Thread &self = thread();
  self.block->streamedLoad(self, address, bytes, policy, where);
}

void hinm_emu_barrier(int32_t id, int32_t threads, const char *where) {
  Thread &self = thread();
  self.block->barrier(self, id, threads, where);
}

void hinm_emu_warp_sync(const char *where) {
  Arrival arrival;
  arrival.kind = Collective::WarpSync;
  arrival.where = where;
  Thread &self = thread();
  self.block->meet(self, arrival);
}

void hinm_emu_cp_async(void *shared, const void *global, int32_t bytes,
                       int32_t source_bytes, const char *where) {
  Thread &self = thread();
  self.block->beginCopy(self, shared, global, bytes, source_bytes, where);
}

void hinm_emu_cp_async_commit(void) {
  Thread &self = thread();
  self.block->commitCopies(self);
}

void hinm_emu_cp_async_wait(int32_t pending) {
  Thread &self = thread();
  self.block->waitForCopies(self, pending);
}

void *hinm_emu_mapa(void *address, int32_t rank, const char *where) {
  Thread &self = thread();
  Cluster &cluster = self.block->ownCluster();
  if (rank < 0 || uint32_t(rank) >= cluster.size()) {
    self.block->report(self, where,
                       "asks for block " + std::to_string(rank) +
                           " of a cluster of " +
                           std::to_string(cluster.size()));
    self.block->leave();
  }
  const ptrdiff_t offset =
      static_cast<uint8_t *>(address) - self.block->sharedMemory().data();
  return cluster.block(rank).sharedMemory().data() + offset;
}

void hinm_emu_cluster_arrive(const char *where) {
  Thread &self = thread();
  self.block->ownCluster().arrive(self, where);
}

void hinm_emu_cluster_wait(const char *where) {
  Thread &self = thread();
  self.block->ownCluster().wait(self, where);
}

void hinm_emu_mbarrier_init(void *barrier, int32_t count, const char *where) {
  Thread &self = thread();
  self.block->initMBarrier(self, barrier, count, where);
}

void hinm_emu_mbarrier_inval(void *barrier, const char *where) {
  Thread &self = thread();
  self.block->invalidateMBarrier(self, barrier, where);
}

int64_t hinm_emu_mbarrier_arrive(void *barrier, int32_t count,
                                 int32_t expected_bytes, const char *where) {
  Thread &self = thread();
  Block *owner = self.block->ownCluster().findOwner(barrier);
  // One that is nowhere is for the own block to report.
  return (owner ? owner : self.block)
      ->arrive(self, barrier, count, expected_bytes, where);
}

void hinm_emu_mbarrier_wait_parity(void *barrier, int32_t parity,
                                   const char *where) {
  Thread &self = thread();
  self.block->waitForPhase(self, barrier, parity, where);
}

void hinm_emu_mbarrier_wait_state(void *barrier, int64_t state,
                                  const char *where) {
  // Of a phase that is the current one or the one before.
  Thread &self = thread();
  self.block->waitForPhase(self, barrier, state & 1, where);
}

void hinm_emu_cp_async_mbarrier_arrive(void *barrier, int32_t noinc,
                                       const char *where) {
  Thread &self = thread();
  self.block->arriveWithCopies(self, barrier, noinc == 0, where);
}

void hinm_emu_cp_async_bulk(void *shared, const void *global, void *barrier,
                            int32_t bytes, const char *where) {
  Thread &self = thread();
  self.block->beginBulkCopy(self, shared, global, barrier, bytes,
                            1 << self.block->rankInCluster(), where);
}

void hinm_emu_cp_async_bulk_multicast(void *shared, const void *global,
                                      void *barrier, int32_t bytes,
                                      int32_t mask, const char *where) {
  Thread &self = thread();
  self.block->beginBulkCopy(self, shared, global, barrier, bytes,
                            uint16_t(mask), where);
}

void hinm_emu_cp_async_bulk_store(void *global, const void *shared,
                                  int32_t bytes, const char *where) {
  Thread &self = thread();
  self.block->beginBulkStore(self, global, shared, bytes, where);
}

void hinm_emu_cp_async_bulk_commit(void) { thread().bulkStores.commit(); }

void hinm_emu_cp_async_bulk_wait(int32_t pending) {
  Thread &self = thread();
  self.block->waitForBulkStores(self, pending);
}

void hinm_emu_fence_mbarrier_init(void) {
  Thread &self = thread();
  self.block->fenceMBarriers(self);
}

void hinm_emu_fence_proxy_async(void) {
  Thread &self = thread();
  self.block->fenceProxy(self);
}

int32_t hinm_emu_elect(const char *where) {
  uint32_t result = 0;
  Arrival arrival;
  arrival.kind = Collective::Elect;
  arrival.where = where;
  arrival.result = &result;
  Thread &self = thread();
  self.block->meet(self, arrival);
  return result;
}

void hinm_emu_ldmatrix(uint32_t *result, const void *row, int32_t count,
                       int32_t transposed, const char *where) {
  Arrival arrival;
  arrival.kind = Collective::LdMatrix;
  arrival.where = where;
  arrival.result = result;
  arrival.row = row;
  arrival.first = count;
  arrival.second = transposed;
  Thread &self = thread();
  self.block->meet(self, arrival);
}

void hinm_emu_stmatrix(void *row, const uint32_t *registers, int32_t count,
                       int32_t transposed, const char *where) {
  Arrival arrival;
  arrival.kind = Collective::StMatrix;
  arrival.where = where;
  arrival.row = row;
  arrival.a = registers;
  arrival.first = count;
  arrival.second = transposed;
  Thread &self = thread();
  self.block->meet(self, arrival);
}

void hinm_emu_mma_sp(void *d, const uint32_t *a, const uint32_t *b,
                     const void *c, uint32_t metadata, int32_t selector,
                     int32_t type, const char *where) {
  Arrival arrival;
  arrival.kind = Collective::SparseMma;
  arrival.where = where;
  arrival.result = d;
  arrival.a = a;
  arrival.b = b;
  arrival.c = c;
  arrival.value = metadata;
  arrival.first = selector;
  arrival.second = type;
  Thread &self = thread();
  self.block->meet(self, arrival);
}

void hinm_emu_wgmma_sp_m64k32(float *d, int32_t columns, const uint32_t *a,
                              uint64_t descriptor, uint32_t metadata,
                              int32_t selector, int32_t accumulate,
                              int32_t is_bf16, const char *where) {
  Arrival arrival;
  arrival.kind = Collective::SparseWgmma;
  arrival.where = where;
  arrival.result = d;
  arrival.a = a;
  arrival.descriptor = descriptor;
  arrival.value = metadata;
  arrival.first = selector;
  arrival.second = (accumulate != 0) | (is_bf16 != 0) << 1;
  arrival.columns = columns;
  Thread &self = thread();
  self.block->meet(self, arrival);
}

void hinm_emu_wgmma_fence(void) { thread().mayUseRegisters = true; }

void hinm_emu_wgmma_commit(void) { thread().wgmmas.commit(); }

void hinm_emu_wgmma_wait(int32_t pending) {
  Thread &self = thread();
  self.block->waitForWgmma(self, pending);
}

uint32_t hinm_emu_shfl(uint32_t value, int32_t kind, int32_t lane,
                       const char *where) {
  uint32_t result = 0;
  Arrival arrival;
  arrival.kind = Collective::Shuffle;
  arrival.where = where;
  arrival.result = &result;
  arrival.value = value;
  arrival.first = kind;
  arrival.second = lane;
  Thread &self = thread();
  self.block->meet(self, arrival);
  return result;
}
