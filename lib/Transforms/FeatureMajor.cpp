//===- FeatureMajor.cpp - Patterns that move transposes -------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FeatureMajor.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace hinm {

namespace {

//===----------------------------------------------------------------------===//
// One form for elementwise operations
//===----------------------------------------------------------------------===//

/// A generic of tensors with parallel loops only and one result, which it
/// writes in some order of the loops and does not read.
bool isElementwise(linalg::GenericOp op) {
  if (!op.hasPureTensorSemantics() || op->getNumResults() != 1 ||
      op.getNumParallelLoops() != op.getNumLoops() || op.hasIndexSemantics())
    return false;
  OpOperand *init = op.getDpsInitOperand(0);
  auto type = cast<RankedTensorType>(init->get().getType());
  return op.getMatchingIndexingMap(init).isPermutation() &&
         !op.payloadUsesValueFromOperand(init) && !type.getEncoding();
}

struct GeneralizeElementwise
    : public OpInterfaceRewritePattern<linalg::LinalgOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(linalg::LinalgOp op,
                                PatternRewriter &rewriter) const override {
    if (isa<linalg::GenericOp, linalg::TransposeOp, linalg::FillOp>(
            op.getOperation()) ||
        !op.hasPureTensorSemantics() || op.getNumDpsInputs() == 0 ||
        op->getNumResults() != 1 ||
        op.getNumParallelLoops() != op.getNumLoops())
      return failure();
    for (AffineMap map : op.getIndexingMapsArray())
      if (!map.isProjectedPermutation(/*allowZeroInResults=*/true))
        return failure();
    return linalg::generalizeNamedOp(rewriter, op);
  }
};

/// Builds \p op anew with other operands, maps and init; the body moves over.
linalg::GenericOp rebuild(PatternRewriter &rewriter, linalg::GenericOp op,
                          ValueRange inputs, Value init,
                          ArrayRef<AffineMap> maps) {
  auto rebuilt = linalg::GenericOp::create(
      rewriter, op.getLoc(), TypeRange{init.getType()}, inputs,
      ValueRange{init}, maps, op.getIteratorTypesArray());
  rebuilt->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  rewriter.inlineRegionBefore(op.getRegion(), rebuilt.getRegion(),
                              rebuilt.getRegion().begin());
  return rebuilt;
}

/// Reads what a broadcast repeats instead of its result.
struct FoldBroadcast : public OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (!isElementwise(op))
      return failure();
    for (OpOperand *operand : op.getDpsInputOperands()) {
      auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
      if (!producer || !isElementwise(producer) ||
          producer.getNumDpsInputs() != 1)
        continue;
      Value yielded = producer.getBody()->getTerminator()->getOperand(0);
      OpOperand *source = producer.getDpsInputOperand(0);
      if (yielded != producer.getBody()->getArgument(0) ||
          !isa<RankedTensorType>(source->get().getType()))
        continue;
      AffineMap in = producer.getMatchingIndexingMap(source);
      if (in.isPermutation() ||
          !in.isProjectedPermutation(/*allowZeroInResults=*/true))
        continue;
      AffineMap out =
          producer.getMatchingIndexingMap(producer.getDpsInitOperand(0));
      AffineMap composed = in.compose(inversePermutation(out))
                               .compose(op.getMatchingIndexingMap(operand));
      SmallVector<AffineMap> maps = op.getIndexingMapsArray();
      maps[operand->getOperandNumber()] = composed;
      rewriter.modifyOpInPlace(op, [&] {
        operand->set(source->get());
        op.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
      });
      return success();
    }
    return failure();
  }
};

/// Drops the unit dimensions of an operand that are read at a literal 0, which
/// the upstream patterns for reshapes do not know.
struct DropUnitDims : public OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (!isElementwise(op))
      return failure();
    for (OpOperand *operand : op.getDpsInputOperands()) {
      AffineMap map = op.getMatchingIndexingMap(operand);
      auto type = dyn_cast<RankedTensorType>(operand->get().getType());
      if (!type || type.getEncoding() ||
          !map.isProjectedPermutation(/*allowZeroInResults=*/true))
        continue;
      SmallVector<AffineExpr> kept;
      SmallVector<ReassociationIndices> groups;
      ReassociationIndices leading;
      bool isDroppable = true;
      for (auto [i, expr] : llvm::enumerate(map.getResults())) {
        if (isa<AffineDimExpr>(expr)) {
          kept.push_back(expr);
          groups.push_back(leading);
          groups.back().push_back(i);
          leading.clear();
          continue;
        }
        isDroppable &= type.getDimSize(i) == 1;
        (groups.empty() ? leading : groups.back()).push_back(i);
      }
      if (!isDroppable || kept.size() == map.getNumResults())
        continue;
      rewriter.setInsertionPoint(op);
      Value collapsed = tensor::CollapseShapeOp::create(rewriter, op.getLoc(),
                                                        operand->get(), groups);
      SmallVector<AffineMap> maps = op.getIndexingMapsArray();
      maps[operand->getOperandNumber()] =
          AffineMap::get(map.getNumDims(), 0, kept, op.getContext());
      rewriter.modifyOpInPlace(op, [&] {
        operand->set(collapsed);
        op.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
      });
      return success();
    }
    return failure();
  }
};

//===----------------------------------------------------------------------===//
// Transposes
//===----------------------------------------------------------------------===//

AffineMap swapResults(AffineMap map) {
  return AffineMap::get(map.getNumDims(), map.getNumSymbols(),
                        {map.getResult(1), map.getResult(0)}, map.getContext());
}

/// The transpose of a matrix that \p value is the result of, or null.
linalg::TransposeOp getTranspose(Value value) {
  auto transpose = value.getDefiningOp<linalg::TransposeOp>();
  if (!transpose || !transpose.hasPureTensorSemantics() ||
      transpose.getPermutation() != ArrayRef<int64_t>{1, 0})
    return {};
  return transpose;
}

bool isReadOnlyTransposed(Value value) {
  for (Operation *user : value.getUsers()) {
    auto transpose = dyn_cast<linalg::TransposeOp>(user);
    if (!transpose || transpose.getInput() != value ||
        !getTranspose(transpose->getResult(0)))
      return false;
  }
  return !value.use_empty();
}

bool isElementwiseOnMatrices(linalg::GenericOp op) {
  return isElementwise(op) && op.getNumLoops() == 2;
}

/// Whether the transpose itself goes away when it is sunk below one of its
/// readers: the others can take it in too.
bool isAbsorbed(linalg::TransposeOp transpose) {
  return llvm::all_of(transpose->getUsers(), [](Operation *user) {
    if (isa<tensor::DimOp>(user))
      return true;
    if (auto generic = dyn_cast<linalg::GenericOp>(user))
      return isElementwiseOnMatrices(generic);
    auto other = dyn_cast<linalg::TransposeOp>(user);
    return other && getTranspose(other->getResult(0));
  });
}

/// Lets \p op write its result transposed: the result of the returned operation
/// is the transpose of op's. Its loops are renamed, so that it writes in their
/// order. \p takeIn says which transposed operands are read untransposed.
linalg::GenericOp writeTransposed(PatternRewriter &rewriter,
                                  linalg::GenericOp op,
                                  function_ref<bool(OpOperand &)> takeIn) {
  OpOperand *init = op.getDpsInitOperand(0);
  rewriter.setInsertionPoint(op);
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  SmallVector<Value> inputs;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    if (!takeIn(*operand)) {
      inputs.push_back(operand->get());
      continue;
    }
    inputs.push_back(getTranspose(operand->get()).getInput());
    AffineMap &map = maps[operand->getOperandNumber()];
    map = swapResults(map);
  }
  maps.back() = swapResults(maps.back());
  AffineMap rename = inversePermutation(maps.back());
  for (AffineMap &map : maps)
    map = map.compose(rename);
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(rewriter, op.getLoc(), init->get());
  Type elementType = getElementTypeOrSelf(init->get().getType());
  Value empty = tensor::EmptyOp::create(
      rewriter, op.getLoc(), ArrayRef<OpFoldResult>{sizes[1], sizes[0]},
      elementType);
  return rebuild(rewriter, op, inputs, empty, maps);
}

Value makeTranspose(PatternRewriter &rewriter, Location loc, Value value,
                    RankedTensorType type) {
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(rewriter, loc, value);
  Value empty = tensor::EmptyOp::create(
      rewriter, loc, ArrayRef<OpFoldResult>{sizes[1], sizes[0]},
      type.getElementType());
  Value transposed = linalg::TransposeOp::create(rewriter, loc, value, empty,
                                                 ArrayRef<int64_t>{1, 0})
                         ->getResult(0);
  if (transposed.getType() != type)
    transposed = tensor::CastOp::create(rewriter, loc, type, transposed);
  return transposed;
}

/// f(transpose(x), y) = transpose(f'(x, y)).
struct SinkTranspose : public OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (!isElementwiseOnMatrices(op))
      return failure();
    AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
    auto takeIn = [&](OpOperand &operand) {
      return op.getMatchingIndexingMap(&operand) == out &&
             getTranspose(operand.get());
    };
    bool isOne = false, areAbsorbed = true;
    for (OpOperand *operand : op.getDpsInputOperands())
      if (takeIn(*operand)) {
        isOne = true;
        areAbsorbed &= isAbsorbed(getTranspose(operand->get()));
      }
    if (!isOne || (!areAbsorbed && !isReadOnlyTransposed(op->getResult(0))))
      return failure();
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    linalg::GenericOp sunk = writeTransposed(rewriter, op, takeIn);
    rewriter.replaceOp(
        op, makeTranspose(rewriter, op.getLoc(), sunk->getResult(0), type));
    return success();
  }
};

/// transpose(f(x)), where nothing else reads f(x), is an f that writes so.
struct WriteTransposed : public OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (!isElementwiseOnMatrices(op) || !isReadOnlyTransposed(op->getResult(0)))
      return failure();
    SmallVector<Operation *> readers(op->getUsers());
    linalg::GenericOp written =
        writeTransposed(rewriter, op, [](OpOperand &) { return false; });
    for (Operation *reader : readers) {
      Value result = written->getResult(0);
      if (result.getType() != reader->getResult(0).getType()) {
        rewriter.setInsertionPoint(reader);
        result = tensor::CastOp::create(rewriter, reader->getLoc(),
                                        reader->getResult(0).getType(), result);
      }
      rewriter.replaceOp(reader, result);
    }
    rewriter.eraseOp(op);
    return success();
  }
};

/// Reads x in place of transpose(x). An operand that is read against the order
/// of the result is put right by it; any other one only with foldTheRest.
struct FoldTransposeIntoMap : public OpRewritePattern<linalg::GenericOp> {
  FoldTransposeIntoMap(MLIRContext *context, bool foldTheRest)
      : OpRewritePattern(context), foldTheRest(foldTheRest) {}

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics() || op->getNumResults() != 1)
      return failure();
    AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
    for (OpOperand *operand : op.getDpsInputOperands()) {
      linalg::TransposeOp transpose = getTranspose(operand->get());
      AffineMap map = op.getMatchingIndexingMap(operand);
      if (!transpose)
        continue;
      bool isCrossed = isElementwiseOnMatrices(op) && swapResults(map) == out;
      if (!isCrossed && !foldTheRest)
        continue;
      SmallVector<AffineMap> maps = op.getIndexingMapsArray();
      maps[operand->getOperandNumber()] = swapResults(map);
      rewriter.modifyOpInPlace(op, [&] {
        operand->set(transpose.getInput());
        op.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
      });
      return success();
    }
    return failure();
  }

  bool foldTheRest;
};

} // namespace

void populateElementwiseFormPatterns(RewritePatternSet &patterns) {
  linalg::populateElementwiseToLinalgConversionPatterns(patterns);
  patterns.add<GeneralizeElementwise, FoldBroadcast, DropUnitDims>(
      patterns.getContext());
}

void populateTransposePatterns(RewritePatternSet &patterns, bool foldTheRest) {
  patterns.add<SinkTranspose>(patterns.getContext(), /*benefit=*/2);
  // Undoes a sinking; so not before all have come to their end.
  if (foldTheRest)
    patterns.add<WriteTransposed>(patterns.getContext());
  patterns.add<FoldTransposeIntoMap>(patterns.getContext(), foldTheRest);
}

} // namespace hinm
