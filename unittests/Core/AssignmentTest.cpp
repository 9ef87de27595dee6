//===- AssignmentTest.cpp - Assignment against brute force ----------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/Assignment.h"
#include "hinm/Core/RectangularAssignment.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <limits>
#include <random>

using namespace hinm::core;

namespace {

double bruteForce(MatrixView<double> cost) {
  Permutation p = identityPermutation(cost.getRows());
  double best = std::numeric_limits<double>::infinity();
  do {
    double sum = 0.0;
    for (size_t i = 0; i < p.size(); ++i)
      sum += cost(i, p[i]);
    best = std::min(best, sum);
  } while (std::next_permutation(p.begin(), p.end()));
  return best;
}

/// Small integers make many ties, the hard case for the duals.
Matrix<double> randomCost(int64_t rows, int64_t cols, bool integers,
                          std::mt19937_64 &random) {
  Matrix<double> cost(rows, cols);
  std::uniform_real_distribution<double> uniform(-1.0, 1.0);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < cols; ++j)
      cost(i, j) =
          integers ? static_cast<double>(random() % 4) : uniform(random);
  return cost;
}

TEST(Assignment, EqualsBruteForceOnSmallMatrices) {
  std::mt19937_64 random(2);
  for (int64_t n = 1; n <= 7; ++n)
    for (int trial = 0; trial < 40; ++trial) {
      Matrix<double> cost = randomCost(n, n, trial % 2, random);
      Assignment assignment = solveAssignment(cost);
      EXPECT_NEAR(assignment.cost, bruteForce(cost), 1e-9);
      EXPECT_TRUE(verifyAssignment(cost, assignment, 1e-9));
    }
}

TEST(Assignment, DualsProveLargeOnes) {
  std::mt19937_64 random(3);
  for (int64_t n : {33, 150, 400})
    for (bool integers : {false, true}) {
      Matrix<double> cost = randomCost(n, n, integers, random);
      EXPECT_TRUE(verifyAssignment(cost, solveAssignment(cost), 1e-9));
    }
}

TEST(Assignment, EmptyAndNegative) {
  EXPECT_TRUE(solveAssignment(Matrix<double>()).columnOfRow.empty());
  Matrix<double> cost(2, 2);
  cost(0, 0) = -5, cost(0, 1) = -6, cost(1, 0) = 1, cost(1, 1) = -3;
  EXPECT_DOUBLE_EQ(solveAssignment(cost).cost, -8.0);
}

TEST(Assignment, VerifierRejectsWorseSolutions) {
  std::mt19937_64 random(4);
  Matrix<double> cost = randomCost(5, 5, false, random);
  Assignment assignment = solveAssignment(cost);
  std::swap(assignment.columnOfRow[0], assignment.columnOfRow[1]);
  EXPECT_FALSE(verifyAssignment(cost, assignment, 1e-9));
  assignment.columnOfRow[0] = assignment.columnOfRow[1];
  EXPECT_FALSE(verifyAssignment(cost, assignment, 1e-9));
}

TEST(Transportation, EqualsAssignmentWithRepeatedColumns) {
  std::mt19937_64 random(5);
  for (auto [columns, capacity] :
       {std::pair<int64_t, int64_t>{1, 3}, {3, 2}, {5, 1}, {4, 8}, {16, 4}})
    for (bool integers : {false, true}) {
      int64_t n = columns * capacity;
      Matrix<double> cost = randomCost(n, columns, integers, random);
      Matrix<double> repeated(n, n);
      for (int64_t i = 0; i < n; ++i)
        for (int64_t j = 0; j < n; ++j)
          repeated(i, j) = cost(i, j / capacity);
      std::vector<int32_t> column = solveTransportation(cost, capacity);
      std::vector<int64_t> used(columns, 0);
      double sum = 0.0;
      for (int64_t i = 0; i < n; ++i) {
        ++used[column[i]];
        sum += cost(i, column[i]);
      }
      EXPECT_EQ(used, std::vector<int64_t>(columns, capacity));
      EXPECT_NEAR(sum, solveAssignment(repeated).cost, 1e-9);
    }
}

// A wide problem is a square one with rows that cost nothing anywhere.
TEST(RectangularAssignment, EqualsTheSquareSolver) {
  std::mt19937_64 random(5);
  RectangularAssignment solver;
  for (auto [rows, cols] : {std::pair<int64_t, int64_t>{1, 1},
                            {1, 9},
                            {5, 5},
                            {7, 12},
                            {16, 33},
                            {96, 96},
                            {96, 480},
                            {128, 250}})
    for (int trial = 0; trial < 20; ++trial) {
      Matrix<double> square = randomCost(cols, cols, trial % 2, random);
      Matrix<float> wide(rows, cols);
      for (int64_t i = 0; i < cols; ++i)
        for (int64_t j = 0; j < cols; ++j)
          if (i < rows)
            square(i, j) = wide(i, j) = static_cast<float>(square(i, j));
          else
            square(i, j) = 0.0;
      const std::vector<int32_t> &columnOfRow = solver.solve(wide);
      std::vector<bool> taken(cols);
      double cost = 0.0;
      for (int64_t i = 0; i < rows; ++i) {
        ASSERT_FALSE(taken.at(columnOfRow[i])) << "a column is used twice";
        taken[columnOfRow[i]] = true;
        cost += wide(i, columnOfRow[i]);
      }
      EXPECT_NEAR(cost, solveAssignment(square).cost, 1e-4);
    }
}

} // namespace
