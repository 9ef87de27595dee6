//===- SparseWgmma.h - The arithmetic of sparse wgmma -----------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// wgmma.mma_async.sp m64nNk32 of 16-bit elements with A in registers and B,
/// transposed (MN-major), in shared memory (PTX ISA 9.7.15).
///
//===----------------------------------------------------------------------===//

#ifndef LIB_EMULATOR_SPARSEWGMMA_H
#define LIB_EMULATOR_SPARSEWGMMA_H

#include "Emulator/SparseMma.h"

#include <cstdint>

namespace hinm::emulator {

/// The fields of a matrix descriptor, in bytes.
struct MatrixDescriptor {
  uint32_t address = 0; // the low 18 bits of the address
  uint32_t leading = 0; // "leading dimension byte offset"
  uint32_t stride = 0;  // "stride dimension byte offset"
  uint32_t baseOffset = 0;
  uint32_t swizzle = 0; // bytes of a row of the swizzle: 0, 32, 64, 128

  explicit MatrixDescriptor(uint64_t bits);

  /// The address of the 16 bytes of row \p k (0 … 31) that hold the columns
  /// 8 · \p chunk and the seven after it: MN-major canonical layouts, with the
  /// swizzle, which is of the address.
  uint32_t place(uint32_t k, uint32_t chunk) const;
};

/// One thread's operands.
struct SparseWgmmaThread {
  float *d;          // N/2: of each 8 columns as of mma.m16n8, 16 rows a warp
  const uint32_t *a; // 4 pairs, as of mma.sp.m16n8k32 of the warp's 16 rows
  uint32_t metadata; // as there
};

/// D = A B (+ D if \p accumulate) for 128 threads; \p b is 32 rows of \p
/// columns elements. The lane of an error is the thread of the warpgroup.
/// Nothing is written after an error.
MetadataError sparseWgmma(const SparseWgmmaThread threads[128],
                          const uint16_t *b, int columns, int selector,
                          bool accumulate, bool isBfloat);

} // namespace hinm::emulator

#endif // LIB_EMULATOR_SPARSEWGMMA_H
