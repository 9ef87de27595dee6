//===- Cluster.h - Blocks that run together ---------------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Runs the threads of the blocks of a cluster as fibers of one thread of the
/// operating system, in turns that change only where threads meet: at
/// collectives of a warp or warpgroup and at barriers. A kernel without
/// clusters has blocks that are one each.
///
//===----------------------------------------------------------------------===//

#ifndef LIB_EMULATOR_CLUSTER_H
#define LIB_EMULATOR_CLUSTER_H

#include "Emulator/Block.h"

#include <memory>
#include <random>

namespace hinm::emulator {

class Cluster {
public:
  Cluster(LaunchState &launch, uint64_t seed);

  /// False when the operating system gave no memory for stacks.
  bool valid() const;
  /// Runs the cluster with this index, in clusters, to its end; false after an
  /// error.
  bool run(Dim3 index);

  uint32_t size() const { return uint32_t(blocks.size()); }
  Block &block(uint32_t rank) { return *blocks[rank]; }
  const Block &block(uint32_t rank) const { return *blocks[rank]; }
  /// The block in whose shared memory, or beside it, \p address lies; nullptr
  /// if there is none.
  Block *findOwner(const void *address);
  /// The party of the first thread of block \p rank. A warp's are a multiple of
  /// 32 from there.
  uint32_t firstParty(uint32_t rank) const { return rank * partiesOfBlock; }
  uint32_t rankOf(uint32_t party) const { return party / partiesOfBlock; }

  // barrier.cluster.
  void arrive(Thread &thread, const char *where);
  void wait(Thread &thread, const char *where);
  /// A thread has ended: the barrier waits for it no longer.
  void exit(Thread &thread);

  HappensBefore &happensBefore() { return order; }
  Fiber &turnTaker() { return scheduler; }

private:
  void completeBarrier();
  bool isDone() const;
  std::string name(const Thread &thread) const;
  void reportDeadlock();
  bool reportStuckCollective();
  bool reportStuckMBarrier();
  bool reportStuckBarrier();

  LaunchState &launch;
  uint32_t partiesOfBlock;
  HappensBefore order;
  Fiber scheduler;
  std::vector<std::unique_ptr<Block>> blocks;
  std::vector<Thread *> turns; // all threads in their order
  std::mt19937_64 random;

  // barrier.cluster: threads that have not ended, that have arrived, and what
  // arrivals have released, of this phase and of the last one.
  uint32_t phase = 0, alive = 0, arrived = 0;
  Knowledge arriving, passed;
};

/// The running thread; nullptr outside of a kernel.
Thread *currentThread();

} // namespace hinm::emulator

#endif // LIB_EMULATOR_CLUSTER_H
