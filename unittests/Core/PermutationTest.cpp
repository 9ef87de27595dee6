//===- PermutationTest.cpp - Laws of permutations -------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/Permutation.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <random>

using namespace hinm::core;

namespace {

std::vector<int> permute(const std::vector<int> &x, const Permutation &p) {
  std::vector<int> y(x.size());
  for (size_t i = 0; i < x.size(); ++i)
    y[i] = x[p[i]];
  return y;
}

TEST(Permutation, RecognisesBijections) {
  EXPECT_TRUE(isPermutation({}));
  EXPECT_TRUE(isPermutation({2, 0, 1}));
  EXPECT_FALSE(isPermutation({0, 0, 1}));
  EXPECT_FALSE(isPermutation({0, 1, 3}));
  EXPECT_FALSE(isPermutation({0, -1}));
}

TEST(Permutation, LawsHoldOnRandomOrders) {
  std::mt19937_64 random(1);
  for (int64_t n : {1, 2, 5, 64, 257}) {
    Permutation p = identityPermutation(n), q = p;
    std::shuffle(p.begin(), p.end(), random);
    std::shuffle(q.begin(), q.end(), random);
    std::vector<int> x(n);
    for (int &value : x)
      value = static_cast<int>(random() % 1000);
    EXPECT_EQ(permute(permute(x, p), q), permute(x, compose(p, q)));
    EXPECT_EQ(compose(p, invert(p)), identityPermutation(n));
    EXPECT_EQ(compose(invert(p), p), identityPermutation(n));
    EXPECT_EQ(invert(compose(p, q)), compose(invert(q), invert(p)));
  }
}

} // namespace
