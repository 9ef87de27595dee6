//===- SharedMemory.cpp - Shared memory with a shadow ---------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emulator/SharedMemory.h"

#include <cstring>

using namespace hinm::emulator;

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
  sets.clear();
  successors.clear();
  firstSet = settled = 0;
  haveAgentsRead = false;
}

//===----------------------------------------------------------------------===//
// Readers
//===----------------------------------------------------------------------===//

size_t SharedMemory::SuccessionHash::operator()(const Succession &key) const {
  const uint64_t first = uint64_t(key.first.party) << 32 | key.first.time;
  const uint64_t second = uint64_t(key.second.party) << 32 | key.second.time;
  const uint64_t mixed = first * 0x9E3779B97F4A7C15u ^ second;
  return mixed * 0xD6E8FEB86659FD93u >> 16;
}

const std::vector<Stamp> &SharedMemory::getSet(Stamp readers) const {
  static const std::vector<Stamp> empty;
  return readers.time < firstSet ? empty : sets[readers.time - firstSet];
}

bool SharedMemory::areBefore(Stamp readers, uint32_t thread) const {
  if (readers.party != several)
    return order.isBefore(readers, thread);
  for (Stamp reader : getSet(readers))
    if (!order.isBefore(reader, thread))
      return false;
  return true;
}

/// Who of \p readers is not before what \p thread does next: rather an agent,
/// for which a wait is missing, than threads.
uint32_t SharedMemory::namePending(Stamp readers, uint32_t thread) const {
  if (readers.party != several)
    return readers.party;
  uint32_t name = Stamp::none;
  for (Stamp reader : getSet(readers)) {
    if (order.isBefore(reader, thread))
      continue;
    if (reader.party >= firstAgent)
      return reader.party;
    const uint32_t warp = reader.party / 32;
    if (name == Stamp::none)
      name = reader.party;
    else if (name == (Violation::severalOfWarp | warp) ||
             (name < firstAgent && name / 32 == warp))
      name = Violation::severalOfWarp | warp;
    else
      name = Violation::several;
  }
  return name;
}

/// The readers to remember after \p by, who knows \p known, has read what
/// \p before had read. Readers before \p by are forgotten: a write that is not
/// after them is not after \p by either.
Stamp SharedMemory::addReader(Stamp before, Stamp by, const Clock &known) {
  auto isForgotten = [&](Stamp reader) {
    return reader.party == by.party || known.knows(reader);
  };
  if (before.party != several && isForgotten(before))
    return by;
  // What a party knows changes its time, so that equal stamps give equal sets.
  auto [place, isNew] = successors.try_emplace({before, by});
  if (!isNew)
    return place->second;
  std::vector<Stamp> merged;
  if (before.party != several) {
    merged.push_back(before);
  } else {
    for (Stamp reader : getSet(before))
      if (!isForgotten(reader))
        merged.push_back(reader);
  }
  if (merged.empty())
    return place->second = by;
  merged.push_back(by);
  place->second = {several, uint32_t(firstSet + sets.size())};
  const Stamp result = place->second;
  sets.push_back(std::move(merged));
  return result;
}

void SharedMemory::addReaders(size_t offset, size_t bytes, Stamp by,
                              const Clock &known) {
  forgetSets();
  // Neighbours mostly have the same readers.
  Stamp before, after;
  for (size_t i = offset; i < offset + bytes; ++i) {
    if (i == offset || !(readers[i] == before)) {
      before = readers[i];
      after = before == by ? by : addReader(before, by, known);
    }
    readers[i] = after;
  }
}

/// After a barrier of the block sets of threads are of no interest.
void SharedMemory::forgetSets() {
  if (settled != order.settled() && !haveAgentsRead) {
    settled = order.settled();
    firstSet += sets.size();
    sets.clear();
    successors.clear();
  }
  constexpr size_t many = 1 << 16;
  if (successors.size() > many)
    collectSets();
}

/// Keeps only the sets that some byte has.
void SharedMemory::collectSets() {
  std::vector<std::vector<Stamp>> kept;
  std::unordered_map<uint32_t, uint32_t> places;
  const uint32_t newFirst = firstSet + sets.size();
  for (Stamp &reader : readers) {
    if (reader.party != several || reader.time < firstSet)
      continue;
    auto [place, isNew] =
        places.try_emplace(reader.time, newFirst + kept.size());
    if (isNew)
      kept.push_back(std::move(sets[reader.time - firstSet]));
    reader.time = place->second;
  }
  sets = std::move(kept);
  firstSet = newFirst;
  successors.clear();
}

//===----------------------------------------------------------------------===//
// Accesses
//===----------------------------------------------------------------------===//

Violation SharedMemory::checkReadable(size_t offset) const {
  if (states[offset] == valid)
    return {};
  if (states[offset] == uninitialised)
    return {Violation::ReadsUninitialised, offset, Stamp::none};
  if (states[offset] == barrier)
    return {Violation::TouchesBarrier, offset, Stamp::none};
  return {Violation::ReadsInFlight, offset, states[offset]};
}

Violation SharedMemory::read(size_t offset, size_t bytes, uint32_t thread) {
  for (size_t i = offset; i < offset + bytes; ++i) {
    if (const Violation violation = checkReadable(i))
      return violation;
    if (!order.isBefore(writers[i], thread))
      return {Violation::ReadsAfterWrite, i, writers[i].party};
  }
  addReaders(offset, bytes, order.now(thread), order.known(thread));
  return {};
}

Violation SharedMemory::readAsync(size_t offset, size_t bytes, Stamp by,
                                  const Knowledge &common) {
  for (size_t i = offset; i < offset + bytes; ++i) {
    if (const Violation violation = checkReadable(i))
      return violation;
    if (!common.all.knows(writers[i]))
      return {Violation::ReadsAfterWrite, i, writers[i].party};
    if (!common.fenced.knows(writers[i]))
      return {Violation::ReadsUnfenced, i, writers[i].party};
  }
  haveAgentsRead = true;
  addReaders(offset, bytes, by, common.all);
  return {};
}

Violation SharedMemory::checkWrite(size_t offset, size_t bytes,
                                   uint32_t thread) const {
  for (size_t i = offset; i < offset + bytes; ++i) {
    if (states[i] == barrier)
      return {Violation::TouchesBarrier, i, Stamp::none};
    if (states[i] != valid && states[i] != uninitialised)
      return {Violation::WritesInFlight, i, states[i]};
    if (!order.isBefore(writers[i], thread))
      return {Violation::WritesAfterWrite, i, writers[i].party};
    if (areBefore(readers[i], thread))
      continue;
    return {Violation::WritesAfterRead, i, namePending(readers[i], thread)};
  }
  return {};
}

Violation SharedMemory::write(size_t offset, size_t bytes, uint32_t thread) {
  if (Violation violation = checkWrite(offset, bytes, thread))
    return violation;
  // Whoever comes after this write comes after those who have read before it.
  std::fill_n(states.begin() + offset, bytes, uint32_t(valid));
  std::fill_n(writers.begin() + offset, bytes, order.now(thread));
  std::fill_n(readers.begin() + offset, bytes, Stamp());
  return {};
}

Violation SharedMemory::beginCopy(size_t offset, size_t bytes, uint32_t thread,
                                  uint32_t party) {
  if (Violation violation = checkWrite(offset, bytes, thread))
    return violation;
  std::fill_n(states.begin() + offset, bytes, party);
  std::fill_n(readers.begin() + offset, bytes, Stamp());
  // What was there is gone: reads before the wait would get either version.
  memset(base + offset, 0xFF, bytes);
  return {};
}

void SharedMemory::land(size_t offset, const uint8_t *source, size_t bytes,
                        Stamp by) {
  memcpy(base + offset, source, bytes);
  std::fill_n(states.begin() + offset, bytes, uint32_t(valid));
  std::fill_n(writers.begin() + offset, bytes, by);
}

Violation SharedMemory::beginBarrier(size_t offset, size_t bytes,
                                     uint32_t thread) {
  if (Violation violation = write(offset, bytes, thread))
    return violation;
  std::fill_n(states.begin() + offset, bytes, uint32_t(barrier));
  return {};
}

void SharedMemory::endBarrier(size_t offset, size_t bytes) {
  std::fill_n(states.begin() + offset, bytes, uint32_t(uninitialised));
}
