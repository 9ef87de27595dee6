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

namespace {

constexpr int64_t kTurn = 8, kClasses = 8, kPlaces = 32;
/// A round of the search: proposals for each place, the temperature that they
/// start at, in turns, and the share of a turn that every pair of rows in
/// conflict counts: fewer are easier to resolve.
constexpr int64_t kProposals = 1000;
constexpr double kTemperature = 0.3, kPairCost = 0.3;
/// Where at most one of so many eights is left with a conflict, places without
/// any are likely to exist, and worth further rounds.
constexpr int64_t kRounds = 8, kFewConflicts = 8;

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

/// The rows of one slab, numbered as they are first read, and where they lie.
class SlabSearch {
public:
  SlabSearch(const SlabLists &lists, int64_t block, int64_t window,
             int64_t size);

  void run(Random random);
  void write(Slabs &slabs, const SlabLists &lists, int64_t block,
             int64_t window) const;

private:
  /// How many rows of an eight lie at places of each class.
  using Counts = std::array<uint8_t, kClasses>;

  static int64_t turnsOf(const Counts &counts) {
    return *std::max_element(counts.begin(), counts.end());
  }
  /// Turns beyond one of each eight.
  int64_t countExcess() const;
  /// Moves the row at \p place from class \p from to class \p to; what that
  /// costs.
  double move(int64_t place, int64_t from, int64_t to);
  double exchange(int64_t a, int64_t b);
  void runRound(Random &random);

  int64_t size;
  std::vector<int32_t> columns; // by the number of a row
  llvm::DenseMap<int32_t, int32_t> numberOf;
  std::vector<std::vector<int32_t>> eights;   // rows, each of them once
  std::vector<std::vector<int32_t>> eightsOf; // of each row
  std::vector<Counts> counts;                 // of each eight
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
      eights.emplace_back();
    // A row that is listed twice is read once.
    if (!llvm::is_contained(eights.back(), known->second))
      eights.back().push_back(known->second);
  });
  assert(static_cast<int64_t>(columns.size()) <= size && "too many rows");
  // Places without a row change with others like those that have one.
  for (int32_t place = 0; place < size; ++place)
    rowAt.push_back(place);
  placeOf = rowAt;
  eightsOf.resize(size);
  counts.resize(eights.size());
  for (auto [number, eight] : llvm::enumerate(eights))
    for (int32_t row : eight) {
      eightsOf[row].push_back(static_cast<int32_t>(number));
      ++counts[number][placeOf[row] % kClasses];
    }
}

int64_t SlabSearch::countExcess() const {
  int64_t excess = 0;
  for (const Counts &eight : counts)
    excess += turnsOf(eight) - 1;
  return excess;
}

double SlabSearch::move(int64_t place, int64_t from, int64_t to) {
  double cost = 0;
  for (int32_t eight : eightsOf[rowAt[place]]) {
    Counts &of = counts[eight];
    cost -= static_cast<double>(turnsOf(of));
    --of[from];
    cost += kPairCost * (of[to] - of[from]);
    ++of[to];
    cost += static_cast<double>(turnsOf(of));
  }
  return cost;
}

double SlabSearch::exchange(int64_t a, int64_t b) {
  const double cost =
      move(a, a % kClasses, b % kClasses) + move(b, b % kClasses, a % kClasses);
  std::swap(rowAt[a], rowAt[b]);
  placeOf[rowAt[a]] = static_cast<int32_t>(a);
  placeOf[rowAt[b]] = static_cast<int32_t>(b);
  return cost;
}

void SlabSearch::runRound(Random &random) {
  const int64_t proposals = kProposals * size;
  for (int64_t i = 0; i < proposals; ++i) {
    if (i % size == 0 && countExcess() == 0)
      return;
    // Rows that are read without a conflict stay, unless another takes their
    // place.
    const uint32_t number = random.below(eights.size());
    const std::vector<int32_t> &eight = eights[number];
    const int64_t a = placeOf[eight[random.below(eight.size())]];
    const int64_t b = random.below(size);
    if (counts[number][a % kClasses] == 1 || a % kClasses == b % kClasses)
      continue;
    const double temperature =
        kTemperature * static_cast<double>(proposals - i) / proposals;
    const double cost = exchange(a, b);
    if (cost > 0 && cost > -temperature * std::log(random.uniform()))
      exchange(a, b);
  }
}

void SlabSearch::run(Random random) {
  int64_t least = countExcess();
  std::vector<int32_t> rows = rowAt, places = placeOf;
  for (int64_t round = 0; round < kRounds && least > 0; ++round) {
    runRound(random);
    if (const int64_t excess = countExcess(); excess < least) {
      least = excess;
      rows = rowAt;
      places = placeOf;
    }
    if (least * kFewConflicts > static_cast<int64_t>(eights.size()))
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
  for (int64_t cell = 0; cell < cells; ++cell)
    forEachEntry(lists, cell / lists.numWindows, cell % lists.numWindows,
                 [&](int64_t entry) {
                   const int64_t place = slabs.places[entry];
                   holds &=
                       place >= 0 && place < slabs.size &&
                       slabs.rows[cell * slabs.size + getSlabEntry(place)] ==
                           lists.columns[entry];
                 });
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
