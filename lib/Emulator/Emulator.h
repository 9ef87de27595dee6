//===- Emulator.h - Device memory and launches on the CPU -------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The emulator device as the runtime sees it: memory with red zones, memory
/// ranges that belong to somebody else, and launches of kernels that were
/// compiled against DeviceApi.h. Threads of a block, or of the blocks of a
/// cluster, are fibers of one operating system thread; blocks or clusters run
/// on as many of those as there are processors.
///
/// Functions return false after an error, whose text is lastError(). The first
/// error since clearError() is the one kept. One thread at a time may call.
///
//===----------------------------------------------------------------------===//

#ifndef LIB_EMULATOR_EMULATOR_H
#define LIB_EMULATOR_EMULATOR_H

#include <cstddef>
#include <cstdint>
#include <string>

namespace hinm::emulator {

/// Sizes of a grid (in blocks) or of a block (in threads), or an index in one.
struct Dim3 {
  uint32_t x = 1, y = 1, z = 1;
  uint64_t count() const { return uint64_t(x) * y * z; }
};

/// A kernel gets the addresses of its arguments, as in cuLaunchKernel.
using Kernel = void (*)(void **params);

/// At most this much shared memory per block, static and dynamic, in bytes:
/// what a block of an H100 or H200 may have (227 KiB).
constexpr size_t maxSharedBytes = 227 * 1024;
constexpr uint32_t maxThreadsPerBlock = 1024;
/// Blocks of a cluster that every chip with clusters takes.
constexpr uint32_t maxClusterBlocks = 8;
/// Blocks along y, and along z.
constexpr uint32_t maxGridAcross = 65535;

/// \p bytes of device memory, filled with 0xFF (NaN in every float type) and
/// aligned to 256 bytes; nullptr for 0 bytes or when there is no memory left.
void *allocate(size_t bytes);
bool deallocate(void *pointer);

/// Lets kernels access memory that allocate() did not give out: the data of a
/// loaded module, host memory registered by the user. \p what names it in
/// errors and must be a static string.
bool registerRange(const void *begin, size_t bytes, bool writable,
                   const char *what);
bool unregisterRange(const void *begin);

/// Whether \p bytes at \p pointer stay inside the known range that they touch;
/// addresses that touch none are host memory and pass. \p what starts the
/// error.
bool checkHostAccess(const void *pointer, size_t bytes, const char *what);

/// Runs \p kernel for the whole grid, in clusters of \p cluster blocks; returns
/// when it has ended. The first error ends all blocks. With the environment
/// variable HINM_EMULATOR_SEED set to a number other than 0 the order of warps
/// and lanes is random.
bool launch(Kernel kernel, Dim3 grid, Dim3 block, Dim3 cluster,
            size_t dynamicSharedBytes, size_t staticSharedBytes, void **params,
            const char *name);

/// Empty when there was no error.
std::string lastError();
void clearError();

} // namespace hinm::emulator

#endif // LIB_EMULATOR_EMULATOR_H
