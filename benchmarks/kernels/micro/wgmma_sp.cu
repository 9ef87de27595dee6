// The rate of wgmma.mma_async.sp m64nNk32 (f16, f32 sums) with A from shared
// memory (ss) and from registers (rs), and of the dense one beside it.
//
// All is read from one stage of 128 k: A, 64 rows of 64 kept weights (8 KB),
// and B, N/64 atoms of 128 rows of 128 bytes. The host swizzles both images, as
// describe() of ptx.cuh says.

#include "ptx.cuh"

namespace {

constexpr int stageK = 128;
constexpr int bytesA = 64 * 128;
/// How often a warpgroup multiplies the stage between two waits.
constexpr int stagesPerWait = 4;

/// Copies both images to \p memory.
template <int N>
__device__ void fill(uint4 *memory, const uint4 *a, const uint4 *b) {
  for (int i = threadIdx.x; i < bytesA / 16; i += blockDim.x)
    memory[i] = a[i];
  for (int i = threadIdx.x; i < stageK * N * 2 / 16; i += blockDim.x)
    memory[bytesA / 16 + i] = b[i];
}

/// Writes this thread's sums, to keep the products.
template <int Sums>
__device__ void store(float *out, const float (&sums)[Sums]) {
  float *mine = out + (uint64_t(blockIdx.x) * blockDim.x + threadIdx.x) * Sums;
  for (int i = 0; i < Sums; ++i)
    mine[i] = sums[i];
}

/// a: the image of A; fragments: (step, thread of the warpgroup, 4), the same
/// A for registers; b: the image of B; metadata: (step / 2, thread of the
/// warpgroup); out: (block, thread, N / 2); cycles: (block).
template <int N, bool FromShared>
__device__ void runSparse(const uint4 *a, const uint4 *fragments,
                          const uint4 *b, const uint32_t *metadata, float *out,
                          uint64_t *cycles, int iterations) {
  extern __shared__ __align__(1024) uint4 memory[];
  fill<N>(memory, a, b);
  int thread = threadIdx.x % 128;
  uint32_t words[2] = {metadata[thread], metadata[128 + thread]};
  uint32_t left[4][4];
  for (int step = 0; step < 4; ++step) {
    uint4 value = fragments[128 * step + thread];
    left[step][0] = value.x, left[step][1] = value.y;
    left[step][2] = value.z, left[step][3] = value.w;
  }
  uint32_t address = sharedAddress(memory);
  // A step of 32 k is 16 kept weights of A and four groups of 8 rows of B.
  uint64_t imageA = describe(address, 16, 1024);
  uint64_t imageB = describe(address + bytesA, stageK * 128, 1024);
  float sums[N / 2] = {};
  fenceProxyAsync();
  __syncthreads();
  uint64_t begin = clock64();
#pragma unroll 1
  for (int iteration = 0; iteration < iterations; ++iteration) {
    fenceWgmma();
#pragma unroll
    for (int repeat = 0; repeat < stagesPerWait; ++repeat) {
      if constexpr (FromShared) {
        wgmmaSparse<0>(sums, imageA, imageB, words[0]);
        wgmmaSparse<1>(sums, imageA + 2, imageB + 256, words[0]);
        wgmmaSparse<0>(sums, imageA + 4, imageB + 512, words[1]);
        wgmmaSparse<1>(sums, imageA + 6, imageB + 768, words[1]);
      } else {
        wgmmaSparse<0>(sums, left[0], imageB, words[0]);
        wgmmaSparse<1>(sums, left[1], imageB + 256, words[0]);
        wgmmaSparse<0>(sums, left[2], imageB + 512, words[1]);
        wgmmaSparse<1>(sums, left[3], imageB + 768, words[1]);
      }
    }
    commitWgmma();
    waitWgmma(sums);
  }
  __syncthreads();
  if (threadIdx.x == 0)
    cycles[blockIdx.x] = clock64() - begin;
  store(out, sums);
}

/// The same with a dense A of 64 k and the first 64 rows of every atom of B.
template <int N>
__device__ void runDense(const uint4 *a, const uint4 *b, float *out,
                         uint64_t *cycles, int iterations) {
  extern __shared__ __align__(1024) uint4 memory[];
  fill<N>(memory, a, b);
  uint32_t address = sharedAddress(memory);
  // A step of 16 k is two groups of 8 rows of B.
  uint64_t imageA = describe(address, 16, 1024);
  uint64_t imageB = describe(address + bytesA, stageK * 128, 1024);
  float sums[N / 2] = {};
  fenceProxyAsync();
  __syncthreads();
  uint64_t begin = clock64();
#pragma unroll 1
  for (int iteration = 0; iteration < iterations; ++iteration) {
    fenceWgmma();
#pragma unroll
    for (int repeat = 0; repeat < stagesPerWait; ++repeat)
#pragma unroll
      for (int step = 0; step < 4; ++step)
        wgmmaDense(sums, imageA + 2 * step, imageB + 128 * step);
    commitWgmma();
    waitWgmma(sums);
  }
  __syncthreads();
  if (threadIdx.x == 0)
    cycles[blockIdx.x] = clock64() - begin;
  store(out, sums);
}

} // namespace

#define KERNELS(n)                                                             \
  extern "C" __global__ void __launch_bounds__(256, 1)                         \
      wgmma_sp_ss_##n(const uint4 *a, const uint4 *fragments, const uint4 *b,  \
                      const uint32_t *metadata, float *out, uint64_t *cycles,  \
                      int iterations) {                                        \
    runSparse<n, true>(a, fragments, b, metadata, out, cycles, iterations);    \
  }                                                                            \
  extern "C" __global__ void __launch_bounds__(256, 1)                         \
      wgmma_sp_rs_##n(const uint4 *a, const uint4 *fragments, const uint4 *b,  \
                      const uint32_t *metadata, float *out, uint64_t *cycles,  \
                      int iterations) {                                        \
    runSparse<n, false>(a, fragments, b, metadata, out, cycles, iterations);   \
  }                                                                            \
  extern "C" __global__ void __launch_bounds__(256, 1)                         \
      wgmma_dense_##n(const uint4 *a, const uint4 *b, float *out,              \
                      uint64_t *cycles, int iterations) {                      \
    runDense<n>(a, b, out, cycles, iterations);                                \
  }

KERNELS(64)
KERNELS(128)
KERNELS(256)
