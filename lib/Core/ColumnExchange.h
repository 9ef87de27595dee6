//===- ColumnExchange.h - The columns of a tile and their groups *- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Input-channel permutation by exchange, together with the choice of the kept
/// columns, both by what N:M leaves.
///
/// In a round one column of every group is drawn. A group of which the others
/// keep o₁ ≥ … ≥ o_{M−1} in a row is worth o₁ + … + o_{N−1} + max(o_N, e) there
/// with newcomer e, so what every group would be worth with every drawn or
/// dropped column is one sum of maxima, and the best new place of all drawn
/// columns is an assignment. The costs carry noise that dies away, which lets
/// the search leave local optima; the best list is kept.
///
/// Large tiles are dealt to assignments of at most `maxGroups` groups, others
/// in every round, so that a round's cost is linear in the columns.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_LIB_CORE_COLUMNEXCHANGE_H
#define HINM_LIB_CORE_COLUMNEXCHANGE_H

#include "Random.h"
#include "hinm/Core/Matrix.h"
#include "hinm/Core/RectangularAssignment.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <vector>

namespace hinm::core {

/// Entries [firstSlot, firstSlot + slots) of a tile's list, which hold columns
/// out of [begin, end).
struct ColumnSegment {
  int64_t begin, end, firstSlot, slots;
};

class ColumnExchange {
public:
  /// The tile of the rows \p rows of \p saliency. With \p exchanges, dropped
  /// columns may take the place of kept ones.
  ColumnExchange(MatrixView<float> saliency, llvm::ArrayRef<int32_t> rows,
                 int64_t n, int64_t m, std::vector<ColumnSegment> segments,
                 bool exchanges);

  /// Searches from \p list, for \p rounds rounds or until \p isOver. Returns
  /// the best list seen, which is worth no less. An entry that repeats a column
  /// is filling, and worth nothing.
  std::vector<int32_t> improve(llvm::ArrayRef<int32_t> list, int64_t rounds,
                               Random random,
                               llvm::function_ref<bool()> isOver);

  /// Σ of the saliency that the last result of improve() retains.
  double getWorth() const { return best; }

  /// Pairs of a group and a column that a round over \p groups groups weighs.
  static double estimateSteps(int64_t groups, bool exchanges);

private:
  const float *column(int32_t c) const {
    return columns.data() + static_cast<int64_t>(c) * stride;
  }
  double groupWorth(const int32_t *members);
  /// What slot \p slot's group is worth without it (returned) and the bound
  /// that a newcomer has to beat in each row.
  float others(const int32_t *group, int64_t slot);
  bool exchangeRound(const ColumnSegment &segment, double noise,
                     Random &random);
  bool assign(llvm::ArrayRef<int32_t> groups, llvm::ArrayRef<int32_t> dropped,
              const ColumnSegment &segment, double noise, Random &random);

  int64_t n, m, rows, stride, numColumns;
  std::vector<ColumnSegment> segments;
  bool exchanges;
  /// Column after column, rows padded to whole vectors, then a column of zeros
  /// that stands for filling.
  std::vector<float> columns;
  std::vector<int32_t> slots;
  std::vector<std::vector<int32_t>> droppedOf; // by segment
  double best = 0.0, noiseScale = 0.0;

  RectangularAssignment solver;
  std::vector<float> bound, sums, costs, rowValues;
  std::vector<const float *> candidates;
  std::vector<int32_t> position, newcomers;
};

} // namespace hinm::core

#endif // HINM_LIB_CORE_COLUMNEXCHANGE_H
