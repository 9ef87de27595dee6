//===- BalancedKMeans.cpp - Clusters of equal size ------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/BalancedKMeans.h"

#include "hinm/Core/Assignment.h"
#include <algorithm>
#include <numeric>

namespace hinm::core {

namespace {
double squaredDistance(const float *a, const float *b, int64_t features) {
  // Eight partial sums let the compiler vectorise without reordering freedom.
  float partial[8] = {};
  int64_t f = 0;
  for (; f + 8 <= features; f += 8)
    for (int lane = 0; lane < 8; ++lane) {
      float d = a[f + lane] - b[f + lane];
      partial[lane] += d * d;
    }
  double sum = std::accumulate(partial, partial + 8, 0.0);
  for (; f < features; ++f)
    sum += static_cast<double>(a[f] - b[f]) * (a[f] - b[f]);
  return sum;
}
} // namespace

std::vector<int32_t> balancedKMeans(MatrixView<float> points, int64_t k,
                                    int maxIterations,
                                    std::mt19937_64 &random) {
  const int64_t n = points.getRows(), features = points.getCols();
  assert(k > 0 && n % k == 0 && "k must divide the number of points");
  const int64_t size = n / k;
  std::vector<int32_t> cluster(n, 0);

  // k distinct rows, by a partial Fisher-Yates shuffle (std::shuffle's result
  // is not the same in every library).
  std::vector<int32_t> rows(n);
  std::iota(rows.begin(), rows.end(), 0);
  Matrix<float> centroids(k, features);
  for (int64_t i = 0; i < k; ++i) {
    std::swap(rows[i], rows[i + random() % (n - i)]);
    std::copy_n(points.row(rows[i]), features, centroids.row(i));
  }

  Matrix<double> cost(n, k);
  for (int iteration = 0; iteration < maxIterations; ++iteration) {
    for (int64_t p = 0; p < n; ++p)
      for (int64_t c = 0; c < k; ++c)
        cost(p, c) = squaredDistance(points.row(p), centroids.row(c), features);
    std::vector<int32_t> next = solveTransportation(cost, size);
    bool stable = iteration > 0 && next == cluster;
    cluster = std::move(next);
    if (stable)
      break;
    centroids = Matrix<float>(k, features);
    for (int64_t p = 0; p < n; ++p)
      for (int64_t f = 0; f < features; ++f)
        centroids(cluster[p], f) += points(p, f) / size;
  }
  return cluster;
}

} // namespace hinm::core
