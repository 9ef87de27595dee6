//===- WidenFloats.cpp - hinm-widen-floats --------------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Dialect/HiNM/Utils/ConstantData.h"
#include "hinm/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/BuiltinAttributes.h"

namespace hinm {
#define GEN_PASS_DEF_WIDENFLOATS
#include "hinm/Transforms/Passes.h.inc"
} // namespace hinm

using namespace mlir;
using namespace hinm;

namespace {

bool isNarrow(Type type) {
  return type.isF16() || type.isBF16() || type.isF32();
}

/// The constant \p attr of narrow floats as one of f64, exactly.
Attribute widen(ElementsAttr attr) {
  Type wide = Float64Type::get(attr.getContext());
  ShapedType type = attr.getShapedType().clone(wide);
  if (auto splat = dyn_cast<SplatElementsAttr>(attr)) {
    llvm::APFloat value = splat.getSplatValue<llvm::APFloat>();
    bool losesInfo;
    value.convert(llvm::APFloat::IEEEdouble(),
                  llvm::APFloat::rmNearestTiesToEven, &losesInfo);
    return DenseElementsAttr::get(type, value);
  }
  std::optional<std::vector<float>> values = readFloats(attr);
  if (!values)
    return attr;
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    return makeFloats(tensor, *values, getResourceName(attr));
  llvm::SmallVector<double> widened(values->begin(), values->end());
  return DenseElementsAttr::get(type, llvm::ArrayRef<double>(widened));
}

struct WidenFloatsPass : public hinm::impl::WidenFloatsBase<WidenFloatsPass> {
  using WidenFloatsBase::WidenFloatsBase;

  void runOnOperation() override {
    Operation *root = getOperation();
    // A cast that reads bits cannot follow a change of width.
    WalkResult scan = root->walk([](Operation *op) {
      if (isa<arith::BitcastOp>(op)) {
        op->emitOpError("reads the bits of a float, so the function cannot be "
                        "evaluated in f64");
        return WalkResult::interrupt();
      }
      auto constant = dyn_cast<arith::ConstantOp>(op);
      DenseResourceElementsAttr elements;
      if (constant)
        elements = dyn_cast<DenseResourceElementsAttr>(constant.getValue());
      if (elements && isNarrow(elements.getElementType()) &&
          !readFloats(elements)) {
        op->emitOpError("has no data to evaluate with: its resource is elided, "
                        "missing, or of another size than its type");
        return WalkResult::interrupt();
      }
      return WalkResult::advance();
    });
    if (scan.wasInterrupted())
      return signalPassFailure();

    AttrTypeReplacer replacer;
    replacer.addReplacement([](FloatType type) -> Type {
      return isNarrow(type) ? Float64Type::get(type.getContext()) : type;
    });
    replacer.addReplacement([](FloatAttr attr) -> Attribute {
      if (!isNarrow(attr.getType()))
        return attr;
      return FloatAttr::get(Float64Type::get(attr.getContext()),
                            attr.getValueAsDouble());
    });
    auto replaceConstant =
        [](auto attr) -> std::optional<std::pair<Attribute, WalkResult>> {
      if (!isNarrow(attr.getElementType()))
        return std::nullopt;
      return std::make_pair(widen(attr), WalkResult::skip());
    };
    replacer.addReplacement(
        [=](DenseIntOrFPElementsAttr attr) { return replaceConstant(attr); });
    replacer.addReplacement(
        [=](DenseResourceElementsAttr attr) { return replaceConstant(attr); });
    replacer.recursivelyReplaceElementsIn(root, /*replaceAttrs=*/true,
                                          /*replaceLocs=*/false,
                                          /*replaceTypes=*/true);
    // Casts between float widths have become casts of f64 to itself.
    root->walk([](Operation *op) {
      if (isa<arith::ExtFOp, arith::TruncFOp>(op) &&
          op->getOperand(0).getType() == op->getResult(0).getType()) {
        op->getResult(0).replaceAllUsesWith(op->getOperand(0));
        op->erase();
      }
    });
  }
};

} // namespace
