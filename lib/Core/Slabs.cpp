//===- Slabs.cpp - Rows of X that tiles share in shared memory ------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/Slabs.h"

#include "Random.h"
#include "WorkerPool.h"
#include "hinm/Core/BankConflicts.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

using namespace hinm::core;
using llvm::ArrayRef;

namespace {

constexpr int64_t kTurn = 8, kClasses = 8, kPlaces = 32;
/// A round of the search: proposals for each place, the temperature that they
/// start at, in turns, and the share of a turn that every pair of rows in
/// conflict counts: fewer are easier to resolve.
constexpr int64_t kProposals = 80;
constexpr double kTemperature = 0.3, kPairCost = 0.3;
/// Places without a conflict exist for two tiles, where no row is in more than
/// two eights, and are likely to where a round leaves at most one of so many
/// eights with one: that is worth further rounds.
constexpr int64_t kFewEights = 2, kFewConflicts = 64, kRounds = 8;

/// Calls \p body for slab (block, window) with each entry of the lists that
/// reads of it, in the order in which they are read.
void forEachEntry(const SlabLists &lists, int64_t block, int64_t window,
                  llvm::function_ref<void(int64_t entry)> body) {
  const int64_t listed = lists.getNumListed();
  const int64_t first = block * lists.tilesPerSlab;
  const int64_t last = std::min(first + lists.tilesPerSlab, lists.numTiles);
  for (int64_t tile = first; tile < last; ++tile)
    for (int64_t row = 0; row < listed; ++row)
      body((tile * lists.numWindows + window) * listed +
           getReadPosition(row, lists.elementBytes));
}

/// The classes of places at which the rows of an eight lie.
class Eight {
public:
  void add(int64_t where) {
    ++rows[where];
    if (rows[where] > turns) {
      turns = rows[where];
      numFull = 0;
    }
    numFull += rows[where] == turns;
  }
  int64_t getTurns() const { return turns; }
  bool isInConflict(int64_t where) const { return rows[where] > 1; }
  /// By how many there are more pairs of rows in conflict, and turns, if a row
  /// moves from class \p from to another, \p to.
  int pairsOfMove(int64_t from, int64_t to) const {
    return rows[to] - rows[from] + 1;
  }
  int turnsOfMove(int64_t from, int64_t to) const {
    return (rows[to] == turns) -
           (rows[from] == turns && numFull == 1 && rows[to] + 1 < turns);
  }
  /// A class without a row, from \p first on; there is one where rows are in
  /// conflict.
  uint32_t findFree(uint32_t first) const {
    while (rows[first % kClasses] != 0)
      ++first;
    return first % kClasses;
  }
  void move(int64_t from, int64_t to) {
    numFull -= rows[from] == turns;
    --rows[from];
    add(to);
    if (numFull > 0)
      return;
    // The class was the only one with so many.
    --turns;
    numFull = std::count(rows.begin(), rows.end(), turns);
  }

private:
  std::array<int8_t, kClasses> rows = {};
  int8_t turns = 0;   // the most rows of a class
  int8_t numFull = 0; // classes with so many
};

/// The rows of one slab, numbered as they are first read, and where they lie.
class SlabSearch {
public:
  SlabSearch(const SlabLists &lists, int64_t block, int64_t window,
             int64_t size);

  void run(Random random);
  void write(Slabs &slabs, const SlabLists &lists, int64_t block,
             int64_t window) const;

private:
  /// Turns beyond one of each eight.
  int64_t countExcess() const;
  /// What it costs to exchange what is at two places, of two classes.
  double costOfExchange(int64_t a, int64_t b) const;
  void exchange(int64_t a, int64_t b);
  /// Moves row \p row in its eights but for \p others.
  void moveRow(int32_t row, ArrayRef<int32_t> others, int64_t from, int64_t to);
  /// Lists eight \p number among the conflicts, or takes it from them.
  void noteConflict(int32_t number);
  void runRound(Random &random);

  int64_t size;
  std::vector<int32_t> columns; // by the number of a row
  llvm::DenseMap<int32_t, int32_t> numberOf;
  std::vector<std::vector<int32_t>> rowsOf;   // of each eight, each row once
  std::vector<std::vector<int32_t>> eightsOf; // of each row
  std::vector<Eight> eights;
  std::vector<int32_t> conflicts;  // eights of several turns
  std::vector<int32_t> conflictAt; // of each eight, among those
  std::vector<int32_t> rowAt;   // of each place: a number, or beyond the last
  std::vector<int32_t> placeOf; // of each number
};

} // namespace

SlabSearch::SlabSearch(const SlabLists &lists, int64_t block, int64_t window,
                       int64_t size)
    : size(size) {
  int64_t read = 0;
  forEachEntry(lists, block, window, [&](int64_t entry) {
    const auto [known, isNew] = numberOf.try_emplace(
        lists.columns[entry], static_cast<int32_t>(columns.size()));
    if (isNew)
      columns.push_back(lists.columns[entry]);
    if (read++ % kTurn == 0)
      rowsOf.emplace_back();
    // A row that is listed twice is read once.
    if (!llvm::is_contained(rowsOf.back(), known->second))
      rowsOf.back().push_back(known->second);
  });
  assert(static_cast<int64_t>(columns.size()) <= size && "too many rows");
  // Places without a row change with others like those that have one.
  for (int32_t place = 0; place < size; ++place)
    rowAt.push_back(place);
  placeOf = rowAt;
  eightsOf.resize(size);
  eights.resize(rowsOf.size());
  conflictAt.assign(rowsOf.size(), -1);
  for (auto [number, rows] : llvm::enumerate(rowsOf)) {
    for (int32_t row : rows) {
      eightsOf[row].push_back(static_cast<int32_t>(number));
      eights[number].add(placeOf[row] % kClasses);
    }
    noteConflict(static_cast<int32_t>(number));
  }
}

int64_t SlabSearch::countExcess() const {
  int64_t excess = 0;
  for (int32_t number : conflicts)
    excess += eights[number].getTurns() - 1;
  return excess;
}

void SlabSearch::noteConflict(int32_t number) {
  int32_t &at = conflictAt[number];
  const bool isConflict = eights[number].getTurns() > 1;
  if (isConflict == (at >= 0))
    return;
  if (isConflict) {
    at = static_cast<int32_t>(conflicts.size());
    conflicts.push_back(number);
    return;
  }
  conflicts[at] = conflicts.back();
  conflictAt[conflicts[at]] = at;
  conflicts.pop_back();
  at = -1;
}

double SlabSearch::costOfExchange(int64_t a, int64_t b) const {
  int pairs = 0, turns = 0;
  auto addMoves = [&](ArrayRef<int32_t> moved, ArrayRef<int32_t> others,
                      int64_t from, int64_t to) {
    for (int32_t number : moved) {
      // Those that have both rows stay as they are.
      bool hasBoth = false;
      for (int32_t other : others)
        hasBoth |= other == number;
      pairs += hasBoth ? 0 : eights[number].pairsOfMove(from, to);
      turns += hasBoth ? 0 : eights[number].turnsOfMove(from, to);
    }
  };
  ArrayRef<int32_t> ofA = eightsOf[rowAt[a]], ofB = eightsOf[rowAt[b]];
  addMoves(ofA, ofB, a % kClasses, b % kClasses);
  addMoves(ofB, ofA, b % kClasses, a % kClasses);
  return turns + kPairCost * pairs;
}

void SlabSearch::moveRow(int32_t row, ArrayRef<int32_t> others, int64_t from,
                         int64_t to) {
  for (int32_t number : eightsOf[row])
    if (!llvm::is_contained(others, number)) {
      eights[number].move(from, to);
      noteConflict(number);
    }
}

void SlabSearch::exchange(int64_t a, int64_t b) {
  moveRow(rowAt[a], eightsOf[rowAt[b]], a % kClasses, b % kClasses);
  moveRow(rowAt[b], eightsOf[rowAt[a]], b % kClasses, a % kClasses);
  std::swap(rowAt[a], rowAt[b]);
  placeOf[rowAt[a]] = static_cast<int32_t>(a);
  placeOf[rowAt[b]] = static_cast<int32_t>(b);
}

void SlabSearch::runRound(Random &random) {
  const int64_t proposals = kProposals * size;
  for (int64_t i = 0; i < proposals && !conflicts.empty(); ++i) {
    // Rows that are read without a conflict stay, unless another takes their
    // place.
    const int32_t number = conflicts[random.below(conflicts.size())];
    ArrayRef<int32_t> rows = rowsOf[number];
    int64_t a = placeOf[rows[random.below(rows.size())]];
    while (!eights[number].isInConflict(a % kClasses))
      a = placeOf[rows[random.below(rows.size())]];
    // Half of them go to a class that the eight has no row of. With all of them
    // the search would not get out of some traps.
    uint32_t to = random.below(kClasses);
    if (random.below(2) == 0)
      to = eights[number].findFree(to);
    const int64_t b = random.below(size / kClasses) * kClasses + to;
    if (to == a % kClasses)
      continue;
    const double temperature =
        kTemperature * static_cast<double>(proposals - i) / proposals;
    const double cost = costOfExchange(a, b);
    if (cost <= 0 || cost <= -temperature * std::log(random.uniform()))
      exchange(a, b);
  }
}

void SlabSearch::run(Random random) {
  const bool isEasy = llvm::all_of(eightsOf, [](ArrayRef<int32_t> eights) {
    return eights.size() <= kFewEights;
  });
  int64_t least = countExcess();
  std::vector<int32_t> rows = rowAt, places = placeOf;
  for (int64_t round = 0; round < kRounds && least > 0; ++round) {
    runRound(random);
    if (const int64_t excess = countExcess(); excess < least) {
      least = excess;
      rows = rowAt;
      places = placeOf;
    }
    if (!isEasy && least * kFewConflicts > static_cast<int64_t>(eights.size()))
      break;
  }
  rowAt = std::move(rows);
  placeOf = std::move(places);
}

void SlabSearch::write(Slabs &slabs, const SlabLists &lists, int64_t block,
                       int64_t window) const {
  const int64_t first = (block * lists.numWindows + window) * size;
  for (auto [number, column] : llvm::enumerate(columns))
    slabs.rows[first + getSlabEntry(placeOf[number])] = column;
  forEachEntry(lists, block, window, [&](int64_t entry) {
    slabs.places[entry] = placeOf[numberOf.lookup(lists.columns[entry])];
  });
}

int64_t hinm::core::getReadPosition(int64_t row, int64_t elementBytes) {
  if (elementBytes != 1)
    return row;
  return row / 16 * 16 + row % 8 / 2 * 4 + row / 8 % 2 * 2 + row % 2;
}

int64_t hinm::core::countSlabPlaces(const SlabLists &lists) {
  int64_t most = 0;
  std::vector<int32_t> columns;
  for (int64_t block = 0; block < lists.getNumBlocks(); ++block)
    for (int64_t window = 0; window < lists.numWindows; ++window) {
      columns.clear();
      forEachEntry(lists, block, window, [&](int64_t entry) {
        columns.push_back(lists.columns[entry]);
      });
      llvm::sort(columns);
      const auto end = std::unique(columns.begin(), columns.end());
      most = std::max<int64_t>(most, end - columns.begin());
    }
  return (most + kPlaces - 1) / kPlaces * kPlaces;
}

Slabs hinm::core::makeSlabs(const SlabLists &lists, unsigned threads) {
  assert(lists.numWindows > 0 && lists.tilesPerSlab > 0 &&
         static_cast<int64_t>(lists.columns.size()) ==
             lists.numTiles * lists.numWindows * lists.getNumListed() &&
         "lists go by windows");
  Slabs slabs;
  slabs.size = countSlabPlaces(lists);
  const int64_t cells = lists.getNumBlocks() * lists.numWindows;
  slabs.rows.assign(cells * slabs.size, -1);
  slabs.places.resize(lists.columns.size());
  WorkerPool pool(threads);
  pool.forEach(cells, [&](int64_t cell, unsigned) {
    const int64_t block = cell / lists.numWindows;
    const int64_t window = cell % lists.numWindows;
    SlabSearch search(lists, block, window, slabs.size);
    search.run(Random({static_cast<uint64_t>(cell)}));
    search.write(slabs, lists, block, window);
  });
  return slabs;
}

bool hinm::core::holdLists(const Slabs &slabs, const SlabLists &lists) {
  const int64_t cells = lists.getNumBlocks() * lists.numWindows;
  if (static_cast<int64_t>(slabs.rows.size()) != cells * slabs.size ||
      slabs.places.size() != lists.columns.size())
    return false;
  bool holds = true;
  // Rows that no tile lists would be copied all the same.
  std::vector<bool> isListed(slabs.rows.size());
  for (int64_t cell = 0; cell < cells; ++cell)
    forEachEntry(lists, cell / lists.numWindows, cell % lists.numWindows,
                 [&](int64_t entry) {
                   const int64_t place = slabs.places[entry];
                   if (place < 0 || place >= slabs.size) {
                     holds = false;
                     return;
                   }
                   const int64_t held = cell * slabs.size + getSlabEntry(place);
                   isListed[held] = true;
                   holds &= slabs.rows[held] == lists.columns[entry];
                 });
  for (auto [row, listed] : llvm::zip_equal(slabs.rows, isListed))
    holds &= listed || row == -1;
  return holds;
}

int64_t hinm::core::countSlabTurns(const SlabLists &lists,
                                   llvm::ArrayRef<int32_t> places) {
  int64_t turns = 0;
  std::vector<int32_t> read;
  for (int64_t block = 0; block < lists.getNumBlocks(); ++block)
    for (int64_t window = 0; window < lists.numWindows; ++window) {
      read.clear();
      forEachEntry(lists, block, window,
                   [&](int64_t entry) { read.push_back(places[entry]); });
      turns += countBankTurns(read);
    }
  return turns;
}
