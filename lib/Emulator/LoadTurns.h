//===- LoadTurns.h - Bank conflicts of plain loads --------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Turns in which the banks of shared memory serve plain loads. Threads are
/// fibers, each of which runs until it has to wait, so the lanes of a warp
/// execute a load one after the other: the n-th time that a lane comes by an
/// instruction belongs to the n-th time of the others.
///
//===----------------------------------------------------------------------===//

#ifndef LIB_EMULATOR_LOADTURNS_H
#define LIB_EMULATOR_LOADTURNS_H

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <utility>

namespace hinm::emulator {

class LoadTurns {
public:
  /// A load of \p bytes at \p offset of shared memory by the instruction at
  /// \p site.
  void record(uint32_t warp, uint32_t lane, const void *site, size_t offset,
              size_t bytes);
  /// Counts what not all lanes have executed, and forgets everything.
  void finish();

  /// 128 bytes, or what the last lanes want: without conflicts a turn each.
  uint64_t lines = 0;
  uint64_t turns = 0;

private:
  /// One execution by a warp.
  struct Load {
    size_t bytes = 0; // of a lane
    uint32_t lanes = 0;
    size_t offsets[32];
    bool isActive[32] = {};
  };
  struct Site {
    std::deque<Load> open; // from number `first` on
    uint64_t first = 0;
    uint64_t next[32] = {};
  };

  void count(const Load &load);

  std::map<std::pair<uint32_t, const void *>, Site> sites;
};

} // namespace hinm::emulator

#endif // LIB_EMULATOR_LOADTURNS_H
