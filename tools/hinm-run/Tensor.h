//===- Tensor.h - Arrays that go in and out of compiled code ----*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// A dense row-major array in the element type of a tensor argument or result.
///
//===----------------------------------------------------------------------===//

#ifndef TOOLS_HINM_RUN_TENSOR_H
#define TOOLS_HINM_RUN_TENSOR_H

#include "mlir/IR/BuiltinTypes.h"
#include <cstdint>
#include <random>
#include <vector>

namespace hinm::run {

/// The values are held as f64, which every supported element type fits into
/// (i64 up to 2^53); bytes are made and read at the border.
struct Tensor {
  std::vector<int64_t> shape;
  std::vector<double> values;
};

/// Whether arguments and results may have this element type: f16, bf16, f32,
/// f64, i1, i8, i32, i64 and index.
bool isSupported(mlir::Type elementType);
/// Bytes of one element in memory.
unsigned getByteWidth(mlir::Type elementType);

std::vector<char> toBytes(const Tensor &tensor, mlir::Type elementType);
Tensor fromBytes(const char *bytes, llvm::ArrayRef<int64_t> shape,
                 mlir::Type elementType);

/// \p value rounded to nearest even as \p elementType holds it.
double roundTo(double value, mlir::Type elementType);

/// N(0, 1) for floats, 0 or 1 for integers.
Tensor makeRandom(llvm::ArrayRef<int64_t> shape, mlir::Type elementType,
                  std::mt19937_64 &random);

/// ‖a − b‖ / ‖b‖ (core::relativeError) of two arrays of one shape.
double relativeError(const Tensor &a, const Tensor &b);

} // namespace hinm::run

#endif // TOOLS_HINM_RUN_TENSOR_H
