//===- WeightSource.h - Where a weight comes from ---------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Exporters hand a constant weight to its layer through transposes,
/// broadcasts, reshapes, slices and casts. A WeightSource is what is left of
/// such a chain: a root that holds (or should hold) the data, and a strided
/// view of it.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_LIB_TRANSFORMS_WEIGHTSOURCE_H
#define HINM_LIB_TRANSFORMS_WEIGHTSOURCE_H

#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <optional>
#include <vector>

namespace hinm {

struct WeightSource {
  /// The result of an `arith.constant`, or an argument of a function.
  mlir::Value root;
  /// Sizes of the view; dynamic only where the stride is 0.
  llvm::SmallVector<int64_t> sizes;
  /// In elements of the root; 0 along a dimension that repeats the data.
  llvm::SmallVector<int64_t> strides;
  /// Of the first element, in elements of the root.
  int64_t offset = 0;
  /// Element types that the data is cast to, in this order.
  llvm::SmallVector<mlir::FloatType> casts;

  /// The element type of the view.
  mlir::Type getElementType() const;
  /// Whether the root is a constant (else it is an argument).
  bool isConstant() const;
};

/// Follows \p value to a constant tensor, or to a function's argument of static
/// shape. Empty when it is neither seen through views alone.
std::optional<WeightSource> traceWeight(mlir::Value value);

/// The operation that computes \p value from constants alone, in a way that
/// traceWeight does not see through; null if there is none.
mlir::Operation *findConstantComputation(mlir::Value value);

/// The elements of the view as the bytes of a row-major matrix: row (column)
/// indices run over the dimensions \p rows (\p columns) of the view, the last
/// fastest; the other dimensions are taken at 0. \p bytes holds the root's
/// elements of type \p type, one alone if \p isSplat.
std::vector<char> gatherMatrix(const WeightSource &source, mlir::FloatType type,
                               llvm::ArrayRef<char> bytes, bool isSplat,
                               llvm::ArrayRef<unsigned> rows,
                               llvm::ArrayRef<unsigned> columns);

/// The element type that safetensors spells \p dtype; null if it is none of
/// F64, F32, F16 and BF16.
mlir::FloatType getFloatType(llvm::StringRef dtype, mlir::MLIRContext *context);

/// \p count elements of \p from as elements of \p to, rounded to nearest even.
std::vector<char> convertFloats(llvm::ArrayRef<char> bytes,
                                mlir::FloatType from, mlir::FloatType to);

} // namespace hinm

#endif // HINM_LIB_TRANSFORMS_WEIGHTSOURCE_H
