//===- TokenLayout.cpp - How the tokens of a product lie ------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TokenLayout.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hinm;

int64_t hinm::getNumTokens(SpmmOp op) {
  return cast<ShapedType>(op.getInit().getType())
      .getDimSize(op.getOutputTokenDim());
}

static linalg::TransposeOp asMatrixTranspose(Operation *op) {
  auto transpose = dyn_cast_if_present<linalg::TransposeOp>(op);
  return transpose && transpose.getPermutation() == ArrayRef<int64_t>{1, 0}
             ? transpose
             : linalg::TransposeOp();
}

/// Whether turned() costs nothing.
static bool isTurnedAtHand(Value matrix) {
  auto type = cast<RankedTensorType>(matrix.getType());
  return type.getDimSize(1) == 1 || asMatrixTranspose(matrix.getDefiningOp());
}

/// A vector of one row or column, as a matrix with the two exchanged.
static Value exchangeSizes(OpBuilder &b, Value matrix) {
  auto type = cast<RankedTensorType>(matrix.getType());
  const SmallVector<ReassociationIndices> both = {{0, 1}};
  Value vector =
      tensor::CollapseShapeOp::create(b, matrix.getLoc(), matrix, both);
  return tensor::ExpandShapeOp::create(
      b, matrix.getLoc(),
      RankedTensorType::get({type.getDimSize(1), type.getDimSize(0)},
                            type.getElementType()),
      vector, both);
}

/// The transpose of \p matrix, for which isTurnedAtHand holds.
static Value turned(OpBuilder &b, Value matrix) {
  if (auto transpose = asMatrixTranspose(matrix.getDefiningOp()))
    return transpose.getInput();
  return exchangeSizes(b, matrix);
}

/// Replaces \p operand by its transpose.
static void turnOperand(OpBuilder &b, OpOperand &operand) {
  Operation *before = operand.get().getDefiningOp();
  operand.set(turned(b, operand.get()));
  if (before && asMatrixTranspose(before) && before->use_empty())
    before->erase();
}

bool hinm::hasTokenMajorInput(SpmmOp op) {
  auto type = cast<RankedTensorType>(op.getInput().getType());
  return !op.getConvolutionAttr() && type.hasStaticShape() &&
         !op.getTokenMajorInput() && isTurnedAtHand(op.getInput());
}

static void takeTokenMajorOutput(SpmmOp op) {
  auto type = cast<RankedTensorType>(op.getInit().getType());
  const int64_t rows = type.getDimSize(0), tokens = type.getDimSize(1);
  linalg::TransposeOp transpose;
  if (op.getResult().hasOneUse())
    transpose = asMatrixTranspose(*op.getResult().user_begin());
  auto matrices =
      llvm::make_filter_range(op.getEpilogueInputsMutable(), [](OpOperand &o) {
        return cast<ShapedType>(o.get().getType()).getRank() == 2;
      });
  if ((!transpose && tokens != 1) || !llvm::all_of(matrices, [](OpOperand &o) {
        return isTurnedAtHand(o.get());
      }))
    return;
  OpBuilder b(op);
  for (OpOperand &operand : matrices)
    turnOperand(b, operand);
  Value init = tensor::EmptyOp::create(
      b, op.getLoc(), ArrayRef<int64_t>{tokens, rows}, type.getElementType());
  op.getInitMutable().assign(init);
  op.getResult().setType(cast<RankedTensorType>(init.getType()));
  op.setTokenMajorOutput(true);
  if (transpose) {
    transpose->getResult(0).replaceAllUsesWith(op.getResult());
    transpose.erase();
    return;
  }
  b.setInsertionPointAfter(op);
  Value result = exchangeSizes(b, op.getResult());
  Operation *reader =
      result.getDefiningOp<tensor::ExpandShapeOp>().getSrc().getDefiningOp();
  op.getResult().replaceAllUsesExcept(result, reader);
}

void hinm::takeTokenMajor(SpmmOp op) {
  OpBuilder b(op);
  turnOperand(b, op.getInputMutable());
  op.setTokenMajorInput(true);
  takeTokenMajorOutput(op);
}

void hinm::padTokens(SpmmOp op) {
  const int64_t tokens = getNumTokens(op);
  // A copy moves 16 bytes: rows of X must be as long as a multiple.
  const int64_t multiple = getTokensOfChunk(
      cast<ShapedType>(op.getInput().getType()).getElementType());
  if (op.getTokenMajorInput() && op.getTokenMajorOutput())
    return;
  if (!ShapedType::isDynamic(tokens) && tokens % multiple == 0)
    return;
  ImplicitLocOpBuilder b(op.getLoc(), op);
  auto init = cast<RankedTensorType>(op.getInit().getType());
  const unsigned inputDim = op.getInputTokenDim();
  const unsigned outputDim = op.getOutputTokenDim();
  OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
  OpFoldResult size, padded, added;
  int64_t staticPadded = ShapedType::kDynamic;
  if (ShapedType::isDynamic(tokens)) {
    Value n = tensor::DimOp::create(b, op.getInput(), inputDim);
    Value chunk = arith::ConstantIndexOp::create(b, b.getLoc(), multiple);
    Value chunks = arith::CeilDivUIOp::create(b, n, chunk);
    Value total = arith::MulIOp::create(b, chunks, chunk);
    size = n;
    padded = total;
    added = arith::SubIOp::create(b, total, n).getResult();
  } else {
    staticPadded = llvm::alignTo(tokens, multiple);
    size = b.getIndexAttr(tokens);
    padded = b.getIndexAttr(staticPadded);
    added = b.getIndexAttr(staticPadded - tokens);
  }
  auto padOperand = [&](OpOperand &operand, unsigned tokenDim) {
    auto type = cast<RankedTensorType>(operand.get().getType());
    SmallVector<int64_t> shape(type.getShape());
    shape[tokenDim] = staticPadded;
    SmallVector<OpFoldResult> high(2, zero);
    high[tokenDim] = added;
    Value nothing =
        arith::ConstantOp::create(b, b.getZeroAttr(type.getElementType()));
    operand.set(tensor::PadOp::create(
        b, RankedTensorType::get(shape, type.getElementType()), operand.get(),
        {zero, zero}, high, nothing));
  };
  if (!op.getConvolutionAttr())
    padOperand(op.getInputMutable(), inputDim);
  for (OpOperand &operand : op.getEpilogueInputsMutable())
    if (cast<RankedTensorType>(operand.get().getType()).getRank() == 2)
      padOperand(operand, outputDim);
  SmallVector<OpFoldResult> wide(2, b.getIndexAttr(op.getFormat().getRows()));
  SmallVector<OpFoldResult> narrow = wide;
  wide[outputDim] = padded;
  narrow[outputDim] = size;
  Value wideInit = tensor::EmptyOp::create(b, wide, init.getElementType());
  Value narrowInit = op.getInit();
  op.getInitMutable().assign(wideInit);
  op.getResult().setType(cast<RankedTensorType>(wideInit.getType()));
  b.setInsertionPointAfter(op);
  SmallVector<OpFoldResult> offsets = {zero, zero}, strides = {one, one};
  auto slice = tensor::ExtractSliceOp::create(b, init, op.getResult(), offsets,
                                              narrow, strides);
  Value result = slice;
  // A slice is a view with the strides of the wide buffer. Bufferization would
  // cast it, where its shape is dynamic, to the identity layout of a function's
  // result, and every row after the first would start in the wrong place.
  if (!init.hasStaticShape())
    result =
        bufferization::MaterializeInDestinationOp::create(b, slice, narrowInit)
            .getResult();
  op.getResult().replaceAllUsesExcept(result, slice);
}
