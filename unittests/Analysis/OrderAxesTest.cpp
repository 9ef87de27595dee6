//===- OrderAxesTest.cpp - Orders that hang together, by brute force ------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Analysis/OrderAxes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include <gtest/gtest.h>
#include <numeric>
#include <random>

using namespace hinm;

namespace {

using Axis = OrderAxes::Axis;

llvm::SmallVector<Axis> getLeaves(const OrderAxes &axes, Axis axis) {
  llvm::SmallSetVector<Axis, 2> leaves;
  axes.collectFree(axis, leaves);
  return leaves.takeVector();
}

TEST(OrderAxes, HeadsAndWhatIsInside) {
  OrderAxes axes;
  const Axis q = axes.makeFree(12);
  const Axis heads = axes.makeFree(3), inside = axes.makeFree(4);
  axes.unify(q, axes.makeProduct(heads, inside));
  EXPECT_TRUE(axes.takeFrozen().empty());
  EXPECT_EQ(axes.expand(q, axes.resolve(inside), {0, 2, 1, 3}),
            (core::Permutation{0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11}));
  EXPECT_EQ(axes.expand(q, axes.resolve(heads), {2, 0, 1}),
            (core::Permutation{8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 6, 7}));
}

// cos·x + sin·[−x2, x1]: both halves have one order.
TEST(OrderAxes, RotaryEmbedding) {
  OrderAxes axes;
  const Axis x = axes.makeFree(8), turned = axes.makeFree(8);
  const Axis first = *axes.getRange(x, 0, 4), second = *axes.getRange(x, 4, 4);
  axes.unify(*axes.getRange(turned, 0, 4), second);
  axes.unify(*axes.getRange(turned, 4, 4), first);
  axes.unify(x, turned);
  EXPECT_TRUE(axes.takeFrozen().empty());
  const llvm::SmallVector<Axis> leaves = getLeaves(axes, x);
  ASSERT_EQ(leaves.size(), 1u);
  EXPECT_EQ(axes.expand(x, leaves[0], {1, 2, 3, 0}),
            (core::Permutation{1, 2, 3, 0, 5, 6, 7, 4}));
}

TEST(OrderAxes, BlocksThatDoNotFit) {
  OrderAxes axes;
  const Axis x = axes.makeFree(384);
  const Axis outer = axes.makeFree(12), inner = axes.makeFree(32);
  axes.unify(x, axes.makeProduct(outer, inner));
  EXPECT_TRUE(axes.takeFrozen().empty());
  // 12×32 and 16×24 share 4 blocks of 96.
  axes.unify(x, axes.makeProduct(axes.makeFree(16), axes.makeFree(24)));
  EXPECT_FALSE(axes.takeFrozen().empty());
  llvm::SmallVector<int64_t> sizes;
  for (Axis leaf : getLeaves(axes, x))
    sizes.push_back(axes.getSize(leaf));
  EXPECT_EQ(sizes, (llvm::SmallVector<int64_t>{4, 3, 32}));
}

/// Random constraints between arrays, and whether orders obey them.
class RandomConstraints {
public:
  explicit RandomConstraints(unsigned seed) : random(seed) {
    for (int i = 0; i < 6; ++i)
      arrays.push_back(axes.makeFree(drawSize()));
    for (int i = 0; i < 8; ++i)
      constrain();
  }

  /// Gives every free axis that is not frozen a random order and checks what
  /// that does to the arrays.
  void check() {
    llvm::DenseMap<Axis, core::Permutation> orders;
    llvm::DenseSet<Axis> fixed;
    for (Axis axis : frozen)
      for (Axis leaf : getLeaves(axes, axis))
        fixed.insert(leaf);
    std::vector<core::Permutation> stored;
    for (Axis array : arrays) {
      core::Permutation whole = core::identityPermutation(axes.getSize(array));
      for (Axis leaf : getLeaves(axes, array)) {
        core::Permutation &order = orders[leaf];
        if (order.empty()) {
          order = core::identityPermutation(axes.getSize(leaf));
          if (!fixed.contains(leaf))
            std::shuffle(order.begin(), order.end(), random);
        }
        const core::Permutation expanded = axes.expand(array, leaf, order);
        ASSERT_TRUE(core::isPermutation(expanded));
        whole = core::compose(whole, expanded);
        checkPlaces(array, leaf, order, expanded);
      }
      auto parts = axes.decompose(array, whole);
      ASSERT_TRUE(parts);
      for (auto &[leaf, part] : *parts)
        EXPECT_EQ(part, orders[leaf]);
      stored.push_back(std::move(whole));
    }
    for (const Constraint &constraint : constraints)
      for (auto [a, b] : constraint.pairs) {
        // Position a of the one array and b of the other hold the same channel,
        // whatever the orders.
        const int32_t i = stored[constraint.first][a];
        const int32_t j = stored[constraint.second][b];
        EXPECT_TRUE(llvm::is_contained(constraint.pairs, std::pair(i, j)));
      }
    for (auto [whole, outer, inner] : reshapes) {
      const auto n = static_cast<int32_t>(stored[inner].size());
      for (size_t i = 0; i < stored[outer].size(); ++i)
        for (int32_t j = 0; j < n; ++j)
          EXPECT_EQ(stored[whole][i * n + j],
                    stored[outer][i] * n + stored[inner][j]);
    }
    for (auto &[leaf, order] : orders)
      moved += !fixed.contains(leaf);
  }

  int64_t getMoved() const { return moved; }

private:
  struct Constraint {
    size_t first, second;
    std::vector<std::pair<int32_t, int32_t>> pairs;
  };

  int64_t draw(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  }
  int64_t drawSize() {
    constexpr int64_t sizes[] = {4, 6, 8, 12, 12, 24};
    return sizes[draw(0, 5)];
  }

  void checkPlaces(Axis array, Axis leaf, llvm::ArrayRef<int32_t> order,
                   llvm::ArrayRef<int32_t> expanded) {
    // Only of use where the axis is in the array once for each block, not in
    // itself.
    axes.forEachFree(array, [&](Axis found, int64_t offset, int64_t block) {
      if (found != leaf || block != 1)
        return;
      const int64_t first = expanded[offset] - order[0];
      for (auto [u, unit] : llvm::enumerate(order))
        EXPECT_EQ(expanded[offset + u], first + unit);
    });
  }

  void constrain() {
    const size_t first = draw(0, arrays.size() - 1);
    const size_t second = draw(0, arrays.size() - 1);
    if (first == second)
      return;
    const int64_t m = axes.getSize(arrays[first]);
    const int64_t n = axes.getSize(arrays[second]);
    Constraint constraint{first, second, {}};
    bool holds = true;
    switch (draw(0, 2)) {
    case 0: { // A reshape of one array: its digits are two new arrays.
      for (int64_t outer : {2, 3, 4}) {
        if (m % outer != 0 || draw(0, 1))
          continue;
        const Axis a = axes.makeFree(outer), b = axes.makeFree(m / outer);
        axes.unify(arrays[first], axes.makeProduct(a, b));
        reshapes.push_back({first, arrays.size(), arrays.size() + 1});
        arrays.append({a, b});
        return keep(true, {});
      }
      return;
    }
    case 1: { // The same order.
      if (m != n)
        return;
      axes.unify(arrays[first], arrays[second]);
      for (int64_t i = 0; i < m; ++i)
        constraint.pairs.push_back({i, i});
      break;
    }
    case 2: { // A range, perhaps strided, of one is one of the other.
      const int64_t size = draw(1, std::min(m, n));
      const int64_t stride =
          size > 1 ? draw(1, std::min<int64_t>(3, (m - 1) / (size - 1))) : 1;
      const int64_t i = draw(0, m - (size - 1) * stride - 1);
      const int64_t j = draw(0, n - size);
      auto a = axes.getRange(arrays[first], i, size, stride);
      auto b = axes.getRange(arrays[second], j, size);
      holds = a && b;
      if (holds)
        axes.unify(*a, *b);
      for (int64_t k = 0; k < size; ++k)
        constraint.pairs.push_back({i + k * stride, j + k});
      break;
    }
    }
    keep(holds, {arrays[first], arrays[second]});
    constraints.push_back(std::move(constraint));
  }

  /// Whatever could not be unified is frozen.
  void keep(bool holds, llvm::ArrayRef<Axis> all) {
    if (!holds)
      frozen.append(all.begin(), all.end());
    frozen.append(axes.takeFrozen());
  }

  OrderAxes axes;
  std::mt19937 random;
  llvm::SmallVector<Axis> arrays, frozen;
  std::vector<Constraint> constraints;
  /// A whole and its digits.
  std::vector<std::array<size_t, 3>> reshapes;
  int64_t moved = 0;
};

// What has to be in one order is, whatever orders the free axes take.
TEST(OrderAxes, RandomConstraintsHold) {
  int64_t moved = 0;
  for (unsigned seed = 0; seed < 20000; ++seed) {
    SCOPED_TRACE(seed);
    RandomConstraints constraints(seed);
    constraints.check();
    moved += constraints.getMoved();
    if (testing::Test::HasFailure())
      break;
  }
  // It is not that nothing could move.
  EXPECT_GT(moved, 50000);
}

} // namespace
