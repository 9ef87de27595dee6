//===- Block.h - One block of threads ---------------------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The threads of one block and what they share: memory, barriers, and the
/// collectives of their warps and warpgroups. Cluster.h has them take turns.
///
//===----------------------------------------------------------------------===//

#ifndef LIB_EMULATOR_BLOCK_H
#define LIB_EMULATOR_BLOCK_H

#include "Emulator/Emulator.h"
#include "Emulator/Fiber.h"
#include "Emulator/LoadTurns.h"
#include "Emulator/Memory.h"
#include "Emulator/SharedMemory.h"
#include "Emulator/SparseMma.h"

#include <atomic>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hinm::emulator {

/// What all blocks of a launch share.
struct LaunchState {
  Kernel kernel;
  void **params;
  Dim3 grid, block, cluster;
  size_t sharedBytes;
  MemoryMap memory;
  uint64_t seed;
  std::string name;
  /// Whether turns are counted.
  bool counts;
  std::atomic<bool> failed{false};
  /// 8×8 matrices that ldmatrix has read, and turns of the banks that it took.
  std::atomic<uint64_t> matrices{0}, turns{0};
  /// The same that stmatrix has written.
  std::atomic<uint64_t> written{0}, writtenTurns{0};
  /// The same of plain loads of shared memory.
  std::atomic<uint64_t> lines{0}, lineTurns{0};
};

enum class Collective : uint8_t {
  // Of a warp.
  WarpSync,
  LdMatrix,
  StMatrix,
  SparseMma,
  Shuffle,
  Elect,
  // Of a warpgroup.
  SparseWgmma
};

/// One lane's part in a collective.
struct Arrival {
  Collective kind = Collective::WarpSync;
  const char *where = "";
  void *result = nullptr;
  const void *row = nullptr;   // ldmatrix, stmatrix
  const uint32_t *a = nullptr; // mma.sp
  const uint32_t *b = nullptr;
  const void *c = nullptr;
  uint64_t descriptor = 0;       // of B, of wgmma
  uint32_t value = 0;            // metadata, or the value to shuffle
  int32_t first = 0, second = 0; // immediates
  int32_t columns = 0;           // of wgmma
};

class Block;
class Cluster;

/// A cp.async that has not landed; the source was read when it was issued.
struct AsyncCopy {
  size_t offset;
  uint32_t bytes;
  uint8_t data[16];
};

/// The same of a cp.async.bulk.
struct BulkCopy {
  size_t offset;
  std::vector<uint8_t> data;
};

/// Operations that a thread issues, commits in groups and waits for, and that
/// read shared memory by an agent of their own until then.
struct CommitGroups {
  Stamp open;                   // of the last that is not committed
  std::vector<Stamp> committed; // the last of each group, oldest first

  void commit() {
    committed.push_back(open);
    open = Stamp();
  }
  /// Waits until \p pending groups are left: \p thread knows of the others'
  /// reads then.
  void wait(size_t pending, HappensBefore &order, uint32_t thread);
  /// Whether an operation was not waited for.
  bool hasOperations() const;
  /// Whether that, or a group, which may be empty, was not.
  bool isPending() const { return hasOperations() || !committed.empty(); }
};

struct Thread {
  enum State {
    Ready,
    AtCollective,
    AtBarrier,
    AtMBarrier,
    AtClusterBarrier,
    Done
  };

  Fiber fiber;
  Block *block = nullptr;
  uint32_t index = 0; // in the block
  uint32_t party = 0; // of its cluster
  Dim3 position;
  State state = Done;
  Arrival arrival;
  const char *where = "";  // the barrier at which it waits
  size_t mbarrier = 0;     // and the place of an mbarrier
  uint32_t awaited = 0;    // whose phase of this parity is to end
  bool hasArrived = false; // at the barrier of the cluster, without a wait yet
  uint32_t arrivedIn = 0;  // in this phase of it
  const Range *lastRange = nullptr;
  std::deque<AsyncCopy> copies; // oldest first
  uint64_t landed = 0;          // copies before those
  std::vector<uint64_t> groups; // committed: copies up to the end of each
  bool mayUseRegisters = false; // a wgmma: there was a wgmma.fence
  CommitGroups wgmmas;
  CommitGroups bulkStores;            // copies to global memory
  std::optional<uint32_t> storeAgent; // of those

  uint32_t warp() const { return index / 32; }
  uint32_t lane() const { return index % 32; }
  uint32_t warpgroup() const { return index / 128; }
};

/// An mbarrier object. What its copies write is of two agents, since the async
/// proxy sees bulk copies without a fence.
struct MBarrier {
  uint32_t count = 0;   // arrivals of a phase
  uint32_t pending = 0; // arrivals that the phase still waits for
  int64_t bytes = 0;    // expected of bulk copies
  uint32_t phase = 0;
  uint32_t initialiser = 0;
  bool isFenced = false; // known to the async proxy
  uint32_t copyAgent = 0, bulkAgent = 0;
  /// What the arrivals of this phase and of the last one have released.
  Knowledge arriving, completed;
  /// Threads, and how many of their copies land with this phase.
  std::vector<std::pair<uint32_t, uint64_t>> tracked;
  std::vector<BulkCopy> bulk;
};

class Block {
public:
  /// Block number \p rank of \p cluster.
  Block(LaunchState &launch, Cluster &cluster, uint32_t rank);

  bool valid() const { return stacks.valid(); }
  /// Gets ready to run the block with this index.
  void begin(Dim3 index);
  /// Checks that nothing is unfinished when all threads have ended; false after
  /// an error.
  bool finish();

  // What the functions of DeviceApi.h do for the running thread.
  void checkAlignment(const Thread &thread, const void *address,
                      size_t alignment, bool isStore, const char *where);
  void access(Thread &thread, const void *address, size_t bytes, bool isStore,
              const char *where);
  /// Of a load, if turns are counted: what instruction it is.
  void countLoad(const Thread &thread, const void *address, size_t bytes,
                 const void *site);
  void checkPolicy(const Thread &thread, int64_t policy, const char *where);
  void streamedLoad(Thread &thread, const void *address, size_t bytes,
                    int64_t policy, const char *where);
  /// What createpolicy gives: no number that a kernel would come by otherwise.
  static constexpr int64_t evictFirstPolicy = 0x12F0'0000'0000'0000;
  /// bar.sync \p id of \p count threads, a multiple of 32; 0: of all.
  void barrier(Thread &thread, int32_t id, int32_t count, const char *where);
  void meet(Thread &thread, const Arrival &arrival);
  void beginCopy(Thread &thread, void *shared, const void *global,
                 int32_t bytes, int32_t sourceBytes, const char *where);
  void commitCopies(Thread &thread);
  void waitForCopies(Thread &thread, int32_t pending);

  void initMBarrier(Thread &thread, const void *address, int32_t count,
                    const char *where);
  void invalidateMBarrier(Thread &thread, const void *address,
                          const char *where);
  /// At a barrier of this block, of a thread of any block of the cluster.
  /// Returns the phase that the arrival is counted in.
  uint32_t arrive(Thread &thread, const void *address, int32_t count,
                  int64_t expectedBytes, const char *where);
  /// Arrives when the thread's copies so far have landed.
  void arriveWithCopies(Thread &thread, const void *address, bool increment,
                        const char *where);
  /// Waits for the end of the current phase if its parity is \p parity, or of
  /// the phase before that.
  void waitForPhase(Thread &thread, const void *address, uint32_t parity,
                    const char *where);
  /// To the same place in each block of the cluster whose bit \p mask has, for
  /// the mbarrier at the same place there.
  void beginBulkCopy(Thread &thread, void *shared, const void *global,
                     const void *mbarrier, int32_t bytes, uint32_t mask,
                     const char *where);
  void fenceMBarriers(const Thread &thread);
  void fenceProxy(const Thread &thread);

  void beginBulkStore(Thread &thread, void *global, const void *shared,
                      int32_t bytes, const char *where);
  void waitForBulkStores(Thread &thread, int32_t pending);

  void waitForWgmma(Thread &thread, int32_t pending);

  /// Keeps an error of \p culprit and ends the launch. The caller then calls
  /// leave(), in a statement of its own: no destructor runs after that.
  void report(const Thread &culprit, const char *where,
              const std::string &text);
  /// Drops the running fiber, after an error.
  [[noreturn]] void leave();

  const LaunchState &state() const { return launch; }
  Cluster &ownCluster() { return cluster; }
  uint32_t rankInCluster() const { return rank; }
  SharedMemory &sharedMemory() { return shared; }
  Dim3 index() const { return blockIndex; }
  std::vector<Thread> &allThreads() { return threads; }
  const MBarrier &mbarrier(size_t offset) const { return mbarriers.at(offset); }
  bool isDone() const;
  std::string describeMBarrier(size_t offset) const;

private:
  /// A warp or warpgroup.
  struct Team {
    uint32_t threads = 0;
    uint32_t arrived = 0;
  };
  /// One of the sixteen barriers of a block.
  struct NamedBarrier {
    int32_t count = 0;
    std::vector<uint32_t> waiting;
  };

  /// The last access of a party to this block's memory that this block did not
  /// make itself: it must not come after the end of the block.
  struct Visit {
    uint32_t time;
    const Thread *thread;
    const char *where;
  };

  static void enter(void *thread);
  void exit(Thread &thread);
  void suspend(Thread &thread, bool forGood = false);
  std::string describeParty(uint32_t party) const;
  std::string describe(const Violation &violation) const;
  void checkShared(const Thread &thread, const Violation &violation,
                   const char *where);
  size_t sharedOffset(const Thread &thread, const void *address, size_t bytes,
                      const char *verb, const char *where);
  void landCopies(Thread &thread, uint64_t end, Stamp by);
  MBarrier &findMBarrier(const Thread &thread, const void *address,
                         const char *where);
  void receiveBulkCopy(Thread &thread, size_t offset, const uint8_t *source,
                       size_t place, int32_t bytes, const char *where);
  void completePhase(const Thread &thread, size_t offset, MBarrier &barrier,
                     const char *where);
  void execute(Thread *members, uint32_t count);
  void reportMetadata(const Thread &culprit, const char *where,
                      const MetadataError &error, bool isOneOfTwo = false);
  void checkBulkCopy(const Thread &thread, const void *sharedAddress,
                     const void *global, int32_t bytes, const char *where);
  size_t matrixRow(const Thread &lane, const char *verb);
  void executeLdMatrix(Thread *lanes);
  void executeStMatrix(Thread *lanes);
  void executeSparseMma(Thread *lanes);
  void checkOperands(Thread *lanes);
  void executeShuffle(Thread *lanes, uint32_t count);
  void executeElect(Thread *lanes, uint32_t count);
  void executeSparseWgmma(Thread *members, uint32_t count);

  LaunchState &launch;
  Cluster &cluster;
  const uint32_t rank; // in the cluster
  HappensBefore &order;
  Dim3 blockIndex;
  StackPool stacks;
  std::vector<Thread> threads;
  std::vector<Team> warps, warpgroups;
  NamedBarrier barriers[16];
  std::map<size_t, MBarrier> mbarriers; // by offset in shared memory
  std::vector<uint32_t> wgmmaAgents;    // by warpgroup
  std::map<uint32_t, Visit> visits;     // by party
  Knowledge atExit;                     // of the threads that have ended
  // Of the collective that runs: an error drops its frames as they are.
  std::vector<uint32_t> warpMembers;
  Knowledge common;
  SharedMemory shared;
  LoadTurns loads;
};

/// "(x,y,z)".
std::string render(Dim3 d);

} // namespace hinm::emulator

#endif // LIB_EMULATOR_BLOCK_H
