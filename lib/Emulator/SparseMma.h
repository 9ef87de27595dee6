//===- SparseMma.h - The arithmetic of mma.sp -------------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// mma.sp::ordered_metadata m16n8k32 of 16-bit elements, m16n8k64 of 8-bit ones
/// and m16n8k16 of tf32 on the registers of a whole warp (PTX ISA 9.7.14.6,
/// "Matrix Fragments for sparse mma").
///
//===----------------------------------------------------------------------===//

#ifndef LIB_EMULATOR_SPARSEMMA_H
#define LIB_EMULATOR_SPARSEMMA_H

#include <cstdint>

namespace hinm::emulator {

float halfToFloat(uint16_t bits);
float bfloatToFloat(uint16_t bits);

float e4m3ToFloat(uint8_t bits);
float e5m2ToFloat(uint8_t bits);

/// What A and B hold; the codes are those of DeviceApi.h.
enum class MmaType : int { F16 = 0, BF16, S8, E4M3, E5M2, TF32 };

/// How many of them a register holds, and what an instruction's selector may
/// be.
inline int elementsPerRegister(MmaType type) {
  switch (type) {
  case MmaType::F16:
  case MmaType::BF16:
    return 2;
  case MmaType::TF32:
    return 1;
  default:
    return 4;
  }
}
inline int selectorsOf(MmaType type) {
  return elementsPerRegister(type) == 4 ? 1 : 2;
}

/// Whether \p bits are a tf32: an f32 of 10 bits of fraction. How a tf32 is
/// laid out is not specified but for what cvt makes of an f32, and that is what
/// kernels have to multiply.
inline bool isTF32(uint32_t bits) {
  const bool isFinite = (bits & 0x7F800000) != 0x7F800000;
  return !isFinite || (bits & 0x1FFF) == 0;
}

/// One lane's operands. Sums are i32 of S8, and f32 of the others.
struct SparseMmaLane {
  void *d;           // 4: rows g, g, g+8, g+8; columns 2q, 2q+1
  const uint32_t *a; // 4 registers of the compressed A
  const uint32_t *b; // 4 of B
  const void *c;     // as d
  uint32_t metadata;
};

/// What made the metadata illegal.
struct MetadataError {
  int lane = -1; // none
  int nibble = 0;
  unsigned value = 0;
};

/// The logical columns (0 … 31) of the 16 values of each of the 16 rows that
/// the words of the 32 lanes describe, of 16-bit elements.
MetadataError decodeMetadata(const uint32_t words[32], int selector,
                             int logicalColumn[16][16]);

/// D = A B + C for the 32 lanes. Registers of TF32 are read as f32. A sum of
/// floats is C plus the exact products, summed in double and rounded once to
/// f32; hardware rounds differently and in unspecified order. One of integers
/// wraps. d may be c. Nothing is written after an error.
MetadataError sparseMma(const SparseMmaLane lanes[32], int selector,
                        MmaType type);

} // namespace hinm::emulator

#endif // LIB_EMULATOR_SPARSEMMA_H
