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
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

constexpr int legal[] = {4, 8, 9, 12, 13, 14};
// As columns of the chunk, in ascending order.
constexpr int columns[][2] = {{0, 1}, {0, 2}, {1, 2}, {0, 3}, {1, 3}, {2, 3}};
// Of tf32, for the first and the second column of the chunk.
constexpr int legalOfPair[] = {4, 14};

/// The bits of a number; those of 8 bits are small integers over 2.
uint32_t encode(float value, HinmEmuMmaType type) {
  uint32_t wide;
  memcpy(&wide, &value, 4);
  switch (type) {
  case HINM_EMU_F16: {
    const _Float16 half = static_cast<_Float16>(value);
    uint16_t bits;
    memcpy(&bits, &half, 2);
    return bits;
  }
  case HINM_EMU_BF16:
    return wide >> 16;
  case HINM_EMU_TF32:
    return wide;
  case HINM_EMU_S8:
    return uint8_t(int8_t(value));
  case HINM_EMU_E4M3:
  case HINM_EMU_E5M2: {
    const int fraction = type == HINM_EMU_E4M3 ? 3 : 2;
    const int bias = type == HINM_EMU_E4M3 ? 7 : 15;
    const uint32_t sign = wide >> 31 << 7;
    if (value == 0)
      return sign;
    const uint32_t exponent = (wide >> 23 & 255) - 127 + bias;
    return sign | exponent << fraction | (wide & 0x7FFFFF) >> (23 - fraction);
  }
  }
  return 0;
}

/// Operands in fragments, with the dense matrices that they stand for.
struct Problem {
  double a[16][64] = {}, b[64][8] = {}, c[16][8] = {};
  int32_t selector = 0;
  HinmEmuMmaType type = HINM_EMU_F16;
  int columnsOfA = 32;
  uint32_t aFragment[32][4] = {}, bFragment[32][4] = {};
  uint32_t metadata[32] = {};
  // Sums, f32 or s32.
  uint32_t cFragment[32][4] = {}, d[32][4] = {};

  /// Pattern \p p chooses nibble (p + row + chunk * (1 + p / 6)) % 6, so that
  /// each place gets each of the six, beside different neighbours; of tf32 the
  /// parity of that, of two.
  Problem(int p, int selector, HinmEmuMmaType type)
      : selector(selector), type(type) {
    const bool isPair = type == HINM_EMU_TF32;
    const bool isWide = type == HINM_EMU_F16 || type == HINM_EMU_BF16 || isPair;
    const int perRegister = isPair ? 1 : isWide ? 2 : 4;
    const int chunkColumns = isPair ? 2 : 4, kept = isPair ? 1 : 2;
    columnsOfA = 16 * perRegister;
    std::mt19937 random(p);
    // All are exact in the type: quarters, integers, or halves of 4 bits.
    auto number = [&] {
      if (isWide)
        return float(int(random() % 31) - 15) / 4;
      if (type == HINM_EMU_S8)
        return float(int(random() % 256) - 128);
      return float(int(random() % 9) - 4) / 2;
    };
    float compressed[16][32];
    int nibbles[16][16];
    for (int row = 0; row < 16; ++row)
      for (int chunk = 0; chunk < columnsOfA / chunkColumns; ++chunk) {
        int which = (p + row + chunk * (1 + p / 6)) % 6;
        if (isPair)
          which %= 2;
        nibbles[row][chunk] = isPair ? legalOfPair[which] : legal[which];
        for (int i = 0; i < kept; ++i) {
          const float value = number();
          const int column = isPair ? which : columns[which][i];
          compressed[row][kept * chunk + i] = value;
          a[row][chunkColumns * chunk + column] = value;
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
      auto pack = [&](auto element) {
        uint32_t word = 0;
        for (int i = 0; i < perRegister; ++i)
          word |= encode(float(element(i)), type)
                  << (32 / perRegister * i % 32);
        return word;
      };
      for (int j = 0; j < 4; ++j) {
        aFragment[lane][j] = pack([&](int i) {
          return compressed[g + 8 * (j % 2)]
                           [perRegister * (q + 4 * (j / 2)) + i];
        });
        bFragment[lane][j] =
            pack([&](int i) { return b[perRegister * (q + 4 * j) + i][g]; });
      }
      for (int i = 0; i < 4; ++i)
        cFragment[lane][i] = toSum(c[g + 8 * (i / 2)][2 * q + i % 2]);
      // Lanes that the selector does not choose hold legal, wrong metadata.
      metadata[lane] = 0x4E4E4E4E;
    }
    for (int row = 0; row < 16; ++row)
      for (int chunk = 0; chunk < columnsOfA / chunkColumns; ++chunk) {
        int lane = 4 * (row % 8) + 2 * selector + chunk / 4;
        int bit = 16 * (row / 8) + 4 * (chunk % 4);
        if (!isWide) {
          lane = 4 * (row % 8) + row / 8 + 2 * (chunk / 8);
          bit = 4 * (chunk % 8);
        }
        metadata[lane] &= ~(15u << bit);
        metadata[lane] |= uint32_t(nibbles[row][chunk]) << bit;
      }
  }

  uint32_t toSum(double value) const {
    if (type == HINM_EMU_S8)
      return uint32_t(int32_t(value));
    const float narrow = float(value);
    uint32_t bits;
    memcpy(&bits, &narrow, 4);
    return bits;
  }

  double fromSum(uint32_t bits) const {
    if (type == HINM_EMU_S8)
      return int32_t(bits);
    float value;
    memcpy(&value, &bits, 4);
    return value;
  }

  /// The largest difference from the dense product in double.
  double error() const {
    double largest = 0;
    for (int row = 0; row < 16; ++row)
      for (int column = 0; column < 8; ++column) {
        double sum = c[row][column];
        for (int k = 0; k < columnsOfA; ++k)
          sum += a[row][k] * b[k][column];
        const int lane = 4 * (row % 8) + column / 2;
        const double got = fromSum(d[lane][2 * (row / 8) + column % 2]);
        largest = std::fmax(largest, std::fabs(got - sum));
      }
    return largest;
  }
};

void sparseMma(void **params) {
  Problem &p = argument<Problem>(params);
  const int t = thread();
  hinm_emu_mma_sp(p.d[t], p.aFragment[t], p.bFragment[t], p.cFragment[t],
                  p.metadata[t], p.selector, p.type, "mma.sp");
}

class SparseMmaTest : public KernelTest {};

TEST_F(SparseMmaTest, EqualsTheDenseProduct) {
  // The numbers are multiples of 1/16 below 2^12: every sum is exact.
  for (HinmEmuMmaType type : {HINM_EMU_F16, HINM_EMU_BF16, HINM_EMU_TF32})
    for (int selector : {0, 1})
      for (int p = 0; p < 36; ++p) {
        Problem problem(p, selector, type);
        ASSERT_THAT(run(sparseMma, problem, 32, 0), IsEmpty());
        ASSERT_EQ(problem.error(), 0) << "pattern " << p << ", selector "
                                      << selector << ", type " << type;
      }
}

TEST_F(SparseMmaTest, EightBitsEqualTheDenseProduct) {
  for (HinmEmuMmaType type : {HINM_EMU_S8, HINM_EMU_E4M3, HINM_EMU_E5M2})
    for (int p = 0; p < 36; ++p) {
      Problem problem(p, 0, type);
      ASSERT_THAT(run(sparseMma, problem, 32, 0), IsEmpty());
      ASSERT_EQ(problem.error(), 0) << "pattern " << p << ", type " << type;
    }
}

TEST_F(SparseMmaTest, IntegersWrap) {
  Problem problem(0, 0, HINM_EMU_S8);
  for (auto &lane : problem.aFragment)
    for (uint32_t &word : lane)
      word = 0x80808080;
  for (auto &lane : problem.bFragment)
    for (uint32_t &word : lane)
      word = 0x80808080;
  for (auto &lane : problem.cFragment)
    for (uint32_t &word : lane)
      word = 0x7FFFFFFF;
  ASSERT_THAT(run(sparseMma, problem, 32, 0), IsEmpty());
  for (const auto &lane : problem.d)
    for (uint32_t sum : lane)
      EXPECT_EQ(sum, 0x7FFFFFFFu + 32 * 128 * 128);
}

TEST_F(SparseMmaTest, AccumulatesInPlace) {
  Problem problem(3, 0, HINM_EMU_F16);
  memcpy(problem.d, problem.cFragment, sizeof(problem.d));
  auto kernel = [](void **params) {
    Problem &p = argument<Problem>(params);
    const int t = thread();
    hinm_emu_mma_sp(p.d[t], p.aFragment[t], p.bFragment[t], p.d[t],
                    p.metadata[t], p.selector, p.type, "mma.sp");
  };
  ASSERT_THAT(run(kernel, problem, 32, 0), IsEmpty());
  EXPECT_EQ(problem.error(), 0);
}

TEST_F(SparseMmaTest, UnselectedRowsOfBDoNotCount) {
  Problem problem(0, 0, HINM_EMU_F16);
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
    for (uint32_t bits : lane)
      EXPECT_FALSE(std::isnan(problem.fromSum(bits)));
}

TEST_F(SparseMmaTest, WrongSelectorGivesAWrongNumber) {
  for (HinmEmuMmaType type : {HINM_EMU_F16, HINM_EMU_TF32}) {
    Problem problem(5, 0, type);
    problem.selector = 1;
    ASSERT_THAT(run(sparseMma, problem, 32, 0), IsEmpty());
    EXPECT_GT(problem.error(), 1);
  }
}

TEST_F(SparseMmaTest, RegistersHoldTF32) {
  for (bool isOfA : {true, false})
    for (uint32_t bits : {0x3F800001u, 0x3F801000u, 0x00001FFFu, 0x3F802000u,
                          0x7F800000u, 0x7FFFFFFFu}) {
      clearError();
      Problem problem(2, 1, HINM_EMU_TF32);
      (isOfA ? problem.aFragment : problem.bFragment)[9][2] = bits;
      const std::string error = run(sparseMma, problem, 32, 0);
      const bool isFinite = (bits & 0x7F800000) != 0x7F800000;
      if ((bits & 0x1FFF) == 0 || !isFinite)
        EXPECT_THAT(error, IsEmpty());
      else
        EXPECT_THAT(error, AllOf(HasSubstr(isOfA ? "register 2 of A is 0x"
                                                 : "register 2 of B is 0x"),
                                 HasSubstr("which is no tf32"),
                                 HasSubstr("thread (9,0,0)")));
    }
}

/// The metadata of row 11, chunk 1, is in lane 14 of the selector 1, and of
/// 8-bit elements in lane 13.
TEST_F(SparseMmaTest, IllegalMetadata) {
  for (HinmEmuMmaType type : {HINM_EMU_F16, HINM_EMU_S8, HINM_EMU_E4M3})
    for (int nibble = 0; nibble < 16; ++nibble) {
      clearError();
      const bool isWide = type == HINM_EMU_F16;
      Problem problem(1, isWide ? 1 : 0, type);
      const int lane = isWide ? 14 : 13, place = isWide ? 5 : 1;
      problem.metadata[lane] &= ~(15u << 4 * place);
      problem.metadata[lane] |= uint32_t(nibble) << 4 * place;
      const std::string error = run(sparseMma, problem, 32, 0);
      bool isLegal = false;
      for (int value : legal)
        isLegal |= value == nibble;
      if (isLegal)
        EXPECT_THAT(error, IsEmpty());
      else
        EXPECT_THAT(error,
                    HasSubstr("mma.sp: illegal metadata: nibble " +
                              std::to_string(place) + " is " +
                              std::to_string(nibble) +
                              "; two ascending columns are 4, 8, 9, 12, 13 or "
                              "14 [kernel tested, block (0,0,0), thread (" +
                              std::to_string(lane) + ",0,0)]"));
    }
}

TEST_F(SparseMmaTest, IllegalMetadataOfPairs) {
  for (int nibble = 0; nibble < 16; ++nibble) {
    clearError();
    Problem problem(1, 1, HINM_EMU_TF32);
    problem.metadata[14] &= ~(15u << 20);
    problem.metadata[14] |= uint32_t(nibble) << 20;
    const std::string error = run(sparseMma, problem, 32, 0);
    if (nibble == 4 || nibble == 14)
      EXPECT_THAT(error, IsEmpty());
    else
      EXPECT_THAT(error,
                  HasSubstr("mma.sp: illegal metadata: nibble 5 is " +
                            std::to_string(nibble) +
                            "; one of two columns is 4 or 14 [kernel tested, "
                            "block (0,0,0), thread (14,0,0)]"));
  }
}

TEST_F(SparseMmaTest, IllegalSelector) {
  Problem problem(1, 0, HINM_EMU_F16);
  problem.selector = 2;
  EXPECT_THAT(run(sparseMma, problem, 32, 0), HasSubstr("is 0 or 1, not 2"));
  clearError();
  Problem bytes(1, 0, HINM_EMU_S8);
  bytes.selector = 1;
  EXPECT_THAT(run(sparseMma, bytes, 32, 0), HasSubstr("m16n8k64 is 0, not 1"));
  clearError();
  Problem pairs(1, 0, HINM_EMU_TF32);
  pairs.selector = -1;
  EXPECT_THAT(run(sparseMma, pairs, 32, 0),
              HasSubstr("m16n8k16 is 0 or 1, not -1"));
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

TEST_F(SparseMmaTest, EveryByteConverts) {
  for (uint32_t bits = 0; bits < 0x100; ++bits) {
    for (bool isE4M3 : {false, true}) {
      const int fractionBits = isE4M3 ? 3 : 2, bias = isE4M3 ? 7 : 15;
      const int exponent = int(bits & 0x7F) >> fractionBits;
      const int fraction = int(bits) & ((1 << fractionBits) - 1);
      float expected =
          exponent ? std::ldexp(float(fraction + (1 << fractionBits)),
                                exponent - bias - fractionBits)
                   : std::ldexp(float(fraction), 1 - bias - fractionBits);
      if (!isE4M3 && exponent == 31)
        expected = fraction ? NAN : INFINITY;
      if (isE4M3 && (bits & 0x7F) == 0x7F)
        expected = NAN;
      if (bits & 0x80)
        expected = -expected;
      const float got =
          isE4M3 ? e4m3ToFloat(uint8_t(bits)) : e5m2ToFloat(uint8_t(bits));
      if (std::isnan(expected))
        ASSERT_TRUE(std::isnan(got)) << bits;
      else
        ASSERT_EQ(memcmp(&expected, &got, 4), 0) << bits << ' ' << isE4M3;
    }
  }
}

} // namespace
