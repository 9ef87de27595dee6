//===- BalancedKMeans.h - Clusters of equal size ----------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// k-means with clusters of exactly equal size: the assignment step gives each
/// of the k centroids the same number of points, optimally (a transportation
/// problem, solved as an assignment with repeated centroids).
///
/// Source: arXiv 2407.20496 §4, after Malinen and Fränti, S+SSPR 2014.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_CORE_BALANCEDKMEANS_H
#define HINM_CORE_BALANCEDKMEANS_H

#include "hinm/Core/Matrix.h"
#include <random>
#include <vector>

namespace hinm::core {

/// Clusters the rows of \p points (k·size × features) in \p k clusters of
/// equal size, from \p k distinct random rows as first centroids, in at most
/// \p maxIterations steps. Returns the cluster of each row. k must divide the
/// number of rows.
std::vector<int32_t> balancedKMeans(MatrixView<float> points, int64_t k,
                                    int maxIterations, std::mt19937_64 &random);

} // namespace hinm::core

#endif // HINM_CORE_BALANCEDKMEANS_H
