//===- Simd.h - The search's inner loops ------------------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Sums over float vectors whose length is a multiple of `lanes`. They always
/// add in `lanes` partial sums, whatever registers the machine has, so that a
/// result does not depend on it.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_LIB_CORE_SIMD_H
#define HINM_LIB_CORE_SIMD_H

#include <cstdint>

namespace hinm::core::simd {

constexpr int64_t lanes = 16;

/// \p n rounded up to whole vectors.
inline int64_t padded(int64_t n) { return (n + lanes - 1) / lanes * lanes; }

/// Σ x[i] · y[i].
float dot(const float *x, const float *y, int64_t n);

/// sums[k] = Σ max(x[i], y[i]) with y each of the \p count \p candidates.
void sumsOfMaxima(const float *x, const float *const *candidates, int64_t count,
                  int64_t n, float *sums);

/// Σ max(x[i], 0).
float sumOfPositive(const float *x, int64_t n);

/// Σ max(a[i] + q[i] − p[i], 0) + max(b[i] − q[i] + p[i], 0): what two tiles of
/// excess a and b are worth after they have swapped row p for row q.
float sumAfterSwap(const float *a, const float *b, const float *p,
                   const float *q, int64_t n);

/// Returns Σ of the largest and writes the middle one of x[i], y[i], z[i] to
/// \p middle[i].
float splitTriple(const float *x, const float *y, const float *z, int64_t n,
                  float *middle);

struct TwoLeast {
  float first, second;
  /// Where the first one is.
  int64_t position;
};

/// The least and the second least of x[i] − y[i]; n need not be whole vectors.
TwoLeast twoLeastDifferences(const float *x, const float *y, int64_t n);

/// Adds q − p to \p a and takes it off \p b.
void applySwap(float *a, float *b, const float *p, const float *q, int64_t n);

} // namespace hinm::core::simd

#endif // HINM_LIB_CORE_SIMD_H
