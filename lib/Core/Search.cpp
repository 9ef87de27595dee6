//===- Search.cpp - The search for channel orders -------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/Search.h"

#include "Exchange.h"
#include "SearchControl.h"
#include "hinm/Core/Gyro.h"
#include "hinm/Core/Saliency.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>
#include <utility>

namespace hinm::core {

std::optional<SearchAlgorithm> parseSearchAlgorithm(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<SearchAlgorithm>>(name)
      .Case("none", SearchAlgorithm::None)
      .Case("gyro", SearchAlgorithm::Gyro)
      .Case("exchange", SearchAlgorithm::Exchange)
      .Default(std::nullopt);
}

namespace {

llvm::Error checkArguments(llvm::ArrayRef<SearchWeight> weights,
                           const SearchOptions &options) {
  if (weights.empty())
    return llvm::createStringError("there is no weight to search");
  const int64_t rows = weights.front().saliency.getRows();
  const int64_t tile = weights.front().pattern.tile;
  for (auto [i, weight] : llvm::enumerate(weights)) {
    if (weight.saliency.getRows() != rows)
      return llvm::createStringError(
          "weight %zu has %lld rows and weight 0 has %lld: weights that share "
          "an order have the same rows",
          i, static_cast<long long>(weight.saliency.getRows()),
          static_cast<long long>(rows));
    if (weight.pattern.tile != tile)
      return llvm::createStringError(
          "weight %zu has tiles of %lld rows and weight 0 of %lld: weights "
          "that share an order share their tiles",
          i, static_cast<long long>(weight.pattern.tile),
          static_cast<long long>(tile));
    if (weight.pattern.getListRows() != weights.front().pattern.getListRows())
      return llvm::createStringError(
          "weight %zu has a column list for %lld rows and weight 0 for %lld: "
          "weights that share an order share them",
          i, static_cast<long long>(weight.pattern.getListRows()),
          static_cast<long long>(weights.front().pattern.getListRows()));
    if (llvm::Error error = checkSaliency(weight.saliency))
      return error;
    if (llvm::Error error =
            weight.pattern.check(rows, weight.saliency.getCols()))
      return error;
  }
  const int64_t block = options.rowBlock;
  if (block < 1 || rows % block != 0 || tile % block != 0)
    return llvm::createStringError(
        "blocks of %lld rows do not divide %lld rows in tiles of %lld",
        static_cast<long long>(block), static_cast<long long>(rows),
        static_cast<long long>(tile));
  if (block > 1 && options.algorithm == SearchAlgorithm::Gyro)
    return llvm::createStringError(
        "gyro knows no blocks of rows: use exchange");
  if (!options.warmStart.empty() &&
      (static_cast<int64_t>(options.warmStart.size()) != rows ||
       !isPermutation(options.warmStart)))
    return llvm::createStringError(
        "the warm start is no order of the %lld rows",
        static_cast<long long>(rows));
  for (size_t i = 0; i < options.warmStart.size(); ++i)
    if (options.warmStart[i] % block != static_cast<int64_t>(i) % block ||
        (i % block != 0 &&
         options.warmStart[i] != options.warmStart[i - 1] + 1))
      return llvm::createStringError(
          "the warm start does not keep blocks of %lld rows together",
          static_cast<long long>(block));
  if (options.timeBudget &&
      !(*options.timeBudget > 0.0 && std::isfinite(*options.timeBudget)))
    return llvm::createStringError(
        "the time budget is %g s, it must be positive", *options.timeBudget);
  return llvm::Error::success();
}

} // namespace

llvm::Expected<SearchResult> searchOrders(llvm::ArrayRef<SearchWeight> weights,
                                          const SearchOptions &options) {
  if (llvm::Error error = checkArguments(weights, options))
    return std::move(error);
  const Pattern &pattern = weights.front().pattern;
  if (options.algorithm == SearchAlgorithm::Gyro &&
      (pattern.window > 0 || pattern.getListRows() > pattern.tile))
    return llvm::createStringError("gyro knows no shared column lists and no "
                                   "windows: use exchange");
  if (options.algorithm == SearchAlgorithm::Exchange)
    return searchByExchange(weights, options);
  if (weights.size() != 1)
    return llvm::createStringError(
        "gyro searches one weight at a time, and was given %zu",
        weights.size());
  GyroOptions gyro;
  gyro.seed = options.seed;
  gyro.ocp = options.ocp && options.algorithm != SearchAlgorithm::None;
  gyro.icp = options.icp && options.algorithm != SearchAlgorithm::None;
  gyro.timeBudget = options.timeBudget.value_or(0.0);
  gyro.threads = options.threads;
  gyro.stop = options.stop;
  const SearchClock clock(options);
  if (options.progress) {
    const double total = totalSaliency(weights[0].saliency);
    gyro.progress = [&, total](const GyroProgress &progress) {
      options.progress({progress.phase == "ocp" ? "rows" : "columns",
                        progress.round,
                        total > 0.0 ? progress.loss / total : 0.0,
                        clock.elapsed(), std::nullopt});
    };
  }
  llvm::Expected<GyroResult> found =
      gyroPermute(weights[0].saliency, weights[0].pattern, gyro);
  if (!found)
    return found.takeError();
  SearchResult result;
  result.rowOrder = std::move(found->rowOrder);
  result.weights.push_back(std::move(*found));
  return result;
}

} // namespace hinm::core
