//===- MBarriers.cpp - mbarrier objects and bulk copies -------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The state of an mbarrier is kept beside shared memory, where its eight bytes
/// are no data. Copies that an mbarrier tracks land when the phase ends, as
/// late as they may: nobody can have waited for them before.
///
//===----------------------------------------------------------------------===//

#include "Emulator/Cluster.h"

using namespace hinm::emulator;

static constexpr size_t mbarrierBytes = 8;
/// The largest count of arrivals and of expected bytes (PTX ISA, mbarrier).
static constexpr int64_t mbarrierLimit = (1 << 20) - 1;

void Block::initMBarrier(Thread &thread, const void *address, int32_t count,
                         const char *where) {
  const size_t offset =
      sharedOffset(thread, address, mbarrierBytes, "writes", where);
  if (offset % mbarrierBytes != 0) {
    report(thread, where, "misaligned: an mbarrier takes 8 aligned bytes");
    leave();
  }
  if (count < 1 || count > mbarrierLimit) {
    report(thread, where,
           "an mbarrier of " + std::to_string(count) +
               " arrivals: 1 to 1048575 are possible");
    leave();
  }
  checkShared(thread, shared.beginBarrier(offset, mbarrierBytes, thread.party),
              where);
  MBarrier &barrier = mbarriers[offset];
  barrier.count = barrier.pending = count;
  barrier.initialiser = thread.index;
  barrier.copyAgent = order.addAgent();
  barrier.bulkAgent = order.addAgent();
}

/// The mbarrier at \p address, which the thread may use.
MBarrier &Block::findMBarrier(const Thread &thread, const void *address,
                              const char *where) {
  const size_t offset =
      sharedOffset(thread, address, mbarrierBytes, "uses", where);
  if (thread.block != this && isDone()) {
    report(thread, where,
           "uses " + describeMBarrier(offset) +
               ", which has ended (missing barrier.cluster at the end)");
    leave();
  }
  auto found = mbarriers.find(offset);
  if (found == mbarriers.end()) {
    report(thread, where,
           "there is no mbarrier at byte offset " + std::to_string(offset) +
               " (not initialised?)");
    leave();
  }
  if (!order.isBefore(shared.writer(offset), thread.party)) {
    report(thread, where,
           "race: uses " + describeMBarrier(offset) + " that " +
               describeParty(shared.writer(offset).party) +
               " initialised with no barrier between");
    leave();
  }
  return found->second;
}

void Block::invalidateMBarrier(Thread &thread, const void *address,
                               const char *where) {
  findMBarrier(thread, address, where);
  const size_t offset = sharedOffset(thread, address, 8, "uses", where);
  for (const Thread &other : threads) {
    if (other.state != Thread::AtMBarrier || other.mbarrier != offset)
      continue;
    report(thread, where,
           "invalidates " + describeMBarrier(offset) + " while " +
               describeParty(other.party) + " waits for it");
    leave();
  }
  shared.endBarrier(offset, mbarrierBytes);
  mbarriers.erase(offset);
}

uint32_t Block::arrive(Thread &thread, const void *address, int32_t count,
                       int64_t expectedBytes, const char *where) {
  MBarrier &barrier = findMBarrier(thread, address, where);
  const uint32_t phase = barrier.phase;
  if (count < 1 || uint32_t(count) > barrier.pending) {
    report(thread, where,
           "arrives " + std::to_string(count) +
               " times where the phase waits for " +
               std::to_string(barrier.pending) + " of " +
               std::to_string(barrier.count) + " arrivals");
    leave();
  }
  if (expectedBytes < 0 || barrier.bytes + expectedBytes > mbarrierLimit) {
    report(thread, where,
           "expects " + std::to_string(barrier.bytes + expectedBytes) +
               " bytes in a phase: 0 to 1048575 are possible");
    leave();
  }
  barrier.bytes += expectedBytes;
  if (thread.block != this)
    visits[thread.party] = {order.now(thread.party).time, &thread, where};
  order.release(thread.party, barrier.arriving);
  barrier.pending -= count;
  completePhase(thread, sharedOffset(thread, address, 8, "uses", where),
                barrier, where);
  return phase;
}

void Block::arriveWithCopies(Thread &thread, const void *address,
                             bool increment, const char *where) {
  MBarrier &barrier = findMBarrier(thread, address, where);
  if (!increment && barrier.pending == 0) {
    report(thread, where, "arrives where the phase waits for no arrival");
    leave();
  }
  // Only the copies are released: this arrival is not the thread's own.
  barrier.tracked.emplace_back(thread.index,
                               thread.landed + thread.copies.size());
  // Without noinc the phase first waits for one arrival more.
  if (!increment)
    --barrier.pending;
  completePhase(thread, sharedOffset(thread, address, 8, "uses", where),
                barrier, where);
}

/// Ends the phase if nothing is missing. \p thread did the last step.
void Block::completePhase(const Thread &thread, size_t offset,
                          MBarrier &barrier, const char *where) {
  if (barrier.pending != 0)
    return;
  int64_t copied = 0;
  for (const BulkCopy &copy : barrier.bulk)
    copied += copy.data.size();
  if (copied < barrier.bytes)
    return;
  if (copied > barrier.bytes) {
    report(thread, where,
           "all arrive at " + describeMBarrier(offset) + ", for whose phase " +
               std::to_string(copied) + " bytes are copied and " +
               std::to_string(barrier.bytes) + " expected (missing expect_tx)");
    leave();
  }
  const Stamp copies = order.next(barrier.copyAgent);
  for (auto [issuer, end] : barrier.tracked)
    landCopies(threads[issuer], end, copies);
  barrier.arriving.all.raise(copies);
  const Stamp bulk = order.next(barrier.bulkAgent);
  for (const BulkCopy &copy : barrier.bulk)
    shared.land(copy.offset, copy.data.data(), copy.data.size(), bulk);
  if (!barrier.bulk.empty())
    visits[bulk.party] = {bulk.time, &thread, where};
  barrier.arriving.all.raise(bulk);
  barrier.arriving.fenced.raise(bulk);
  barrier.tracked.clear();
  barrier.bulk.clear();
  barrier.bytes = 0;
  barrier.completed = std::move(barrier.arriving);
  barrier.arriving = Knowledge();
  barrier.pending = barrier.count;
  ++barrier.phase;
  for (Thread &other : threads)
    if (other.state == Thread::AtMBarrier && other.mbarrier == offset &&
        other.awaited != (barrier.phase & 1))
      other.state = Thread::Ready;
}

void Block::waitForPhase(Thread &thread, const void *address, uint32_t parity,
                         const char *where) {
  MBarrier *barrier = &findMBarrier(thread, address, where);
  if (parity > 1) {
    report(thread, where,
           "waits for a phase of parity " + std::to_string(parity));
    leave();
  }
  if ((barrier->phase & 1) == parity) {
    thread.where = where;
    thread.mbarrier = sharedOffset(thread, address, 8, "uses", where);
    thread.awaited = parity;
    thread.state = Thread::AtMBarrier;
    suspend(thread);
    barrier = &findMBarrier(thread, address, where);
  }
  order.acquire(thread.party, barrier->completed);
}

void Block::checkBulkCopy(const Thread &thread, const void *sharedAddress,
                          const void *global, int32_t bytes,
                          const char *where) {
  if (bytes <= 0 || bytes % 16 != 0) {
    report(thread, where,
           "a bulk copy of " + std::to_string(bytes) +
               " bytes: it copies a positive multiple of 16");
    leave();
  }
  if (reinterpret_cast<uintptr_t>(sharedAddress) % 16 != 0 ||
      reinterpret_cast<uintptr_t>(global) % 16 != 0) {
    report(thread, where,
           "misaligned: the addresses of a bulk copy must be multiples of 16 "
           "bytes");
    leave();
  }
}

void Block::beginBulkCopy(Thread &thread, void *sharedAddress,
                          const void *global, const void *mbarrier,
                          int32_t bytes, uint32_t mask, const char *where) {
  checkBulkCopy(thread, sharedAddress, global, bytes, where);
  if (mask == 0 || mask >= uint32_t(1) << cluster.size()) {
    report(thread, where,
           "a multicast with the mask " + std::to_string(mask) +
               " in a cluster of " + std::to_string(cluster.size()) +
               " blocks");
    leave();
  }
  const size_t offset =
      sharedOffset(thread, sharedAddress, bytes, "writes", where);
  if (cluster.findOwner(global)) {
    report(thread, where, "a bulk copy reads shared memory as its source");
    leave();
  }
  access(thread, global, bytes, /*isStore=*/false, where);
  const size_t place =
      sharedOffset(thread, mbarrier, mbarrierBytes, "uses", where);
  const uint8_t *source = static_cast<const uint8_t *>(global);
  for (uint32_t rank = 0; rank < cluster.size(); ++rank)
    if (mask >> rank & 1)
      cluster.block(rank).receiveBulkCopy(thread, offset, source, place, bytes,
                                          where);
}

/// Begins the copy to this block that \p thread, of this one or another, has
/// issued.
void Block::receiveBulkCopy(Thread &thread, size_t offset,
                            const uint8_t *source, size_t place, int32_t bytes,
                            const char *where) {
  MBarrier &barrier = findMBarrier(thread, shared.data() + place, where);
  if (!barrier.isFenced) {
    report(thread, where,
           "the async proxy may not see the initialisation of its mbarrier "
           "(missing fence.mbarrier_init)");
    leave();
  }
  checkShared(thread,
              shared.beginCopy(offset, bytes, thread.party, barrier.bulkAgent),
              where);
  barrier.bulk.push_back({offset, {source, source + bytes}});
  completePhase(thread, place, barrier, where);
}

/// What \p thread has initialised is known to the async proxy.
void Block::fenceMBarriers(const Thread &thread) {
  for (auto &entry : mbarriers)
    if (entry.second.initialiser == thread.index)
      entry.second.isFenced = true;
}

void Block::fenceProxy(const Thread &thread) {
  fenceMBarriers(thread);
  order.fenceProxy(thread.party);
}
