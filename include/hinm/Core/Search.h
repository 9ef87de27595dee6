//===- Search.h - The search for channel orders -----------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The front door of the permutation search: which rows share a tile (the
/// output-channel permutation, OCP), which columns a tile keeps, and which of
/// them share a group (the input-channel permutation, ICP), so that the pattern
/// retains the most saliency.
///
/// Several weights whose rows are the same channels (q, k and v; gate and up)
/// are searched together: they get one row order, and each gets its own
/// columns.
///
/// The result depends on the seed, not on the number of threads.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_CORE_SEARCH_H
#define HINM_CORE_SEARCH_H

#include "hinm/Core/Matrix.h"
#include "hinm/Core/Pattern.h"
#include "hinm/Core/Permutation.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <functional>
#include <optional>
#include <vector>

namespace hinm::core {

enum class SearchAlgorithm {
  /// The natural order.
  None,
  /// Gyro-permutation as published (hinm/Core/Gyro.h). One weight at a time.
  Gyro,
  /// Exchanges of rows between tiles and of columns between groups, both judged
  /// by what the whole pattern loses (docs/search.md).
  Exchange
};

/// "none", "gyro" or "exchange"; nothing for another name.
std::optional<SearchAlgorithm> parseSearchAlgorithm(llvm::StringRef name);

/// Where a search stands, for progress lines.
struct SearchProgress {
  /// "rows" or "columns".
  llvm::StringRef phase;
  int64_t round;
  /// Saliency that the phase's objective loses, as a share of the total.
  double loss;
  /// Seconds since the start, and until the end as far as it can be foreseen.
  double elapsed;
  std::optional<double> remaining;
};

struct SearchOptions {
  SearchAlgorithm algorithm = SearchAlgorithm::Exchange;
  uint64_t seed = 0;
  /// Whether to search the order of the rows, and that of the columns.
  bool ocp = true, icp = true;
  /// Seconds after which no new step starts; positive. Without one the search
  /// ends when it has converged, and only then is it the same on any machine.
  std::optional<double> timeBudget;
  /// 0 for all cores.
  unsigned threads = 0;
  /// Rows that change places together, as the channels of a head: it divides
  /// the rows and the tile (Exchange).
  int64_t rowBlock = 1;
  /// A row order to start from (Exchange), as a former result gave it.
  Permutation warmStart;
  /// Called between steps, from one thread at a time.
  std::function<void(const SearchProgress &)> progress;
  /// Once it returns true the search ends with the best it has found. Called
  /// often, from any thread.
  std::function<bool()> stop;
};

/// One weight of a search: the saliency, R×C, and the pattern it has to obey.
struct SearchWeight {
  MatrixView<float> saliency;
  Pattern pattern;
};

/// The figures are sums of saliency; divide by `total` for shares.
struct WeightResult {
  ColumnIndex columns;
  double total = 0.0;
  double retained = 0.0;
  double retainedWithoutPermutation = 0.0;
  /// The most that as many weights can retain in any arrangement.
  double retainedUnstructured = 0.0;
};

struct SearchResult {
  /// P·W has row i = row rowOrder[i] of W, for every weight of the search.
  Permutation rowOrder;
  /// In the order of the search's weights.
  std::vector<WeightResult> weights;
};

/// Searches the orders of \p weights, which have the same number of rows and
/// patterns of the same tile. Refuses a saliency with NaN, infinite or negative
/// entries, a pattern that does not fit, blocks of rows that do not, a warm
/// start that is no order of them, and a budget that is not positive. The
/// weights together never retain less than in the natural order.
llvm::Expected<SearchResult> searchOrders(llvm::ArrayRef<SearchWeight> weights,
                                          const SearchOptions &options);

} // namespace hinm::core

#endif // HINM_CORE_SEARCH_H
