//===- Launch.cpp - Grids on worker threads -------------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emulator/Cluster.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>

using namespace hinm::emulator;

static uint64_t seedFromEnvironment() {
  const char *text = std::getenv("HINM_EMULATOR_SEED");
  return text ? std::strtoull(text, nullptr, 10) : 0;
}

static bool checkShape(Dim3 grid, Dim3 block, Dim3 cluster, size_t sharedBytes,
                       const char *name) {
  std::string problem;
  if (grid.count() == 0 || block.count() == 0)
    problem = "an empty grid or block";
  else if (grid.y > maxGridAcross || grid.z > maxGridAcross)
    problem = "a grid of " + std::to_string(grid.y) + " by " +
              std::to_string(grid.z) + " blocks along y and z, more than " +
              std::to_string(maxGridAcross);
  else if (cluster.count() == 0 || cluster.count() > maxClusterBlocks)
    problem = "clusters of " + std::to_string(cluster.count()) +
              " blocks: 1 to " + std::to_string(maxClusterBlocks) +
              " are possible";
  else if (grid.x % cluster.x || grid.y % cluster.y || grid.z % cluster.z)
    problem = "a grid of " + render(grid) + " blocks, no multiple of its " +
              "clusters of " + render(cluster);
  else if (block.count() > maxThreadsPerBlock)
    problem = "a block of " + std::to_string(block.count()) +
              " threads, more than " + std::to_string(maxThreadsPerBlock);
  else if (sharedBytes > maxSharedBytes)
    problem = std::to_string(sharedBytes) +
              " bytes of shared memory per block, more than " +
              std::to_string(maxSharedBytes);
  if (problem.empty())
    return true;
  setError("cannot launch kernel " + std::string(name) + ": it has " + problem);
  return false;
}

/// Runs clusters until none is left, or until any has failed.
static void work(LaunchState &launch, std::atomic<uint64_t> &next,
                 uint64_t worker) {
  Cluster cluster(launch, launch.seed + worker);
  if (!cluster.valid()) {
    setError("cannot launch kernel " + launch.name +
             ": no memory for the stacks of its threads");
    launch.failed = true;
    return;
  }
  Dim3 count; // of clusters
  count.x = launch.grid.x / launch.cluster.x;
  count.y = launch.grid.y / launch.cluster.y;
  count.z = launch.grid.z / launch.cluster.z;
  for (;;) {
    const uint64_t i = next++;
    if (i >= count.count() || launch.failed)
      return;
    Dim3 index;
    index.x = i % count.x;
    index.y = i / count.x % count.y;
    index.z = i / count.x / count.y;
    if (!cluster.run(index))
      return;
  }
}

bool hinm::emulator::launch(Kernel kernel, Dim3 grid, Dim3 block, Dim3 cluster,
                            size_t dynamicSharedBytes, size_t staticSharedBytes,
                            void **params, const char *name) {
  const bool tooLarge = dynamicSharedBytes > SIZE_MAX - staticSharedBytes;
  const size_t sharedBytes =
      tooLarge ? SIZE_MAX : staticSharedBytes + dynamicSharedBytes;
  if (!checkShape(grid, block, cluster, sharedBytes, name))
    return false;
  LaunchState state{kernel,
                    params,
                    grid,
                    block,
                    cluster,
                    sharedBytes,
                    snapshotMemory(),
                    seedFromEnvironment(),
                    name,
                    std::getenv("HINM_EMULATOR_COUNTS") != nullptr};
  std::atomic<uint64_t> next{0};
  const uint64_t workers =
      std::min<uint64_t>(std::max(1u, std::thread::hardware_concurrency()),
                         grid.count() / cluster.count());
  std::vector<std::thread> others;
  for (uint64_t i = 1; i < workers; ++i)
    others.emplace_back(work, std::ref(state), std::ref(next), i);
  work(state, next, 0);
  for (std::thread &other : others)
    other.join();
  auto print = [&](const char *does, uint64_t count, const char *what,
                   uint64_t turns) {
    fprintf(stderr, "hinm emulator: %s: %s %llu %s in %llu turns\n", name, does,
            static_cast<unsigned long long>(count), what,
            static_cast<unsigned long long>(turns));
  };
  if (state.counts && !state.failed) {
    print("ldmatrix read", state.matrices, "matrices", state.turns);
    print("stmatrix wrote", state.written, "matrices", state.writtenTurns);
    print("loads read", state.lines, "lines", state.lineTurns);
  }
  return !state.failed;
}
