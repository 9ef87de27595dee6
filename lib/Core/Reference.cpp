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

llvm::Expected<Matrix<double>> referencePackedMatmul(const PackedWeight &weight,
                                                     double (*decode)(uint16_t),
                                                     MatrixView<double> input) {
  if (llvm::Error error = checkPacked(weight))
    return std::move(error);
  const PackedLayout &layout = weight.layout;
  if (input.getRows() != layout.cols)
    return llvm::createStringError(
        "the packed weight has %lld columns, the input %lld rows",
        static_cast<long long>(layout.cols),
        static_cast<long long>(input.getRows()));
  Matrix<double> product(layout.rows, input.getCols());
  const int64_t slabs = layout.getNumSlabs();
  for (int64_t t = 0; t < layout.getNumTiles(); ++t) {
    const int64_t rows = std::min(layout.tile, layout.rows - t * layout.tile);
    const int64_t lastBlock = weight.tileOffsets[t + 1] / packedBlockColumns;
    for (int64_t block = weight.tileOffsets[t] / packedBlockColumns;
         block < lastBlock; ++block)
      // Slabs beyond the last row are padding.
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t compressed = 0; compressed < 32; ++compressed) {
          const int64_t fragment = block * slabs + row / 16;
          const int64_t g = row % 8, upper = row % 16 / 8;
          const int64_t step = compressed / 16, inStep = compressed % 16;
          // The lane and register of the `mma.sp` A fragment.
          const int64_t lane = 4 * g + inStep % 8 / 2;
          const int64_t reg = 2 * (inStep / 8) + upper;
          uint16_t bits =
              weight.values[((fragment * 2 + step) * 32 + lane) * 8 + 2 * reg +
                            inStep % 2];
          // ±0 holds nothing: its product must not spread a NaN of X.
          if ((bits & 0x7fff) == 0)
            continue;
          const int64_t chunk = inStep / 2;
          uint32_t word =
              weight.metadata[fragment * 32 + 4 * g + 2 * step + chunk / 4];
          uint32_t nibble = word >> (16 * upper + 4 * (chunk % 4)) & 0xf;
          uint32_t entry = inStep % 2 ? nibble >> 2 : nibble & 3;
          int32_t column = weight.columns[block * packedBlockColumns +
                                          step * 32 + chunk * 4 + entry];
          for (int64_t n = 0; n < input.getCols(); ++n)
            product(t * layout.tile + row, n) +=
                decode(bits) * input(column, n);
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

double decodeF16(uint16_t bits) {
  return llvm::APFloat(llvm::APFloat::IEEEhalf(), llvm::APInt(16, bits))
      .convertToFloat();
}

double decodeBF16(uint16_t bits) {
  return llvm::APFloat(llvm::APFloat::BFloat(), llvm::APInt(16, bits))
      .convertToFloat();
}

} // namespace hinm::core
