//===- FuseEpilogues.cpp - hinm-fuse-epilogues ----------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "hinm/Dialect/HiNM/Utils/Epilogue.h"
#include "hinm/Transforms/LayerStats.h"
#include "hinm/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace hinm {
#define GEN_PASS_DEF_FUSEEPILOGUES
#include "hinm/Transforms/Passes.h.inc"
} // namespace hinm

using namespace mlir;
using namespace hinm;

namespace {

/// y = f(spmm, …), element by element, becomes the spmm's epilogue.
struct FuseEpilogue : public OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics() || op.getNumDpsInits() != 1 ||
        op.getNumLoops() != 2 || op.getNumParallelLoops() != 2 ||
        op.payloadUsesValueFromOperand(op.getDpsInitOperand(0)) ||
        !op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity() ||
        !isEpilogueElement(getElementTypeOrSelf(op.getResult(0).getType())))
      return failure();
    SpmmOp product;
    for (OpOperand *operand : op.getDpsInputOperands())
      if (auto candidate = operand->get().getDefiningOp<SpmmOp>();
          candidate && isOnlyReadBy(candidate, op))
        product = candidate;
    // The product stays where it is executed as often, and of its shape.
    if (!product || product.getScheduleAttr() ||
        product->hasAttr("hinm.skipped") || product.getTokenMajorOutput() ||
        product->getBlock() != op->getBlock() ||
        cast<RankedTensorType>(op.getResult(0).getType()).getShape() !=
            product.getResult().getType().getShape())
      return failure();
    if (failed(checkBody(op)) || failed(checkOperands(op, product)))
      return failure();
    fuse(op, product, rewriter);
    return success();
  }

private:
  static bool isOnlyReadBy(SpmmOp product, Operation *user) {
    return product.getResult() &&
           llvm::all_of(product->getUsers(),
                        [&](Operation *other) { return other == user; });
  }

  /// The body computes with its arguments and constants only.
  static LogicalResult checkBody(linalg::GenericOp op) {
    for (Operation &inner : op.getBody()->without_terminator()) {
      if (!isEpilogueOperation(&inner))
        return failure();
      for (Value operand : inner.getOperands())
        if (operand.getParentBlock() != op.getBody() &&
            !matchPattern(operand, m_Constant()))
          return failure();
    }
    Value result = op.getBody()->getTerminator()->getOperand(0);
    return success(result.getParentBlock() == op.getBody());
  }

  /// The value of all elements of a constant tensor, or null.
  static TypedAttr getSplat(Value tensor) {
    DenseElementsAttr attr;
    if (!matchPattern(tensor, m_Constant(&attr)) || !attr.isSplat())
      return nullptr;
    return dyn_cast<TypedAttr>(attr.getSplatValue<Attribute>());
  }

  /// Whether an operand has one element for each token: a vector, or a matrix
  /// of one row.
  static bool isRow(AffineMap map) {
    MLIRContext *context = map.getContext();
    AffineExpr token = getAffineDimExpr(1, context);
    return map == AffineMap::get(2, 0, {token}, context) ||
           map == AffineMap::get(2, 0,
                                 {getAffineConstantExpr(0, context), token},
                                 context);
  }

  /// The operand of the epilogue for \p operand, which has \p map: a row is a
  /// matrix there.
  static Value toEpilogue(OpBuilder &builder, Location loc, Value operand,
                          AffineMap map) {
    auto type = cast<RankedTensorType>(operand.getType());
    if (!isRow(map) || type.getRank() == 2)
      return operand;
    OpFoldResult tokens = tensor::getMixedSize(builder, loc, operand, 0);
    return tensor::ExpandShapeOp::create(
        builder, loc, type.clone({1, type.getDimSize(0)}), operand,
        SmallVector<ReassociationIndices>{{0, 1}},
        SmallVector<OpFoldResult>{builder.getIndexAttr(1), tokens});
  }

  /// Every operand is the product, a matrix like it, a column, a row, or a
  /// scalar.
  static LogicalResult checkOperands(linalg::GenericOp op, SpmmOp product) {
    for (OpOperand *operand : op.getDpsInputOperands()) {
      AffineMap map = op.getMatchingIndexingMap(operand);
      auto type = dyn_cast<RankedTensorType>(operand->get().getType());
      if (!type) {
        if (!matchPattern(operand->get(), m_Constant()))
          return failure();
        continue;
      }
      if (getSplat(operand->get()))
        continue;
      if (operand->get() == product.getResult()) {
        if (!map.isIdentity())
          return failure();
        continue;
      }
      MLIRContext *context = op.getContext();
      const bool isMatrix = map.isIdentity();
      const bool isColumn =
          map == AffineMap::get(2, 0, {getAffineDimExpr(0, context)}, context);
      if ((!isMatrix && !isColumn && !isRow(map)) ||
          !isEpilogueElement(type.getElementType()))
        return failure();
    }
    return success();
  }

  static void fuse(linalg::GenericOp op, SpmmOp product,
                   PatternRewriter &rewriter) {
    SmallVector<Value> inputs(product.getEpilogueInputs());
    Location loc = rewriter.getFusedLoc({product.getLoc(), op.getLoc()});
    // At the consumer's place: all its operands are there.
    rewriter.setInsertionPoint(op);
    // (Elementwise operations on tensors write over an operand.)
    Value init = op.getDpsInits()[0];
    if (init == product.getResult())
      init = product.getInit();
    SmallVector<Value> added;
    for (OpOperand *operand : op.getDpsInputOperands())
      added.push_back(isa<RankedTensorType>(operand->get().getType())
                          ? toEpilogue(rewriter, loc, operand->get(),
                                       op.getMatchingIndexingMap(operand))
                          : Value());
    SpmmOp fused = cloneWithoutEpilogue(rewriter, product, init);
    fused->setLoc(loc);

    Region &region = fused.getEpilogue();
    OpBuilder::InsertionGuard guard(rewriter);
    Block *body = rewriter.createBlock(&region);
    Value sum = body->addArgument(product.getSumType(), loc);
    SmallVector<Value> arguments{sum};
    for (Value input : inputs)
      arguments.push_back(
          body->addArgument(getElementTypeOrSelf(input.getType()), loc));
    Type element = getElementTypeOrSelf(product.getResult().getType());
    Value value = sum;
    if (product.hasEpilogue())
      value = product.inlineEpilogue(rewriter, arguments);
    else if (element != sum.getType())
      value = arith::TruncFOp::create(rewriter, loc, element, sum);

    IRMapping mapping;
    auto copyConstant = [&](Value constant) {
      if (!mapping.contains(constant))
        mapping.map(
            constant,
            rewriter.clone(*constant.getDefiningOp())
                ->getResult(cast<OpResult>(constant).getResultNumber()));
      return mapping.lookup(constant);
    };
    for (auto [operand, outside] :
         llvm::zip_equal(op.getDpsInputOperands(), added)) {
      BlockArgument inside = op.getMatchingBlockArgument(operand);
      if (operand->get() == product.getResult()) {
        mapping.map(inside, value);
      } else if (!isa<RankedTensorType>(operand->get().getType())) {
        mapping.map(inside, copyConstant(operand->get()));
      } else if (TypedAttr splat = getSplat(operand->get())) {
        mapping.map(inside, arith::ConstantOp::create(rewriter, loc, splat));
      } else {
        inputs.push_back(outside);
        mapping.map(inside, body->addArgument(inside.getType(), loc));
      }
    }
    for (Operation &inner : op.getBody()->without_terminator()) {
      for (Value operand : inner.getOperands())
        if (operand.getParentBlock() != op.getBody())
          copyConstant(operand);
      rewriter.clone(inner, mapping);
    }
    YieldOp::create(
        rewriter, loc,
        mapping.lookup(op.getBody()->getTerminator()->getOperand(0)));
    fused.getEpilogueInputsMutable().assign(inputs);
    rewriter.replaceOp(op, fused.getResult());
    rewriter.eraseOp(product);
  }

  /// \p product with another destination.
  static SpmmOp cloneWithoutEpilogue(OpBuilder &builder, SpmmOp product,
                                     Value init) {
    auto copy = cast<SpmmOp>(builder.cloneWithoutRegions(*product));
    copy.getInitMutable().assign(init);
    copy.getResult().setType(cast<RankedTensorType>(init.getType()));
    return copy;
  }
};

/// Whether the producer of \p operand is to be fused into its owner: matrices,
/// element by element, and the producer is no epilogue by itself.
bool joins(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  if (!producer || !consumer || !producer->hasOneUse())
    return false;
  for (linalg::GenericOp op : {producer, consumer})
    if (op.getNumLoops() != 2 || op.getNumParallelLoops() != 2)
      return false;
  return consumer.getMatchingIndexingMap(operand).isIdentity() &&
         llvm::none_of(producer->getOperands(), [](Value value) {
           return value.getDefiningOp<SpmmOp>() && value.hasOneUse();
         });
}

struct FuseEpiloguesPass
    : public hinm::impl::FuseEpiloguesBase<FuseEpiloguesPass> {
  using FuseEpiloguesBase::FuseEpiloguesBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    linalg::populateElementwiseToLinalgConversionPatterns(patterns);
    linalg::populateLinalgNamedOpsGeneralizationPatterns(patterns);
    // An activation of several operations that all read the product becomes
    // one.
    linalg::populateElementwiseOpsFusionPatterns(patterns, joins);
    patterns.add<FuseEpilogue>(&getContext());
    GreedyRewriteConfig config;
    config.enableFolding(false).enableConstantCSE(false);
    if (failed(
            applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      return signalPassFailure();
    getOperation()->walk([&](SpmmOp op) {
      if (op.hasEpilogue())
        remark::passed(op.getLoc(), remarkAbout(op, "epilogue-fused"))
            << remark::metric("operands", op.getEpilogueInputs().size())
            << remark::metric("operations",
                              op.getEpilogue().front().getOperations().size());
    });
  }
};

} // namespace
