//===- Assignment.h - Optimal linear assignment -----------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The linear assignment problem: given an n×n cost matrix, the permutation
/// that minimises Σ cost[i][p[i]]. Solved exactly by shortest augmenting paths
/// with dual prices (Jonker and Volgenant, Computing 38, 1987), O(n³).
///
//===----------------------------------------------------------------------===//

#ifndef HINM_CORE_ASSIGNMENT_H
#define HINM_CORE_ASSIGNMENT_H

#include "hinm/Core/Matrix.h"
#include "hinm/Core/Permutation.h"
#include <vector>

namespace hinm::core {

struct Assignment {
  /// Column of each row.
  Permutation columnOfRow;
  double cost = 0.0;
  /// Dual prices: rowPrice[i] + columnPrice[j] ≤ cost[i][j], with equality on
  /// the assigned pairs. They prove the optimum.
  std::vector<double> rowPrice, columnPrice;
};

/// Solves the assignment of a square, finite \p cost.
Assignment solveAssignment(MatrixView<double> cost);

/// Whether \p assignment is a permutation whose duals prove it optimal, to
/// within \p tolerance.
bool verifyAssignment(MatrixView<double> cost, const Assignment &assignment,
                      double tolerance);

/// The transportation problem of balanced clustering: gives each of the n =
/// columns · capacity rows of \p cost (n × columns, finite) a column, every
/// column exactly \p capacity times, at the least total cost. By successive
/// shortest paths between columns, O(n · columns · (columns + capacity)).
std::vector<int32_t> solveTransportation(MatrixView<double> cost,
                                         int64_t capacity);

} // namespace hinm::core

#endif // HINM_CORE_ASSIGNMENT_H
