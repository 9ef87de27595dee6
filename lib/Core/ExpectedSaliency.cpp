//===- ExpectedSaliency.cpp - What a weight is worth before it is grouped -===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ExpectedSaliency.h"

#include <cstdint>
#include <cstring>
#include <vector>

namespace hinm::core {

/// P(fewer than n of m − 1 others are larger), each with probability 1 − u.
static double survival(double u, int64_t n, int64_t m) {
  double chance = 0.0, ways = 1.0;
  for (int64_t larger = 0; larger < n; ++larger) {
    double term = ways;
    for (int64_t i = 0; i < m - 1; ++i)
      term *= i < larger ? 1.0 - u : u;
    chance += term;
    ways = ways * static_cast<double>(m - 1 - larger) /
           static_cast<double>(larger + 1);
  }
  return chance;
}

/// Sorts keys by their upper halves, which are floats without a sign: three
/// passes of eleven bits.
static void sortKeys(std::vector<uint64_t> &keys,
                     std::vector<uint64_t> &other) {
  constexpr int digitBits = 11;
  constexpr uint64_t digits = 1 << digitBits;
  other.resize(keys.size());
  for (int shift = 32; shift < 64; shift += digitBits) {
    uint32_t begin[digits + 1] = {};
    for (uint64_t key : keys)
      ++begin[(key >> shift & (digits - 1)) + 1];
    for (uint64_t digit = 1; digit <= digits; ++digit)
      begin[digit] += begin[digit - 1];
    for (uint64_t key : keys)
      other[begin[key >> shift & (digits - 1)]++] = key;
    keys.swap(other);
  }
}

Matrix<float> expectSaliency(MatrixView<float> saliency, const Pattern &pattern,
                             WorkerPool &pool) {
  const int64_t cols = saliency.getCols();
  Matrix<float> expected(saliency.getRows(), cols);
  // By rank; a run of equals shares the middle one. Twice the rank is whole.
  std::vector<float> chance(2 * cols + 1);
  for (int64_t i = 0; i <= 2 * cols; ++i)
    chance[i] = static_cast<float>(
        survival(static_cast<double>(i) / static_cast<double>(2 * cols),
                 pattern.n, pattern.m));
  struct Scratch {
    std::vector<uint64_t> keys, other;
  };
  std::vector<Scratch> scratches(pool.getNumWorkers());
  pool.forEach(saliency.getRows(), [&](int64_t r, unsigned worker) {
    // Non-negative floats are ordered as their bits are.
    std::vector<uint64_t> &keys = scratches[worker].keys;
    keys.resize(cols);
    for (int64_t c = 0; c < cols; ++c) {
      uint32_t bits;
      std::memcpy(&bits, &saliency(r, c), sizeof(bits));
      keys[c] = static_cast<uint64_t>(bits) << 32 | static_cast<uint64_t>(c);
    }
    sortKeys(keys, scratches[worker].other);
    for (int64_t begin = 0, end; begin < cols; begin = end) {
      for (end = begin + 1; end < cols && keys[end] >> 32 == keys[begin] >> 32;)
        ++end;
      for (int64_t i = begin; i < end; ++i) {
        const auto c = static_cast<int64_t>(keys[i] & UINT32_MAX);
        expected(r, c) = saliency(r, c) * chance[begin + end];
      }
    }
  });
  return expected;
}

} // namespace hinm::core
