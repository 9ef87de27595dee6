// Must there be a fence.proxy.async between cp.async and the wgmma that reads
// what it has written? By the PTX manual, yes: cp.async writes by the generic
// proxy, wgmma reads by the async one. FlashMLA and CUTLASS leave it out.
//
// Blocks gather stages of 64 rows × 64 tokens, multiply each by ones, and count
// the sums that are not what the host says. A count of zero proves nothing; any
// other count proves that the fence is needed. The control does not wait for
// its copies, and so must find mismatches.

#include "ring.cuh"

namespace {

enum class Handover {
  /// All threads copy, wait, and meet at a barrier of the block.
  Block,
  /// A producer warpgroup copies; an mbarrier counts copies that have landed.
  Mbarrier,
  /// As Block, without the wait.
  Control,
};

constexpr int warpgroup = 128;

/// The thread's four copies of a stage.
__device__ inline void copyStage(uint32_t to, const char *x, const int *rows,
                                 uint64_t pitch, int thread) {
#pragma unroll
  for (int i = 0; i < stageRows * 8 / warpgroup; ++i) {
    int linear = i * warpgroup + thread;
    int row = linear / 8, chunk = linear % 8;
    copyAsync16(to + row * 128 + (chunk ^ row % 8) * 16,
                x + uint64_t(__ldg(rows + row)) * pitch + 16 * chunk);
  }
}

/// Multiplies a stage by ones, of which the metadata keeps the first two of
/// four, and counts the sums that differ from \p expected (by token).
__device__ inline int countMismatches(uint32_t stage, const float *expected,
                                      int thread) {
  constexpr uint32_t ones[4] = {0x3c003c00, 0x3c003c00, 0x3c003c00, 0x3c003c00};
  constexpr uint32_t firstTwo = 0x44444444;
  float sums[atomTokens / 2] = {};
  uint64_t image = describe(stage, atomBytes, 1024);
  fenceWgmma();
  wgmmaSparse<0>(sums, ones, image, firstTwo);
  wgmmaSparse<1>(sums, ones, image + 256, firstTwo);
  commitWgmma();
  waitWgmma(sums);
  int count = 0;
#pragma unroll
  for (int i = 0; i < atomTokens / 2; ++i) {
    // Sum i of a thread: 8 columns to four sums, of rows g and g + 8.
    int token = i / 4 * 8 + thread % 4 * 2 + i % 2;
    count += sums[i] != __ldg(expected + token);
  }
  return count;
}

/// expected: (slab, stage of the list, 64). mismatches: one count.
template <Handover H, bool Fence>
__device__ void run(const char *x, RowList list, uint64_t pitch, int slabs,
                    const float *expected, unsigned long long *mismatches,
                    int iterations) {
  extern __shared__ __align__(1024) uint4 ring[];
  uint32_t stage = sharedAddress(ring);
  int thread = threadIdx.x % warpgroup;
  const char *slab = x + (blockIdx.x % slabs) * 128;
  const float *slabExpected =
      expected + uint64_t(blockIdx.x % slabs) * list.stages * atomTokens;
  auto expectedOf = [&](int iteration) {
    return slabExpected +
           (list.stage(iteration) - list.rows) / stageRows * atomTokens;
  };
  int count = 0;
  if constexpr (H != Handover::Mbarrier) {
    for (int iteration = 0; iteration < iterations; ++iteration) {
      copyStage(stage, slab, list.stage(iteration), pitch, thread);
      commitCopies();
      if constexpr (H == Handover::Block)
        waitCopies<0>();
      if constexpr (Fence)
        fenceProxyAsync();
      __syncthreads();
      count += countMismatches(stage, expectedOf(iteration), thread);
      waitCopies<0>();
      // All warps have read the stage before it is written over.
      __syncthreads();
    }
  } else {
    __shared__ uint64_t barriers[4];
    // Two stages: full and empty barriers of each.
    uint32_t full = sharedAddress(barriers), empty = full + 16;
    if (threadIdx.x == 0)
      for (int slot = 0; slot < 2; ++slot) {
        initBarrier(full + 8 * slot, warpgroup);
        initBarrier(empty + 8 * slot, warpgroup);
      }
    __syncthreads();
    bool producer = threadIdx.x < warpgroup;
    for (int iteration = 0; iteration < iterations; ++iteration) {
      int slot = iteration % 2;
      uint32_t parity = iteration / 2 % 2;
      if (producer) {
        // The first round finds the stages empty.
        waitBarrier(empty + 8 * slot, parity ^ 1);
        copyStage(stage + slot * atomBytes, slab, list.stage(iteration), pitch,
                  thread);
        arriveAfterCopies(full + 8 * slot);
      } else {
        waitBarrier(full + 8 * slot, parity);
        if constexpr (Fence)
          fenceProxyAsync();
        count += countMismatches(stage + slot * atomBytes,
                                 expectedOf(iteration), thread);
        arrive(empty + 8 * slot);
      }
    }
    // A thread may not end with copies of its own under way.
    waitCopies<0>();
  }
  if (count)
    atomicAdd(mismatches, count);
}

} // namespace

#define KERNEL(name, handover, fence)                                          \
  extern "C" __global__ void proxy_fence_##name(                               \
      const char *x, const int *rows, int listStages, uint64_t pitch,          \
      int slabs, const float *expected, unsigned long long *mismatches,        \
      int iterations) {                                                        \
    run<Handover::handover, fence>(x, {rows, listStages}, pitch, slabs,        \
                                   expected, mismatches, iterations);          \
  }

KERNEL(block_with, Block, true)
KERNEL(block_without, Block, false)
KERNEL(mbarrier_with, Mbarrier, true)
KERNEL(mbarrier_without, Mbarrier, false)
KERNEL(control, Control, false)
