//===- PackedFormat.h - The packed format -----------------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Packed format, version 1: 16-bit elements, 2:4 groups, in the fragment order
/// of `mma.sp` m16n8k32 (PTX ISA 9.1, section 9.7.14.6). docs/format.md is the
/// specification; in short, with T = ⌈R/V⌉ tiles and S = ⌈V/16⌉ slabs:
///
///  * columns: each tile's kept columns, padded to a multiple of 64 (with
///  column
///    0 and zero values); tileOffsets: T+1 starts, in columns.
///  * values: [k-block of 64][slab][k-step of 32][lane][8 elements]: the lane's
///    four A registers of the compressed 16×16 matrix. lane = 4g + q, element
///    2·reg + h: row g (+8 for odd reg), compressed column 2q + h (+8 for reg ≥
///    2).
///  * metadata: [k-block][slab][lane], lane = 4g + 2s + h holds, for k-step s
///    (the selector), row g in bits 15:0 and row g+8 in bits 31:16, logical
///    columns 16h … 16h+15: four nibbles lo | hi << 2, lo < hi.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_CORE_PACKEDFORMAT_H
#define HINM_CORE_PACKEDFORMAT_H

#include "hinm/Core/Matrix.h"
#include "hinm/Core/Pattern.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <vector>

namespace hinm::core {

/// Columns of a k-block, the unit to which a tile's list is padded.
inline constexpr int64_t packedBlockColumns = 64;
/// The most weights that `unpack` makes dense: 8 GiB of 16-bit elements.
inline constexpr int64_t maxUnpackedElements = int64_t{1} << 32;

struct PackedLayout {
  int64_t rows = 0, cols = 0, tile = 1;

  int64_t getNumTiles() const { return (rows + tile - 1) / tile; }
  int64_t getNumSlabs() const { return (tile + 15) / 16; }
};

/// A packed weight; `values` holds the bits of f16 or bf16 alike.
struct PackedWeight {
  PackedLayout layout;
  std::vector<uint16_t> values;
  std::vector<uint32_t> metadata;
  std::vector<int32_t> columns;
  std::vector<int32_t> tileOffsets;
};

/// Packs the pruned \p weight (R×C bits of f16 or bf16; ±0 is nothing) with the
/// kept columns \p index. Every nonzero is stored once, in the first slot that
/// has room. Refuses a weight with more than two nonzeros of a row in a group,
/// or with one outside the kept columns, naming row and column.
llvm::Expected<PackedWeight> pack(MatrixView<uint16_t> weight,
                                  const ColumnIndex &index, int64_t tile);

/// Refuses sizes, offsets, columns or metadata that the format does not allow.
/// What passes can be read as the kernels read it without leaving an array.
llvm::Error checkPacked(const PackedWeight &packed);

/// Rebuilds the pruned weight bit for bit (−0 comes back as +0). Refuses sizes,
/// offsets, columns or metadata that the format does not allow, and more than
/// maxUnpackedElements, so it is safe on untrusted data.
llvm::Expected<Matrix<uint16_t>> unpack(const PackedWeight &packed);

} // namespace hinm::core

#endif // HINM_CORE_PACKEDFORMAT_H
