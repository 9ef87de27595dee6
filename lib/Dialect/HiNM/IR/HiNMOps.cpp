//===- HiNMOps.cpp - Operations of the hinm dialect -----------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Dialect/HiNM/IR/HiNMOps.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace hinm;

#define GET_OP_CLASSES
#include "hinm/Dialect/HiNM/IR/HiNMOps.cpp.inc"

Type hinm::getSumType(Type element) {
  if (element.isInteger())
    return IntegerType::get(element.getContext(), 32);
  return Float32Type::get(element.getContext());
}

int64_t hinm::getTokensOfChunk(Type element) {
  return 128 / element.getIntOrFloatBitWidth();
}

//===----------------------------------------------------------------------===//
// MatmulOp
//===----------------------------------------------------------------------===//

void MatmulOp::build(OpBuilder &builder, OperationState &state, Value weight,
                     Value input, Value init, StringAttr layer,
                     PatternAttr pattern) {
  build(builder, state, init.getType(), weight, input, init,
        /*saliency=*/Value(), layer, pattern,
        /*columns=*/nullptr, /*row_index=*/nullptr);
}

LogicalResult
MatmulOp::reifyResultShapes(OpBuilder &builder,
                            ReifiedRankedShapedTypeDims &reified) {
  reified.resize(1);
  for (int64_t dim : {0, 1})
    reified[0].push_back(
        tensor::getMixedSize(builder, getLoc(), getInit(), dim));
  return success();
}

//===----------------------------------------------------------------------===//
// PatchesOp
//===----------------------------------------------------------------------===//

void PatchesOp::build(OpBuilder &builder, OperationState &state, Value image,
                      ConvolutionAttr convolution) {
  auto type = cast<RankedTensorType>(image.getType());
  build(builder, state,
        type.clone({type.getDimSize(0) * convolution.getWindowSize(),
                    convolution.getNumOutputPixels()}),
        image, convolution);
}

//===----------------------------------------------------------------------===//
// PackOp
//===----------------------------------------------------------------------===//

void PackOp::build(OpBuilder &builder, OperationState &state, Value weight,
                   ColumnIndexAttr columns, PackedAttr format) {
  int64_t listed = format.getNumListed(columns);
  Type i32 = builder.getI32Type();
  Type element = cast<RankedTensorType>(weight.getType()).getElementType();
  build(builder, state,
        {RankedTensorType::get({format.getNumValues(listed)}, element),
         RankedTensorType::get({format.getNumMetadata(listed)}, i32),
         RankedTensorType::get({listed}, i32),
         RankedTensorType::get({format.getNumTiles() + 1}, i32)},
        weight, columns, format);
}

//===----------------------------------------------------------------------===//
// SpmmOp
//===----------------------------------------------------------------------===//

Type SpmmOp::getSumType() {
  return hinm::getSumType(
      cast<ShapedType>(getValues().getType()).getElementType());
}

void SpmmOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  if (getResult())
    return;
  for (OpOperand &operand : getOperation()->getOpOperands())
    effects.emplace_back(
        isDpsInit(&operand)
            ? static_cast<MemoryEffects::Effect *>(MemoryEffects::Write::get())
            : MemoryEffects::Read::get(),
        &operand, SideEffects::DefaultResource::get());
}

SpmmOp SpmmOp::cloneWith(OpBuilder &builder, TypeRange types,
                         ValueRange operands) {
  Operation *op = getOperation();
  Operation *copy = Operation::create(
      op->getLoc(), op->getName(), types, operands,
      op->getDiscardableAttrDictionary(), op->getPropertiesStorage(),
      /*successors=*/BlockRange(), /*numRegions=*/1);
  IRMapping mapping;
  getEpilogue().cloneInto(&copy->getRegion(0), mapping);
  return cast<SpmmOp>(builder.insert(copy));
}

Value SpmmOp::inlineEpilogue(OpBuilder &builder, ValueRange arguments) {
  Block &body = getEpilogue().front();
  IRMapping mapping;
  mapping.map(body.getArguments(), arguments);
  for (Operation &op : body.without_terminator())
    builder.clone(op, mapping);
  return mapping.lookup(cast<YieldOp>(body.getTerminator()).getValue());
}

LogicalResult SpmmOp::reifyResultShapes(OpBuilder &builder,
                                        ReifiedRankedShapedTypeDims &reified) {
  if (!getResult())
    return failure();
  reified.resize(1);
  for (int64_t dim : {0, 1})
    reified[0].push_back(
        tensor::getMixedSize(builder, getLoc(), getInit(), dim));
  return success();
}
