//===- Simd.cpp - The search's inner loops --------------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Simd.h"

#include <limits>

// Fused multiply-adds round differently: without them all machines agree.
#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif

// One function, several instruction sets, chosen when the program is loaded;
// under AddressSanitizer that would be before the sanitizer is ready.
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define HINM_ONE_CLONE
#endif
#endif
#if defined(__x86_64__) && defined(__linux__) && !defined(HINM_ONE_CLONE)
#define HINM_SIMD __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define HINM_SIMD
#endif

namespace hinm::core::simd {

namespace {

using Vector = float __attribute__((vector_size(lanes * sizeof(float))));

#define HINM_INLINE __attribute__((always_inline)) inline

HINM_INLINE Vector load(const float *from) {
  Vector v;
  __builtin_memcpy(&v, from, sizeof(v));
  return v;
}

HINM_INLINE void store(float *to, const Vector &v) {
  __builtin_memcpy(to, &v, sizeof(v));
}

HINM_INLINE Vector larger(const Vector &x, const Vector &y) {
  return x > y ? x : y;
}

HINM_INLINE Vector smaller(const Vector &x, const Vector &y) {
  return x < y ? x : y;
}

HINM_INLINE float sum(const Vector &v) {
  float pairs[lanes / 2], total = 0.0f;
  for (int i = 0; i < lanes / 2; ++i)
    pairs[i] = v[i] + v[i + lanes / 2];
  for (float pair : pairs)
    total += pair;
  return total;
}

} // namespace

HINM_SIMD float dot(const float *x, const float *y, int64_t n) {
  // Two sums, so that an addition need not wait for the one before it.
  Vector even = {}, odd = {};
  int64_t i = 0;
  for (; i + lanes < n; i += 2 * lanes) {
    even += load(x + i) * load(y + i);
    odd += load(x + i + lanes) * load(y + i + lanes);
  }
  if (i < n)
    even += load(x + i) * load(y + i);
  return sum(even + odd);
}

HINM_SIMD void sumsOfMaxima(const float *x, const float *const *candidates,
                            int64_t count, int64_t n, float *sums) {
  for (int64_t k = 0; k < count; ++k) {
    const float *y = candidates[k];
    Vector total = {};
    for (int64_t i = 0; i < n; i += lanes)
      total += larger(load(x + i), load(y + i));
    sums[k] = sum(total);
  }
}

HINM_SIMD float sumOfPositive(const float *x, int64_t n) {
  const Vector zero = {};
  Vector total = {};
  for (int64_t i = 0; i < n; i += lanes)
    total += larger(load(x + i), zero);
  return sum(total);
}

HINM_SIMD float sumAfterSwap(const float *a, const float *b, const float *p,
                             const float *q, int64_t n) {
  const Vector zero = {};
  Vector first = {}, second = {};
  for (int64_t i = 0; i < n; i += lanes) {
    Vector change = load(q + i) - load(p + i);
    first += larger(load(a + i) + change, zero);
    second += larger(load(b + i) - change, zero);
  }
  return sum(first + second);
}

HINM_SIMD float splitTriple(const float *x, const float *y, const float *z,
                            int64_t n, float *middle) {
  Vector total = {};
  for (int64_t i = 0; i < n; i += lanes) {
    Vector u = load(x + i), v = load(y + i), w = load(z + i);
    Vector low = smaller(u, v), high = larger(u, v);
    store(middle + i, larger(low, smaller(high, w)));
    total += larger(high, w);
  }
  return sum(total);
}

HINM_SIMD TwoLeast twoLeastDifferences(const float *x, const float *y,
                                       int64_t n) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  // The two least of every lane; those of all lanes are among them.
  Vector first = Vector{} + infinity, second = first;
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    Vector value = load(x + i) - load(y + i);
    second = smaller(second, larger(first, value));
    first = smaller(first, value);
  }
  TwoLeast least = {infinity, infinity, 0};
  auto take = [&](float value) {
    if (value < least.first) {
      least.second = least.first;
      least.first = value;
    } else if (value < least.second) {
      least.second = value;
    }
  };
  for (int lane = 0; lane < lanes; ++lane) {
    take(first[lane]);
    take(second[lane]);
  }
  for (; i < n; ++i)
    take(x[i] - y[i]);
  while (x[least.position] - y[least.position] != least.first)
    ++least.position;
  return least;
}

HINM_SIMD void applySwap(float *a, float *b, const float *p, const float *q,
                         int64_t n) {
  for (int64_t i = 0; i < n; i += lanes) {
    Vector change = load(q + i) - load(p + i);
    store(a + i, load(a + i) + change);
    store(b + i, load(b + i) - change);
  }
}

} // namespace hinm::core::simd
