//===- Block.cpp - Turns, barriers and memory of one block ----------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emulator/Block.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

using namespace hinm::emulator;

static thread_local Thread *running = nullptr;

Thread *hinm::emulator::currentThread() { return running; }

static std::string render(Dim3 d) {
  return "(" + std::to_string(d.x) + "," + std::to_string(d.y) + "," +
         std::to_string(d.z) + ")";
}

static Dim3 positionOf(uint32_t index, Dim3 block) {
  Dim3 position;
  position.x = index % block.x;
  position.y = index / block.x % block.y;
  position.z = index / block.x / block.y;
  return position;
}

Block::Block(LaunchState &launch, uint64_t seed)
    : launch(launch), stacks(launch.block.count()),
      threads(launch.block.count()), warps((threads.size() + 31) / 32),
      random(seed) {
  scheduler.adoptCurrentThread();
  for (uint32_t i = 0; i < threads.size(); ++i) {
    threads[i].block = this;
    threads[i].index = i;
    threads[i].position = positionOf(i, launch.block);
    ++warps[threads[i].warp()].lanes;
    order.push_back(i);
  }
}

//===----------------------------------------------------------------------===//
// Scheduling
//===----------------------------------------------------------------------===//

void Block::enter(void *argument) {
  Thread &thread = *static_cast<Thread *>(argument);
  const LaunchState &launch = thread.block->launch;
  launch.kernel(launch.params);
  thread.state = Thread::Done;
  thread.block->suspend(thread, /*forGood=*/true);
  abort();
}

void Block::suspend(Thread &thread, bool forGood) {
  thread.fiber.switchTo(scheduler, forGood);
}

bool Block::run(Dim3 index) {
  blockIndex = index;
  shared.reset(launch.sharedBytes);
  atBarrier = 0;
  epoch = 0;
  for (Warp &warp : warps)
    warp.arrived = warp.epoch = 0;
  for (Thread &thread : threads) {
    thread.fiber.prepare(stacks.stack(thread.index), StackPool::stackSize(),
                         &Block::enter, &thread);
    thread.state = Thread::Ready;
    thread.copies.clear();
    thread.groupSizes.clear();
    thread.openCopies = 0;
  }

  for (;;) {
    if (launch.seed != 0)
      std::shuffle(order.begin(), order.end(), random);
    bool progress = false;
    for (uint32_t i : order) {
      Thread &thread = threads[i];
      if (thread.state != Thread::Ready)
        continue;
      progress = true;
      running = &thread;
      scheduler.switchTo(thread.fiber);
      running = nullptr;
      // An error here, or in a block of another worker, drops all fibers.
      if (launch.failed.load(std::memory_order_relaxed))
        return false;
    }
    if (progress)
      continue;
    if (isDone())
      return true;
    reportDeadlock();
    return false;
  }
}

bool Block::isDone() const {
  return std::all_of(threads.begin(), threads.end(),
                     [](const Thread &t) { return t.state == Thread::Done; });
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

void Block::report(const Thread &culprit, const char *where,
                   const std::string &text) {
  setError(std::string(where) + ": " + text + " [kernel " + launch.name +
           ", block " + render(blockIndex) + ", thread " +
           render(culprit.position) + "]");
  launch.failed = true;
}

void Block::leave() {
  suspend(*running, /*forGood=*/true);
  abort();
}

/// Nothing can run, yet threads wait: name one, and what it waits for.
void Block::reportDeadlock() {
  auto stateOf = [](const Thread &t) -> std::string {
    if (t.state == Thread::Done)
      return "has exited";
    if (t.state == Thread::AtBarrier)
      return std::string("waits at ") + t.barrierWhere;
    return std::string("waits at ") + t.arrival.where;
  };
  for (Thread &waiting : threads) {
    if (waiting.state != Thread::AtCollective)
      continue;
    for (Thread &other : threads)
      if (other.warp() == waiting.warp() && other.state != waiting.state)
        return report(waiting, waiting.arrival.where,
                      "divergent: not all lanes of the warp arrive; thread " +
                          render(other.position) + " " + stateOf(other));
  }
  for (Thread &waiting : threads) {
    if (waiting.state != Thread::AtBarrier)
      continue;
    for (Thread &other : threads)
      if (other.state != waiting.state)
        return report(waiting, waiting.barrierWhere,
                      "divergent: not all threads of the block arrive; "
                      "thread " +
                          render(other.position) + " " + stateOf(other));
  }
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Stamp Block::stamp(const Thread &thread) const {
  Stamp stamp;
  stamp.thread = thread.index;
  stamp.warpEpoch = warps[thread.warp()].epoch;
  stamp.blockEpoch = epoch;
  return stamp;
}

std::string Block::describe(Violation violation) const {
  std::string other;
  if (violation.other == Stamp::manyWarps)
    other = "several threads";
  else if (violation.other != Stamp::none &&
           (violation.other & Stamp::manyOfWarp))
    other = "several threads of warp " +
            std::to_string(violation.other & ~Stamp::manyOfWarp);
  else if (violation.other != Stamp::none)
    other = "thread " + render(threads[violation.other].position);
  switch (violation.kind) {
  case Violation::ReadsInFlight:
    return "reads shared memory that a cp.async of " + other +
           " is still filling (missing wait_group)";
  case Violation::WritesInFlight:
    return "writes shared memory that a cp.async of " + other +
           " is still filling (missing wait_group)";
  case Violation::ReadsAfterWrite:
    return "race: reads shared memory that " + other +
           " wrote with no barrier between";
  case Violation::WritesAfterRead:
    return "race: writes shared memory that " + other +
           " read with no barrier between";
  case Violation::WritesAfterWrite:
    return "race: writes shared memory that " + other +
           " wrote with no barrier between";
  case Violation::None:
  case Violation::ReadsUninitialised:
    break;
  }
  return "reads uninitialised shared memory";
}

void Block::checkShared(const Thread &thread, Violation violation,
                        const char *where) {
  if (!violation)
    return;
  report(thread, where,
         describe(violation) + ", at byte offset " +
             std::to_string(violation.offset) + " of " +
             std::to_string(shared.size()) + " bytes");
  leave();
}

/// The offset in shared memory, where the bytes must lie.
size_t Block::sharedOffset(const Thread &thread, const void *address,
                           size_t bytes, const char *verb, const char *where) {
  const uintptr_t value = reinterpret_cast<uintptr_t>(address);
  Range range;
  range.begin = shared.address();
  range.end = range.begin + shared.size();
  range.what = "the shared memory";
  if (range.contains(value, bytes))
    return value - range.begin;
  if (!shared.isNear(value)) {
    report(thread, where,
           std::string(verb) + " an address that is not in the block's shared "
                               "memory");
    leave();
  }
  report(thread, where,
         "out of bounds: " + std::string(verb) + " " +
             describePlace(range, value, bytes));
  leave();
}

void Block::access(Thread &thread, const void *address, size_t bytes,
                   bool isStore, const char *where) {
  const uintptr_t value = reinterpret_cast<uintptr_t>(address);
  const char *verb = isStore ? "writes" : "reads";
  if (shared.isNear(value)) {
    const size_t offset = sharedOffset(thread, address, bytes, verb, where);
    const Violation violation = isStore
                                    ? shared.write(offset, bytes, stamp(thread))
                                    : shared.read(offset, bytes, stamp(thread));
    return checkShared(thread, violation, where);
  }
  const Range *range = thread.lastRange;
  if (!range || !range->contains(value, bytes)) {
    if (thread.fiber.ownsAddress(value))
      return; // an alloca
    range = launch.memory.find(value, bytes);
    if (!range) {
      constexpr size_t nearby = 1 << 20;
      if (const Range *meant = launch.memory.nearest(value, bytes, nearby)) {
        report(thread, where,
               "out of bounds: " + std::string(verb) + " " +
                   describePlace(*meant, value, bytes));
        leave();
      }
      report(thread, where,
             "out of bounds: " + std::string(verb) + " " +
                 std::to_string(bytes) +
                 " bytes outside of all memory (freed, " +
                 "null or host memory?)");
      leave();
    }
    thread.lastRange = range;
  }
  if (isStore && !range->writable) {
    report(thread, where,
           "writes read-only memory: " + describePlace(*range, value, bytes));
    leave();
  }
}

void Block::beginCopy(Thread &thread, void *sharedAddress, const void *global,
                      int32_t bytes, int32_t sourceBytes, const char *where) {
  if (bytes != 4 && bytes != 8 && bytes != 16) {
    report(thread, where,
           "cp.async copies 4, 8 or 16 bytes, not " + std::to_string(bytes));
    leave();
  }
  if (sourceBytes < 0 || sourceBytes > bytes) {
    report(thread, where,
           "cp.async of " + std::to_string(bytes) + " bytes has a source of " +
               std::to_string(sourceBytes));
    leave();
  }
  if (reinterpret_cast<uintptr_t>(sharedAddress) % bytes ||
      (sourceBytes && reinterpret_cast<uintptr_t>(global) % bytes)) {
    report(thread, where,
           "misaligned: cp.async addresses must be multiples of its " +
               std::to_string(bytes) + " bytes");
    leave();
  }
  AsyncCopy copy = {};
  copy.offset = sharedOffset(thread, sharedAddress, bytes, "writes", where);
  copy.bytes = bytes;
  if (sourceBytes) {
    if (shared.isNear(reinterpret_cast<uintptr_t>(global))) {
      report(thread, where, "cp.async reads shared memory as its source");
      leave();
    }
    access(thread, global, sourceBytes, /*isStore=*/false, where);
    memcpy(copy.data, global, sourceBytes);
  }
  checkShared(thread, shared.beginCopy(copy.offset, bytes, stamp(thread)),
              where);
  thread.copies.push_back(copy);
  ++thread.openCopies;
}

void Block::waitForCopies(Thread &thread, int32_t pending) {
  const size_t keep = std::max(pending, 0);
  if (thread.groupSizes.size() <= keep)
    return;
  const size_t groups = thread.groupSizes.size() - keep;
  size_t count = 0;
  for (size_t i = 0; i < groups; ++i)
    count += thread.groupSizes[i];
  for (size_t i = 0; i < count; ++i) {
    const AsyncCopy &copy = thread.copies[i];
    shared.land(copy.offset, copy.data, copy.bytes, stamp(thread));
  }
  thread.copies.erase(thread.copies.begin(), thread.copies.begin() + count);
  thread.groupSizes.erase(thread.groupSizes.begin(),
                          thread.groupSizes.begin() + groups);
}

//===----------------------------------------------------------------------===//
// Barriers
//===----------------------------------------------------------------------===//

void Block::barrier(Thread &thread, const char *where) {
  thread.barrierWhere = where;
  if (++atBarrier < threads.size()) {
    thread.state = Thread::AtBarrier;
    return suspend(thread);
  }
  atBarrier = 0;
  ++epoch;
  for (Warp &warp : warps)
    warp.epoch = 0;
  for (Thread &other : threads)
    other.state = Thread::Ready;
  // Go on only in turn, lest the last thread runs ahead of all others.
  suspend(thread);
}
