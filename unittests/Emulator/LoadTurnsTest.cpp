//===- LoadTurnsTest.cpp - Bank conflicts of plain loads ------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emulator/LoadTurns.h"

#include "gtest/gtest.h"
#include <functional>

using namespace hinm::emulator;

namespace {

/// Counts a load of \p bytes, of every lane at its offset.
LoadTurns count(size_t bytes, const std::function<size_t(size_t)> &offsetOf) {
  LoadTurns turns;
  for (uint32_t lane = 0; lane < 32; ++lane)
    turns.record(0, lane, &turns, offsetOf(lane), bytes);
  return turns;
}

TEST(LoadTurns, NeighboursDoNotConflict) {
  for (size_t bytes : {4, 8, 16}) {
    const LoadTurns turns =
        count(bytes, [&](size_t lane) { return lane * bytes; });
    EXPECT_EQ(turns.lines, bytes / 4);
    EXPECT_EQ(turns.turns, bytes / 4);
  }
}

TEST(LoadTurns, ABankGivesAWordATurn) {
  for (size_t stride : {1, 2, 4, 8, 16, 32}) {
    const LoadTurns turns =
        count(4, [&](size_t lane) { return lane * stride * 4; });
    EXPECT_EQ(turns.lines, 1u);
    EXPECT_EQ(turns.turns, stride);
  }
}

TEST(LoadTurns, OneWordIsGivenToAll) {
  EXPECT_EQ(count(4, [](size_t) { return 400; }).turns, 1u);
  // Halves of a word, too.
  EXPECT_EQ(count(2, [](size_t lane) { return lane * 2; }).turns, 1u);
  // Eight lanes at a time: two rows of one line each have four chunks twice.
  const LoadTurns rows =
      count(16, [](size_t lane) { return lane % 2 * 128 + lane / 2 % 4 * 16; });
  EXPECT_EQ(rows.lines, 4u);
  EXPECT_EQ(rows.turns, 8u);
}

TEST(LoadTurns, LanesComeByOneAfterTheOther) {
  // Each lane executes both instructions three times before the next does.
  LoadTurns turns;
  const char first = 0, second = 0;
  for (uint32_t warp = 0; warp < 2; ++warp)
    for (uint32_t lane = 0; lane < 32; ++lane)
      for (size_t time = 0; time < 3; ++time) {
        turns.record(warp, lane, &first, time * 4096 + lane * 4, 4);
        turns.record(warp, lane, &second, time * 4096 + lane * 128, 4);
      }
  EXPECT_EQ(turns.lines, 2u * 3 * 2);
  EXPECT_EQ(turns.turns, 2u * 3 * (1 + 32));
}

TEST(LoadTurns, LanesThatStayAwayWantNothing) {
  LoadTurns turns;
  const char site = 0;
  for (uint32_t lane = 0; lane < 8; ++lane)
    turns.record(0, lane, &site, lane * 128, 16);
  EXPECT_EQ(turns.lines, 0u);
  turns.finish();
  EXPECT_EQ(turns.lines, 1u);
  EXPECT_EQ(turns.turns, 8u);
  // What was open is forgotten.
  turns.finish();
  EXPECT_EQ(turns.lines, 1u);
}

} // namespace
