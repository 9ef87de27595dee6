//===- PackedFormat.cpp - The packed format -------------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/PackedFormat.h"

#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <array>
#include <limits>

namespace hinm::core {

namespace {

constexpr int64_t slabRows = 16;
constexpr int64_t stepColumns = 32;
constexpr int64_t lanes = 32;
/// Values and metadata words of one (k-block, slab).
constexpr int64_t blockValues = 2 * lanes * 8;
constexpr int64_t blockMetadata = lanes;

long long ll(int64_t value) { return value; }

/// Where the two weights of one (row, group) stand. \p row is the row within
/// the tile, \p slot the first slot of the group within the tile's padded list.
struct GroupPlace {
  /// Indices into `values` of the first and the second kept weight.
  int64_t value[2];
  /// Index into `metadata`, and the bit at which the nibble starts.
  int64_t word;
  unsigned bit;
};

GroupPlace placeOf(const PackedLayout &layout, int64_t tileOffset, int64_t row,
                   int64_t slot) {
  const int64_t block = (tileOffset + slot) / packedBlockColumns;
  const int64_t slab = row / slabRows, rowInSlab = row % slabRows;
  const int64_t g = rowInSlab % 8, upper = rowInSlab / 8;
  const int64_t inBlock = slot % packedBlockColumns;
  const int64_t step = inBlock / stepColumns;
  const int64_t chunk = inBlock % stepColumns / 4;
  const int64_t fragment = block * layout.getNumSlabs() + slab;

  GroupPlace place;
  for (int64_t h = 0; h < 2; ++h) {
    // Compressed column 2·chunk + h belongs to lane quarter q, high half or
    // low.
    int64_t column = 2 * chunk + h;
    int64_t q = column % 8 / 2, reg = 2 * (column / 8) + upper;
    int64_t lane = 4 * g + q;
    place.value[h] = fragment * blockValues + (step * lanes + lane) * 8 +
                     2 * reg + column % 2;
  }
  place.word = fragment * blockMetadata + 4 * g + 2 * step + chunk / 4;
  place.bit = static_cast<unsigned>(16 * upper + 4 * (chunk % 4));
  return place;
}

bool isZero(uint16_t bits) { return (bits & 0x7fff) == 0; }

llvm::Error checkSizes(const PackedWeight &packed) {
  const PackedLayout &layout = packed.layout;
  // Offsets and columns are i32, so nothing larger can be packed; and below
  // this bound no count of the format overflows i64.
  constexpr int64_t limit = std::numeric_limits<int32_t>::max();
  if (layout.rows < 0 || layout.rows > limit || layout.cols < 0 ||
      layout.cols > limit || layout.tile < 1 || layout.tile > limit)
    return llvm::createStringError("packed weight: bad shape %lld x %lld, tile "
                                   "%lld",
                                   ll(layout.rows), ll(layout.cols),
                                   ll(layout.tile));
  const auto &offsets = packed.tileOffsets;
  if (static_cast<int64_t>(offsets.size()) != layout.getNumTiles() + 1)
    return llvm::createStringError(
        "packed weight: %lld tile offsets, %lld tiles need %lld",
        ll(offsets.size()), ll(layout.getNumTiles()),
        ll(layout.getNumTiles() + 1));
  if (offsets.front() != 0)
    return llvm::createStringError(
        "packed weight: the tile offsets start at %d, not at 0",
        offsets.front());
  for (size_t t = 1; t < offsets.size(); ++t)
    if (offsets[t] < offsets[t - 1] || offsets[t] % packedBlockColumns != 0)
      return llvm::createStringError(
          "packed weight: tile offset %d after %d; offsets rise in multiples "
          "of %lld",
          offsets[t], offsets[t - 1], ll(packedBlockColumns));
  const int64_t listed = offsets.back();
  const int64_t fragments = listed / packedBlockColumns * layout.getNumSlabs();
  auto checkLength = [&](const char *name, int64_t found,
                         int64_t expected) -> llvm::Error {
    if (found == expected)
      return llvm::Error::success();
    return llvm::createStringError(
        "packed weight: '%s' has %lld elements, the format needs %lld", name,
        ll(found), ll(expected));
  };
  if (llvm::Error error = checkLength("columns", packed.columns.size(), listed))
    return error;
  if (llvm::Error error =
          checkLength("values", packed.values.size(), fragments * blockValues))
    return error;
  return checkLength("metadata", packed.metadata.size(),
                     fragments * blockMetadata);
}

} // namespace

llvm::Expected<PackedWeight> pack(MatrixView<uint16_t> weight,
                                  const ColumnIndex &index, int64_t tile) {
  Pattern pattern;
  pattern.tile = tile;
  if (tile < 1)
    return llvm::createStringError("tiles of %lld rows have no sense",
                                   ll(tile));
  if (llvm::Error error =
          index.check(pattern, weight.getRows(), weight.getCols()))
    return std::move(error);

  PackedWeight packed;
  packed.layout = {weight.getRows(), weight.getCols(), tile};
  const PackedLayout &layout = packed.layout;
  packed.tileOffsets.push_back(0);
  for (int64_t t = 0; t < layout.getNumTiles(); ++t) {
    packed.columns.insert(packed.columns.end(),
                          index.columns.begin() + index.offsets[t],
                          index.columns.begin() + index.offsets[t + 1]);
    packed.columns.resize(
        llvm::alignTo(packed.columns.size(), packedBlockColumns), 0);
    packed.tileOffsets.push_back(static_cast<int32_t>(packed.columns.size()));
  }
  const int64_t fragments =
      packed.tileOffsets.back() / packedBlockColumns * layout.getNumSlabs();
  packed.values.resize(fragments * blockValues, 0);
  // An empty group points at its first two entries: 0b0100.
  packed.metadata.resize(fragments * blockMetadata, 0x44444444u);

  // The row that last stored a column: what a list repeats is stored once.
  std::vector<int64_t> storedBy(weight.getCols(), -1);
  for (int64_t r = 0; r < weight.getRows(); ++r) {
    const int64_t t = r / tile;
    const int64_t begin = index.offsets[t],
                  count = index.offsets[t + 1] - begin;
    for (int64_t slot = 0; slot < count; slot += 4) {
      std::array<int, 2> kept{-1, -1};
      int found = 0;
      for (int k = 0; k < 4 && found < 2; ++k) {
        int32_t c = index.columns[begin + slot + k];
        if (isZero(weight(r, c)) || storedBy[c] == r)
          continue;
        storedBy[c] = r;
        kept[found++] = k;
      }
      if (found == 0)
        continue;
      // A lone weight still needs a partner index, above or below it.
      bool loneIsSecond = false;
      if (found == 1) {
        loneIsSecond = kept[0] == 3;
        kept = loneIsSecond ? std::array<int, 2>{0, 3}
                            : std::array<int, 2>{kept[0], kept[0] + 1};
      }
      GroupPlace place =
          placeOf(layout, packed.tileOffsets[t], r - t * tile, slot);
      for (int h = 0; h < 2; ++h) {
        bool isPartner = found == 1 && h == (loneIsSecond ? 0 : 1);
        if (!isPartner)
          packed.values[place.value[h]] =
              weight(r, index.columns[begin + slot + kept[h]]);
      }
      uint32_t nibble = kept[0] | kept[1] << 2;
      packed.metadata[place.word] &= ~(0xfu << place.bit);
      packed.metadata[place.word] |= nibble << place.bit;
    }
    for (int64_t c = 0; c < weight.getCols(); ++c)
      if (!isZero(weight(r, c)) && storedBy[c] != r) {
        bool listed = std::count(index.columns.begin() + begin,
                                 index.columns.begin() + begin + count, c) > 0;
        return llvm::createStringError(
            listed
                ? "weight [%lld, %lld] does not fit: its group already keeps "
                  "two weights of that row; prune to 2:4 first"
                : "weight [%lld, %lld] is not zero, but its column is not "
                  "among the kept columns of the tile; prune first",
            ll(r), ll(c));
      }
  }
  return packed;
}

llvm::Error checkPacked(const PackedWeight &packed) {
  if (llvm::Error error = checkSizes(packed))
    return error;
  const PackedLayout &layout = packed.layout;
  for (int32_t column : packed.columns)
    if (column < 0 || column >= std::max<int64_t>(layout.cols, 1))
      return llvm::createStringError(
          "packed weight: column %d is outside [0, %lld)", column,
          ll(layout.cols));
  for (size_t word = 0; word < packed.metadata.size(); ++word)
    for (unsigned bit = 0; bit < 32; bit += 4) {
      uint32_t nibble = packed.metadata[word] >> bit & 0xf;
      if ((nibble & 3) >= nibble >> 2)
        return llvm::createStringError(
            "packed weight: metadata word %lld holds the indices %u, %u; they "
            "must rise",
            ll(word), nibble & 3, nibble >> 2);
    }
  return llvm::Error::success();
}

llvm::Expected<Matrix<uint16_t>> unpack(const PackedWeight &packed) {
  if (llvm::Error error = checkPacked(packed))
    return std::move(error);
  const PackedLayout &layout = packed.layout;
  // The shape alone decides what the dense weight takes, and damaged data must
  // not exhaust the memory.
  if (layout.cols > 0 && layout.rows > maxUnpackedElements / layout.cols)
    return llvm::createStringError(
        "packed weight: %lld x %lld is more than the %lld weights that are "
        "unpacked at once",
        ll(layout.rows), ll(layout.cols), ll(maxUnpackedElements));

  Matrix<uint16_t> weight(layout.rows, layout.cols);
  for (int64_t t = 0; t < layout.getNumTiles(); ++t) {
    const int64_t begin = packed.tileOffsets[t];
    const int64_t count = packed.tileOffsets[t + 1] - begin;
    const int64_t paddedRows = layout.getNumSlabs() * slabRows;
    for (int64_t row = 0; row < paddedRows; ++row) {
      const int64_t r = t * layout.tile + row;
      const bool exists = row < layout.tile && r < layout.rows;
      for (int64_t slot = 0; slot < count; slot += 4) {
        GroupPlace place = placeOf(layout, begin, row, slot);
        uint32_t nibble = packed.metadata[place.word] >> place.bit & 0xf;
        uint32_t entry[2] = {nibble & 3, nibble >> 2};
        for (int h = 0; h < 2; ++h) {
          uint16_t bits = packed.values[place.value[h]];
          if (isZero(bits))
            continue;
          if (!exists)
            return llvm::createStringError(
                "packed weight: row %lld of tile %lld is padding, but holds a "
                "weight",
                ll(row), ll(t));
          int32_t c = packed.columns[begin + slot + entry[h]];
          if (!isZero(weight(r, c)))
            return llvm::createStringError(
                "packed weight: weight [%lld, %d] is stored twice", ll(r), c);
          weight(r, c) = bits;
        }
      }
    }
  }
  return weight;
}

} // namespace hinm::core
