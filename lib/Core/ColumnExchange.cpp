//===- ColumnExchange.cpp - The columns of a tile and their groups --------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ColumnExchange.h"

#include "Simd.h"
#include "hinm/Core/Permutation.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

namespace hinm::core {

/// Groups of one assignment: beyond, its cubic cost outgrows the sums of
/// maxima.
static constexpr int64_t maxGroups = 128;
/// Dropped columns that an assignment may take in, per group.
static constexpr int64_t droppedPerGroup = 2;
/// The first noise, relative to the deviation of a group's costs, and the share
/// of the rounds in which there is any.
static constexpr double firstNoise = 0.4, noisyShare = 0.7;
/// Rounds without a gain, and without noise, after which a tile is done.
static constexpr int64_t maxIdleRounds = 8;

ColumnExchange::ColumnExchange(MatrixView<float> saliency,
                               llvm::ArrayRef<int32_t> tileRows, int64_t n,
                               int64_t m, std::vector<ColumnSegment> segments,
                               bool exchanges)
    : n(n), m(m), rows(tileRows.size()), stride(simd::padded(rows)),
      numColumns(saliency.getCols()), segments(std::move(segments)),
      exchanges(exchanges), columns((numColumns + 1) * stride), bound(stride) {
  for (auto [i, r] : llvm::enumerate(tileRows))
    for (int64_t c = 0; c < numColumns; ++c)
      columns[c * stride + i] = saliency(r, c);
}

double ColumnExchange::estimateSteps(int64_t groups, bool exchanges) {
  const int64_t choices = 1 + (exchanges ? droppedPerGroup : 0);
  return static_cast<double>(groups) * std::min(groups, maxGroups) * choices;
}

double ColumnExchange::groupWorth(const int32_t *members) {
  double worth = 0.0;
  for (int64_t r = 0; r < rows; ++r) {
    rowValues.clear();
    for (int64_t k = 0; k < m; ++k)
      rowValues.push_back(column(members[k])[r]);
    std::partial_sort(rowValues.begin(), rowValues.begin() + n, rowValues.end(),
                      std::greater<float>());
    for (int64_t k = 0; k < n; ++k)
      worth += rowValues[k];
  }
  return worth;
}

float ColumnExchange::others(const int32_t *group, int64_t slot) {
  if (n == 2 && m == 4)
    return simd::splitTriple(
        column(group[(slot + 1) % 4]), column(group[(slot + 2) % 4]),
        column(group[(slot + 3) % 4]), stride, bound.data());
  float kept = 0.0f;
  for (int64_t r = 0; r < rows; ++r) {
    rowValues.clear();
    for (int64_t k = 0; k < m; ++k)
      if (k != slot)
        rowValues.push_back(column(group[k])[r]);
    std::sort(rowValues.begin(), rowValues.end(), std::greater<float>());
    for (int64_t k = 0; k < n - 1; ++k)
      kept += rowValues[k];
    bound[r] = rowValues[n - 1];
  }
  return kept;
}

std::vector<int32_t>
ColumnExchange::improve(llvm::ArrayRef<int32_t> list, int64_t rounds,
                        Random random, llvm::function_ref<bool()> isOver) {
  const auto filling = static_cast<int32_t>(numColumns);
  slots.assign(list.begin(), list.end());
  std::vector<bool> kept(numColumns + 1);
  for (size_t k = 0; k < list.size(); ++k) {
    if (kept[list[k]])
      slots[k] = filling;
    kept[slots[k]] = true;
  }
  droppedOf.assign(segments.size(), {});
  if (exchanges)
    for (auto [s, segment] : llvm::enumerate(segments))
      for (int64_t c = segment.begin; c < segment.end; ++c)
        if (!kept[c])
          droppedOf[s].push_back(static_cast<int32_t>(c));

  auto measure = [&] {
    double worth = 0.0;
    for (size_t k = 0; k < slots.size(); k += m)
      worth += groupWorth(&slots[k]);
    return worth;
  };
  best = measure();
  if (n == m)
    return list.vec();
  std::vector<int32_t> bestSlots = slots;
  bool changed = false;
  noiseScale = 0.0;
  const double noisyRounds = noisyShare * static_cast<double>(rounds);
  int64_t idle = 0;
  for (int64_t round = 0; round < rounds && idle < maxIdleRounds && !isOver();
       ++round) {
    const double noise =
        firstNoise *
        std::max(0.0, 1.0 - static_cast<double>(round) / noisyRounds);
    bool gained = false;
    for (const ColumnSegment &segment : segments)
      gained |= exchangeRound(segment, round == 0 ? 0.0 : noise, random);
    changed |= gained;
    idle = gained || noise > 0.0 ? 0 : idle + 1;
    // A noisy round may lose; what follows it may not be there to make it good.
    if (changed && noise > 0.0 && round % 8 == 0)
      if (double worth = measure(); worth > best) {
        best = worth;
        bestSlots = slots;
      }
  }
  if (double worth = measure(); worth > best) {
    best = worth;
    bestSlots = slots;
  }
  // Filling repeats a column of its tile; the last one of the list always did.
  for (int32_t &c : bestSlots)
    if (c == filling)
      c = list.back();
  return bestSlots;
}

/// One round over a segment; whether anything moved.
bool ColumnExchange::exchangeRound(const ColumnSegment &segment, double noise,
                                   Random &random) {
  const int64_t groups = segment.slots / m;
  if (groups == 0)
    return false;
  std::vector<int32_t> order = identityPermutation(groups);
  random.shuffle(order);
  std::vector<int32_t> &dropped = droppedOf[&segment - segments.data()];
  const int64_t parts = (groups + maxGroups - 1) / maxGroups;
  // Deals: each part gets its share of the groups and of the dropped columns.
  if (parts > 1 ||
      static_cast<int64_t>(dropped.size()) > droppedPerGroup * groups)
    random.shuffle(dropped);
  bool moved = false;
  for (int64_t part = 0; part < parts; ++part) {
    const int64_t first = groups * part / parts,
                  last = groups * (part + 1) / parts;
    const int64_t count = dropped.size();
    const int64_t from = count * part / parts;
    const int64_t taken = std::min(count * (part + 1) / parts - from,
                                   droppedPerGroup * (last - first));
    moved |= assign(llvm::ArrayRef(order).slice(first, last - first),
                    llvm::ArrayRef(dropped).slice(from, taken), segment, noise,
                    random);
    // What was pushed out takes the place of what was taken in.
    std::copy_n(newcomers.begin() + (last - first), taken,
                dropped.begin() + from);
  }
  return moved;
}

/// Draws a column of each of \p groups and places the drawn ones and \p dropped
/// anew. Leaves in `newcomers` the drawn columns, then those that are dropped.
bool ColumnExchange::assign(llvm::ArrayRef<int32_t> groups,
                            llvm::ArrayRef<int32_t> dropped,
                            const ColumnSegment &segment, double noise,
                            Random &random) {
  const int64_t count = groups.size();
  const int64_t choices = count + static_cast<int64_t>(dropped.size());
  position.resize(count);
  newcomers.resize(choices);
  candidates.resize(choices);
  for (int64_t i = 0; i < count; ++i) {
    position[i] = random.below(m);
    newcomers[i] = slots[segment.firstSlot + groups[i] * m + position[i]];
  }
  std::copy(dropped.begin(), dropped.end(), newcomers.begin() + count);
  for (int64_t j = 0; j < choices; ++j)
    candidates[j] = column(newcomers[j]);
  if (choices < 2)
    return false;

  costs.resize(count * choices);
  double current = 0.0, squares = 0.0, mean = 0.0;
  for (int64_t i = 0; i < count; ++i) {
    const float kept =
        others(&slots[segment.firstSlot + groups[i] * m], position[i]);
    float *cost = &costs[i * choices];
    simd::sumsOfMaxima(bound.data(), candidates.data(), choices, stride, cost);
    for (int64_t j = 0; j < choices; ++j)
      cost[j] = -(kept + cost[j]);
    current += cost[i];
    if (noiseScale == 0.0)
      for (int64_t j = 0; j < choices; ++j) {
        mean += cost[j];
        squares += static_cast<double>(cost[j]) * cost[j];
      }
  }
  if (noiseScale == 0.0) {
    const auto entries = static_cast<double>(costs.size());
    noiseScale = std::sqrt(
        std::max(0.0, squares / entries - mean / entries * mean / entries));
  }
  if (noise > 0.0) {
    const auto amplitude = static_cast<float>(noise * noiseScale);
    for (float &cost : costs)
      cost -= amplitude * static_cast<float>(random.uniform());
  }
  const std::vector<int32_t> &chosen =
      solver.solve(MatrixView<float>(costs.data(), count, choices));
  if (noise == 0.0) {
    double next = 0.0;
    for (int64_t i = 0; i < count; ++i)
      next += costs[i * choices + chosen[i]];
    // Below this a gain is rounding and the search would not end.
    if (next >= current - 1e-6 * std::fabs(current))
      return false;
  }
  std::vector<bool> placed(choices);
  for (int64_t i = 0; i < count; ++i) {
    slots[segment.firstSlot + groups[i] * m + position[i]] =
        newcomers[chosen[i]];
    placed[chosen[i]] = true;
  }
  std::vector<int32_t> left;
  for (int64_t j = 0; j < choices; ++j)
    if (!placed[j])
      left.push_back(newcomers[j]);
  std::copy(left.begin(), left.end(), newcomers.begin() + count);
  return true;
}

} // namespace hinm::core
