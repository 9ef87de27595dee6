// The ring of stages in shared memory that the gathers fill.
//
// A stage holds 64 rows of X, of `Tokens` tokens each, as atoms of 64 tokens:
// row r of an atom is 128 bytes at 128 · r, its 16-byte chunk c is stored at
// c ^ (r mod 8). That is what wgmma reads with a swizzle of 128 bytes.

#pragma once

#include "ptx.cuh"

constexpr int stageRows = 64;
constexpr int atomTokens = 64;
constexpr int atomBytes = stageRows * 128;

template <int Tokens>
constexpr int stageBytes = stageRows * Tokens * 2;

/// Where the rows that a block gathers come from: the list is read in whole
/// stages, from a place of the block's own, around and around.
struct RowList {
  const int *rows;
  /// Stages in the list, a power of two.
  int stages;

  /// The first entry of the block's stage \p iteration.
  __device__ const int *stage(int iteration) const {
    int place = (blockIdx.x * 37 + iteration) & (stages - 1);
    return rows + place * stageRows;
  }
};

/// Adds the ring's chunks, each weighed by its place, to \p sum; the host knows
/// what it must be. All threads call it when everything has landed.
__device__ inline void addRing(const uint4 *ring, int bytes, uint32_t *sum) {
  uint32_t mine = 0;
  for (int i = threadIdx.x; i < bytes / 16; i += blockDim.x) {
    uint4 chunk = ring[i];
    mine += (chunk.x + 3 * chunk.y + 5 * chunk.z + 7 * chunk.w) * (2 * i + 1);
  }
  atomicAdd(sum, mine);
}
