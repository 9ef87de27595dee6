//===- BankConflictsTest.cpp - Pairs of groups against brute force --------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/BankConflicts.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <numeric>
#include <random>
#include <set>
#include <vector>

using namespace hinm::core;

namespace {

using Columns = std::vector<int32_t>;

/// \p count different columns of \p channels, in random order.
Columns draw(std::mt19937 &random, int64_t count, int64_t channels) {
  Columns all(channels);
  std::iota(all.begin(), all.end(), 0);
  std::shuffle(all.begin(), all.end(), random);
  all.resize(count);
  return all;
}

std::multiset<Columns> groupsOf(const Columns &columns, int64_t size = 4) {
  std::multiset<Columns> groups;
  for (auto at = columns.begin(); at != columns.end(); at += size)
    groups.insert(Columns(at, at + size));
  return groups;
}

/// The fewest turns of any order of the groups.
int64_t fewestTurns(const Columns &columns, int64_t size = 4) {
  std::vector<size_t> order(columns.size() / size);
  std::iota(order.begin(), order.end(), 0);
  int64_t best = columns.size();
  do {
    Columns ordered;
    for (size_t group : order)
      ordered.insert(ordered.end(), columns.begin() + size * group,
                     columns.begin() + size * group + size);
    best = std::min(best, countBankTurns(ordered, size));
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

TEST(BankConflicts, CountsTheTurnsOfEights) {
  EXPECT_EQ(countBankTurns({}), 0);
  EXPECT_EQ(countBankTurns({0, 1, 2, 3, 4, 5, 6, 7}), 1);
  EXPECT_EQ(countBankTurns({0, 8, 16, 3, 4, 5, 6, 7}), 3);
  EXPECT_EQ(countBankTurns({0, 1, 2, 3, 8, 9, 10, 11, 0, 8, 1, 2}), 4);
  // The same row is read once.
  EXPECT_EQ(countBankTurns({0, 1, 2, 3, 0, 1, 2, 3}), 1);
}

TEST(BankConflicts, GroupsStayAndTurnsDoNotBecomeMore) {
  std::mt19937 random(1);
  for (int round = 0; round < 500; ++round) {
    const int64_t groups = 1 + random() % 40;
    const Columns before = draw(random, 4 * groups, 4 * groups + random() % 99);
    Columns after(before.begin(), before.end());
    arrangeGroups(after, 0);
    EXPECT_EQ(groupsOf(after), groupsOf(before));
    EXPECT_LE(countBankTurns(after), countBankTurns(before));
    Columns again(before.begin(), before.end());
    arrangeGroups(again, 0);
    EXPECT_EQ(again, after);
  }
}

TEST(BankConflicts, IsNearTheBestOrderOfFewGroups) {
  std::mt19937 random(2);
  int64_t found = 0, best = 0, before = 0;
  for (int round = 0; round < 60; ++round) {
    Columns columns = draw(random, 24, 96);
    before += countBankTurns(columns);
    best += fewestTurns(columns);
    arrangeGroups(columns, 0);
    found += countBankTurns(columns);
  }
  EXPECT_LT(found, before);
  EXPECT_LE(found, best * 1.05);
}

TEST(BankConflicts, ManyGroupsTakeFewerTurns) {
  std::mt19937 random(3);
  Columns columns = draw(random, 2048, 4096);
  const double before = countBankTurns(columns) / 256.0;
  arrangeGroups(columns, 0);
  const double after = countBankTurns(columns) / 256.0;
  EXPECT_GT(before, 2.4);
  EXPECT_LT(after, 2.0);
}

TEST(BankConflicts, PairsTakeTurnsOfFour) {
  EXPECT_EQ(countBankTurns({0, 1, 2, 3}, 2), 1);
  EXPECT_EQ(countBankTurns({0, 4, 8, 3}, 2), 3);
  EXPECT_EQ(countBankTurns({0, 1, 4, 5, 0, 0}, 2), 3);
  std::mt19937 random(7);
  int64_t found = 0, best = 0, first = 0;
  for (int round = 0; round < 60; ++round) {
    const Columns before = draw(random, 12, 48);
    Columns after(before.begin(), before.end());
    arrangeGroups(after, 0, 2);
    EXPECT_EQ(groupsOf(after, 2), groupsOf(before, 2));
    EXPECT_LE(countBankTurns(after, 2), countBankTurns(before, 2));
    first += countBankTurns(before, 2);
    found += countBankTurns(after, 2);
    best += fewestTurns(before, 2);
  }
  EXPECT_LT(found, first);
  EXPECT_LE(found, best * 1.05);
  // An odd number of them, and of each window.
  for (int round = 0; round < 100; ++round) {
    Columns before;
    for (int32_t window = 0; window < 5; ++window)
      for (int32_t column : draw(random, 2 * (1 + random() % 8), 32))
        before.push_back(column + 32 * window);
    Columns after(before.begin(), before.end());
    arrangeGroups(after, 32, 2);
    EXPECT_EQ(groupsOf(after, 2), groupsOf(before, 2));
    EXPECT_LE(countBankTurns(after, 2), countBankTurns(before, 2));
    for (size_t i = 0; i < before.size(); ++i)
      EXPECT_EQ(after[i] / 32, before[i] / 32);
  }
}

TEST(BankConflicts, GroupsStayInTheirWindow) {
  std::mt19937 random(4);
  for (int round = 0; round < 100; ++round) {
    Columns before;
    for (int32_t window = 0; window < 5; ++window)
      for (int32_t column : draw(random, 4 * (1 + random() % 8), 64))
        before.push_back(column + 64 * window);
    Columns after(before.begin(), before.end());
    arrangeGroups(after, 64);
    EXPECT_EQ(groupsOf(after), groupsOf(before));
    EXPECT_LE(countBankTurns(after), countBankTurns(before));
    for (size_t i = 0; i < before.size(); ++i)
      EXPECT_EQ(after[i] / 64, before[i] / 64);
  }
}

TEST(BankConflicts, NothingToArrange) {
  Columns none, one = {3, 1, 2, 9};
  arrangeGroups(none, 0);
  arrangeGroups(one, 64);
  EXPECT_EQ(one, Columns({3, 1, 2, 9}));
}

} // namespace
