//===- RandomMatrix.h - Random inputs of the tests --------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UNITTESTS_CORE_RANDOMMATRIX_H
#define UNITTESTS_CORE_RANDOMMATRIX_H

#include "hinm/Core/Matrix.h"
#include "hinm/Core/Pattern.h"
#include <cmath>
#include <random>

namespace hinm::core {

/// |N(0, 1)| entries.
inline Matrix<float> randomSaliency(int64_t rows, int64_t cols,
                                    std::mt19937_64 &random) {
  std::normal_distribution<float> normal;
  Matrix<float> matrix(rows, cols);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < cols; ++c)
      matrix(r, c) = std::fabs(normal(random));
  return matrix;
}

inline Pattern makePattern(int64_t tile, double vectorSparsity) {
  Pattern pattern;
  pattern.tile = tile;
  pattern.vectorSparsity = vectorSparsity;
  return pattern;
}

} // namespace hinm::core

#endif // UNITTESTS_CORE_RANDOMMATRIX_H
