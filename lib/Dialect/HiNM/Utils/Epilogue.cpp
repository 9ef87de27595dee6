//===- Epilogue.cpp - What a kernel's epilogue may compute ----------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Dialect/HiNM/Utils/Epilogue.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

bool hinm::isEpilogueElement(Type type) {
  return type.isF16() || type.isBF16() || type.isF32() || type.isInteger(8) ||
         type.isInteger(32);
}

bool hinm::isEpilogueOperation(Operation *op) {
  if (op->getNumRegions() > 0 || !isPure(op))
    return false;
  if (isa<arith::ArithDialect>(op->getDialect()))
    return true;
  return isa<math::AbsFOp, math::CeilOp, math::CopySignOp, math::ErfOp,
             math::ExpM1Op, math::ExpOp, math::FloorOp, math::FmaOp,
             math::Log1pOp, math::LogOp, math::TanhOp>(op) &&
         op->getResult(0).getType().isF32();
}
