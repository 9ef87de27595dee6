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

Stamp at(int thread, int blockEpoch, int warpEpoch = 0) {
  Stamp stamp;
  stamp.thread = uint16_t(thread);
  stamp.blockEpoch = blockEpoch;
  stamp.warpEpoch = uint16_t(warpEpoch);
  return stamp;
}

// Threads 0, 1 and 2 are of warp 0, 40 is of warp 1.
class SharedMemoryTest : public ::testing::Test {
protected:
  void SetUp() override {
    memory.reset(16);
    ASSERT_FALSE(memory.write(0, 16, at(0, 0)));
  }
  SharedMemory memory;
};

TEST_F(SharedMemoryTest, WriterMayGoOn) {
  EXPECT_FALSE(memory.read(0, 16, at(0, 0)));
  EXPECT_FALSE(memory.write(0, 16, at(0, 0)));
}

TEST_F(SharedMemoryTest, ReadAfterWrite) {
  EXPECT_EQ(memory.read(0, 1, at(1, 0)).kind, Violation::ReadsAfterWrite);
  EXPECT_EQ(memory.read(0, 1, at(40, 0)).other, 0);
  // A warp barrier orders the warp only, a block barrier all.
  EXPECT_FALSE(memory.read(0, 1, at(1, 0, 1)));
  EXPECT_EQ(memory.read(0, 1, at(40, 0, 1)).kind, Violation::ReadsAfterWrite);
  EXPECT_FALSE(memory.read(0, 1, at(40, 1)));
}

TEST_F(SharedMemoryTest, WriteAfterWrite) {
  EXPECT_EQ(memory.write(8, 4, at(1, 0)).kind, Violation::WritesAfterWrite);
  EXPECT_EQ(memory.write(8, 4, at(40, 0, 1)).kind, Violation::WritesAfterWrite);
  EXPECT_FALSE(memory.write(8, 4, at(40, 1)));
}

TEST_F(SharedMemoryTest, WriteAfterReadsOfSeveralWarps) {
  EXPECT_FALSE(memory.read(4, 4, at(0, 1)));
  EXPECT_FALSE(memory.read(4, 4, at(40, 1)));
  // Each of the two conflicts with the other, though it was the last or first.
  for (int thread : {0, 40, 2}) {
    const Violation violation = memory.write(4, 4, at(thread, 1, 1));
    EXPECT_EQ(violation.kind, Violation::WritesAfterRead);
    EXPECT_EQ(violation.other, Stamp::manyWarps);
  }
  EXPECT_FALSE(memory.write(4, 4, at(2, 2)));
}

TEST_F(SharedMemoryTest, WriteAfterReadsOfOneWarp) {
  EXPECT_FALSE(memory.read(4, 4, at(0, 1)));
  EXPECT_FALSE(memory.read(4, 4, at(1, 1)));
  const Violation violation = memory.write(4, 4, at(1, 1));
  EXPECT_EQ(violation.kind, Violation::WritesAfterRead);
  EXPECT_EQ(violation.other, Stamp::manyOfWarp | 0);
  EXPECT_EQ(violation.offset, 4u);
  EXPECT_EQ(memory.write(4, 4, at(40, 1, 1)).kind, Violation::WritesAfterRead);
  EXPECT_FALSE(memory.write(4, 4, at(1, 1, 1)));
}

TEST_F(SharedMemoryTest, LaterReaderReplacesAnOrderedOne) {
  EXPECT_FALSE(memory.read(4, 4, at(0, 1)));
  EXPECT_FALSE(memory.read(4, 4, at(1, 1, 1)));
  EXPECT_FALSE(memory.write(4, 4, at(1, 1, 1)));
}

TEST_F(SharedMemoryTest, CopiesInFlight) {
  const uint8_t data[4] = {1, 2, 3, 4};
  EXPECT_EQ(memory.beginCopy(0, 4, at(1, 0)).kind, Violation::WritesAfterWrite);
  EXPECT_FALSE(memory.beginCopy(0, 4, at(1, 1)));
  EXPECT_EQ(memory.read(3, 2, at(1, 1)).kind, Violation::ReadsInFlight);
  EXPECT_EQ(memory.write(0, 1, at(1, 1)).kind, Violation::WritesInFlight);
  EXPECT_EQ(memory.beginCopy(0, 4, at(1, 1)).kind, Violation::WritesInFlight);
  EXPECT_EQ(memory.read(0, 4, at(2, 2)).other, 1); // still, after a barrier
  memory.land(0, data, 4, at(1, 2));
  EXPECT_EQ(memcmp(memory.data(), data, 4), 0);
  EXPECT_FALSE(memory.read(0, 4, at(1, 2)));
  EXPECT_EQ(memory.read(0, 4, at(2, 2)).kind, Violation::ReadsAfterWrite);
  EXPECT_FALSE(memory.read(0, 4, at(2, 3)));
}

TEST_F(SharedMemoryTest, ResetForgets) {
  memory.reset(8);
  EXPECT_EQ(memory.size(), 8u);
  EXPECT_EQ(memory.read(0, 1, at(0, 0)).kind, Violation::ReadsUninitialised);
  EXPECT_EQ(memory.data()[7], 0xFF);
  EXPECT_FALSE(memory.write(0, 8, at(1, 0)));
}

} // namespace
