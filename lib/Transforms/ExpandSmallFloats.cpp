//===- ExpandSmallFloats.cpp - hinm-expand-small-floats -------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace hinm {
#define GEN_PASS_DEF_EXPANDSMALLFLOATS
#include "hinm/Transforms/Passes.h.inc"
} // namespace hinm

using namespace mlir;
using namespace hinm;

namespace {

/// What distinguishes the two formats of 8 bits.
struct SmallFloat {
  int32_t fractionBits, bias;
  /// The bits of the number behind the largest finite one: infinity, or NaN
  /// where there is none.
  int32_t overflow;
  int32_t nan;
};

std::optional<SmallFloat> describe(Type type) {
  if (isa<Float8E4M3FNType>(type))
    return SmallFloat{3, 7, 0x7f, 0x7f};
  if (isa<Float8E5M2Type>(type))
    return SmallFloat{2, 15, 0x7c, 0x7e};
  return std::nullopt;
}

/// Arithmetic on the bits of an f32.
struct BitBuilder {
  BitBuilder(Location loc, PatternRewriter &rewriter) : b(loc, rewriter) {}

  Value word(int32_t value) {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  }
  Value toBits(Value value) {
    return arith::BitcastOp::create(b, b.getI32Type(), value);
  }
  Value toFloat(Value bits) {
    return arith::BitcastOp::create(b, b.getF32Type(), bits);
  }
  Value both(Value bits, int32_t mask) {
    return arith::AndIOp::create(b, bits, word(mask));
  }
  Value shiftLeft(Value bits, int32_t by) {
    return arith::ShLIOp::create(b, bits, word(by));
  }
  Value shiftRight(Value bits, int32_t by) {
    return arith::ShRUIOp::create(b, bits, word(by));
  }
  Value isAtLeast(Value bits, int32_t bound) {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::uge, bits,
                                 word(bound));
  }
  Value select(Value condition, Value x, Value y) {
    return arith::SelectOp::create(b, condition, x, y);
  }
  Value convert(Value value, Type type) {
    return convertScalarToDtype(b, b.getLoc(), value, type,
                                /*isUnsignedCast=*/false);
  }

  ImplicitLocOpBuilder b;
};

struct ExpandExtension : OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::ExtFOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<SmallFloat> format = describe(op.getIn().getType());
    if (!format)
      return failure();
    BitBuilder e(op.getLoc(), rewriter);
    Value byte = arith::BitcastOp::create(e.b, e.b.getI8Type(), op.getIn());
    Value bits = arith::ExtUIOp::create(e.b, e.b.getI32Type(), byte);
    Value magnitude = e.both(bits, 0x7f);
    Value shifted = e.shiftLeft(magnitude, 23 - format->fractionBits);
    // The exponent's bias rises to 127. (As numbers are multiplied, subnormals
    // become normal.)
    Value factor = e.toFloat(e.word((254 - format->bias) << 23));
    Value finite = arith::MulFOp::create(e.b, e.toFloat(shifted), factor);
    Value special = arith::OrIOp::create(e.b, shifted, e.word(0x7f800000));
    Value result = e.select(e.isAtLeast(magnitude, format->overflow), special,
                            e.toBits(finite));
    Value sign = e.shiftLeft(e.both(bits, 0x80), 24);
    result = e.toFloat(arith::OrIOp::create(e.b, result, sign));
    // Every wider type holds the number exactly.
    rewriter.replaceOp(op, e.convert(result, op.getType()));
    return success();
  }
};

struct ExpandTruncation : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<SmallFloat> format = describe(op.getType());
    Type from = op.getIn().getType();
    // An f64 would be rounded twice.
    if (!format || !(from.isF16() || from.isBF16() || from.isF32()))
      return failure();
    BitBuilder e(op.getLoc(), rewriter);
    const int32_t dropped = 23 - format->fractionBits;
    Value bits = e.toBits(e.convert(op.getIn(), e.b.getF32Type()));
    Value magnitude = e.both(bits, 0x7fffffff);

    // The exponent's bias falls, and half of the last place less a bit, plus
    // the bit above, rounds to nearest even; what carries out of the fraction
    // goes to the exponent.
    Value odd = e.both(e.shiftRight(magnitude, dropped), 1);
    Value half =
        e.word((1 << (dropped - 1)) - 1 - ((127 - format->bias) << 23));
    Value normal = arith::AddIOp::create(
        e.b, arith::AddIOp::create(e.b, magnitude, half), odd);
    normal = e.shiftRight(normal, dropped);
    normal = arith::MinUIOp::create(e.b, normal, e.word(format->overflow));
    // Below 2^(1 − bias) results are subnormal: the sum with the number whose
    // last place is theirs rounds to it.
    Value magic = e.word((151 - format->bias - format->fractionBits) << 23);
    Value sum =
        arith::AddFOp::create(e.b, e.toFloat(magnitude), e.toFloat(magic));
    Value subnormal = arith::SubIOp::create(e.b, e.toBits(sum), magic);

    Value result = e.select(e.isAtLeast(magnitude, (128 - format->bias) << 23),
                            normal, subnormal);
    result = e.select(e.isAtLeast(magnitude, 0x7f800001), e.word(format->nan),
                      result);
    Value sign = e.both(e.shiftRight(bits, 24), 0x80);
    result = arith::OrIOp::create(e.b, result, sign);
    Value byte = arith::TruncIOp::create(e.b, e.b.getI8Type(), result);
    rewriter.replaceOp(
        op, arith::BitcastOp::create(e.b, op.getType(), byte).getResult());
    return success();
  }
};

struct ExpandSmallFloatsPass
    : public hinm::impl::ExpandSmallFloatsBase<ExpandSmallFloatsPass> {
  using ExpandSmallFloatsBase::ExpandSmallFloatsBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ExpandExtension, ExpandTruncation>(&getContext());
    // The patterns only: constants stay as they are, whatever their size.
    GreedyRewriteConfig config;
    config.enableFolding(false).enableConstantCSE(false);
    if (failed(
            applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};

} // namespace
