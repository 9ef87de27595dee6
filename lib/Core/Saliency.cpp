//===- Saliency.cpp - Scores of weights -----------------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/Saliency.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>
#include <vector>

namespace hinm::core {

llvm::Expected<Matrix<float>> computeSaliency(MatrixView<float> weight,
                                              SaliencyKind kind) {
  Matrix<float> saliency(weight.getRows(), weight.getCols());
  for (int64_t r = 0; r < weight.getRows(); ++r)
    for (int64_t c = 0; c < weight.getCols(); ++c) {
      float w = weight(r, c);
      if (!std::isfinite(w))
        return llvm::createStringError(
            "weight [%lld, %lld] is %s: pruning needs finite weights",
            static_cast<long long>(r), static_cast<long long>(c),
            std::isnan(w) ? "NaN" : "infinite");
      saliency(r, c) = kind == SaliencyKind::Squared ? w * w : std::fabs(w);
    }
  // The square of a large weight can overflow.
  if (llvm::Error error = checkSaliency(saliency))
    return std::move(error);
  return saliency;
}

namespace {

/// score(|w|, statistic) of every weight.
template <typename ScoreFn>
llvm::Expected<Matrix<float>>
computeFromStatistics(MatrixView<float> weight, MatrixView<float> statistics,
                      bool mayBeZero, ScoreFn score) {
  auto ll = [](int64_t value) { return static_cast<long long>(value); };
  const int64_t rows = statistics.getRows();
  if ((rows != 1 && rows != weight.getRows()) ||
      statistics.getCols() != weight.getCols())
    return llvm::createStringError(
        "statistics of %lld x %lld for a weight of %lld x %lld: they must be "
        "1 x %lld or of the weight's shape",
        ll(rows), ll(statistics.getCols()), ll(weight.getRows()),
        ll(weight.getCols()), ll(weight.getCols()));
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < weight.getCols(); ++c)
      if (float s = statistics(r, c);
          !std::isfinite(s) || s < 0.0f || (s == 0.0f && !mayBeZero))
        return llvm::createStringError(
            "statistic [%lld, %lld] is %g: it must be finite and %s", ll(r),
            ll(c), s, mayBeZero ? "not negative" : "positive");
  llvm::Expected<Matrix<float>> saliency =
      computeSaliency(weight, SaliencyKind::Magnitude);
  if (!saliency)
    return saliency.takeError();
  for (int64_t r = 0; r < weight.getRows(); ++r)
    for (int64_t c = 0; c < weight.getCols(); ++c)
      (*saliency)(r, c) = static_cast<float>(
          score(static_cast<double>((*saliency)(r, c)),
                static_cast<double>(statistics(rows == 1 ? 0 : r, c))));
  if (llvm::Error error = checkSaliency(*saliency))
    return std::move(error);
  return saliency;
}

} // namespace

llvm::Expected<Matrix<float>>
computeWandaSaliency(MatrixView<float> weight, MatrixView<float> statistics) {
  return computeFromStatistics(weight, statistics, /*mayBeZero=*/true,
                               [](double w, double x) { return w * x; });
}

llvm::Expected<Matrix<float>>
computeFisherSaliency(MatrixView<float> weight, MatrixView<float> statistics) {
  return computeFromStatistics(
      weight, statistics, /*mayBeZero=*/true,
      [](double w, double f) { return w * w * f / 2; });
}

llvm::Expected<Matrix<float>> computeObsSaliency(MatrixView<float> weight,
                                                 MatrixView<float> statistics) {
  return computeFromStatistics(
      weight, statistics, /*mayBeZero=*/false,
      [](double w, double inverse) { return w * w / (2 * inverse); });
}

llvm::Error checkSaliency(MatrixView<float> saliency) {
  for (int64_t r = 0; r < saliency.getRows(); ++r)
    for (int64_t c = 0; c < saliency.getCols(); ++c) {
      float s = saliency(r, c);
      if (std::isfinite(s) && s >= 0.0f)
        continue;
      return llvm::createStringError(
          "saliency [%lld, %lld] is %s: every entry must be finite and not "
          "negative",
          static_cast<long long>(r), static_cast<long long>(c),
          std::isnan(s) ? "NaN" : (s < 0 ? "negative" : "infinite"));
    }
  return llvm::Error::success();
}

double totalSaliency(MatrixView<float> saliency) {
  double total = 0.0;
  for (int64_t r = 0; r < saliency.getRows(); ++r)
    for (int64_t c = 0; c < saliency.getCols(); ++c)
      total += saliency(r, c);
  return total;
}

double unstructuredSaliency(MatrixView<float> saliency, int64_t count) {
  const int64_t size = saliency.getRows() * saliency.getCols();
  if (count >= size)
    return totalSaliency(saliency);
  if (count <= 0)
    return 0.0;
  // Non-negative floats are ordered as their bits are: a histogram of the upper
  // halves finds the bin in which the last of the largest lies.
  constexpr int binBits = 16;
  auto binOf = [](float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    return bits >> binBits;
  };
  const float *entries = saliency.row(0);
  std::vector<int64_t> inBin(1 << (32 - binBits));
  for (int64_t i = 0; i < size; ++i)
    ++inBin[binOf(entries[i])];
  uint32_t last = inBin.size() - 1;
  int64_t left = count;
  while (inBin[last] < left)
    left -= inBin[last--];
  double sum = 0.0;
  std::vector<float> border;
  border.reserve(inBin[last]);
  for (int64_t i = 0; i < size; ++i)
    if (const uint32_t bin = binOf(entries[i]); bin > last)
      sum += entries[i];
    else if (bin == last)
      border.push_back(entries[i]);
  std::partial_sort(border.begin(), border.begin() + left, border.end(),
                    std::greater<float>());
  return std::accumulate(border.begin(), border.begin() + left, sum);
}

} // namespace hinm::core
