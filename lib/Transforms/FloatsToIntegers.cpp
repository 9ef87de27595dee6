//===- FloatsToIntegers.cpp - hinm-floats-to-integers ---------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Dialect/HiNM/Utils/ConstantData.h"
#include "hinm/Transforms/IntegerImage.h"
#include "hinm/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace hinm {
#define GEN_PASS_DEF_FLOATSTOINTEGERS
#include "hinm/Transforms/Passes.h.inc"
} // namespace hinm

using namespace mlir;
using namespace hinm;

namespace {

bool isFloat(Type type) { return isa<FloatType>(getElementTypeOrSelf(type)); }

bool hasFloats(Operation *op) {
  return llvm::any_of(op->getOperandTypes(), isFloat) ||
         llvm::any_of(op->getResultTypes(), isFloat);
}

/// The constant \p attr in integers; null if it has no data.
Attribute convertConstant(ElementsAttr attr) {
  Type i32 = IntegerType::get(attr.getContext(), 32);
  ShapedType type = attr.getShapedType().clone(i32);
  if (auto splat = dyn_cast<SplatElementsAttr>(attr))
    return DenseElementsAttr::get(
        type,
        getIntegerImage(splat.getSplatValue<APFloat>().convertToDouble()));
  std::optional<std::vector<float>> values = readFloats(attr);
  if (!values)
    return nullptr;
  SmallVector<int32_t, 0> converted;
  converted.reserve(values->size());
  for (float value : *values)
    converted.push_back(getIntegerImage(value));
  return DenseElementsAttr::get(type, ArrayRef<int32_t>(converted));
}

arith::CmpIPredicate convertPredicate(arith::CmpFPredicate predicate) {
  using Float = arith::CmpFPredicate;
  using Integer = arith::CmpIPredicate;
  switch (predicate) {
  case Float::OEQ:
  case Float::UEQ:
    return Integer::eq;
  case Float::ONE:
  case Float::UNE:
    return Integer::ne;
  case Float::OLT:
  case Float::ULT:
    return Integer::slt;
  case Float::OLE:
  case Float::ULE:
    return Integer::sle;
  case Float::OGT:
  case Float::UGT:
    return Integer::sgt;
  case Float::OGE:
  case Float::UGE:
    return Integer::sge;
  // Of a value and itself, as there is no NaN.
  case Float::AlwaysTrue:
  case Float::ORD:
    return Integer::eq;
  case Float::AlwaysFalse:
  case Float::UNO:
    return Integer::ne;
  }
  llvm_unreachable("no predicate of floats");
}

/// Replaces one scalar operation, whose operands and results are to become
/// integers, by operations on integers.
class ScalarConverter {
public:
  explicit ScalarConverter(Operation *op)
      : op(op), b(op), loc(op->getLoc()), i32(b.getI32Type()) {}

  /// The new value of the only result.
  Value convert() {
    Value x = op->getOperand(0);
    Value y = op->getNumOperands() > 1 ? op->getOperand(1) : Value();
    // Sums and products are those of a ring, whose order does not matter.
    if (isa<arith::AddFOp>(op))
      return arith::AddIOp::create(b, loc, x, y);
    if (isa<arith::SubFOp>(op))
      return arith::SubIOp::create(b, loc, x, y);
    if (isa<arith::MulFOp>(op))
      return arith::MulIOp::create(b, loc, x, y);
    if (isa<arith::NegFOp>(op))
      return arith::SubIOp::create(b, loc, makeConstant(0), x);
    if (isa<math::FmaOp>(op))
      return arith::AddIOp::create(b, loc, arith::MulIOp::create(b, loc, x, y),
                                   op->getOperand(2));
    if (isa<arith::MaximumFOp, arith::MaxNumFOp>(op))
      return arith::MaxSIOp::create(b, loc, x, y);
    if (isa<arith::MinimumFOp, arith::MinNumFOp>(op))
      return arith::MinSIOp::create(b, loc, x, y);
    if (auto compare = dyn_cast<arith::CmpFOp>(op)) {
      const arith::CmpFPredicate predicate = compare.getPredicate();
      if (predicate == arith::CmpFPredicate::AlwaysTrue ||
          predicate == arith::CmpFPredicate::AlwaysFalse ||
          predicate == arith::CmpFPredicate::ORD ||
          predicate == arith::CmpFPredicate::UNO)
        y = x;
      return arith::CmpIOp::create(b, loc, convertPredicate(predicate), x, y);
    }
    if (isa<arith::ExtFOp, arith::TruncFOp>(op))
      return x;
    if (isa<arith::SIToFPOp, arith::UIToFPOp>(op))
      return toI32(x);
    if (isa<arith::FPToSIOp, arith::FPToUIOp>(op))
      return fromI32(x);
    // A quotient is a product, so that a sum of quotients is that of the
    // dividends, over the divisor.
    if (isa<arith::DivFOp>(op))
      return arith::MulIOp::create(b, loc, x, mix({y}));
    return mix(op->getOperands());
  }

private:
  Value makeConstant(int32_t value) {
    return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(value));
  }

  Value toI32(Value x) {
    const unsigned width = x.getType().getIntOrFloatBitWidth();
    if (width == 32)
      return x;
    if (width > 32)
      return arith::TruncIOp::create(b, loc, i32, x);
    if (isa<arith::UIToFPOp>(op))
      return arith::ExtUIOp::create(b, loc, i32, x);
    return arith::ExtSIOp::create(b, loc, i32, x);
  }

  Value fromI32(Value x) {
    Type type = op->getResult(0).getType();
    const unsigned width = type.getIntOrFloatBitWidth();
    if (width == 32)
      return x;
    if (width < 32)
      return arith::TruncIOp::create(b, loc, type, x);
    return arith::ExtSIOp::create(b, loc, type, x);
  }

  /// Any function of \p operands that tells its arguments and itself apart from
  /// others: FNV-1a over the name, then the finaliser of MurmurHash3.
  Value mix(ValueRange operands) {
    uint32_t seed = 2166136261u;
    for (char c : op->getName().getStringRef())
      seed = (seed ^ static_cast<uint8_t>(c)) * 16777619u;
    Value state = makeConstant(static_cast<int32_t>(seed));
    for (Value operand : operands) {
      Value x = operand;
      if (isa<IndexType>(x.getType()))
        x = arith::IndexCastOp::create(b, loc, i32, x);
      else
        x = toI32(x);
      state = arith::XOrIOp::create(b, loc, state, x);
      for (auto [shift, factor] :
           {std::pair(16, 0x85ebca6bu), std::pair(13, 0xc2b2ae35u)}) {
        state = arith::XOrIOp::create(
            b, loc, state,
            arith::ShRUIOp::create(b, loc, state, makeConstant(shift)));
        state = arith::MulIOp::create(
            b, loc, state, makeConstant(static_cast<int32_t>(factor)));
      }
      state = arith::XOrIOp::create(
          b, loc, state,
          arith::ShRUIOp::create(b, loc, state, makeConstant(16)));
    }
    return state;
  }

  Operation *op;
  OpBuilder b;
  Location loc;
  Type i32;
};

struct FloatsToIntegersPass
    : public hinm::impl::FloatsToIntegersBase<FloatsToIntegersPass> {
  using FloatsToIntegersBase::FloatsToIntegersBase;

  void runOnOperation() override {
    // The bodies of named operations are not to be printed, so they may not
    // change; those of generic ones may.
    // (No folding: what is the same in floats need not be in integers.)
    RewritePatternSet patterns(&getContext());
    linalg::populateLinalgNamedOpsGeneralizationPatterns(patterns);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
    SmallVector<Operation *> scalars;
    if (failed(collect(scalars)))
      return signalPassFailure();

    // First the types, so that the new operations see integers.
    Type i32 = IntegerType::get(&getContext(), 32);
    AttrTypeReplacer replacer;
    replacer.addReplacement([=](FloatType) -> Type { return i32; });
    replacer.addReplacement([=](FloatAttr attr) -> Attribute {
      return IntegerAttr::get(i32, getIntegerImage(attr.getValueAsDouble()));
    });
    auto replaceConstant =
        [](auto attr) -> std::optional<std::pair<Attribute, WalkResult>> {
      if (!isa<FloatType>(attr.getElementType()))
        return std::nullopt;
      return std::pair(convertConstant(attr), WalkResult::skip());
    };
    replacer.addReplacement(
        [=](DenseIntOrFPElementsAttr attr) { return replaceConstant(attr); });
    replacer.addReplacement(
        [=](DenseResourceElementsAttr attr) { return replaceConstant(attr); });
    replacer.recursivelyReplaceElementsIn(getOperation(), /*replaceAttrs=*/true,
                                          /*replaceLocs=*/false,
                                          /*replaceTypes=*/true);
    for (Operation *op : scalars) {
      Value value = ScalarConverter(op).convert();
      op->getResult(0).replaceAllUsesWith(value);
      op->erase();
    }
  }

private:
  /// The operations that compute with floats, or a diagnostic about one that
  /// cannot be converted.
  LogicalResult collect(SmallVectorImpl<Operation *> &scalars) {
    WalkResult result = getOperation()->walk([&](Operation *op) {
      if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
        auto elements = dyn_cast<ElementsAttr>(constant.getValue());
        if (elements && isFloat(elements.getElementType()) &&
            !isa<SplatElementsAttr>(elements) && !readFloats(elements)) {
          op->emitOpError(
              "has no data to compute with: its resource is elided, "
              "missing, or of another size than its type");
          return WalkResult::interrupt();
        }
        return WalkResult::advance();
      }
      if (!hasFloats(op))
        return WalkResult::advance();
      if (isa<arith::BitcastOp>(op)) {
        op->emitOpError("reads the bits of a float");
        return WalkResult::interrupt();
      }
      if (isa<arith::SelectOp>(op) ||
          !isa<arith::ArithDialect, math::MathDialect>(op->getDialect())) {
        // It only hands them on, unless it knows what they are.
        if (isa<linalg::SoftmaxOp>(op) ||
            (op->getDialect() && op->getDialect()->getNamespace() == "hinm")) {
          op->emitOpError("computes with floats in a way that is not written "
                          "out; lower it to linalg before");
          return WalkResult::interrupt();
        }
        return WalkResult::advance();
      }
      if (op->getNumResults() != 1 ||
          isa<ShapedType>(op->getResult(0).getType())) {
        op->emitOpError("is on tensors; run convert-elementwise-to-linalg "
                        "before");
        return WalkResult::interrupt();
      }
      scalars.push_back(op);
      return WalkResult::advance();
    });
    return failure(result.wasInterrupted());
  }
};

} // namespace
