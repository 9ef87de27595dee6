// Rows of X gathered into shared memory by cp.async of 16 bytes, by the length
// of a row's piece (tile_n tokens of two bytes).
//
// Nothing reads what has landed but the sum at the end: this is the rate of the
// gather alone. A block keeps Stages stages under way.

#include "ring.cuh"

namespace {

constexpr int threads = 256;

/// x: rows of \p pitch bytes; block b gathers the tokens of slab b mod
/// \p slabs. sums: (block); cycles: (block). iterations: at least Stages.
template <int Tokens, int Stages>
__device__ void run(const char *x, RowList list, uint64_t pitch, int slabs,
                    uint32_t *sums, uint64_t *cycles, int iterations) {
  extern __shared__ __align__(1024) uint4 ring[];
  constexpr int chunks = Tokens * 2 / 16;
  constexpr int copies = stageRows * chunks / threads;
  static_assert(copies * threads == stageRows * chunks);
  const char *slab = x + (blockIdx.x % slabs) * (Tokens * 2);
  const char *from[copies];
  int rowOf[copies];
  uint32_t to[copies];
#pragma unroll
  for (int i = 0; i < copies; ++i) {
    int linear = i * threads + threadIdx.x;
    int row = linear / chunks, chunk = linear % chunks;
    rowOf[i] = row;
    from[i] = slab + 16 * chunk;
    to[i] = sharedAddress(ring) + chunk / 8 * atomBytes + row * 128 +
            (chunk % 8 ^ row % 8) * 16;
  }
  // The rows of the stage that is issued next are asked for one stage early.
  int next[copies];
  auto ask = [&](int iteration) {
    const int *rows = list.stage(iteration);
#pragma unroll
    for (int i = 0; i < copies; ++i)
      next[i] = __ldg(rows + rowOf[i]);
  };
  auto issue = [&](int slot) {
#pragma unroll
    for (int i = 0; i < copies; ++i)
      copyAsync16(to[i] + slot * stageBytes<Tokens>,
                  from[i] + uint64_t(next[i]) * pitch);
    commitCopies();
  };

  __syncthreads();
  uint64_t begin = clock64();
  ask(0);
#pragma unroll 1
  for (int iteration = 0; iteration < Stages; ++iteration) {
    int slot = iteration;
    issue(slot);
    ask(iteration + 1);
  }
  int slot = 0;
#pragma unroll 1
  for (int iteration = Stages; iteration < iterations; ++iteration) {
    // A thread waits for its own copies only; it writes over nothing else.
    waitCopies<Stages - 1>();
    issue(slot);
    ask(iteration + 1);
    slot = slot + 1 == Stages ? 0 : slot + 1;
  }
  waitCopies<0>();
  __syncthreads();
  if (threadIdx.x == 0)
    cycles[blockIdx.x] = clock64() - begin;
  addRing(ring, Stages * stageBytes<Tokens>, sums + blockIdx.x);
}

} // namespace

#define KERNEL(tokens, stages)                                                 \
  extern "C" __global__ void __launch_bounds__(threads, 1)                     \
      gather_cp_async_##tokens##_s##stages(                                    \
          const char *x, const int *rows, int listStages, uint64_t pitch,      \
          int slabs, uint32_t *sums, uint64_t *cycles, int iterations) {       \
    run<tokens, stages>(x, {rows, listStages}, pitch, slabs, sums, cycles,     \
                        iterations);                                           \
  }

KERNEL(64, 4)
KERNEL(64, 8)
KERNEL(128, 3)
KERNEL(128, 6)
KERNEL(192, 4)
KERNEL(256, 3)
KERNEL(256, 5)
