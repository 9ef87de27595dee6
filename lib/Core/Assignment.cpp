//===- Assignment.cpp - Optimal linear assignment -------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/Assignment.h"

#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace hinm::core {

Assignment solveAssignment(MatrixView<double> cost) {
  assert(cost.getRows() == cost.getCols() && "the cost must be square");
  const int64_t n = cost.getRows();
  const double infinity = std::numeric_limits<double>::infinity();
  Assignment result;
  result.rowPrice.assign(n, 0.0);
  result.columnPrice.assign(n, 0.0);
  result.columnOfRow.assign(n, -1);
  std::vector<int32_t> rowOfColumn(n, -1);

  // Column reduction: start from prices that are feasible and tight, and assign
  // what is unopposed. Most rows are done after this.
  for (int64_t j = 0; j < n; ++j) {
    double least = infinity;
    int64_t leastRow = -1;
    for (int64_t i = 0; i < n; ++i)
      if (cost(i, j) < least) {
        least = cost(i, j);
        leastRow = i;
      }
    result.columnPrice[j] = least;
    if (result.columnOfRow[leastRow] < 0) {
      result.columnOfRow[leastRow] = static_cast<int32_t>(j);
      rowOfColumn[j] = static_cast<int32_t>(leastRow);
    }
  }

  std::vector<double> distance(n);
  std::vector<int32_t> previousRow(n), ready;
  std::vector<bool> done(n);
  for (int64_t start = 0; start < n; ++start) {
    if (result.columnOfRow[start] >= 0)
      continue;
    // Dijkstra over reduced costs from the free row to the nearest free column.
    std::fill(distance.begin(), distance.end(), infinity);
    std::fill(done.begin(), done.end(), false);
    ready.clear();
    int64_t row = start, sink = -1;
    double reached = 0.0;
    while (sink < 0) {
      const double *costs = cost.row(row);
      double base = reached - result.rowPrice[row];
      double nearest = infinity;
      int64_t nearestColumn = -1;
      for (int64_t j = 0; j < n; ++j) {
        if (done[j])
          continue;
        double through = base + costs[j] - result.columnPrice[j];
        if (through < distance[j]) {
          distance[j] = through;
          previousRow[j] = static_cast<int32_t>(row);
        }
        // Among equals a free column ends the search at once.
        if (distance[j] < nearest ||
            (distance[j] == nearest && rowOfColumn[j] < 0 &&
             rowOfColumn[nearestColumn] >= 0)) {
          nearest = distance[j];
          nearestColumn = j;
        }
      }
      reached = nearest;
      done[nearestColumn] = true;
      if (rowOfColumn[nearestColumn] < 0) {
        sink = nearestColumn;
      } else {
        ready.push_back(static_cast<int32_t>(nearestColumn));
        row = rowOfColumn[nearestColumn];
      }
    }
    // Prices move so that the path becomes tight and the rest stays feasible.
    result.rowPrice[start] += reached;
    for (int32_t j : ready) {
      result.rowPrice[rowOfColumn[j]] += reached - distance[j];
      result.columnPrice[j] -= reached - distance[j];
    }
    for (int64_t j = sink; j >= 0;) {
      int32_t i = previousRow[j];
      int32_t next = result.columnOfRow[i];
      rowOfColumn[j] = i;
      result.columnOfRow[i] = static_cast<int32_t>(j);
      if (i == start)
        break;
      j = next;
    }
  }
  for (int64_t i = 0; i < n; ++i)
    result.cost += cost(i, result.columnOfRow[i]);
  return result;
}

std::vector<int32_t> solveTransportation(MatrixView<double> cost,
                                         int64_t capacity) {
  const int64_t n = cost.getRows(), columns = cost.getCols();
  assert(n == columns * capacity && "rows must fill the columns exactly");
  const double infinity = std::numeric_limits<double>::infinity();
  std::vector<int32_t> columnOfRow(n, -1);
  std::vector<std::vector<int32_t>> members(columns);
  std::vector<double> price(columns, 0.0);
  // The cheapest way to make room in column j by moving one of its rows to
  // column k, without prices, and the row that does it.
  Matrix<double> moveCost(columns, columns);
  Matrix<int32_t> moveRow(columns, columns);
  auto refresh = [&](int64_t j) {
    for (int64_t k = 0; k < columns; ++k) {
      moveCost(j, k) = infinity;
      for (int32_t row : members[j]) {
        double c = cost(row, k) - cost(row, j);
        if (c < moveCost(j, k)) {
          moveCost(j, k) = c;
          moveRow(j, k) = row;
        }
      }
    }
  };

  std::vector<double> distance(columns);
  std::vector<int32_t> previous(columns);
  std::vector<bool> done(columns);
  for (int64_t row = 0; row < n; ++row) {
    for (int64_t k = 0; k < columns; ++k) {
      distance[k] = cost(row, k) - price[k];
      previous[k] = -1;
      done[k] = false;
    }
    int64_t sink = -1;
    while (sink < 0) {
      int64_t j = -1;
      for (int64_t k = 0; k < columns; ++k)
        if (!done[k] && (j < 0 || distance[k] < distance[j]))
          j = k;
      done[j] = true;
      if (static_cast<int64_t>(members[j].size()) < capacity) {
        sink = j;
        break;
      }
      for (int64_t k = 0; k < columns; ++k) {
        double through = distance[j] + moveCost(j, k) + price[j] - price[k];
        if (!done[k] && through < distance[k]) {
          distance[k] = through;
          previous[k] = static_cast<int32_t>(j);
        }
      }
    }
    for (int64_t k = 0; k < columns; ++k)
      if (done[k])
        price[k] += distance[k] - distance[sink];
    // Shift one row along each edge of the path, from its end.
    int64_t k = sink;
    while (previous[k] >= 0) {
      int64_t j = previous[k];
      int32_t moved = moveRow(j, k);
      members[j].erase(llvm::find(members[j], moved));
      members[k].push_back(moved);
      columnOfRow[moved] = static_cast<int32_t>(k);
      refresh(k);
      k = j;
    }
    members[k].push_back(static_cast<int32_t>(row));
    columnOfRow[row] = static_cast<int32_t>(k);
    refresh(k);
  }
  return columnOfRow;
}

bool verifyAssignment(MatrixView<double> cost, const Assignment &assignment,
                      double tolerance) {
  int64_t n = cost.getRows();
  if (static_cast<int64_t>(assignment.columnOfRow.size()) != n ||
      !isPermutation(assignment.columnOfRow))
    return false;
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j)
      if (assignment.rowPrice[i] + assignment.columnPrice[j] >
          cost(i, j) + tolerance)
        return false;
    int32_t j = assignment.columnOfRow[i];
    if (std::fabs(assignment.rowPrice[i] + assignment.columnPrice[j] -
                  cost(i, j)) > tolerance)
      return false;
  }
  return true;
}

} // namespace hinm::core
