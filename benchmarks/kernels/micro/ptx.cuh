// The instructions that the micro-benchmarks measure, each under a name.
//
// All are volatile: none is moved across another or dropped.

#pragma once

#include <cstdint>

/// A descriptor of a tensor for TMA, as cuTensorMapEncodeTiled fills it in.
struct alignas(64) TensorMap {
  uint64_t words[16];
};

__device__ inline uint32_t sharedAddress(const void *pointer) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(pointer));
}

//===----------------------------------------------------------------------===//
// cp.async
//===----------------------------------------------------------------------===//

__device__ inline void copyAsync16(uint32_t to, const void *from) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(from)
               : "memory");
}

__device__ inline void commitCopies() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}

/// Waits until at most \p Pending groups of this thread are under way.
template <int Pending>
__device__ inline void waitCopies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(Pending) : "memory");
}

//===----------------------------------------------------------------------===//
// Streaming loads
//===----------------------------------------------------------------------===//

__device__ inline uint64_t evictFirst() {
  uint64_t policy;
  asm volatile("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;"
               : "=l"(policy));
  return policy;
}

/// What is read once: not kept in L1, and in L2 by \p policy if EvictFirst.
template <bool EvictFirst>
__device__ inline uint4 loadStreaming(const uint4 *from, uint64_t policy) {
  uint4 value;
  if constexpr (EvictFirst)
    asm volatile("ld.global.nc.L1::no_allocate.L2::cache_hint.v4.u32 "
                 "{%0, %1, %2, %3}, [%4], %5;"
                 : "=r"(value.x), "=r"(value.y), "=r"(value.z), "=r"(value.w)
                 : "l"(from), "l"(policy));
  else
    asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(value.x), "=r"(value.y), "=r"(value.z), "=r"(value.w)
                 : "l"(from));
  return value;
}

//===----------------------------------------------------------------------===//
// mma
//===----------------------------------------------------------------------===//

#define MMA_SPARSE(name, instruction)                                          \
  template <int Selector>                                                      \
  __device__ inline void name(float (&d)[4], const uint32_t (&a)[4],           \
                              const uint32_t (&b)[4], uint32_t metadata) {     \
    asm volatile(instruction ".sync.aligned.m16n8k32.row.col.f32.f16.f16.f32 " \
                             "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9,%10,%11}, " \
                             "{%0,%1,%2,%3}, %12, %13;"                        \
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])              \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]),      \
                   "r"(b[1]), "r"(b[2]), "r"(b[3]), "r"(metadata),             \
                   "n"(Selector));                                             \
  }

MMA_SPARSE(mmaSparseOrdered, "mma.sp::ordered_metadata")
MMA_SPARSE(mmaSparsePlain, "mma.sp")

__device__ inline void mmaDense(float (&d)[4], const uint32_t (&a)[4],
                                uint32_t b0, uint32_t b1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
               "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

#if __CUDA_ARCH__ >= 900

//===----------------------------------------------------------------------===//
// mbarrier
//===----------------------------------------------------------------------===//

__device__ inline void initBarrier(uint32_t barrier, int arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier),
               "r"(arrivals)
               : "memory");
}

/// Makes initialised barriers visible to the async proxy.
__device__ inline void fenceBarrierInit() {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

__device__ inline void arrive(uint32_t barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier)
               : "memory");
}

__device__ inline void arriveExpecting(uint32_t barrier, uint32_t bytes) {
  asm volatile(
      "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier),
      "r"(bytes)
      : "memory");
}

/// An arrival that happens when this thread's earlier copies have landed.
__device__ inline void arriveAfterCopies(uint32_t barrier) {
  asm volatile(
      "cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%0];" ::"r"(barrier)
      : "memory");
}

/// Waits until the phase of parity \p parity has completed.
__device__ inline void waitBarrier(uint32_t barrier, uint32_t parity) {
  asm volatile("{\n"
               ".reg .pred done;\n"
               "again:\n"
               "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
               "@!done bra again;\n"
               "}\n" ::"r"(barrier),
               "r"(parity)
               : "memory");
}

/// Orders generic accesses to shared memory before those of the async proxy.
__device__ inline void fenceProxyAsync() {
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

//===----------------------------------------------------------------------===//
// Bulk copies and TMA
//===----------------------------------------------------------------------===//

__device__ inline void copyBulk(uint32_t to, const void *from, uint32_t bytes,
                                uint32_t barrier, uint64_t policy) {
  asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::"
               "bytes.L2::cache_hint [%0], [%1], %2, [%3], %4;" ::"r"(to),
               "l"(from), "r"(bytes), "r"(barrier), "l"(policy)
               : "memory");
}

/// True in one lane of a whole warp. The assembler then knows that operands are
/// uniform; of a compare with the lane's number it does not, and puts a loop
/// over the lanes around every copy.
__device__ inline bool electLane() {
  uint32_t elected;
  asm volatile("{\n"
               ".reg .pred chosen;\n"
               "elect.sync _|chosen, 0xffffffff;\n"
               "selp.u32 %0, 1, 0, chosen;\n"
               "}\n"
               : "=r"(elected));
  return elected != 0;
}

/// One box of a matrix, whose first element is (\p row, \p column).
__device__ inline void copyBox(uint32_t to, const TensorMap *map, int column,
                               int row, uint32_t barrier) {
  asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::"
               "complete_tx::bytes [%0], [%1, {%2, %3}], [%4];" ::"r"(to),
               "l"(map), "r"(column), "r"(row), "r"(barrier)
               : "memory");
}

//===----------------------------------------------------------------------===//
// wgmma
//===----------------------------------------------------------------------===//

__device__ inline void fenceWgmma() {
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

__device__ inline void commitWgmma() {
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

/// Waits for all products. \p sums are named as well, lest the compiler reads
/// them before.
template <int Sums>
__device__ inline void waitWgmma(float (&sums)[Sums]) {
  asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
#pragma unroll
  for (float &sum : sums)
    asm volatile("" : "+f"(sum)::"memory");
}

/// A matrix in shared memory, swizzled by 128 bytes; all in bytes.
///
/// K-major: \p stride between groups of 8 rows; \p leading is not used.
/// MN-major: \p leading between atoms of 64 columns, \p stride between groups
/// of 8 k. An atom begins at a multiple of 1024.
__device__ inline uint64_t describe(uint32_t address, uint32_t leading,
                                    uint32_t stride) {
  return uint64_t((address >> 4) & 0x3fff) |
         uint64_t((leading >> 4) & 0x3fff) << 16 |
         uint64_t((stride >> 4) & 0x3fff) << 32 | uint64_t(1) << 62;
}

// Ten operands of the template, by their tens; and eight accumulators.
#define OPERANDS(tens)                                                         \
  "%" #tens "0,%" #tens "1,%" #tens "2,%" #tens "3,%" #tens "4,%" #tens        \
  "5,%" #tens "6,%" #tens "7,%" #tens "8,%" #tens "9,"
#define OPERANDS30 "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9," OPERANDS(1) OPERANDS(2)
#define OPERANDS60 OPERANDS30 OPERANDS(3) OPERANDS(4) OPERANDS(5)
#define OPERANDS120                                                            \
  OPERANDS60 OPERANDS(6) OPERANDS(7) OPERANDS(8) OPERANDS(9) OPERANDS(10)      \
      OPERANDS(11)
#define ACCUMULATORS8(i)                                                       \
  "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3]), "+f"(d[i + 4]),  \
      "+f"(d[i + 5]), "+f"(d[i + 6]), "+f"(d[i + 7])
#define ACCUMULATORS32(i)                                                      \
  ACCUMULATORS8(i), ACCUMULATORS8(i + 8), ACCUMULATORS8(i + 16),               \
      ACCUMULATORS8(i + 24)
#define ACCUMULATORS64(i) ACCUMULATORS32(i), ACCUMULATORS32(i + 32)
#define ACCUMULATORS128(i) ACCUMULATORS64(i), ACCUMULATORS64(i + 64)

// The three products for one width. `list` names the accumulators, `p0` and up
// are the numbers of the operands behind them. B is MN-major (transposed), A is
// K-major; D += A · B.
#define WGMMA_OF_WIDTH(n, list, accumulators, p0, p1, p2, p3, p4, p5, p6)      \
  template <int Selector>                                                      \
  __device__ inline void wgmmaSparse(float (&d)[n / 2], uint64_t a,            \
                                     uint64_t b, uint32_t metadata) {          \
    asm volatile("wgmma.mma_async.sp.sync.aligned.m64n" #n                     \
                 "k32.f32.f16.f16 {" list "}, %" #p0 ", %" #p1 ", %" #p2       \
                 ", %" #p3 ", 1, 1, 1, 0, 1;"                                  \
                 : accumulators                                                \
                 : "l"(a), "l"(b), "r"(metadata), "n"(Selector)                \
                 : "memory");                                                  \
  }                                                                            \
  template <int Selector>                                                      \
  __device__ inline void wgmmaSparse(float (&d)[n / 2],                        \
                                     const uint32_t (&a)[4], uint64_t b,       \
                                     uint32_t metadata) {                      \
    asm volatile("wgmma.mma_async.sp.sync.aligned.m64n" #n                     \
                 "k32.f32.f16.f16 {" list "}, {%" #p0 ", %" #p1 ", %" #p2      \
                 ", %" #p3 "}, %" #p4 ", %" #p5 ", %" #p6 ", 1, 1, 1, 1;"      \
                 : accumulators                                                \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b),         \
                   "r"(metadata), "n"(Selector)                                \
                 : "memory");                                                  \
  }                                                                            \
  __device__ inline void wgmmaDense(float (&d)[n / 2], uint64_t a,             \
                                    uint64_t b) {                              \
    asm volatile("wgmma.mma_async.sync.aligned.m64n" #n                        \
                 "k16.f32.f16.f16 {" list "}, %" #p0 ", %" #p1                 \
                 ", 1, 1, 1, 0, 1;"                                            \
                 : accumulators                                                \
                 : "l"(a), "l"(b)                                              \
                 : "memory");                                                  \
  }

WGMMA_OF_WIDTH(64, OPERANDS30 "%30,%31", ACCUMULATORS32(0), 32, 33, 34, 35, 36,
               37, 38)
WGMMA_OF_WIDTH(128, OPERANDS60 "%60,%61,%62,%63", ACCUMULATORS64(0), 64, 65, 66,
               67, 68, 69, 70)
WGMMA_OF_WIDTH(256, OPERANDS120 "%120,%121,%122,%123,%124,%125,%126,%127",
               ACCUMULATORS128(0), 128, 129, 130, 131, 132, 133, 134)

#endif // __CUDA_ARCH__ >= 900
