//===- HappensBefore.cpp - Vector clocks ----------------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emulator/HappensBefore.h"

using namespace hinm::emulator;

static void raiseTo(std::vector<uint32_t> &times, size_t index, uint32_t time) {
  if (index >= times.size())
    times.resize(index + 1, 0);
  times[index] = std::max(times[index], time);
}

static void joinTo(std::vector<uint32_t> &times,
                   const std::vector<uint32_t> &other) {
  if (times.size() < other.size())
    times.resize(other.size(), 0);
  for (size_t i = 0; i < other.size(); ++i)
    times[i] = std::max(times[i], other[i]);
}

void Clock::raise(Stamp access) {
  if (access.party >= firstAgent)
    raiseTo(agents, access.party - firstAgent, access.time);
  else
    raiseTo(times, access.party, access.time);
}

void Clock::join(const Clock &other) {
  floor = std::max(floor, other.floor);
  joinTo(times, other.times);
  joinTo(agents, other.agents);
}

void Clock::meet(const Clock &other) {
  times.resize(std::max(times.size(), other.times.size()), 0);
  for (size_t i = 0; i < times.size(); ++i)
    times[i] = std::min((*this)[i], other[i]);
  floor = std::min(floor, other.floor);
  agents.resize(std::min(agents.size(), other.agents.size()));
  for (size_t i = 0; i < agents.size(); ++i)
    agents[i] = std::min(agents[i], other.agents[i]);
}

void HappensBefore::reset(uint32_t threads) {
  agents = 0;
  floor = 0;
  time = 1;
  own.assign(threads, time);
  clocks.assign(threads, Knowledge());
}

void HappensBefore::orderAll() {
  floor = time++;
  Knowledge together;
  for (Knowledge &one : clocks) {
    one.all.raiseThreads(floor);
    together.join(one);
  }
  std::fill(own.begin(), own.end(), time);
  std::fill(clocks.begin(), clocks.end(), together);
}

const Knowledge &HappensBefore::withOwn(uint32_t thread) {
  clocks[thread].all.raise(now(thread));
  return clocks[thread];
}

void HappensBefore::order(const std::vector<uint32_t> &members) {
  Knowledge together;
  for (uint32_t member : members)
    together.join(withOwn(member));
  ++time;
  for (uint32_t member : members) {
    clocks[member] = together;
    own[member] = time;
  }
}

void HappensBefore::release(uint32_t thread, Knowledge &to) {
  to.join(withOwn(thread));
  own[thread] = ++time;
}

void HappensBefore::acquire(uint32_t thread, const Knowledge &from) {
  clocks[thread].join(from);
  own[thread] = ++time;
}

void HappensBefore::acquire(uint32_t thread, Stamp access) {
  clocks[thread].all.raise(access);
  own[thread] = ++time;
}

void HappensBefore::fenceProxy(uint32_t thread) {
  clocks[thread].fenced = withOwn(thread).all;
  own[thread] = ++time;
}

Knowledge HappensBefore::common(uint32_t first, uint32_t count) {
  Knowledge result = withOwn(first);
  for (uint32_t i = 1; i < count; ++i)
    result.meet(withOwn(first + i));
  return result;
}
