//===- BufferizableOpInterfaceImpl.cpp - Bufferization of hinm ops --------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Transforms/BufferizableOpInterfaceImpl.h"

#include "hinm/Dialect/HiNM/IR/HiNMDialect.h"
#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/IR/DialectRegistry.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace hinm;

namespace {

struct SpmmOpInterface
    : DstBufferizableOpInterfaceExternalModel<SpmmOpInterface, SpmmOp> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &state) const {
    // The destination gives only its shape: what it holds need not be copied.
    return !cast<SpmmOp>(op).isDpsInit(&operand);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto spmm = cast<SpmmOp>(op);
    if (spmm.hasPureBufferSemantics())
      return success();
    SmallVector<Value> operands;
    for (Value operand : spmm->getOperands()) {
      FailureOr<Value> buffer = getBuffer(rewriter, operand, options, state);
      if (llvm::failed(buffer))
        return failure();
      operands.push_back(*buffer);
    }
    rewriter.setInsertionPoint(op);
    spmm.cloneWith(rewriter, TypeRange{}, operands);
    replaceOpWithBufferizedValues(rewriter, op, operands.back());
    return success();
  }
};
} // namespace

void hinm::registerBufferizableOpInterfaceExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, HiNMDialect *dialect) {
    SpmmOp::attachInterface<SpmmOpInterface>(*context);
  });
}
