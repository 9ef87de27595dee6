//===- HiNMInterfaces.cpp - Channel orders of the hinm dialect's own ops --===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Dialect/HiNM/IR/HiNMInterfaces.h"

#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace hinm;

#include "hinm/Dialect/HiNM/IR/HiNMInterfaces.cpp.inc"

/// The weight's rows may stand in any order, by the row index or by themselves,
/// and so may its columns; tokens are one to one.
void MatmulOp::getChannelOrderRule(ChannelOrderRule &rule) {
  Operation *op = getOperation();
  OpOperand &input = getInputMutable();
  rule.tie({{input, 1}, {op->getResult(0), 1}});
  rule.ignore(getInitMutable());
  if (!matchPattern(getWeight(), m_Constant())) {
    rule.pin({input, 0}, "its weight is no constant");
    rule.pin({op->getResult(0), 0}, "its weight is no constant");
    return;
  }
  rule.ignore(getWeightMutable());
  for (OpOperand &saliency : getSaliencyMutable())
    rule.ignore(saliency);
  rule.absorb(input, 0);
  rule.produce(op->getResult(0), 0);
}

/// Along its own dimension an order ends and another begins.
void PermuteOp::getChannelOrderRule(ChannelOrderRule &rule) {
  Operation *op = getOperation();
  OpOperand &input = getInputMutable();
  for (int64_t dim = 0; dim < getInput().getType().getRank(); ++dim) {
    if (dim == static_cast<int64_t>(getDim())) {
      rule.absorb(input, dim);
      rule.produce(op->getResult(0), dim);
    } else {
      rule.tie({{input, dim}, {op->getResult(0), dim}});
    }
  }
}

/// The rows of a channel's windows stay together.
void PatchesOp::getChannelOrderRule(ChannelOrderRule &rule) {
  OpOperand &image = getImageMutable();
  Value result = getResult();
  rule.tie({{image, 0}, {result, 0}});
  rule.pin({image, 1}, "it takes windows of the image");
  rule.pin({result, 1}, "it takes windows of the image");
}
