//===- CollectivesTest.cpp - Barriers, shuffles and ldmatrix --------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTest.h"

#include <vector>

using namespace hinm::emulator;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

class CollectivesTest : public KernelTest {};

//===----------------------------------------------------------------------===//
// Barriers
//===----------------------------------------------------------------------===//

struct Scan {
  int32_t *sums; // blocks x threads
  bool skip = false;
};

/// An inclusive prefix sum of 1, 2, ... by doubling: wrong without barriers.
void scan(void **params) {
  const Scan &s = argument<Scan>(params);
  const int t = thread();
  const int threads = hinm_emu_register(HINM_EMU_NTID_X);
  const int block = hinm_emu_register(HINM_EMU_CTAID_X);
  store(shared<int32_t>(t), t + 1 + block, "store first");
  hinm_emu_barrier(0, 0, "barrier 0");
  for (int step = 1; step < threads; step *= 2) {
    int32_t sum = load(shared<int32_t>(t), "load own");
    if (t >= step)
      sum += load(shared<int32_t>(t - step), "load other");
    hinm_emu_barrier(0, 0, "barrier 1");
    store(shared<int32_t>(t), sum, "store sum");
    if (s.skip && t == 3)
      return;
    hinm_emu_barrier(0, 0, "barrier 2");
  }
  store(s.sums + block * threads + t, load(shared<int32_t>(t), "load result"),
        "store result");
}

TEST_F(CollectivesTest, BarriersOrderManyBlocks) {
  constexpr int blocks = 9, threads = 100; // the last warp has 4 lanes
  Scan s = {static_cast<int32_t *>(allocate(blocks * threads * 4))};
  for (const char *seed : {"0", "1", "77"}) {
    setenv("HINM_EMULATOR_SEED", seed, 1);
    ASSERT_THAT(run(scan, s, threads, threads * 4, blocks), IsEmpty());
    for (int block = 0; block < blocks; ++block)
      for (int t = 0; t < threads; ++t)
        ASSERT_EQ(s.sums[block * threads + t],
                  (t + 1) * (t + 2) / 2 + block * (t + 1));
  }
  deallocate(s.sums);
}

TEST_F(CollectivesTest, ThreadThatLeavesBeforeABarrier) {
  Scan s = {static_cast<int32_t *>(allocate(256)), true};
  EXPECT_THAT(run(scan, s, 64, 256),
              HasSubstr("barrier 2: divergent: not all threads of the block "
                        "arrive; thread (3,0,0) has exited"));
  deallocate(s.sums);
}

enum class Divergence { Exits, Barrier, OtherPlace, Immediate };

void diverge(void **params) {
  const Divergence how = argument<Divergence>(params);
  uint32_t result[4];
  if (thread() == 7) {
    if (how == Divergence::Exits)
      return;
    if (how == Divergence::Barrier)
      hinm_emu_barrier(0, 0, "the barrier");
    if (how == Divergence::OtherPlace)
      hinm_emu_warp_sync("the other sync");
    if (how == Divergence::Immediate)
      hinm_emu_ldmatrix(result, shared<uint8_t>(), 2, 0, "the sync");
    return;
  }
  if (how == Divergence::Immediate)
    hinm_emu_ldmatrix(result, shared<uint8_t>(), 4, 0, "the sync");
  else
    hinm_emu_warp_sync("the sync");
}

TEST_F(CollectivesTest, Divergence) {
  Divergence how = Divergence::Exits;
  EXPECT_THAT(run(diverge, how, 32, 16),
              HasSubstr("the sync: divergent: not all lanes of the warp "
                        "arrive; thread (7,0,0) has exited"));
  clearError();
  how = Divergence::Barrier;
  EXPECT_THAT(run(diverge, how, 32, 16),
              HasSubstr("thread (7,0,0) waits at the barrier"));
  clearError();
  how = Divergence::OtherPlace;
  EXPECT_THAT(run(diverge, how, 32, 16),
              HasSubstr("the other sync: divergent: lane 0 of the warp waits "
                        "at the sync"));
  clearError();
  how = Divergence::Immediate;
  EXPECT_THAT(run(diverge, how, 32, 16), HasSubstr("differ in an operand"));
}

//===----------------------------------------------------------------------===//
// Shuffles
//===----------------------------------------------------------------------===//

struct Shuffle {
  int32_t kind;
  int32_t operand;
  uint32_t results[64];
};

void shuffle(void **params) {
  Shuffle &s = argument<Shuffle>(params);
  const int t = thread();
  s.results[t] = hinm_emu_shfl(1000 + t, s.kind, s.operand, "shuffle");
}

TEST_F(CollectivesTest, Shuffles) {
  for (int operand = 0; operand < 32; ++operand)
    for (int kind = 0; kind < 4; ++kind) {
      Shuffle s = {kind, operand, {}};
      ASSERT_THAT(run(shuffle, s, 64, 0), IsEmpty());
      for (int t = 0; t < 64; ++t) {
        const int lane = t % 32;
        const int up = lane - operand, down = lane + operand;
        const int source[] = {operand, up < 0 ? lane : up,
                              down > 31 ? lane : down, lane ^ operand};
        ASSERT_EQ(s.results[t], 1000u + t / 32 * 32 + source[kind])
            << "kind " << kind << " operand " << operand << " thread " << t;
      }
    }
}

TEST_F(CollectivesTest, ShuffleFromALaneThatIsNotThere) {
  Shuffle s = {0, 20, {}};
  EXPECT_THAT(run(shuffle, s, 20, 0), HasSubstr("shuffles from lane 20"));
}

//===----------------------------------------------------------------------===//
// ldmatrix
//===----------------------------------------------------------------------===//

struct LdMatrix {
  int32_t count;
  bool transposed;
  int32_t skew; // bytes added to lane 3's address
  uint32_t results[32][4];
};

constexpr int rows = 32;

/// Row r holds r*8 .. r*8+7; lane l names row 31-l.
void ldMatrix(void **params) {
  LdMatrix &m = argument<LdMatrix>(params);
  const int t = thread();
  for (int i = 0; i < 8; ++i)
    store(shared<uint16_t>(t * 8 + i), uint16_t(t * 8 + i), "store");
  hinm_emu_barrier(0, 0, "barrier");
  const uint8_t *row = shared<uint8_t>((rows - 1 - t) * 16);
  hinm_emu_ldmatrix(m.results[t], row + (t == 3 ? m.skew : 0), m.count,
                    m.transposed, "ldmatrix");
}

TEST_F(CollectivesTest, LdMatrixFollowsTheIndexFormula) {
  for (int count : {1, 2, 4})
    for (bool transposed : {false, true}) {
      LdMatrix m = {count, transposed, 0, {}};
      ASSERT_THAT(run(ldMatrix, m, 32, rows * 16), IsEmpty());
      for (int lane = 0; lane < 32; ++lane)
        for (int r = 0; r < count; ++r)
          for (int half = 0; half < 2; ++half) {
            // PTX: thread T holds row T/4, columns 2(T%4), 2(T%4)+1.
            int row = lane / 4, column = 2 * (lane % 4) + half;
            if (transposed)
              std::swap(row, column);
            const int sourceRow = rows - 1 - (8 * r + row);
            ASSERT_EQ(m.results[lane][r] >> 16 * half & 0xFFFF,
                      unsigned(sourceRow * 8 + column));
          }
    }
}

TEST_F(CollectivesTest, LdMatrixChecksItsRows) {
  LdMatrix m = {4, false, 2, {}};
  EXPECT_THAT(run(ldMatrix, m, 32, rows * 16), HasSubstr("misaligned"));
  clearError();
  m.skew = 4 * 16; // row 28 + 4
  EXPECT_THAT(run(ldMatrix, m, 32, rows * 16),
              HasSubstr("ldmatrix: out of bounds: reads 16 bytes at byte "
                        "offset 512 of the shared memory of 512 bytes [kernel "
                        "tested, block (0,0,0), thread (3,0,0)]"));
  clearError();
  m.skew = 0;
  EXPECT_THAT(run(ldMatrix, m, 16, rows * 16),
              HasSubstr("needs a warp of 32 lanes; this one has 16"));
}

} // namespace
