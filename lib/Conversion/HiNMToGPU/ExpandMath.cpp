//===- ExpandMath.cpp - Functions of epilogues as arithmetic --------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ExpandMath.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace {

constexpr int32_t signBit = std::numeric_limits<int32_t>::min();

/// The bits of an f32.
Value toBits(ImplicitLocOpBuilder &b, Value value) {
  return arith::BitcastOp::create(b, b.getI32Type(), value);
}
Value fromBits(ImplicitLocOpBuilder &b, Value bits) {
  return arith::BitcastOp::create(b, b.getF32Type(), bits);
}
/// The bits of an f32 that \p mask selects.
Value maskBits(ImplicitLocOpBuilder &b, Value value, int32_t mask) {
  Value constant = arith::ConstantOp::create(b, b.getI32IntegerAttr(mask));
  return arith::AndIOp::create(b, toBits(b, value), constant);
}
Value makeFloat(ImplicitLocOpBuilder &b, float value) {
  return arith::ConstantOp::create(b, b.getF32FloatAttr(value));
}

struct ExpandAbs : OpRewritePattern<math::AbsFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::AbsFOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.getType().isF32())
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    rewriter.replaceOp(op, fromBits(b, maskBits(b, op.getOperand(), ~signBit)));
    return success();
  }
};

struct ExpandCopySign : OpRewritePattern<math::CopySignOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::CopySignOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.getType().isF32())
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value magnitude = maskBits(b, op.getLhs(), ~signBit);
    Value sign = maskBits(b, op.getRhs(), signBit);
    rewriter.replaceOp(op,
                       fromBits(b, arith::OrIOp::create(b, magnitude, sign)));
    return success();
  }
};

struct ExpandFloor : OpRewritePattern<math::FloorOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::FloorOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.getType().isF32())
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value x = op.getOperand();
    // From 2²³ on (and for NaN) there is nothing behind the point, and an i32
    // might not hold it.
    Value isSmall = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT,
                                          math::AbsFOp::create(b, x),
                                          makeFloat(b, 8388608.0f));
    Value safe = arith::SelectOp::create(b, isSmall, x, makeFloat(b, 0.0f));
    Value cut = arith::SIToFPOp::create(
        b, b.getF32Type(), arith::FPToSIOp::create(b, b.getI32Type(), safe));
    Value isAbove =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, cut, safe);
    Value below = arith::SubFOp::create(b, cut, makeFloat(b, 1.0f));
    Value floor = arith::SelectOp::create(b, isAbove, below, cut);
    rewriter.replaceOpWithNewOp<arith::SelectOp>(op, isSmall, floor, x);
    return success();
  }
};

struct ExpandCeil : OpRewritePattern<math::CeilOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::CeilOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.getType().isF32())
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value negative = arith::NegFOp::create(b, op.getOperand());
    rewriter.replaceOpWithNewOp<arith::NegFOp>(
        op, math::FloorOp::create(b, negative));
    return success();
  }
};
} // namespace

void hinm::populateExpandMathPatterns(RewritePatternSet &patterns) {
  populateMathPolynomialApproximationPatterns(patterns);
  patterns.add<ExpandAbs, ExpandCeil, ExpandCopySign, ExpandFloor>(
      patterns.getContext());
}
