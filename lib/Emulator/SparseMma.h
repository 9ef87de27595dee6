//===- SparseMma.h - The arithmetic of mma.sp -------------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// mma.sp::ordered_metadata m16n8k32 on the registers of a whole warp
/// (PTX ISA 9.7.14.6, "Matrix Fragments for sparse mma.m16n8k32").
///
//===----------------------------------------------------------------------===//

#ifndef LIB_EMULATOR_SPARSEMMA_H
#define LIB_EMULATOR_SPARSEMMA_H

#include <cstdint>

namespace hinm::emulator {

float halfToFloat(uint16_t bits);
float bfloatToFloat(uint16_t bits);

/// One lane's operands.
struct SparseMmaLane {
  float *d;          // 4: rows g, g, g+8, g+8; columns 2q, 2q+1
  const uint32_t *a; // 4 pairs of 16-bit values of the compressed 16x16 A
  const uint32_t *b; // 4 pairs of 16-bit values of the 32x8 B
  const float *c;    // as d
  uint32_t metadata;
};

/// What made the metadata illegal.
struct MetadataError {
  int lane = -1; // none
  int nibble = 0;
  unsigned value = 0;
};

/// The logical columns (0 … 31) of the 16 values of each of the 16 rows that
/// the words of the 32 lanes describe.
MetadataError decodeMetadata(const uint32_t words[32], int selector,
                             int logicalColumn[16][16]);

/// D = A B + C for the 32 lanes. Each element is C plus its 16 exact products,
/// summed in double and rounded once to f32; hardware rounds differently and
/// in unspecified order. d may be c. Nothing is written after an error.
MetadataError sparseMma16x8x32(const SparseMmaLane lanes[32], int selector,
                               bool isBfloat);

} // namespace hinm::emulator

#endif // LIB_EMULATOR_SPARSEMMA_H
