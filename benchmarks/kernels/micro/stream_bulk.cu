// Weights streamed once from memory into shared memory by 1-D cp.async.bulk,
// to be evicted first, by the size of a copy. Four warps read and add what has
// landed, as they would multiply it.

#include "ptx.cuh"

namespace {

constexpr int consumers = 128;

/// sum: of all words; it is the host's if every chunk was read once.
template <int ChunkBytes, int Stages>
__device__ void run(const char *weights, uint64_t chunks, uint32_t *sum,
                    uint64_t *cycles) {
  extern __shared__ __align__(128) uint4 ring[];
  __shared__ uint64_t barriers[2 * Stages];
  constexpr int loads = ChunkBytes / 16 / consumers;
  static_assert(loads * 16 * consumers == ChunkBytes);
  uint32_t full = sharedAddress(barriers), empty = full + 8 * Stages;
  if (threadIdx.x == 0) {
    for (int slot = 0; slot < Stages; ++slot) {
      initBarrier(full + 8 * slot, 1);
      initBarrier(empty + 8 * slot, consumers);
    }
    fenceBarrierInit();
  }
  __syncthreads();
  uint64_t begin = clock64();
  int slot = 0;
  uint32_t parity = 0, mine = 0;
  if (threadIdx.x >= consumers) {
    uint64_t policy = evictFirst();
#pragma unroll 1
    for (uint64_t chunk = blockIdx.x; chunk < chunks; chunk += gridDim.x) {
      // The first round finds the stages empty.
      waitBarrier(empty + 8 * slot, parity ^ 1);
      if (electLane()) {
        arriveExpecting(full + 8 * slot, ChunkBytes);
        copyBulk(sharedAddress(ring) + slot * ChunkBytes,
                 weights + chunk * ChunkBytes, ChunkBytes, full + 8 * slot,
                 policy);
      }
      if (++slot == Stages)
        slot = 0, parity ^= 1;
    }
  } else {
#pragma unroll 1
    for (uint64_t chunk = blockIdx.x; chunk < chunks; chunk += gridDim.x) {
      waitBarrier(full + 8 * slot, parity);
#pragma unroll
      for (int i = 0; i < loads; ++i) {
        uint4 value =
            ring[slot * (ChunkBytes / 16) + i * consumers + threadIdx.x];
        mine += value.x + value.y + value.z + value.w;
      }
      arrive(empty + 8 * slot);
      if (++slot == Stages)
        slot = 0, parity ^= 1;
    }
  }
  __syncthreads();
  if (threadIdx.x == 0)
    cycles[blockIdx.x] = clock64() - begin;
  atomicAdd(sum, mine);
}

} // namespace

#define KERNEL(bytes, stages)                                                  \
  extern "C" __global__ void __launch_bounds__(consumers + 32, 1)              \
      stream_bulk_##bytes##_s##stages(const char *weights, uint64_t chunks,    \
                                      uint32_t *sum, uint64_t *cycles) {       \
    run<bytes, stages>(weights, chunks, sum, cycles);                          \
  }

KERNEL(2048, 16)
KERNEL(4096, 8)
KERNEL(4096, 16)
KERNEL(8192, 8)
KERNEL(8192, 16)
KERNEL(16384, 4)
KERNEL(16384, 8)
KERNEL(32768, 4)
