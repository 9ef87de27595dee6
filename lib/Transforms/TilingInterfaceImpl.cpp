//===- TilingInterfaceImpl.cpp - Tiling of hinm products ------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Both products are tiled along N alone. The rows and the contraction are cut
/// already, by the pattern's own tiles, and a row index may scatter the rows of
/// a tile over the whole result; N is what a loop around the op can share out.
///
//===----------------------------------------------------------------------===//

#include "hinm/Transforms/TilingInterfaceImpl.h"

#include "hinm/Dialect/HiNM/IR/HiNMDialect.h"
#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Interfaces/TilingInterface.h"

using namespace mlir;
using namespace hinm;

namespace {

/// Columns [offset, offset + size) of the 2-D tensor `value`.
tensor::ExtractSliceOp sliceColumns(OpBuilder &builder, Location loc,
                                    Value value, OpFoldResult offset,
                                    OpFoldResult size) {
  OpFoldResult zero = builder.getIndexAttr(0), one = builder.getIndexAttr(1);
  OpFoldResult rows = tensor::getMixedSize(builder, loc, value, 0);
  return tensor::ExtractSliceOp::create(builder, loc, value, {zero, offset},
                                        {rows, size}, {one, one});
}

/// Whether a slice of a `value` takes all its rows.
bool takesAllRows(Value value, OpFoldResult offset, OpFoldResult size) {
  return isConstantIntValue(offset, 0) &&
         isConstantIntValue(size,
                            cast<ShapedType>(value.getType()).getDimSize(0));
}

template <typename Op>
struct ProductTiling : TilingInterface::ExternalModel<ProductTiling<Op>, Op> {
  SmallVector<utils::IteratorType> getLoopIteratorTypes(Operation *) const {
    return {utils::IteratorType::parallel};
  }

  SmallVector<Range> getIterationDomain(Operation *op,
                                        OpBuilder &builder) const {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(op);
    Value init = cast<Op>(op).getInit();
    return {{builder.getIndexAttr(0),
             tensor::getMixedSize(builder, op->getLoc(), init, 1),
             builder.getIndexAttr(1)}};
  }

  FailureOr<TilingResult>
  getTiledImplementation(Operation *op, OpBuilder &builder,
                         ArrayRef<OpFoldResult> offsets,
                         ArrayRef<OpFoldResult> sizes) const {
    auto product = cast<Op>(op);
    if (op->getNumResults() == 0)
      return op->emitOpError("is tiled on tensors only: tile it before "
                             "bufferization");
    if constexpr (std::is_same_v<Op, SpmmOp>) {
      if (product.getConvolutionAttr())
        return op->emitOpError("gathers windows of a whole image: it cannot be "
                               "cut along the pixels");
      if (product.getTokenMajorInput() || product.getTokenMajorOutput())
        return op->emitOpError("is tiled with tokens innermost only");
    }
    Location loc = op->getLoc();
    auto input =
        sliceColumns(builder, loc, product.getInput(), offsets[0], sizes[0]);
    auto init =
        sliceColumns(builder, loc, product.getInit(), offsets[0], sizes[0]);
    SmallVector<Value> operands(op->getOperands());
    operands[product.getInputMutable().getOperandNumber()] = input;
    operands[product.getInitMutable().getOperandNumber()] = init;
    SmallVector<Operation *> slices{input, init};
    if constexpr (std::is_same_v<Op, SpmmOp>)
      for (OpOperand &operand : product.getEpilogueInputsMutable())
        if (cast<ShapedType>(operand.get().getType()).getRank() == 2) {
          auto slice =
              sliceColumns(builder, loc, operand.get(), offsets[0], sizes[0]);
          operands[operand.getOperandNumber()] = slice;
          slices.push_back(slice);
        }
    Operation *tiled;
    if constexpr (std::is_same_v<Op, SpmmOp>)
      tiled = product.cloneWith(builder, init.getType(), operands);
    else
      tiled = clone(builder, op, init.getType(), operands);
    return TilingResult{{tiled}, {tiled->getResult(0)}, slices};
  }

  LogicalResult
  getResultTilePosition(Operation *op, OpBuilder &builder, unsigned,
                        ArrayRef<OpFoldResult> offsets,
                        ArrayRef<OpFoldResult> sizes,
                        SmallVector<OpFoldResult> &resultOffsets,
                        SmallVector<OpFoldResult> &resultSizes) const {
    Value init = cast<Op>(op).getInit();
    resultOffsets = {builder.getIndexAttr(0), offsets[0]};
    resultSizes = {tensor::getMixedSize(builder, op->getLoc(), init, 0),
                   sizes[0]};
    return success();
  }

  LogicalResult getIterationDomainTileFromResultTile(
      Operation *op, OpBuilder &, unsigned, ArrayRef<OpFoldResult> offsets,
      ArrayRef<OpFoldResult> sizes, SmallVectorImpl<OpFoldResult> &tileOffsets,
      SmallVectorImpl<OpFoldResult> &tileSizes) const {
    if (!takesAllRows(cast<Op>(op).getInit(), offsets[0], sizes[0]))
      return failure();
    tileOffsets.assign({offsets[1]});
    tileSizes.assign({sizes[1]});
    return success();
  }

  FailureOr<TilingResult>
  generateResultTileValue(Operation *op, OpBuilder &builder, unsigned number,
                          ArrayRef<OpFoldResult> offsets,
                          ArrayRef<OpFoldResult> sizes) const {
    SmallVector<OpFoldResult> tileOffsets, tileSizes;
    if (failed(getIterationDomainTileFromResultTile(
            op, builder, number, offsets, sizes, tileOffsets, tileSizes)))
      return failure();
    return getTiledImplementation(op, builder, tileOffsets, tileSizes);
  }

  LogicalResult getIterationDomainTileFromOperandTiles(
      Operation *op, OpBuilder &, ArrayRef<unsigned> operandNumbers,
      ArrayRef<SmallVector<OpFoldResult>> allOffsets,
      ArrayRef<SmallVector<OpFoldResult>> allSizes,
      SmallVectorImpl<OpFoldResult> &tileOffsets,
      SmallVectorImpl<OpFoldResult> &tileSizes) const {
    auto product = cast<Op>(op);
    for (auto [number, offsets, sizes] :
         llvm::zip_equal(operandNumbers, allOffsets, allSizes)) {
      bool follows = number == product.getInputMutable().getOperandNumber() ||
                     number == product.getInitMutable().getOperandNumber();
      if (!follows ||
          !takesAllRows(op->getOperand(number), offsets[0], sizes[0]))
        return failure();
      if (!tileOffsets.empty() &&
          (tileOffsets[0] != offsets[1] || tileSizes[0] != sizes[1]))
        return failure();
      tileOffsets.assign({offsets[1]});
      tileSizes.assign({sizes[1]});
    }
    return success(!tileOffsets.empty());
  }

  FailureOr<TilingResult> getTiledImplementationFromOperandTiles(
      Operation *op, OpBuilder &builder, ArrayRef<unsigned> operandNumbers,
      ArrayRef<SmallVector<OpFoldResult>> allOffsets,
      ArrayRef<SmallVector<OpFoldResult>> allSizes) const {
    SmallVector<OpFoldResult> tileOffsets, tileSizes;
    if (failed(getIterationDomainTileFromOperandTiles(
            op, builder, operandNumbers, allOffsets, allSizes, tileOffsets,
            tileSizes)))
      return failure();
    return getTiledImplementation(op, builder, tileOffsets, tileSizes);
  }
};
} // namespace

void hinm::registerTilingInterfaceExternalModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, HiNMDialect *dialect) {
    context->loadDialect<tensor::TensorDialect>();
    MatmulOp::attachInterface<ProductTiling<MatmulOp>>(*context);
    SpmmOp::attachInterface<ProductTiling<SpmmOp>>(*context);
  });
}
