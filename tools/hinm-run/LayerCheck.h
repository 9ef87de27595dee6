//===- LayerCheck.h - Each packed layer by itself ---------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Makes a function of every packed layer of a module, so that its kernel can
/// be run alone on random input and compared with the product in f64.
///
//===----------------------------------------------------------------------===//

#ifndef TOOLS_HINM_RUN_LAYERCHECK_H
#define TOOLS_HINM_RUN_LAYERCHECK_H

#include "Executor.h"
#include "hinm/Core/Matrix.h"
#include "hinm/Dialect/HiNM/IR/HiNMAttributes.h"
#include <string>
#include <vector>

namespace hinm::run {

/// One layer, isolated.
struct LayerFunction {
  /// The function added to the module, and its type on tensors.
  std::string function;
  mlir::FunctionType type;
  /// The pruned weight, rows where the kernel stores them.
  core::Matrix<double> weight;
  /// Columns of X when the layer's are dynamic.
  int64_t tokens;
  /// What of the input is multiplied with, or null for the input itself.
  ConvolutionAttr convolution;
  /// Whether the input is N×C, the result N×R.
  bool tokenMajorInput, tokenMajorOutput;
};

/// Adds a function for each hinm.spmm of \p module that has a kernel, in their
/// order. A layer whose packed operands are no constants is an error.
llvm::Expected<std::vector<LayerFunction>> isolateLayers(mlir::ModuleOp module,
                                                         int64_t tokens);

/// What a run of one layer showed.
struct LayerRun {
  double error = 0.0;
  /// Of the kernel alone, as the runtime timed it.
  double milliseconds = 0.0;
};

/// Runs \p layer on N(0, 1) input in its element type.
llvm::Expected<LayerRun> runLayer(Executor &executor,
                                  const LayerFunction &layer,
                                  std::mt19937_64 &random);

} // namespace hinm::run

#endif // TOOLS_HINM_RUN_LAYERCHECK_H
