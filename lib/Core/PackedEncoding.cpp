//===- PackedEncoding.cpp - Packed weights as bytes -----------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/PackedEncoding.h"

#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <limits>

namespace hinm::core {

namespace {

constexpr uint8_t magic[8] = {'H', 'I', 'N', 'M', 'P', 'A', 'C', 'K'};
constexpr int64_t headerBytes = 64;
constexpr int64_t sectionAlignment = 16;

long long ll(int64_t value) { return value; }

template <typename T>
void append(std::vector<uint8_t> &bytes, T value) {
  bytes.resize(bytes.size() + sizeof(T));
  llvm::support::endian::write<T, llvm::endianness::little>(
      bytes.data() + bytes.size() - sizeof(T), value);
}

template <typename T>
void appendSection(std::vector<uint8_t> &bytes, const std::vector<T> &section) {
  for (T value : section)
    append<T>(bytes, value);
  bytes.resize(llvm::alignTo(bytes.size(), sectionAlignment), 0);
}

template <typename T>
T read(llvm::ArrayRef<uint8_t> bytes, int64_t at) {
  return llvm::support::endian::read<T, llvm::endianness::little>(bytes.data() +
                                                                  at);
}

int64_t sectionBytes(int64_t elements, int64_t size) {
  return static_cast<int64_t>(llvm::alignTo(elements * size, sectionAlignment));
}

/// Reads \p count elements at \p at and moves it past the section; refuses
/// filling that is not zero.
template <typename T>
llvm::Error readSection(llvm::ArrayRef<uint8_t> bytes, int64_t count,
                        int64_t &at, std::vector<T> &section) {
  section.resize(count);
  for (int64_t i = 0; i < count; ++i)
    section[i] = read<T>(bytes, at + i * static_cast<int64_t>(sizeof(T)));
  const int64_t end = at + sectionBytes(count, sizeof(T));
  for (int64_t i = at + count * static_cast<int64_t>(sizeof(T)); i < end; ++i)
    if (bytes[i] != 0)
      return llvm::createStringError(
          "packed weight: byte %lld is filling and must be zero", ll(i));
  at = end;
  return llvm::Error::success();
}

} // namespace

llvm::Expected<std::vector<uint8_t>> encodePacked(const PackedWeight &packed) {
  if (llvm::Error error = checkPacked(packed))
    return std::move(error);
  std::vector<uint8_t> bytes(std::begin(magic), std::end(magic));
  const PackedVersion &version = packed.getVersion();
  append<uint32_t>(bytes, version.number);
  append<uint32_t>(bytes, headerBytes);
  append<int64_t>(bytes, packed.layout.rows);
  append<int64_t>(bytes, packed.layout.cols);
  append<int64_t>(bytes, packed.layout.tile);
  append<uint32_t>(bytes, version.n);
  append<uint32_t>(bytes, version.m);
  append<uint32_t>(bytes, version.elementBits);
  append<uint32_t>(bytes, packed.layout.kind == ElementKind::Integer);
  append<int64_t>(bytes, packed.tileOffsets.back());
  appendSection(bytes, packed.tileOffsets);
  appendSection(bytes, packed.columns);
  appendSection(bytes, packed.metadata);
  std::visit([&](const auto &values) { appendSection(bytes, values); },
             packed.values);
  return bytes;
}

llvm::Expected<PackedWeight> decodePacked(llvm::ArrayRef<uint8_t> bytes) {
  const int64_t size = bytes.size();
  if (size < headerBytes || !std::equal(magic, magic + 8, bytes.begin()))
    return llvm::createStringError(
        "not a packed weight: it does not start with a header of %lld bytes "
        "with the magic HINMPACK",
        ll(headerBytes));
  const uint32_t number = read<uint32_t>(bytes, 8);
  if (number < 1 || number > std::size(packedVersions))
    return llvm::createStringError(
        "packed weight: version %u, this reads versions 1 to 3; pack the "
        "weight again",
        number);
  const PackedVersion &version = packedVersions[number - 1];
  const uint32_t integers = read<uint32_t>(bytes, 52);
  if (read<uint32_t>(bytes, 12) != headerBytes ||
      integers > (version.elementBits == 8 ? 1 : 0))
    return llvm::createStringError("packed weight: the header is damaged");
  const uint32_t n = read<uint32_t>(bytes, 40), m = read<uint32_t>(bytes, 44);
  const uint32_t bits = read<uint32_t>(bytes, 48);
  if (n != version.n || m != version.m || bits != version.elementBits)
    return llvm::createStringError(
        "packed weight: %u:%u of %u-bit elements; version %u holds only "
        "%lld:%lld of %lld-bit elements",
        n, m, bits, number, ll(version.n), ll(version.m),
        ll(version.elementBits));

  PackedWeight packed;
  packed.layout = {read<int64_t>(bytes, 16), read<int64_t>(bytes, 24),
                   read<int64_t>(bytes, 32),
                   integers ? ElementKind::Integer : ElementKind::Float};
  if (bits == 8)
    packed.values.emplace<std::vector<uint8_t>>();
  else if (bits == 32)
    packed.values.emplace<std::vector<uint32_t>>();
  const PackedLayout &layout = packed.layout;
  const int64_t listed = read<int64_t>(bytes, 56);
  // With 31-bit numbers no count below overflows.
  constexpr int64_t limit = std::numeric_limits<int32_t>::max();
  for (int64_t value : {layout.rows, layout.cols, layout.tile, listed})
    if (value < 0 || value > limit)
      return llvm::createStringError(
          "packed weight: the header holds %lld where at most %lld fits",
          ll(value), ll(limit));
  if (layout.tile == 0 || listed % version.blockColumns != 0)
    return llvm::createStringError(
        "packed weight: tiles of %lld rows and %lld listed columns; a tile has "
        "a row at least, the columns come in blocks of %lld",
        ll(layout.tile), ll(listed), ll(version.blockColumns));

  const int64_t tiles = layout.getNumTiles();
  const int64_t fragments =
      listed / version.blockColumns * layout.getNumSlabs();
  const int64_t values = fragments * version.getUnitValues();
  const int64_t expected = headerBytes + sectionBytes(tiles + 1, 4) +
                           sectionBytes(listed, 4) +
                           sectionBytes(fragments * packedUnitMetadata, 4) +
                           sectionBytes(values, bits / 8);
  if (size != expected)
    return llvm::createStringError(
        "packed weight: %lld bytes, its header asks for %lld", ll(size),
        ll(expected));
  int64_t at = headerBytes;
  if (llvm::Error error = readSection(bytes, tiles + 1, at, packed.tileOffsets))
    return std::move(error);
  if (llvm::Error error = readSection(bytes, listed, at, packed.columns))
    return std::move(error);
  if (llvm::Error error = readSection(bytes, fragments * packedUnitMetadata, at,
                                      packed.metadata))
    return std::move(error);
  if (llvm::Error error = std::visit(
          [&](auto &section) {
            return readSection(bytes, values, at, section);
          },
          packed.values))
    return std::move(error);
  if (llvm::Error error = checkPacked(packed))
    return std::move(error);
  return packed;
}

} // namespace hinm::core
