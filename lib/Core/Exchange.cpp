//===- Exchange.cpp - The search by exchanges -----------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Exchange.h"

#include "ColumnExchange.h"
#include "ExpectedSaliency.h"
#include "NaturalOrder.h"
#include "RowExchange.h"
#include "SearchControl.h"
#include "Simd.h"
#include "WorkerPool.h"
#include "hinm/Core/BalancedKMeans.h"
#include "hinm/Core/Prune.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <mutex>
#include <random>

namespace hinm::core {

namespace {

/// Without a budget: how often two tiles meet, rounds of the rows however many
/// tiles there are (so that the cost is linear in the weights), rounds of a
/// tile's columns, and the inner loops' steps that either phase may take before
/// it is cut short.
constexpr int64_t meetings = 120, maxRowRounds = 2500, minColumnRounds = 8,
                  maxColumnRounds = 100;
constexpr double maxSteps = 4e10;
/// The share of a budget that the rows get when there are columns to search.
constexpr double rowShare = 0.5;
/// The share of it that a given order's columns get first.
constexpr double warmShare = 0.2;
/// The heat of a search that starts from a given order.
constexpr double warmHeat = 0.1;
/// A weight so small that a search of it takes no more steps than this is
/// searched anew several times.
constexpr double smallSteps = 2e7;
constexpr int64_t maxAttempts = 16, maxBudgetAttempts = 1000000;
/// Rounds that tell how long a round of columns takes.
constexpr int64_t probeRounds = 3;
constexpr double maxBudgetRounds = 1e6;
/// Steps of the k-means that deals rows to the tiles of a shared list.
constexpr int maxDealIterations = 30;

class ExchangeSearch {
public:
  ExchangeSearch(llvm::ArrayRef<SearchWeight> weights,
                 const SearchOptions &options)
      : weights(weights), options(options), clock(options),
        pool(options.threads), rows(weights.front().saliency.getRows()),
        tile(weights.front().pattern.tile),
        listRows(weights.front().pattern.getListRows()) {}

  llvm::Expected<SearchResult> run();

private:
  struct TileTask {
    size_t weight;
    int64_t tile;
  };

  void joinWorths();
  void planColumns();
  double getAttemptSteps() const;
  Permutation searchRows(Permutation order, double heat, uint64_t seed,
                         std::optional<double> until);
  double improveTile(const TileTask &task, const SearchResult &result,
                     int64_t rounds, Random random, ColumnIndex &index);
  void dealLists(SearchResult &result, uint64_t seed);
  void searchColumns(SearchResult &result, uint64_t seed,
                     std::optional<double> until);
  void consider(Permutation order, bool deal, uint64_t seed,
                std::optional<double> until);
  bool isOver() const {
    return clock.stopped() ||
           (options.timeBudget && clock.elapsed() >= *options.timeBudget);
  }

  llvm::ArrayRef<SearchWeight> weights;
  const SearchOptions &options;
  SearchClock clock;
  WorkerPool pool;
  int64_t rows, tile, listRows;
  std::vector<Matrix<float>> expected;

  // The rows' problem, of blocks of rows: the weights whose tiles choose
  // columns, side by side.
  std::vector<RowSegment> segments;
  Matrix<float> joined;
  std::optional<MatrixView<float>> worth;
  int64_t rowRounds = 0;
  // The columns' problem.
  std::vector<TileTask> tasks;
  double columnSteps = 0.0; // of one round
  int64_t columnRounds = 0;

  SearchResult best;
  double bestRetained = 0.0;
};

} // namespace

void ExchangeSearch::joinWorths() {
  const int64_t tiles = (rows + listRows - 1) / listRows;
  if (!options.ocp || tiles < 2 || listRows == options.rowBlock)
    return;
  std::vector<size_t> taking;
  int64_t width = 0;
  for (auto [i, weight] : llvm::enumerate(weights)) {
    const int64_t cols = weight.saliency.getCols();
    const bool shared = weight.pattern.policy == VectorPolicy::Global;
    bool takes = false;
    for (const Pattern::Block &block : weight.pattern.getBlocks(cols)) {
      if (block.kept == 0 || block.kept == block.end - block.begin)
        continue;
      segments.push_back({width + block.begin, width + block.end,
                          shared ? block.kept * tiles : block.kept, shared});
      takes = true;
    }
    if (!takes)
      continue;
    taking.push_back(i);
    width += cols;
  }
  if (taking.empty())
    return;
  const int64_t stride = simd::padded(width);
  const int64_t block = options.rowBlock;
  if (taking.size() == 1 && stride == width && block == 1) {
    worth = expected[taking.front()];
  } else {
    joined = Matrix<float>(rows / block, stride);
    pool.forEach(rows / block, [&](int64_t unit, unsigned) {
      float *to = joined.row(unit);
      for (size_t i : taking) {
        const int64_t cols = expected[i].getCols();
        for (int64_t r = unit * block; r < (unit + 1) * block; ++r)
          for (int64_t c = 0; c < cols; ++c)
            to[c] += expected[i](r, c);
        to += cols;
      }
    });
    worth = joined;
  }
  const double roundSteps = static_cast<double>(worth->getRows() * stride);
  rowRounds =
      std::min({meetings * (tiles - 1), maxRowRounds,
                static_cast<int64_t>(std::ceil(maxSteps / roundSteps))});
}

void ExchangeSearch::planColumns() {
  if (!options.icp)
    return;
  for (auto [i, weight] : llvm::enumerate(weights)) {
    const std::vector<int32_t> &offsets = best.weights[i].columns.offsets;
    for (size_t t = 0; t + 1 < offsets.size(); ++t)
      tasks.push_back({i, static_cast<int64_t>(t)});
    columnSteps += ColumnExchange::estimateSteps(
                       offsets.back() / weight.pattern.m,
                       weight.pattern.policy != VectorPolicy::All) *
                   static_cast<double>(simd::padded(std::min(tile, rows)));
  }
  columnRounds =
      std::clamp<int64_t>(std::llround(maxSteps / std::max(columnSteps, 1.0)),
                          minColumnRounds, maxColumnRounds);
}

double ExchangeSearch::getAttemptSteps() const {
  const double rowSteps =
      worth ? static_cast<double>(rowRounds) *
                  static_cast<double>(worth->getRows() * worth->getCols())
            : 0.0;
  return rowSteps + columnSteps * static_cast<double>(columnRounds);
}

Permutation ExchangeSearch::searchRows(Permutation order, double heat,
                                       uint64_t seed,
                                       std::optional<double> until) {
  if (!worth)
    return order;
  const int64_t block = options.rowBlock;
  Permutation units;
  for (int64_t r = 0; r < rows; r += block)
    units.push_back(static_cast<int32_t>(order[r] / block));
  PhaseClock phase(clock, "rows", rowRounds, until);
  RowExchange search(*worth, segments, listRows / block, std::move(units), seed,
                     pool);
  search.run(phase, heat);
  order.clear();
  for (int32_t unit : search.getOrder())
    for (int64_t i = 0; i < block; ++i)
      order.push_back(static_cast<int32_t>(unit * block + i));
  return order;
}

/// Improves one tile's list in \p index; returns what it retains.
double ExchangeSearch::improveTile(const TileTask &task,
                                   const SearchResult &result, int64_t rounds,
                                   Random random, ColumnIndex &index) {
  const SearchWeight &weight = weights[task.weight];
  const Pattern &pattern = weight.pattern;
  const int64_t cols = weight.saliency.getCols();
  const int64_t begin = index.offsets[task.tile];
  const int64_t count = index.offsets[task.tile + 1] - begin;
  std::vector<ColumnSegment> segments;
  int64_t firstSlot = 0;
  const std::vector<Pattern::Block> blocks = pattern.getBlocks(cols);
  for (const Pattern::Block &block : blocks) {
    // Kept columns fill up to whole groups; under Global tiles differ.
    const int64_t slots =
        blocks.size() == 1
            ? count
            : static_cast<int64_t>(llvm::alignTo(block.kept, pattern.m));
    segments.push_back({block.begin, block.end, firstSlot, slots});
    firstSlot += slots;
  }
  const int64_t firstRow = task.tile * tile;
  ColumnExchange search(weight.saliency,
                        llvm::ArrayRef(result.rowOrder)
                            .slice(firstRow, std::min(tile, rows - firstRow)),
                        pattern.n, pattern.m, std::move(segments),
                        /*exchanges=*/pattern.policy != VectorPolicy::All &&
                            listRows == tile);
  std::vector<int32_t> list =
      search.improve(llvm::ArrayRef(index.columns).slice(begin, count), rounds,
                     random, [&] { return isOver(); });
  std::copy(list.begin(), list.end(), index.columns.begin() + begin);
  return search.getWorth();
}

/// Improves the lists of \p result, which has its row order.
void ExchangeSearch::searchColumns(SearchResult &result, uint64_t seed,
                                   std::optional<double> until) {
  double total = 0.0;
  for (const WeightResult &figures : result.weights)
    total += figures.total;
  auto pass = [&](int64_t rounds, uint64_t number) {
    PhaseClock phase(clock, "columns", tasks.size(), std::nullopt);
    std::mutex mutex;
    double retained = 0.0;
    pool.forEach(tasks.size(), [&](int64_t i, unsigned) {
      if (isOver())
        return;
      const TileTask &task = tasks[i];
      const double kept = improveTile(task, result, rounds,
                                      Random{seed, 3, number, task.weight,
                                             static_cast<uint64_t>(task.tile)},
                                      result.weights[task.weight].columns);
      std::lock_guard<std::mutex> lock(mutex);
      retained += kept;
      phase.tick([&] {
        const double share = static_cast<double>(phase.getRound()) /
                             static_cast<double>(tasks.size());
        return total > 0.0 ? 1.0 - retained / (total * share) : 0.0;
      });
    });
  };
  if (!until)
    return pass(columnRounds, 0);
  const double before = clock.elapsed();
  pass(probeRounds, 0);
  const double now = clock.elapsed(), took = std::max(now - before, 1e-6);
  const auto rounds = static_cast<int64_t>(
      std::min(maxBudgetRounds, probeRounds * (*until - now) / took));
  if (rounds >= probeRounds)
    pass(rounds, 1);
}

/// Deals the rows that share a column list to its tiles, rows that are alike to
/// the same one, so that they agree on groups. The lists stay what they are: an
/// order inside does not change what the rows have in common.
void ExchangeSearch::dealLists(SearchResult &result, uint64_t seed) {
  const int64_t tilesOfList = listRows / tile;
  pool.forEach(rows / listRows, [&](int64_t list, unsigned) {
    const int64_t firstRow = list * listRows, firstTile = list * tilesOfList;
    int64_t width = 0;
    for (const WeightResult &figures : result.weights)
      width += figures.columns.offsets[firstTile + 1] -
               figures.columns.offsets[firstTile];
    Matrix<float> points(listRows, width);
    for (int64_t i = 0; i < listRows; ++i) {
      float *to = points.row(i);
      const int32_t r = result.rowOrder[firstRow + i];
      for (auto [weight, figures] : llvm::zip_equal(weights, result.weights)) {
        const ColumnIndex &index = figures.columns;
        for (int64_t k = index.offsets[firstTile];
             k < index.offsets[firstTile + 1]; ++k)
          *to++ = weight.saliency(r, index.columns[k]);
      }
    }
    std::mt19937_64 random(Random{seed, 5, static_cast<uint64_t>(list)}.next());
    const std::vector<int32_t> cluster =
        balancedKMeans(points, tilesOfList, maxDealIterations, random);
    // A counting sort by cluster.
    std::vector<int64_t> next(tilesOfList);
    for (int64_t t = 0; t < tilesOfList; ++t)
      next[t] = t * tile;
    std::vector<int32_t> dealt(listRows);
    for (int64_t i = 0; i < listRows; ++i)
      dealt[next[cluster[i]]++] = result.rowOrder[firstRow + i];
    llvm::copy(dealt, result.rowOrder.begin() + firstRow);
  });
}

/// Searches the columns for \p order, with the rows of each list dealt anew if
/// \p deal, and takes what comes out if it is better than the best so far.
void ExchangeSearch::consider(Permutation order, bool deal, uint64_t seed,
                              std::optional<double> until) {
  SearchResult found;
  found.rowOrder = std::move(order);
  found.weights = best.weights;
  // The arguments have been checked.
  for (auto [i, weight] : llvm::enumerate(weights))
    found.weights[i].columns =
        cantFail(selectColumns(expected[i], found.rowOrder, weight.pattern));
  if (deal)
    dealLists(found, seed);
  searchColumns(found, seed, until);
  double retained = 0.0;
  for (auto [weight, figures] : llvm::zip_equal(weights, found.weights)) {
    figures.retained = retainedSaliency(weight.saliency, found.rowOrder,
                                        weight.pattern, figures.columns);
    retained += figures.retained;
  }
  if (retained > bestRetained) {
    best = std::move(found);
    bestRetained = retained;
  }
}

llvm::Expected<SearchResult> ExchangeSearch::run() {
  const Permutation natural = identityPermutation(rows);
  best.rowOrder = natural;
  for (const SearchWeight &weight : weights) {
    llvm::Expected<WeightResult> figures =
        measureNaturalOrder(weight.saliency, weight.pattern);
    if (!figures)
      return figures.takeError();
    bestRetained += figures->retained;
    best.weights.push_back(std::move(*figures));
    expected.push_back(expectSaliency(weight.saliency, weight.pattern, pool));
  }
  joinWorths();
  planColumns();

  // What the budget is shared out to: the columns of a given order, the rows,
  // and the columns of the order found.
  const bool warm = !options.warmStart.empty();
  const bool small = getAttemptSteps() <= smallSteps;
  auto share = [&](double of) -> std::optional<double> {
    if (!options.timeBudget || small)
      return std::nullopt;
    return of * *options.timeBudget;
  };
  const double rowsBegin = warm ? warmShare : 0.0;
  const double rowsEnd =
      options.icp ? rowsBegin + (1.0 - rowsBegin) * rowShare : 1.0;
  const Permutation &start = warm ? options.warmStart : natural;
  const bool deals =
      options.ocp && options.icp && listRows > tile && options.rowBlock == 1;
  if (warm || !worth)
    consider(start, /*deal=*/false, options.seed,
             share(worth ? rowsBegin : (deals ? 0.5 : 1.0)));
  if (!worth && deals && !isOver())
    consider(start, /*deal=*/true, options.seed, share(1.0));
  int64_t attempts = 1;
  if (small)
    attempts =
        options.timeBudget
            ? maxBudgetAttempts
            : std::clamp<int64_t>(smallSteps / std::max(getAttemptSteps(), 1.0),
                                  1, maxAttempts);
  // Without rows to search, the natural order's columns have had their turn.
  for (int64_t i = worth ? 0 : 1; i < attempts && (i == 0 || !isOver()); ++i) {
    const uint64_t seed =
        i == 0 ? options.seed
               : Random{options.seed, 4, static_cast<uint64_t>(i)}.next();
    Permutation order =
        searchRows(start, warm ? warmHeat : 1.0, seed, share(rowsEnd));
    consider(order, /*deal=*/false, seed,
             share(deals ? (rowsEnd + 1.0) / 2.0 : 1.0));
    if (deals && !isOver())
      consider(std::move(order), /*deal=*/true, seed, share(1.0));
  }
  return std::move(best);
}

llvm::Expected<SearchResult>
searchByExchange(llvm::ArrayRef<SearchWeight> weights,
                 const SearchOptions &options) {
  return ExchangeSearch(weights, options).run();
}

} // namespace hinm::core
