//===- RectangularAssignment.cpp - Assignment, wide -----------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/RectangularAssignment.h"

#include "Simd.h"
#include <cassert>
#include <cstddef>
#include <limits>

namespace hinm::core {

/// Rows that a reduction may push out and take up again, per row. More seldom
/// pays; the paths finish what is left.
static constexpr int64_t maxReductions = 16;

const std::vector<int32_t> &
RectangularAssignment::solve(MatrixView<float> cost) {
  const int64_t n = cost.getRows(), m = cost.getCols();
  assert(n <= m && "every row needs a column");
  // An unassigned column keeps the price 0 and no price is above it, which is
  // what makes the optimum of a wide problem.
  price.assign(m, 0.0f);
  distance.resize(m);
  previousRow.resize(m);
  columnOfRow.assign(n, -1);
  rowOfColumn.assign(m, -1);
  reduceRows(cost);
  for (int32_t row : freeRows)
    augment(cost, row);
  return columnOfRow;
}

/// Each row takes its best column, at a price that makes it indifferent to its
/// second best; who is pushed out looks again.
void RectangularAssignment::reduceRows(MatrixView<float> cost) {
  const int64_t n = cost.getRows(), m = cost.getCols();
  std::vector<int32_t> &queue = visited;
  queue.clear();
  freeRows.clear();
  for (int64_t i = 0; i < n; ++i)
    queue.push_back(static_cast<int32_t>(i));
  for (std::size_t next = 0; next < queue.size(); ++next) {
    const int32_t row = queue[next];
    simd::TwoLeast least =
        simd::twoLeastDifferences(cost.row(row), price.data(), m);
    const int32_t column = static_cast<int32_t>(least.position);
    const float drop = m > 1 ? least.second - least.first : 0.0f;
    price[column] -= drop;
    if (const int32_t other = rowOfColumn[column]; other >= 0) {
      columnOfRow[other] = -1;
      // Without a drop two rows could push each other out for ever.
      if (drop > 0.0f && static_cast<int64_t>(queue.size()) < maxReductions * n)
        queue.push_back(other);
      else
        freeRows.push_back(other);
    }
    rowOfColumn[column] = row;
    columnOfRow[row] = column;
  }
}

/// Dijkstra over reduced costs from the free row \p start to a free column.
void RectangularAssignment::augment(MatrixView<float> cost, int32_t start) {
  const int64_t m = cost.getCols();
  done.assign(m, 0);
  visited.clear();
  for (int64_t j = 0; j < m; ++j) {
    distance[j] = cost(start, j) - price[j];
    previousRow[j] = start;
  }
  int32_t sink = -1;
  float reached = 0.0f;
  while (sink < 0) {
    reached = std::numeric_limits<float>::infinity();
    int32_t nearest = -1;
    for (int64_t j = 0; j < m; ++j)
      if (!done[j] && distance[j] < reached) {
        reached = distance[j];
        nearest = static_cast<int32_t>(j);
      }
    done[nearest] = 1;
    const int32_t row = rowOfColumn[nearest];
    if (row < 0) {
      sink = nearest;
      break;
    }
    visited.push_back(nearest);
    const float base = reached - (cost(row, nearest) - price[nearest]);
    for (int64_t j = 0; j < m; ++j) {
      const float through = base + (cost(row, j) - price[j]);
      if (!done[j] && through < distance[j]) {
        distance[j] = through;
        previousRow[j] = row;
      }
    }
  }
  for (int32_t j : visited)
    price[j] += distance[j] - reached;
  for (int32_t j = sink;;) {
    const int32_t row = previousRow[j];
    const int32_t next = columnOfRow[row];
    rowOfColumn[j] = row;
    columnOfRow[row] = j;
    if (row == start)
      break;
    j = next;
  }
}

} // namespace hinm::core
