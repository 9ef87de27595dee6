//===- Cluster.cpp - Turns of the threads of a cluster --------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emulator/Cluster.h"

#include <algorithm>

using namespace hinm::emulator;

static thread_local Thread *running = nullptr;

Thread *hinm::emulator::currentThread() { return running; }

static uint32_t roundUpToWarps(uint64_t threads) {
  return uint32_t((threads + 31) / 32 * 32);
}

Cluster::Cluster(LaunchState &launch, uint64_t seed)
    : launch(launch), partiesOfBlock(roundUpToWarps(launch.block.count())),
      random(seed) {
  scheduler.adoptCurrentThread();
  for (uint32_t rank = 0; rank < launch.cluster.count(); ++rank) {
    blocks.push_back(std::make_unique<Block>(launch, *this, rank));
    for (Thread &thread : blocks.back()->allThreads())
      turns.push_back(&thread);
  }
}

bool Cluster::valid() const {
  return std::all_of(blocks.begin(), blocks.end(),
                     [](const auto &block) { return block->valid(); });
}

Block *Cluster::findOwner(const void *address) {
  for (const std::unique_ptr<Block> &block : blocks)
    if (block->sharedMemory().isNear(reinterpret_cast<uintptr_t>(address)))
      return block.get();
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Turns
//===----------------------------------------------------------------------===//

bool Cluster::run(Dim3 index) {
  const Dim3 shape = launch.cluster;
  order.reset(firstParty(size()));
  phase = arrived = 0;
  alive = uint32_t(turns.size());
  arriving = passed = Knowledge();
  for (uint32_t rank = 0; rank < size(); ++rank) {
    Dim3 place;
    place.x = index.x * shape.x + rank % shape.x;
    place.y = index.y * shape.y + rank / shape.x % shape.y;
    place.z = index.z * shape.z + rank / shape.x / shape.y;
    blocks[rank]->begin(place);
  }

  for (;;) {
    if (launch.seed != 0)
      std::shuffle(turns.begin(), turns.end(), random);
    bool progress = false;
    for (Thread *thread : turns) {
      if (thread->state != Thread::Ready)
        continue;
      progress = true;
      running = thread;
      scheduler.switchTo(thread->fiber);
      running = nullptr;
      // An error here, or in a block of another worker, drops all fibers.
      if (launch.failed.load(std::memory_order_relaxed))
        return false;
    }
    if (progress)
      continue;
    if (isDone())
      return std::all_of(blocks.begin(), blocks.end(),
                         [](const auto &block) { return block->finish(); });
    reportDeadlock();
    return false;
  }
}

bool Cluster::isDone() const {
  return std::all_of(blocks.begin(), blocks.end(),
                     [](const auto &block) { return block->isDone(); });
}

//===----------------------------------------------------------------------===//
// The barrier of the cluster
//===----------------------------------------------------------------------===//

void Cluster::arrive(Thread &thread, const char *where) {
  if (thread.hasArrived) {
    thread.block->report(thread, where,
                         "arrives twice at the barrier of the cluster, with no "
                         "barrier.cluster.wait between");
    thread.block->leave();
  }
  thread.hasArrived = true;
  thread.arrivedIn = phase;
  order.release(thread.party, arriving);
  ++arrived;
  completeBarrier();
}

void Cluster::wait(Thread &thread, const char *where) {
  if (!thread.hasArrived) {
    thread.block->report(thread, where,
                         "waits at the barrier of the cluster, at which it has "
                         "not arrived");
    thread.block->leave();
  }
  if (thread.arrivedIn == phase) {
    thread.where = where;
    thread.state = Thread::AtClusterBarrier;
    thread.fiber.switchTo(scheduler);
  }
  thread.hasArrived = false;
  order.acquire(thread.party, passed);
}

void Cluster::exit(Thread &thread) {
  --alive;
  if (thread.hasArrived && thread.arrivedIn == phase)
    --arrived;
  completeBarrier();
}

/// Ends the phase if all threads that have not ended have arrived.
void Cluster::completeBarrier() {
  if (arrived == 0 || arrived < alive)
    return;
  ++phase;
  arrived = 0;
  passed = std::move(arriving);
  arriving = Knowledge();
  for (Thread *thread : turns)
    if (thread->state == Thread::AtClusterBarrier)
      thread->state = Thread::Ready;
}

//===----------------------------------------------------------------------===//
// Deadlocks
//===----------------------------------------------------------------------===//

static bool isOfWarpgroup(Collective kind) {
  return kind == Collective::SparseWgmma;
}

std::string Cluster::name(const Thread &thread) const {
  std::string text = "thread " + render(thread.position);
  if (size() > 1)
    text += " of block " + render(thread.block->index());
  if (thread.state == Thread::Done)
    return text + " has exited";
  return text + " waits at " +
         (thread.state == Thread::AtCollective ? thread.arrival.where
                                               : thread.where);
}

/// Nothing can run, yet threads wait: name one, and what it waits for.
void Cluster::reportDeadlock() {
  if (reportStuckCollective() || reportStuckMBarrier() || reportStuckBarrier())
    return;
  for (const Thread *waiting : turns) {
    if (waiting->state != Thread::AtClusterBarrier)
      continue;
    for (const Thread *other : turns)
      if (other->state != waiting->state && other->state != Thread::Done)
        return waiting->block->report(
            *waiting, waiting->where,
            "deadlock: not all threads of the cluster arrive at its barrier; " +
                name(*other));
  }
}

bool Cluster::reportStuckCollective() {
  for (const Thread *waiting : turns) {
    if (waiting->state != Thread::AtCollective)
      continue;
    const bool isWarpgroup = isOfWarpgroup(waiting->arrival.kind);
    for (const Thread &other : waiting->block->allThreads()) {
      const bool isMember = isWarpgroup
                                ? other.warpgroup() == waiting->warpgroup()
                                : other.warp() == waiting->warp();
      if (!isMember || other.state == waiting->state)
        continue;
      waiting->block->report(
          *waiting, waiting->arrival.where,
          std::string("divergent: not all ") +
              (isWarpgroup ? "threads of the warpgroup" : "lanes of the warp") +
              " arrive; " + name(other));
      return true;
    }
  }
  return false;
}

/// Rather the mbarrier at which most have arrived than those who wait for its
/// waiters.
bool Cluster::reportStuckMBarrier() {
  auto mbarrierOf = [](const Thread &thread) -> const MBarrier & {
    return thread.block->mbarrier(thread.mbarrier);
  };
  auto isMissingLess = [&](const Thread &one, const Thread &other) {
    const MBarrier &a = mbarrierOf(one), &b = mbarrierOf(other);
    return uint64_t(a.pending) * b.count < uint64_t(b.pending) * a.count;
  };
  const Thread *first = nullptr;
  for (const Thread *waiting : turns)
    if (waiting->state == Thread::AtMBarrier &&
        (!first || isMissingLess(*waiting, *first)))
      first = waiting;
  if (!first)
    return false;
  const MBarrier &barrier = mbarrierOf(*first);
  int64_t missing = barrier.bytes;
  for (const BulkCopy &copy : barrier.bulk)
    missing -= copy.data.size();
  first->block->report(
      *first, first->where,
      "deadlock: waits for phase " + std::to_string(barrier.phase) + " of " +
          first->block->describeMBarrier(first->mbarrier) + ", which misses " +
          std::to_string(barrier.pending) + " of " +
          std::to_string(barrier.count) + " arrivals and " +
          std::to_string(missing) + " bytes of bulk copies");
  return true;
}

bool Cluster::reportStuckBarrier() {
  for (const Thread *waiting : turns) {
    if (waiting->state != Thread::AtBarrier)
      continue;
    for (const Thread &other : waiting->block->allThreads())
      if (other.state != waiting->state) {
        waiting->block->report(
            *waiting, waiting->where,
            "divergent: not all threads of the block arrive; " + name(other));
        return true;
      }
    waiting->block->report(
        *waiting, waiting->where,
        "deadlock: too few threads arrive at the barrier, or at different "
        "ones");
    return true;
  }
  return false;
}
