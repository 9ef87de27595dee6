//===- RepeatedColumns.cpp - Columns that a list has twice ----------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RepeatedColumns.h"

#include "llvm/ADT/STLExtras.h"

using namespace hinm::core;

RepeatedColumns::RepeatedColumns(llvm::ArrayRef<int32_t> list, int64_t n,
                                 int64_t m)
    : n(n) {
  llvm::DenseMap<int32_t, std::vector<int64_t>> groupsOf;
  for (auto [slot, column] : llvm::enumerate(list)) {
    std::vector<int64_t> &known = groupsOf[column];
    const int64_t group = static_cast<int64_t>(slot) / m;
    if (known.empty() || known.back() != group)
      known.push_back(group);
  }
  if (llvm::all_of(groupsOf,
                   [](const auto &entry) { return entry.second.size() == 1; }))
    return;
  const size_t numGroups = list.size() / m;
  others.resize(numGroups);
  held.resize(numGroups);
  visited.resize(numGroups);
  room.resize(numGroups);
  for (int32_t column : list) {
    const std::vector<int64_t> &known = groupsOf[column];
    if (known.size() == 1) {
      std::vector<int32_t> &own = others[known.front()];
      if (!llvm::is_contained(own, column))
        own.push_back(column);
    } else if (numberOf.try_emplace(column, columns.size()).second) {
      columns.push_back(column);
      groups.push_back(known);
    }
  }
  chosen.resize(columns.size(), -1);
}

/// Finds a group for repeated column number \p number, which may send others on
/// to groups that were not visited.
bool RepeatedColumns::place(size_t number) {
  for (int64_t group : groups[number]) {
    if (visited[group])
      continue;
    visited[group] = true;
    std::vector<size_t> &here = held[group];
    if (static_cast<int64_t>(here.size()) < room[group]) {
      here.push_back(number);
      chosen[number] = group;
      return true;
    }
    for (size_t i = 0; i < here.size(); ++i)
      if (place(here[i])) {
        held[group][i] = number;
        chosen[number] = group;
        return true;
      }
  }
  return false;
}

void RepeatedColumns::choose(llvm::function_ref<bool(int32_t)> keeps) {
  if (columns.empty())
    return;
  for (auto [own, here, left] : llvm::zip_equal(others, held, room)) {
    here.clear();
    left = n - static_cast<int64_t>(llvm::count_if(own, keeps));
  }
  llvm::fill(chosen, -1);
  for (size_t number = 0; number < columns.size(); ++number)
    if (keeps(columns[number])) {
      visited.assign(visited.size(), false);
      place(number);
    }
}
