//===- Prune.cpp - Which weights a pattern keeps --------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/Prune.h"

#include "hinm/Core/Permutation.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cmath>
#include <numeric>

namespace hinm::core {

namespace {

/// Σ saliency of each column over the rows of one tile.
std::vector<double> columnScores(MatrixView<float> saliency,
                                 llvm::ArrayRef<int32_t> tileRows) {
  std::vector<double> scores(saliency.getCols(), 0.0);
  for (int32_t r : tileRows)
    for (int64_t c = 0; c < saliency.getCols(); ++c)
      scores[c] += saliency(r, c);
  return scores;
}

/// The columns [begin, end), the best first; of equals the first.
std::vector<int32_t> rankColumns(const std::vector<double> &scores,
                                 int64_t begin, int64_t end) {
  std::vector<int32_t> ranked(end - begin);
  std::iota(ranked.begin(), ranked.end(), static_cast<int32_t>(begin));
  std::sort(ranked.begin(), ranked.end(), [&](int32_t a, int32_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  });
  return ranked;
}

/// Appends the first \p count of \p ranked to \p index in rising order, filled
/// up to a multiple of \p m by repeating the last.
void appendColumns(ColumnIndex &index, llvm::ArrayRef<int32_t> ranked,
                   int64_t count, int64_t m) {
  count = std::min<int64_t>(count, ranked.size());
  auto first = index.columns.insert(index.columns.end(), ranked.begin(),
                                    ranked.begin() + count);
  std::sort(first, index.columns.end());
  for (int64_t i = count; i % m != 0; ++i)
    index.columns.push_back(index.columns.back());
}

llvm::ArrayRef<int32_t> rowsOfTile(llvm::ArrayRef<int32_t> rowOrder,
                                   int64_t tile, int64_t t) {
  int64_t begin = t * tile;
  return rowOrder.slice(begin,
                        std::min<int64_t>(tile, rowOrder.size() - begin));
}

llvm::Error checkArguments(MatrixView<float> saliency,
                           llvm::ArrayRef<int32_t> rowOrder,
                           const Pattern &pattern) {
  if (llvm::Error error = pattern.check(saliency.getRows(), saliency.getCols()))
    return error;
  if (static_cast<int64_t>(rowOrder.size()) != saliency.getRows() ||
      !isPermutation(rowOrder))
    return llvm::createStringError(
        "the row order is no permutation of the weight's %lld rows",
        static_cast<long long>(saliency.getRows()));
  return llvm::Error::success();
}

/// TVW's budget: the groups of M vectors of most saliency over all tiles. The
/// gains of a tile's groups fall, so taking the best is optimal.
std::vector<int64_t>
countGlobally(const std::vector<std::vector<double>> &scoresOfTile,
              const Pattern &pattern, int64_t cols) {
  struct Group {
    double gain;
    int64_t tile;
  };
  std::vector<Group> groups;
  for (auto [t, scores] : llvm::enumerate(scoresOfTile)) {
    std::vector<double> sorted = scores;
    std::sort(sorted.begin(), sorted.end(), std::greater<double>());
    for (int64_t c = 0; c < cols; c += pattern.m)
      groups.push_back(
          {std::accumulate(sorted.begin() + c,
                           sorted.begin() + std::min(c + pattern.m, cols), 0.0),
           static_cast<int64_t>(t)});
  }
  std::sort(groups.begin(), groups.end(), [](const Group &a, const Group &b) {
    return a.gain != b.gain ? a.gain > b.gain : a.tile < b.tile;
  });
  std::vector<int64_t> counts(scoresOfTile.size(), 0);
  int64_t budget =
      scoresOfTile.size() * pattern.getKeptColumns(cols) / pattern.m;
  for (int64_t i = 0; i < budget; ++i)
    counts[groups[i].tile] += pattern.m;
  return counts;
}

/// Calls \p keep(row, column) for every kept weight.
template <typename KeepFn>
void forEachKept(MatrixView<float> saliency, llvm::ArrayRef<int32_t> rowOrder,
                 const Pattern &pattern, const ColumnIndex &index,
                 KeepFn keep) {
  // The row that last kept a column: a column listed twice is kept once.
  std::vector<int64_t> keptBy(saliency.getCols(), -1);
  for (int64_t t = 0; t < index.getNumTiles(); ++t)
    for (int32_t r : rowsOfTile(rowOrder, pattern.tile, t))
      for (int64_t g = index.offsets[t]; g < index.offsets[t + 1];
           g += pattern.m)
        for (int64_t i = 0; i < pattern.n; ++i) {
          int32_t best = -1;
          for (int64_t k = g; k < g + pattern.m; ++k) {
            int32_t c = index.columns[k];
            if (keptBy[c] != r &&
                (best < 0 || saliency(r, c) > saliency(r, best)))
              best = c;
          }
          if (best < 0)
            break;
          keptBy[best] = r;
          keep(r, best);
        }
}

} // namespace

llvm::Expected<ColumnIndex> selectColumns(MatrixView<float> saliency,
                                          llvm::ArrayRef<int32_t> rowOrder,
                                          const Pattern &pattern) {
  if (llvm::Error error = checkArguments(saliency, rowOrder, pattern))
    return std::move(error);
  const int64_t cols = saliency.getCols();
  const int64_t tiles = pattern.getNumTiles(saliency.getRows());
  // The tiles of one list have the scores of all its rows.
  const int64_t tilesOfList = pattern.getListRows() / pattern.tile;
  std::vector<std::vector<double>> scores(tiles);
  for (int64_t t = 0; t < tiles; ++t)
    scores[t] =
        t % tilesOfList == 0
            ? columnScores(saliency, rowsOfTile(rowOrder, pattern.getListRows(),
                                                t / tilesOfList))
            : scores[t - 1];

  const std::vector<Pattern::Block> blocks = pattern.getBlocks(cols);
  std::vector<int64_t> counts;
  if (pattern.policy == VectorPolicy::Global)
    counts = countGlobally(scores, pattern, cols);

  ColumnIndex index;
  index.offsets.push_back(0);
  for (int64_t t = 0; t < tiles; ++t) {
    for (const Pattern::Block &block : blocks)
      appendColumns(index, rankColumns(scores[t], block.begin, block.end),
                    counts.empty() ? block.kept : counts[t], pattern.m);
    index.offsets.push_back(static_cast<int32_t>(index.columns.size()));
  }
  return index;
}

llvm::Expected<Matrix<uint8_t>> computeMask(MatrixView<float> saliency,
                                            llvm::ArrayRef<int32_t> rowOrder,
                                            const Pattern &pattern,
                                            const ColumnIndex &index) {
  if (llvm::Error error = checkArguments(saliency, rowOrder, pattern))
    return std::move(error);
  if (llvm::Error error =
          index.check(pattern, saliency.getRows(), saliency.getCols()))
    return std::move(error);
  Matrix<uint8_t> mask(saliency.getRows(), saliency.getCols());
  forEachKept(saliency, rowOrder, pattern, index,
              [&](int32_t r, int32_t c) { mask(r, c) = 1; });
  return mask;
}

double retainedSaliency(MatrixView<float> saliency,
                        llvm::ArrayRef<int32_t> rowOrder,
                        const Pattern &pattern, const ColumnIndex &index) {
  double sum = 0.0;
  forEachKept(saliency, rowOrder, pattern, index,
              [&](int32_t r, int32_t c) { sum += saliency(r, c); });
  return sum;
}

int64_t countKept(int64_t rows, const Pattern &pattern,
                  const ColumnIndex &index) {
  int64_t count = 0;
  for (int64_t t = 0; t < index.getNumTiles(); ++t)
    count += std::min(pattern.tile, rows - t * pattern.tile) *
             (index.offsets[t + 1] - index.offsets[t]) / pattern.m * pattern.n;
  return count;
}

} // namespace hinm::core
