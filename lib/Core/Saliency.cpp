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
  std::vector<float> all;
  all.reserve(saliency.getRows() * saliency.getCols());
  for (int64_t r = 0; r < saliency.getRows(); ++r)
    all.insert(all.end(), saliency.row(r),
               saliency.row(r) + saliency.getCols());
  count = std::clamp<int64_t>(count, 0, all.size());
  std::nth_element(all.begin(), all.begin() + count, all.end(),
                   std::greater<float>());
  double sum = 0.0;
  for (int64_t i = 0; i < count; ++i)
    sum += all[i];
  return sum;
}

} // namespace hinm::core
