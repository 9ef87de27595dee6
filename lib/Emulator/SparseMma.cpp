//===- SparseMma.cpp - The arithmetic of mma.sp ---------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emulator/SparseMma.h"

#include <cstring>
#include <type_traits>

using namespace hinm::emulator;

static float floatOfBits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof(value));
  return value;
}

float hinm::emulator::bfloatToFloat(uint16_t bits) {
  return floatOfBits(uint32_t(bits) << 16);
}

float hinm::emulator::halfToFloat(uint16_t bits) {
  const uint32_t sign = uint32_t(bits & 0x8000) << 16;
  const uint32_t exponent = (bits >> 10) & 31;
  const uint32_t fraction = bits & 0x3FF;
  if (exponent == 31) // infinity and NaN
    return floatOfBits(sign | 0x7F800000 | fraction << 13);
  if (exponent != 0)
    return floatOfBits(sign | (exponent + 112) << 23 | fraction << 13);
  const float magnitude = float(fraction) * 0x1p-24f; // exact
  return sign ? -magnitude : magnitude;
}

float hinm::emulator::e5m2ToFloat(uint8_t bits) {
  return halfToFloat(uint16_t(bits << 8));
}

float hinm::emulator::e4m3ToFloat(uint8_t bits) {
  if ((bits & 0x7F) == 0x7F)
    return floatOfBits(0x7FC00000);
  // As a half, whose exponent has a bias of 15 where this has one of 7.
  return halfToFloat(uint16_t((bits & 0x80) << 8 | (bits & 0x7F) << 7)) *
         0x1p8f;
}

namespace {

/// The matrices of a warp, for \p P elements a register.
template <int P>
struct Operands {
  double a[16][8 * P], b[16 * P][8];
  int logicalColumn[16][8 * P];
};

template <int P>
MetadataError readMetadata(const uint32_t words[32], int selector,
                           int logicalColumn[16][8 * P]) {
  // Of 8-bit elements all lanes describe columns, of others a pair of each
  // four.
  constexpr int lanes = P == 4 ? 4 : 2;
  for (int g = 0; g < 8; ++g)
    for (int h = 0; h < lanes; ++h) {
      const int lane = 4 * g + lanes * selector + h;
      for (int nibble = 0; nibble < 8; ++nibble) {
        const unsigned value = words[lane] >> (4 * nibble) & 15;
        const int first = value & 3, second = value >> 2;
        // A nibble is a chunk of four columns, of tf32 of two. Of 16-bit
        // elements and tf32 lane 4g+2s+h describes the chunks 4h..4h+3 of the
        // rows g (low half of the word) and g+8; of 8-bit ones lane 4g+2h+u the
        // chunks 8h..8h+7 of the row g+8u.
        const int row = P == 4 ? g + 8 * (h % 2) : g + 8 * (nibble / 4);
        const int chunk = P == 4 ? 8 * (h / 2) + nibble : 4 * h + nibble % 4;
        if constexpr (P == 1) {
          // The halves of a column: 0 and 1, or 2 and 3.
          if (value != 0x4 && value != 0xE)
            return {lane, nibble, value};
          logicalColumn[row][chunk] = 2 * chunk + first / 2;
        } else {
          if (first >= second)
            return {lane, nibble, value};
          logicalColumn[row][2 * chunk] = 4 * chunk + first;
          logicalColumn[row][2 * chunk + 1] = 4 * chunk + second;
        }
      }
    }
  return {};
}

template <int P>
void readElements(const SparseMmaLane lanes[32], float (*convert)(uint32_t),
                  Operands<P> &operands) {
  constexpr int width = 32 / P;
  constexpr uint32_t mask = ~uint32_t(0) >> (32 - width);
  for (int lane = 0; lane < 32; ++lane) {
    const int g = lane / 4, q = lane % 4;
    for (int j = 0; j < 4; ++j)
      for (int i = 0; i < P; ++i) {
        operands.a[g + 8 * (j % 2)][4 * P * (j / 2) + P * q + i] =
            convert(lanes[lane].a[j] >> (width * i) & mask);
        operands.b[4 * P * j + P * q + i][g] =
            convert(lanes[lane].b[j] >> (width * i) & mask);
      }
  }
}

/// Integers in double are exact: they stay below 2^53.
template <int P, typename Sum>
void multiply(const SparseMmaLane lanes[32], const Operands<P> &operands) {
  double sums[16][8];
  for (int lane = 0; lane < 32; ++lane)
    for (int i = 0; i < 4; ++i)
      sums[lane / 4 + 8 * (i / 2)][2 * (lane % 4) + i % 2] =
          static_cast<const Sum *>(lanes[lane].c)[i];
  for (int row = 0; row < 16; ++row)
    for (int k = 0; k < 8 * P; ++k) {
      const double value = operands.a[row][k];
      const double *selected = operands.b[operands.logicalColumn[row][k]];
      for (int column = 0; column < 8; ++column)
        sums[row][column] += value * selected[column];
    }
  for (int lane = 0; lane < 32; ++lane)
    for (int i = 0; i < 4; ++i) {
      const double sum = sums[lane / 4 + 8 * (i / 2)][2 * (lane % 4) + i % 2];
      Sum *d = static_cast<Sum *>(lanes[lane].d);
      if constexpr (std::is_integral_v<Sum>)
        d[i] = Sum(uint32_t(int64_t(sum)));
      else
        d[i] = Sum(sum);
    }
}

template <int P, typename Sum>
MetadataError run(const SparseMmaLane lanes[32], int selector,
                  float (*convert)(uint32_t)) {
  Operands<P> operands;
  uint32_t words[32];
  for (int lane = 0; lane < 32; ++lane)
    words[lane] = lanes[lane].metadata;
  const MetadataError error =
      readMetadata<P>(words, selector, operands.logicalColumn);
  if (error.lane >= 0)
    return error;
  readElements(lanes, convert, operands);
  multiply<P, Sum>(lanes, operands);
  return {};
}

} // namespace

MetadataError hinm::emulator::decodeMetadata(const uint32_t words[32],
                                             int selector,
                                             int logicalColumn[16][16]) {
  return readMetadata<2>(words, selector, logicalColumn);
}

MetadataError hinm::emulator::sparseMma(const SparseMmaLane lanes[32],
                                        int selector, MmaType type) {
  switch (type) {
  case MmaType::F16:
    return run<2, float>(lanes, selector, [](uint32_t bits) {
      return halfToFloat(uint16_t(bits));
    });
  case MmaType::BF16:
    return run<2, float>(lanes, selector, [](uint32_t bits) {
      return bfloatToFloat(uint16_t(bits));
    });
  case MmaType::S8:
    return run<4, int32_t>(lanes, selector,
                           [](uint32_t bits) { return float(int8_t(bits)); });
  case MmaType::E4M3:
    return run<4, float>(lanes, selector, [](uint32_t bits) {
      return e4m3ToFloat(uint8_t(bits));
    });
  case MmaType::E5M2:
    return run<4, float>(lanes, selector, [](uint32_t bits) {
      return e5m2ToFloat(uint8_t(bits));
    });
  case MmaType::TF32:
    return run<1, float>(lanes, selector, floatOfBits);
  }
  return {};
}
