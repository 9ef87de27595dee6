//===- toy-opt.cpp - A compiler that uses hinm as a library ---------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Loads hinm's passes beside its own dialect, whose operation tells hinm what
/// an order of channels does to it.
///
//===----------------------------------------------------------------------===//

#include "hinm/Dialect/HiNM/IR/HiNMInterfaces.h"
#include "hinm/InitAll.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

#include "ToyDialect.h.inc"

#define GET_OP_CLASSES
#include "Toy.h.inc"

#include "ToyDialect.cpp.inc"

#define GET_OP_CLASSES
#include "Toy.cpp.inc"

void toy::ToyDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "Toy.cpp.inc"
      >();
}

/// Channels stay apart; tokens change places, which no order survives.
void toy::ReverseOp::getChannelOrderRule(hinm::ChannelOrderRule &rule) {
  mlir::OpOperand &input = getInputMutable();
  rule.tie({{input, 0}, {getResult(), 0}});
  rule.pin({input, 1}, "it reverses the tokens");
  rule.pin({getResult(), 1}, "it reverses the tokens");
}

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<toy::ToyDialect>();
  hinm::registerAllDialects(registry);
  hinm::registerAllPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "A compiler with hinm in it\n", registry));
}
