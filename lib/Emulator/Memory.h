//===- Memory.h - Which addresses a kernel may touch ------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The ranges of device memory: allocations, module data, registered host
/// memory. A launch works on a copy, which its worker threads only read.
///
//===----------------------------------------------------------------------===//

#ifndef LIB_EMULATOR_MEMORY_H
#define LIB_EMULATOR_MEMORY_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace hinm::emulator {

struct Range {
  uintptr_t begin = 0, end = 0;
  bool writable = true;
  const char *what = "an allocation";

  bool contains(uintptr_t address, size_t bytes) const {
    return address >= begin && address <= end && bytes <= end - address;
  }
};

/// Ranges that do not overlap, by address.
class MemoryMap {
public:
  explicit MemoryMap(std::vector<Range> sorted) : ranges(std::move(sorted)) {}

  /// The range that holds all of the bytes, or nullptr.
  const Range *find(uintptr_t address, size_t bytes) const;
  /// The range that the bytes touch or to which they are nearest, if that is
  /// within \p distance bytes.
  const Range *nearest(uintptr_t address, size_t bytes, size_t distance) const;

private:
  std::vector<Range> ranges;
};

/// All ranges that are live now.
MemoryMap snapshotMemory();

/// "<bytes> bytes at byte offset <o> of <what> of <size> bytes".
std::string describePlace(const Range &range, uintptr_t address, size_t bytes);

/// Keeps \p text unless there is an error already. Safe from any thread.
void setError(std::string text);

} // namespace hinm::emulator

#endif // LIB_EMULATOR_MEMORY_H
