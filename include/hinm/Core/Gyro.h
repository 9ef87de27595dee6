//===- Gyro.h - Gyro-permutation --------------------------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Gyro-permutation as published (arXiv 2407.20496 §4): a search for the row
/// order (OCP) and, for each tile, the order of its kept columns (ICP) that
/// together retain the most saliency.
///
/// OCP repeats: draw s rows of every tile; cluster them in T clusters of s by
/// balanced k-means; assign clusters to tiles optimally, by the vector saliency
/// each pairing would lose; accept if the total falls. s goes 8, 1, 4, 1, 2, 1,
/// 1, a stage ends with its first failure. ICP repeats for each tile by itself:
/// draw one column of every group; assign them to groups optimally, by the N:M
/// saliency each pairing would lose; accept if the total falls; end with the
/// third failure. For 2:4 with a ≤ b ≤ c the three entries of a row that stay
/// and e the newcomer, the loss of a row is a + min(b, e).
///
/// Where the authors' released code departs from the paper (its OCP cost is
/// right only at 50 % vector sparsity, its ICP permutes twice), this follows
/// the paper.
///
/// The result depends on the seed only, not on the number of threads.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_CORE_GYRO_H
#define HINM_CORE_GYRO_H

#include "hinm/Core/Matrix.h"
#include "hinm/Core/Pattern.h"
#include "hinm/Core/Permutation.h"
#include "hinm/Core/Search.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <functional>

namespace hinm::core {

/// Where a search stands, for progress lines.
struct GyroProgress {
  /// "ocp" or "icp".
  llvm::StringRef phase;
  /// Rounds done in the phase (OCP) or tiles done (ICP), and tiles in all.
  int64_t round, tiles;
  /// Saliency not retained by the phase's own objective.
  double loss;
};

struct GyroOptions {
  uint64_t seed = 0;
  bool ocp = true;
  bool icp = true;
  /// Seconds after which no new round starts; 0 for none. With a budget the
  /// result depends on the machine's speed; what is found is always valid.
  double timeBudget = 0.0;
  /// Threads for the tiles of ICP; 0 for all cores.
  unsigned threads = 0;
  std::function<void(const GyroProgress &)> progress;
  /// Once it returns true no new round starts. Called from any thread.
  std::function<bool()> stop;
};

struct GyroResult : WeightResult {
  Permutation rowOrder;
};

/// Searches the orders of one weight with the given R×C \p saliency. Refuses a
/// saliency with NaN, infinite or negative entries and a pattern that does not
/// fit. Never returns less retained saliency than the natural order does. ICP
/// needs a policy that leaves the order of columns free (all but PerBlock).
llvm::Expected<GyroResult> gyroPermute(MatrixView<float> saliency,
                                       const Pattern &pattern,
                                       const GyroOptions &options);

} // namespace hinm::core

#endif // HINM_CORE_GYRO_H
