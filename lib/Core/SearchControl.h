//===- SearchControl.h - When a search ends, and what it says meanwhile *- C++
//-*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The clock of a search and of its phases.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_LIB_CORE_SEARCHCONTROL_H
#define HINM_LIB_CORE_SEARCHCONTROL_H

#include "hinm/Core/Search.h"
#include <algorithm>
#include <chrono>

namespace hinm::core {

class SearchClock {
public:
  explicit SearchClock(const SearchOptions &options)
      : options(options), start(std::chrono::steady_clock::now()) {}

  double elapsed() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                         start)
        .count();
  }
  bool stopped() const { return options.stop && options.stop(); }
  const SearchOptions &getOptions() const { return options; }

private:
  const SearchOptions &options;
  std::chrono::steady_clock::time_point start;
};

/// Says how far a phase is: by its rounds, or by the time that it may take.
class PhaseClock {
public:
  /// With a time budget, the phase ends \p seconds after the search's start and
  /// has as many rounds as there is time for; else it has \p rounds.
  PhaseClock(const SearchClock &search, llvm::StringRef phase, int64_t rounds,
             std::optional<double> seconds)
      : search(search), phase(phase), rounds(rounds), until(seconds),
        begin(search.elapsed()), lastReport(begin) {}

  int64_t getRound() const { return round; }
  bool isOver() const { return getShare() >= 1.0 || search.stopped(); }
  /// The share of the phase that is done, at most 1.
  double getShare() const {
    if (until)
      return *until > begin
                 ? std::min(1.0, (search.elapsed() - begin) / (*until - begin))
                 : 1.0;
    return rounds > 0 ? std::min(1.0, static_cast<double>(round) /
                                          static_cast<double>(rounds))
                      : 1.0;
  }
  /// Ends a round. \p loss is called only when it is time for a report.
  template <typename LossFn>
  void tick(LossFn loss) {
    ++round;
    const auto &progress = search.getOptions().progress;
    if (!progress)
      return;
    const double now = search.elapsed();
    if (now - lastReport < reportEvery && !isOver())
      return;
    lastReport = now;
    std::optional<double> remaining;
    if (const double share = getShare(); share > 0.0)
      remaining = (now - begin) * (1.0 - share) / share;
    progress({phase, round, loss(), now, remaining});
  }

private:
  static constexpr double reportEvery = 0.1; // seconds

  const SearchClock &search;
  llvm::StringRef phase;
  int64_t rounds, round = 0;
  std::optional<double> until;
  double begin, lastReport;
};

} // namespace hinm::core

#endif // HINM_LIB_CORE_SEARCHCONTROL_H
