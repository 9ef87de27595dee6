//===- BulkStoreTest.cpp - stmatrix, bulk copies to global memory ---------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTest.h"

#include <cstring>

using namespace hinm::emulator;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

constexpr int lanes = 32, rounds = 3, rows = 8, rowBytes = 64;
constexpr int roundBytes = rows * rowBytes;

/// A warp writes four matrices by stmatrix, and a lane for each row has it
/// copied; several times over the same buffer.
struct Rows {
  uint8_t *target; // rounds times all rows
  // What to do wrong.
  bool fence = true, syncAfterFence = true, commit = true, waitBetween = true,
       syncAfterWait = true, waitAtEnd = true;
  int32_t size = rowBytes, transposed = 0, matrices = 4;
  int64_t rowOffset = 0, globalOffset = 0;
};

uint16_t elementOf(int round, int row, int column) {
  return uint16_t(round * 1000 + row * 100 + column);
}

void storeRows(void **params) {
  const Rows &r = argument<Rows>(params);
  const int lane = thread(), g = lane / 4, q = lane % 4;
  for (int round = 0; round < rounds; ++round) {
    if (round != 0 && r.waitBetween)
      hinm_emu_cp_async_bulk_wait(0);
    if (r.syncAfterWait)
      hinm_emu_warp_sync("sync after wait");
    uint32_t registers[4];
    for (int m = 0; m < 4; ++m) {
      auto at = [&](int half) {
        const int column = 2 * q + half;
        return r.transposed ? elementOf(round, column, m * 8 + g)
                            : elementOf(round, g, m * 8 + column);
      };
      registers[m] = at(0) | uint32_t(at(1)) << 16;
    }
    uint8_t *row = shared<uint8_t>(lane % 8 * rowBytes + lane / 8 * 16);
    hinm_emu_stmatrix(row + r.rowOffset, registers, r.matrices, r.transposed,
                      "stmatrix");
    if (r.fence)
      hinm_emu_fence_proxy_async();
    if (r.syncAfterFence)
      hinm_emu_warp_sync("sync after fence");
    if (lane < rows) {
      const int64_t place = round * roundBytes + lane * rowBytes;
      hinm_emu_cp_async_bulk_store(r.target + place + r.globalOffset,
                                   shared<uint8_t>(lane * rowBytes), r.size,
                                   "bulk store");
    }
    if (r.commit)
      hinm_emu_cp_async_bulk_commit();
  }
  if (r.waitAtEnd)
    hinm_emu_cp_async_bulk_wait(0);
}

class BulkStoreTest : public KernelTest {
protected:
  void SetUp() override {
    KernelTest::SetUp();
    target = static_cast<uint8_t *>(allocate(rounds * roundBytes));
    arguments.target = target;
  }
  void TearDown() override {
    EXPECT_TRUE(deallocate(target));
    KernelTest::TearDown();
  }
  std::string runRows(const char *seed = "0") {
    clearError();
    setenv("HINM_EMULATOR_SEED", seed, 1);
    return run(storeRows, arguments, lanes, roundBytes);
  }
  void expectAlways(const char *text) {
    for (const char *seed : {"0", "1", "2", "3", "4", "5"})
      EXPECT_THAT(runRows(seed), HasSubstr(text)) << "seed " << seed;
  }

  uint8_t *target = nullptr;
  Rows arguments = {};
};

TEST_F(BulkStoreTest, RowsArriveInEveryOrder) {
  for (int32_t transposed : {0, 1})
    for (const char *seed : {"0", "1", "2", "3"}) {
      memset(target, 0, rounds * roundBytes);
      arguments.transposed = transposed;
      ASSERT_THAT(runRows(seed), IsEmpty()) << "seed " << seed;
      for (int round = 0; round < rounds; ++round)
        for (int row = 0; row < rows; ++row)
          for (int column = 0; column < rowBytes / 2; ++column) {
            uint16_t found;
            memcpy(&found,
                   target + round * roundBytes + row * rowBytes + 2 * column,
                   sizeof(found));
            ASSERT_EQ(found, elementOf(round, row, column));
          }
    }
}

TEST_F(BulkStoreTest, FirstBytesOfARow) {
  arguments.size = 16;
  memset(target, 7, rounds * roundBytes);
  ASSERT_THAT(runRows(), IsEmpty());
  EXPECT_EQ(target[16], 7);
  EXPECT_EQ(target[rowBytes] | target[rowBytes + 1] << 8, elementOf(0, 1, 0));
}

TEST_F(BulkStoreTest, MissingFence) {
  arguments.fence = false;
  expectAlways("bulk store: reads shared memory that thread (");
  EXPECT_THAT(runRows(), HasSubstr("wrote by the generic proxy, with no "
                                   "fence.proxy.async between"));
}

TEST_F(BulkStoreTest, MissingSyncBeforeTheCopy) {
  arguments.syncAfterFence = false;
  expectAlways("bulk store: race: reads shared memory that thread (");
}

TEST_F(BulkStoreTest, BufferIsUsedAgainTooEarly) {
  arguments.waitBetween = false;
  expectAlways("stmatrix: race: writes shared memory that a bulk copy of "
               "thread (");
  EXPECT_THAT(runRows(), HasSubstr("read and that nobody has waited for"));
}

TEST_F(BulkStoreTest, OthersDoNotKnowOfTheWait) {
  arguments.syncAfterWait = false;
  expectAlways("stmatrix: race: writes shared memory that a bulk copy of "
               "thread (");
}

TEST_F(BulkStoreTest, AWaitNeedsACommit) {
  arguments.commit = false;
  expectAlways("stmatrix: race: writes shared memory that a bulk copy of "
               "thread (");
}

TEST_F(BulkStoreTest, EndsTooEarly) {
  arguments.waitAtEnd = false;
  expectAlways("ends while its bulk copies read shared memory (missing "
               "cp.async.bulk.wait_group)");
}

TEST_F(BulkStoreTest, SizesAndAddresses) {
  arguments.size = 24;
  EXPECT_THAT(runRows(), HasSubstr("bulk store: a bulk copy of 24 bytes"));
  arguments.size = roundBytes * 2;
  EXPECT_THAT(runRows(), HasSubstr("bulk store: out of bounds: reads 1024 "
                                   "bytes"));
  arguments.size = rowBytes;
  arguments.globalOffset = 8;
  EXPECT_THAT(runRows(), HasSubstr("bulk store: misaligned"));
  arguments.globalOffset = rounds * roundBytes;
  EXPECT_THAT(runRows(), HasSubstr("bulk store: out of bounds: writes 64 bytes "
                                   "at byte offset 1536"));
  arguments.globalOffset = 0;
  arguments.rowOffset = 8;
  EXPECT_THAT(runRows(), HasSubstr("stmatrix: misaligned: stmatrix rows"));
  arguments.rowOffset = roundBytes;
  EXPECT_THAT(runRows(), HasSubstr("stmatrix: out of bounds: writes"));
  arguments.rowOffset = 0;
  arguments.matrices = 3;
  EXPECT_THAT(runRows(), HasSubstr("stores 1, 2 or 4 matrices, not 3"));
  // Two of the four matrices were never written.
  arguments.matrices = 2;
  EXPECT_THAT(runRows(),
              HasSubstr("bulk store: reads uninitialised shared memory"));
}

} // namespace
