//===- MBarrierTest.cpp - mbarriers, bulk copies, named barriers ----------===//
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

class MBarrierTest : public KernelTest {};

//===----------------------------------------------------------------------===//
// A pipeline: one warp fills a ring, another one reads it
//===----------------------------------------------------------------------===//

constexpr int stages = 2, steps = 7, lanes = 32;
/// Of a stage: a cp.async for each lane, and one bulk copy.
constexpr int copiedBytes = lanes * 16, bulkBytes = 64;
constexpr int stageBytes = copiedBytes + bulkBytes;
constexpr int fullBarriers = stages * stageBytes;
constexpr int emptyBarriers = fullBarriers + stages * 8;
constexpr int pipelineBytes = emptyBarriers + stages * 8;

struct Pipeline {
  const uint8_t *source; // steps stages
  int32_t *sums;         // lanes
  // What to do wrong.
  bool waitFull = true, waitEmpty = true, expect = true, fence = true,
       init = true, trackCopies = true;
  int32_t expected = bulkBytes;
};

void produce(const Pipeline &p, int lane) {
  for (int step = 0; step < steps; ++step) {
    const int slot = step % stages, parity = step / stages & 1;
    uint8_t *stage = shared<uint8_t>(slot * stageBytes);
    uint8_t *full = shared<uint8_t>(fullBarriers + slot * 8);
    uint8_t *empty = shared<uint8_t>(emptyBarriers + slot * 8);
    const uint8_t *from = p.source + step * stageBytes;
    if (p.waitEmpty)
      hinm_emu_mbarrier_wait_parity(empty, parity ^ 1, "wait empty");
    hinm_emu_cp_async(stage + lane * 16, from + lane * 16, 16, 16, "copy");
    if (lane == 0) {
      hinm_emu_mbarrier_arrive(full, 1, p.expect ? p.expected : 0,
                               "arrive full");
      hinm_emu_cp_async_bulk(stage + copiedBytes, from + copiedBytes, full,
                             bulkBytes, "bulk copy");
    }
    if (p.trackCopies)
      hinm_emu_cp_async_mbarrier_arrive(full, 1, "arrive with copies");
    else
      hinm_emu_mbarrier_arrive(full, 1, 0, "arrive with copies");
  }
}

void consume(const Pipeline &p, int lane) {
  int32_t sum = 0;
  for (int step = 0; step < steps; ++step) {
    const int slot = step % stages, parity = step / stages & 1;
    const uint8_t *stage = shared<uint8_t>(slot * stageBytes);
    if (p.waitFull)
      hinm_emu_mbarrier_wait_parity(shared<uint8_t>(fullBarriers + slot * 8),
                                    parity, "wait full");
    // What some other lane has copied.
    const uint8_t *row = stage + (lane + step) % lanes * 16;
    hinm_emu_access(row, 16, 16, 0, "load copied");
    hinm_emu_access(stage + copiedBytes, bulkBytes, 1, 0, "load bulk");
    sum += row[0] + stage[copiedBytes + lane];
    hinm_emu_mbarrier_arrive(shared<uint8_t>(emptyBarriers + slot * 8), 1, 0,
                             "arrive empty");
  }
  store(p.sums + lane, sum, "store sum");
}

void pipeline(void **params) {
  const Pipeline &p = argument<Pipeline>(params);
  const int t = thread();
  if (t == 0 && p.init)
    for (int slot = 0; slot < stages; ++slot) {
      hinm_emu_mbarrier_init(shared<uint8_t>(fullBarriers + slot * 8),
                             lanes + 1, "init");
      hinm_emu_mbarrier_init(shared<uint8_t>(emptyBarriers + slot * 8), lanes,
                             "init");
    }
  if (p.fence)
    hinm_emu_fence_mbarrier_init();
  hinm_emu_barrier(0, 0, "barrier");
  if (t < lanes)
    produce(p, t);
  else
    consume(p, t - lanes);
}

class PipelineTest : public MBarrierTest {
protected:
  void SetUp() override {
    MBarrierTest::SetUp();
    source = static_cast<uint8_t *>(allocate(steps * stageBytes));
    sums = static_cast<int32_t *>(allocate(lanes * sizeof(int32_t)));
    for (int i = 0; i < steps * stageBytes; ++i)
      source[i] = uint8_t(i * 7 + i / 16);
    arguments.source = source;
    arguments.sums = sums;
  }
  void TearDown() override {
    EXPECT_TRUE(deallocate(source) && deallocate(sums));
    MBarrierTest::TearDown();
  }
  std::string runPipeline(const char *seed = "0") {
    clearError();
    setenv("HINM_EMULATOR_SEED", seed, 1);
    return run(pipeline, arguments, 2 * lanes, pipelineBytes);
  }
  /// The mistake is found in whatever order threads run.
  void expectAlways(const char *text) {
    for (const char *seed : {"0", "1", "2", "3", "4", "5"})
      EXPECT_THAT(runPipeline(seed), HasSubstr(text)) << "seed " << seed;
  }

  uint8_t *source = nullptr;
  int32_t *sums = nullptr;
  Pipeline arguments = {};
};

TEST_F(PipelineTest, CorrectInEveryOrder) {
  for (const char *seed : {"0", "1", "2", "3", "4", "5"}) {
    ASSERT_THAT(runPipeline(seed), IsEmpty()) << "seed " << seed;
    for (int lane = 0; lane < lanes; ++lane) {
      int32_t sum = 0;
      for (int step = 0; step < steps; ++step) {
        const uint8_t *stage = source + step * stageBytes;
        sum += stage[(lane + step) % lanes * 16] + stage[copiedBytes + lane];
      }
      ASSERT_EQ(sums[lane], sum);
    }
  }
}

TEST_F(PipelineTest, ConsumerForgetsToWait) {
  arguments.waitFull = false;
  // In the order of threads the copies have been issued.
  EXPECT_THAT(runPipeline(), HasSubstr("load copied: "));
  expectAlways("shared memory");
}

TEST_F(PipelineTest, ProducerForgetsToWait) {
  arguments.waitEmpty = false;
  expectAlways("copy: ");
}

TEST_F(PipelineTest, ProducerForgetsItsCopies) {
  arguments.trackCopies = false;
  expectAlways("a cp.async of thread (");
}

TEST_F(PipelineTest, MissingExpectTx) {
  arguments.expect = false;
  EXPECT_THAT(runPipeline(),
              HasSubstr("64 bytes are copied and 0 expected (missing "
                        "expect_tx)"));
  expectAlways("expect");
}

TEST_F(PipelineTest, TooManyBytesExpected) {
  arguments.expected = bulkBytes + 16;
  expectAlways("wait full: deadlock: waits for phase 0 of the mbarrier at byte "
               "offset 1152, which misses 0 of 33 arrivals and 16 bytes of "
               "bulk copies");
}

TEST_F(PipelineTest, MissingFence) {
  arguments.fence = false;
  expectAlways("bulk copy: the async proxy may not see");
}

TEST_F(PipelineTest, MissingInit) {
  arguments.init = false;
  expectAlways("there is no mbarrier at byte offset");
}

//===----------------------------------------------------------------------===//
// Single mistakes
//===----------------------------------------------------------------------===//

enum class Case {
  MisalignedBarrier,
  CountZero,
  InitTwice,
  Load,
  ArriveTooOften,
  NoBarrier,
  InvalidateAndReuse,
  UseInvalidated,
  BulkSize,
  BulkAddress,
  BulkOutside,
  BulkInFlight,
  Parity,
  State,
  ArriveReleasesNothingLater,
};

struct Single {
  Case which;
  uint8_t *memory; // 64 bytes
};

void single(void **params) {
  const Single &s = argument<Single>(params);
  const int t = thread();
  uint8_t *barrier = shared<uint8_t>(64), *data = shared<uint8_t>(0);
  if (t == 0) {
    switch (s.which) {
    case Case::MisalignedBarrier:
      return hinm_emu_mbarrier_init(barrier + 4, 1, "init");
    case Case::CountZero:
      return hinm_emu_mbarrier_init(barrier, 0, "init");
    default:
      hinm_emu_mbarrier_init(barrier, 1, "init");
      hinm_emu_fence_mbarrier_init();
    }
  }
  if (s.which == Case::NoBarrier && t == 1)
    hinm_emu_mbarrier_arrive(barrier, 1, 0, "arrive");
  hinm_emu_barrier(0, 0, "barrier");
  switch (s.which) {
  case Case::InitTwice:
    hinm_emu_mbarrier_init(barrier, 1, "init again");
    break;
  case Case::Load:
    load(reinterpret_cast<int32_t *>(barrier), "load");
    break;
  case Case::ArriveTooOften:
    hinm_emu_mbarrier_arrive(barrier, 2, 0, "arrive");
    break;
  case Case::InvalidateAndReuse:
  case Case::UseInvalidated:
    if (t == 0)
      hinm_emu_mbarrier_inval(barrier, "inval");
    if (s.which == Case::UseInvalidated)
      hinm_emu_mbarrier_arrive(barrier, 1, 0, "arrive");
    else if (t == 0)
      store(reinterpret_cast<int32_t *>(barrier), 1, "store");
    break;
  case Case::BulkSize:
    hinm_emu_cp_async_bulk(data, s.memory, barrier, 24, "bulk");
    break;
  case Case::BulkAddress:
    hinm_emu_cp_async_bulk(data + 8, s.memory, barrier, 16, "bulk");
    break;
  case Case::BulkOutside:
    hinm_emu_cp_async_bulk(data, s.memory + 48, barrier, 32, "bulk");
    break;
  case Case::BulkInFlight:
    if (t == 0)
      hinm_emu_cp_async_bulk(data, s.memory, barrier, 16, "bulk");
    break;
  case Case::Parity:
    hinm_emu_mbarrier_wait_parity(barrier, 2, "wait");
    break;
  case Case::State:
    // Each arrival ends a phase.
    if (t == 0)
      for (int i = 0; i < 3; ++i)
        hinm_emu_mbarrier_wait_state(
            barrier, hinm_emu_mbarrier_arrive(barrier, 1, 0, "arrive"), "wait");
    break;
  case Case::ArriveReleasesNothingLater:
    if (t == 0) {
      hinm_emu_mbarrier_arrive(barrier, 1, 0, "arrive");
      store(reinterpret_cast<int32_t *>(data), 1, "late store");
    } else if (t == 1) {
      hinm_emu_mbarrier_wait_parity(barrier, 0, "wait");
      store(reinterpret_cast<int32_t *>(data), 2, "other store");
    }
    break;
  default:
    break;
  }
}

TEST_F(MBarrierTest, SingleMistakes) {
  uint8_t *memory = static_cast<uint8_t *>(allocate(64));
  auto error = [&](Case which) {
    clearError();
    Single s = {which, memory};
    return run(single, s, 32, 128);
  };
  EXPECT_THAT(error(Case::MisalignedBarrier), HasSubstr("init: misaligned"));
  EXPECT_THAT(error(Case::CountZero), HasSubstr("an mbarrier of 0 arrivals"));
  EXPECT_THAT(error(Case::InitTwice),
              HasSubstr("init again: touches an mbarrier as if it were data"));
  EXPECT_THAT(error(Case::Load), HasSubstr("load: touches an mbarrier"));
  EXPECT_THAT(error(Case::ArriveTooOften),
              HasSubstr("arrives 2 times where the phase waits for 1 of 1"));
  EXPECT_THAT(
      error(Case::NoBarrier),
      HasSubstr("arrive: race: uses the mbarrier at byte offset 64 that "
                "thread (0,0,0) initialised with no barrier between"));
  EXPECT_THAT(error(Case::InvalidateAndReuse), IsEmpty());
  EXPECT_THAT(error(Case::UseInvalidated), HasSubstr("there is no mbarrier"));
  EXPECT_THAT(error(Case::BulkSize),
              HasSubstr("a bulk copy of 24 bytes: it copies a positive"));
  EXPECT_THAT(error(Case::BulkAddress), HasSubstr("misaligned"));
  EXPECT_THAT(error(Case::BulkOutside),
              HasSubstr("out of bounds: reads 32 bytes at byte offset 48"));
  EXPECT_THAT(error(Case::BulkInFlight),
              HasSubstr("ends while bulk copies of the mbarrier at byte offset "
                        "64 are in flight"));
  EXPECT_THAT(error(Case::Parity), HasSubstr("a phase of parity 2"));
  EXPECT_THAT(error(Case::State), IsEmpty());
  EXPECT_THAT(error(Case::ArriveReleasesNothingLater),
              HasSubstr("store: race: writes shared memory"));
  EXPECT_TRUE(deallocate(memory));
}

//===----------------------------------------------------------------------===//
// Named barriers and elect
//===----------------------------------------------------------------------===//

struct Named {
  int32_t id = 1, threads = 64;
  bool crosses = false; // reads what the other half wrote
  int32_t late = 0;     // warps that do not come
};

/// Two halves of two warps, each with a barrier of its own.
void halves(void **params) {
  const Named &n = argument<Named>(params);
  const int t = thread(), half = t / 64;
  store(shared<int32_t>(t), t, "store");
  if (t / 32 < 4 - n.late)
    hinm_emu_barrier(n.id + half, n.threads, "half");
  const int other = n.crosses ? t ^ 64 : t ^ 32;
  load(shared<int32_t>(other), "load");
}

TEST_F(MBarrierTest, NamedBarriers) {
  Named n;
  EXPECT_THAT(run(halves, n, 128, 512), IsEmpty());
  n.crosses = true;
  EXPECT_THAT(run(halves, n, 128, 512),
              HasSubstr("load: race: reads shared memory"));
  clearError();
  n = {};
  n.late = 1;
  EXPECT_THAT(run(halves, n, 128, 512), HasSubstr("wrote with no barrier"));
  clearError();
  n = {};
  n.id = 16;
  EXPECT_THAT(run(halves, n, 128, 512), HasSubstr("barrier 16: a block has"));
  clearError();
  n = {};
  n.threads = 48;
  EXPECT_THAT(run(halves, n, 128, 512), HasSubstr("it takes whole warps"));
}

struct Mixed {
  bool sameCount;
};

void mixed(void **params) {
  const bool sameCount = argument<Mixed>(params).sameCount;
  const int t = thread();
  if (t < 32)
    hinm_emu_barrier(3, 64, "first");
  else
    hinm_emu_barrier(sameCount ? 4 : 3, sameCount ? 64 : 96, "second");
}

TEST_F(MBarrierTest, NamedBarriersThatDoNotMatch) {
  Mixed m = {false};
  EXPECT_THAT(run(mixed, m, 96, 0),
              HasSubstr("second: a barrier of 96 threads, at which others wait "
                        "for 64"));
  clearError();
  m.sameCount = true;
  EXPECT_THAT(run(mixed, m, 64, 0),
              HasSubstr("deadlock: too few threads arrive at the barrier"));
}

struct Elected {
  int32_t counts[64];
};

void elect(void **params) {
  Elected &e = argument<Elected>(params);
  const int t = thread();
  e.counts[t] = 0;
  for (int i = 0; i < 3; ++i)
    e.counts[t] += hinm_emu_elect("elect");
}

TEST_F(MBarrierTest, OneLaneOfEachWarpIsElectedAlways) {
  for (const char *seed : {"0", "9"}) {
    setenv("HINM_EMULATOR_SEED", seed, 1);
    Elected e;
    ASSERT_THAT(run(elect, e, 64, 0), IsEmpty());
    for (int warp = 0; warp < 2; ++warp) {
      int elected = 0;
      for (int lane = 0; lane < 32; ++lane) {
        const int32_t count = e.counts[32 * warp + lane];
        EXPECT_TRUE(count == 0 || count == 3);
        elected += count == 3;
      }
      EXPECT_EQ(elected, 1);
    }
  }
}

} // namespace
