//===- PackedFormatTest.cpp - The packed format ---------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/PackedFormat.h"

#include "RandomMatrix.h"
#include "hinm/Core/Permutation.h"
#include "hinm/Core/Prune.h"
#include "hinm/Core/Reference.h"
#include "gtest/gtest.h"

using namespace hinm::core;

namespace {

template <typename T>
struct Pruned {
  Matrix<T> weight;
  ColumnIndex index;
};

/// A random weight pruned to the pattern, as bits of \p T: whatever is no zero
/// of \p kind, and of 32 bits a tf32.
template <typename T>
Pruned<T> makePruned(int64_t rows, int64_t cols, const Pattern &pattern,
                     std::mt19937_64 &random,
                     ElementKind kind = ElementKind::Float) {
  const T zeros =
      kind == ElementKind::Integer ? 0 : T(1) << (8 * sizeof(T) - 1);
  const T used = sizeof(T) == 4 ? T(~tf32Unused) : T(~T(0));
  Matrix<float> saliency = randomSaliency(rows, cols, random);
  Permutation order = identityPermutation(rows);
  Pruned<T> pruned;
  pruned.index = cantFail(selectColumns(saliency, order, pattern));
  Matrix<uint8_t> mask =
      cantFail(computeMask(saliency, order, pattern, pruned.index));
  pruned.weight = Matrix<T>(rows, cols);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < cols; ++c)
      while (mask(r, c) && (pruned.weight(r, c) & T(~zeros)) == 0)
        pruned.weight(r, c) = static_cast<T>(random()) & used;
  return pruned;
}

template <typename T>
const std::vector<T> &valuesOf(const PackedWeight &packed) {
  return std::get<std::vector<T>>(packed.values);
}

/// An independent reading of version 1, fragment by fragment as `mma.sp`
/// m16n8k32 takes it (PTX ISA 9.1, 9.7.14.6): the 16×32 matrix A of every step.
Matrix<uint16_t> decodeAsM16N8K32(const PackedWeight &packed) {
  const PackedLayout &layout = packed.layout;
  Matrix<uint16_t> weight(layout.rows, layout.cols);
  for (int64_t t = 0; t < layout.getNumTiles(); ++t)
    for (int64_t kb = packed.tileOffsets[t] / 64;
         kb < packed.tileOffsets[t + 1] / 64; ++kb)
      for (int64_t slab = 0; slab < layout.getNumSlabs(); ++slab)
        for (int64_t step = 0; step < 2; ++step) {
          const int64_t fragment = kb * layout.getNumSlabs() + slab;
          const uint16_t *values =
              valuesOf<uint16_t>(packed).data() + (fragment * 2 + step) * 256;
          const uint32_t *metadata = packed.metadata.data() + fragment * 32;
          for (int64_t lane = 0; lane < 32; ++lane)
            for (int64_t e = 0; e < 8; ++e) {
              int64_t g = lane / 4, q = lane % 4;
              int64_t row = g + (e & 2 ? 8 : 0);
              int64_t compressed = 2 * q + (e & 1) + (e & 4 ? 8 : 0);
              // The selector is the step; of the lane pair the first holds
              // logical columns 0–15, the second 16–31.
              int64_t chunk = compressed / 2;
              uint32_t word = metadata[4 * g + 2 * step + chunk / 4];
              uint32_t half = word >> (row >= 8 ? 16 : 0);
              uint32_t nibble = half >> 4 * (chunk % 4) & 0xf;
              uint32_t entry = compressed % 2 ? nibble >> 2 : nibble & 3;
              uint16_t bits = values[lane * 8 + e];
              if (!bits)
                continue;
              int64_t column =
                  packed.columns[kb * 64 + step * 32 + chunk * 4 + entry];
              weight(t * layout.tile + slab * 16 + row, column) = bits;
            }
        }
  return weight;
}

/// The same of version 2, as m16n8k64 takes it: the 16×64 matrix A of every
/// k-block.
Matrix<uint8_t> decodeAsM16N8K64(const PackedWeight &packed) {
  const PackedLayout &layout = packed.layout;
  Matrix<uint8_t> weight(layout.rows, layout.cols);
  for (int64_t t = 0; t < layout.getNumTiles(); ++t)
    for (int64_t kb = packed.tileOffsets[t] / 64;
         kb < packed.tileOffsets[t + 1] / 64; ++kb)
      for (int64_t slab = 0; slab < layout.getNumSlabs(); ++slab) {
        const int64_t fragment = kb * layout.getNumSlabs() + slab;
        for (int64_t lane = 0; lane < 32; ++lane) {
          const int64_t g = lane / 4, q = lane % 4;
          // Element i of the lane: bytes 0–3 are a0, 4–7 a1, 8–11 a2, 12–15 a3.
          for (int64_t i = 0; i < 16; ++i) {
            int64_t row = (i >= 4 && i < 8) || i >= 12 ? g + 8 : g;
            int64_t compressed = 4 * q + (i & 3) + (i < 8 ? 0 : 16);
            int64_t chunk = compressed / 2;
            // Of each quad lane 0 holds columns 0–31 of row g, lane 1 those of
            // row g + 8, lanes 2 and 3 columns 32–63.
            int64_t holder = 4 * g + (row >= 8) + (chunk >= 8 ? 2 : 0);
            uint32_t nibble =
                packed.metadata[fragment * 32 + holder] >> 4 * (chunk % 8) &
                0xf;
            uint32_t entry = compressed % 2 ? nibble >> 2 : nibble & 3;
            uint8_t bits =
                valuesOf<uint8_t>(packed)[fragment * 512 + lane * 16 + i];
            if (bits)
              weight(t * layout.tile + slab * 16 + row,
                     packed.columns[kb * 64 + chunk * 4 + entry]) = bits;
          }
        }
      }
  return weight;
}

/// The same of version 3, as m16n8k16 of tf32 takes it: the 16×16 matrix A of
/// every step, of whose pairs of columns one is kept.
Matrix<uint32_t> decodeAsM16N8K16(const PackedWeight &packed) {
  const PackedLayout &layout = packed.layout;
  Matrix<uint32_t> weight(layout.rows, layout.cols);
  for (int64_t t = 0; t < layout.getNumTiles(); ++t)
    for (int64_t kb = packed.tileOffsets[t] / 32;
         kb < packed.tileOffsets[t + 1] / 32; ++kb)
      for (int64_t slab = 0; slab < layout.getNumSlabs(); ++slab)
        for (int64_t step = 0; step < 2; ++step) {
          const int64_t fragment = kb * layout.getNumSlabs() + slab;
          for (int64_t lane = 0; lane < 32; ++lane)
            for (int64_t reg = 0; reg < 4; ++reg) {
              const int64_t g = lane / 4, q = lane % 4;
              const int64_t row = reg == 1 || reg == 3 ? g + 8 : g;
              const int64_t chunk = reg < 2 ? q : q + 4;
              // Of the lane pair of the step the first holds the chunks 0–3.
              const uint32_t word =
                  packed.metadata[fragment * 32 + 4 * g + 2 * step + chunk / 4];
              const uint32_t half = row >= 8 ? word >> 16 : word & 0xffff;
              const uint32_t nibble = half >> 4 * (chunk % 4) & 0xf;
              EXPECT_TRUE(nibble == 0b0100 || nibble == 0b1110);
              const uint32_t bits = valuesOf<uint32_t>(
                  packed)[fragment * 256 + step * 128 + lane * 4 + reg];
              if (bits)
                weight(t * layout.tile + slab * 16 + row,
                       packed.columns[kb * 32 + step * 16 + chunk * 2 +
                                      (nibble == 0b1110)]) = bits;
            }
        }
  return weight;
}

struct Shape {
  int64_t rows, cols, tile;
  double sparsity;
};
const Shape shapes[] = {{64, 128, 32, 0.5},  {64, 172, 32, 0.5},
                        {33, 70, 16, 0.0},   {5, 9, 3, 0.25},
                        {256, 64, 256, 0.5}, {40, 64, 64, 0.875},
                        {7, 8, 1, 0.0},      {32, 64, 32, 1.0}};

std::vector<Pattern> patternsOf(const Shape &shape) {
  Pattern pattern;
  pattern.tile = shape.tile;
  pattern.vectorSparsity = shape.sparsity;
  Pattern ragged = pattern;
  ragged.policy = VectorPolicy::Global;
  return {pattern, ragged};
}

/// Packs random weights of \p pattern and checks that unpacking gives them
/// back, and so does what \p decode reads as the tensor cores do. Elements of
/// one byte have a kind.
template <typename T, typename... KindArg>
void checkRoundTrip(const Shape &shape, const Pattern &pattern,
                    std::mt19937_64 &random, int version,
                    Matrix<T> (*decode)(const PackedWeight &),
                    KindArg... kind) {
  Pruned pruned =
      makePruned<T>(shape.rows, shape.cols, pattern, random, kind...);
  llvm::Expected<PackedWeight> packed =
      pack(pruned.weight, pruned.index, shape.tile, kind...);
  ASSERT_TRUE(static_cast<bool>(packed)) << llvm::toString(packed.takeError());
  EXPECT_EQ(packed->getVersion().number, version);
  EXPECT_EQ(cantFail(unpack<T>(*packed)).getElements(),
            pruned.weight.getElements());
  EXPECT_EQ(decode(*packed).getElements(), pruned.weight.getElements());
}

TEST(PackedFormat, RoundTripsBitForBit) {
  std::mt19937_64 random(1);
  for (const Shape &shape : shapes)
    for (const Pattern &pattern : patternsOf(shape))
      checkRoundTrip<uint16_t>(shape, pattern, random, 1, decodeAsM16N8K32);
}

TEST(PackedFormat, EightBitsRoundTripBitForBit) {
  std::mt19937_64 random(4);
  for (ElementKind kind : {ElementKind::Float, ElementKind::Integer})
    for (const Shape &shape : shapes)
      for (const Pattern &pattern : patternsOf(shape))
        checkRoundTrip<uint8_t>(shape, pattern, random, 2, decodeAsM16N8K64,
                                kind);
}

TEST(PackedFormat, TF32RoundTripsBitForBit) {
  std::mt19937_64 random(7);
  for (const Shape &shape : shapes)
    for (Pattern pattern : patternsOf(shape)) {
      pattern.n = 1;
      pattern.m = 2;
      checkRoundTrip<uint32_t>(shape, pattern, random, 3, decodeAsM16N8K16);
    }
}

TEST(PackedFormat, RefusesWhatIsNoTF32) {
  Matrix<uint32_t> weight(1, 4);
  weight(0, 2) = 0x3f800001;
  const ColumnIndex index{{0, 1, 2, 3}, {0, 4}};
  llvm::Expected<PackedWeight> exact = pack(weight, index, 1);
  ASSERT_FALSE(static_cast<bool>(exact));
  EXPECT_NE(llvm::toString(exact.takeError()).find("weight [0, 2] is no tf32"),
            std::string::npos);
  weight(0, 2) = 0x3f802000;
  const PackedWeight packed = cantFail(pack(weight, index, 1));
  auto problemOf = [](const PackedWeight &damaged) {
    return llvm::toString(checkPacked(damaged));
  };
  EXPECT_EQ(problemOf(packed), "");
  PackedWeight damaged = packed;
  std::get<std::vector<uint32_t>>(damaged.values)[5] = 0x1000;
  EXPECT_NE(problemOf(damaged).find("value 5 is no tf32"), std::string::npos);
  // Legal for 2:4, not for 1:2.
  for (uint32_t nibble : {8, 9, 12, 13}) {
    damaged = packed;
    damaged.metadata[3] = 0x44444440 | nibble;
    EXPECT_NE(problemOf(damaged).find("metadata word 3"), std::string::npos);
  }
  // Two of a pair.
  weight(0, 3) = 0x3f800000;
  llvm::Expected<PackedWeight> full = pack(weight, index, 1);
  ASSERT_FALSE(static_cast<bool>(full));
  EXPECT_NE(llvm::toString(full.takeError()).find("prune to 1:2 first"),
            std::string::npos);
}

TEST(PackedFormat, TheSignAloneIsAnIntegerButNoFloat) {
  Matrix<uint8_t> weight(1, 4);
  weight(0, 1) = 0x80;
  weight(0, 3) = 0x01;
  const ColumnIndex index{{0, 1, 2, 3}, {0, 4}};
  PackedWeight floats = cantFail(pack(weight, index, 1, ElementKind::Float));
  EXPECT_EQ(cantFail(unpack<uint8_t>(floats)).getElements(),
            (std::vector<uint8_t>{0, 0, 0, 1}));
  PackedWeight integers =
      cantFail(pack(weight, index, 1, ElementKind::Integer));
  EXPECT_EQ(cantFail(unpack<uint8_t>(integers)).getElements(),
            weight.getElements());
}

TEST(PackedFormat, RefusesAnotherWidth) {
  PackedWeight packed = cantFail(
      pack(Matrix<uint8_t>(1, 4), {{}, {0, 0}}, 1, ElementKind::Integer));
  llvm::Expected<Matrix<uint16_t>> wide = unpack<uint16_t>(packed);
  ASSERT_FALSE(static_cast<bool>(wide));
  EXPECT_NE(llvm::toString(wide.takeError()).find("not of 16 bits"),
            std::string::npos);
  packed.values = std::vector<uint16_t>();
  llvm::Error error = checkPacked(packed);
  EXPECT_NE(llvm::toString(std::move(error)).find("integers have 8 bits"),
            std::string::npos);
}

TEST(PackedFormat, EveryNibbleIsLegal) {
  std::mt19937_64 random(2);
  Pattern pattern;
  pattern.vectorSparsity = 0.5;
  Pruned pruned = makePruned<uint16_t>(64, 100, pattern, random);
  // Thin the groups, so that all of none, one and two weights occur.
  for (int64_t r = 0; r < 64; ++r)
    for (int64_t c = 0; c < 100; ++c)
      if (random() % 2)
        pruned.weight(r, c) = random() % 2 ? 0x8000 : 0;
  PackedWeight packed = cantFail(pack(pruned.weight, pruned.index, 32));
  for (uint32_t word : packed.metadata)
    for (int nibble = 0; nibble < 8; ++nibble) {
      uint32_t bits = word >> 4 * nibble & 0xf;
      EXPECT_LT(bits & 3, bits >> 2);
    }
}

TEST(PackedFormat, NegativeZeroIsNothing) {
  Matrix<uint16_t> weight(1, 4);
  for (int64_t c = 0; c < 4; ++c)
    weight(0, c) = 0x8000;
  weight(0, 3) = 0x3c00;
  PackedWeight packed = cantFail(pack(weight, {{0, 1, 2, 3}, {0, 4}}, 1));
  EXPECT_EQ(cantFail(unpack<uint16_t>(packed)).getElements(),
            (std::vector<uint16_t>{0, 0, 0, 0x3c00}));
}

TEST(PackedFormat, AColumnListedTwiceMakesADenseGroup) {
  Matrix<uint16_t> weight(1, 4);
  for (int64_t c = 0; c < 4; ++c)
    weight(0, c) = static_cast<uint16_t>(0x3c00 + c);
  PackedWeight packed =
      cantFail(pack(weight, {{0, 1, 2, 3, 0, 1, 2, 3}, {0, 8}}, 1));
  EXPECT_EQ(cantFail(unpack<uint16_t>(packed)).getElements(),
            weight.getElements());
}

TEST(PackedFormat, WhatIsPrunedByAListWithRepeatedColumnsFits) {
  std::mt19937_64 random(9);
  Pattern pattern;
  pattern.tile = 16;
  int64_t numRepeated = 0;
  for (int round = 0; round < 200; ++round) {
    const int64_t cols = 5 + static_cast<int64_t>(random() % 60);
    const Permutation rows = identityPermutation(16);
    // All columns, and some again, in random groups.
    std::vector<int32_t> list(cols);
    std::iota(list.begin(), list.end(), 0);
    const uint64_t again = round % 2 ? 0 : 4 * (random() % 5);
    for (uint64_t i = 0; i < again || list.size() % 4 != 0; ++i, ++numRepeated)
      list.push_back(static_cast<int32_t>(random() % cols));
    std::shuffle(list.begin(), list.end(), random);
    const ColumnIndex index{list, {0, static_cast<int32_t>(list.size())}};
    const Matrix<uint8_t> mask = cantFail(
        computeMask(randomSaliency(16, cols, random), rows, pattern, index));
    Matrix<uint16_t> weight(16, cols);
    for (int64_t r = 0; r < 16; ++r)
      for (int64_t c = 0; c < cols; ++c)
        weight(r, c) = mask(r, c) ? 0x3c00 + c : 0;
    // The order of groups is no matter.
    ColumnIndex other = index;
    std::rotate(other.columns.begin(), other.columns.begin() + 4,
                other.columns.end());
    for (const ColumnIndex &list : {index, other}) {
      llvm::Expected<PackedWeight> packed = pack(weight, list, 16);
      ASSERT_TRUE(static_cast<bool>(packed))
          << llvm::toString(packed.takeError());
      EXPECT_EQ(cantFail(unpack<uint16_t>(*packed)).getElements(),
                weight.getElements());
    }
  }
  EXPECT_GT(numRepeated, 500);
}

TEST(PackedFormat, RefusesWeightsThatAreNotPruned) {
  Matrix<uint16_t> weight(2, 8);
  weight(1, 0) = weight(1, 1) = weight(1, 2) = 0x3c00;
  llvm::Expected<PackedWeight> full = pack(weight, {{0, 1, 2, 3}, {0, 4}}, 2);
  ASSERT_FALSE(static_cast<bool>(full));
  EXPECT_NE(llvm::toString(full.takeError()).find("weight [1, 2] does not fit"),
            std::string::npos);
  weight(1, 2) = 0;
  weight(0, 6) = 0x3c00;
  llvm::Expected<PackedWeight> outside =
      pack(weight, {{0, 1, 2, 3}, {0, 4}}, 2);
  ASSERT_FALSE(static_cast<bool>(outside));
  EXPECT_NE(llvm::toString(outside.takeError()).find("weight [0, 6]"),
            std::string::npos);
}

TEST(PackedFormat, ListsGoByWindows) {
  std::mt19937_64 random(11);
  Pattern pattern;
  pattern.tile = 16;
  pattern.vectorSparsity = 0.5;
  pattern.window = 128;
  auto problemOf = [](const ColumnIndex &index, int64_t window) {
    return llvm::toString(checkWindows(index, 384, window));
  };
  auto expect = [&](const ColumnIndex &index, int64_t window,
                    const char *problem) {
    EXPECT_NE(problemOf(index, window).find(problem), std::string::npos)
        << problemOf(index, window);
  };
  const ColumnIndex index =
      makePruned<uint16_t>(40, 384, pattern, random).index; // 3 tiles of 3 · 64
  EXPECT_EQ(problemOf(index, 128), "");
  expect(index, 256, "not a multiple of the window of 256");
  expect(index, 0, "not a multiple of the window of 0");
  // All columns are one window, whatever the order inside.
  EXPECT_EQ(problemOf(index, 384), "");
  // Any column of another window is found.
  for (size_t i = 0; i < index.columns.size(); ++i) {
    ColumnIndex damaged = index;
    damaged.columns[i] = (damaged.columns[i] + 128) % 384;
    expect(damaged, 128, "among those of window");
  }
  // So is a tile that lists nothing, or more than the first.
  ColumnIndex shorter = index;
  shorter.columns.resize(2 * 192);
  shorter.offsets = {0, 192, 384, 384};
  expect(shorter, 128, "tile 2 lists 0 columns");
  ColumnIndex longer = index;
  longer.offsets = {0, 192, 576};
  expect(longer, 128, "tile 1 lists 384 columns, but tile 0 lists 192");
  // Half a k-block of a window is none.
  pattern.vectorSparsity = 0.75;
  expect(makePruned<uint16_t>(40, 384, pattern, random).index, 128,
         "no multiple of 64");
}

TEST(PackedFormat, UnpackSurvivesAnyDamage) {
  // Every mutation is refused, or decodes to some weight; none reads astray
  // (the sanitizer build watches).
  std::mt19937_64 random(3);
  Pattern pattern;
  pattern.tile = 16;
  pattern.vectorSparsity = 0.5;
  Pruned wide = makePruned<uint16_t>(40, 130, pattern, random);
  Pruned bytes =
      makePruned<uint8_t>(40, 130, pattern, random, ElementKind::Integer);
  pattern.n = 1;
  pattern.m = 2;
  Pruned words = makePruned<uint32_t>(40, 130, pattern, random);
  const PackedWeight wholes[] = {
      cantFail(pack(wide.weight, wide.index, 16)),
      cantFail(pack(bytes.weight, bytes.index, 16, ElementKind::Integer)),
      cantFail(pack(words.weight, words.index, 16))};
  int refused = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    PackedWeight packed = wholes[trial % 3];
    auto damage = [&](auto &array) {
      if (array.empty())
        return;
      if (random() % 4 == 0)
        array.resize(random() % (2 * array.size()));
      else
        array[random() % array.size()] =
            static_cast<typename std::decay_t<decltype(array)>::value_type>(
                random());
    };
    switch (random() % 5) {
    case 0:
      std::visit(damage, packed.values);
      break;
    case 1:
      damage(packed.metadata);
      break;
    case 2:
      damage(packed.columns);
      break;
    case 3:
      damage(packed.tileOffsets);
      break;
    default:
      packed.layout.tile = static_cast<int64_t>(random() % 64) - 8;
    }
    llvm::Error error = std::visit(
        [&](const auto &values) {
          using T = typename std::decay_t<decltype(values)>::value_type;
          return unpack<T>(packed).takeError();
        },
        packed.values);
    if (error) {
      ++refused;
      EXPECT_FALSE(llvm::toString(std::move(error)).empty());
    }
  }
  EXPECT_GT(refused, 500);
}

TEST(Reference, MatmulAndError) {
  Matrix<double> w(1, 2), x(2, 2);
  w(0, 0) = 2, w(0, 1) = -1;
  x(0, 0) = 1, x(0, 1) = 3, x(1, 0) = 4, x(1, 1) = 5;
  Matrix<double> y = referenceMatmul(w, x);
  EXPECT_EQ(y.getElements(), (std::vector<double>{-2, 1}));
  Matrix<double> z = y;
  EXPECT_EQ(relativeError(y, z), 0.0);
  z(0, 0) = -1;
  EXPECT_DOUBLE_EQ(relativeError(y, z), std::sqrt(0.5));
  y(0, 0) = std::nan("");
  EXPECT_TRUE(std::isinf(relativeError(y, z)));
  EXPECT_DOUBLE_EQ(decodeF16(0xc000), -2.0);
  EXPECT_DOUBLE_EQ(decodeBF16(0x3f80), 1.0);
  EXPECT_DOUBLE_EQ(decodeTF32(0xc0002000), -2.0 - 0x1p-9);
}

} // namespace
