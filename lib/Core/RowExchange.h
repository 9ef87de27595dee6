//===- RowExchange.h - The order of the rows --------------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Output-channel permutation by exchange: simulated annealing over swaps of
/// two rows of different tiles.
///
/// A tile is worth the sum of its K largest column sums. With θ the K-th
/// largest one that is Kθ + Σ max(sum − θ, 0), and the formula with the old θ
/// is within second order of the worth after a swap, so a swap costs one pass
/// over the columns and no selection. In a round the tiles meet in disjoint
/// random pairs, each pair on its own stream of random numbers; of a pair's V²
/// swaps those are tried whose rows would gain most from the other tile's kept
/// columns as they are.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_LIB_CORE_ROWEXCHANGE_H
#define HINM_LIB_CORE_ROWEXCHANGE_H

#include "Random.h"
#include "SearchControl.h"
#include "WorkerPool.h"
#include "hinm/Core/Matrix.h"
#include "hinm/Core/Permutation.h"
#include <vector>

namespace hinm::core {

/// Columns [begin, end) of which a tile keeps the best `kept`, or, if `shared`,
/// of which all tiles together keep the best `kept` sums.
struct RowSegment {
  int64_t begin, end, kept;
  bool shared;
};

class RowExchange {
public:
  /// \p worth is R×C with C whole vectors (hinm::core::simd), zero where
  /// padded.
  RowExchange(MatrixView<float> worth, std::vector<RowSegment> segments,
              int64_t tile, Permutation order, uint64_t seed, WorkerPool &pool);

  /// Rounds until \p clock says that the phase is over. \p heat scales the
  /// temperatures: 1 from any order, less from one that is good already.
  void run(PhaseClock &clock, double heat);

  Permutation getOrder() const;
  /// What the columns kept by the tiles are worth.
  double getWorth() const;

private:
  struct Tile {
    std::vector<int32_t> rows;
    /// Column sums, and the same less their segment's θ.
    std::vector<float> sums, excess;
    double base = 0.0, worth = 0.0;
    int64_t swaps = 0;
  };
  /// Memory of one worker.
  struct Scratch {
    std::vector<float> values, direction;
    std::vector<float> gainA, gainB;
    std::vector<int32_t> bestA, bestB;
  };

  void sumUp(Tile &tile);
  void findThresholds(Tile &tile, Scratch &scratch);
  void shareThresholds();
  double worthAfterSwap(const Tile &a, const Tile &b, int32_t rowA,
                        int32_t rowB) const;
  double measureGains();
  void meet(Tile &a, Tile &b, double temperature, Random random,
            Scratch &scratch);

  MatrixView<float> worth;
  std::vector<RowSegment> segments;
  std::vector<float> sharedThresholds;
  double total = 0.0;
  uint64_t seed;
  WorkerPool &pool;
  std::vector<Tile> tiles;
  std::vector<Scratch> scratches;
};

} // namespace hinm::core

#endif // HINM_LIB_CORE_ROWEXCHANGE_H
