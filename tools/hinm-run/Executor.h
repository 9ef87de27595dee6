//===- Executor.h - Runs functions of a lowered module ----------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Compiles a module of the LLVM dialect in the process and calls functions
/// that were on tensors before bufferization.
///
//===----------------------------------------------------------------------===//

#ifndef TOOLS_HINM_RUN_EXECUTOR_H
#define TOOLS_HINM_RUN_EXECUTOR_H

#include "Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace mlir {
class ExecutionEngine;
} // namespace mlir

namespace hinm::run {

/// Asks for the C wrapper by which Executor calls the functions of \p module;
/// to be done before it is lowered.
void requestWrappers(mlir::ModuleOp module);

class Executor {
public:
  /// Compiles \p module; its kernels are loaded into the runtime's device.
  static llvm::Expected<Executor> create(mlir::ModuleOp module);
  Executor(Executor &&);
  ~Executor();

  /// Calls \p name, which had the type \p type (ranked tensors of supported
  /// element types) before lowering. Sizes of \p arguments stand for dynamic
  /// ones.
  llvm::Expected<std::vector<Tensor>> call(llvm::StringRef name,
                                           mlir::FunctionType type,
                                           llvm::ArrayRef<Tensor> arguments);

private:
  explicit Executor(std::unique_ptr<mlir::ExecutionEngine> engine);
  std::unique_ptr<mlir::ExecutionEngine> engine;
};

} // namespace hinm::run

#endif // TOOLS_HINM_RUN_EXECUTOR_H
