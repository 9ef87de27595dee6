//===- Reference.cpp - Products in double precision -----------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/Reference.h"

#include "llvm/ADT/APFloat.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace hinm::core {

Matrix<double> referenceMatmul(MatrixView<double> weight,
                               MatrixView<double> input) {
  assert(weight.getCols() == input.getRows() && "shapes do not match");
  Matrix<double> product(weight.getRows(), input.getCols());
  for (int64_t r = 0; r < weight.getRows(); ++r)
    for (int64_t c = 0; c < weight.getCols(); ++c)
      for (int64_t n = 0; n < input.getCols(); ++n)
        product(r, n) += weight(r, c) * input(c, n);
  return product;
}

namespace {

/// One of the weights that a row keeps of a k-block.
struct KeptWeight {
  /// Among the elements of the unit, and the 32 words of its metadata.
  int64_t element, word;
  unsigned bit;
};

/// As the A fragment of two `mma.sp` m16n8k32 holds it.
KeptWeight locateIn16Bits(int64_t row, int64_t compressed) {
  const int64_t g = row % 8, upper = row / 8;
  const int64_t step = compressed / 16, inStep = compressed % 16;
  const int64_t lane = 4 * g + inStep % 8 / 2;
  const int64_t reg = 2 * (inStep / 8) + upper;
  const int64_t chunk = inStep / 2;
  return {(step * 32 + lane) * 8 + 2 * reg + inStep % 2,
          4 * g + 2 * step + chunk / 4,
          static_cast<unsigned>(16 * upper + 4 * (chunk % 4))};
}

/// As that of one m16n8k64 does.
KeptWeight locateIn8Bits(int64_t row, int64_t compressed) {
  const int64_t g = row % 8, upper = row / 8;
  const int64_t lane = 4 * g + compressed % 16 / 4;
  const int64_t reg = 2 * (compressed / 16) + upper;
  const int64_t chunk = compressed / 2;
  return {lane * 16 + 4 * reg + compressed % 4, 4 * g + 2 * (chunk / 8) + upper,
          static_cast<unsigned>(4 * (chunk % 8))};
}

/// As that of two m16n8k16 of tf32 does.
KeptWeight locateIn32Bits(int64_t row, int64_t compressed) {
  const int64_t g = row % 8, upper = row / 8;
  const int64_t step = compressed / 8, inStep = compressed % 8;
  const int64_t lane = 4 * g + inStep % 4;
  const int64_t reg = 2 * (inStep / 4) + upper;
  return {(step * 32 + lane) * 4 + reg, 4 * g + 2 * step + inStep / 4,
          static_cast<unsigned>(16 * upper + 4 * (inStep % 4))};
}

} // namespace

llvm::Expected<Matrix<double>> referencePackedMatmul(const PackedWeight &weight,
                                                     double (*decode)(uint32_t),
                                                     MatrixView<double> input) {
  if (llvm::Error error = checkPacked(weight))
    return std::move(error);
  const PackedLayout &layout = weight.layout;
  if (input.getRows() != layout.cols)
    return llvm::createStringError(
        "the packed weight has %lld columns, the input %lld rows",
        static_cast<long long>(layout.cols),
        static_cast<long long>(input.getRows()));
  const PackedVersion &version = weight.getVersion();
  const auto locate = version.elementBits == 16  ? locateIn16Bits
                      : version.elementBits == 8 ? locateIn8Bits
                                                 : locateIn32Bits;
  Matrix<double> product(layout.rows, input.getCols());
  const int64_t slabs = layout.getNumSlabs();
  for (int64_t t = 0; t < layout.getNumTiles(); ++t) {
    const int64_t rows = std::min(layout.tile, layout.rows - t * layout.tile);
    const int64_t blockColumns = version.blockColumns;
    const int64_t lastBlock = weight.tileOffsets[t + 1] / blockColumns;
    for (int64_t block = weight.tileOffsets[t] / blockColumns;
         block < lastBlock; ++block)
      // Slabs beyond the last row are padding.
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t compressed = 0; compressed < blockColumns / 2;
             ++compressed) {
          const int64_t unit = block * slabs + row / 16;
          const KeptWeight place = locate(row % 16, compressed);
          const double value = decode(std::visit(
              [&](const auto &values) -> uint32_t {
                return values[unit * version.getUnitValues() + place.element];
              },
              weight.values));
          // ±0 holds nothing: its product must not spread a NaN of X.
          if (value == 0.0)
            continue;
          uint32_t word =
              weight.metadata[unit * packedUnitMetadata + place.word];
          uint32_t nibble = word >> place.bit & 0xf;
          int64_t entry = version.entryOf(nibble, compressed % version.n);
          int64_t group = compressed / version.n * version.m;
          int32_t column = weight.columns[block * blockColumns + group + entry];
          for (int64_t n = 0; n < input.getCols(); ++n)
            product(t * layout.tile + row, n) += value * input(column, n);
        }
  }
  return product;
}

double relativeError(MatrixView<double> a, MatrixView<double> b) {
  assert(a.getRows() == b.getRows() && a.getCols() == b.getCols() &&
         "shapes do not match");
  double difference = 0.0, norm = 0.0;
  for (int64_t r = 0; r < a.getRows(); ++r)
    for (int64_t c = 0; c < a.getCols(); ++c) {
      double d = a(r, c) - b(r, c);
      difference += d * d;
      norm += b(r, c) * b(r, c);
    }
  if (std::isnan(difference) || std::isnan(norm))
    return std::numeric_limits<double>::infinity();
  return norm > 0.0 ? std::sqrt(difference / norm) : std::sqrt(difference);
}

static double decodeFloat(const llvm::fltSemantics &semantics, uint32_t bits) {
  const unsigned width = llvm::APFloat::getSizeInBits(semantics);
  return llvm::APFloat(semantics, llvm::APInt(width, bits)).convertToFloat();
}

double decodeF16(uint32_t bits) {
  return decodeFloat(llvm::APFloat::IEEEhalf(), bits);
}

double decodeBF16(uint32_t bits) {
  return decodeFloat(llvm::APFloat::BFloat(), bits);
}

double decodeF8E4M3FN(uint32_t bits) {
  return decodeFloat(llvm::APFloat::Float8E4M3FN(), bits);
}

double decodeF8E5M2(uint32_t bits) {
  return decodeFloat(llvm::APFloat::Float8E5M2(), bits);
}

double decodeTF32(uint32_t bits) {
  return decodeFloat(llvm::APFloat::IEEEsingle(), bits & ~tf32Unused);
}

double decodeI8(uint32_t bits) { return static_cast<int8_t>(bits); }

} // namespace hinm::core
