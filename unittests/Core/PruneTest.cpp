//===- PruneTest.cpp - Pruning against brute force ------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/Prune.h"

#include "RandomMatrix.h"
#include "hinm/Core/Permutation.h"
#include "hinm/Core/Saliency.h"
#include "gtest/gtest.h"
#include <algorithm>

using namespace hinm::core;

namespace {

ColumnIndex select(MatrixView<float> saliency, const Permutation &order,
                   const Pattern &pattern) {
  llvm::Expected<ColumnIndex> index = selectColumns(saliency, order, pattern);
  EXPECT_TRUE(static_cast<bool>(index));
  return index ? *index
               : (llvm::consumeError(index.takeError()), ColumnIndex());
}

/// The most vector saliency any choice of \p kept columns of a tile retains.
double bestVectors(MatrixView<float> saliency, int64_t firstRow, int64_t rows,
                   int64_t kept) {
  double best = 0.0;
  for (unsigned set = 0; set < 1u << saliency.getCols(); ++set) {
    if (__builtin_popcount(set) != kept)
      continue;
    double sum = 0.0;
    for (int64_t c = 0; c < saliency.getCols(); ++c)
      if (set >> c & 1)
        for (int64_t r = firstRow; r < firstRow + rows; ++r)
          sum += saliency(r, c);
    best = std::max(best, sum);
  }
  return best;
}

TEST(Prune, KeepsTheBestVectorsOfEveryTile) {
  std::mt19937_64 random(1);
  for (int64_t rows : {4, 6, 7})
    for (double sparsity : {0.0, 0.4, 0.5, 0.75, 1.0}) {
      Matrix<float> saliency = randomSaliency(rows, 10, random);
      Pattern pattern = makePattern(3, sparsity);
      ColumnIndex index = select(saliency, identityPermutation(rows), pattern);
      ASSERT_EQ(index.getNumTiles(), (rows + 2) / 3);
      for (int64_t t = 0; t < index.getNumTiles(); ++t) {
        int64_t first = t * 3, count = std::min<int64_t>(3, rows - first);
        std::vector<int32_t> listed(index.columns.begin() + index.offsets[t],
                                    index.columns.begin() +
                                        index.offsets[t + 1]);
        EXPECT_EQ(listed.size() % 4, 0u);
        listed.erase(std::unique(listed.begin(), listed.end()), listed.end());
        double sum = 0.0;
        for (int32_t c : listed)
          for (int64_t r = first; r < first + count; ++r)
            sum += saliency(r, c);
        EXPECT_NEAR(sum, bestVectors(saliency, first, count, listed.size()),
                    1e-5);
      }
    }
}

TEST(Prune, MaskKeepsTheBestOfEveryGroup) {
  std::mt19937_64 random(2);
  Matrix<float> saliency = randomSaliency(5, 16, random);
  Pattern pattern = makePattern(2, 0.5);
  Permutation order{4, 2, 0, 1, 3};
  ColumnIndex index = select(saliency, order, pattern);
  llvm::Expected<Matrix<uint8_t>> mask =
      computeMask(saliency, order, pattern, index);
  ASSERT_TRUE(static_cast<bool>(mask));
  double sum = 0.0;
  for (int64_t position = 0; position < 5; ++position) {
    int64_t t = position / 2, r = order[position];
    int64_t kept = 0;
    for (int64_t g = index.offsets[t]; g < index.offsets[t + 1]; g += 4) {
      std::vector<float> values;
      double maskedSum = 0.0;
      for (int64_t k = g; k < g + 4; ++k) {
        values.push_back(saliency(r, index.columns[k]));
        if ((*mask)(r, index.columns[k])) {
          ++kept;
          maskedSum += values.back();
        }
      }
      std::sort(values.rbegin(), values.rend());
      EXPECT_NEAR(maskedSum, values[0] + values[1], 1e-6);
      sum += maskedSum;
    }
    int64_t inRow = 0;
    for (int64_t c = 0; c < 16; ++c)
      inRow += (*mask)(r, c);
    EXPECT_EQ(inRow, kept) << "nothing is kept outside the listed columns";
  }
  EXPECT_NEAR(retainedSaliency(saliency, order, pattern, index), sum, 1e-5);
  EXPECT_EQ(countKept(5, pattern, index), 5 * 4);
}

TEST(Prune, OneOfTwoKeepsTheGreaterOfEveryPair) {
  std::mt19937_64 random(12);
  const int64_t rows = 7, cols = 13;
  Matrix<float> saliency = randomSaliency(rows, cols, random);
  for (VectorPolicy policy : {VectorPolicy::PerTile, VectorPolicy::Global,
                              VectorPolicy::PerBlock, VectorPolicy::All}) {
    Pattern pattern = makePattern(3, policy == VectorPolicy::All ? 0.0 : 0.5);
    pattern.n = 1;
    pattern.m = 2;
    pattern.policy = policy;
    Permutation order = identityPermutation(rows);
    ColumnIndex index = select(saliency, order, pattern);
    Matrix<uint8_t> mask =
        cantFail(computeMask(saliency, order, pattern, index));
    Matrix<uint8_t> expected(rows, cols);
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t k = index.offsets[r / 3]; k < index.offsets[r / 3 + 1];
           k += 2) {
        const int32_t a = index.columns[k], b = index.columns[k + 1];
        expected(r, saliency(r, b) > saliency(r, a) ? b : a) = 1;
      }
    EXPECT_EQ(mask.getElements(), expected.getElements());
    // Nothing is listed twice but to fill up a last pair.
    EXPECT_EQ(index.columns.size() % 2, 0u);
    if (policy == VectorPolicy::PerTile) {
      EXPECT_EQ(index.columns.size(), 3u * 6u);
    }
  }
}

TEST(Prune, TiesKeepTheFirst) {
  Matrix<float> saliency(1, 8);
  for (int64_t c = 0; c < 8; ++c)
    saliency(0, c) = 1.0f;
  Pattern pattern = makePattern(1, 0.5);
  ColumnIndex index = select(saliency, {0}, pattern);
  EXPECT_EQ(index.columns, (std::vector<int32_t>{0, 1, 2, 3}));
  Matrix<uint8_t> mask = cantFail(computeMask(saliency, {0}, pattern, index));
  EXPECT_EQ(mask.getElements(), (std::vector<uint8_t>{1, 1, 0, 0, 0, 0, 0, 0}));
}

TEST(Prune, AColumnListedTwiceIsADenseGroup) {
  Matrix<float> saliency(1, 4);
  for (int64_t c = 0; c < 4; ++c)
    saliency(0, c) = 1.0f + c;
  Pattern pattern = makePattern(1, 0.0);
  ColumnIndex index{{0, 1, 2, 3, 0, 1, 2, 3}, {0, 8}};
  Matrix<uint8_t> mask = cantFail(computeMask(saliency, {0}, pattern, index));
  EXPECT_EQ(mask.getElements(), (std::vector<uint8_t>{1, 1, 1, 1}));
}

TEST(Prune, ColumnsNotAMultipleOfMAreFilledUp) {
  std::mt19937_64 random(3);
  Matrix<float> saliency = randomSaliency(2, 6, random);
  Pattern pattern = makePattern(2, 0.0);
  ColumnIndex index = select(saliency, {0, 1}, pattern);
  EXPECT_EQ(index.columns, (std::vector<int32_t>{0, 1, 2, 3, 4, 5, 5, 5}));
  Matrix<uint8_t> mask =
      cantFail(computeMask(saliency, {0, 1}, pattern, index));
  for (int64_t r = 0; r < 2; ++r)
    EXPECT_EQ(mask(r, 4) + mask(r, 5), 2);
}

TEST(Prune, EverythingAndNothing) {
  std::mt19937_64 random(4);
  Matrix<float> saliency = randomSaliency(4, 8, random);
  Permutation order = identityPermutation(4);
  Pattern nothing = makePattern(2, 1.0);
  ColumnIndex empty = select(saliency, order, nothing);
  EXPECT_TRUE(empty.columns.empty());
  EXPECT_DOUBLE_EQ(retainedSaliency(saliency, order, nothing, empty), 0.0);
  Pattern all = makePattern(2, 0.0);
  all.n = all.m;
  EXPECT_NEAR(
      retainedSaliency(saliency, order, all, select(saliency, order, all)),
      totalSaliency(saliency), 1e-5);
}

TEST(Prune, AllZeroRowsKeepNothingOfValue) {
  Matrix<float> saliency(4, 8);
  Pattern pattern = makePattern(2, 0.5);
  ColumnIndex index = select(saliency, identityPermutation(4), pattern);
  EXPECT_DOUBLE_EQ(
      retainedSaliency(saliency, identityPermutation(4), pattern, index), 0.0);
}

TEST(Prune, PerBlockKeepsMOfEachBlock) {
  std::mt19937_64 random(5);
  Matrix<float> saliency = randomSaliency(4, 32, random);
  Pattern pattern = makePattern(4, 0.5);
  pattern.policy = VectorPolicy::PerBlock;
  ColumnIndex index = select(saliency, identityPermutation(4), pattern);
  ASSERT_EQ(index.columns.size(), 16u);
  for (int64_t k = 0; k < 16; ++k)
    EXPECT_EQ(index.columns[k] / 8, k / 4);
}

TEST(Prune, GlobalSpendsTheSameBudgetBetter) {
  std::mt19937_64 random(6);
  Matrix<float> saliency = randomSaliency(8, 32, random);
  for (int64_t r = 0; r < 4; ++r)
    for (int64_t c = 0; c < 32; ++c)
      saliency(r, c) *= 10.0f;
  Pattern uniform = makePattern(4, 0.5), global = uniform;
  global.policy = VectorPolicy::Global;
  Permutation order = identityPermutation(8);
  ColumnIndex even = select(saliency, order, uniform);
  ColumnIndex uneven = select(saliency, order, global);
  EXPECT_EQ(uneven.columns.size(), even.columns.size());
  EXPECT_GT(uneven.offsets[1], even.offsets[1]);
  EXPECT_GT(retainedSaliency(saliency, order, global, uneven),
            retainedSaliency(saliency, order, uniform, even));
}

TEST(Pattern, RefusesWhatDoesNotFit) {
  auto message = [](const Pattern &pattern, int64_t rows, int64_t cols) {
    return llvm::toString(pattern.check(rows, cols));
  };
  Pattern pattern;
  EXPECT_EQ(message(pattern, 5, 7), "");
  pattern.tile = 0;
  EXPECT_NE(message(pattern, 4, 4).find("vector size"), std::string::npos);
  pattern = {};
  pattern.n = 5;
  EXPECT_NE(message(pattern, 4, 4).find("N <= M"), std::string::npos);
  pattern = {};
  pattern.vectorSparsity = 1.5;
  EXPECT_NE(message(pattern, 4, 4).find("vector sparsity"), std::string::npos);
  pattern = {};
  pattern.kept = 6;
  EXPECT_NE(message(pattern, 4, 8).find("multiple of M"), std::string::npos);
  pattern.kept = 16;
  EXPECT_NE(message(pattern, 4, 8).find("only 8"), std::string::npos);
  pattern = {};
  pattern.policy = VectorPolicy::PerBlock;
  pattern.vectorSparsity = 0.3;
  EXPECT_NE(message(pattern, 4, 8).find("whole number"), std::string::npos);
}

TEST(Prune, RefusesForeignOrdersAndIndices) {
  Matrix<float> saliency(4, 8);
  Pattern pattern = makePattern(2, 0.5);
  EXPECT_FALSE(
      llvm::expectedToOptional(selectColumns(saliency, {0, 1, 2, 2}, pattern)));
  for (const ColumnIndex &bad :
       {ColumnIndex{{0, 1, 2, 3}, {0, 4}}, ColumnIndex{{0, 1, 2}, {0, 3, 3}},
        ColumnIndex{{0, 1, 2, 8}, {0, 4, 4}},
        ColumnIndex{{0, 1, 2, 3}, {0, 4, 0}}})
    EXPECT_FALSE(llvm::expectedToOptional(
        computeMask(saliency, identityPermutation(4), pattern, bad)));
}

} // namespace
