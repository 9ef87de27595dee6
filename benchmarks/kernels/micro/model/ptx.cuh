// The names of ../ptx.cuh for a CPU: what the micro-benchmarks' kernels do,
// read from the PTX manual a second time, so that their addresses, descriptors
// and counts are tested where there is no GPU (test_micro_model.py).
//
// The threads of a block are fibers, switched where a thread waits; blocks run
// one after the other. Copies by cp.async land as late as they may. Times mean
// nothing. The emulator of lib/Emulator is for what MLIR has compiled; this is
// for CUDA's source.

#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <type_traits>
#include <ucontext.h>
#include <utility>
#include <vector>

#define __device__
#define __global__
#define __grid_constant__
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))

struct uint4 {
  uint32_t x, y, z, w;
};
struct float4 {
  float x, y, z, w;
};
inline float4 make_float4(float x, float y, float z, float w) {
  return {x, y, z, w};
}

/// A matrix of f16 and the boxes that are copied of it.
struct TensorMap {
  uint64_t address, rows, columns, boxRows, boxColumns, unused[11];
};

[[noreturn]] inline void fail(const char *what) {
  fprintf(stderr, "model: %s\n", what);
  abort();
}

//===----------------------------------------------------------------------===//
// Fibers
//===----------------------------------------------------------------------===//

struct Copy {
  uint32_t to;
  const void *from;
};

/// One thread of the block.
struct Fiber {
  ucontext_t context;
  std::unique_ptr<char[]> stack;
  bool done = false;
  std::deque<std::vector<Copy>> groups;
  std::vector<Copy> open;
};

/// Threads that meet: nobody leaves before all have come.
struct Meeting {
  int size = 0, arrived = 0;
  uint64_t generation = 0;
};

struct MBarrier {
  int expected = 0, pending = 0;
  int64_t bytes = 0;
  uint64_t phase = 0;
};

/// What a lane brings to a product of its warp or warpgroup.
struct Operands {
  const uint32_t *a, *b;
  uint32_t metadata;
  uint64_t imageA, imageB;
  float *d;
};

constexpr int sharedBytes = 256 * 1024;
/// Offsets of what is not in the ring.
constexpr uint32_t staticShared = 1u << 30;

inline struct {
  std::vector<Fiber> fibers;
  ucontext_t scheduler;
  size_t current;
  bool progress;
  unsigned block, blocks, threads;
  Meeting whole;
  std::vector<Meeting> warps, warpgroups;
  std::vector<Operands> operands;
  std::vector<int> values;
  std::map<uint32_t, MBarrier> barriers;
  char *ring;
  uint64_t clock;
} model;

struct Index {
  unsigned x;
};
#define threadIdx (Index{unsigned(model.current)})
#define blockIdx (Index{model.block})
#define blockDim (Index{model.threads})
#define gridDim (Index{model.blocks})

inline Fiber &self() { return model.fibers[model.current]; }

inline void yield() { swapcontext(&self().context, &model.scheduler); }

template <typename Condition>
void waitUntil(Condition condition) {
  while (!condition())
    yield();
  model.progress = true;
}

inline void meet(Meeting &meeting) {
  uint64_t generation = meeting.generation;
  if (++meeting.arrived == meeting.size) {
    meeting.arrived = 0;
    ++meeting.generation;
  }
  waitUntil([&] { return meeting.generation != generation; });
}

inline Meeting &warp() { return model.warps[model.current / 32]; }
inline void __syncthreads() { meet(model.whole); }
inline void __syncwarp() { meet(warp()); }

inline std::function<void()> entry;

inline void enter() {
  entry();
  if (!self().groups.empty() || !self().open.empty())
    fail("a thread has ended with copies under way");
  self().done = true;
  model.progress = true;
  yield();
}

/// Runs a kernel on a grid; its ring of shared memory begins at \p ring.
inline void runGrid(unsigned blocks, unsigned threads, char *ring,
                    std::function<void()> kernel) {
  entry = std::move(kernel);
  model.blocks = blocks;
  model.threads = threads;
  model.ring = ring;
  for (model.block = 0; model.block < blocks; ++model.block) {
    memset(ring, 0xee, sharedBytes);
    model.barriers.clear();
    model.whole = {int(threads)};
    model.warps.assign((threads + 31) / 32, {32});
    model.warpgroups.assign((threads + 127) / 128, {128});
    model.operands.assign(threads, {});
    model.values.assign(threads, 0);
    model.fibers = std::vector<Fiber>(threads);
    for (Fiber &fiber : model.fibers) {
      constexpr size_t stackBytes = 256 * 1024;
      fiber.stack.reset(new char[stackBytes]);
      getcontext(&fiber.context);
      fiber.context.uc_stack.ss_sp = fiber.stack.get();
      fiber.context.uc_stack.ss_size = stackBytes;
      makecontext(&fiber.context, enter, 0);
    }
    for (size_t done = 0; done < threads;) {
      done = 0;
      model.progress = false;
      for (model.current = 0; model.current < threads; ++model.current) {
        if (!self().done)
          swapcontext(&model.scheduler, &self().context);
        done += self().done;
      }
      if (!model.progress)
        fail("all threads wait");
    }
  }
}

/// Takes the arguments of a kernel as cuLaunchKernel does: by their addresses.
template <typename... Parameters, size_t... I>
void launch(void (*kernel)(Parameters...), unsigned blocks, unsigned threads,
            char *ring, void **arguments, std::index_sequence<I...>) {
  runGrid(blocks, threads, ring, [=] {
    kernel(*static_cast<std::remove_const_t<Parameters> *>(arguments[I])...);
  });
}
template <typename... Parameters>
void launch(void (*kernel)(Parameters...), unsigned blocks, unsigned threads,
            char *ring, void **arguments) {
  launch(kernel, blocks, threads, ring, arguments,
         std::index_sequence_for<Parameters...>());
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

inline uint32_t sharedAddress(const void *pointer) {
  ptrdiff_t offset = static_cast<const char *>(pointer) - model.ring;
  return offset >= 0 && offset < sharedBytes ? offset : staticShared + offset;
}

inline char *shared(uint32_t address, uint32_t bytes) {
  if (address + bytes > sharedBytes)
    fail("an address outside of shared memory");
  return model.ring + address;
}

template <typename T>
T __ldg(const T *from) {
  return *from;
}
template <typename T, typename U>
void atomicAdd(T *to, U value) {
  *to += value;
}
inline uint64_t clock64() { return model.clock += 1000; }
inline uint64_t evictFirst() { return 1; }

template <bool>
uint4 loadStreaming(const uint4 *from, uint64_t) {
  return *from;
}

inline int __shfl_sync(unsigned, int value, int lane) {
  model.values[model.current] = value;
  meet(warp());
  int found = model.values[model.current / 32 * 32 + lane];
  meet(warp());
  return found;
}

inline bool electLane() {
  meet(warp());
  return model.current % 32 == 0;
}

inline void copyAsync16(uint32_t to, const void *from) {
  if (to % 16 || reinterpret_cast<uintptr_t>(from) % 16)
    fail("a copy that is not aligned to 16 bytes");
  self().open.push_back({to, from});
}

inline void commitCopies() {
  self().groups.push_back(std::move(self().open));
  self().open.clear();
}

inline void land(std::vector<Copy> &copies) {
  for (Copy copy : copies)
    memcpy(shared(copy.to, 16), copy.from, 16);
  copies.clear();
}

template <int Pending>
void waitCopies() {
  if constexpr (Pending == 0)
    land(self().open);
  while (self().groups.size() > Pending) {
    land(self().groups.front());
    self().groups.pop_front();
  }
}

inline MBarrier &barrierAt(uint32_t address) {
  auto found = model.barriers.find(address);
  if (found == model.barriers.end())
    fail("an mbarrier that is not initialised");
  return found->second;
}

inline void settle(MBarrier &barrier) {
  if (barrier.pending < 0)
    fail("an mbarrier with too many arrivals");
  if (barrier.pending == 0 && barrier.bytes == 0) {
    ++barrier.phase;
    barrier.pending = barrier.expected;
  }
}

inline void initBarrier(uint32_t address, int arrivals) {
  model.barriers[address] = {arrivals, arrivals, 0, 0};
}
inline void fenceBarrierInit() {}
inline void fenceProxyAsync() {}

inline void arriveExpecting(uint32_t address, uint32_t bytes) {
  MBarrier &barrier = barrierAt(address);
  barrier.bytes += bytes;
  --barrier.pending;
  settle(barrier);
}
inline void arrive(uint32_t address) { arriveExpecting(address, 0); }

inline void arriveAfterCopies(uint32_t address) {
  waitCopies<0>();
  arrive(address);
}

inline void completeBytes(uint32_t address, uint32_t bytes) {
  MBarrier &barrier = barrierAt(address);
  barrier.bytes -= bytes;
  settle(barrier);
}

inline void waitBarrier(uint32_t address, uint32_t parity) {
  MBarrier &barrier = barrierAt(address);
  waitUntil([&] { return (barrier.phase & 1) != parity; });
}

inline void copyBulk(uint32_t to, const void *from, uint32_t bytes,
                     uint32_t barrier, uint64_t) {
  if (to % 16 || bytes % 16)
    fail("a bulk copy that is not aligned to 16 bytes");
  memcpy(shared(to, bytes), from, bytes);
  completeBytes(barrier, bytes);
}

/// The swizzle of 128 bytes: bits 4 to 6 by bits 7 to 9.
inline uint32_t swizzled(uint32_t byte) { return byte ^ (byte >> 7 & 7) << 4; }

inline void copyBox(uint32_t to, const TensorMap *map, int column, int row,
                    uint32_t barrier) {
  if (to % 128)
    fail("a box that is not aligned to 128 bytes");
  if (row < 0 || column < 0 || row + map->boxRows > map->rows ||
      column + map->boxColumns > map->columns)
    fail("a box outside of its matrix");
  auto *from = reinterpret_cast<const uint16_t *>(map->address);
  for (uint64_t i = 0; i < map->boxRows; ++i)
    for (uint64_t j = 0; j < map->boxColumns; ++j)
      memcpy(shared(swizzled(to + (i * map->boxColumns + j) * 2), 2),
             from + (row + i) * map->columns + column + j, 2);
  completeBytes(barrier, map->boxRows * map->boxColumns * 2);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

inline float half(uint32_t word, int which) {
  auto bits = static_cast<uint16_t>(word >> 16 * which);
  _Float16 value;
  memcpy(&value, &bits, 2);
  return static_cast<float>(value);
}

/// One of the 16 × 32 weights of a warp; \p lanes are its 32 operands, and
/// kept(group, which) is one of the two of a group of four of the row.
template <typename Kept>
float sparseA(const Operands *lanes, int selector, int row, int k, Kept kept) {
  int group = k / 4, place = k % 4;
  int g = row % 8, high = row / 8;
  uint32_t word = lanes[4 * g + 2 * selector + group / 4].metadata;
  uint32_t nibble = word >> (16 * high + 4 * (group % 4)) & 15;
  int first = nibble & 3, second = nibble >> 2;
  if (first >= second)
    fail("metadata that does not rise");
  if (place != first && place != second)
    return 0;
  return kept(group, place == second);
}

/// The same, from registers.
inline float sparseA(const Operands *lanes, int selector, int row, int k) {
  return sparseA(lanes, selector, row, k, [=](int group, int which) {
    return half(lanes[4 * (row % 8) + group % 4].a[row / 8 + 2 * (group / 4)],
                which);
  });
}

/// Runs \p product once, when all threads of the meeting have brought theirs.
template <typename Product>
void together(Meeting &meeting, int first, const Operands &mine,
              Product product) {
  model.operands[model.current] = mine;
  meet(meeting);
  if (int(model.current) == first)
    product(&model.operands[first]);
  meet(meeting);
}

template <int Selector>
void mmaSparseOrdered(float (&d)[4], const uint32_t (&a)[4],
                      const uint32_t (&b)[4], uint32_t metadata) {
  together(warp(), model.current / 32 * 32, {a, b, metadata, 0, 0, d},
           [](const Operands *lanes) {
             for (int row = 0; row < 16; ++row)
               for (int n = 0; n < 8; ++n) {
                 float &sum =
                     lanes[4 * (row % 8) + n / 2].d[2 * (row / 8) + n % 2];
                 for (int k = 0; k < 32; ++k)
                   sum += sparseA(lanes, Selector, row, k) *
                          half(lanes[4 * n + k % 8 / 2].b[k / 8], k % 2);
               }
           });
}
template <int Selector>
void mmaSparsePlain(float (&d)[4], const uint32_t (&a)[4],
                    const uint32_t (&b)[4], uint32_t metadata) {
  mmaSparseOrdered<Selector>(d, a, b, metadata);
}

inline void mmaDense(float (&d)[4], const uint32_t (&a)[4], uint32_t b0,
                     uint32_t b1) {
  uint32_t b[2] = {b0, b1};
  together(
      warp(), model.current / 32 * 32, {a, b, 0, 0, 0, d},
      [](const Operands *lanes) {
        for (int row = 0; row < 16; ++row)
          for (int n = 0; n < 8; ++n) {
            float &sum = lanes[4 * (row % 8) + n / 2].d[2 * (row / 8) + n % 2];
            for (int k = 0; k < 16; ++k)
              sum +=
                  half(
                      lanes[4 * (row % 8) + k % 8 / 2].a[row / 8 + 2 * (k / 8)],
                      k % 2) *
                  half(lanes[4 * n + k % 8 / 2].b[k / 8], k % 2);
          }
      });
}

inline void fenceWgmma() {}
inline void commitWgmma() {}
template <int Sums>
void waitWgmma(float (&)[Sums]) {}

/// The fields as they are in a descriptor.
inline uint64_t describe(uint32_t address, uint32_t leading, uint32_t stride) {
  return uint64_t(address / 16) | uint64_t(leading / 16) << 16 |
         uint64_t(stride / 16) << 32 | uint64_t(1) << 62;
}

inline float elementAt(uint64_t image, uint32_t offset) {
  uint32_t address = (image & 0x3fff) * 16 + offset;
  uint16_t bits;
  memcpy(&bits, shared(swizzled(address), 2), 2);
  return half(bits, 0);
}

/// MN-major: (column, k).
inline float elementB(uint64_t image, int n, int k) {
  uint32_t leading = (image >> 16 & 0x3fff) * 16;
  uint32_t stride = (image >> 32 & 0x3fff) * 16;
  return elementAt(image, n / 64 * leading + k / 8 * stride + k % 8 * 128 +
                              n % 64 * 2);
}

/// K-major, within one swizzled row: (row, k).
inline float elementA(uint64_t image, int row, int k) {
  uint32_t stride = (image >> 32 & 0x3fff) * 16;
  return elementAt(image, row / 8 * stride + row % 8 * 128 + k * 2);
}

/// D += A · B for a warpgroup, with a(lanes of the warp, row of 64, k).
template <int N, typename A>
void multiplyGroup(const Operands *threads, int depth, A a) {
  for (int row = 0; row < 64; ++row) {
    const Operands *lanes = threads + row / 16 * 32;
    for (int n = 0; n < N; ++n) {
      float sum = 0;
      for (int k = 0; k < depth; ++k)
        if (float left = a(lanes, row, k))
          sum += left * elementB(threads->imageB, n, k);
      lanes[4 * (row % 8) + n % 8 / 2]
          .d[n / 8 * 4 + 2 * (row % 16 / 8) + n % 2] += sum;
    }
  }
}

inline Meeting &ownWarpgroup() { return model.warpgroups[model.current / 128]; }
inline int firstOfWarpgroup() { return model.current / 128 * 128; }

template <int Selector, int Sums>
void wgmmaSparse(float (&d)[Sums], const uint32_t (&a)[4], uint64_t b,
                 uint32_t metadata) {
  together(ownWarpgroup(), firstOfWarpgroup(), {a, nullptr, metadata, 0, b, d},
           [](const Operands *threads) {
             multiplyGroup<2 * Sums>(
                 threads, 32, [](const Operands *lanes, int row, int k) {
                   return sparseA(lanes, Selector, row % 16, k);
                 });
           });
}

template <int Selector, int Sums>
void wgmmaSparse(float (&d)[Sums], uint64_t a, uint64_t b, uint32_t metadata) {
  together(ownWarpgroup(), firstOfWarpgroup(),
           {nullptr, nullptr, metadata, a, b, d}, [](const Operands *threads) {
             multiplyGroup<2 * Sums>(
                 threads, 32, [](const Operands *lanes, int row, int k) {
                   return sparseA(
                       lanes, Selector, row % 16, k, [=](int group, int which) {
                         return elementA(lanes->imageA, row, 2 * group + which);
                       });
                 });
           });
}

template <int Sums>
void wgmmaDense(float (&d)[Sums], uint64_t a, uint64_t b) {
  together(ownWarpgroup(), firstOfWarpgroup(), {nullptr, nullptr, 0, a, b, d},
           [](const Operands *threads) {
             multiplyGroup<2 * Sums>(threads, 16,
                                     [](const Operands *lanes, int row, int k) {
                                       return elementA(lanes->imageA, row, k);
                                     });
           });
}
