//===- Search.cpp - C interface of the permutation search -----------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm-c/Search.h"

#include "hinm/Core/Search.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>
#include <string>
#include <utility>

using namespace hinm::core;

struct HinmSearchResult {
  std::string error;
  SearchResult found;
};

static llvm::Expected<Pattern> toCore(const HinmPattern &from) {
  const llvm::StringRef policy = from.policy ? from.policy : "per_tile";
  auto known = llvm::StringSwitch<std::optional<VectorPolicy>>(policy)
                   .Case("per_tile", VectorPolicy::PerTile)
                   .Case("all", VectorPolicy::All)
                   .Case("per_block", VectorPolicy::PerBlock)
                   .Case("global", VectorPolicy::Global)
                   .Default(std::nullopt);
  if (!known)
    return llvm::createStringError(
        "unknown policy '%s', expected per_tile, all, per_block or global",
        policy.str().c_str());
  Pattern pattern;
  pattern.tile = from.tile;
  pattern.n = from.n;
  pattern.m = from.m;
  pattern.policy = *known;
  pattern.vectorSparsity = from.vector_sparsity;
  if (from.kept >= 0)
    pattern.kept = from.kept;
  pattern.listRows = from.list_rows;
  pattern.window = from.window;
  return pattern;
}

static llvm::Expected<SearchResult> search(const HinmSearchWeight *weights,
                                           int64_t count,
                                           const HinmSearchOptions &from) {
  std::vector<SearchWeight> converted;
  for (int64_t i = 0; i < count; ++i) {
    llvm::Expected<Pattern> pattern = toCore(weights[i].pattern);
    if (!pattern)
      return pattern.takeError();
    converted.push_back({MatrixView<float>(weights[i].saliency, weights[i].rows,
                                           weights[i].cols),
                         *pattern});
  }
  SearchOptions options;
  const llvm::StringRef name = from.algorithm ? from.algorithm : "exchange";
  std::optional<SearchAlgorithm> algorithm = parseSearchAlgorithm(name);
  if (!algorithm)
    return llvm::createStringError(
        "unknown algorithm '%s', expected exchange, gyro or none",
        name.str().c_str());
  options.algorithm = *algorithm;
  options.seed = from.seed;
  options.ocp = from.ocp != 0;
  options.icp = from.icp != 0;
  if (from.time_budget != INFINITY)
    options.timeBudget = from.time_budget;
  options.threads = from.threads;
  if (from.warm_start && count > 0)
    options.warmStart.assign(from.warm_start,
                             from.warm_start + weights[0].rows);
  if (from.stop)
    options.stop = [flag = from.stop] {
      return __atomic_load_n(flag, __ATOMIC_RELAXED) != 0;
    };
  if (from.progress)
    options.progress = [&](const SearchProgress &progress) {
      const HinmSearchProgress report = {
          progress.phase == "rows" ? "rows" : "columns", progress.round,
          progress.loss, progress.elapsed, progress.remaining.value_or(-1.0)};
      from.progress(&report, from.user);
    };
  return searchOrders(converted, options);
}

HinmSearchResult *hinmSearch(const HinmSearchWeight *weights, int64_t count,
                             const HinmSearchOptions *options) {
  auto *result = new HinmSearchResult;
  if (llvm::Expected<SearchResult> found = search(weights, count, *options))
    result->found = std::move(*found);
  else
    result->error = llvm::toString(found.takeError());
  return result;
}

void hinmSearchDestroy(HinmSearchResult *result) { delete result; }

const char *hinmSearchError(const HinmSearchResult *result) {
  return result->error.empty() ? nullptr : result->error.c_str();
}

const int32_t *hinmSearchRowOrder(const HinmSearchResult *result) {
  return result->found.rowOrder.data();
}

const int32_t *hinmSearchColumns(const HinmSearchResult *result, int64_t weight,
                                 int64_t *count) {
  const std::vector<int32_t> &columns =
      result->found.weights[weight].columns.columns;
  *count = static_cast<int64_t>(columns.size());
  return columns.data();
}

const int32_t *hinmSearchOffsets(const HinmSearchResult *result, int64_t weight,
                                 int64_t *count) {
  const std::vector<int32_t> &offsets =
      result->found.weights[weight].columns.offsets;
  *count = static_cast<int64_t>(offsets.size());
  return offsets.data();
}

void hinmSearchFigures(const HinmSearchResult *result, int64_t weight,
                       double figures[4]) {
  const WeightResult &from = result->found.weights[weight];
  figures[0] = from.total;
  figures[1] = from.retained;
  figures[2] = from.retainedWithoutPermutation;
  figures[3] = from.retainedUnstructured;
}
