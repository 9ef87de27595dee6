//===- SparseMma.cpp - The arithmetic of mma.sp ---------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emulator/SparseMma.h"

#include <cstring>

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

MetadataError hinm::emulator::decodeMetadata(const uint32_t words[32],
                                             int selector,
                                             int logicalColumn[16][16]) {
  // Lane 4g+2s+h describes the logical columns 16h..16h+15 of the rows g (low
  // half of the word) and g+8: four chunks of four columns, one nibble each,
  // with the columns of the two values of the chunk in ascending order.
  for (int g = 0; g < 8; ++g)
    for (int h = 0; h < 2; ++h) {
      const int lane = 4 * g + 2 * selector + h;
      for (int nibble = 0; nibble < 8; ++nibble) {
        const unsigned value = words[lane] >> (4 * nibble) & 15;
        const int first = value & 3, second = value >> 2;
        if (first >= second)
          return {lane, nibble, value};
        const int row = g + 8 * (nibble / 4);
        const int chunk = 4 * h + nibble % 4;
        logicalColumn[row][2 * chunk] = 4 * chunk + first;
        logicalColumn[row][2 * chunk + 1] = 4 * chunk + second;
      }
    }
  return {};
}

MetadataError hinm::emulator::sparseMma16x8x32(const SparseMmaLane lanes[32],
                                               int selector, bool isBfloat) {
  const auto convert = isBfloat ? bfloatToFloat : halfToFloat;
  double a[16][16], b[32][8];
  int logicalColumn[16][16];
  uint32_t words[32];
  for (int lane = 0; lane < 32; ++lane)
    words[lane] = lanes[lane].metadata;
  const MetadataError error = decodeMetadata(words, selector, logicalColumn);
  if (error.lane >= 0)
    return error;

  for (int lane = 0; lane < 32; ++lane) {
    const int g = lane / 4, q = lane % 4;
    for (int j = 0; j < 4; ++j)
      for (int half = 0; half < 2; ++half) {
        const unsigned shift = 16 * half;
        a[g + 8 * (j % 2)][8 * (j / 2) + 2 * q + half] =
            convert(uint16_t(lanes[lane].a[j] >> shift));
        b[8 * j + 2 * q + half][g] =
            convert(uint16_t(lanes[lane].b[j] >> shift));
      }
  }

  double sums[16][8];
  for (int lane = 0; lane < 32; ++lane)
    for (int i = 0; i < 4; ++i)
      sums[lane / 4 + 8 * (i / 2)][2 * (lane % 4) + i % 2] = lanes[lane].c[i];
  for (int row = 0; row < 16; ++row)
    for (int k = 0; k < 16; ++k) {
      const double value = a[row][k];
      const double *selected = b[logicalColumn[row][k]];
      for (int column = 0; column < 8; ++column)
        sums[row][column] += value * selected[column];
    }
  for (int lane = 0; lane < 32; ++lane)
    for (int i = 0; i < 4; ++i)
      lanes[lane].d[i] =
          float(sums[lane / 4 + 8 * (i / 2)][2 * (lane % 4) + i % 2]);
  return {};
}
