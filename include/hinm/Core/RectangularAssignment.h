//===- RectangularAssignment.h - Assignment, wide ---------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The linear assignment of n rows to m ≥ n columns in f32, for searches that
/// solve thousands of small ones: the solver keeps its memory, starts with
/// augmenting row reduction (Jonker and Volgenant, Computing 38, 1987) and ends
/// with shortest augmenting paths for the rows that are left.
///
/// Exact up to the rounding of f32; `hinm/Core/Assignment.h` has the solver in
/// f64 with duals that prove the optimum.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_CORE_RECTANGULARASSIGNMENT_H
#define HINM_CORE_RECTANGULARASSIGNMENT_H

#include "hinm/Core/Matrix.h"
#include <cstdint>
#include <vector>

namespace hinm::core {

class RectangularAssignment {
public:
  /// Solves for the finite \p cost (n×m, n ≤ m). The result holds until the
  /// next call: the column of each row, all different, of least total cost.
  const std::vector<int32_t> &solve(MatrixView<float> cost);

private:
  void reduceRows(MatrixView<float> cost);
  void augment(MatrixView<float> cost, int32_t start);

  std::vector<float> price, distance;
  std::vector<int32_t> columnOfRow, rowOfColumn, previousRow;
  std::vector<int32_t> freeRows, visited;
  std::vector<uint8_t> done;
};

} // namespace hinm::core

#endif // HINM_CORE_RECTANGULARASSIGNMENT_H
