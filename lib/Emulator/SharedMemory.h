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
/// filled by a cp.async, or valid; who wrote and who read it last, and when.
///
/// Two accesses of different threads, one of them a write, are ordered by a
/// block barrier between them, or by a warp barrier if both are in one warp.
/// Anything else is an error, also when the interleaving of this run hides it.
///
//===----------------------------------------------------------------------===//

#ifndef LIB_EMULATOR_SHAREDMEMORY_H
#define LIB_EMULATOR_SHAREDMEMORY_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hinm::emulator {

/// Who accesses, and after how many barriers. The count of warp barriers starts
/// again at each block barrier.
struct Stamp {
  uint16_t thread = none;
  uint16_t warpEpoch = 0;
  uint32_t blockEpoch = 0;

  static constexpr uint16_t none = 0xFFFF;
  /// Readers only: threads of more than one warp.
  static constexpr uint16_t manyWarps = 0xFFFE;
  /// Readers only, plus the warp: several threads of that warp.
  static constexpr uint16_t manyOfWarp = 0x8000;

  bool operator==(const Stamp &other) const {
    return thread == other.thread && warpEpoch == other.warpEpoch &&
           blockEpoch == other.blockEpoch;
  }
};

struct Violation {
  enum Kind {
    None,
    ReadsUninitialised,
    ReadsInFlight,
    WritesInFlight,
    ReadsAfterWrite,
    WritesAfterRead,
    WritesAfterWrite
  };
  Kind kind = None;
  size_t offset = 0;
  /// The other party, as in Stamp::thread.
  uint16_t other = Stamp::none;

  explicit operator bool() const { return kind != None; }
};

class SharedMemory {
public:
  /// Starts a block: all bytes are 0xFF and uninitialised.
  void reset(size_t bytes);

  uint8_t *data() const { return const_cast<uint8_t *>(base); }
  size_t size() const { return used; }
  uintptr_t address() const { return reinterpret_cast<uintptr_t>(base); }
  /// Whether \p value lies in this memory or so near that it was meant to.
  bool isNear(uintptr_t value) const {
    return value - (address() - guard) < used + 2 * guard;
  }

  /// The accesses of the thread \p by. They record it unless it is an error.
  Violation read(size_t offset, size_t bytes, Stamp by);
  Violation write(size_t offset, size_t bytes, Stamp by);
  /// A cp.async begins; its bytes may land at any time until land().
  Violation beginCopy(size_t offset, size_t bytes, Stamp by);
  void land(size_t offset, const uint8_t *source, size_t bytes, Stamp by);

private:
  static constexpr size_t guard = 4096;
  static constexpr uint16_t valid = 0xFFFF;
  static constexpr uint16_t uninitialised = 0xFFFE;

  Violation checkWrite(size_t offset, size_t bytes, Stamp by) const;

  std::vector<uint8_t> storage;
  uint8_t *base = nullptr;
  size_t used = 0;
  std::vector<Stamp> writers, readers;
  // valid, uninitialised, or the thread whose copy is in flight.
  std::vector<uint16_t> states;
};

} // namespace hinm::emulator

#endif // LIB_EMULATOR_SHAREDMEMORY_H
