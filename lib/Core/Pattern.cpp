//===- Pattern.cpp - Hierarchical N:M patterns ----------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/Pattern.h"

#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cmath>

namespace hinm::core {

namespace {
long long ll(int64_t value) { return value; }
} // namespace

llvm::Error Pattern::check(int64_t rows, int64_t cols) const {
  if (rows < 0 || cols < 0)
    return llvm::createStringError("a weight of %lld x %lld has no sense",
                                   ll(rows), ll(cols));
  if (tile < 1)
    return llvm::createStringError("vector size %lld: it must be at least 1",
                                   ll(tile));
  if (n < 1 || m < n)
    return llvm::createStringError("%lld:%lld: N:M needs 1 <= N <= M", ll(n),
                                   ll(m));
  if (!(vectorSparsity >= 0.0 && vectorSparsity <= 1.0))
    return llvm::createStringError("vector sparsity %g is outside [0, 1]",
                                   vectorSparsity);
  if (policy == VectorPolicy::All && (kept || vectorSparsity != 0.0))
    return llvm::createStringError(
        "policy 'all' keeps every column: give no vector sparsity");
  if (kept && (*kept < 0 || *kept % m != 0))
    return llvm::createStringError(
        "%lld kept columns: it must be a non-negative multiple of M = %lld",
        ll(*kept), ll(m));
  if (kept && *kept > static_cast<int64_t>(llvm::alignTo(cols, m)))
    return llvm::createStringError(
        "%lld kept columns, but the weight has only %lld", ll(*kept), ll(cols));
  if (listRows < 0 || listRows % tile != 0)
    return llvm::createStringError(
        "a column list for %lld rows: it must be a multiple of the %lld rows "
        "of a tile",
        ll(listRows), ll(tile));
  if (window < 0 || window % m != 0)
    return llvm::createStringError(
        "a window of %lld columns: it must be a multiple of M = %lld",
        ll(window), ll(m));
  if ((listRows > tile || window > 0) && policy != VectorPolicy::PerTile)
    return llvm::createStringError(
        "shared column lists and windows need policy 'per_tile'");
  if (window > 0 && kept)
    return llvm::createStringError(
        "windows need a vector sparsity, not a count of kept columns");
  if (policy == VectorPolicy::PerBlock) {
    if (kept || vectorSparsity == 1.0)
      return llvm::createStringError(
          "policy 'per_block' needs a vector sparsity below 1");
    double block = m / (1.0 - vectorSparsity);
    if (std::fabs(block - std::round(block)) > 1e-9)
      return llvm::createStringError(
          "policy 'per_block' keeps %lld columns of a block of M / (1 - s) = "
          "%g, which is not a whole number",
          ll(m), block);
  }
  return llvm::Error::success();
}

int64_t Pattern::getKeptColumns(int64_t cols) const {
  if (kept)
    return *kept;
  if (vectorSparsity == 0.0)
    return llvm::alignTo(cols, m);
  // The small bias keeps, say, 0.3 · 10 from becoming 2.999….
  auto count = static_cast<int64_t>(cols * (1.0 - vectorSparsity) + 1e-9);
  return count / m * m;
}

std::vector<Pattern::Block> Pattern::getBlocks(int64_t cols) const {
  const bool perBlock = policy == VectorPolicy::PerBlock;
  int64_t size = window > 0 ? window : cols;
  if (perBlock)
    size = std::llround(static_cast<double>(m) / (1.0 - vectorSparsity));
  std::vector<Block> blocks;
  for (int64_t begin = 0; begin < cols; begin += size) {
    const int64_t end = std::min(begin + size, cols);
    blocks.push_back(
        {begin, end,
         std::min(perBlock ? m : getKeptColumns(end - begin), end - begin)});
  }
  return blocks;
}

llvm::Error ColumnIndex::check(const Pattern &pattern, int64_t rows,
                               int64_t cols) const {
  int64_t tiles = pattern.getNumTiles(rows);
  if (getNumTiles() != tiles)
    return llvm::createStringError(
        "the column index has %lld tiles, but %lld rows in tiles of %lld make "
        "%lld",
        ll(getNumTiles()), ll(rows), ll(pattern.tile), ll(tiles));
  if (offsets.front() != 0 ||
      offsets.back() != static_cast<int64_t>(columns.size()))
    return llvm::createStringError(
        "the offsets of the column index must go from 0 to %lld",
        ll(columns.size()));
  for (int64_t t = 0; t < tiles; ++t)
    if (offsets[t + 1] < offsets[t] ||
        (offsets[t + 1] - offsets[t]) % pattern.m != 0)
      return llvm::createStringError(
          "tile %lld lists %lld columns, which is not a multiple of M = %lld",
          ll(t), ll(offsets[t + 1] - offsets[t]), ll(pattern.m));
  for (int32_t column : columns)
    if (column < 0 || column >= cols)
      return llvm::createStringError("kept column %d is outside [0, %lld)",
                                     column, ll(cols));
  return llvm::Error::success();
}

} // namespace hinm::core
