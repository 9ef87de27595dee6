//===- BankConflicts.cpp - Groups whose rows lie in other banks -----------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/BankConflicts.h"

#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cassert>
#include <map>
#include <utility>
#include <vector>

using namespace hinm::core;

namespace {

constexpr int64_t kMostClasses = 8;

/// Rows that are read in one turn, and as many classes of them: two groups'.
int64_t rowsOfTurn(int64_t group) { return 2 * group; }

/// How many different columns there are of each class modulo \p classes, four
/// bits each. Sums of two groups' do not overflow.
using Signature = uint32_t;

Signature signatureOf(llvm::ArrayRef<int32_t> columns, int64_t classes) {
  Signature signature = 0;
  for (size_t i = 0; i < columns.size(); ++i)
    // Rows of one address are read in one turn.
    if (!llvm::is_contained(columns.take_front(i), columns[i]))
      signature += Signature(1) << 4 * (columns[i] % classes);
  return signature;
}

int64_t turnsOf(Signature signature) {
  int64_t most = 0;
  for (int64_t c = 0; c < kMostClasses; ++c)
    most = std::max<int64_t>(most, signature >> 4 * c & 15);
  return most;
}

/// Pairs groups so that the pairs with the fewest turns come about first, for
/// every number of turns all that remain possible. Groups that look alike to
/// the banks are interchangeable, and there are few kinds.
std::vector<std::pair<size_t, size_t>>
pairGroups(llvm::ArrayRef<int32_t> columns, int64_t size) {
  std::map<Signature, std::vector<size_t>> bySignature;
  const size_t numGroups = columns.size() / size;
  // The first of each kind is taken first.
  for (size_t group = numGroups; group-- > 0;)
    bySignature[signatureOf(columns.slice(group * size, size),
                            rowsOfTurn(size))]
        .push_back(group);
  std::vector<std::pair<Signature, std::vector<size_t>>> kinds(
      bySignature.begin(), bySignature.end());
  std::vector<std::pair<size_t, size_t>> pairs;
  auto take = [](std::vector<size_t> &groups) {
    const size_t group = groups.back();
    groups.pop_back();
    return group;
  };
  for (int64_t turns = 1; turns <= rowsOfTurn(size); ++turns)
    for (size_t a = 0; a < kinds.size(); ++a)
      for (size_t b = a; b < kinds.size() && !kinds[a].second.empty(); ++b) {
        if (turnsOf(kinds[a].first + kinds[b].first) != turns)
          continue;
        while (!kinds[b].second.empty() &&
               kinds[a].second.size() > (a == b ? 1 : 0)) {
          const size_t first = take(kinds[a].second);
          pairs.emplace_back(first, take(kinds[b].second));
          if (pairs.back().first > pairs.back().second)
            std::swap(pairs.back().first, pairs.back().second);
        }
      }
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

/// One window, or the whole list.
void arrangeRun(llvm::MutableArrayRef<int32_t> columns, int64_t size) {
  const size_t numGroups = columns.size() / size;
  std::vector<int32_t> arranged;
  arranged.reserve(columns.size());
  std::vector<bool> isPlaced(numGroups);
  auto place = [&](size_t group) {
    const llvm::ArrayRef<int32_t> entries = columns.slice(group * size, size);
    arranged.insert(arranged.end(), entries.begin(), entries.end());
    isPlaced[group] = true;
  };
  for (auto [first, second] : pairGroups(columns, size)) {
    place(first);
    place(second);
  }
  // Of an odd number one is alone.
  for (size_t group = 0; group < numGroups; ++group)
    if (!isPlaced[group])
      place(group);
  if (countBankTurns(arranged, size) < countBankTurns(columns, size))
    std::copy(arranged.begin(), arranged.end(), columns.begin());
}

} // namespace

int64_t hinm::core::countBankTurns(llvm::ArrayRef<int32_t> columns,
                                   int64_t group) {
  const size_t rows = rowsOfTurn(group);
  int64_t turns = 0;
  for (size_t i = 0; i < columns.size(); i += rows)
    turns += turnsOf(signatureOf(
        columns.slice(i, std::min(rows, columns.size() - i)), rows));
  return turns;
}

void hinm::core::arrangeGroups(llvm::MutableArrayRef<int32_t> columns,
                               int64_t window, int64_t group) {
  assert((group == 4 || group == 2) && columns.size() % group == 0 &&
         "groups are of four or two");
  const int64_t turns = countBankTurns(columns, group);
  std::vector<int32_t> before(columns.begin(), columns.end());
  for (size_t first = 0; first < columns.size();) {
    size_t last = first + group;
    while (last < columns.size() &&
           (window <= 0 || columns[last] / window == columns[first] / window))
      last += group;
    arrangeRun(columns.slice(first, last - first), group);
    first = last;
  }
  // Windows of an odd number of groups share a turn.
  if (countBankTurns(columns, group) > turns)
    std::copy(before.begin(), before.end(), columns.begin());
}
