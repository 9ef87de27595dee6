//===- BalancedKMeansTest.cpp - Clusters of equal size --------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/BalancedKMeans.h"

#include "gtest/gtest.h"

using namespace hinm::core;

namespace {

TEST(BalancedKMeans, FindsWellSeparatedFamilies) {
  // Row r belongs to family r mod 4, far from the others.
  Matrix<float> points(32, 3);
  std::mt19937_64 random(1);
  for (int64_t r = 0; r < 32; ++r)
    for (int64_t f = 0; f < 3; ++f)
      points(r, f) = 100.0f * ((r % 4) >> (f % 2)) + random() % 3;
  // A bad start can join two families, so some seed must succeed; each must be
  // balanced.
  bool found = false;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    std::mt19937_64 stream(seed);
    std::vector<int32_t> cluster = balancedKMeans(points, 4, 20, stream);
    std::vector<int> sizes(4, 0);
    bool pure = true;
    for (int64_t r = 0; r < 32; ++r) {
      ++sizes[cluster[r]];
      pure &= cluster[r] == cluster[r % 4];
    }
    EXPECT_EQ(sizes, std::vector<int>(4, 8));
    found |= pure;
  }
  EXPECT_TRUE(found);
}

TEST(BalancedKMeans, SameSeedSameClusters) {
  Matrix<float> points(24, 5);
  std::mt19937_64 random(7);
  for (int64_t r = 0; r < 24; ++r)
    for (int64_t f = 0; f < 5; ++f)
      points(r, f) = random() % 100;
  std::mt19937_64 first(3), second(3);
  EXPECT_EQ(balancedKMeans(points, 6, 20, first),
            balancedKMeans(points, 6, 20, second));
}

} // namespace
