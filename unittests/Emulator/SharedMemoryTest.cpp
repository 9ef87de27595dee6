//===- SharedMemoryTest.cpp - Which accesses are ordered ------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emulator/SharedMemory.h"

#include "gtest/gtest.h"

#include <cstring>

using namespace hinm::emulator;

namespace {

// Threads 0, 1 and 2 are of warp 0, 40 is of warp 1.
class SharedMemoryTest : public ::testing::Test {
protected:
  void SetUp() override {
    order.reset(64);
    memory.reset(16);
    ASSERT_FALSE(memory.write(0, 16, 0));
  }
  /// A barrier of warp 0.
  void syncWarp() {
    std::vector<uint32_t> warp;
    for (uint32_t thread = 0; thread < 32; ++thread)
      warp.push_back(thread);
    order.order(warp);
  }
  /// \p from arrives at a barrier that \p to has waited for.
  void signal(uint32_t from, uint32_t to) {
    Knowledge barrier;
    order.release(from, barrier);
    order.acquire(to, barrier);
  }

  HappensBefore order;
  SharedMemory memory{order};
};

TEST_F(SharedMemoryTest, WriterMayGoOn) {
  EXPECT_FALSE(memory.read(0, 16, 0));
  EXPECT_FALSE(memory.write(0, 16, 0));
}

TEST_F(SharedMemoryTest, ReadAfterWrite) {
  EXPECT_EQ(memory.read(0, 1, 1).kind, Violation::ReadsAfterWrite);
  EXPECT_EQ(memory.read(0, 1, 40).other, 0u);
  // A warp barrier orders the warp only, a block barrier all.
  syncWarp();
  EXPECT_FALSE(memory.read(0, 1, 1));
  EXPECT_EQ(memory.read(0, 1, 40).kind, Violation::ReadsAfterWrite);
  order.orderAll();
  EXPECT_FALSE(memory.read(0, 1, 40));
}

TEST_F(SharedMemoryTest, WriteAfterWrite) {
  EXPECT_EQ(memory.write(8, 4, 1).kind, Violation::WritesAfterWrite);
  syncWarp();
  EXPECT_EQ(memory.write(8, 4, 40).kind, Violation::WritesAfterWrite);
  order.orderAll();
  EXPECT_FALSE(memory.write(8, 4, 40));
}

TEST_F(SharedMemoryTest, SignalsOrderWhatLiesBefore) {
  signal(0, 40);
  EXPECT_FALSE(memory.read(0, 4, 40));
  EXPECT_EQ(memory.read(0, 4, 41).kind, Violation::ReadsAfterWrite);
  // What the sender does after the signal is not part of it,
  EXPECT_FALSE(memory.write(4, 4, 0));
  EXPECT_EQ(memory.read(4, 4, 40).other, 0u);
  // what the receiver knows goes on with the next.
  signal(40, 50);
  EXPECT_FALSE(memory.read(0, 4, 50));
  EXPECT_FALSE(memory.write(0, 4, 50));
  EXPECT_EQ(memory.read(4, 4, 50).kind, Violation::ReadsAfterWrite);
}

TEST_F(SharedMemoryTest, WriteAfterReadsOfSeveralWarps) {
  order.orderAll();
  EXPECT_FALSE(memory.read(4, 4, 0));
  EXPECT_FALSE(memory.read(4, 4, 40));
  syncWarp();
  // Each of the two conflicts with the other, though it was the last or first.
  EXPECT_EQ(memory.write(4, 4, 0).other, 40u);
  EXPECT_EQ(memory.write(4, 4, 40).other, 0u);
  EXPECT_EQ(memory.write(4, 4, 50).other, Violation::several);
  order.orderAll();
  EXPECT_FALSE(memory.write(4, 4, 2));
}

TEST_F(SharedMemoryTest, WriteAfterReadsOfOneWarp) {
  order.orderAll();
  EXPECT_FALSE(memory.read(4, 4, 0));
  EXPECT_FALSE(memory.read(4, 4, 1));
  const Violation violation = memory.write(4, 4, 2);
  EXPECT_EQ(violation.kind, Violation::WritesAfterRead);
  EXPECT_EQ(violation.other, Violation::severalOfWarp | 0);
  EXPECT_EQ(violation.offset, 4u);
  syncWarp();
  EXPECT_EQ(memory.write(4, 4, 40).kind, Violation::WritesAfterRead);
  EXPECT_FALSE(memory.write(4, 4, 1));
}

TEST_F(SharedMemoryTest, LaterReaderReplacesAnOrderedOne) {
  order.orderAll();
  EXPECT_FALSE(memory.read(4, 4, 0));
  syncWarp();
  EXPECT_FALSE(memory.read(4, 4, 1));
  EXPECT_FALSE(memory.write(4, 4, 1));
}

TEST_F(SharedMemoryTest, ManySetsOfReaders) {
  // More than are kept at a time: those in use survive.
  order.orderAll();
  for (int round = 0; round < 3000; ++round)
    for (uint32_t thread = 0; thread < 64; ++thread) {
      ASSERT_FALSE(memory.read(0, 4, thread));
      Knowledge nowhere;
      order.release(thread, nowhere);
    }
  for (uint32_t thread = 0; thread < 64; ++thread)
    EXPECT_EQ(memory.write(0, 4, thread).other, Violation::several);
  for (uint32_t thread = 1; thread < 64; ++thread)
    signal(thread, 0);
  EXPECT_FALSE(memory.write(0, 4, 0));
}

TEST_F(SharedMemoryTest, CopiesInFlight) {
  const uint8_t data[4] = {1, 2, 3, 4};
  EXPECT_EQ(memory.beginCopy(0, 4, 1, 1).kind, Violation::WritesAfterWrite);
  order.orderAll();
  EXPECT_FALSE(memory.beginCopy(0, 4, 1, 1));
  EXPECT_EQ(memory.read(3, 2, 1).kind, Violation::ReadsInFlight);
  EXPECT_EQ(memory.write(0, 1, 1).kind, Violation::WritesInFlight);
  EXPECT_EQ(memory.beginCopy(0, 4, 1, 1).kind, Violation::WritesInFlight);
  order.orderAll();
  EXPECT_EQ(memory.read(0, 4, 2).other, 1u); // still, after a barrier
  memory.land(0, data, 4, order.now(1));
  EXPECT_EQ(memcmp(memory.data(), data, 4), 0);
  EXPECT_FALSE(memory.read(0, 4, 1));
  EXPECT_EQ(memory.read(0, 4, 2).kind, Violation::ReadsAfterWrite);
  order.orderAll();
  EXPECT_FALSE(memory.read(0, 4, 2));
}

TEST_F(SharedMemoryTest, AgentsAreWaitedFor) {
  const uint8_t data[4] = {1, 2, 3, 4};
  const uint32_t agent = order.addAgent();
  EXPECT_FALSE(memory.beginCopy(0, 4, 0, agent));
  const Stamp landed = order.next(agent);
  memory.land(0, data, 4, landed);
  // Not even the thread that has begun the copy.
  EXPECT_EQ(memory.read(0, 4, 0).other, agent);
  order.acquire(0, landed);
  EXPECT_FALSE(memory.read(0, 4, 0));
}

TEST_F(SharedMemoryTest, AsyncReads) {
  const uint32_t agent = order.addAgent();
  EXPECT_EQ(
      memory.readAsync(0, 4, order.next(agent), order.common(32, 32)).kind,
      Violation::ReadsAfterWrite);
  // All of the team have to know of the write, and it has to be fenced,
  for (uint32_t thread = 32; thread < 63; ++thread)
    signal(0, thread);
  EXPECT_EQ(
      memory.readAsync(0, 4, order.next(agent), order.common(32, 32)).kind,
      Violation::ReadsAfterWrite);
  signal(0, 63);
  EXPECT_EQ(
      memory.readAsync(0, 4, order.next(agent), order.common(32, 32)).kind,
      Violation::ReadsUnfenced);
  // by the reader,
  for (uint32_t thread = 32; thread < 64; ++thread)
    order.fenceProxy(thread);
  const Stamp first = order.next(agent);
  EXPECT_FALSE(memory.readAsync(0, 4, first, order.common(32, 32)));
  // or by the writer.
  EXPECT_FALSE(memory.write(8, 4, 0));
  order.fenceProxy(0);
  order.orderAll();
  const Stamp second = order.next(agent);
  EXPECT_FALSE(memory.readAsync(8, 4, second, order.common(32, 32)));
  // It goes on until somebody has waited for it, whatever barrier there is.
  order.orderAll();
  EXPECT_FALSE(memory.read(8, 4, 5));
  order.orderAll();
  EXPECT_FALSE(memory.read(8, 4, 6));
  EXPECT_EQ(memory.write(8, 4, 32).other, agent);
  order.orderAll();
  EXPECT_EQ(memory.write(8, 4, 32).other, agent);
  order.acquire(32, second);
  EXPECT_FALSE(memory.write(8, 4, 32));
}

TEST_F(SharedMemoryTest, BarriersAreNoData) {
  EXPECT_FALSE(memory.beginBarrier(8, 8, 0));
  EXPECT_EQ(memory.read(8, 4, 0).kind, Violation::TouchesBarrier);
  EXPECT_EQ(memory.write(12, 4, 0).kind, Violation::TouchesBarrier);
  EXPECT_EQ(memory.beginBarrier(8, 8, 0).kind, Violation::TouchesBarrier);
  memory.endBarrier(8, 8);
  EXPECT_EQ(memory.read(8, 4, 0).kind, Violation::ReadsUninitialised);
}

TEST_F(SharedMemoryTest, ResetForgets) {
  order.reset(64);
  memory.reset(8);
  EXPECT_EQ(memory.size(), 8u);
  EXPECT_EQ(memory.read(0, 1, 0).kind, Violation::ReadsUninitialised);
  EXPECT_EQ(memory.data()[7], 0xFF);
  EXPECT_FALSE(memory.write(0, 8, 1));
}

} // namespace
