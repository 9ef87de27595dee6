//===- SlabsTest.cpp - Places of shared rows against brute force ----------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/Slabs.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <numeric>
#include <random>
#include <set>
#include <vector>

using namespace hinm::core;

namespace {

using Columns = std::vector<int32_t>;

/// Lists of \p kept columns of each of \p windows windows, in random order.
Columns draw(std::mt19937 &random, int64_t tiles, int64_t windows,
             int64_t window, int64_t kept) {
  Columns all;
  for (int64_t tile = 0; tile < tiles; ++tile)
    for (int64_t w = 0; w < windows; ++w) {
      Columns own(window);
      std::iota(own.begin(), own.end(), static_cast<int32_t>(w * window));
      std::shuffle(own.begin(), own.end(), random);
      all.insert(all.end(), own.begin(), own.begin() + kept);
    }
  return all;
}

/// What reads of slab (block, window): the entries, by tile.
std::vector<std::vector<int64_t>> entriesOf(const SlabLists &lists,
                                            int64_t block, int64_t window) {
  std::vector<std::vector<int64_t>> entries;
  const int64_t listed = lists.getNumListed();
  for (int64_t tile = 0; tile < lists.numTiles; ++tile) {
    if (tile / lists.tilesPerSlab != block)
      continue;
    entries.emplace_back(listed);
    std::iota(entries.back().begin(), entries.back().end(),
              (tile * lists.numWindows + window) * listed);
  }
  return entries;
}

template <typename Body>
void forEachSlab(const SlabLists &lists, Body body) {
  for (int64_t block = 0; block < lists.getNumBlocks(); ++block)
    for (int64_t window = 0; window < lists.numWindows; ++window)
      body(block, window, entriesOf(lists, block, window));
}

/// Turns by the definition: in each eight the most different places that are
/// equal modulo 8. Eights of bytes are as the kernels' documentation has them.
int64_t countTurns(const SlabLists &lists, const Columns &places) {
  const std::vector<std::vector<int64_t>> orders =
      lists.elementBytes == 2
          ? std::vector<std::vector<int64_t>>{{0, 1, 2, 3, 4, 5, 6, 7},
                                              {8, 9, 10, 11, 12, 13, 14, 15}}
          : std::vector<std::vector<int64_t>>{{0, 1, 4, 5, 8, 9, 12, 13},
                                              {2, 3, 6, 7, 10, 11, 14, 15}};
  int64_t turns = 0;
  for (size_t first = 0; first < places.size(); first += 16)
    for (const auto &order : orders) {
      std::vector<std::set<int32_t>> classes(8);
      for (int64_t i : order)
        classes[places[first + i] % 8].insert(places[first + i]);
      size_t most = 0;
      for (const auto &places : classes)
        most = std::max(most, places.size());
      turns += static_cast<int64_t>(most);
    }
  return turns;
}

/// Every listed row lies where its list says, once, and nothing else does.
void expectToHold(const SlabLists &lists, const Slabs &slabs) {
  ASSERT_EQ(slabs.places.size(), lists.columns.size());
  ASSERT_EQ(static_cast<int64_t>(slabs.rows.size()),
            lists.getNumBlocks() * lists.numWindows * slabs.size);
  EXPECT_EQ(slabs.size % 32, 0);
  size_t most = 0;
  forEachSlab(lists, [&](int64_t block, int64_t window, const auto &tiles) {
    const auto first =
        slabs.rows.begin() + (block * lists.numWindows + window) * slabs.size;
    std::set<int32_t> listed;
    for (const auto &entries : tiles)
      for (int64_t entry : entries) {
        listed.insert(lists.columns[entry]);
        ASSERT_GE(slabs.places[entry], 0);
        ASSERT_LT(slabs.places[entry], slabs.size);
        EXPECT_EQ(first[getSlabEntry(slabs.places[entry])],
                  lists.columns[entry]);
      }
    std::multiset<int32_t> held(first, first + slabs.size);
    held.erase(-1);
    EXPECT_EQ(held, std::multiset<int32_t>(listed.begin(), listed.end()));
    most = std::max(most, listed.size());
  });
  EXPECT_GE(slabs.size, static_cast<int64_t>(most));
  EXPECT_LT(slabs.size, static_cast<int64_t>(most) + 32);
  EXPECT_EQ(countSlabPlaces(lists), slabs.size);
}

TEST(Slabs, HoldTheRowsThatTheirTilesList) {
  std::mt19937 random(1);
  for (int round = 0; round < 30; ++round) {
    const int64_t tiles = 1 + random() % 7, windows = 1 + random() % 3;
    const int64_t kept = 64 * (1 + random() % 2);
    const int64_t window = kept + 4 * (random() % 40);
    Columns columns = draw(random, tiles, windows, window, kept);
    // A dense group of columns is listed twice.
    std::copy_n(columns.begin(), 4, columns.begin() + 8);
    const SlabLists lists = {columns, tiles, windows,
                             static_cast<int64_t>(1 + random() % 5),
                             static_cast<int64_t>(1 + random() % 2)};
    const Slabs slabs = makeSlabs(lists, /*threads=*/1);
    expectToHold(lists, slabs);
    EXPECT_EQ(countSlabTurns(lists, slabs.places),
              countTurns(lists, slabs.places));
  }
}

TEST(Slabs, ListPlacesOfAClassTogether) {
  std::vector<int64_t> places(64);
  for (int64_t place = 0; place < 64; ++place)
    places[getSlabEntry(place)] = place;
  for (int64_t entry = 0; entry < 64; ++entry) {
    EXPECT_EQ(places[entry] / 32, entry / 32);
    EXPECT_EQ(places[entry] % 8, entry / 4 % 8);
    EXPECT_EQ(places[entry] / 8 % 4, entry % 4);
  }
}

TEST(Slabs, AreOfTheirListsAlone) {
  std::mt19937 random(5);
  const Columns columns = draw(random, 4, 2, 128, 64);
  const SlabLists lists = {columns, 4, 2, 1, 2};
  const Slabs slabs = makeSlabs(lists, 1);
  EXPECT_TRUE(holdLists(slabs, lists));
  // As many rows, in half as many slabs.
  EXPECT_FALSE(holdLists({2 * slabs.size, slabs.rows, slabs.places},
                         {columns, 4, 2, 2}));
  const Columns others = draw(random, 4, 2, 128, 64);
  EXPECT_FALSE(holdLists(slabs, {others, 4, 2, 1, 2}));
  Slabs beyond = slabs;
  beyond.places[3] = slabs.size;
  EXPECT_FALSE(holdLists(beyond, lists));
  // A row that no tile lists.
  const Columns half = draw(random, 1, 1, 72, 64);
  const SlabLists few = {{half.data(), 8}, 1, 1, 1, 2};
  Slabs more = makeSlabs(few, 1);
  EXPECT_TRUE(holdLists(more, few));
  *llvm::find(more.rows, -1) = half[20];
  EXPECT_FALSE(holdLists(more, few));
}

TEST(Slabs, AreTheSameOnAnyNumberOfThreads) {
  std::mt19937 random(2);
  const Columns columns = draw(random, 8, 2, 128, 64);
  const SlabLists lists = {columns, 8, 2, 4, 2};
  const Slabs one = makeSlabs(lists, 1), many = makeSlabs(lists, 3);
  EXPECT_EQ(one.rows, many.rows);
  EXPECT_EQ(one.places, many.places);
}

/// Mean turns of an eight with \p tilesPerSlab tiles that keep 64 columns of
/// every \p window.
double meanTurns(int64_t tilesPerSlab, int64_t window, int64_t elementBytes) {
  std::mt19937 random(3);
  const Columns columns = draw(random, 2 * tilesPerSlab, 3, window, 64);
  const SlabLists lists = {columns, 2 * tilesPerSlab, 3, tilesPerSlab,
                           elementBytes};
  return 8.0 * countTurns(lists, makeSlabs(lists, 1).places) / columns.size();
}

TEST(Slabs, OfOneOrTwoTilesHaveNoConflicts) {
  for (int64_t tiles : {1, 2})
    for (int64_t window : {64, 80, 128, 512})
      for (int64_t bytes : {1, 2})
        EXPECT_EQ(meanTurns(tiles, window, bytes), 1)
            << tiles << " tiles, window " << window << ", " << bytes
            << " bytes";
}

TEST(Slabs, OfSeveralTilesHaveFewConflicts) {
  EXPECT_LE(meanTurns(4, 512, 2), 1.01);
  EXPECT_LE(meanTurns(4, 256, 2), 1.02);
  EXPECT_LE(meanTurns(4, 256, 1), 1.02);
  EXPECT_LE(meanTurns(4, 128, 2), 1.2);
  EXPECT_LE(meanTurns(8, 256, 2), 1.3);
  EXPECT_LE(meanTurns(8, 128, 2), 1.6);
}

TEST(Slabs, OfTilesThatListTheSameNeedNoMorePlaces) {
  std::mt19937 random(4);
  const Columns one = draw(random, 1, 1, 256, 128);
  Columns columns;
  for (int tile = 0; tile < 4; ++tile)
    columns.insert(columns.end(), one.begin(), one.end());
  const SlabLists lists = {columns, 4, 1, 4, 2};
  const Slabs slabs = makeSlabs(lists, 1);
  EXPECT_EQ(slabs.size, 128);
  EXPECT_EQ(countSlabTurns(lists, slabs.places), 64);
}

TEST(Slabs, OfNothing) {
  const SlabLists lists = {{}, 0, 1, 4, 2};
  const Slabs slabs = makeSlabs(lists, 1);
  EXPECT_EQ(slabs.size, 0);
  EXPECT_TRUE(slabs.rows.empty());
}

} // namespace
