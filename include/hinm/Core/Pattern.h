//===- Pattern.h - Hierarchical N:M patterns --------------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// What a weight W of R rows and C columns may keep, and the list of what it
/// does keep.
///
/// The rows are cut in tiles of V (the last tile may be shorter). Each tile
/// lists its kept columns; every M consecutive entries of the list are a group,
/// and in each group every row keeps N weights. The order of the list is the
/// input-channel permutation of the tile. Worked example with V = 2, 2:4:
///
///   tile 0 lists {0, 3, 1, 6}: one group; row 0 keeps two of W[0][0], W[0][3],
///   W[0][1], W[0][6], row 1 two of W[1][0] …; all other columns are zero.
///
/// When C is not a multiple of M and all columns are kept, the last group is
/// filled up by repeating the tile's last column. A weight is kept once however
/// often its column is listed, so the repetition holds nothing.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_CORE_PATTERN_H
#define HINM_CORE_PATTERN_H

#include "llvm/Support/Error.h"
#include <cstdint>
#include <optional>
#include <vector>

namespace hinm::core {

/// How the kept columns of a tile are chosen.
enum class VectorPolicy {
  /// HiNM (arXiv 2407.20496): the same count of columns in every tile, those of
  /// most saliency.
  PerTile,
  /// Plain N:M (arXiv 2104.08378): every column.
  All,
  /// V:N:M (arXiv 2310.02065): M columns of each block of M / (1 − s_v).
  PerBlock,
  /// TVW (arXiv 2402.10876): one threshold over the vectors of all tiles, so
  /// that counts differ; each is rounded to a multiple of M.
  Global
};

/// The pattern of one weight. `vectorSparsity` s_v is the share of the vectors
/// that is dropped; `kept`, when given, is the count of kept columns of a tile.
///
/// Two options of PerTile make the gathers of a kernel cheaper, at a price in
/// saliency (docs/search.md). With `listRows` the tiles of that many rows share
/// the set of their kept columns (not its order). With `window` a tile keeps
/// the same share of every window of that many columns, and its groups do not
/// leave their window; the list goes window by window.
struct Pattern {
  int64_t tile = 32;
  int64_t n = 2;
  int64_t m = 4;
  VectorPolicy policy = VectorPolicy::PerTile;
  double vectorSparsity = 0.0;
  std::optional<int64_t> kept;
  /// A multiple of `tile`; 0 for `tile` itself.
  int64_t listRows = 0;
  /// A multiple of M; 0 for all columns.
  int64_t window = 0;

  /// Columns [begin, end) of which a tile keeps `kept`.
  struct Block {
    int64_t begin, end, kept;
  };

  /// Refuses a pattern that is malformed or does not fit a weight of \p rows ×
  /// \p cols; the message says which parameter and what would fit.
  llvm::Error check(int64_t rows, int64_t cols) const;
  /// Kept columns of a tile under PerTile: K = C·(1 − s_v) rounded down to a
  /// multiple of M; when nothing is dropped, C rounded up to one.
  int64_t getKeptColumns(int64_t cols) const;
  /// The columns that a tile chooses among each other: all, or the blocks of
  /// PerBlock, or the windows. Under Global the count is the mean of the tiles.
  std::vector<Block> getBlocks(int64_t cols) const;
  int64_t getListRows() const { return listRows ? listRows : tile; }
  int64_t getNumTiles(int64_t rows) const { return (rows + tile - 1) / tile; }
};

/// For every tile its ordered kept columns, one list after the other; tile t is
/// columns[offsets[t] … offsets[t + 1]).
struct ColumnIndex {
  std::vector<int32_t> columns;
  std::vector<int32_t> offsets;

  int64_t getNumTiles() const {
    return static_cast<int64_t>(offsets.size()) - 1;
  }
  /// Refuses an index that does not describe a weight of \p rows × \p cols in
  /// the tiles and groups of \p pattern.
  llvm::Error check(const Pattern &pattern, int64_t rows, int64_t cols) const;
};

} // namespace hinm::core

#endif // HINM_CORE_PATTERN_H
