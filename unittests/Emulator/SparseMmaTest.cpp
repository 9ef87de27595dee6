//===- SparseMmaTest.cpp - mma.sp against a dense product -----------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emulator/SparseMma.h"
#include "KernelTest.h"

#include <cmath>
#include <cstring>
#include <random>

using namespace hinm::emulator;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

constexpr int legal[] = {4, 8, 9, 12, 13, 14};
// As columns of the chunk, in ascending order.
constexpr int columns[][2] = {{0, 1}, {0, 2}, {1, 2}, {0, 3}, {1, 3}, {2, 3}};

uint16_t encode(float value, bool isBfloat) {
  uint16_t bits;
  if (isBfloat) {
    uint32_t wide;
    memcpy(&wide, &value, 4);
    return uint16_t(wide >> 16);
  }
  const _Float16 half = static_cast<_Float16>(value);
  memcpy(&bits, &half, 2);
  return bits;
}

/// Operands in fragments, with the dense matrices that they stand for.
struct Problem {
  double a[16][32] = {}, b[32][8] = {}, c[16][8] = {};
  int32_t selector = 0, isBfloat = 0;
  uint32_t aFragment[32][4] = {}, bFragment[32][4] = {};
  uint32_t metadata[32] = {};
  float cFragment[32][4] = {}, d[32][4] = {};

  /// Pattern \p p chooses nibble (p + row + chunk * (1 + p / 6)) % 6, so that
  /// each place gets each of the six, beside different neighbours.
  Problem(int p, int selector, bool isBfloat)
      : selector(selector), isBfloat(isBfloat) {
    std::mt19937 random(p);
    auto number = [&] { return float(int(random() % 31) - 15) / 4; };
    float compressed[16][16];
    int nibbles[16][8];
    for (int row = 0; row < 16; ++row)
      for (int chunk = 0; chunk < 8; ++chunk) {
        const int which = (p + row + chunk * (1 + p / 6)) % 6;
        nibbles[row][chunk] = legal[which];
        for (int i = 0; i < 2; ++i) {
          const float value = number();
          compressed[row][2 * chunk + i] = value;
          a[row][4 * chunk + columns[which][i]] = value;
        }
      }
    for (auto &row : b)
      for (double &value : row)
        value = number();
    for (auto &row : c)
      for (double &value : row)
        value = number();

    for (int lane = 0; lane < 32; ++lane) {
      const int g = lane / 4, q = lane % 4;
      auto pair = [&](double low, double high) {
        return encode(float(low), isBfloat) |
               uint32_t(encode(float(high), isBfloat)) << 16;
      };
      const float *top = compressed[g], *bottom = compressed[g + 8];
      aFragment[lane][0] = pair(top[2 * q], top[2 * q + 1]);
      aFragment[lane][1] = pair(bottom[2 * q], bottom[2 * q + 1]);
      aFragment[lane][2] = pair(top[8 + 2 * q], top[9 + 2 * q]);
      aFragment[lane][3] = pair(bottom[8 + 2 * q], bottom[9 + 2 * q]);
      for (int j = 0; j < 4; ++j)
        bFragment[lane][j] = pair(b[8 * j + 2 * q][g], b[8 * j + 2 * q + 1][g]);
      cFragment[lane][0] = float(c[g][2 * q]);
      cFragment[lane][1] = float(c[g][2 * q + 1]);
      cFragment[lane][2] = float(c[g + 8][2 * q]);
      cFragment[lane][3] = float(c[g + 8][2 * q + 1]);
      // Lanes that the selector does not choose hold legal, wrong metadata.
      metadata[lane] = 0x4E4E4E4E;
    }
    for (int row = 0; row < 16; ++row)
      for (int chunk = 0; chunk < 8; ++chunk) {
        const int lane = 4 * (row % 8) + 2 * selector + chunk / 4;
        const int bit = 16 * (row / 8) + 4 * (chunk % 4);
        metadata[lane] &= ~(15u << bit);
        metadata[lane] |= uint32_t(nibbles[row][chunk]) << bit;
      }
  }

  /// The largest difference from the dense product in double.
  double error() const {
    double largest = 0;
    for (int row = 0; row < 16; ++row)
      for (int column = 0; column < 8; ++column) {
        double sum = c[row][column];
        for (int k = 0; k < 32; ++k)
          sum += a[row][k] * b[k][column];
        const int lane = 4 * (row % 8) + column / 2;
        const float got = d[lane][2 * (row / 8) + column % 2];
        largest = std::fmax(largest, std::fabs(got - sum));
      }
    return largest;
  }
};

void sparseMma(void **params) {
  Problem &p = argument<Problem>(params);
  const int t = thread();
  hinm_emu_mma_sp_m16n8k32(p.d[t], p.aFragment[t], p.bFragment[t],
                           p.cFragment[t], p.metadata[t], p.selector,
                           p.isBfloat, "mma.sp");
}

class SparseMmaTest : public KernelTest {};

TEST_F(SparseMmaTest, EqualsTheDenseProduct) {
  // The numbers are multiples of 1/16 below 2^12: every sum is exact.
  for (int isBfloat : {0, 1})
    for (int selector : {0, 1})
      for (int p = 0; p < 36; ++p) {
        Problem problem(p, selector, isBfloat);
        ASSERT_THAT(run(sparseMma, problem, 32, 0), IsEmpty());
        ASSERT_EQ(problem.error(), 0) << "pattern " << p << ", selector "
                                      << selector << ", bf16 " << isBfloat;
      }
}

TEST_F(SparseMmaTest, AccumulatesInPlace) {
  Problem problem(3, 0, false);
  memcpy(problem.d, problem.cFragment, sizeof(problem.d));
  auto kernel = [](void **params) {
    Problem &p = argument<Problem>(params);
    const int t = thread();
    hinm_emu_mma_sp_m16n8k32(p.d[t], p.aFragment[t], p.bFragment[t], p.d[t],
                             p.metadata[t], p.selector, p.isBfloat, "mma.sp");
  };
  ASSERT_THAT(run(kernel, problem, 32, 0), IsEmpty());
  EXPECT_EQ(problem.error(), 0);
}

TEST_F(SparseMmaTest, UnselectedRowsOfBDoNotCount) {
  Problem problem(0, 0, false);
  // Columns 0 and 1 of each chunk everywhere; rows 2 and 3 of B are NaN.
  for (uint32_t &word : problem.metadata)
    word = 0x44444444;
  for (int lane = 0; lane < 32; ++lane)
    for (int j = 0; j < 4; ++j)
      if (lane % 2 == 1)
        problem.bFragment[lane][j] = 0x7E007E00;
  ASSERT_THAT(run(sparseMma, problem, 32, 0), IsEmpty());
  EXPECT_LT(problem.error(), 1e4); // no NaN
  for (const auto &lane : problem.d)
    for (float value : lane)
      EXPECT_EQ(value, value);
}

TEST_F(SparseMmaTest, WrongSelectorGivesAWrongNumber) {
  Problem problem(5, 0, false);
  problem.selector = 1;
  ASSERT_THAT(run(sparseMma, problem, 32, 0), IsEmpty());
  EXPECT_GT(problem.error(), 1);
}

TEST_F(SparseMmaTest, IllegalMetadata) {
  for (int nibble = 0; nibble < 16; ++nibble) {
    clearError();
    Problem problem(1, 1, false);
    problem.metadata[4 * 3 + 2] &= ~(15u << 20); // row 11, chunk 1
    problem.metadata[4 * 3 + 2] |= uint32_t(nibble) << 20;
    const std::string error = run(sparseMma, problem, 32, 0);
    bool isLegal = false;
    for (int value : legal)
      isLegal |= value == nibble;
    if (isLegal)
      EXPECT_THAT(error, IsEmpty());
    else
      EXPECT_THAT(error,
                  HasSubstr("mma.sp: illegal metadata: nibble 5 is " +
                            std::to_string(nibble) +
                            "; two ascending columns are 4, 8, 9, 12, 13 or "
                            "14 [kernel tested, block (0,0,0), thread (14,0,"
                            "0)]"));
  }
}

TEST_F(SparseMmaTest, IllegalSelector) {
  Problem problem(1, 0, false);
  problem.selector = 2;
  EXPECT_THAT(run(sparseMma, problem, 32, 0), HasSubstr("is 0 or 1, not 2"));
}

TEST_F(SparseMmaTest, EveryHalfConverts) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const uint16_t narrow = uint16_t(bits);
    _Float16 half;
    memcpy(&half, &narrow, 2);
    const float expected = half, got = halfToFloat(narrow);
    if (expected != expected)
      ASSERT_NE(got, got) << bits;
    else
      ASSERT_EQ(memcmp(&expected, &got, 4), 0) << bits;
  }
}

} // namespace
