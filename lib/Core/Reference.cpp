//===- Reference.cpp - Products in double precision -----------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/Reference.h"

#include "llvm/ADT/APFloat.h"
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
