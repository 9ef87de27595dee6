//===- hinm-runner.cpp - Runs lowered IR with hinm kernels ----------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// mlir-runner that knows the hinm dialect: a gpu.binary made for
/// `#hinm.emulator` names its target, which mlir-runner could not parse.
///
//===----------------------------------------------------------------------===//

#include "hinm/InitAll.h"
#include "mlir/ExecutionEngine/JitRunner.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/TargetSelect.h"

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  llvm::InitializeNativeTargetAsmParser();
  mlir::DialectRegistry registry;
  hinm::registerAllDialects(registry);
  mlir::registerAllToLLVMIRTranslations(registry);
  return mlir::JitRunnerMain(argc, argv, registry);
}
