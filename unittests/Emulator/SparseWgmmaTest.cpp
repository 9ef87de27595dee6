//===- SparseWgmmaTest.cpp - wgmma.sp against a dense product -------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emulator/SparseWgmma.h"
#include "KernelTest.h"

#include <cstring>
#include <random>
#include <vector>

using namespace hinm::emulator;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

// Nibbles, and the columns of a chunk that they name.
constexpr int legal[] = {4, 8, 9, 12, 13, 14};
constexpr int places[][2] = {{0, 1}, {0, 2}, {1, 2}, {0, 3}, {1, 3}, {2, 3}};

constexpr int maxColumns = 256;

uint16_t encode(int value, bool isBfloat) {
  const float wide = float(value);
  if (isBfloat) {
    uint32_t bits;
    memcpy(&bits, &wide, 4);
    return uint16_t(bits >> 16);
  }
  const _Float16 half = static_cast<_Float16>(wide);
  uint16_t bits;
  memcpy(&bits, &half, 2);
  return bits;
}

/// What to do wrong.
enum class Mistake {
  None,
  NoFence,
  NoFenceAgain,
  NoProxyFence,
  NoWait,
  WriteBeforeWait,
  NoBarrier,
  Metadata,
  Outside,
  Divergent,
};

/// Small integers, so that all sums are exact.
struct Problem {
  int columns = 0;
  int32_t selector = 0, accumulate = 1;
  bool isBfloat = false;
  Mistake mistake = Mistake::None;
  /// The layout of B in shared memory, and what the descriptor says of it.
  uint32_t swizzle = 128, leading = 4096, stride = 1024;
  uint32_t saidSwizzle = 128;

  int a[64][32] = {}, b[32][maxColumns] = {}, c[64][maxColumns] = {};
  uint32_t aFragments[128][4] = {}, metadata[128] = {};
  float d[128][maxColumns / 2] = {};

  Problem(int columns, int seed, int32_t selector, bool isBfloat)
      : columns(columns), selector(selector), isBfloat(isBfloat) {
    std::mt19937 random(seed);
    auto number = [&] { return int(random() % 9) - 4; };
    for (auto &row : b)
      for (int &value : row)
        value = number();
    for (auto &row : c)
      for (int &value : row)
        value = number();
    uint16_t compressed[64][16];
    unsigned nibbles[64][8];
    for (int row = 0; row < 64; ++row)
      for (int chunk = 0; chunk < 8; ++chunk) {
        const int which = random() % 6;
        nibbles[row][chunk] = legal[which];
        for (int i = 0; i < 2; ++i) {
          const int value = number();
          a[row][4 * chunk + places[which][i]] = value;
          compressed[row][2 * chunk + i] = encode(value, isBfloat);
        }
      }
    for (int t = 0; t < 128; ++t) {
      const int warp = t / 32, g = t % 32 / 4, q = t % 4;
      for (int r = 0; r < 4; ++r) {
        const uint16_t *pair =
            compressed[16 * warp + g + r % 2 * 8] + r / 2 * 8 + 2 * q;
        aFragments[t][r] = pair[0] | uint32_t(pair[1]) << 16;
      }
      // The lanes that the selector does not name hold nonsense.
      metadata[t] = 0xFFFFFFFF;
      if (q / 2 != selector)
        continue;
      metadata[t] = 0;
      for (int i = 0; i < 8; ++i)
        metadata[t] |= nibbles[16 * warp + g + i / 4 * 8][q % 2 * 4 + i % 4]
                       << 4 * i;
    }
  }

  int expected(int row, int column) const {
    int sum = accumulate ? c[row][column] : 0;
    for (int k = 0; k < 32; ++k)
      sum += a[row][k] * b[k][column];
    return sum;
  }
  static int rowOf(int t, int i) {
    return t / 32 * 16 + t % 32 / 4 + i / 2 % 2 * 8;
  }
  static int columnOf(int t, int i) { return i / 4 * 8 + t % 4 * 2 + i % 2; }

  /// How many elements are wrong.
  int countWrong() const {
    int wrong = 0;
    for (int t = 0; t < 128; ++t)
      for (int i = 0; i < columns / 2; ++i)
        wrong += d[t][i] != float(expected(rowOf(t, i), columnOf(t, i)));
    return wrong;
  }

  /// Byte offset of an element of B, as CUTLASS draws the MN-major layouts
  /// ((8, w, m), (8, k)) of w chunks of 8.
  uint32_t place(int k, int n) const {
    if (swizzle == 0)
      return n / 8 * stride + n % 8 * 2 + k % 8 * 16 + k / 8 * leading;
    const int w = swizzle / 16;
    const uint32_t line = k / 8 * stride + n / 8 / w * leading;
    const uint32_t byte = k % 8 * swizzle + n / 8 % w * 16 + n % 8 * 2;
    // Lines of 128 bytes, of which chunk i is stored in place of i ^ line.
    return line + (byte ^ (byte / 128 % w * 16));
  }
};

uint64_t describe(const Problem &p, uint32_t offset) {
  const uint64_t address = reinterpret_cast<uintptr_t>(shared<uint8_t>(offset));
  const uint64_t mode = p.saidSwizzle == 128  ? 1
                        : p.saidSwizzle == 64 ? 2
                        : p.saidSwizzle == 32 ? 3
                                              : 0;
  return (address & 0x3FFFF) >> 4 | uint64_t(p.leading >> 4) << 16 |
         uint64_t(p.stride >> 4) << 32 | mode << 62;
}

void multiply(void **params) {
  Problem &p = argument<Problem>(params);
  const int t = thread();
  for (int i = t; i < 32 * p.columns / 8; i += 128) {
    const int k = i / (p.columns / 8), n = i % (p.columns / 8) * 8;
    uint8_t *chunk = shared<uint8_t>(p.place(k, n));
    hinm_emu_access(chunk, 16, 16, 1, "store B");
    for (int j = 0; j < 8; ++j) {
      const uint16_t bits = encode(p.b[k][n + j], p.isBfloat);
      memcpy(chunk + 2 * j, &bits, 2);
    }
  }
  for (int i = 0; i < p.columns / 2; ++i)
    p.d[t][i] = float(p.c[Problem::rowOf(t, i)][Problem::columnOf(t, i)]);
  if (p.mistake != Mistake::NoProxyFence)
    hinm_emu_fence_proxy_async();
  if (p.mistake != Mistake::NoBarrier)
    hinm_emu_barrier(0, 0, "barrier");
  if (p.mistake != Mistake::NoFence)
    hinm_emu_wgmma_fence();
  uint64_t descriptor = describe(p, 0);
  if (p.mistake == Mistake::Outside)
    descriptor = describe(p, 64);
  if (p.mistake == Mistake::Divergent && t == 77)
    descriptor += 64;
  uint32_t metadata = p.metadata[t];
  if (p.mistake == Mistake::Metadata && t == 69)
    metadata |= 15 << 8;
  hinm_emu_wgmma_sp_m64k32(p.d[t], p.columns, p.aFragments[t], descriptor,
                           metadata, p.selector, p.accumulate, p.isBfloat,
                           "wgmma");
  hinm_emu_wgmma_commit();
  if (p.mistake == Mistake::WriteBeforeWait)
    store(shared<int32_t>(t), 0, "store again");
  if (p.mistake != Mistake::NoWait)
    hinm_emu_wgmma_wait(0);
  if (p.mistake == Mistake::NoFenceAgain)
    hinm_emu_wgmma_sp_m64k32(p.d[t], p.columns, p.aFragments[t], descriptor,
                             metadata, p.selector, p.accumulate, p.isBfloat,
                             "second wgmma");
}

class SparseWgmmaTest : public KernelTest {
protected:
  static constexpr size_t sharedBytes = 32 * maxColumns * 2;
  std::string runProblem(Problem &p, uint32_t threads = 128) {
    clearError();
    return run(multiply, p, threads, sharedBytes);
  }
};

TEST_F(SparseWgmmaTest, DescriptorFields) {
  const MatrixDescriptor d(uint64_t(0x1234) | uint64_t(0x2000) << 16 |
                           uint64_t(0x40) << 32 | uint64_t(5) << 49 |
                           uint64_t(2) << 62);
  EXPECT_EQ(d.address, 0x12340u);
  EXPECT_EQ(d.leading, 0x20000u);
  EXPECT_EQ(d.stride, 0x400u);
  EXPECT_EQ(d.baseOffset, 5u);
  EXPECT_EQ(d.swizzle, 64u);
}

TEST_F(SparseWgmmaTest, EveryWidth) {
  for (int columns = 8; columns <= 256; columns += 8) {
    Problem p(columns, columns, columns / 8 % 2, columns / 16 % 2);
    p.accumulate = columns % 24 != 0;
    ASSERT_THAT(runProblem(p), IsEmpty());
    ASSERT_EQ(p.countWrong(), 0) << columns << " columns";
  }
}

TEST_F(SparseWgmmaTest, EverySwizzle) {
  struct Layout {
    uint32_t swizzle, leading, stride;
  };
  for (Layout layout :
       {Layout{128, 4096, 1024}, Layout{128, 1024, 4096}, Layout{64, 2048, 512},
        Layout{32, 1024, 256}, Layout{0, 128, 512}}) {
    Problem p(256, 1, 0, false);
    p.swizzle = p.saidSwizzle = layout.swizzle;
    p.leading = layout.leading;
    p.stride = layout.stride;
    ASSERT_THAT(runProblem(p), IsEmpty());
    EXPECT_EQ(p.countWrong(), 0) << "swizzle " << layout.swizzle;
  }
}

TEST_F(SparseWgmmaTest, WrongLayoutsGiveWrongResults) {
  Problem p(64, 2, 1, false);
  p.leading = 1024;
  p.saidSwizzle = 0;
  p.stride = 1024;
  EXPECT_THAT(runProblem(p), HasSubstr("uninitialised"));
  p = Problem(256, 2, 1, false);
  p.saidSwizzle = 64;
  runProblem(p);
  EXPECT_GT(p.countWrong(), 64 * 256 / 2);
}

TEST_F(SparseWgmmaTest, WrongSelector) {
  Problem p(64, 3, 1, false);
  p.selector = 0;
  EXPECT_THAT(runProblem(p), HasSubstr("illegal metadata: nibble 0 is 15"));
  p.selector = 2;
  EXPECT_THAT(runProblem(p), HasSubstr("the selector of wgmma.sp m64k32"));
}

TEST_F(SparseWgmmaTest, Mistakes) {
  auto error = [&](Mistake mistake) {
    Problem p(256, 4, 0, true);
    p.mistake = mistake;
    return runProblem(p);
  };
  EXPECT_THAT(error(Mistake::None), IsEmpty());
  EXPECT_THAT(error(Mistake::NoFence),
              HasSubstr("wgmma: its registers are not ordered"));
  EXPECT_THAT(error(Mistake::NoFenceAgain),
              HasSubstr("second wgmma: its registers are not ordered"));
  EXPECT_THAT(error(Mistake::NoProxyFence),
              HasSubstr("wgmma: reads shared memory that thread (0,0,0) wrote "
                        "by the generic proxy, with no fence.proxy.async"));
  EXPECT_THAT(error(Mistake::NoWait), HasSubstr("missing wgmma.wait_group"));
  EXPECT_THAT(error(Mistake::WriteBeforeWait),
              HasSubstr("store again: race: writes shared memory that a wgmma "
                        "of warpgroup 0 read and that nobody has waited for"));
  EXPECT_THAT(error(Mistake::NoBarrier),
              HasSubstr("wgmma: race: reads shared memory that thread (0,0,0) "
                        "wrote with no barrier between"));
  EXPECT_THAT(error(Mistake::Metadata),
              HasSubstr("illegal metadata: nibble 2 is 15"));
  EXPECT_THAT(error(Mistake::Outside),
              HasSubstr("wgmma: out of bounds: its descriptor names 16 bytes"));
  EXPECT_THAT(error(Mistake::Divergent),
              HasSubstr("lanes differ in an operand that must be uniform"));
}

TEST_F(SparseWgmmaTest, IncompleteWarpgroup) {
  Problem p(64, 5, 0, false);
  EXPECT_THAT(runProblem(p, 96), HasSubstr("needs a warpgroup of 128 threads"));
}

void oneWarpStays(void **params) {
  Problem &p = argument<Problem>(params);
  const int t = thread();
  if (t / 32 == 2)
    return;
  hinm_emu_wgmma_sp_m64k32(p.d[t], 8, p.aFragments[t], 0, 0, 0, 0, 0, "wgmma");
}

TEST_F(SparseWgmmaTest, AWarpThatDoesNotCome) {
  Problem p(8, 6, 0, false);
  EXPECT_THAT(run(oneWarpStays, p, 128, sharedBytes),
              HasSubstr("wgmma: divergent: not all threads of the warpgroup "
                        "arrive; thread (64,0,0) has exited"));
}

} // namespace
