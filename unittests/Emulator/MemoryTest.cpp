//===- MemoryTest.cpp - Copies, races and bounds --------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTest.h"

#include <cstring>
#include <vector>

using namespace hinm::emulator;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

class MemoryTest : public KernelTest {};

//===----------------------------------------------------------------------===//
// A gather through shared memory, correct unless told otherwise
//===----------------------------------------------------------------------===//

constexpr int rowBytes = 16;
constexpr int threads = 64;

struct Gather {
  const uint8_t *rows;
  const int32_t *indices; // one per thread
  int32_t *sums;          // one per thread
  bool wait = true, barrier = true, secondBarrier = true;
};

/// Each thread copies a row, then reads the one of its neighbour, twice.
void gather(void **params) {
  const Gather &g = argument<Gather>(params);
  const int t = thread();
  int32_t sum = 0;
  for (int round = 0; round < 2; ++round) {
    const int32_t index = load(g.indices + t, "load index");
    hinm_emu_cp_async(shared<uint8_t>(t * rowBytes),
                      g.rows + int64_t(index) * rowBytes, rowBytes, rowBytes,
                      "copy row");
    hinm_emu_cp_async_commit();
    if (g.wait)
      hinm_emu_cp_async_wait(0);
    if (g.barrier)
      hinm_emu_barrier(0, 0, "barrier");
    const uint8_t *row = shared<uint8_t>((t + 1) % threads * rowBytes);
    hinm_emu_access(row, rowBytes, 1, 0, "load row");
    for (int i = 0; i < rowBytes; ++i)
      sum += row[i];
    if (g.secondBarrier)
      hinm_emu_barrier(0, 0, "barrier");
  }
  store(g.sums + t, sum, "store sum");
}

class GatherTest : public MemoryTest {
protected:
  void SetUp() override {
    MemoryTest::SetUp();
    rows = static_cast<uint8_t *>(allocate(rowCount * rowBytes));
    indices = static_cast<int32_t *>(allocate(threads * sizeof(int32_t)));
    sums = static_cast<int32_t *>(allocate(threads * sizeof(int32_t)));
    for (int i = 0; i < rowCount * rowBytes; ++i)
      rows[i] = uint8_t(i / rowBytes);
    for (int t = 0; t < threads; ++t)
      indices[t] = t * 7 % rowCount;
    arguments.rows = rows;
    arguments.indices = indices;
    arguments.sums = sums;
  }
  void TearDown() override {
    EXPECT_TRUE(deallocate(rows) && deallocate(indices) && deallocate(sums));
    MemoryTest::TearDown();
  }
  std::string runGather() {
    return run(gather, arguments, threads, threads * rowBytes);
  }

  static constexpr int rowCount = 100;
  uint8_t *rows = nullptr;
  int32_t *indices = nullptr, *sums = nullptr;
  Gather arguments = {};
};

TEST_F(GatherTest, CorrectInEveryOrder) {
  for (int seed = 0; seed < 8; ++seed) {
    setenv("HINM_EMULATOR_SEED", std::to_string(seed).c_str(), 1);
    ASSERT_THAT(runGather(), IsEmpty()) << "seed " << seed;
    for (int t = 0; t < threads; ++t)
      ASSERT_EQ(sums[t], 2 * rowBytes * indices[(t + 1) % threads]);
  }
}

TEST_F(GatherTest, MissingWait) {
  arguments.wait = false;
  const std::string error = runGather();
  EXPECT_THAT(error,
              HasSubstr("load row: reads shared memory that a cp.async"));
  EXPECT_THAT(error, HasSubstr("missing wait_group"));
  EXPECT_THAT(error, HasSubstr("[kernel tested, block (0,0,0), thread ("));
}

TEST_F(GatherTest, MissingBarrierAfterTheWait) {
  arguments.barrier = false;
  for (int seed = 0; seed < 8; ++seed) {
    clearError();
    setenv("HINM_EMULATOR_SEED", std::to_string(seed).c_str(), 1);
    EXPECT_THAT(runGather(), HasSubstr("load row: ")) << "seed " << seed;
  }
}

TEST_F(GatherTest, MissingBarrierBeforeTheNextCopy) {
  arguments.secondBarrier = false;
  const std::string error = runGather();
  EXPECT_THAT(error, HasSubstr("no barrier between"));
}

TEST_F(GatherTest, OneRowTooFar) {
  indices[5] = rowCount;
  EXPECT_THAT(
      runGather(),
      HasSubstr("copy row: out of bounds: reads 16 bytes at byte offset 1600 "
                "of an allocation of 1600 bytes [kernel tested, block (0,0,0), "
                "thread (5,0,0)]"));
}

TEST_F(GatherTest, OneRowBefore) {
  indices[40] = -1;
  EXPECT_THAT(runGather(), HasSubstr("at byte offset -16 of an allocation"));
}

TEST_F(GatherTest, RunsAgainAfterAnError) {
  indices[0] = rowCount;
  EXPECT_THAT(runGather(), HasSubstr("out of bounds"));
  clearError();
  indices[0] = 0;
  EXPECT_THAT(runGather(), IsEmpty());
}

//===----------------------------------------------------------------------===//
// Asynchronous copies
//===----------------------------------------------------------------------===//

struct Groups {
  const uint32_t *source; // 3
  // What lies in shared memory after the issue, wait 2, wait 1 and wait 0.
  uint32_t seen[4][3];
};

void groups(void **params) {
  Groups &g = argument<Groups>(params);
  auto look = [&](int when) {
    memcpy(g.seen[when], shared<uint32_t>(), sizeof(g.seen[when]));
  };
  for (int i = 0; i < 3; ++i) {
    hinm_emu_cp_async(shared<uint32_t>(i), g.source + i, 4, 4, "copy");
    hinm_emu_cp_async_commit();
  }
  look(0);
  for (int pending = 2; pending >= 0; --pending) {
    hinm_emu_cp_async_wait(pending);
    look(3 - pending);
  }
}

TEST_F(MemoryTest, CopiesLandGroupByGroup) {
  Groups g = {};
  uint32_t *source = static_cast<uint32_t *>(allocate(12));
  for (int i = 0; i < 3; ++i)
    source[i] = 100 + i;
  g.source = source;
  ASSERT_THAT(run(groups, g, 1, 12), IsEmpty());
  for (int when = 0; when < 4; ++when)
    for (int i = 0; i < 3; ++i)
      EXPECT_EQ(g.seen[when][i], i < when ? 100u + i : 0xFFFFFFFFu)
          << "after step " << when << ", copy " << i;
  deallocate(source);
}

struct ZeroFill {
  const uint8_t *source;
  int32_t sourceBytes;
  bool commit;
  uint8_t result[16];
};

void zeroFill(void **params) {
  ZeroFill &z = argument<ZeroFill>(params);
  hinm_emu_cp_async(shared<uint8_t>(), z.source, 16, z.sourceBytes, "copy");
  if (z.commit)
    hinm_emu_cp_async_commit();
  hinm_emu_cp_async_wait(0);
  hinm_emu_access(shared<uint8_t>(), 16, 16, 0, "load");
  memcpy(z.result, shared<uint8_t>(), 16);
}

TEST_F(MemoryTest, ZeroFillReadsOnlyItsSourceBytes) {
  uint8_t *source = static_cast<uint8_t *>(allocate(4));
  memset(source, 7, 4);
  for (int bytes : {0, 3, 4}) {
    ZeroFill z = {source, bytes, true, {}};
    ASSERT_THAT(run(zeroFill, z, 1, 16), IsEmpty());
    for (int i = 0; i < 16; ++i)
      EXPECT_EQ(z.result[i], i < bytes ? 7 : 0);
  }
  ZeroFill tooFar = {source, 5, true, {}};
  EXPECT_THAT(run(zeroFill, tooFar, 1, 16), HasSubstr("out of bounds"));
  clearError();
  ZeroFill tooMany = {source, 17, true, {}};
  EXPECT_THAT(run(zeroFill, tooMany, 1, 16), HasSubstr("has a source of 17"));
  deallocate(source);
}

struct Misaligned {
  uint8_t *global;
  int64_t offset;
  int32_t isStore, isShared;
};

void accessMisaligned(void **params) {
  const Misaligned &m = argument<Misaligned>(params);
  uint8_t *memory = m.isShared ? shared<uint8_t>() : m.global;
  hinm_emu_access(memory + m.offset, 8, 8, m.isStore, "access");
}

TEST_F(MemoryTest, AccessesKeepTheirAlignment) {
  uint8_t *global = static_cast<uint8_t *>(allocate(32));
  for (int32_t isStore : {0, 1})
    for (int32_t isShared : {0, 1}) {
      clearError();
      Misaligned m = {global, 4, isStore, isShared};
      EXPECT_THAT(run(accessMisaligned, m, 1, 32),
                  HasSubstr(std::string("misaligned: ") +
                            (isStore ? "writes" : "reads") +
                            " at an address that must be a multiple of 8 "
                            "bytes and is 4 behind one"));
    }
  clearError();
  Misaligned right = {global, 8, 1, 0};
  EXPECT_THAT(run(accessMisaligned, right, 1, 32), IsEmpty());
  deallocate(global);
}

TEST_F(MemoryTest, WaitCoversCommittedGroupsOnly) {
  uint8_t *source = static_cast<uint8_t *>(allocate(16));
  ZeroFill z = {source, 16, false, {}};
  EXPECT_THAT(run(zeroFill, z, 1, 16), HasSubstr("is still filling"));
  deallocate(source);
}

//===----------------------------------------------------------------------===//
// Plain accesses
//===----------------------------------------------------------------------===//

enum class Case {
  Uninitialised,
  PastShared,
  HostMemory,
  Freed,
  StoreInFlight,
  SharedOffset,
  ReadOnly,
  StackVariable,
  WarpOrdered,
  WarpUnordered,
  WriteWrite,
};

struct Plain {
  Case which;
  int32_t *memory;
};

void plain(void **params) {
  const Plain &p = argument<Plain>(params);
  const int t = thread();
  int32_t local = 0;
  switch (p.which) {
  case Case::Uninitialised:
    if (t == 0)
      store(shared<int32_t>(0), 1, "store");
    hinm_emu_barrier(0, 0, "barrier");
    load(shared<int32_t>(t), "load");
    break;
  case Case::PastShared:
    store(shared<int32_t>(31) + t, t, "store");
    break;
  case Case::HostMemory:
  case Case::Freed:
    load(p.memory, "load");
    break;
  case Case::StoreInFlight:
    hinm_emu_cp_async(shared<int32_t>(t), p.memory, 4, 4, "copy");
    store(shared<int32_t>(t), 1, "store");
    break;
  case Case::SharedOffset:
    hinm_emu_shared(129);
    break;
  case Case::ReadOnly:
    load(p.memory, "load");
    store(p.memory, 1, "store");
    break;
  case Case::StackVariable:
    store(&local, t, "store");
    break;
  case Case::WarpOrdered:
  case Case::WarpUnordered:
    store(shared<int32_t>(t), t, "store");
    if (p.which == Case::WarpOrdered)
      hinm_emu_warp_sync("sync");
    load(shared<int32_t>(t ^ 1), "load");
    break;
  case Case::WriteWrite:
    store(shared<int32_t>(t / 2), t, "store");
    break;
  }
}

std::string plainError(MemoryTest *, Case which, int32_t *memory) {
  Plain p = {which, memory};
  void *params[] = {&p};
  Dim3 grid, block;
  block.x = 32;
  clearError();
  launch(plain, grid, block, Dim3(), 128, 0, params, "plain");
  return lastError();
}

TEST_F(MemoryTest, PlainAccesses) {
  int32_t *memory = static_cast<int32_t *>(allocate(64));
  auto error = [&](Case which, int32_t *pointer) {
    return plainError(this, which, pointer);
  };
  EXPECT_THAT(error(Case::Uninitialised, memory),
              HasSubstr("load: reads uninitialised shared memory, at byte "
                        "offset 4 of 128 bytes"));
  EXPECT_THAT(error(Case::PastShared, memory),
              HasSubstr("out of bounds: writes 4 bytes at byte offset 128 of "
                        "the shared memory of 128 bytes"));
  int32_t host = 0;
  EXPECT_THAT(error(Case::HostMemory, &host),
              HasSubstr("load: out of bounds: reads"));
  EXPECT_THAT(error(Case::StoreInFlight, memory),
              HasSubstr("store: writes shared memory that a cp.async of thread "
                        "(0,0,0) is still filling"));
  EXPECT_THAT(error(Case::SharedOffset, memory),
              HasSubstr("offset 129 is outside"));
  EXPECT_THAT(error(Case::StackVariable, memory), IsEmpty());
  EXPECT_THAT(error(Case::WarpOrdered, memory), IsEmpty());
  EXPECT_THAT(error(Case::WarpUnordered, memory),
              testing::AnyOf(HasSubstr("race"), HasSubstr("uninitialised")));
  EXPECT_THAT(error(Case::WriteWrite, memory),
              HasSubstr("race: writes shared memory that thread (0,0,0) wrote "
                        "with no barrier between"));
  ASSERT_TRUE(registerRange(&host, sizeof(host), false, "constant data"));
  EXPECT_THAT(error(Case::ReadOnly, &host),
              HasSubstr("store: writes read-only memory"));
  EXPECT_TRUE(unregisterRange(&host));
  EXPECT_TRUE(deallocate(memory));
  EXPECT_THAT(error(Case::Freed, memory), HasSubstr("out of bounds"));
}

TEST_F(MemoryTest, AllocationsArePoisonedAndFreedOnce) {
  float *memory = static_cast<float *>(allocate(400));
  for (int i = 0; i < 100; ++i)
    EXPECT_NE(memory[i], memory[i]) << "not NaN";
  EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % 256, 0u);
  EXPECT_TRUE(checkHostAccess(memory, 400, "copy"));
  EXPECT_FALSE(checkHostAccess(memory + 99, 8, "copy"));
  EXPECT_THAT(lastError(), HasSubstr("copy: out of bounds, 8 bytes at byte "
                                     "offset 396 of an allocation of 400"));
  clearError();
  EXPECT_TRUE(deallocate(memory));
  EXPECT_FALSE(deallocate(memory));
  EXPECT_THAT(lastError(), HasSubstr("not a live allocation"));
}

TEST_F(MemoryTest, RefusesImpossibleLaunches) {
  Plain p = {Case::StackVariable, nullptr};
  EXPECT_THAT(run(plain, p, 1025, 0), HasSubstr("1025 threads"));
  clearError();
  EXPECT_THAT(run(plain, p, 32, maxSharedBytes + 1), HasSubstr("232449 bytes"));
  clearError();
  EXPECT_THAT(run(plain, p, 0, 0), HasSubstr("empty"));
}

} // namespace
