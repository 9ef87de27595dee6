//===- LoadTurns.cpp - Bank conflicts of plain loads ----------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emulator/LoadTurns.h"

#include <algorithm>
#include <set>

using namespace hinm::emulator;

void LoadTurns::record(uint32_t warp, uint32_t lane, const void *site,
                       size_t offset, size_t bytes) {
  Site &mine = sites[{warp, site}];
  const uint64_t number = mine.next[lane]++ - mine.first;
  if (mine.open.size() <= number)
    mine.open.resize(number + 1);
  Load &load = mine.open[number];
  load.bytes = bytes;
  load.offsets[lane] = offset;
  load.isActive[lane] = true;
  ++load.lanes;
  for (; !mine.open.empty() && mine.open.front().lanes == 32; ++mine.first) {
    count(mine.open.front());
    mine.open.pop_front();
  }
}

void LoadTurns::finish() {
  for (const auto &[place, site] : sites)
    for (const Load &load : site.open)
      count(load);
  sites.clear();
}

/// A turn gives a word of each of the 32 banks. Lanes that want more than one
/// are served in groups whose words are 32 together; lanes that want the same
/// word get it at once.
void LoadTurns::count(const Load &load) {
  constexpr size_t word = 4, banks = 32;
  const size_t words = std::max<size_t>(1, load.bytes / word);
  const size_t lanes = std::max<size_t>(1, banks / words);
  for (size_t first = 0; first < 32; first += lanes) {
    std::set<size_t> wanted[banks];
    size_t most = 0;
    for (size_t lane = first; lane < first + lanes; ++lane)
      for (size_t i = 0; load.isActive[lane] && i < words; ++i) {
        const size_t place = load.offsets[lane] / word + i;
        wanted[place % banks].insert(place);
        most = std::max(most, wanted[place % banks].size());
      }
    lines += most != 0;
    turns += most;
  }
}
