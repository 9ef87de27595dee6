//===- PackedEncodingTest.cpp - Packed weights as bytes -------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/PackedEncoding.h"

#include "RandomMatrix.h"
#include "hinm/Core/Permutation.h"
#include "hinm/Core/Prune.h"
#include "hinm/Core/Reference.h"
#include "gtest/gtest.h"

using namespace hinm::core;

namespace {

/// What the elements of a packed weight are.
enum class Type { F16, E4M3, I8, TF32 };
const Type types[] = {Type::F16, Type::E4M3, Type::I8, Type::TF32};

double (*decoderOf(Type type))(uint32_t) {
  return type == Type::F16    ? decodeF16
         : type == Type::E4M3 ? decodeF8E4M3FN
         : type == Type::TF32 ? decodeTF32
                              : decodeI8;
}

struct Packed {
  Matrix<double> dense;
  PackedWeight packed;
};

template <typename T>
std::vector<T> encodeAll(const Matrix<double> &dense, const T (&codes)[4]) {
  const double numbers[] = {1, -1, 2, -3};
  std::vector<T> bits(dense.getElements().size(), 0);
  for (size_t i = 0; i < bits.size(); ++i)
    for (int code = 0; code < 4; ++code)
      if (dense.getElements()[i] == numbers[code])
        bits[i] = codes[code];
  return bits;
}

/// A random pruned weight of small integers, whose products are exact.
Packed makePacked(int64_t rows, int64_t cols, int64_t tile, double sparsity,
                  std::mt19937_64 &random, Type type = Type::F16) {
  Matrix<float> saliency = randomSaliency(rows, cols, random);
  Permutation order = identityPermutation(rows);
  Pattern pattern;
  pattern.tile = tile;
  pattern.vectorSparsity = sparsity;
  if (type == Type::TF32) {
    pattern.n = 1;
    pattern.m = 2;
  }
  ColumnIndex index = cantFail(selectColumns(saliency, order, pattern));
  Matrix<uint8_t> mask = cantFail(computeMask(saliency, order, pattern, index));
  const double numbers[] = {1, -1, 2, -3};
  Packed result{Matrix<double>(rows, cols), {}};
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < cols; ++c)
      if (mask(r, c))
        result.dense(r, c) = numbers[random() % 4];
  if (type == Type::F16) {
    const uint16_t codes[] = {0x3c00, 0xbc00, 0x4000, 0xc200};
    Matrix<uint16_t> bits(encodeAll(result.dense, codes), rows, cols);
    result.packed = cantFail(pack(bits, index, tile));
    return result;
  }
  if (type == Type::TF32) {
    const uint32_t codes[] = {0x3f800000, 0xbf800000, 0x40000000, 0xc0400000};
    Matrix<uint32_t> bits(encodeAll(result.dense, codes), rows, cols);
    result.packed = cantFail(pack(bits, index, tile));
    return result;
  }
  const uint8_t floats[] = {0x38, 0xb8, 0x40, 0xc4};
  const uint8_t integers[] = {1, 0xff, 2, 0xfd};
  const bool isFloat = type == Type::E4M3;
  Matrix<uint8_t> bits(encodeAll(result.dense, isFloat ? floats : integers),
                       rows, cols);
  result.packed = cantFail(pack(
      bits, index, tile, isFloat ? ElementKind::Float : ElementKind::Integer));
  return result;
}

struct Shape {
  int64_t rows, cols, tile;
  double sparsity;
};
const Shape shapes[] = {{64, 128, 32, 0.5}, {33, 70, 16, 0.0},
                        {5, 9, 3, 0.25},    {40, 64, 64, 0.875},
                        {7, 8, 1, 0.0},     {32, 64, 32, 1.0}};

TEST(PackedEncoding, RoundTrips) {
  std::mt19937_64 random(1);
  for (const Shape &shape : shapes)
    for (Type type : types) {
      Packed made = makePacked(shape.rows, shape.cols, shape.tile,
                               shape.sparsity, random, type);
      std::vector<uint8_t> bytes = cantFail(encodePacked(made.packed));
      EXPECT_EQ(bytes.size() % 16, 0u);
      PackedWeight back = cantFail(decodePacked(bytes));
      EXPECT_EQ(back.values, made.packed.values);
      EXPECT_EQ(back.metadata, made.packed.metadata);
      EXPECT_EQ(back.columns, made.packed.columns);
      EXPECT_EQ(back.tileOffsets, made.packed.tileOffsets);
      EXPECT_EQ(back.layout.kind, made.packed.layout.kind);
    }
}

TEST(PackedEncoding, HeaderIsAsSpecified) {
  PackedWeight packed =
      cantFail(pack(Matrix<uint16_t>(0x102, 3), {{}, {0, 0}}, 0x304));
  std::vector<uint8_t> bytes = cantFail(encodePacked(packed));
  std::vector<uint8_t> expected(80, 0);
  const char *magic = "HINMPACK";
  std::copy_n(magic, 8, expected.begin());
  expected[8] = 1, expected[12] = 64;
  expected[16] = 2, expected[17] = 1; // rows, little-endian
  expected[24] = 3;
  expected[32] = 4, expected[33] = 3;
  expected[40] = 2, expected[44] = 4, expected[48] = 16;
  EXPECT_EQ(bytes, expected);
  packed.values = std::vector<uint8_t>();
  expected[8] = 2, expected[48] = 8;
  EXPECT_EQ(cantFail(encodePacked(packed)), expected);
  packed.layout.kind = ElementKind::Integer;
  expected[52] = 1;
  EXPECT_EQ(cantFail(encodePacked(packed)), expected);
  packed.values = std::vector<uint32_t>();
  packed.layout.kind = ElementKind::Float;
  expected[8] = 3, expected[40] = 1, expected[44] = 2, expected[48] = 32;
  expected[52] = 0;
  EXPECT_EQ(cantFail(encodePacked(packed)), expected);
}

TEST(PackedEncoding, SurvivesAnyBytes) {
  // What is accepted encodes to the same bytes: no byte is ignored.
  std::mt19937_64 random(2);
  const std::vector<uint8_t> wholes[] = {
      cantFail(encodePacked(makePacked(40, 130, 16, 0.5, random).packed)),
      cantFail(
          encodePacked(makePacked(40, 130, 16, 0.5, random, Type::I8).packed)),
      cantFail(encodePacked(
          makePacked(40, 130, 16, 0.5, random, Type::TF32).packed))};
  int refused = 0, accepted = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    std::vector<uint8_t> bytes = wholes[trial / 2 % 3];
    // Half of the damage goes to the header and the offsets.
    size_t span = trial % 2 ? bytes.size() : 96;
    for (uint64_t i = 0, count = 1 + random() % 3; i < count; ++i)
      bytes[random() % span] = static_cast<uint8_t>(random());
    if (random() % 8 == 0)
      bytes.resize(random() % (bytes.size() + 64));
    llvm::Expected<PackedWeight> packed = decodePacked(bytes);
    if (!packed) {
      ++refused;
      EXPECT_FALSE(llvm::toString(packed.takeError()).empty());
      continue;
    }
    ++accepted;
    EXPECT_EQ(cantFail(encodePacked(*packed)), bytes);
    // A damaged count of columns is legal up to gigabytes of zeros.
    if (packed->layout.cols > 1 << 16)
      continue;
    std::visit(
        [&](const auto &values) {
          using T = typename std::decay_t<decltype(values)>::value_type;
          llvm::consumeError(unpack<T>(*packed).takeError());
        },
        packed->values);
  }
  EXPECT_GT(refused, 1000);
  EXPECT_GT(accepted, 100);
}

TEST(PackedEncoding, HugeShapesAreRefusedBeforeAllocation) {
  PackedWeight packed = cantFail(pack(Matrix<uint16_t>(1, 4), {{}, {0, 0}}, 1));
  packed.layout = {0x7fffffff, 0x7fffffff, 0x7fffffff};
  llvm::Expected<Matrix<uint16_t>> dense = unpack<uint16_t>(packed);
  ASSERT_FALSE(static_cast<bool>(dense));
  EXPECT_NE(llvm::toString(dense.takeError()).find("unpacked at once"),
            std::string::npos);
  packed.layout.tile = int64_t{1} << 62;
  llvm::Expected<std::vector<uint8_t>> bytes = encodePacked(packed);
  ASSERT_FALSE(static_cast<bool>(bytes));
  EXPECT_NE(llvm::toString(bytes.takeError()).find("bad shape"),
            std::string::npos);
}

TEST(PackedEncoding, NamesWhatItCannotRead) {
  std::mt19937_64 random(3);
  const std::vector<uint8_t> whole =
      cantFail(encodePacked(makePacked(16, 64, 16, 0.0, random).packed));
  auto refusal = [&](size_t at, uint8_t value) {
    std::vector<uint8_t> bytes = whole;
    bytes[at] = value;
    llvm::Expected<PackedWeight> packed = decodePacked(bytes);
    return packed ? std::string() : llvm::toString(packed.takeError());
  };
  EXPECT_NE(refusal(0, 'X').find("HINMPACK"), std::string::npos);
  EXPECT_NE(refusal(8, 4).find("version 4"), std::string::npos);
  EXPECT_NE(refusal(8, 3).find("version 3 holds only 1:2 of 32-bit"),
            std::string::npos);
  EXPECT_NE(refusal(40, 1).find("1:4"), std::string::npos);
  EXPECT_NE(refusal(48, 8).find("8-bit"), std::string::npos);
  EXPECT_NE(refusal(8, 2).find("version 2 holds only 2:4 of 8-bit"),
            std::string::npos);
  EXPECT_NE(refusal(52, 1).find("damaged"), std::string::npos);
  EXPECT_NE(refusal(31, 0x80).find("header holds"), std::string::npos);
  EXPECT_NE(refusal(72, 1).find("filling"), std::string::npos);
}

TEST(Reference, PackedProductEqualsTheDenseOne) {
  std::mt19937_64 random(4);
  for (const Shape &shape : shapes)
    for (Type type : types) {
      Packed made = makePacked(shape.rows, shape.cols, shape.tile,
                               shape.sparsity, random, type);
      Matrix<double> input(shape.cols, 5);
      for (int64_t c = 0; c < shape.cols; ++c)
        for (int64_t n = 0; n < 5; ++n)
          input(c, n) = static_cast<double>(random() % 17) - 8.0;
      Matrix<double> product =
          cantFail(referencePackedMatmul(made.packed, decoderOf(type), input));
      EXPECT_EQ(product.getElements(),
                referenceMatmul(made.dense, input).getElements());
      llvm::Expected<Matrix<double>> mismatch = referencePackedMatmul(
          made.packed, decoderOf(type), Matrix<double>(shape.cols + 1, 1));
      ASSERT_FALSE(static_cast<bool>(mismatch));
      EXPECT_NE(llvm::toString(mismatch.takeError()).find("input"),
                std::string::npos);
    }
}

} // namespace
