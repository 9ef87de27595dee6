//===- Random.h - Streams of random numbers ---------------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). A stream is a seed and what
/// it is for (a round, a tile …), so that tasks draw the same numbers on any
/// number of threads, and the same ones with any standard library.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_LIB_CORE_RANDOM_H
#define HINM_LIB_CORE_RANDOM_H

#include <cassert>
#include <cstdint>
#include <initializer_list>
#include <utility>

namespace hinm::core {

class Random {
public:
  explicit Random(std::initializer_list<uint64_t> stream) {
    for (uint64_t word : stream)
      state = mix(state + 0x9E3779B97F4A7C15u) ^ word;
  }

  uint64_t next() { return mix(state += 0x9E3779B97F4A7C15u); }
  /// Uniform in [0, n), n < 2³².
  uint32_t below(uint32_t n) {
    assert(n > 0 && "nothing to draw from");
    return static_cast<uint32_t>(((next() >> 32) * n) >> 32);
  }
  /// Uniform in (0, 1].
  double uniform() {
    return (static_cast<double>(next() >> 11) + 1.0) * 0x1p-53;
  }

  template <typename T>
  void shuffle(T &items) {
    for (uint32_t i = items.size(); i > 1; --i)
      std::swap(items[i - 1], items[below(i)]);
  }

private:
  static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

  uint64_t state = 0;
};

} // namespace hinm::core

#endif // HINM_LIB_CORE_RANDOM_H
