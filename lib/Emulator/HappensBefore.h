//===- HappensBefore.h - Which accesses are ordered -------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The happens-before relation of one block, as vector clocks. Those who access
/// shared memory are its *parties*: the threads, and the agents that work on
/// their behalf. What the wgmmas of a warpgroup read, and what the copies of an
/// mbarrier write, is before nothing until somebody has waited for it.
///
/// All parties share one time. An access carries its party and the time; a
/// thread knows, for each party, up to when its accesses lie before what the
/// thread does next, and barriers pass this on. A second clock says the same of
/// the async proxy, by which wgmma reads: a path to it leads over a
/// fence.proxy.async.
///
/// After a barrier of the whole block everybody knows what all threads did,
/// which is one number: a kernel without other barriers pays nothing for
/// clocks.
///
//===----------------------------------------------------------------------===//

#ifndef LIB_EMULATOR_HAPPENSBEFORE_H
#define LIB_EMULATOR_HAPPENSBEFORE_H

#include <algorithm>
#include <cstdint>
#include <vector>

namespace hinm::emulator {

/// Who accesses, and when.
struct Stamp {
  uint32_t party = none;
  uint32_t time = 0;

  static constexpr uint32_t none = 0xFFFFFFFF;

  bool operator==(const Stamp &other) const {
    return party == other.party && time == other.time;
  }
};

/// Parties from this on are agents.
constexpr uint32_t firstAgent = 1 << 16;

/// For each party the time up to which its accesses are known.
class Clock {
public:
  uint32_t operator[](uint32_t party) const {
    if (party >= firstAgent)
      return party - firstAgent < agents.size() ? agents[party - firstAgent]
                                                : 0;
    return party < times.size() ? std::max(floor, times[party]) : floor;
  }
  bool knows(Stamp access) const {
    return access.party == Stamp::none || access.time <= (*this)[access.party];
  }
  void raise(Stamp access);
  /// What either knows.
  void join(const Clock &other);
  /// What both know.
  void meet(const Clock &other);
  /// Everything of all threads up to \p time.
  void raiseThreads(uint32_t time) {
    floor = time;
    times.clear();
  }

private:
  uint32_t floor = 0; // of all threads
  std::vector<uint32_t> times, agents;
};

/// What a thread knows, and what a barrier passes on.
struct Knowledge {
  Clock all;
  /// The part that the async proxy sees, too.
  Clock fenced;

  void join(const Knowledge &other) {
    all.join(other.all);
    fenced.join(other.fenced);
  }
  void meet(const Knowledge &other) {
    all.meet(other.all);
    fenced.meet(other.fenced);
  }
};

class HappensBefore {
public:
  /// Starts a block of \p threads threads: parties 0, 1, ...
  void reset(uint32_t threads);
  /// A new party that is no thread.
  uint32_t addAgent() { return firstAgent + agents++; }

  /// The stamp of what \p thread accesses now. It changes whenever the thread
  /// releases or learns anything.
  Stamp now(uint32_t thread) const { return {thread, own[thread]}; }
  /// A stamp of \p agent later than any before.
  Stamp next(uint32_t agent) { return {agent, ++time}; }
  /// Whether \p access lies before what \p thread does next.
  bool isBefore(Stamp access, uint32_t thread) const {
    return access.party == thread || clocks[thread].all.knows(access);
  }
  const Clock &known(uint32_t thread) const { return clocks[thread].all; }
  /// What threads did up to here is known to everybody.
  uint32_t settled() const { return floor; }

  /// A barrier of all threads, and of \p members.
  void orderAll();
  void order(const std::vector<uint32_t> &members);
  /// Adds what \p thread has done and knows to \p to.
  void release(uint32_t thread, Knowledge &to);
  void acquire(uint32_t thread, const Knowledge &from);
  /// The thread learns of one access.
  void acquire(uint32_t thread, Stamp access);
  /// fence.proxy.async: the async proxy sees what the thread has done and
  /// knows.
  void fenceProxy(uint32_t thread);
  /// What each of \p count threads from \p first on has done itself or knows.
  Knowledge common(uint32_t first, uint32_t count);

private:
  /// What \p thread knows, with what it has done itself.
  const Knowledge &withOwn(uint32_t thread);

  uint32_t agents = 0;
  uint32_t time = 0;
  uint32_t floor = 0;
  std::vector<uint32_t> own; // the time of each thread
  std::vector<Knowledge> clocks;
};

} // namespace hinm::emulator

#endif // LIB_EMULATOR_HAPPENSBEFORE_H
