// The rate of mma.sp m16n8k32 (f16, f32 sums), with ordered and with plain
// metadata, and of the dense mma m16n8k16 beside it.
//
// A warp multiplies Slabs fragments of A by Columns fragments of B, as a tile
// of a kernel would, all in registers. Slabs · Columns independent sums hide
// the latency; 1 × 1 shows it.

#include "ptx.cuh"

namespace {

enum class Kind { Ordered, Plain, Dense };

/// d += a · b; of a dense product, the halves of B are multiplied after each
/// other, so that all kinds read the same registers.
template <Kind K, int Selector>
__device__ inline void multiply(float (&d)[4], const uint32_t (&a)[4],
                                const uint32_t (&b)[4], uint32_t metadata) {
  if constexpr (K == Kind::Ordered)
    mmaSparseOrdered<Selector>(d, a, b, metadata);
  else if constexpr (K == Kind::Plain)
    mmaSparsePlain<Selector>(d, a, b, metadata);
  else
    mmaDense(d, a, b[2 * Selector], b[2 * Selector + 1]);
}

/// Every iteration multiplies each pair of fragments twice, once with either
/// selector. a: (Slabs, lane, 4), b: (Columns, lane, 4), metadata: (Slabs,
/// lane), out: (block, warp, Slabs, Columns, lane, 4), cycles: (block).
template <Kind K, int Slabs, int Columns>
__device__ void run(const uint4 *a, const uint4 *b, const uint32_t *metadata,
                    float4 *out, uint64_t *cycles, int iterations) {
  int lane = threadIdx.x % 32;
  uint32_t left[Slabs][4], right[Columns][4], words[Slabs];
  float sums[Slabs][Columns][4] = {};
  for (int i = 0; i < Slabs; ++i) {
    uint4 value = a[32 * i + lane];
    left[i][0] = value.x, left[i][1] = value.y;
    left[i][2] = value.z, left[i][3] = value.w;
    words[i] = metadata[32 * i + lane];
  }
  for (int j = 0; j < Columns; ++j) {
    uint4 value = b[32 * j + lane];
    right[j][0] = value.x, right[j][1] = value.y;
    right[j][2] = value.z, right[j][3] = value.w;
  }
  __syncthreads();
  uint64_t begin = clock64();
#pragma unroll 1
  for (int iteration = 0; iteration < iterations; ++iteration) {
#pragma unroll
    for (int i = 0; i < Slabs; ++i)
#pragma unroll
      for (int j = 0; j < Columns; ++j)
        multiply<K, 0>(sums[i][j], left[i], right[j], words[i]);
#pragma unroll
    for (int i = 0; i < Slabs; ++i)
#pragma unroll
      for (int j = 0; j < Columns; ++j)
        multiply<K, 1>(sums[i][j], left[i], right[j], words[i]);
  }
  // The sums are waited for by their use; the clock is read after all are out.
  int warps = blockDim.x / 32;
  float4 *mine = out + (uint64_t(blockIdx.x) * warps + threadIdx.x / 32) *
                           Slabs * Columns * 32;
  for (int i = 0; i < Slabs; ++i)
    for (int j = 0; j < Columns; ++j)
      mine[(i * Columns + j) * 32 + lane] = make_float4(
          sums[i][j][0], sums[i][j][1], sums[i][j][2], sums[i][j][3]);
  __syncthreads();
  if (threadIdx.x == 0)
    cycles[blockIdx.x] = clock64() - begin;
}

} // namespace

#define KERNEL(name, kind, slabs, columns)                                     \
  extern "C" __global__ void __launch_bounds__(512, 1)                         \
      mma_##name##_##slabs##x##columns(const uint4 *a, const uint4 *b,         \
                                       const uint32_t *metadata, float4 *out,  \
                                       uint64_t *cycles, int iterations) {     \
    run<Kind::kind, slabs, columns>(a, b, metadata, out, cycles, iterations);  \
  }

#define KERNELS(name, kind)                                                    \
  KERNEL(name, kind, 1, 1)                                                     \
  KERNEL(name, kind, 2, 2) KERNEL(name, kind, 2, 4) KERNEL(name, kind, 4, 4)

KERNELS(sp_ordered, Ordered)
KERNELS(sp_plain, Plain)
KERNELS(dense, Dense)
