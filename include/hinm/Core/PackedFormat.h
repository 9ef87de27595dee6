//===- PackedFormat.h - The packed format -----------------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The packed format: 2:4 groups in the fragment order of `mma.sp` (PTX
/// ISA 9.1, section 9.7.14.6). docs/format.md is the specification; in short,
/// with T = ⌈R/V⌉ tiles and S = ⌈V/16⌉ slabs:
///
///  * columns: each tile's kept columns, padded to a multiple of 64 (with
///  column
///    0 and zero values); tileOffsets: T+1 starts, in columns.
///  * values: [k-block of 64][slab][512 elements], those of 16 rows by 32 kept
///    weights, as the lanes hold their A registers. lane = 4g + q.
///  * metadata: [k-block][slab][lane], eight nibbles lo | hi << 2, lo < hi.
///
/// Version 1, 16-bit elements, two steps of m16n8k32:
///
///  * values: [k-step of 32][lane][2·reg + h]: row g (+8 for odd reg),
///    compressed column 2q + h (+8 for reg ≥ 2).
///  * metadata: lane = 4g + 2s + h holds, for k-step s (the selector), row g in
///    bits 15:0 and row g+8 in bits 31:16, logical columns 16h … 16h+15.
///
/// Version 2, 8-bit elements, one step of m16n8k64:
///
///  * values: [lane][4·reg + b]: row g (+8 for odd reg), compressed column
///    4q + b (+16 for reg ≥ 2).
///  * metadata: lane = 4g + 2h + u holds row g + 8u, logical columns
///    32h … 32h+31.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_CORE_PACKEDFORMAT_H
#define HINM_CORE_PACKEDFORMAT_H

#include "hinm/Core/Matrix.h"
#include "hinm/Core/Pattern.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <variant>
#include <vector>

namespace hinm::core {

/// The most columns that 16 bits can list.
inline constexpr int64_t maxShortColumns = int64_t{1} << 16;
/// Columns of a k-block, the unit to which a tile's list is padded.
inline constexpr int64_t packedBlockColumns = 64;
/// Values of one (k-block, slab), 16 rows by 32 kept weights, and its metadata
/// words.
inline constexpr int64_t packedUnitValues = 512;
inline constexpr int64_t packedUnitMetadata = 32;
/// The most weights that `unpack` makes dense: 8 GiB of 16-bit elements.
inline constexpr int64_t maxUnpackedElements = int64_t{1} << 32;

/// How the bits of an element are a number: which of them are a zero. The sign
/// alone is −0 in a float, but the least number in an integer.
enum class ElementKind { Float, Integer };

struct PackedLayout {
  int64_t rows = 0, cols = 0, tile = 1;
  ElementKind kind = ElementKind::Float;

  int64_t getNumTiles() const { return (rows + tile - 1) / tile; }
  int64_t getNumSlabs() const { return (tile + 15) / 16; }
};

/// The bits of the elements of a packed weight. Their width is that of the
/// numbers: f16 or bf16 in 16 bits, f8E4M3FN, f8E5M2 or i8 in 8.
using PackedValues = std::variant<std::vector<uint16_t>, std::vector<uint8_t>>;

struct PackedWeight {
  PackedLayout layout;
  PackedValues values;
  std::vector<uint32_t> metadata;
  std::vector<int32_t> columns;
  std::vector<int32_t> tileOffsets;

  /// The version of the format, which follows from the width of the elements.
  int64_t getVersion() const {
    return std::holds_alternative<std::vector<uint16_t>>(values) ? 1 : 2;
  }
};

/// Packs the pruned \p weight (R×C bits, ±0 of a float is nothing) with the
/// kept columns \p index. Every nonzero is stored once, in the first slot that
/// has room. Refuses a weight with more than two nonzeros of a row in a group,
/// or with one outside the kept columns, naming row and column.
llvm::Expected<PackedWeight> pack(MatrixView<uint16_t> weight,
                                  const ColumnIndex &index, int64_t tile);
llvm::Expected<PackedWeight> pack(MatrixView<uint8_t> weight,
                                  const ColumnIndex &index, int64_t tile,
                                  ElementKind kind);

/// Refuses lists of \p cols columns that do not go by windows of \p window: all
/// tiles list equally many columns, of each window the same multiple of a
/// k-block, and no k-block leaves its window.
llvm::Error checkWindows(const ColumnIndex &index, int64_t cols,
                         int64_t window);

/// Refuses sizes, offsets, columns or metadata that the format does not allow.
/// What passes can be read as the kernels read it without leaving an array.
llvm::Error checkPacked(const PackedWeight &packed);

/// Rebuilds the pruned weight bit for bit (−0 of a float comes back as +0).
/// \p T is the unsigned integer of the elements' width. Refuses another width,
/// sizes, offsets, columns or metadata that the format does not allow, and more
/// than maxUnpackedElements, so it is safe on untrusted data.
template <typename T>
llvm::Expected<Matrix<T>> unpack(const PackedWeight &packed);

} // namespace hinm::core

#endif // HINM_CORE_PACKEDFORMAT_H
