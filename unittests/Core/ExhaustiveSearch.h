//===- ExhaustiveSearch.h - Every order of a small weight -------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UNITTESTS_CORE_EXHAUSTIVESEARCH_H
#define UNITTESTS_CORE_EXHAUSTIVESEARCH_H

#include "hinm/Core/Matrix.h"
#include "hinm/Core/Pattern.h"
#include "hinm/Core/Permutation.h"
#include "hinm/Core/Prune.h"
#include <algorithm>

namespace hinm::core {

/// The most that any choice of columns and grouping retains of the tile of the
/// given rows.
inline double searchTile(MatrixView<float> saliency,
                         llvm::ArrayRef<int32_t> rows, const Pattern &pattern) {
  const int64_t cols = saliency.getCols();
  const int64_t kept = pattern.getKeptColumns(cols);
  Matrix<float> tile(rows.size(), cols);
  for (int64_t r = 0; r < tile.getRows(); ++r)
    std::copy_n(saliency.row(rows[r]), cols, tile.row(r));
  double best = 0.0;
  for (unsigned set = 0; set < 1u << cols; ++set) {
    if (__builtin_popcount(set) != kept)
      continue;
    Permutation listed;
    for (int64_t c = 0; c < cols; ++c)
      if (set >> c & 1)
        listed.push_back(static_cast<int32_t>(c));
    do {
      // A group is a set: one order of it is enough.
      bool canonical = true;
      for (int64_t k = 1; k < kept; ++k)
        canonical &= k % pattern.m == 0 || listed[k - 1] < listed[k];
      if (!canonical)
        continue;
      ColumnIndex index{listed, {0, static_cast<int32_t>(kept)}};
      best = std::max(
          best, retainedSaliency(tile, identityPermutation(tile.getRows()),
                                 pattern, index));
    } while (std::next_permutation(listed.begin(), listed.end()));
  }
  return best;
}

/// The most that any row order, choice of columns and grouping retains, by
/// trying them all. Small sizes only.
inline double searchExhaustively(MatrixView<float> saliency,
                                 const Pattern &pattern) {
  Permutation order = identityPermutation(saliency.getRows());
  double best = 0.0;
  do {
    // The rows of a tile in rising order: other orders are the same tile.
    bool canonical = true;
    for (int64_t i = 1; i < saliency.getRows(); ++i)
      canonical &= i % pattern.tile == 0 || order[i - 1] < order[i];
    if (!canonical)
      continue;
    double sum = 0.0;
    for (int64_t begin = 0; begin < saliency.getRows(); begin += pattern.tile)
      sum += searchTile(
          saliency,
          llvm::ArrayRef(order).slice(
              begin, std::min(pattern.tile, saliency.getRows() - begin)),
          pattern);
    best = std::max(best, sum);
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

} // namespace hinm::core

#endif // UNITTESTS_CORE_EXHAUSTIVESEARCH_H
