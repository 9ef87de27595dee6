//===- RepeatedColumns.h - Columns that a list has twice --------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// A list may have a column in several of its groups: to fill up the last one,
/// or for a dense group of M columns, which is listed twice. A weight of such a
/// column is stored in one of them, where there is room: each group keeps N
/// weights of a row. Which one is a matching of weights and groups, found row
/// by row along augmenting paths (Kuhn). Columns of one group need no choice.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_LIB_CORE_REPEATEDCOLUMNS_H
#define HINM_LIB_CORE_REPEATEDCOLUMNS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <cstdint>
#include <vector>

namespace hinm::core {

class RepeatedColumns {
public:
  /// Of the list \p columns of a tile, in groups of \p m which keep \p n.
  RepeatedColumns(llvm::ArrayRef<int32_t> columns, int64_t n, int64_t m);

  /// Chooses groups for the weights of a row in the columns that it \p keeps,
  /// as many as there is room for.
  void choose(llvm::function_ref<bool(int32_t)> keeps);
  /// Whether the weight of \p column may be stored in group \p group of the
  /// list, which has it.
  bool isAt(int32_t column, int64_t group) const {
    const auto found = numberOf.find(column);
    return found == numberOf.end() || chosen[found->second] == group;
  }

private:
  bool place(size_t number);

  int64_t n;
  std::vector<int32_t> columns;             // in several groups
  std::vector<std::vector<int64_t>> groups; // of each of those
  llvm::DenseMap<int32_t, size_t> numberOf;
  std::vector<std::vector<int32_t>> others; // columns of each group in no other
  // Of a row: the group of each repeated column, the columns in each group, and
  // what room it has.
  std::vector<int64_t> chosen;
  std::vector<std::vector<size_t>> held;
  std::vector<int64_t> room;
  std::vector<bool> visited;
};

} // namespace hinm::core

#endif // HINM_LIB_CORE_REPEATEDCOLUMNS_H
