//===- PackedFormat.h - The packed format -----------------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The packed format: N:M groups in the fragment order of `mma.sp` (PTX
/// ISA 9.1, section 9.7.14.6). docs/format.md is the specification; in short,
/// with T = ⌈R/V⌉ tiles and S = ⌈V/16⌉ slabs:
///
///  * columns: each tile's kept columns, padded to a multiple of the k-block
///    (with column 0 and zero values); tileOffsets: T+1 starts, in columns.
///  * values: [k-block][slab][elements], those of 16 rows by the half of the
///    k-block that a row keeps, as the lanes hold their A registers. lane =
///    4g + q.
///  * metadata: [k-block][slab][lane], eight nibbles.
///
/// Version 1, 16-bit elements, 2:4, k-blocks of 64, two steps of m16n8k32:
///
///  * values: [k-step of 32][lane][2·reg + h]: row g (+8 for odd reg),
///    compressed column 2q + h (+8 for reg ≥ 2).
///  * metadata: lane = 4g + 2s + h holds, for k-step s (the selector), row g in
///    bits 15:0 and row g+8 in bits 31:16, logical columns 16h … 16h+15. A
///    nibble is lo | hi << 2, lo < hi.
///
/// Version 2, 8-bit elements, 2:4, k-blocks of 64, one step of m16n8k64:
///
///  * values: [lane][4·reg + b]: row g (+8 for odd reg), compressed column
///    4q + b (+16 for reg ≥ 2).
///  * metadata: lane = 4g + 2h + u holds row g + 8u, logical columns
///    32h … 32h+31.
///
/// Version 3, tf32 in 32 bits, 1:2, k-blocks of 32, two steps of m16n8k16:
///
///  * values: [k-step of 16][lane][reg]: row g (+8 for odd reg), compressed
///    column q (+4 for reg ≥ 2).
///  * metadata: as version 1, logical columns 8h … 8h+7. A nibble is 0b0100 for
///    the first column of its group, 0b1110 for the second.
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
/// Metadata words of one (k-block, slab).
inline constexpr int64_t packedUnitMetadata = 32;
/// The most weights that `unpack` makes dense: 8 GiB of 16-bit elements.
inline constexpr int64_t maxUnpackedElements = int64_t{1} << 32;

/// How the bits of an element are a number: which of them are a zero. The sign
/// alone is −0 in a float, but the least number in an integer.
enum class ElementKind { Float, Integer };

/// What a version of the format fixes.
struct PackedVersion {
  int64_t number;
  int64_t elementBits;
  int64_t n, m; ///< of a group
  /// Columns of a k-block, the unit to which a tile's list is padded.
  int64_t blockColumns;
  /// Those of a step of the instruction, and the elements of one A register.
  int64_t stepColumns, perRegister;

  /// Values of one (k-block, slab), 16 rows by the weights that are kept.
  int64_t getUnitValues() const { return 16 * blockColumns * n / m; }
  /// The bits of an index: which N of the M columns of a group are kept.
  /// A tf32 is two halves, and one of two is named like two of four.
  uint32_t makeNibble(int64_t first, int64_t second) const {
    return m == 4 ? first | second << 2 : first == 0 ? 0x4 : 0xe;
  }
  /// The column of kept weight \p i that \p nibble names.
  int64_t entryOf(uint32_t nibble, int64_t i) const {
    return m == 4 ? nibble >> 2 * i & 3 : nibble >> 3 & 1;
  }
  bool isLegal(uint32_t nibble) const {
    return m == 4 ? (nibble & 3) < nibble >> 2 : nibble == 0x4 || nibble == 0xe;
  }
};

/// All of them; version v is the one at v − 1.
inline constexpr PackedVersion packedVersions[] = {{1, 16, 2, 4, 64, 32, 2},
                                                   {2, 8, 2, 4, 64, 64, 4},
                                                   {3, 32, 1, 2, 32, 16, 1}};

/// Columns of a k-block of 2:4 groups, whatever their elements.
inline constexpr int64_t packedBlockColumns = packedVersions[0].blockColumns;

/// Bits of a tf32, of the 32 in which it is stored, that hold nothing: it is an
/// f32 of 10 bits of fraction.
inline constexpr uint32_t tf32Unused = 0x1fff;

struct PackedLayout {
  int64_t rows = 0, cols = 0, tile = 1;
  ElementKind kind = ElementKind::Float;

  int64_t getNumTiles() const { return (rows + tile - 1) / tile; }
  int64_t getNumSlabs() const { return (tile + 15) / 16; }
};

/// The bits of the elements of a packed weight. Their width is that of the
/// numbers: f16 or bf16 in 16 bits, f8E4M3FN, f8E5M2 or i8 in 8, tf32 in 32.
/// The alternatives are in the order of the versions.
using PackedValues = std::variant<std::vector<uint16_t>, std::vector<uint8_t>,
                                  std::vector<uint32_t>>;

struct PackedWeight {
  PackedLayout layout;
  PackedValues values;
  std::vector<uint32_t> metadata;
  std::vector<int32_t> columns;
  std::vector<int32_t> tileOffsets;

  /// The version of the format, which follows from the width of the elements.
  const PackedVersion &getVersion() const {
    return packedVersions[values.index()];
  }
};

/// Packs the pruned \p weight (R×C bits, ±0 of a float is nothing) with the
/// kept columns \p index. Every nonzero is stored once, in the first slot that
/// has room. Refuses a weight with more than N nonzeros of a row in a group, or
/// with one outside the kept columns, naming row and column; and one of 32 bits
/// that is no tf32.
llvm::Expected<PackedWeight> pack(MatrixView<uint16_t> weight,
                                  const ColumnIndex &index, int64_t tile);
llvm::Expected<PackedWeight> pack(MatrixView<uint8_t> weight,
                                  const ColumnIndex &index, int64_t tile,
                                  ElementKind kind);
llvm::Expected<PackedWeight> pack(MatrixView<uint32_t> weight,
                                  const ColumnIndex &index, int64_t tile);

/// Refuses lists of \p cols columns that do not go by windows of \p window: all
/// tiles list equally many columns, of each window the same multiple of the
/// \p blockColumns of a k-block, and no k-block leaves its window.
llvm::Error checkWindows(const ColumnIndex &index, int64_t cols, int64_t window,
                         int64_t blockColumns = 64);

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
