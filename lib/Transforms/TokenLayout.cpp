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

/// An elementwise operation: with its loops exchanged its result is turned.
static linalg::GenericOp asElementwise(Operation *op) {
  auto generic = dyn_cast_if_present<linalg::GenericOp>(op);
  if (!generic || !generic.hasPureTensorSemantics() ||
      generic.getNumResults() != 1 || generic.getNumLoops() != 2 ||
      generic.getNumParallelLoops() != 2 || generic.hasIndexSemantics())
    return {};
  OpOperand *init = generic.getDpsInitOperand(0);
  return generic.getMatchingIndexingMap(init).isIdentity() &&
                 !generic.payloadUsesValueFromOperand(init)
             ? generic
             : linalg::GenericOp();
}

/// A conversion of elements, by itself on tensors.
static bool isConversion(Operation *op) {
  return op && op->getNumOperands() == 1 && op->getNumResults() == 1 &&
         op->hasTrait<OpTrait::Elementwise>() &&
         isa<RankedTensorType>(op->getOperand(0).getType());
}

/// Whether \p matrix lies alike either way.
static bool isVector(Value matrix) {
  return llvm::is_contained(cast<RankedTensorType>(matrix.getType()).getShape(),
                            1);
}

static RankedTensorType exchangeSizes(RankedTensorType type) {
  return RankedTensorType::get({type.getDimSize(1), type.getDimSize(0)},
                               type.getElementType());
}

/// \p matrix with its rows and columns exchanged. A vector lies alike either
/// way.
static Value transpose(OpBuilder &b, Value matrix) {
  auto type = cast<RankedTensorType>(matrix.getType());
  RankedTensorType result = exchangeSizes(type);
  if (isVector(matrix)) {
    const SmallVector<ReassociationIndices> both = {{0, 1}};
    Value vector =
        tensor::CollapseShapeOp::create(b, matrix.getLoc(), matrix, both);
    return tensor::ExpandShapeOp::create(b, matrix.getLoc(), result, vector,
                                         both);
  }
  Value init = tensor::EmptyOp::create(b, matrix.getLoc(), result.getShape(),
                                       result.getElementType());
  return linalg::TransposeOp::create(b, matrix.getLoc(), matrix, init,
                                     ArrayRef<int64_t>{1, 0})
      ->getResult(0);
}

/// The matrix of which \p matrix is but the transpose, or null.
static Value getTransposed(Value matrix) {
  Operation *op = matrix.getDefiningOp();
  if (auto transpose = asMatrixTranspose(op))
    return transpose.getInput();
  linalg::GenericOp generic = asElementwise(op);
  if (!generic)
    return {};
  auto yielded = dyn_cast<BlockArgument>(
      generic.getBody()->getTerminator()->getOperand(0));
  if (!yielded || yielded.getOwner() != generic.getBody())
    return {};
  OpOperand *source = generic.getMatchingOpOperand(yielded);
  return generic.getMatchingIndexingMap(source) ==
                     getTurningMap(op->getContext()) &&
                 source->get().getType() ==
                     exchangeSizes(cast<RankedTensorType>(matrix.getType()))
             ? source->get()
             : Value();
}

/// Of a matrix's transpose, what \p map is of the matrix.
static AffineMap exchangeResults(AffineMap map) {
  return AffineMap::get(map.getNumDims(), 0,
                        {map.getResult(1), map.getResult(0)}, map.getContext());
}

/// Whether \p use of a matrix may as well read its transpose.
static bool readsEitherWay(OpOperand &use) {
  if (auto transpose = asMatrixTranspose(use.getOwner()))
    return use.get() == transpose.getInput();
  auto generic = dyn_cast<linalg::GenericOp>(use.getOwner());
  return generic && generic.hasPureTensorSemantics() &&
         generic.isDpsInput(&use);
}

/// Makes the readers of \p matrix for which readsEitherWay holds read its
/// transpose \p turned.
static void redirect(Value matrix, Value turned) {
  for (OpOperand &use : llvm::make_early_inc_range(matrix.getUses())) {
    Operation *reader = use.getOwner();
    if (!readsEitherWay(use))
      continue;
    if (reader->getNumResults() == 1 &&
        getTransposed(reader->getResult(0)) == matrix) {
      reader->getResult(0).replaceAllUsesWith(turned);
      continue;
    }
    auto generic = cast<linalg::GenericOp>(reader);
    SmallVector<AffineMap> maps = generic.getIndexingMapsArray();
    AffineMap &map = maps[use.getOperandNumber()];
    map = exchangeResults(map);
    generic.setIndexingMapsAttr(Builder(generic).getAffineMapArrayAttr(maps));
    use.set(turned);
  }
}

/// Makes the readers of \p matrix read its transpose \p turned, or, where they
/// cannot, that of \p turned: a product takes that when it is its turn.
static void handOut(OpBuilder &b, Value matrix, Value turned) {
  SmallVector<OpOperand *> uses(llvm::make_pointer_range(matrix.getUses()));
  Value back = transpose(b, turned);
  for (OpOperand *use : uses)
    use->set(back);
  redirect(back, turned);
}

/// The matrices of \p op's epilogue, which lie like Y.
static SmallVector<OpOperand *> getEpilogueMatrices(SpmmOp op) {
  SmallVector<OpOperand *> matrices;
  for (OpOperand &operand : op.getEpilogueInputsMutable())
    if (cast<ShapedType>(operand.get().getType()).getRank() == 2)
      matrices.push_back(&operand);
  return matrices;
}

TokenLayouts::TokenLayouts(ArrayRef<SpmmOp> candidates)
    : candidates(candidates) {
  for (SpmmOp op : candidates)
    if (cast<ShapedType>(op.getInput().getType()).hasStaticShape() &&
        !op.getConvolutionAttr() && !op.getTokenMajorInput()) {
      readers.insert(op);
      if (!op.getTokenMajorOutput())
        writers.insert(op);
    }
  // Each that is dropped may take others with it.
  bool changes = true;
  while (changes) {
    changes = false;
    for (SpmmOp op : candidates) {
      if (readers.contains(op) && !isAtHand(op.getInput()))
        changes |= readers.erase(op);
      if (writers.contains(op) && !(readers.contains(op) && canWrite(op)))
        changes |= writers.erase(op);
    }
  }
}

bool TokenLayouts::isAtHand(Value matrix) const {
  return isVector(matrix) || canTurn(matrix);
}

bool TokenLayouts::canTurn(Value matrix) const {
  if (done.contains(matrix))
    return false;
  if (getTransposed(matrix))
    return true;
  Operation *op = matrix.getDefiningOp();
  if (auto product = dyn_cast_if_present<SpmmOp>(op))
    return writers.contains(product);
  // What is computed is computed once, the one way or the other.
  if (!op || !isWantedByAll(matrix))
    return false;
  if (linalg::GenericOp generic = asElementwise(op))
    return llvm::any_of(generic.getDpsInputOperands(), [&](OpOperand *operand) {
      AffineMap map = generic.getMatchingIndexingMap(operand);
      return map == getTurningMap(op->getContext()) ||
             (map.isIdentity() && canTurn(operand->get()));
    });
  return isConversion(op) && isAtHand(op->getOperand(0));
}

bool TokenLayouts::isWantedByAll(Value matrix) const {
  return llvm::all_of(matrix.getUses(), [&](OpOperand &use) {
    Operation *reader = use.getOwner();
    return isConversion(reader) ? isWantedByAll(reader->getResult(0))
                                : isWanted(use);
  });
}

bool TokenLayouts::isWanted(OpOperand &use) const {
  auto op = dyn_cast<SpmmOp>(use.getOwner());
  if (!op)
    return readsEitherWay(use);
  return &use == &op.getInputMutable()
             ? readers.contains(op)
             : writers.contains(op) &&
                   llvm::is_contained(getEpilogueMatrices(op), &use);
}

bool TokenLayouts::canWrite(SpmmOp op) const {
  if (!llvm::all_of(getEpilogueMatrices(op),
                    [&](OpOperand *o) { return isAtHand(o->get()); }))
    return false;
  return getNumTokens(op) == 1 ||
         (!op.getResult().use_empty() &&
          llvm::all_of(op.getResult().getUses(),
                       [&](OpOperand &use) { return isWanted(use); }));
}

Value TokenLayouts::turn(Value matrix, Operation *reader) {
  if (!canTurn(matrix)) {
    OpBuilder b(reader);
    return transpose(b, matrix);
  }
  if (Value source = getTransposed(matrix))
    return source;
  Operation *op = matrix.getDefiningOp();
  OpBuilder b(op);
  Value result;
  if (linalg::GenericOp generic = asElementwise(op)) {
    result = turnGeneric(b, generic);
  } else {
    Value source = turn(op->getOperand(0), op);
    Operation *conversion = b.clone(*op);
    conversion->setOperand(0, source);
    result = conversion->getResult(0);
    result.setType(exchangeSizes(cast<RankedTensorType>(result.getType())));
  }
  done.insert(result);
  handOut(b, matrix, result);
  return result;
}

/// The result of \p generic, turned, computed over its loops exchanged.
Value TokenLayouts::turnGeneric(OpBuilder &b, linalg::GenericOp generic) {
  AffineMap exchange = getTurningMap(b.getContext());
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (OpOperand *operand : generic.getDpsInputOperands()) {
    Value input = operand->get();
    AffineMap map = generic.getMatchingIndexingMap(operand);
    if (map.getNumResults() == 2 && canTurn(input)) {
      input = turn(input, generic);
      map = exchangeResults(map);
    }
    inputs.push_back(input);
    maps.push_back(map.compose(exchange));
  }
  maps.push_back(b.getMultiDimIdentityMap(2));
  auto type =
      exchangeSizes(cast<RankedTensorType>(generic->getResult(0).getType()));
  Value init = tensor::EmptyOp::create(b, generic.getLoc(), type.getShape(),
                                       type.getElementType());
  auto turned =
      linalg::GenericOp::create(b, generic.getLoc(), type, inputs, init, maps,
                                generic.getIteratorTypesArray());
  IRMapping mapping;
  generic.getRegion().cloneInto(&turned.getRegion(), mapping);
  return turned.getResult(0);
}
void TokenLayouts::apply() {
  for (SpmmOp op : candidates)
    apply(op);
}

void TokenLayouts::apply(SpmmOp op) {
  if (!readers.contains(op) || op.getTokenMajorInput())
    return;
  OpOperand &input = op.getInputMutable();
  applyBefore(input.get());
  input.set(turn(input.get(), op));
  op.setTokenMajorInput(true);
  if (writers.contains(op))
    applyToOutput(op);
}

void TokenLayouts::applyBefore(Value matrix) {
  Operation *op = matrix.getDefiningOp();
  if (auto product = dyn_cast_if_present<SpmmOp>(op))
    return apply(product);
  if ((asElementwise(op) || asMatrixTranspose(op) || isConversion(op)) &&
      visited.insert(op).second)
    for (Value operand : op->getOperands())
      applyBefore(operand);
}

void TokenLayouts::applyToOutput(SpmmOp op) {
  for (OpOperand *operand : getEpilogueMatrices(op)) {
    applyBefore(operand->get());
    operand->set(turn(operand->get(), op));
  }
  OpBuilder b(op);
  RankedTensorType type =
      exchangeSizes(cast<RankedTensorType>(op.getInit().getType()));
  op.getInitMutable().assign(tensor::EmptyOp::create(
      b, op.getLoc(), type.getShape(), type.getElementType()));
  op.getResult().setType(type);
  op.setTokenMajorOutput(true);
  done.insert(op.getResult());
  b.setInsertionPointAfter(op);
  handOut(b, op.getResult(), op.getResult());
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
