//===- ClusterTest.cpp - Blocks that share copies and barriers ------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTest.h"

using namespace hinm::emulator;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

class ClusterTest : public KernelTest {};

int rankInCluster() { return hinm_emu_register(HINM_EMU_CLUSTER_CTARANK); }

//===----------------------------------------------------------------------===//
// A ring that each block of a cluster fills a part of for all
//===----------------------------------------------------------------------===//

constexpr int blocks = 2, stages = 2, steps = 5;
/// Of a stage, and what one block copies of it.
constexpr int stageBytes = 64, partBytes = stageBytes / blocks;
constexpr int fullBarriers = stages * stageBytes;
constexpr int emptyBarriers = fullBarriers + stages * 8;
constexpr int ringBytes = emptyBarriers + stages * 8;

struct Ring {
  const uint8_t *source; // steps stages
  int32_t *sums;         // of each block
  // What to do wrong.
  bool barrierAtBegin = true, barrierAtEnd = true, arriveAtOthers = true,
       waitEmpty = true, fence = true;
  int32_t expected = stageBytes, mask = (1 << blocks) - 1;
};

void produce(const Ring &ring) {
  for (int step = 0; step < steps; ++step) {
    const int slot = step % stages, parity = step / stages & 1;
    uint8_t *full = shared<uint8_t>(fullBarriers + slot * 8);
    if (ring.waitEmpty)
      hinm_emu_mbarrier_wait_parity(shared<uint8_t>(emptyBarriers + slot * 8),
                                    parity ^ 1, "wait empty");
    hinm_emu_mbarrier_arrive(full, 1, ring.expected, "arrive full");
    const int part = rankInCluster() * partBytes;
    hinm_emu_cp_async_bulk_multicast(shared<uint8_t>(slot * stageBytes + part),
                                     ring.source + step * stageBytes + part,
                                     full, partBytes, ring.mask, "multicast");
  }
}

void consume(const Ring &ring) {
  int32_t sum = 0;
  for (int step = 0; step < steps; ++step) {
    const int slot = step % stages, parity = step / stages & 1;
    const uint8_t *stage = shared<uint8_t>(slot * stageBytes);
    hinm_emu_mbarrier_wait_parity(shared<uint8_t>(fullBarriers + slot * 8),
                                  parity, "wait full");
    hinm_emu_access(stage, stageBytes, 1, 0, "load");
    for (int i = 0; i < stageBytes; ++i)
      sum += stage[i];
    for (int rank = 0; rank < blocks; ++rank)
      hinm_emu_mbarrier_arrive(
          hinm_emu_mapa(shared<uint8_t>(emptyBarriers + slot * 8),
                        ring.arriveAtOthers ? rank : rankInCluster(), "mapa"),
          1, 0, "arrive empty");
  }
  ring.sums[hinm_emu_register(HINM_EMU_CTAID_X)] = sum;
}

void syncCluster() {
  hinm_emu_cluster_arrive("cluster arrive");
  hinm_emu_cluster_wait("cluster wait");
}

/// Thread 0 produces, thread 1 consumes.
void ringKernel(void **params) {
  const Ring &ring = argument<Ring>(params);
  if (thread() == 0) {
    for (int stage = 0; stage < stages; ++stage) {
      hinm_emu_mbarrier_init(shared<uint8_t>(fullBarriers + stage * 8), 1,
                             "init");
      hinm_emu_mbarrier_init(shared<uint8_t>(emptyBarriers + stage * 8), blocks,
                             "init");
    }
    if (ring.fence)
      hinm_emu_fence_mbarrier_init();
  }
  if (ring.barrierAtBegin)
    syncCluster();
  else
    hinm_emu_barrier(0, 0, "barrier");
  if (thread() == 0)
    produce(ring);
  else
    consume(ring);
  if (ring.barrierAtEnd)
    syncCluster();
}

class RingTest : public ClusterTest {
protected:
  void SetUp() override {
    ClusterTest::SetUp();
    source = static_cast<uint8_t *>(allocate(steps * stageBytes));
    sums = static_cast<int32_t *>(allocate(2 * blocks * sizeof(int32_t)));
    for (int i = 0; i < steps * stageBytes; ++i)
      total += source[i] = uint8_t(i * 7);
    ring.source = source;
    ring.sums = sums;
  }
  void TearDown() override {
    deallocate(source);
    deallocate(sums);
    ClusterTest::TearDown();
  }

  /// Two clusters.
  std::string runRing() {
    clearError();
    return run(ringKernel, ring, 2, ringBytes, 2 * blocks, blocks);
  }

  uint8_t *source;
  int32_t *sums, total = 0;
  Ring ring;
};

TEST_F(RingTest, CorrectInEveryOrder) {
  for (int seed = 0; seed < 20; ++seed) {
    setenv("HINM_EMULATOR_SEED", std::to_string(seed).c_str(), 1);
    std::fill_n(sums, 2 * blocks, 0);
    EXPECT_THAT(runRing(), IsEmpty());
    for (int block = 0; block < 2 * blocks; ++block)
      EXPECT_EQ(sums[block], total);
  }
}

TEST_F(RingTest, MissingBarrierAtTheBegin) {
  ring.barrierAtBegin = false;
  EXPECT_THAT(runRing(), AnyOf(HasSubstr("initialised with no barrier between"),
                               HasSubstr("there is no mbarrier")));
}

TEST_F(RingTest, MissingBarrierAtTheEnd) {
  ring.barrierAtEnd = false;
  for (int seed = 0; seed < 20; ++seed) {
    setenv("HINM_EMULATOR_SEED", std::to_string(seed).c_str(), 1);
    EXPECT_THAT(runRing(), HasSubstr("missing barrier.cluster at the end"));
  }
}

TEST_F(RingTest, ArrivesAtItsOwnOnly) {
  ring.arriveAtOthers = false;
  for (int seed = 0; seed < 20; ++seed) {
    setenv("HINM_EMULATOR_SEED", std::to_string(seed).c_str(), 1);
    EXPECT_THAT(runRing(), AnyOf(HasSubstr("multicast: race: writes shared "
                                           "memory that thread (1,0,0) of "),
                                 HasSubstr("multicast: race: writes shared "
                                           "memory that a copy of "),
                                 HasSubstr("multicast: writes shared memory "
                                           "that a copy of")));
  }
}

TEST_F(RingTest, DoesNotWaitForAnEmptyStage) {
  ring.waitEmpty = false;
  EXPECT_THAT(runRing(), HasSubstr("arrives 1 times where the phase waits"));
}

TEST_F(RingTest, MissingFence) {
  ring.fence = false;
  EXPECT_THAT(runRing(), HasSubstr("the async proxy may not see"));
}

TEST_F(RingTest, WrongMask) {
  ring.mask = 1;
  EXPECT_THAT(runRing(), HasSubstr("which misses"));
  ring.mask = 1 << blocks | 1;
  EXPECT_THAT(runRing(), HasSubstr("a multicast with the mask 5 in a cluster "
                                   "of 2 blocks"));
  ring.mask = 0;
  EXPECT_THAT(runRing(), HasSubstr("a multicast with the mask 0"));
}

TEST_F(RingTest, WrongNumberOfBytes) {
  ring.expected = partBytes; // only what the block copies itself
  EXPECT_THAT(runRing(), AnyOf(HasSubstr("missing expect_tx"),
                               HasSubstr("shared memory")));
  ring.expected = 2 * stageBytes;
  EXPECT_THAT(runRing(), HasSubstr("which misses 0 of 1 arrivals and 64 bytes "
                                   "of bulk copies"));
}

//===----------------------------------------------------------------------===//
// One thing at a time
//===----------------------------------------------------------------------===//

/// The special registers of thread 0 of each block.
void registersKernel(void **params) {
  int32_t *out = argument<int32_t *>(params);
  out += 4 * hinm_emu_register(HINM_EMU_CTAID_X);
  store(out, rankInCluster(), "store");
  store(out + 1, hinm_emu_register(HINM_EMU_CLUSTER_NCTARANK), "store");
  store(out + 2, hinm_emu_register(HINM_EMU_CLUSTERID_X), "store");
  store(out + 3, hinm_emu_register(HINM_EMU_NCLUSTERID_X), "store");
}

TEST_F(ClusterTest, Registers) {
  int32_t *out = static_cast<int32_t *>(allocate(6 * 4 * sizeof(int32_t)));
  EXPECT_THAT(run(registersKernel, out, 1, 0, 6, 3), IsEmpty());
  for (int32_t block = 0; block < 6; ++block) {
    EXPECT_EQ(out[4 * block], block % 3);
    EXPECT_EQ(out[4 * block + 1], 3);
    EXPECT_EQ(out[4 * block + 2], block / 3);
    EXPECT_EQ(out[4 * block + 3], 2);
  }
  deallocate(out);
}

TEST_F(ClusterTest, Shapes) {
  int32_t *out = nullptr;
  EXPECT_THAT(run(registersKernel, out, 1, 0, 3, 2),
              HasSubstr("a grid of (3,1,1) blocks, no multiple of its clusters "
                        "of (2,1,1)"));
  clearError();
  EXPECT_THAT(run(registersKernel, out, 1, 0, 16, 16),
              HasSubstr("clusters of 16 blocks: 1 to 8 are possible"));
}

enum class Mistake {
  None,
  ArrivesTwice,
  WaitsOnly,
  NotAll,
  LoadsOfOther,
  NoSuchBlock,
  ThreadsThatEnd
};

void barrierKernel(void **params) {
  const bool isFirst = rankInCluster() == 0;
  switch (argument<Mistake>(params)) {
  case Mistake::None:
    syncCluster();
    return syncCluster();
  case Mistake::ArrivesTwice:
    hinm_emu_cluster_arrive("arrive");
    return hinm_emu_cluster_arrive("arrive again");
  case Mistake::WaitsOnly:
    return hinm_emu_cluster_wait("wait");
  case Mistake::NotAll:
    if (isFirst)
      return syncCluster();
    hinm_emu_mbarrier_init(shared<uint8_t>(), 1, "init");
    return hinm_emu_mbarrier_wait_parity(shared<uint8_t>(), 0, "elsewhere");
  case Mistake::LoadsOfOther:
    store(shared<int32_t>(thread()), 1, "store");
    syncCluster();
    load(static_cast<int32_t *>(
             hinm_emu_mapa(shared<int32_t>(thread()), isFirst ? 1 : 0, "mapa")),
         "load");
    return syncCluster();
  case Mistake::NoSuchBlock:
    hinm_emu_mapa(shared<int32_t>(), 2, "mapa");
    return;
  case Mistake::ThreadsThatEnd:
    // The barrier is of those that have not.
    if (thread() % 2)
      syncCluster();
    return;
  }
}

TEST_F(ClusterTest, SingleMistakes) {
  auto error = [&](Mistake mistake) {
    clearError();
    return run(barrierKernel, mistake, 4, 16, 2, 2);
  };
  EXPECT_THAT(error(Mistake::None), IsEmpty());
  EXPECT_THAT(error(Mistake::ThreadsThatEnd), IsEmpty());
  EXPECT_THAT(error(Mistake::ArrivesTwice),
              HasSubstr("arrive again: arrives twice at the barrier"));
  EXPECT_THAT(
      error(Mistake::WaitsOnly),
      HasSubstr("wait: waits at the barrier of the cluster, at which it "
                "has not arrived"));
  EXPECT_THAT(error(Mistake::LoadsOfOther),
              HasSubstr("load: reads the shared memory of block ("));
  EXPECT_THAT(error(Mistake::NoSuchBlock),
              HasSubstr("mapa: asks for block 2 of a cluster of 2"));
}

/// Copies to all blocks, which wait for it or do not.
void copyKernel(void **params) {
  const Ring &ring = argument<Ring>(params);
  uint8_t *full = shared<uint8_t>(stageBytes);
  hinm_emu_mbarrier_init(full, 1, "init");
  hinm_emu_fence_mbarrier_init();
  syncCluster();
  hinm_emu_mbarrier_arrive(full, 1, stageBytes, "arrive");
  if (rankInCluster() == 0)
    hinm_emu_cp_async_bulk_multicast(shared<uint8_t>(), ring.source, full,
                                     stageBytes, ring.mask, "multicast");
  if (ring.waitEmpty || rankInCluster() == 0)
    hinm_emu_mbarrier_wait_parity(full, 0, "wait");
  syncCluster();
}

TEST_F(RingTest, NobodyWaitsForACopy) {
  EXPECT_THAT(run(copyKernel, ring, 1, stageBytes + 8, blocks, blocks),
              IsEmpty());
  ring.waitEmpty = false;
  clearError();
  EXPECT_THAT(run(copyKernel, ring, 1, stageBytes + 8, blocks, blocks),
              HasSubstr("block (1,0,0) may end before a copy of the mbarrier "
                        "at byte offset 64, for which no thread has waited"));
}

TEST_F(ClusterTest, NotAllArrive) {
  Mistake mistake = Mistake::NotAll;
  EXPECT_THAT(run(barrierKernel, mistake, 1, 16, 2, 2),
              HasSubstr("elsewhere: deadlock"));
}

} // namespace
