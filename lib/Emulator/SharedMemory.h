//===- SharedMemory.h - Shared memory that remembers who touched it *- C++
//-*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The shared memory of a block with a shadow per byte: uninitialised, being
/// filled by an asynchronous copy, an mbarrier, or valid; who wrote it last and
/// who has read it since.
///
/// Two accesses of different parties, one of them a write, must be ordered as
/// HappensBefore.h says. Anything else is an error, also when the interleaving
/// of this run hides it.
///
//===----------------------------------------------------------------------===//

#ifndef LIB_EMULATOR_SHAREDMEMORY_H
#define LIB_EMULATOR_SHAREDMEMORY_H

#include "Emulator/HappensBefore.h"

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace hinm::emulator {

struct Violation {
  enum Kind {
    None,
    ReadsUninitialised,
    ReadsInFlight,
    WritesInFlight,
    ReadsAfterWrite,
    ReadsUnfenced,
    WritesAfterRead,
    WritesAfterWrite,
    TouchesBarrier
  };
  Kind kind = None;
  size_t offset = 0;
  /// The other party; or several parties, or threads of the warp in the low
  /// bits.
  uint32_t other = Stamp::none;

  static constexpr uint32_t several = 0xFFFFFFFE;
  static constexpr uint32_t severalOfWarp = 0x80000000;

  explicit operator bool() const { return kind != None; }
};

class SharedMemory {
public:
  explicit SharedMemory(const HappensBefore &order) : order(order) {}

  /// Starts a block: all bytes are 0xFF and uninitialised.
  void reset(size_t bytes);

  uint8_t *data() const { return const_cast<uint8_t *>(base); }
  size_t size() const { return used; }
  uintptr_t address() const { return reinterpret_cast<uintptr_t>(base); }
  /// Whether \p value lies in this memory or so near that it was meant to.
  bool isNear(uintptr_t value) const {
    return value - (address() - guard) < used + 2 * guard;
  }

  /// The accesses of a thread. They record it unless it is an error.
  Violation read(size_t offset, size_t bytes, uint32_t thread);
  Violation write(size_t offset, size_t bytes, uint32_t thread);
  /// A read by the async proxy on behalf of threads that have \p common
  /// knowledge; it goes on until somebody has waited for \p by.
  Violation readAsync(size_t offset, size_t bytes, Stamp by,
                      const Knowledge &common);
  /// An asynchronous copy of \p party begins; its bytes may land at any time
  /// until land(). Either \p party is \p thread, or an agent works for it.
  Violation beginCopy(size_t offset, size_t bytes, uint32_t thread,
                      uint32_t party);
  void land(size_t offset, const uint8_t *source, size_t bytes, Stamp by);
  /// Makes an mbarrier of the bytes, or ordinary uninitialised memory again.
  Violation beginBarrier(size_t offset, size_t bytes, uint32_t thread);
  void endBarrier(size_t offset, size_t bytes);
  /// Who wrote the byte.
  Stamp writer(size_t offset) const { return writers[offset]; }

private:
  static constexpr size_t guard = 4096;
  // What a byte is: one of these, or the party whose copy is in flight.
  static constexpr uint32_t valid = 0xFFFFFFFF;
  static constexpr uint32_t uninitialised = 0xFFFFFFFE;
  static constexpr uint32_t barrier = 0xFFFFFFFD;
  /// The party of readers that are several; their time is an index of sets.
  static constexpr uint32_t several = 0xFFFFFFFE;

  /// Readers \p first, and then \p second.
  struct Succession {
    Stamp first, second;
    bool operator==(const Succession &other) const {
      return first == other.first && second == other.second;
    }
  };
  struct SuccessionHash {
    size_t operator()(const Succession &key) const;
  };

  /// Whether the byte holds what somebody has written.
  Violation checkReadable(size_t offset) const;
  Violation checkWrite(size_t offset, size_t bytes, uint32_t thread) const;
  const std::vector<Stamp> &getSet(Stamp readers) const;
  bool areBefore(Stamp readers, uint32_t thread) const;
  uint32_t namePending(Stamp readers, uint32_t thread) const;
  Stamp addReader(Stamp before, Stamp by, const Clock &known);
  void addReaders(size_t offset, size_t bytes, Stamp by, const Clock &known);
  void forgetSets();
  void collectSets();

  const HappensBefore &order;
  std::vector<uint8_t> storage;
  uint8_t *base = nullptr;
  size_t used = 0;
  std::vector<Stamp> writers, readers;
  std::vector<uint32_t> states;
  // Readers of one byte that are several. Bytes share sets; those of before the
  // last barrier of the block, with indices below firstSet, are forgotten.
  std::vector<std::vector<Stamp>> sets;
  uint32_t firstSet = 0;
  uint32_t settled = 0;
  bool haveAgentsRead = false; // whom no barrier orders
  std::unordered_map<Succession, Stamp, SuccessionHash> successors;
};

} // namespace hinm::emulator

#endif // LIB_EMULATOR_SHAREDMEMORY_H
