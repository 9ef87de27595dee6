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
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hinm;

int64_t hinm::getNumTokens(SpmmOp op) {
  return cast<ShapedType>(op.getInit().getType())
      .getDimSize(op.getOutputTokenDim());
}

/// (d0, d1) -> (d1, d0): of a matrix that is read or written turned.
static AffineMap getTurningMap(MLIRContext *context) {
  return AffineMap::getPermutationMap(ArrayRef<unsigned>{1, 0}, context);
}

static linalg::TransposeOp asMatrixTranspose(Operation *op) {
  auto transpose = dyn_cast_if_present<linalg::TransposeOp>(op);
  return transpose && transpose.getPermutation() == ArrayRef<int64_t>{1, 0}
             ? transpose
             : linalg::TransposeOp();
}

/// An elementwise operation that reads all its matrices turned and has one
/// reader: with its loops exchanged it reads them as they are, and its result
/// is turned.
static linalg::GenericOp asTurningGeneric(Operation *op) {
  auto generic = dyn_cast_if_present<linalg::GenericOp>(op);
  if (!generic || !generic.hasPureTensorSemantics() ||
      generic.getNumResults() != 1 || generic.getNumLoops() != 2 ||
      generic.getNumParallelLoops() != 2 || generic.hasIndexSemantics() ||
      !generic->hasOneUse())
    return {};
  OpOperand *init = generic.getDpsInitOperand(0);
  if (!generic.getMatchingIndexingMap(init).isIdentity() ||
      generic.payloadUsesValueFromOperand(init))
    return {};
  bool readsTurned = false;
  for (OpOperand *operand : generic.getDpsInputOperands()) {
    AffineMap map = generic.getMatchingIndexingMap(operand);
    if (map.getNumResults() == 2) {
      if (map != getTurningMap(op->getContext()))
        return {};
      readsTurned = true;
    }
  }
  return readsTurned ? generic : linalg::GenericOp();
}

/// A conversion of elements, by itself on tensors, with one reader.
static bool isConversion(Operation *op) {
  return op && op->getNumOperands() == 1 && op->getNumResults() == 1 &&
         op->hasTrait<OpTrait::Elementwise>() && op->hasOneUse() &&
         isa<RankedTensorType>(op->getOperand(0).getType());
}

/// Whether turned() costs nothing.
static bool isTurnedAtHand(Value matrix) {
  Operation *op = matrix.getDefiningOp();
  return llvm::is_contained(cast<RankedTensorType>(matrix.getType()).getShape(),
                            1) ||
         asMatrixTranspose(op) || asTurningGeneric(op) ||
         (isConversion(op) && isTurnedAtHand(op->getOperand(0)));
}

static RankedTensorType exchangeSizes(RankedTensorType type) {
  return RankedTensorType::get({type.getDimSize(1), type.getDimSize(0)},
                               type.getElementType());
}

/// A vector of one row or column, as a matrix with the two exchanged.
static Value exchangeSizes(OpBuilder &b, Value matrix) {
  const SmallVector<ReassociationIndices> both = {{0, 1}};
  Value vector =
      tensor::CollapseShapeOp::create(b, matrix.getLoc(), matrix, both);
  return tensor::ExpandShapeOp::create(
      b, matrix.getLoc(),
      exchangeSizes(cast<RankedTensorType>(matrix.getType())), vector, both);
}

/// The result of \p generic, turned, computed over its loops exchanged.
static Value turnGeneric(OpBuilder &b, linalg::GenericOp generic) {
  AffineMap exchange = getTurningMap(b.getContext());
  SmallVector<AffineMap> maps;
  for (OpOperand *operand : generic.getDpsInputOperands())
    maps.push_back(generic.getMatchingIndexingMap(operand).compose(exchange));
  maps.push_back(b.getMultiDimIdentityMap(2));
  auto type =
      exchangeSizes(cast<RankedTensorType>(generic->getResult(0).getType()));
  Value init = tensor::EmptyOp::create(b, generic.getLoc(), type.getShape(),
                                       type.getElementType());
  auto turned =
      linalg::GenericOp::create(b, generic.getLoc(), type, generic.getInputs(),
                                init, maps, generic.getIteratorTypesArray());
  IRMapping mapping;
  generic.getRegion().cloneInto(&turned.getRegion(), mapping);
  return turned.getResult(0);
}

/// The transpose of \p matrix, for which isTurnedAtHand holds.
static Value turned(OpBuilder &b, Value matrix) {
  Operation *op = matrix.getDefiningOp();
  if (auto transpose = asMatrixTranspose(op))
    return transpose.getInput();
  if (linalg::GenericOp generic = asTurningGeneric(op))
    return turnGeneric(b, generic);
  if (isConversion(op) && isTurnedAtHand(op->getOperand(0))) {
    Value source = turned(b, op->getOperand(0));
    Operation *conversion = b.clone(*op);
    conversion->setOperand(0, source);
    conversion->getResult(0).setType(
        exchangeSizes(cast<RankedTensorType>(matrix.getType())));
    return conversion->getResult(0);
  }
  return exchangeSizes(b, matrix);
}

/// Replaces \p operand by its transpose.
static void turnOperand(OpBuilder &b, OpOperand &operand) {
  Operation *before = operand.get().getDefiningOp();
  operand.set(turned(b, operand.get()));
  // What has made it is not needed any more, unless somebody else reads it.
  while (before && before->use_empty() &&
         (asMatrixTranspose(before) || isa<linalg::GenericOp>(before) ||
          before->hasTrait<OpTrait::Elementwise>())) {
    Operation *source = before->getOperand(0).getDefiningOp();
    before->erase();
    before = source;
  }
}

bool hinm::hasTokenMajorInput(SpmmOp op) {
  auto type = cast<RankedTensorType>(op.getInput().getType());
  return !op.getConvolutionAttr() && type.hasStaticShape() &&
         !op.getTokenMajorInput() && isTurnedAtHand(op.getInput());
}

/// Whether \p use of a matrix reads it turned.
static bool readsTurned(OpOperand &use) {
  if (auto transpose = asMatrixTranspose(use.getOwner()))
    return use.get() == transpose.getInput();
  auto generic = dyn_cast<linalg::GenericOp>(use.getOwner());
  return generic && generic.isDpsInput(&use) &&
         generic.getMatchingIndexingMap(&use) ==
             getTurningMap(generic.getContext());
}

/// Makes a reader of a matrix, for which readsTurned holds, read its transpose
/// \p turned instead.
static void readAsItIs(OpOperand &use, Value turned) {
  if (auto transpose = asMatrixTranspose(use.getOwner())) {
    transpose->getResult(0).replaceAllUsesWith(turned);
    transpose.erase();
    return;
  }
  auto generic = cast<linalg::GenericOp>(use.getOwner());
  SmallVector<AffineMap> maps = generic.getIndexingMapsArray();
  maps[use.getOperandNumber()] =
      AffineMap::getMultiDimIdentityMap(2, generic.getContext());
  generic.setIndexingMapsAttr(Builder(generic).getAffineMapArrayAttr(maps));
  use.set(turned);
}

static void takeTokenMajorOutput(SpmmOp op) {
  auto type = cast<RankedTensorType>(op.getInit().getType());
  const int64_t rows = type.getDimSize(0), tokens = type.getDimSize(1);
  const bool isRead =
      !op.getResult().use_empty() &&
      llvm::all_of(op.getResult().getUses(),
                   [](OpOperand &use) { return readsTurned(use); });
  // Those of the product, or of the tokens.
  SmallVector<OpOperand *> matrices;
  for (OpOperand &operand : op.getEpilogueInputsMutable())
    if (cast<ShapedType>(operand.get().getType()).getRank() == 2)
      matrices.push_back(&operand);
  if ((!isRead && tokens != 1) || !llvm::all_of(matrices, [](OpOperand *o) {
        return isTurnedAtHand(o->get());
      }))
    return;
  OpBuilder b(op);
  for (OpOperand *operand : matrices)
    turnOperand(b, *operand);
  Value init = tensor::EmptyOp::create(
      b, op.getLoc(), ArrayRef<int64_t>{tokens, rows}, type.getElementType());
  op.getInitMutable().assign(init);
  op.getResult().setType(cast<RankedTensorType>(init.getType()));
  op.setTokenMajorOutput(true);
  if (isRead) {
    for (OpOperand &use : llvm::make_early_inc_range(op.getResult().getUses()))
      readAsItIs(use, op.getResult());
    return;
  }
  b.setInsertionPointAfter(op);
  Value result = exchangeSizes(b, op.getResult());
  Operation *reader =
      result.getDefiningOp<tensor::ExpandShapeOp>().getSrc().getDefiningOp();
  op.getResult().replaceAllUsesExcept(result, reader);
}

void hinm::refineSizes(SpmmOp op) {
  auto type = cast<RankedTensorType>(op.getInit().getType());
  auto input = cast<RankedTensorType>(op.getInput().getType());
  SmallVector<int64_t> shape(type.getShape());
  shape[1 - op.getOutputTokenDim()] = op.getFormat().getRows();
  int64_t &tokens = shape[op.getOutputTokenDim()];
  if (ShapedType::isDynamic(tokens) && !op.getConvolutionAttr())
    tokens = input.getDimSize(op.getInputTokenDim());
  auto refined = RankedTensorType::get(shape, type.getElementType());
  if (refined == type)
    return;
  OpBuilder b(op);
  op.getInitMutable().assign(
      tensor::CastOp::create(b, op.getLoc(), refined, op.getInit())
          .getResult());
  op.getResult().setType(refined);
  b.setInsertionPointAfter(op);
  auto cast = tensor::CastOp::create(b, op.getLoc(), type, op.getResult());
  op.getResult().replaceAllUsesExcept(cast, cast);
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
  // Of its own: the destination may be another product's as well.
  if (!init.hasStaticShape())
    result = bufferization::AllocTensorOp::create(b, init, ValueRange(),
                                                  /*copy=*/slice);
  op.getResult().replaceAllUsesExcept(result, slice);
}
