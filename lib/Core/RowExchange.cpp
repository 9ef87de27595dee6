//===- RowExchange.cpp - The order of the rows ----------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RowExchange.h"

#include "Simd.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

namespace hinm::core {

/// Of each tile of a pair, how many rows are tried against the other's.
static constexpr int64_t candidatesOfTile = 4;
/// Swaps after which a tile's sums are added up anew, so that rounding does not
/// pile up.
static constexpr int64_t swapsBetweenSums = 256;
/// The first temperature, relative to the root mean square gain of random
/// swaps.
static constexpr double firstTemperature = 0.6;
static constexpr int calibrationSwaps = 1000;
/// Rounds between two looks at a threshold that tiles share.
static constexpr int64_t roundsBetweenShares = 8;

RowExchange::RowExchange(MatrixView<float> worth,
                         std::vector<RowSegment> segments, int64_t tile,
                         Permutation order, uint64_t seed, WorkerPool &pool)
    : worth(worth), segments(std::move(segments)),
      sharedThresholds(this->segments.size()), seed(seed), pool(pool),
      tiles((order.size() + tile - 1) / tile), scratches(pool.getNumWorkers()) {
  pool.forEach(tiles.size(), [&](int64_t t, unsigned) {
    auto first = order.begin() + t * tile;
    tiles[t].rows.assign(first,
                         first + std::min<int64_t>(tile, order.end() - first));
    sumUp(tiles[t]);
  });
  for (const Tile &tile : tiles)
    total += std::accumulate(tile.sums.begin(), tile.sums.end(), 0.0);
  shareThresholds();
  pool.forEach(tiles.size(), [&](int64_t t, unsigned worker) {
    findThresholds(tiles[t], scratches[worker]);
  });
}

void RowExchange::sumUp(Tile &tile) {
  const int64_t cols = worth.getCols();
  std::vector<double> sums(cols, 0.0);
  for (int32_t r : tile.rows)
    for (int64_t c = 0; c < cols; ++c)
      sums[c] += worth(r, c);
  tile.sums.assign(sums.begin(), sums.end());
  tile.swaps = 0;
}

/// θ, excess and worth of a tile whose sums are up to date.
void RowExchange::findThresholds(Tile &tile, Scratch &scratch) {
  tile.excess = tile.sums;
  tile.base = 0.0;
  for (auto [s, segment] : llvm::enumerate(segments)) {
    float threshold = sharedThresholds[s];
    double count = static_cast<double>(segment.kept);
    if (segment.shared) {
      // The shared θ costs the same however the rows lie.
      count = 0.0;
    } else {
      scratch.values.assign(tile.sums.begin() + segment.begin,
                            tile.sums.begin() + segment.end);
      auto kth = scratch.values.begin() + segment.kept - 1;
      std::nth_element(scratch.values.begin(), kth, scratch.values.end(),
                       std::greater<float>());
      threshold = *kth;
    }
    for (int64_t c = segment.begin; c < segment.end; ++c)
      tile.excess[c] -= threshold;
    tile.base += count * threshold;
  }
  tile.worth =
      tile.base + simd::sumOfPositive(tile.excess.data(), tile.excess.size());
}

void RowExchange::shareThresholds() {
  for (auto [s, segment] : llvm::enumerate(segments)) {
    if (!segment.shared)
      continue;
    std::vector<float> sums;
    for (const Tile &tile : tiles)
      sums.insert(sums.end(), tile.sums.begin() + segment.begin,
                  tile.sums.begin() + segment.end);
    auto kth = sums.begin() + segment.kept - 1;
    std::nth_element(sums.begin(), kth, sums.end(), std::greater<float>());
    sharedThresholds[s] = *kth;
  }
}

double RowExchange::worthAfterSwap(const Tile &a, const Tile &b, int32_t rowA,
                                   int32_t rowB) const {
  return a.base + b.base +
         simd::sumAfterSwap(a.excess.data(), b.excess.data(), worth.row(rowA),
                            worth.row(rowB), worth.getCols());
}

/// The root mean square gain of a random swap.
double RowExchange::measureGains() {
  Random random{seed, 0};
  double squares = 0.0;
  int measured = 0;
  for (int i = 0; i < calibrationSwaps; ++i) {
    Tile &a = tiles[random.below(tiles.size())];
    Tile &b = tiles[random.below(tiles.size())];
    if (&a == &b)
      continue;
    const double gain =
        worthAfterSwap(a, b, a.rows[random.below(a.rows.size())],
                       b.rows[random.below(b.rows.size())]) -
        a.worth - b.worth;
    squares += gain * gain;
    ++measured;
  }
  return measured ? std::sqrt(squares / measured) : 0.0;
}

/// Writes to \p best the positions of the \p count largest \p gains, of equals
/// the first from \p start on.
static void takeBest(const std::vector<float> &gains, int64_t count,
                     uint32_t start, std::vector<int32_t> &best) {
  best.resize(gains.size());
  std::iota(best.begin(), best.end(), 0);
  const auto size = static_cast<int32_t>(best.size());
  auto rank = [&](int32_t x) {
    const auto from = static_cast<int32_t>(start);
    return x >= from ? x - from : x - from + size;
  };
  std::partial_sort(best.begin(), best.begin() + count, best.end(),
                    [&](int32_t x, int32_t y) {
                      return gains[x] != gains[y] ? gains[x] > gains[y]
                                                  : rank(x) < rank(y);
                    });
  best.resize(count);
}

void RowExchange::meet(Tile &a, Tile &b, double temperature, Random random,
                       Scratch &scratch) {
  const int64_t cols = worth.getCols();
  // What moving a row from a to b gains while both keep the columns they keep.
  scratch.direction.resize(cols);
  for (int64_t c = 0; c < cols; ++c)
    scratch.direction[c] =
        (b.excess[c] > 0.0f ? 1.0f : 0.0f) - (a.excess[c] > 0.0f ? 1.0f : 0.0f);
  scratch.gainA.clear();
  scratch.gainB.clear();
  for (int32_t r : a.rows)
    scratch.gainA.push_back(
        simd::dot(worth.row(r), scratch.direction.data(), cols));
  for (int32_t r : b.rows)
    scratch.gainB.push_back(
        -simd::dot(worth.row(r), scratch.direction.data(), cols));
  // Where the gains are equal (repeated rows, quantised weights), other rows
  // get their turn in every meeting.
  Random ties = random;
  for (auto [gains, best] : {std::pair(&scratch.gainA, &scratch.bestA),
                             std::pair(&scratch.gainB, &scratch.bestB)})
    takeBest(*gains, std::min<int64_t>(candidatesOfTile, gains->size()),
             ties.below(gains->size()), *best);

  for (int32_t i : scratch.bestA)
    for (auto j = scratch.bestB.begin(); j != scratch.bestB.end(); ++j) {
      const int32_t rowA = a.rows[i], rowB = b.rows[*j];
      const double before = a.worth + b.worth;
      const double gain = worthAfterSwap(a, b, rowA, rowB) - before;
      // Metropolis; at temperature 0 only what is more than rounding.
      const double least = temperature > 0.0
                               ? temperature * std::log(random.uniform())
                               : 1e-6 * before;
      // Twins changing places would only use up the pair's turn.
      if (gain <= least || gain == 0.0)
        continue;
      simd::applySwap(a.sums.data(), b.sums.data(), worth.row(rowA),
                      worth.row(rowB), cols);
      std::swap(a.rows[i], b.rows[*j]);
      for (Tile *tile : {&a, &b}) {
        if (++tile->swaps >= swapsBetweenSums)
          sumUp(*tile);
        findThresholds(*tile, scratch);
      }
      scratch.bestB.erase(j);
      break;
    }
}

void RowExchange::run(PhaseClock &clock, double heat) {
  const double scale = heat * firstTemperature * measureGains();
  std::vector<int32_t> meeting = identityPermutation(tiles.size());
  const bool shares = llvm::any_of(
      segments, [](const RowSegment &segment) { return segment.shared; });
  while (!clock.isOver()) {
    const double temperature = scale * (1.0 - clock.getShare());
    const auto round = static_cast<uint64_t>(clock.getRound());
    Random random{seed, 1, round};
    random.shuffle(meeting);
    pool.forEach(tiles.size() / 2, [&](int64_t pair, unsigned worker) {
      meet(tiles[meeting[2 * pair]], tiles[meeting[2 * pair + 1]], temperature,
           Random{seed, 2, round, static_cast<uint64_t>(pair)},
           scratches[worker]);
    });
    if (shares && round % roundsBetweenShares == 0) {
      shareThresholds();
      pool.forEach(tiles.size(), [&](int64_t t, unsigned worker) {
        findThresholds(tiles[t], scratches[worker]);
      });
    }
    clock.tick([&] { return total > 0.0 ? 1.0 - getWorth() / total : 0.0; });
  }
}

Permutation RowExchange::getOrder() const {
  Permutation order;
  for (const Tile &tile : tiles)
    order.insert(order.end(), tile.rows.begin(), tile.rows.end());
  return order;
}

double RowExchange::getWorth() const {
  double sum = 0.0;
  for (const Tile &tile : tiles)
    sum += tile.worth;
  for (auto [s, segment] : llvm::enumerate(segments))
    if (segment.shared)
      sum += static_cast<double>(segment.kept) * sharedThresholds[s];
  return sum;
}

} // namespace hinm::core
