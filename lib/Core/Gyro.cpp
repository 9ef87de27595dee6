//===- Gyro.cpp - Gyro-permutation ----------------------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/Gyro.h"

#include "NaturalOrder.h"
#include "WorkerPool.h"
#include "hinm/Core/Assignment.h"
#include "hinm/Core/BalancedKMeans.h"
#include "hinm/Core/Prune.h"
#include "hinm/Core/Saliency.h"
#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>

namespace hinm::core {

namespace {

/// Rows drawn from each tile, stage by stage (arXiv 2407.20496, section 4.2).
constexpr int64_t ocpStages[] = {8, 1, 4, 1, 2, 1, 1};
constexpr int maxKMeansIterations = 20;
constexpr int icpFailures = 3;

/// \p count distinct positions out of \p n, by a partial Fisher-Yates shuffle.
std::vector<int32_t> draw(int64_t n, int64_t count, std::mt19937_64 &random) {
  Permutation all = identityPermutation(n);
  for (int64_t i = 0; i < count; ++i)
    std::swap(all[i], all[i + random() % (n - i)]);
  all.resize(count);
  return all;
}

class Deadline {
public:
  explicit Deadline(const GyroOptions &options)
      : seconds(options.timeBudget), stop(options.stop),
        start(std::chrono::steady_clock::now()) {}
  bool passed() const {
    if (stop && stop())
      return true;
    return seconds > 0.0 && std::chrono::duration<double>(
                                std::chrono::steady_clock::now() - start)
                                    .count() > seconds;
  }

private:
  double seconds;
  const std::function<bool()> &stop;
  std::chrono::steady_clock::time_point start;
};

//===----------------------------------------------------------------------===//
// Output-channel permutation
//===----------------------------------------------------------------------===//

class OutputSearch {
public:
  OutputSearch(MatrixView<float> saliency, const Pattern &pattern,
               const GyroOptions &options, const Deadline &deadline)
      : saliency(saliency), pattern(pattern), options(options),
        deadline(deadline), random(options.seed),
        tiles(pattern.getNumTiles(saliency.getRows())), rowsOfTile(tiles),
        sums(tiles, saliency.getCols()), scratch(saliency.getCols()) {
    for (int64_t r = 0; r < saliency.getRows(); ++r) {
      int64_t t = r / pattern.tile;
      rowsOfTile[t].push_back(static_cast<int32_t>(r));
      addRow(sums.row(t), r, 1.0);
    }
    for (int64_t t = 0; t < tiles; ++t)
      loss += vectorLoss(sums.row(t));
  }

  Permutation run() {
    for (int64_t sample : ocpStages) {
      if (sample > std::max<int64_t>(1, pattern.tile / 2))
        continue;
      while (!deadline.passed() && round(sample))
        if (options.progress)
          options.progress({"ocp", ++rounds, tiles, loss});
    }
    Permutation order;
    for (const std::vector<int32_t> &rows : rowsOfTile)
      order.insert(order.end(), rows.begin(), rows.end());
    return order;
  }

private:
  void addRow(double *columns, int64_t r, double sign) const {
    for (int64_t c = 0; c < saliency.getCols(); ++c)
      columns[c] += sign * saliency(r, c);
  }

  /// Σ of the vectors that a tile with these column sums drops.
  double vectorLoss(const double *columns) {
    const int64_t cols = saliency.getCols();
    if (pattern.policy == VectorPolicy::PerBlock) {
      int64_t block = std::llround(pattern.m / (1.0 - pattern.vectorSparsity));
      double dropped = 0.0;
      for (int64_t begin = 0; begin < cols; begin += block)
        dropped += sumOfSmallest(columns + begin, std::min(block, cols - begin),
                                 pattern.m);
      return dropped;
    }
    return sumOfSmallest(columns, cols, pattern.getKeptColumns(cols));
  }

  /// Σ of all but the \p kept largest of \p n values.
  double sumOfSmallest(const double *values, int64_t n, int64_t kept) {
    if (kept >= n)
      return 0.0;
    std::copy_n(values, n, scratch.begin());
    auto middle = scratch.begin() + (n - kept);
    std::nth_element(scratch.begin(), middle, scratch.begin() + n);
    double sum = 0.0;
    for (auto it = scratch.begin(); it != middle; ++it)
      sum += *it;
    return sum;
  }

  /// One round with \p sample rows of each tile; whether the loss fell.
  bool round(int64_t sample) {
    const int64_t cols = saliency.getCols();
    // A short last tile takes part only if it has that many rows.
    std::vector<int64_t> playing;
    for (int64_t t = 0; t < tiles; ++t)
      if (static_cast<int64_t>(rowsOfTile[t].size()) >= sample)
        playing.push_back(t);
    const int64_t count = playing.size();
    if (count < 2)
      return false;

    // Draw: `drawn` holds row numbers, tile after tile.
    std::vector<int32_t> drawn;
    Matrix<double> rest(count, cols);
    for (int64_t i = 0; i < count; ++i) {
      std::vector<int32_t> &rows = rowsOfTile[playing[i]];
      std::copy_n(sums.row(playing[i]), cols, rest.row(i));
      for (int32_t position : draw(rows.size(), sample, random)) {
        drawn.push_back(rows[position]);
        addRow(rest.row(i), rows[position], -1.0);
      }
    }

    std::vector<int32_t> clusterOf = identityPermutation(count);
    if (sample > 1) {
      Matrix<float> points(drawn.size(), cols);
      for (size_t p = 0; p < drawn.size(); ++p)
        std::copy_n(saliency.row(drawn[p]), cols, points.row(p));
      clusterOf = balancedKMeans(points, count, maxKMeansIterations, random);
    }
    Matrix<double> clusterSums(count, cols);
    for (size_t p = 0; p < drawn.size(); ++p)
      addRow(clusterSums.row(clusterOf[p]), drawn[p], 1.0);

    Matrix<double> cost(count, count);
    std::vector<double> joined(cols);
    for (int64_t i = 0; i < count; ++i)
      for (int64_t j = 0; j < count; ++j) {
        for (int64_t c = 0; c < cols; ++c)
          joined[c] = rest(i, c) + clusterSums(j, c);
        cost(i, j) = vectorLoss(joined.data());
      }
    Assignment assignment = solveAssignment(cost);

    double before = 0.0;
    for (int64_t t : playing)
      before += vectorLoss(sums.row(t));
    // Below this a gain is rounding noise and the search would not end.
    if (assignment.cost >= before * (1.0 - 1e-9))
      return false;
    loss += assignment.cost - before;

    std::vector<bool> isDrawn(saliency.getRows());
    for (int32_t r : drawn)
      isDrawn[r] = true;
    for (int64_t i = 0; i < count; ++i) {
      std::vector<int32_t> &rows = rowsOfTile[playing[i]];
      rows.erase(std::remove_if(rows.begin(), rows.end(),
                                [&](int32_t r) { return isDrawn[r]; }),
                 rows.end());
      int32_t j = assignment.columnOfRow[i];
      for (size_t p = 0; p < drawn.size(); ++p)
        if (clusterOf[p] == j)
          rows.push_back(drawn[p]);
      // Summed anew, so that rounding does not pile up over the rounds.
      std::fill_n(sums.row(playing[i]), cols, 0.0);
      for (int32_t r : rows)
        addRow(sums.row(playing[i]), r, 1.0);
    }
    return true;
  }

  MatrixView<float> saliency;
  const Pattern &pattern;
  const GyroOptions &options;
  const Deadline &deadline;
  std::mt19937_64 random;
  int64_t tiles;
  std::vector<std::vector<int32_t>> rowsOfTile;
  Matrix<double> sums;
  std::vector<double> scratch;
  double loss = 0.0;
  int64_t rounds = 0;
};

//===----------------------------------------------------------------------===//
// Input-channel permutation
//===----------------------------------------------------------------------===//

class InputSearch {
public:
  /// \p slots is the compacted tile, transposed: row k is the saliency of the
  /// tile's rows in the k-th listed column.
  InputSearch(Matrix<float> slots, int64_t n, int64_t m, uint64_t seed)
      : slots(std::move(slots)), n(n), m(m), random(seed) {}

  /// The order of the slots: entry k is the slot that comes to stand k-th.
  Permutation run(const Deadline &deadline) {
    Permutation order = identityPermutation(slots.getRows());
    const int64_t groups = slots.getRows() / m;
    if (groups < 2 || n == m)
      return order;
    double loss = 0.0;
    for (int64_t g = 0; g < groups; ++g)
      loss += groupLoss(&order[g * m]);
    for (int failures = 0; failures < icpFailures && !deadline.passed();) {
      // One entry of each group is drawn; the others stay.
      std::vector<int64_t> position(groups);
      for (int64_t g = 0; g < groups; ++g)
        position[g] = g * m + random() % m;
      Matrix<double> cost = pairCosts(order, position);
      Assignment assignment = solveAssignment(cost);
      if (assignment.cost >= loss * (1.0 - 1e-9)) {
        ++failures;
        continue;
      }
      loss = assignment.cost;
      std::vector<int32_t> drawn(groups);
      for (int64_t g = 0; g < groups; ++g)
        drawn[g] = order[position[g]];
      for (int64_t g = 0; g < groups; ++g)
        order[position[g]] = drawn[assignment.columnOfRow[g]];
    }
    return order;
  }

private:
  int64_t rows() const { return slots.getCols(); }

  /// Σ over the rows of what a group of the \p m slots at \p members loses.
  double groupLoss(const int32_t *members) const {
    std::vector<float> values(m);
    double loss = 0.0;
    for (int64_t r = 0; r < rows(); ++r) {
      for (int64_t k = 0; k < m; ++k)
        values[k] = slots(members[k], r);
      std::sort(values.begin(), values.end());
      for (int64_t k = 0; k < m - n; ++k)
        loss += values[k];
    }
    return loss;
  }

  /// cost(i, j): the loss of group i with its drawn entry replaced by group
  /// j's.
  Matrix<double> pairCosts(const Permutation &order,
                           const std::vector<int64_t> &position) const {
    const int64_t groups = position.size();
    Matrix<double> cost(groups, groups);
    // What stays of a row, sorted: with the newcomer e the loss is the sum of
    // the m−n−1 smallest, plus the lesser of e and the next. For 2:4: a +
    // min(b, e). This needs m − n ≤ m − 1 entries, which always holds.
    const int64_t fixed = m - n - 1;
    std::vector<float> bound(rows()), values(m - 1);
    for (int64_t i = 0; i < groups; ++i) {
      double base = 0.0;
      for (int64_t r = 0; r < rows(); ++r) {
        int64_t count = 0;
        for (int64_t k = i * m; k < (i + 1) * m; ++k)
          if (k != position[i])
            values[count++] = slots(order[k], r);
        std::sort(values.begin(), values.end());
        for (int64_t k = 0; k < fixed; ++k)
          base += values[k];
        bound[r] = values[fixed];
      }
      for (int64_t j = 0; j < groups; ++j) {
        const float *newcomer = slots.row(order[position[j]]);
        float partial[8] = {};
        int64_t r = 0;
        for (; r + 8 <= rows(); r += 8)
          for (int lane = 0; lane < 8; ++lane)
            partial[lane] += std::min(bound[r + lane], newcomer[r + lane]);
        double sum = base;
        for (float value : partial)
          sum += value;
        for (; r < rows(); ++r)
          sum += std::min(bound[r], newcomer[r]);
        cost(i, j) = sum;
      }
    }
    return cost;
  }

  Matrix<float> slots;
  int64_t n, m;
  std::mt19937_64 random;
};

/// Reorders the kept columns of every tile of \p index.
void searchInputs(MatrixView<float> saliency, const Permutation &rowOrder,
                  const Pattern &pattern, const GyroOptions &options,
                  const Deadline &deadline, ColumnIndex &index) {
  const int64_t tiles = index.getNumTiles();
  auto searchTile = [&](int64_t t) {
    int64_t begin = index.offsets[t], count = index.offsets[t + 1] - begin;
    int64_t firstRow = t * pattern.tile;
    int64_t rows = std::min(pattern.tile, saliency.getRows() - firstRow);
    Matrix<float> slots(count, rows);
    for (int64_t k = 0; k < count; ++k) {
      int32_t column = index.columns[begin + k];
      // A repeated column is filling: it has nothing to keep.
      if (k > 0 && index.columns[begin + k - 1] == column)
        continue;
      for (int64_t r = 0; r < rows; ++r)
        slots(k, r) = saliency(rowOrder[firstRow + r], column);
    }
    // Each tile has its own stream, so that threads do not matter.
    std::seed_seq stream{options.seed, options.seed >> 32,
                         static_cast<uint64_t>(t) + 1};
    uint32_t words[2];
    stream.generate(words, words + 2);
    InputSearch search(std::move(slots), pattern.n, pattern.m,
                       (static_cast<uint64_t>(words[0]) << 32) | words[1]);
    Permutation order = search.run(deadline);
    std::vector<int32_t> listed(index.columns.begin() + begin,
                                index.columns.begin() + begin + count);
    for (int64_t k = 0; k < count; ++k)
      index.columns[begin + k] = listed[order[k]];
  };
  WorkerPool(options.threads).forEach(tiles, [&](int64_t t, unsigned) {
    searchTile(t);
  });
  if (options.progress)
    options.progress(
        {"icp", tiles, tiles,
         totalSaliency(saliency) -
             retainedSaliency(saliency, rowOrder, pattern, index)});
}

} // namespace

llvm::Expected<GyroResult> gyroPermute(MatrixView<float> saliency,
                                       const Pattern &pattern,
                                       const GyroOptions &options) {
  if (llvm::Error error = checkSaliency(saliency))
    return std::move(error);
  const Permutation natural = identityPermutation(saliency.getRows());
  llvm::Expected<WeightResult> figures = measureNaturalOrder(saliency, pattern);
  if (!figures)
    return figures.takeError();
  GyroResult result = {std::move(*figures), {}};

  const Deadline deadline(options);
  const bool orderIsFree = pattern.policy != VectorPolicy::PerBlock;
  auto evaluate = [&](Permutation rowOrder) -> llvm::Error {
    llvm::Expected<ColumnIndex> columns =
        selectColumns(saliency, rowOrder, pattern);
    if (!columns)
      return columns.takeError();
    if (options.icp && orderIsFree)
      searchInputs(saliency, rowOrder, pattern, options, deadline, *columns);
    double retained = retainedSaliency(saliency, rowOrder, pattern, *columns);
    if (result.rowOrder.empty() || retained > result.retained) {
      result.rowOrder = std::move(rowOrder);
      result.columns = std::move(*columns);
      result.retained = retained;
    }
    return llvm::Error::success();
  };

  const bool searchRows = options.ocp && pattern.policy != VectorPolicy::All;
  if (searchRows)
    if (llvm::Error error =
            evaluate(OutputSearch(saliency, pattern, options, deadline).run()))
      return std::move(error);
  // OCP's objective does not see the N:M loss, so its order can end up worse
  // than the natural one, which then stands.
  if (!searchRows || result.retained <= result.retainedWithoutPermutation)
    if (llvm::Error error = evaluate(natural))
      return std::move(error);
  return result;
}

} // namespace hinm::core
