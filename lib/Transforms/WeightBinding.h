//===- WeightBinding.h - The data of a layer's weight -----------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Finds the data of a weight: in its constant, or, when the constant was
/// printed without it or the weight is an argument of the function, in a
/// safetensors file, by name. The rules of the names are in the description of
/// `hinm-import-layers`.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_LIB_TRANSFORMS_WEIGHTBINDING_H
#define HINM_LIB_TRANSFORMS_WEIGHTBINDING_H

#include "LayerMatch.h"
#include "hinm/Transforms/Safetensors.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"
#include <map>
#include <optional>

namespace hinm {

class WeightBinder {
public:
  struct Result {
    /// The weight as [rows, columns]; null when the layer has to be skipped.
    mlir::ElementsAttr weight;
    /// The weight's own name, empty if it has none.
    std::string name;
    /// Why the layer is skipped.
    std::string reason;
  };

  /// Opens the safetensors file \p path (if not empty) and reads \p bindings,
  /// each `function:argument:name`. Fails with a diagnostic at \p module.
  static mlir::FailureOr<WeightBinder>
  create(mlir::ModuleOp module, llvm::StringRef path,
         llvm::ArrayRef<std::string> bindings);

  /// The matrix of \p match. Fails with a diagnostic when the weight is elided
  /// and not in the file, or in the file in another shape or type.
  mlir::FailureOr<Result> getMatrix(const LayerMatch &match);

  /// Checks that the constants without data whose name is in the file (biases,
  /// say) have its shape and type there.
  mlir::LogicalResult checkLooseConstants();

  /// Gives those constants their data.
  void bindLooseConstants();

private:
  WeightBinder() = default;

  mlir::ModuleOp module;
  std::string path;
  std::optional<SafetensorsFile> file;
  llvm::DenseMap<mlir::Value, std::string> argumentNames;
  /// Matrices made before: a weight that several layers share is made once.
  std::map<std::string, mlir::ElementsAttr> made;
};

} // namespace hinm

#endif // HINM_LIB_TRANSFORMS_WEIGHTBINDING_H
