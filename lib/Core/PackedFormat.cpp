//===- PackedFormat.cpp - The packed format -------------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/PackedFormat.h"

#include "RepeatedColumns.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <array>
#include <limits>
#include <optional>

namespace hinm::core {

namespace {

constexpr int64_t slabRows = 16;
constexpr int64_t lanes = 32;

long long ll(int64_t value) { return value; }

template <typename T>
bool isZero(T bits, ElementKind kind) {
  constexpr T withoutSign = std::numeric_limits<T>::max() >> 1;
  return kind == ElementKind::Integer ? bits == 0 : (bits & withoutSign) == 0;
}

/// Where the weights of one (row, group) stand.
struct GroupPlace {
  /// Indices into `values` of the first and, of 2:4, the second kept weight.
  int64_t value[2];
  /// Index into `metadata`, and the bit at which the nibble starts.
  int64_t word;
  unsigned bit;
};

/// The place of the group at \p slot of a tile's list, which starts at
/// \p tileOffset, in row \p row of the tile.
GroupPlace locateGroup(const PackedLayout &layout, const PackedVersion &version,
                       int64_t tileOffset, int64_t row, int64_t slot) {
  const int64_t block = (tileOffset + slot) / version.blockColumns;
  const int64_t unit = block * layout.getNumSlabs() + row / slabRows;
  const int64_t g = row % 8, upper = row % slabRows / 8;
  const int64_t perRegister = version.perRegister;
  const int64_t inBlock = slot % version.blockColumns;
  const int64_t step = inBlock / version.stepColumns;
  const int64_t chunk = inBlock % version.stepColumns / version.m;

  GroupPlace place{};
  for (int64_t h = 0; h < version.n; ++h) {
    // Registers 0 and 1 hold the first half of the compressed columns, 2 and 3
    // the second.
    int64_t column = version.n * chunk + h;
    int64_t q = column / perRegister % 4;
    int64_t reg = 2 * (column / perRegister / 4) + upper;
    int64_t lane = 4 * g + q;
    place.value[h] = unit * version.getUnitValues() +
                     (step * lanes + lane) * 4 * perRegister +
                     reg * perRegister + column % perRegister;
  }
  if (version.stepColumns == version.blockColumns) {
    place.word = unit * packedUnitMetadata + 4 * g + 2 * (chunk / 8) + upper;
    place.bit = static_cast<unsigned>(4 * (chunk % 8));
  } else {
    place.word = unit * packedUnitMetadata + 4 * g + 2 * step + chunk / 4;
    place.bit = static_cast<unsigned>(16 * upper + 4 * (chunk % 4));
  }
  return place;
}

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
  const PackedVersion &version = packed.getVersion();
  if (version.elementBits != 8 && layout.kind != ElementKind::Float)
    return llvm::createStringError(
        "packed weight: integers have 8 bits, not %lld",
        ll(version.elementBits));
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
    if (offsets[t] < offsets[t - 1] || offsets[t] % version.blockColumns != 0)
      return llvm::createStringError(
          "packed weight: tile offset %d after %d; offsets rise in multiples "
          "of %lld",
          offsets[t], offsets[t - 1], ll(version.blockColumns));
  const int64_t listed = offsets.back();
  const int64_t fragments =
      listed / version.blockColumns * layout.getNumSlabs();
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
  if (llvm::Error error = checkLength(
          "values", std::visit([](auto &v) { return v.size(); }, packed.values),
          fragments * version.getUnitValues()))
    return error;
  return checkLength("metadata", packed.metadata.size(),
                     fragments * packedUnitMetadata);
}

/// Refuses an element that is no tf32.
template <typename T>
llvm::Error checkElement(T bits, int64_t row, int64_t column) {
  if (sizeof(T) == 4 && (bits & tf32Unused))
    return llvm::createStringError(
        "weight [%lld, %lld] is no tf32: the 13 low bits of its fraction are "
        "not zero",
        ll(row), ll(column));
  return llvm::Error::success();
}

template <typename T>
llvm::Expected<PackedWeight> packElements(MatrixView<T> weight,
                                          const ColumnIndex &index,
                                          int64_t tile, ElementKind kind) {
  PackedWeight packed;
  std::vector<T> &values = packed.values.emplace<std::vector<T>>();
  const PackedVersion &version = packed.getVersion();
  Pattern pattern;
  pattern.tile = tile;
  pattern.n = version.n;
  pattern.m = version.m;
  if (tile < 1)
    return llvm::createStringError("tiles of %lld rows have no sense",
                                   ll(tile));
  if (llvm::Error error =
          index.check(pattern, weight.getRows(), weight.getCols()))
    return std::move(error);

  packed.layout = {weight.getRows(), weight.getCols(), tile, kind};
  const PackedLayout &layout = packed.layout;
  packed.tileOffsets.push_back(0);
  for (int64_t t = 0; t < layout.getNumTiles(); ++t) {
    packed.columns.insert(packed.columns.end(),
                          index.columns.begin() + index.offsets[t],
                          index.columns.begin() + index.offsets[t + 1]);
    packed.columns.resize(
        llvm::alignTo(packed.columns.size(), version.blockColumns), 0);
    packed.tileOffsets.push_back(static_cast<int32_t>(packed.columns.size()));
  }
  const int64_t fragments =
      packed.tileOffsets.back() / version.blockColumns * layout.getNumSlabs();
  values.resize(fragments * version.getUnitValues(), 0);
  // An empty group points at its first entries: 0b0100.
  packed.metadata.resize(fragments * packedUnitMetadata, 0x44444444u);

  // The row that last stored a column: what a list repeats is stored once.
  std::vector<int64_t> storedBy(weight.getCols(), -1);
  std::optional<RepeatedColumns> repeated;
  for (int64_t r = 0; r < weight.getRows(); ++r) {
    const int64_t t = r / tile;
    const int64_t begin = index.offsets[t],
                  count = index.offsets[t + 1] - begin;
    if (r % tile == 0)
      repeated.emplace(llvm::ArrayRef(index.columns).slice(begin, count),
                       version.n, version.m);
    repeated->choose([&](int32_t c) { return !isZero(weight(r, c), kind); });
    for (int64_t slot = 0; slot < count; slot += version.m) {
      std::array<int, 2> kept{-1, -1};
      int found = 0;
      for (int k = 0; k < version.m && found < version.n; ++k) {
        int32_t c = index.columns[begin + slot + k];
        if (isZero(weight(r, c), kind) || storedBy[c] == r ||
            !repeated->isAt(c, slot / version.m))
          continue;
        if (llvm::Error error = checkElement(weight(r, c), r, c))
          return std::move(error);
        storedBy[c] = r;
        kept[found++] = k;
      }
      if (found == 0)
        continue;
      // A lone weight still needs a partner index, above or below it.
      bool loneIsSecond = false;
      if (found < version.n) {
        loneIsSecond = kept[0] == 3;
        kept = loneIsSecond ? std::array<int, 2>{0, 3}
                            : std::array<int, 2>{kept[0], kept[0] + 1};
      }
      GroupPlace place = locateGroup(layout, version, packed.tileOffsets[t],
                                     r - t * tile, slot);
      for (int h = 0; h < version.n; ++h) {
        bool isPartner = found < version.n && h == (loneIsSecond ? 0 : 1);
        if (!isPartner)
          values[place.value[h]] =
              weight(r, index.columns[begin + slot + kept[h]]);
      }
      uint32_t nibble = version.makeNibble(kept[0], kept[1]);
      packed.metadata[place.word] &= ~(0xfu << place.bit);
      packed.metadata[place.word] |= nibble << place.bit;
    }
    for (int64_t c = 0; c < weight.getCols(); ++c)
      if (!isZero(weight(r, c), kind) && storedBy[c] != r) {
        bool listed = std::count(index.columns.begin() + begin,
                                 index.columns.begin() + begin + count, c) > 0;
        return llvm::createStringError(
            listed
                ? "weight [%lld, %lld] does not fit: its group already keeps "
                  "%lld of that row; prune to %lld:%lld first"
                : "weight [%lld, %lld] is not zero, but its column is not "
                  "among the kept columns of the tile; prune first",
            ll(r), ll(c), ll(version.n), ll(version.n), ll(version.m));
      }
  }
  return packed;
}

} // namespace

llvm::Expected<PackedWeight> pack(MatrixView<uint16_t> weight,
                                  const ColumnIndex &index, int64_t tile) {
  return packElements(weight, index, tile, ElementKind::Float);
}

llvm::Expected<PackedWeight> pack(MatrixView<uint8_t> weight,
                                  const ColumnIndex &index, int64_t tile,
                                  ElementKind kind) {
  return packElements(weight, index, tile, kind);
}

llvm::Expected<PackedWeight> pack(MatrixView<uint32_t> weight,
                                  const ColumnIndex &index, int64_t tile) {
  return packElements(weight, index, tile, ElementKind::Float);
}

llvm::Error checkWindows(const ColumnIndex &index, int64_t cols, int64_t window,
                         int64_t blockColumns) {
  if (window < 1 || cols % window != 0)
    return llvm::createStringError(
        "%lld columns are not a multiple of the window of %lld", ll(cols),
        ll(window));
  const int64_t unit = blockColumns * (cols / window);
  for (int64_t t = 0; t < index.getNumTiles(); ++t) {
    const int64_t begin = index.offsets[t], end = index.offsets[t + 1];
    const int64_t listed = end - begin;
    if (listed == 0 || listed % unit != 0)
      return llvm::createStringError(
          "tile %lld lists %lld columns, which gives each of the %lld windows "
          "no multiple of %lld",
          ll(t), ll(listed), ll(cols / window), ll(blockColumns));
    if (listed != index.offsets[1])
      return llvm::createStringError(
          "tile %lld lists %lld columns, but tile 0 lists %d", ll(t),
          ll(listed), index.offsets[1]);
    const int64_t share = listed / (cols / window);
    for (int64_t i = 0; i < listed; ++i)
      if (index.columns[begin + i] / window != i / share)
        return llvm::createStringError(
            "tile %lld lists column %d among those of window %lld", ll(t),
            index.columns[begin + i], ll(i / share));
  }
  return llvm::Error::success();
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
      if (packed.getVersion().isLegal(nibble))
        continue;
      return llvm::createStringError(
          packed.getVersion().m == 4
              ? "packed weight: metadata word %lld holds the indices %u, %u; "
                "they must rise"
              : "packed weight: metadata word %lld holds the indices %u, %u; "
                "of tf32 they are 0, 1 or 2, 3",
          ll(word), nibble & 3, nibble >> 2);
    }
  if (const auto *values = std::get_if<std::vector<uint32_t>>(&packed.values))
    for (size_t i = 0; i < values->size(); ++i)
      if ((*values)[i] & tf32Unused)
        return llvm::createStringError(
            "packed weight: value %lld is no tf32: the 13 low bits of its "
            "fraction are not zero",
            ll(i));
  return llvm::Error::success();
}

template <typename T>
llvm::Expected<Matrix<T>> unpack(const PackedWeight &packed) {
  if (llvm::Error error = checkPacked(packed))
    return std::move(error);
  const auto *values = std::get_if<std::vector<T>>(&packed.values);
  if (!values)
    return llvm::createStringError(
        "packed weight: its elements are not of %lld bits", ll(8 * sizeof(T)));
  const PackedLayout &layout = packed.layout;
  const PackedVersion &version = packed.getVersion();
  // The shape alone decides what the dense weight takes, and damaged data must
  // not exhaust the memory.
  if (layout.cols > 0 && layout.rows > maxUnpackedElements / layout.cols)
    return llvm::createStringError(
        "packed weight: %lld x %lld is more than the %lld weights that are "
        "unpacked at once",
        ll(layout.rows), ll(layout.cols), ll(maxUnpackedElements));

  Matrix<T> weight(layout.rows, layout.cols);
  for (int64_t t = 0; t < layout.getNumTiles(); ++t) {
    const int64_t begin = packed.tileOffsets[t];
    const int64_t count = packed.tileOffsets[t + 1] - begin;
    const int64_t paddedRows = layout.getNumSlabs() * slabRows;
    for (int64_t row = 0; row < paddedRows; ++row) {
      const int64_t r = t * layout.tile + row;
      const bool exists = row < layout.tile && r < layout.rows;
      for (int64_t slot = 0; slot < count; slot += version.m) {
        GroupPlace place = locateGroup(layout, version, begin, row, slot);
        uint32_t nibble = packed.metadata[place.word] >> place.bit & 0xf;
        for (int h = 0; h < version.n; ++h) {
          T bits = (*values)[place.value[h]];
          if (isZero(bits, layout.kind))
            continue;
          if (!exists)
            return llvm::createStringError(
                "packed weight: row %lld of tile %lld is padding, but holds a "
                "weight",
                ll(row), ll(t));
          int32_t c = packed.columns[begin + slot + version.entryOf(nibble, h)];
          if (!isZero(weight(r, c), layout.kind))
            return llvm::createStringError(
                "packed weight: weight [%lld, %d] is stored twice", ll(r), c);
          weight(r, c) = bits;
        }
      }
    }
  }
  return weight;
}

template llvm::Expected<Matrix<uint8_t>> unpack(const PackedWeight &packed);
template llvm::Expected<Matrix<uint16_t>> unpack(const PackedWeight &packed);
template llvm::Expected<Matrix<uint32_t>> unpack(const PackedWeight &packed);

} // namespace hinm::core
