//===- SearchTest.cpp - The search against exhaustive search --------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/Search.h"

#include "ExhaustiveSearch.h"
#include "RandomMatrix.h"
#include "hinm/Core/PackedFormat.h"
#include "hinm/Core/Prune.h"
#include "gtest/gtest.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <thread>
#include <tuple>

using namespace hinm::core;

namespace {

SearchResult search(llvm::ArrayRef<SearchWeight> weights,
                    const SearchOptions &options = {}) {
  return cantFail(searchOrders(weights, options));
}

std::string refusal(llvm::ArrayRef<SearchWeight> weights,
                    const SearchOptions &options = {}) {
  llvm::Expected<SearchResult> result = searchOrders(weights, options);
  return result ? "" : llvm::toString(result.takeError());
}

TEST(Search, WithinHalfAPercentOfTheOptimum) {
  std::mt19937_64 random(1);
  for (auto [rows, cols, tile, n, m, sparsity] :
       {std::tuple<int64_t, int64_t, int64_t, int64_t, int64_t, double>{
            5, 5, 2, 1, 2, 0.2},
        {6, 6, 2, 1, 2, 0.34},
        {6, 8, 3, 2, 4, 0.5},
        {4, 8, 2, 2, 4, 0.5},
        {8, 6, 4, 2, 3, 0.5}}) {
    double found = 0.0, optimum = 0.0;
    for (int trial = 0; trial < 4; ++trial) {
      Pattern pattern = makePattern(tile, sparsity);
      pattern.n = n;
      pattern.m = m;
      Matrix<float> saliency = randomSaliency(rows, cols, random);
      WeightResult result = search(SearchWeight{saliency, pattern}).weights[0];
      const double best = searchExhaustively(saliency, pattern);
      EXPECT_LE(result.retained, best + 1e-5);
      EXPECT_GE(result.retained, result.retainedWithoutPermutation - 1e-5);
      found += result.retained;
      optimum += best;
    }
    EXPECT_GT(found, 0.995 * optimum)
        << rows << "x" << cols << " in tiles of " << tile;
  }
}

TEST(Search, ResultIsValidAndMeasuredRight) {
  std::mt19937_64 random(2);
  // 2:4, and 1:2 as tf32 has it.
  for (auto [rows, cols, tile, n, m] :
       {std::tuple<int64_t, int64_t, int64_t, int64_t, int64_t>{64, 48, 16, 2,
                                                                4},
        {50, 30, 16, 2, 4},
        {7, 172, 1, 2, 4},
        {33, 9, 64, 2, 4},
        {40, 600, 8, 2, 4},
        {64, 48, 16, 1, 2},
        {50, 31, 16, 1, 2},
        {7, 172, 1, 1, 2},
        {33, 9, 64, 1, 2}})
    for (VectorPolicy policy : {VectorPolicy::PerTile, VectorPolicy::Global,
                                VectorPolicy::PerBlock, VectorPolicy::All}) {
      Matrix<float> saliency = randomSaliency(rows, cols, random);
      Pattern pattern = makePattern(tile, 0.5);
      pattern.n = n;
      pattern.m = m;
      pattern.policy = policy;
      if (policy == VectorPolicy::All)
        pattern.vectorSparsity = 0.0;
      SearchResult result = search(SearchWeight{saliency, pattern});
      const WeightResult &figures = result.weights[0];
      ASSERT_TRUE(isPermutation(result.rowOrder));
      ASSERT_FALSE(figures.columns.check(pattern, rows, cols));
      Matrix<uint8_t> mask = cantFail(
          computeMask(saliency, result.rowOrder, pattern, figures.columns));
      double kept = 0.0;
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t c = 0; c < cols; ++c)
          kept += mask(r, c) ? saliency(r, c) : 0.0;
      EXPECT_NEAR(kept, figures.retained, 1e-4 * kept);
      EXPECT_GE(figures.retained, figures.retainedWithoutPermutation);
      EXPECT_LE(figures.retained, figures.retainedUnstructured * (1 + 1e-6));
      EXPECT_LE(countKept(rows, pattern, figures.columns),
                countKept(rows, pattern,
                          cantFail(selectColumns(saliency, result.rowOrder,
                                                 pattern))));
    }
}

/// Where all columns are kept and M does not divide them, a list repeats some.
TEST(Search, WhatItKeepsCanBePacked) {
  std::mt19937_64 random(8);
  for (SearchAlgorithm algorithm :
       {SearchAlgorithm::Exchange, SearchAlgorithm::Gyro})
    for (int64_t cols : {5, 37, 41, 62, 131}) {
      Matrix<float> saliency = randomSaliency(48, cols, random);
      SearchOptions options;
      options.algorithm = algorithm;
      const SearchResult result =
          search(SearchWeight{saliency, makePattern(16, 0.0)}, options);
      const ColumnIndex &columns = result.weights[0].columns;
      const Matrix<uint8_t> mask = cantFail(computeMask(
          saliency, result.rowOrder, makePattern(16, 0.0), columns));
      Matrix<uint16_t> pruned(48, cols);
      for (int64_t r = 0; r < 48; ++r)
        for (int64_t c = 0; c < cols; ++c)
          pruned(r, c) = mask(result.rowOrder[r], c) ? 0x3c00 : 0;
      llvm::Expected<PackedWeight> packed = pack(pruned, columns, 16);
      EXPECT_TRUE(static_cast<bool>(packed))
          << cols << " columns: " << llvm::toString(packed.takeError());
    }
}

TEST(Search, EqualRowsDoNotHoldItUp) {
  // Four kinds of rows, each with two weights, by turns: every swap of two rows
  // of a kind gains nothing, and the tiles of the natural order lose half.
  const int64_t rows = 16, cols = 8;
  Matrix<float> saliency(rows, cols);
  for (int64_t r = 0; r < rows; ++r)
    saliency(r, 2 * (r % 4)) = saliency(r, 2 * (r % 4) + 1) = 1.0f;
  for (int64_t tile : {4, 8}) {
    Pattern pattern = makePattern(tile, 0.5);
    WeightResult found =
        search(SearchWeight{saliency, pattern}).weights.front();
    EXPECT_EQ(found.retainedWithoutPermutation, 0.5 * found.total);
    EXPECT_EQ(found.retained, found.total);
  }
}

TEST(Search, RowsOfASharedListAreDealtToItsTiles) {
  // Rows of eight families by turns, and one list for all: the tiles group it
  // in their own ways, which pays a little if a tile holds a family.
  std::mt19937_64 random(10);
  const int64_t families = 8, tile = 16, rows = families * tile, cols = 64;
  Matrix<float> saliency = randomSaliency(rows, cols, random);
  std::normal_distribution<float> normal;
  for (int64_t family = 0; family < families; ++family)
    for (int64_t c = 0; c < cols; ++c) {
      const float scale = std::exp(1.5f * normal(random));
      for (int64_t r = family; r < rows; r += families)
        saliency(r, c) *= scale;
    }
  Pattern pattern = makePattern(tile, 0.5);
  pattern.listRows = rows;
  const SearchWeight weight{saliency, pattern};
  SearchOptions natural;
  natural.ocp = false;
  SearchResult dealt = search(weight);
  EXPECT_GT(dealt.weights[0].retained,
            1.001 * search(weight, natural).weights[0].retained);
  EXPECT_TRUE(isPermutation(dealt.rowOrder));
}

TEST(Search, SharedListsAndWindows) {
  std::mt19937_64 random(9);
  const int64_t rows = 100, cols = 84;
  Matrix<float> saliency = randomSaliency(rows, cols, random);
  Pattern plain = makePattern(8, 0.5), shared = plain, windowed = plain;
  shared.listRows = 32;
  windowed.window = 16;
  const double free = search(SearchWeight{saliency, plain}).weights[0].retained;
  for (const Pattern &pattern : {shared, windowed}) {
    SearchResult result = search(SearchWeight{saliency, pattern});
    const WeightResult &figures = result.weights[0];
    const ColumnIndex &index = figures.columns;
    ASSERT_FALSE(index.check(pattern, rows, cols));
    EXPECT_GT(figures.retained, 1.02 * figures.retainedWithoutPermutation);
    // It costs something, and not all that a search gains.
    EXPECT_LT(figures.retained, free);
    EXPECT_GT(figures.retained, 0.9 * free);
    for (int64_t t = 0; t < index.getNumTiles(); ++t) {
      auto begin = index.columns.begin() + index.offsets[t],
           end = index.columns.begin() + index.offsets[t + 1];
      if (pattern.window)
        for (auto group = begin; group != end; group += pattern.m)
          for (int64_t k = 1; k < pattern.m; ++k)
            EXPECT_EQ(group[0] / 16, group[k] / 16);
      else if (t % 4 != 0) {
        auto before = index.columns.begin() + index.offsets[t - 1];
        EXPECT_TRUE(std::is_permutation(begin, end, before));
      }
    }
  }
}

TEST(Search, ExchangeBeatsGyro) {
  std::mt19937_64 random(3);
  Matrix<float> saliency = randomSaliency(128, 128, random);
  for (int64_t tile : {16, 32}) {
    SearchWeight weight{saliency, makePattern(tile, 0.5)};
    SearchOptions gyro;
    gyro.algorithm = SearchAlgorithm::Gyro;
    EXPECT_GT(search(weight).weights[0].retained,
              1.005 * search(weight, gyro).weights[0].retained);
  }
}

TEST(Search, DependsOnTheSeedAndNotOnThreads) {
  std::mt19937_64 random(4);
  Matrix<float> saliency = randomSaliency(96, 200, random);
  SearchWeight weight{saliency, makePattern(16, 0.5)};
  SearchOptions one, many, other;
  one.threads = 1;
  many.threads = 5;
  other.seed = 1;
  SearchResult a = search(weight, one), b = search(weight, many),
               c = search(weight, other);
  EXPECT_EQ(a.rowOrder, b.rowOrder);
  EXPECT_EQ(a.weights[0].columns.columns, b.weights[0].columns.columns);
  EXPECT_NE(a.rowOrder, c.rowOrder);
}

TEST(Search, WeightsThatShareAnOrder) {
  std::mt19937_64 random(5);
  Matrix<float> wide = randomSaliency(64, 96, random);
  Matrix<float> narrow = randomSaliency(64, 40, random);
  SearchWeight weights[] = {{wide, makePattern(16, 0.5)},
                            {narrow, makePattern(16, 0.75)}};
  SearchResult joint = search(weights);
  ASSERT_EQ(joint.weights.size(), 2u);
  for (auto [weight, figures] : llvm::zip_equal(weights, joint.weights)) {
    EXPECT_FALSE(
        figures.columns.check(weight.pattern, 64, weight.saliency.getCols()));
    EXPECT_NEAR(figures.retained,
                retainedSaliency(weight.saliency, joint.rowOrder,
                                 weight.pattern, figures.columns),
                1e-4);
    EXPECT_GT(figures.retained, 1.02 * figures.retainedWithoutPermutation);
  }
  // One weight's best order is not the other's: alone it does better.
  EXPECT_GT(search(weights[1]).weights[0].retained, joint.weights[1].retained);
}

// Heads of four rows: the search puts those that weigh in the same columns into
// one tile, and leaves each head as it is.
TEST(Search, BlocksOfRowsStayTogether) {
  std::mt19937_64 random(5);
  Matrix<float> saliency(64, 32);
  std::uniform_real_distribution<float> small(0.0f, 0.01f);
  for (int64_t r = 0; r < 64; ++r)
    for (int64_t c = 0; c < 32; ++c)
      saliency(r, c) = small(random) + (c / 8 == r / 4 % 4 ? 1.0f : 0.0f);
  SearchOptions options;
  options.rowBlock = 4;
  const SearchResult result =
      search(SearchWeight{saliency, makePattern(16, 0.75)}, options);
  for (int64_t r = 0; r < 64; ++r)
    EXPECT_EQ(result.rowOrder[r], result.rowOrder[r / 4 * 4] + r % 4);
  for (int64_t t = 0; t < 4; ++t)
    for (int64_t i = 1; i < 4; ++i)
      EXPECT_EQ(result.rowOrder[16 * t + 4 * i] / 4 % 4,
                result.rowOrder[16 * t] / 4 % 4);
  EXPECT_GT(result.weights[0].retained,
            1.5 * result.weights[0].retainedWithoutPermutation);
}

TEST(Search, WarmStartIsNotLost) {
  std::mt19937_64 random(6);
  Matrix<float> saliency = randomSaliency(128, 96, random);
  SearchWeight weight{saliency, makePattern(16, 0.5)};
  SearchResult first = search(weight);
  SearchOptions again;
  again.warmStart = first.rowOrder;
  again.seed = 7;
  EXPECT_GT(search(weight, again).weights[0].retained,
            0.998 * first.weights[0].retained);
  // Without rounds of its own the order comes back as it was given.
  again.ocp = false;
  EXPECT_EQ(search(weight, again).rowOrder, first.rowOrder);
}

TEST(Search, BudgetAndStopEndIt) {
  std::mt19937_64 random(7);
  Matrix<float> saliency = randomSaliency(512, 512, random);
  SearchWeight weight{saliency, makePattern(32, 0.5)};
  SearchOptions options;
  options.timeBudget = 0.3;
  int reports = 0;
  double last = 0.0;
  options.progress = [&](const SearchProgress &progress) {
    ++reports;
    EXPECT_TRUE(progress.phase == "rows" || progress.phase == "columns");
    EXPECT_GE(progress.elapsed, last);
    EXPECT_GT(progress.loss, 0.0);
    EXPECT_LT(progress.loss, 1.0);
    last = progress.elapsed;
  };
  auto start = std::chrono::steady_clock::now();
  SearchResult result = search(weight, options);
  EXPECT_GT(reports, 1);
  EXPECT_GT(result.weights[0].retained,
            result.weights[0].retainedWithoutPermutation);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));

  std::atomic<bool> stop{false};
  options.timeBudget = 3600.0;
  options.stop = [&] { return stop.load(); };
  options.progress = [&](const SearchProgress &) { stop = true; };
  start = std::chrono::steady_clock::now();
  result = search(weight, options);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
  EXPECT_TRUE(isPermutation(result.rowOrder));
  EXPECT_GE(result.weights[0].retained,
            result.weights[0].retainedWithoutPermutation);
}

TEST(Search, DegenerateWeights) {
  std::mt19937_64 random(8);
  for (auto [rows, cols] :
       {std::pair<int64_t, int64_t>{0, 0}, {0, 8}, {8, 0}, {1, 1}, {16, 3}}) {
    Matrix<float> saliency = randomSaliency(rows, cols, random);
    for (double sparsity : {0.0, 0.5, 1.0}) {
      SearchResult result =
          search(SearchWeight{saliency, makePattern(4, sparsity)});
      EXPECT_TRUE(isPermutation(result.rowOrder));
      EXPECT_EQ(static_cast<int64_t>(result.rowOrder.size()), rows);
    }
  }
  // All equal, all zero: nothing to gain, nothing to divide by.
  Matrix<float> zeros(32, 32);
  WeightResult result =
      search(SearchWeight{zeros, makePattern(8, 0.5)}).weights[0];
  EXPECT_EQ(result.retained, 0.0);
}

TEST(Search, RefusesBadArguments) {
  Matrix<float> saliency(8, 8), other(4, 8);
  Pattern pattern = makePattern(4, 0.5);
  SearchWeight weight{saliency, pattern};
  EXPECT_NE(refusal({}).find("no weight"), std::string::npos);
  EXPECT_NE(refusal({weight, SearchWeight{other, pattern}}).find("4 rows"),
            std::string::npos);
  EXPECT_NE(refusal({weight, SearchWeight{saliency, makePattern(8, 0.5)}})
                .find("tiles of 8"),
            std::string::npos);
  EXPECT_NE(refusal(SearchWeight{saliency, makePattern(4, 2.0)})
                .find("vector sparsity 2"),
            std::string::npos);
  Pattern odd = pattern;
  odd.listRows = 6;
  EXPECT_NE(refusal(SearchWeight{saliency, odd}).find("list for 6 rows"),
            std::string::npos);
  odd = pattern;
  odd.window = 6;
  EXPECT_NE(refusal(SearchWeight{saliency, odd}).find("window of 6 columns"),
            std::string::npos);
  SearchOptions options;
  options.timeBudget = 0.0;
  EXPECT_NE(refusal(weight, options).find("budget is 0 s"), std::string::npos);
  options.timeBudget.reset();
  options.warmStart = {0, 1, 2, 3, 4, 5, 6, 6};
  EXPECT_NE(refusal(weight, options).find("warm start"), std::string::npos);
  options.rowBlock = 2;
  options.warmStart = {0, 1, 3, 2, 4, 5, 6, 7};
  EXPECT_NE(refusal(weight, options).find("blocks of 2 rows together"),
            std::string::npos);
  options.rowBlock = 3;
  EXPECT_NE(refusal(weight, options).find("blocks of 3 rows"),
            std::string::npos);
  options.rowBlock = 1;
  options.warmStart.clear();
  options.algorithm = SearchAlgorithm::Gyro;
  EXPECT_NE(refusal({weight, weight}, options).find("one weight"),
            std::string::npos);
  for (float bad : {-1.0f, std::numeric_limits<float>::infinity(),
                    std::numeric_limits<float>::quiet_NaN()}) {
    Matrix<float> broken(8, 8);
    broken(2, 3) = bad;
    EXPECT_NE(refusal(SearchWeight{broken, pattern}).find("[2, 3]"),
              std::string::npos);
  }
}

} // namespace
