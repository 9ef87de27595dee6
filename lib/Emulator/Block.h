//===- Block.h - One block of threads ---------------------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Runs the threads of one block as fibers, in turns that change only where
/// threads meet: at collectives of a warp and at barriers of the block.
///
//===----------------------------------------------------------------------===//

#ifndef LIB_EMULATOR_BLOCK_H
#define LIB_EMULATOR_BLOCK_H

#include "Emulator/Emulator.h"
#include "Emulator/Fiber.h"
#include "Emulator/Memory.h"
#include "Emulator/SharedMemory.h"

#include <atomic>
#include <random>
#include <string>
#include <vector>

namespace hinm::emulator {

/// What all blocks of a launch share.
struct LaunchState {
  Kernel kernel;
  void **params;
  Dim3 grid, block;
  size_t sharedBytes;
  MemoryMap memory;
  uint64_t seed;
  std::string name;
  std::atomic<bool> failed{false};
};

enum class Collective : uint8_t { WarpSync, LdMatrix, SparseMma, Shuffle };

/// One lane's part in a collective.
struct Arrival {
  Collective kind = Collective::WarpSync;
  const char *where = "";
  void *result = nullptr;
  const void *row = nullptr;   // ldmatrix
  const uint32_t *a = nullptr; // mma.sp
  const uint32_t *b = nullptr;
  const float *c = nullptr;
  uint32_t value = 0;            // metadata, or the value to shuffle
  int32_t first = 0, second = 0; // immediates
};

class Block;

/// A cp.async that has not landed; the source was read when it was issued.
struct AsyncCopy {
  size_t offset;
  uint32_t bytes;
  uint8_t data[16];
};

struct Thread {
  enum State { Ready, AtCollective, AtBarrier, Done };

  Fiber fiber;
  Block *block = nullptr;
  uint32_t index = 0; // in the block
  Dim3 position;
  State state = Done;
  Arrival arrival;
  const char *barrierWhere = "";
  const Range *lastRange = nullptr;
  std::vector<AsyncCopy> copies;  // oldest first
  std::vector<size_t> groupSizes; // committed, oldest first
  size_t openCopies = 0;          // not committed

  uint32_t warp() const { return index / 32; }
  uint32_t lane() const { return index % 32; }
};

class Block {
public:
  Block(LaunchState &launch, uint64_t seed);

  bool valid() const { return stacks.valid(); }
  /// Runs the block with this index to its end; false after an error.
  bool run(Dim3 index);

  // What the functions of DeviceApi.h do for the running thread.
  void access(Thread &thread, const void *address, size_t bytes, bool isStore,
              const char *where);
  void barrier(Thread &thread, const char *where);
  void meet(Thread &thread, const Arrival &arrival);
  void beginCopy(Thread &thread, void *shared, const void *global,
                 int32_t bytes, int32_t sourceBytes, const char *where);
  void waitForCopies(Thread &thread, int32_t pending);

  /// Keeps an error of \p culprit and ends the launch. The caller then calls
  /// leave(), in a statement of its own: no destructor runs after that.
  void report(const Thread &culprit, const char *where,
              const std::string &text);
  /// Drops the running fiber, after an error.
  [[noreturn]] void leave();

  const LaunchState &state() const { return launch; }
  SharedMemory &sharedMemory() { return shared; }
  Dim3 index() const { return blockIndex; }

private:
  struct Warp {
    uint32_t lanes = 0;
    uint32_t arrived = 0;
    uint16_t epoch = 0;
  };

  static void enter(void *thread);
  void suspend(Thread &thread, bool forGood = false);
  void reportDeadlock();
  bool isDone() const;
  std::string describe(Violation violation) const;
  Stamp stamp(const Thread &thread) const;
  void checkShared(const Thread &thread, Violation violation,
                   const char *where);
  size_t sharedOffset(const Thread &thread, const void *address, size_t bytes,
                      const char *verb, const char *where);
  void checkAgreement(const Thread &last);
  void execute(Thread &last);
  void executeLdMatrix(Thread *lanes);
  void executeSparseMma(Thread *lanes);
  void executeShuffle(Thread *lanes, uint32_t count);

  LaunchState &launch;
  Dim3 blockIndex;
  StackPool stacks;
  std::vector<Thread> threads;
  std::vector<Warp> warps;
  std::vector<uint32_t> order; // in which threads get their turns
  uint32_t atBarrier = 0;
  uint32_t epoch = 0;
  SharedMemory shared;
  Fiber scheduler;
  std::mt19937_64 random;
};

/// The running thread; nullptr outside of a kernel.
Thread *currentThread();

} // namespace hinm::emulator

#endif // LIB_EMULATOR_BLOCK_H
