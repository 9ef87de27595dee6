// The same gather by TMA: one box of 64 tokens × 1 row for each row and atom,
// swizzled by 128 bytes; and boxes of 8 rows, for what the unit does when it
// need not be told every row.
//
// Each warp fills its share of a stage's rows and keeps barriers of its own.

#include "ring.cuh"

namespace {

/// map: X with boxes of 64 tokens × BoxRows rows. A box of 8 rows begins at
/// the listed row, rounded down to a multiple of 8.
template <int Tokens, int Stages, int Warps, int BoxRows>
__device__ void run(const TensorMap *map, RowList list, int slabs,
                    uint32_t *sums, uint64_t *cycles, int iterations) {
  extern __shared__ __align__(1024) uint4 ring[];
  __shared__ uint64_t barriers[Warps][Stages];
  constexpr int share = stageRows / Warps;
  constexpr uint32_t bytes = share * Tokens * 2;
  static_assert(share <= 32 && share % BoxRows == 0);
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  int column = (blockIdx.x % slabs) * Tokens;
  uint32_t mine = sharedAddress(ring) + warp * share * 128;
  uint32_t barrier = sharedAddress(barriers[warp]);
  if (electLane()) {
    for (int slot = 0; slot < Stages; ++slot)
      initBarrier(barrier + 8 * slot, 1);
    fenceBarrierInit();
  }
  int next = 0;
  auto ask = [&](int iteration) {
    if (lane < share)
      next = __ldg(list.stage(iteration) + warp * share + lane);
  };
  auto issue = [&](int slot) {
    if (electLane())
      arriveExpecting(barrier + 8 * slot, bytes);
    __syncwarp();
#pragma unroll
    for (int row = 0; row < share; row += BoxRows) {
      int listed = __shfl_sync(~0u, next, row);
      if (electLane())
#pragma unroll
        for (int atom = 0; atom < Tokens / atomTokens; ++atom)
          copyBox(mine + slot * stageBytes<Tokens> + atom * atomBytes +
                      row * 128,
                  map, column + atom * atomTokens, listed / BoxRows * BoxRows,
                  barrier + 8 * slot);
    }
  };

  __syncthreads();
  uint64_t begin = clock64();
  ask(0);
#pragma unroll 1
  for (int slot = 0; slot < Stages; ++slot) {
    issue(slot);
    ask(slot + 1);
  }
  int slot = 0;
  uint32_t parity = 0;
#pragma unroll 1
  for (int iteration = Stages; iteration < iterations; ++iteration) {
    waitBarrier(barrier + 8 * slot, parity);
    issue(slot);
    ask(iteration + 1);
    if (++slot == Stages)
      slot = 0, parity ^= 1;
  }
  // The last Stages stages, oldest first.
  for (int rest = 0; rest < Stages; ++rest) {
    waitBarrier(barrier + 8 * slot, parity);
    if (++slot == Stages)
      slot = 0, parity ^= 1;
  }
  __syncthreads();
  if (threadIdx.x == 0)
    cycles[blockIdx.x] = clock64() - begin;
  addRing(ring, Stages * stageBytes<Tokens>, sums + blockIdx.x);
}

} // namespace

#define KERNEL(tokens, stages, warps, boxRows)                                 \
  extern "C" __global__ void __launch_bounds__(32 * warps, 1)                  \
      gather_tma_##tokens##_s##stages##_w##warps##_b##boxRows(                 \
          const __grid_constant__ TensorMap map, const int *rows,              \
          int listStages, int slabs, uint32_t *sums, uint64_t *cycles,         \
          int iterations) {                                                    \
    run<tokens, stages, warps, boxRows>(&map, {rows, listStages}, slabs, sums, \
                                        cycles, iterations);                   \
  }

#define KERNELS(tokens, stages)                                                \
  KERNEL(tokens, stages, 2, 1)                                                 \
  KERNEL(tokens, stages, 4, 1) KERNEL(tokens, stages, 4, 8)

KERNELS(64, 8)
KERNELS(128, 6)
KERNELS(256, 5)
