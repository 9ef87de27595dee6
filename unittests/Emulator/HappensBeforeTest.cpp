//===- HappensBeforeTest.cpp - Vector clocks ------------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emulator/HappensBefore.h"

#include "gtest/gtest.h"

using namespace hinm::emulator;

namespace {

TEST(ClockTest, JoinAndMeet) {
  constexpr uint32_t agent = firstAgent + 1;
  Clock one, other;
  one.raise({0, 5});
  one.raise({3, 7});
  one.raise({3, 6}); // never falls
  one.raise({agent, 9});
  other.raiseThreads(4);
  other.raise({3, 8});
  // Of threads that were never mentioned both know what lies before a barrier
  // of the block, of agents nothing.
  EXPECT_EQ(one[1], 0u);
  EXPECT_EQ(other[1], 4u);
  EXPECT_EQ(other[agent], 0u);

  Clock either = one, both = one;
  either.join(other);
  both.meet(other);
  const uint32_t joined[] = {5, 4, 4, 8, 4}, met[] = {4, 0, 0, 7, 0};
  for (uint32_t party = 0; party < 5; ++party) {
    EXPECT_EQ(either[party], joined[party]) << "party " << party;
    EXPECT_EQ(both[party], met[party]) << "party " << party;
  }
  EXPECT_EQ(either[agent], 9u);
  EXPECT_EQ(both[agent], 0u);
  EXPECT_TRUE(either.knows({3, 8}));
  EXPECT_FALSE(either.knows({3, 9}));
  EXPECT_TRUE(Clock().knows(Stamp()));
}

class HappensBeforeTest : public ::testing::Test {
protected:
  void SetUp() override { order.reset(4); }
  HappensBefore order;
};

TEST_F(HappensBeforeTest, KnowledgeGoesOn) {
  const Stamp early = order.now(0);
  Knowledge first, second;
  order.release(0, first);
  const Stamp late = order.now(0);
  EXPECT_FALSE(order.isBefore(early, 1));
  order.acquire(1, first);
  EXPECT_TRUE(order.isBefore(early, 1));
  EXPECT_FALSE(order.isBefore(late, 1));
  EXPECT_TRUE(order.isBefore(late, 0)); // its own
  order.release(1, second);
  order.acquire(2, second);
  EXPECT_TRUE(order.isBefore(early, 2));
  EXPECT_FALSE(order.isBefore(early, 3));
}

TEST_F(HappensBeforeTest, TimeChangesWithKnowledge) {
  Knowledge barrier;
  const Stamp first = order.now(2);
  order.acquire(2, barrier);
  const Stamp second = order.now(2);
  order.release(2, barrier);
  const Stamp third = order.now(2);
  EXPECT_LT(first.time, second.time);
  EXPECT_LT(second.time, third.time);
}

TEST_F(HappensBeforeTest, BarriersOfSome) {
  const Stamp inside = order.now(0), outside = order.now(3);
  order.order({0, 1});
  EXPECT_TRUE(order.isBefore(inside, 1));
  EXPECT_FALSE(order.isBefore(inside, 2));
  EXPECT_FALSE(order.isBefore(outside, 1));
  order.orderAll();
  EXPECT_TRUE(order.isBefore(outside, 1));
  EXPECT_GE(order.settled(), outside.time);
  EXPECT_LT(order.settled(), order.now(3).time);
}

TEST_F(HappensBeforeTest, NoBarrierOrdersAgents) {
  const uint32_t agent = order.addAgent();
  const Stamp access = order.next(agent);
  order.orderAll();
  EXPECT_FALSE(order.isBefore(access, 0));
  order.acquire(0, access);
  EXPECT_TRUE(order.isBefore(access, 0));
  EXPECT_FALSE(order.isBefore(access, 1));
  // What one thread has waited for a barrier passes on.
  order.orderAll();
  EXPECT_TRUE(order.isBefore(access, 1));
}

TEST_F(HappensBeforeTest, FencesOfTheWriterAndOfTheReader) {
  const Stamp write = order.now(0);
  order.orderAll();
  EXPECT_TRUE(order.common(0, 4).all.knows(write));
  EXPECT_FALSE(order.common(0, 4).fenced.knows(write));
  for (uint32_t thread = 0; thread < 3; ++thread)
    order.fenceProxy(thread);
  EXPECT_TRUE(order.common(0, 3).fenced.knows(write));
  EXPECT_FALSE(order.common(0, 4).fenced.knows(write));
  // A fence before the barrier serves all behind it.
  const Stamp later = order.now(0);
  order.fenceProxy(0);
  EXPECT_FALSE(order.common(0, 4).fenced.knows(later));
  order.orderAll();
  EXPECT_TRUE(order.common(0, 4).fenced.knows(later));
}

} // namespace
