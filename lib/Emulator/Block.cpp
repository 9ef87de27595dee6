//===- Block.cpp - Barriers and memory of one block -----------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emulator/Cluster.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

using namespace hinm::emulator;

std::string hinm::emulator::render(Dim3 d) {
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

Block::Block(LaunchState &launch, Cluster &cluster, uint32_t rank)
    : launch(launch), cluster(cluster), rank(rank),
      order(cluster.happensBefore()), stacks(launch.block.count()),
      threads(launch.block.count()), warps((threads.size() + 31) / 32),
      warpgroups((threads.size() + 127) / 128), shared(order) {
  for (uint32_t i = 0; i < threads.size(); ++i) {
    threads[i].block = this;
    threads[i].index = i;
    threads[i].party = cluster.firstParty(rank) + i;
    threads[i].position = positionOf(i, launch.block);
    ++warps[threads[i].warp()].threads;
    ++warpgroups[threads[i].warpgroup()].threads;
  }
}

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

void CommitGroups::wait(size_t pending, HappensBefore &order, uint32_t thread) {
  if (committed.size() <= pending)
    return;
  const auto end = committed.end() - pending;
  for (auto group = committed.begin(); group != end; ++group)
    if (group->party != Stamp::none)
      order.acquire(thread, *group);
  committed.erase(committed.begin(), end);
}

bool CommitGroups::hasOperations() const {
  auto isOperation = [](Stamp group) { return group.party != Stamp::none; };
  return isOperation(open) ||
         std::any_of(committed.begin(), committed.end(), isOperation);
}

//===----------------------------------------------------------------------===//
// Begin and end
//===----------------------------------------------------------------------===//

void Block::enter(void *argument) {
  Thread &thread = *static_cast<Thread *>(argument);
  const LaunchState &launch = thread.block->launch;
  launch.kernel(launch.params);
  thread.block->exit(thread);
  thread.block->suspend(thread, /*forGood=*/true);
  abort();
}

void Block::exit(Thread &thread) {
  if (thread.wgmmas.isPending()) {
    report(thread, thread.arrival.where,
           "the thread ends, or reads the sums, while a wgmma is running "
           "(missing wgmma.wait_group)");
    leave();
  }
  if (thread.bulkStores.hasOperations()) {
    report(thread, "the thread",
           "ends while its bulk copies read shared memory (missing "
           "cp.async.bulk.wait_group)");
    leave();
  }
  order.release(thread.party, atExit);
  thread.state = Thread::Done;
  cluster.exit(thread);
}

void Block::suspend(Thread &thread, bool forGood) {
  thread.fiber.switchTo(cluster.turnTaker(), forGood);
}

void Block::begin(Dim3 index) {
  blockIndex = index;
  shared.reset(launch.sharedBytes);
  for (NamedBarrier &barrier : barriers)
    barrier.waiting.clear();
  mbarriers.clear();
  visits.clear();
  atExit = Knowledge();
  for (Team &warp : warps)
    warp.arrived = 0;
  wgmmaAgents.clear();
  for (Team &warpgroup : warpgroups) {
    warpgroup.arrived = 0;
    wgmmaAgents.push_back(order.addAgent());
  }
  for (Thread &thread : threads) {
    thread.fiber.prepare(stacks.stack(thread.index), StackPool::stackSize(),
                         &Block::enter, &thread);
    thread.state = Thread::Ready;
    thread.copies.clear();
    thread.landed = 0;
    thread.groups.clear();
    thread.hasArrived = false;
    thread.mayUseRegisters = false;
    thread.wgmmas = {};
    thread.bulkStores = {};
    thread.storeAgent.reset();
  }
}

bool Block::isDone() const {
  return std::all_of(threads.begin(), threads.end(),
                     [](const Thread &t) { return t.state == Thread::Done; });
}

/// Bulk copies must not outlive the block, whose shared memory they fill, and
/// other blocks must not come to its mbarriers when it has gone.
bool Block::finish() {
  loads.finish();
  launch.lines += std::exchange(loads.lines, 0);
  launch.lineTurns += std::exchange(loads.turns, 0);
  for (const auto &[offset, barrier] : mbarriers) {
    if (barrier.bulk.empty())
      continue;
    report(threads[barrier.initialiser], "the block",
           "ends while bulk copies of " + describeMBarrier(offset) +
               " are in flight");
    return false;
  }
  for (const auto &[party, visit] : visits) {
    if (atExit.all.knows({party, visit.time}))
      continue;
    const std::string block = "block " + render(blockIndex);
    report(*visit.thread, visit.where,
           party >= firstAgent
               ? block + " may end before " + describeParty(party) +
                     ", for which no thread has waited"
               : "comes to the shared memory of " + block +
                     ", which may have ended before (missing barrier.cluster "
                     "at the end)");
    return false;
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

void Block::report(const Thread &culprit, const char *where,
                   const std::string &text) {
  setError(std::string(where) + ": " + text + " [kernel " + launch.name +
           ", block " + render(culprit.block->blockIndex) + ", thread " +
           render(culprit.position) + "]");
  launch.failed = true;
}

void Block::leave() {
  suspend(*currentThread(), /*forGood=*/true);
  abort();
}

std::string Block::describeMBarrier(size_t offset) const {
  return "the mbarrier at byte offset " + std::to_string(offset);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

std::string Block::describeParty(uint32_t party) const {
  if (party == Violation::several)
    return "several threads";
  const bool isWarp = party & Violation::severalOfWarp;
  const uint32_t thread =
      isWarp ? (party & ~Violation::severalOfWarp) * 32 : party;
  if (thread < firstAgent) {
    const uint32_t home = cluster.rankOf(thread);
    const uint32_t index = thread - cluster.firstParty(home);
    const std::string where =
        home == rank ? ""
                     : " of block " + render(cluster.block(home).blockIndex);
    if (isWarp)
      return "several threads of warp " + std::to_string(index / 32) + where;
    return "thread " + render(positionOf(index, launch.block)) + where;
  }
  for (size_t i = 0; i < wgmmaAgents.size(); ++i)
    if (wgmmaAgents[i] == party)
      return "a wgmma of warpgroup " + std::to_string(i);
  for (const Thread &thread : threads)
    if (thread.storeAgent == party)
      return "a bulk copy of thread " + render(thread.position);
  for (const auto &[offset, barrier] : mbarriers)
    if (barrier.copyAgent == party || barrier.bulkAgent == party)
      return "a copy of " + describeMBarrier(offset);
  return "a copy of a former mbarrier";
}

std::string Block::describe(const Violation &violation) const {
  const std::string other = describeParty(violation.other);
  const bool isThreads = violation.other >= Violation::several ||
                         (violation.other & Violation::severalOfWarp) ||
                         violation.other < firstAgent;
  const std::string filling =
      isThreads ? "a cp.async of " + other +
                      " is still filling (missing wait_group or mbarrier wait)"
                : other + " is still filling (missing wait for the mbarrier)";
  const std::string unordered = isThreads ? " with no barrier between"
                                          : " and that nobody has waited for";
  switch (violation.kind) {
  case Violation::ReadsInFlight:
    return "reads shared memory that " + filling;
  case Violation::WritesInFlight:
    return "writes shared memory that " + filling;
  case Violation::ReadsAfterWrite:
    return "race: reads shared memory that " + other + " wrote" + unordered;
  case Violation::ReadsUnfenced:
    return "reads shared memory that " + other +
           " wrote by the generic proxy, with no fence.proxy.async between";
  case Violation::WritesAfterRead:
    return "race: writes shared memory that " + other + " read" + unordered;
  case Violation::WritesAfterWrite:
    return "race: writes shared memory that " + other + " wrote" + unordered;
  case Violation::TouchesBarrier:
    return "touches an mbarrier as if it were data";
  case Violation::None:
  case Violation::ReadsUninitialised:
    break;
  }
  return "reads uninitialised shared memory";
}

void Block::checkShared(const Thread &thread, const Violation &violation,
                        const char *where) {
  if (!violation)
    return;
  report(thread, where,
         describe(violation) + ", at byte offset " +
             std::to_string(violation.offset) + " of " +
             std::to_string(shared.size()) + " bytes" +
             (thread.block == this ? "" : " of block " + render(blockIndex)));
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

void Block::checkAlignment(const Thread &thread, const void *address,
                           size_t alignment, bool isStore, const char *where) {
  const uintptr_t value = reinterpret_cast<uintptr_t>(address);
  if (value % alignment == 0)
    return;
  report(thread, where,
         std::string("misaligned: ") + (isStore ? "writes" : "reads") +
             " at an address that must be a multiple of " +
             std::to_string(alignment) + " bytes and is " +
             std::to_string(value % alignment) + " behind one");
  leave();
}

void Block::access(Thread &thread, const void *address, size_t bytes,
                   bool isStore, const char *where) {
  const uintptr_t value = reinterpret_cast<uintptr_t>(address);
  const char *verb = isStore ? "writes" : "reads";
  if (shared.isNear(value)) {
    const size_t offset = sharedOffset(thread, address, bytes, verb, where);
    const Violation violation = isStore
                                    ? shared.write(offset, bytes, thread.party)
                                    : shared.read(offset, bytes, thread.party);
    return checkShared(thread, violation, where);
  }
  const Range *range = thread.lastRange;
  if (!range || !range->contains(value, bytes)) {
    if (thread.fiber.ownsAddress(value))
      return; // an alloca
    if (Block *owner = cluster.findOwner(address)) {
      report(thread, where,
             std::string(verb) + " the shared memory of block " +
                 render(owner->blockIndex) +
                 ": of other blocks the emulator knows their mbarriers");
      leave();
    }
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

void Block::countLoad(const Thread &thread, const void *address, size_t bytes,
                      const void *site) {
  const uintptr_t value = reinterpret_cast<uintptr_t>(address);
  if (launch.counts && shared.isNear(value))
    loads.record(thread.warp(), thread.lane(), site,
                 value - reinterpret_cast<uintptr_t>(shared.data()), bytes);
}

void Block::checkPolicy(const Thread &thread, int64_t policy,
                        const char *where) {
  if (policy == evictFirstPolicy)
    return;
  report(thread, where, "its cache policy is of no createpolicy");
  leave();
}

void Block::streamedLoad(Thread &thread, const void *address, size_t bytes,
                         int64_t policy, const char *where) {
  checkPolicy(thread, policy, where);
  if (shared.isNear(reinterpret_cast<uintptr_t>(address))) {
    report(thread, where, "loads from shared memory as if it were global");
    leave();
  }
  checkAlignment(thread, address, bytes, /*isStore=*/false, where);
  access(thread, address, bytes, /*isStore=*/false, where);
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
  checkShared(thread,
              shared.beginCopy(copy.offset, bytes, thread.party, thread.party),
              where);
  thread.copies.push_back(copy);
}

void Block::commitCopies(Thread &thread) {
  thread.groups.push_back(thread.landed + thread.copies.size());
}

/// Lands the copies of \p thread up to its \p end-th.
void Block::landCopies(Thread &thread, uint64_t end, Stamp by) {
  for (; thread.landed < end; ++thread.landed) {
    const AsyncCopy &copy = thread.copies.front();
    shared.land(copy.offset, copy.data, copy.bytes, by);
    thread.copies.pop_front();
  }
}

void Block::waitForCopies(Thread &thread, int32_t pending) {
  const size_t keep = std::max(pending, 0);
  if (thread.groups.size() <= keep)
    return;
  const auto end = thread.groups.end() - keep;
  landCopies(thread, *std::prev(end), order.now(thread.party));
  thread.groups.erase(thread.groups.begin(), end);
}

//===----------------------------------------------------------------------===//
// Barriers
//===----------------------------------------------------------------------===//

void Block::barrier(Thread &thread, int32_t id, int32_t count,
                    const char *where) {
  const int32_t all = int32_t(threads.size());
  if (id < 0 || id > 15) {
    report(thread, where,
           "barrier " + std::to_string(id) +
               ": a block has those from 0 to 15");
    leave();
  }
  if (count < 0 || count > all || (count != all && count % 32 != 0)) {
    report(thread, where,
           "a barrier of " + std::to_string(count) +
               " threads: it takes whole warps of the block's " +
               std::to_string(all) + " threads");
    leave();
  }
  if (count == 0)
    count = all;
  NamedBarrier &named = barriers[id];
  if (named.waiting.empty()) {
    named.count = count;
  } else if (named.count != count) {
    report(thread, where,
           "a barrier of " + std::to_string(count) +
               " threads, at which others wait for " +
               std::to_string(named.count));
    leave();
  }
  thread.where = where;
  thread.state = Thread::AtBarrier;
  named.waiting.push_back(thread.index);
  if (int32_t(named.waiting.size()) < count)
    return suspend(thread);
  if (count == all && cluster.size() == 1) {
    order.orderAll();
  } else {
    std::vector<uint32_t> parties(named.waiting);
    for (uint32_t &member : parties)
      member = threads[member].party;
    order.order(parties);
  }
  for (uint32_t member : named.waiting)
    threads[member].state = Thread::Ready;
  named.waiting.clear();
  // Go on only in turn, lest the last thread runs ahead of all others.
  suspend(thread);
}
