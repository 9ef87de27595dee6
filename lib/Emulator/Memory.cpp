//===- Memory.cpp - Which addresses a kernel may touch --------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emulator/Memory.h"

#include "Emulator/Emulator.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>

using namespace hinm::emulator;

namespace {

// As cuMemAlloc; the red zone keeps a neighbour's data out of reach of a small
// overrun, so that the error can say which allocation was meant.
constexpr size_t alignment = 256;
constexpr size_t redZone = 4096;

// What is freed goes back to malloc only when this much was freed after it, so
// that a stale pointer does not lead into memory that is in use again.
constexpr size_t quarantineBytes = size_t(64) << 20;

struct HeapBlock {
  void *memory; // as malloc gave it
  size_t bytes;
};

struct Registry {
  std::mutex mutex;
  std::map<uintptr_t, Range> ranges;
  std::map<uintptr_t, HeapBlock> blocks; // by the begin of the allocation
  std::deque<HeapBlock> quarantine;      // oldest first
  size_t quarantined = 0;
  std::string error;
};

} // namespace

// Never destroyed: static destructors of loaded modules may still free memory.
static Registry &registry() {
  static Registry *instance = new Registry;
  return *instance;
}

static std::string hex(uintptr_t address) {
  char text[32];
  snprintf(text, sizeof(text), "0x%llx", (unsigned long long)address);
  return text;
}

void hinm::emulator::setError(std::string text) {
  Registry &r = registry();
  std::lock_guard<std::mutex> lock(r.mutex);
  if (r.error.empty())
    r.error = std::move(text);
}

std::string hinm::emulator::lastError() {
  Registry &r = registry();
  std::lock_guard<std::mutex> lock(r.mutex);
  return r.error;
}

void hinm::emulator::clearError() {
  Registry &r = registry();
  std::lock_guard<std::mutex> lock(r.mutex);
  r.error.clear();
}

//===----------------------------------------------------------------------===//
// MemoryMap
//===----------------------------------------------------------------------===//

const Range *MemoryMap::find(uintptr_t address, size_t bytes) const {
  auto next = std::upper_bound(
      ranges.begin(), ranges.end(), address,
      [](uintptr_t value, const Range &range) { return value < range.begin; });
  if (next == ranges.begin())
    return nullptr;
  const Range &range = *std::prev(next);
  return range.contains(address, bytes) ? &range : nullptr;
}

const Range *MemoryMap::nearest(uintptr_t address, size_t bytes,
                                size_t distance) const {
  const Range *best = nullptr;
  uintptr_t bestGap = distance;
  for (const Range &range : ranges) {
    uintptr_t gap = 0;
    if (address >= range.end)
      gap = address - range.end;
    else if (address < range.begin && range.begin - address > bytes)
      gap = range.begin - address - bytes;
    if (gap <= bestGap && (!best || gap < bestGap)) {
      best = &range;
      bestGap = gap;
    }
  }
  return best;
}

MemoryMap hinm::emulator::snapshotMemory() {
  Registry &r = registry();
  std::lock_guard<std::mutex> lock(r.mutex);
  std::vector<Range> sorted;
  sorted.reserve(r.ranges.size());
  for (const auto &entry : r.ranges)
    sorted.push_back(entry.second);
  return MemoryMap(std::move(sorted));
}

std::string hinm::emulator::describePlace(const Range &range, uintptr_t address,
                                          size_t bytes) {
  return std::to_string(bytes) + " bytes at byte offset " +
         std::to_string(static_cast<intptr_t>(address - range.begin)) + " of " +
         range.what + " of " + std::to_string(range.end - range.begin) +
         " bytes";
}

//===----------------------------------------------------------------------===//
// Allocations and registered ranges
//===----------------------------------------------------------------------===//

void *hinm::emulator::allocate(size_t bytes) {
  if (bytes == 0)
    return nullptr;
  const size_t padding = 2 * redZone + alignment;
  if (bytes > SIZE_MAX - padding)
    return setError("out of emulator memory"), nullptr;
  const size_t total = (bytes + padding) & ~(alignment - 1);
  void *block = std::aligned_alloc(alignment, total);
  if (!block) {
    setError("out of emulator memory: cannot allocate " +
             std::to_string(bytes) + " bytes");
    return nullptr;
  }
  memset(block, 0xFF, total);
  const uintptr_t begin = reinterpret_cast<uintptr_t>(block) + redZone;
  Registry &r = registry();
  std::lock_guard<std::mutex> lock(r.mutex);
  Range range;
  range.begin = begin;
  range.end = begin + bytes;
  r.ranges[begin] = range;
  r.blocks[begin] = {block, total};
  return reinterpret_cast<void *>(begin);
}

bool hinm::emulator::deallocate(void *pointer) {
  if (!pointer)
    return true;
  const uintptr_t begin = reinterpret_cast<uintptr_t>(pointer);
  Registry &r = registry();
  std::unique_lock<std::mutex> lock(r.mutex);
  auto found = r.blocks.find(begin);
  if (found == r.blocks.end()) {
    lock.unlock();
    setError("free of " + hex(begin) +
             ", which is not a live allocation (freed twice?)");
    return false;
  }
  r.quarantine.push_back(found->second);
  r.quarantined += found->second.bytes;
  r.blocks.erase(found);
  r.ranges.erase(begin);
  while (r.quarantined > quarantineBytes) {
    std::free(r.quarantine.front().memory);
    r.quarantined -= r.quarantine.front().bytes;
    r.quarantine.pop_front();
  }
  return true;
}

bool hinm::emulator::registerRange(const void *begin, size_t bytes,
                                   bool writable, const char *what) {
  Range range;
  range.begin = reinterpret_cast<uintptr_t>(begin);
  range.end = range.begin + bytes;
  range.writable = writable;
  range.what = what;
  Registry &r = registry();
  std::unique_lock<std::mutex> lock(r.mutex);
  auto next = r.ranges.lower_bound(range.end);
  if (bytes != 0 && next != r.ranges.begin() &&
      std::prev(next)->second.end > range.begin) {
    lock.unlock();
    setError(std::string("cannot register ") + what + " at " +
             hex(range.begin) + ": it overlaps memory that is known already");
    return false;
  }
  r.ranges[range.begin] = range;
  return true;
}

bool hinm::emulator::unregisterRange(const void *begin) {
  const uintptr_t address = reinterpret_cast<uintptr_t>(begin);
  Registry &r = registry();
  std::unique_lock<std::mutex> lock(r.mutex);
  if (r.blocks.count(address) == 0 && r.ranges.erase(address) != 0)
    return true;
  lock.unlock();
  setError("cannot unregister " + hex(address) + ": it is not registered");
  return false;
}

bool hinm::emulator::checkHostAccess(const void *pointer, size_t bytes,
                                     const char *what) {
  const uintptr_t address = reinterpret_cast<uintptr_t>(pointer);
  const MemoryMap map = snapshotMemory();
  const Range *range = map.nearest(address, bytes, 0);
  // A host buffer that merely ends where a range begins is none of ours.
  if (!range || range->contains(address, bytes) || bytes == 0 ||
      address + bytes <= range->begin || address >= range->end)
    return true;
  setError(std::string(what) + ": out of bounds, " +
           describePlace(*range, address, bytes));
  return false;
}
