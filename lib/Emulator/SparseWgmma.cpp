//===- SparseWgmma.cpp - The arithmetic of sparse wgmma -------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emulator/SparseWgmma.h"

#include <cstddef>

using namespace hinm::emulator;

MatrixDescriptor::MatrixDescriptor(uint64_t bits) {
  auto field = [&](int low, int width) {
    return uint32_t(bits >> low) & ((1u << width) - 1);
  };
  address = field(0, 14) << 4;
  leading = field(16, 14) << 4;
  stride = field(32, 14) << 4;
  baseOffset = field(49, 3);
  const uint32_t mode = field(62, 2);
  swizzle = mode == 0 ? 0 : 256u >> mode;
}

uint32_t MatrixDescriptor::place(uint32_t k, uint32_t chunk) const {
  if (swizzle == 0) // core matrices of 8 rows of 16 bytes
    return address + chunk * stride + k / 8 * leading + k % 8 * 16;
  // Atoms of 8 rows of `swizzle` bytes.
  const uint32_t chunks = swizzle / 16;
  const uint32_t plain = address + chunk / chunks * leading +
                         chunk % chunks * 16 + k / 8 * stride + k % 8 * swizzle;
  // Bits 4… of the address are XORed with bits 7… .
  return plain ^ ((plain >> 7 & (chunks - 1)) << 4);
}

MetadataError hinm::emulator::sparseWgmma(const SparseWgmmaThread threads[128],
                                          const uint16_t *b, int columns,
                                          int selector, bool accumulate,
                                          bool isBfloat) {
  const auto convert = isBfloat ? bfloatToFloat : halfToFloat;
  constexpr int depth = 32, kept = 16, maxColumns = 256;
  static thread_local double rows[depth][maxColumns];
  static thread_local int logical[64][kept];
  static thread_local double a[64][kept];

  for (int warp = 0; warp < 4; ++warp) {
    const SparseWgmmaThread *lanes = threads + 32 * warp;
    for (int lane = 0; lane < 32; ++lane) {
      const int g = lane / 4, q = lane % 4;
      for (int j = 0; j < 4; ++j)
        for (int half = 0; half < 2; ++half)
          a[16 * warp + g + 8 * (j % 2)][8 * (j / 2) + 2 * q + half] =
              convert(uint16_t(lanes[lane].a[j] >> 16 * half));
    }
    uint32_t words[32];
    for (int lane = 0; lane < 32; ++lane)
      words[lane] = lanes[lane].metadata;
    MetadataError error = decodeMetadata(words, selector, logical + 16 * warp);
    if (error.lane >= 0) {
      error.lane += 32 * warp;
      return error;
    }
  }
  for (int k = 0; k < depth; ++k)
    for (int n = 0; n < columns; ++n)
      rows[k][n] = convert(b[k * columns + n]);

  for (int row = 0; row < 64; ++row) {
    // Row g or g + 8 of a warp: the sums of four lanes.
    const int g = row % 8, half = row / 8 % 2;
    const SparseWgmmaThread *lanes = threads + row / 16 * 32 + 4 * g;
    auto sum = [&](int n) -> float & {
      return lanes[n % 8 / 2].d[n / 8 * 4 + 2 * half + n % 2];
    };
    double sums[maxColumns];
    for (int n = 0; n < columns; ++n)
      sums[n] = accumulate ? sum(n) : 0.0f;
    for (int k = 0; k < kept; ++k) {
      const double value = a[row][k];
      const double *selected = rows[logical[row][k]];
      for (int n = 0; n < columns; ++n)
        sums[n] += value * selected[n];
    }
    for (int n = 0; n < columns; ++n)
      sum(n) = float(sums[n]);
  }
  return {};
}
