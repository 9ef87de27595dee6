//===- SharedMemory.cpp - Shared memory with a shadow ---------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emulator/SharedMemory.h"

#include <algorithm>
#include <cstring>

using namespace hinm::emulator;

static uint16_t warpOf(uint16_t thread) {
  if (thread & Stamp::manyOfWarp)
    return thread & ~Stamp::manyOfWarp;
  return thread / 32;
}

/// Whether a barrier lies between \p before and the access \p now.
static bool ordered(Stamp before, Stamp now) {
  if (before.thread == Stamp::none || before.thread == now.thread ||
      before.blockEpoch != now.blockEpoch)
    return true;
  return before.thread != Stamp::manyWarps &&
         warpOf(before.thread) == warpOf(now.thread) &&
         before.warpEpoch != now.warpEpoch;
}

/// The reader to remember after \p now has read what \p before had read.
static Stamp mergeReaders(Stamp before, Stamp now) {
  // An ordered reader may be forgotten: whoever conflicts with it later also
  // conflicts with its successor, which is of the same warp or a later epoch.
  if (ordered(before, now))
    return now;
  const bool sameWarp = before.thread != Stamp::manyWarps &&
                        warpOf(before.thread) == warpOf(now.thread);
  now.thread = sameWarp ? Stamp::manyOfWarp | warpOf(now.thread)
                        : uint16_t(Stamp::manyWarps);
  return now;
}

void SharedMemory::reset(size_t bytes) {
  constexpr size_t alignment = 1024;
  storage.resize(bytes + 2 * guard + alignment);
  const uintptr_t start = reinterpret_cast<uintptr_t>(storage.data()) + guard;
  base = storage.data() + guard + (alignment - start % alignment) % alignment;
  used = bytes;
  std::fill(storage.begin(), storage.end(), uint8_t(0xFF));
  writers.assign(bytes, Stamp());
  readers.assign(bytes, Stamp());
  states.assign(bytes, uninitialised);
}

Violation SharedMemory::read(size_t offset, size_t bytes, Stamp by) {
  for (size_t i = offset; i < offset + bytes; ++i) {
    if (states[i] != valid) {
      if (states[i] == uninitialised)
        return {Violation::ReadsUninitialised, i, Stamp::none};
      return {Violation::ReadsInFlight, i, states[i]};
    }
    if (!ordered(writers[i], by))
      return {Violation::ReadsAfterWrite, i, writers[i].thread};
    if (!(readers[i] == by))
      readers[i] = mergeReaders(readers[i], by);
  }
  return {};
}

Violation SharedMemory::checkWrite(size_t offset, size_t bytes,
                                   Stamp by) const {
  for (size_t i = offset; i < offset + bytes; ++i) {
    if (states[i] != valid && states[i] != uninitialised)
      return {Violation::WritesInFlight, i, states[i]};
    if (!ordered(writers[i], by))
      return {Violation::WritesAfterWrite, i, writers[i].thread};
    if (!ordered(readers[i], by))
      return {Violation::WritesAfterRead, i, readers[i].thread};
  }
  return {};
}

Violation SharedMemory::write(size_t offset, size_t bytes, Stamp by) {
  if (Violation violation = checkWrite(offset, bytes, by))
    return violation;
  std::fill_n(states.begin() + offset, bytes, uint16_t(valid));
  std::fill_n(writers.begin() + offset, bytes, by);
  return {};
}

Violation SharedMemory::beginCopy(size_t offset, size_t bytes, Stamp by) {
  if (Violation violation = checkWrite(offset, bytes, by))
    return violation;
  std::fill_n(states.begin() + offset, bytes, by.thread);
  // What was there is gone: reads before the wait would get either version.
  memset(base + offset, 0xFF, bytes);
  return {};
}

void SharedMemory::land(size_t offset, const uint8_t *source, size_t bytes,
                        Stamp by) {
  memcpy(base + offset, source, bytes);
  std::fill_n(states.begin() + offset, bytes, uint16_t(valid));
  std::fill_n(writers.begin() + offset, bytes, by);
}
