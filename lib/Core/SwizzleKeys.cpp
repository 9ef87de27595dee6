//===- SwizzleKeys.cpp - Rows that tiles share, in other banks ------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/BankConflicts.h"

#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <array>
#include <cassert>

using namespace hinm::core;

namespace {

constexpr int64_t kTurn = 8, kKeys = 8;

/// The keys of one window's rows, and the eights of all lists that read of
/// them.
class WindowSearch {
public:
  explicit WindowSearch(llvm::MutableArrayRef<uint8_t> keys)
      : keys(keys), eightsOf(keys.size()) {}

  /// Rows that ldmatrix reads in a turn, relative to the window.
  void addEight(llvm::ArrayRef<int32_t> rows);
  /// Changes keys while that helps.
  void run();

private:
  using Counts = std::array<uint8_t, kKeys>;

  /// Turns count; with as many, fewer rows in conflict are easier to resolve.
  static int64_t costOf(const Counts &counts);
  /// What the eights of \p row cost more with another key for it. Those of
  /// \p partner are left out, which takes the row's key.
  int64_t costOfKey(int64_t row, uint8_t key, int64_t partner) const;
  void setKey(int64_t row, uint8_t key);
  bool tryKeys(int64_t row);
  bool trySwap(int64_t a, int64_t b);

  llvm::MutableArrayRef<uint8_t> keys;
  std::vector<std::vector<int32_t>> eightsOf; // of each row, rising
  std::vector<Counts> counts;                 // of each eight
};

} // namespace

void WindowSearch::addEight(llvm::ArrayRef<int32_t> rows) {
  Counts count{};
  const auto eight = static_cast<int32_t>(counts.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    // A row that is listed twice is read once.
    if (llvm::is_contained(rows.take_front(i), rows[i]))
      continue;
    ++count[keys[rows[i]]];
    eightsOf[rows[i]].push_back(eight);
  }
  counts.push_back(count);
}

int64_t WindowSearch::costOf(const Counts &counts) {
  int64_t most = 0, squares = 0;
  for (int64_t count : counts) {
    most = std::max(most, count);
    squares += count * count;
  }
  return kTurn * kTurn * most + squares;
}

int64_t WindowSearch::costOfKey(int64_t row, uint8_t key,
                                int64_t partner) const {
  int64_t difference = 0;
  const std::vector<int32_t> &others = eightsOf[partner];
  auto next = others.begin();
  for (int32_t eight : eightsOf[row]) {
    next = std::lower_bound(next, others.end(), eight);
    if (partner != row && next != others.end() && *next == eight)
      continue;
    Counts moved = counts[eight];
    --moved[keys[row]];
    ++moved[key];
    difference += costOf(moved) - costOf(counts[eight]);
  }
  return difference;
}

void WindowSearch::setKey(int64_t row, uint8_t key) {
  for (int32_t eight : eightsOf[row]) {
    --counts[eight][keys[row]];
    ++counts[eight][key];
  }
  keys[row] = key;
}

bool WindowSearch::tryKeys(int64_t row) {
  int64_t least = 0;
  uint8_t best = keys[row];
  for (uint8_t key = 0; key < kKeys; ++key) {
    const int64_t cost = costOfKey(row, key, row);
    if (cost < least) {
      least = cost;
      best = key;
    }
  }
  if (best == keys[row])
    return false;
  setKey(row, best);
  return true;
}

bool WindowSearch::trySwap(int64_t a, int64_t b) {
  const uint8_t ofA = keys[a], ofB = keys[b];
  if (ofA == ofB || costOfKey(a, ofB, b) + costOfKey(b, ofA, a) >= 0)
    return false;
  setKey(a, ofB);
  setKey(b, ofA);
  return true;
}

void WindowSearch::run() {
  const auto rows = static_cast<int64_t>(keys.size());
  for (bool improved = true; improved;) {
    improved = false;
    for (int64_t a = 0; a < rows; ++a) {
      improved |= tryKeys(a);
      for (int64_t b = a + 1; b < rows; ++b)
        improved |= trySwap(a, b);
    }
  }
}

std::vector<int32_t>
hinm::core::applySwizzleKeys(llvm::ArrayRef<int32_t> columns,
                             llvm::ArrayRef<uint8_t> keys) {
  std::vector<int32_t> keyed;
  keyed.reserve(columns.size());
  for (int32_t column : columns)
    keyed.push_back(static_cast<int32_t>(kKeys * column + keys[column]));
  return keyed;
}

std::vector<uint8_t>
hinm::core::chooseSwizzleKeys(llvm::MutableArrayRef<int32_t> columns,
                              int64_t numLists, int64_t cols, int64_t window) {
  assert(window > 0 && cols % window == 0 && numLists > 0 &&
         columns.size() % numLists == 0 && "lists go by windows");
  std::vector<uint8_t> keys(cols);
  for (int64_t c = 0; c < cols; ++c)
    keys[c] = static_cast<uint8_t>(c % kKeys);
  const size_t length = columns.size() / numLists;

  /// Rearranges the groups for the keys; the turns then.
  auto arrange = [&] {
    int64_t turns = 0;
    for (int64_t list = 0; list < numLists; ++list) {
      llvm::MutableArrayRef<int32_t> own = columns.slice(list * length, length);
      std::vector<int32_t> keyed = applySwizzleKeys(own, keys);
      arrangeGroups(keyed, kKeys * window);
      turns += countBankTurns(keyed);
      for (auto [column, with] : llvm::zip_equal(own, keyed))
        column = with / static_cast<int32_t>(kKeys);
    }
    return turns;
  };

  int64_t best = arrange();
  while (true) {
    const std::vector<int32_t> before(columns.begin(), columns.end());
    const std::vector<uint8_t> keysBefore(keys.begin(), keys.end());
    std::vector<WindowSearch> windows;
    for (int64_t first = 0; first < cols; first += window)
      windows.emplace_back(llvm::MutableArrayRef(keys).slice(first, window));
    std::vector<int32_t> eight;
    for (int64_t list = 0; list < numLists; ++list) {
      llvm::ArrayRef<int32_t> own = columns.slice(list * length, length);
      for (size_t i = 0; i < length; i += kTurn) {
        const int64_t at = own[i] / window;
        eight.clear();
        // An eight in two windows counts in the first.
        for (int32_t column : own.slice(i, std::min<size_t>(kTurn, length - i)))
          if (column / window == at)
            eight.push_back(static_cast<int32_t>(column % window));
        windows[at].addEight(eight);
      }
    }
    for (WindowSearch &search : windows)
      search.run();
    const int64_t turns = arrange();
    if (turns >= best) {
      std::copy(before.begin(), before.end(), columns.begin());
      return keysBefore;
    }
    best = turns;
  }
}
