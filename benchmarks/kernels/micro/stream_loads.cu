// Weights streamed once from memory into registers by 16-byte loads, evicted
// first, by the loads that a thread has under way.

#include "ptx.cuh"

namespace {

/// vectors: of 16 bytes, a multiple of what a block loads in one round.
template <int Loads, bool EvictFirst>
__device__ void run(const uint4 *weights, uint64_t vectors, uint32_t *sum,
                    uint64_t *cycles) {
  uint64_t policy = EvictFirst ? evictFirst() : 0;
  uint32_t mine = 0;
  __syncthreads();
  uint64_t begin = clock64();
  uint64_t step = uint64_t(blockDim.x) * Loads;
#pragma unroll 1
  for (uint64_t first = blockIdx.x * step; first < vectors;
       first += gridDim.x * step) {
    uint4 values[Loads];
#pragma unroll
    for (int i = 0; i < Loads; ++i)
      values[i] = loadStreaming<EvictFirst>(
          weights + first + i * blockDim.x + threadIdx.x, policy);
#pragma unroll
    for (int i = 0; i < Loads; ++i)
      mine += values[i].x + values[i].y + values[i].z + values[i].w;
  }
  __syncthreads();
  if (threadIdx.x == 0)
    cycles[blockIdx.x] = clock64() - begin;
  atomicAdd(sum, mine);
}

} // namespace

#define KERNEL(name, loads, evictFirst)                                        \
  extern "C" __global__ void stream_loads_##name##_##loads(                    \
      const uint4 *weights, uint64_t vectors, uint32_t *sum,                   \
      uint64_t *cycles) {                                                      \
    run<loads, evictFirst>(weights, vectors, sum, cycles);                     \
  }

KERNEL(evict_first, 2, true)
KERNEL(evict_first, 4, true)
KERNEL(evict_first, 8, true)
KERNEL(normal, 4, false)
KERNEL(normal, 8, false)
