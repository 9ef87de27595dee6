//===- Pack.cpp - hinm-pack -----------------------------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LayerWork.h"
#include "hinm/Core/BankConflicts.h"
#include "hinm/Core/PackedFormat.h"
#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "hinm/Dialect/HiNM/Utils/ConstantData.h"
#include "hinm/Dialect/HiNM/Utils/ConstantOwner.h"
#include "hinm/Dialect/HiNM/Utils/CoreConversion.h"
#include "hinm/Transforms/LayerStats.h"
#include "hinm/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/TypeUtilities.h"
#include <cmath>

namespace hinm {
#define GEN_PASS_DEF_PACK
#include "hinm/Transforms/Passes.h.inc"
} // namespace hinm

using namespace mlir;
using namespace hinm;

namespace {

/// \p value with its elements cast to \p element, unless they are already.
Value castElements(OpBuilder &builder, Location loc, Value value,
                   Type element) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getElementType() == element)
    return value;
  auto from = cast<FloatType>(type.getElementType());
  auto target = type.clone(element);
  const unsigned width = element.getIntOrFloatBitWidth();
  if (from.getWidth() > width)
    return arith::TruncFOp::create(builder, loc, target, value);
  if (from.getWidth() < width)
    return arith::ExtFOp::create(builder, loc, target, value);
  // f16 and bf16 meet in f32.
  Value wide = arith::ExtFOp::create(builder, loc,
                                     type.clone(builder.getF32Type()), value);
  return arith::TruncFOp::create(builder, loc, target, wide);
}

/// \p type as the IR prints it.
std::string nameOf(Type type) {
  std::string name;
  llvm::raw_string_ostream(name) << type;
  return name;
}

/// What the elements of a packed weight are.
std::string getDtype(Type element) {
  return element.isF32() ? "tf32" : nameOf(element);
}

/// What becomes of one layer.
struct Packed {
  MatmulOp op;
  core::PackedWeight weight;
  /// Of its elements; f32 of tf32.
  Type element;
  /// Why it cannot be packed, or empty.
  std::string problem;
};

struct PackPass : public hinm::impl::PackBase<PackPass> {
  using PackBase::PackBase;

  void runOnOperation() override {
    MLIRContext *context = &getContext();
    FloatType narrow;
    if (dtype == "f16")
      narrow = Float16Type::get(context);
    else if (dtype == "bf16")
      narrow = BFloat16Type::get(context);
    else if (dtype == "tf32")
      narrow = Float32Type::get(context);
    if (!narrow) {
      getOperation()->emitError("unknown dtype '")
          << dtype
          << "', expected f16, bf16 or tf32 (hinm-quantize makes 8 bits)";
      return signalPassFailure();
    }
    auto layers =
        computeLayers<Packed>(getOperation(), "packed",
                              [&](Packed &layer) { compute(layer, narrow); });
    if (failed(layers))
      return signalPassFailure();
    for (Packed &layer : *layers)
      apply(layer);
    freeDroppedConstants(getOperation());
  }

private:
  /// The four operands of a layer. A weight of 8 bits stays what it is, another
  /// is rounded to \p narrow, f32 for tf32.
  void compute(Packed &layer, FloatType narrow) {
    MatmulOp op = layer.op;
    auto refuse = [&](const llvm::Twine &reason) {
      layer.problem = reason.str();
    };
    PatternAttr pattern = op.getPatternAttr();
    Type given = getElementTypeOrSelf(op.getWeight().getType());
    const bool isQuantized = given.getIntOrFloatBitWidth() == 8;
    layer.element = isQuantized ? given : Type(narrow);
    const core::PackedVersion &version =
        PackedAttr::getVersionOf(layer.element);
    if (pattern.getN() != version.n || pattern.getM() != version.m) {
      const std::string wanted =
          std::to_string(version.n) + ":" + std::to_string(version.m);
      return refuse("the packed format holds " + wanted + " groups of " +
                    getDtype(layer.element) + ", its pattern has " +
                    llvm::Twine(pattern.getN()) + ":" +
                    llvm::Twine(pattern.getM()) +
                    " (hinm-assign-patterns{nm=" + wanted + "})");
    }
    if (!op.getColumnsAttr())
      return refuse("it has no kept columns (run hinm-prune before hinm-pack)");
    ElementsAttr weight = getConstant(op.getWeight());
    std::optional<core::Matrix<float>> values;
    if (weight)
      values = readMatrix(weight);
    if (!values)
      return refuse("its weight is no constant with data");
    llvm::Expected<core::PackedWeight> packed =
        isQuantized ? packQuantized(layer, weight, *values)
                    : packRounded(layer, *values);
    if (!packed)
      return refuse(llvm::toString(packed.takeError()));
    layer.weight = std::move(*packed);
  }

  /// The pattern's window, if every k-block of the lists lies within one.
  /// Otherwise the format does not name it, and only kernels that gather every
  /// row of X by itself remain.
  static std::optional<int64_t> findWindow(MatmulOp op, Type element) {
    std::optional<int64_t> window = op.getPatternAttr().getWindow();
    if (!window)
      return std::nullopt;
    llvm::Error error = core::checkWindows(
        *toCore(op.getColumnsAttr()), op.getNumColumns(), *window,
        PackedAttr::getVersionOf(element).blockColumns);
    if (!error)
      return window;
    remark::missed(op.getLoc(), remarkAbout(op, "window-dropped"))
        << remark::metric("layer", getLayerName(op))
        << llvm::toString(std::move(error));
    return std::nullopt;
  }

  llvm::Expected<core::PackedWeight>
  packQuantized(Packed &layer, ElementsAttr weight,
                core::MatrixView<float> values) {
    MatmulOp op = layer.op;
    Type input = getElementTypeOrSelf(op.getInput().getType());
    if (input != layer.element)
      return llvm::createStringError(
          "its weight holds " + nameOf(layer.element) + ", but its input " +
          nameOf(input) + " (hinm-quantize quantizes both)");
    for (int64_t r = 0; r < values.getRows(); ++r)
      for (int64_t c = 0; c < values.getCols(); ++c)
        if (!std::isfinite(values(r, c)))
          return llvm::createStringError("a weight is not finite");
    return withAdvice(packConstant(weight, arrangeColumns(op),
                                   op.getPatternAttr().getTile()));
  }

  llvm::Expected<core::PackedWeight>
  packRounded(Packed &layer, const core::Matrix<float> &values) {
    if (layer.element.isF32())
      return packFinite(layer, values, roundToTF32(values), 0x7f800000);
    auto narrow = cast<FloatType>(layer.element);
    return packFinite(layer, values, roundMatrix(values, narrow),
                      narrow.isBF16() ? 0x7f80 : 0x7c00);
  }

  /// Packs the \p bits of the rounded \p values, none of which may have an
  /// \p exponent of ones.
  template <typename T>
  llvm::Expected<core::PackedWeight>
  packFinite(Packed &layer, const core::Matrix<float> &values,
             const core::Matrix<T> &bits, uint32_t exponent) {
    MatmulOp op = layer.op;
    for (auto [value, rounded] :
         llvm::zip_equal(values.getElements(), bits.getElements()))
      if ((rounded & exponent) == exponent)
        return llvm::createStringError(
            "weight " + llvm::Twine(std::to_string(value)) +
            " is not finite in " + dtype +
            (layer.element.isF16() ? "; dtype=bf16 has the range of f32" : ""));
    return withAdvice(
        core::pack(bits, arrangeColumns(op), op.getPatternAttr().getTile()));
  }

  /// The kept columns of \p op. Which groups are neighbours is free, and counts
  /// where X is resident in shared memory.
  static core::ColumnIndex arrangeColumns(MatmulOp op) {
    core::ColumnIndex index = *toCore(op.getColumnsAttr());
    for (int64_t tile = 0; tile < index.getNumTiles(); ++tile)
      core::arrangeGroups(
          llvm::MutableArrayRef(index.columns)
              .slice(index.offsets[tile],
                     index.offsets[tile + 1] - index.offsets[tile]),
          op.getPatternAttr().getWindow().value_or(0),
          op.getPatternAttr().getM());
    return index;
  }

  /// What Core refuses has not been pruned.
  static llvm::Expected<core::PackedWeight>
  withAdvice(llvm::Expected<core::PackedWeight> packed) {
    if (packed)
      return packed;
    return llvm::createStringError(llvm::toString(packed.takeError()) +
                                   " (run hinm-prune before hinm-pack)");
  }

  void apply(Packed &layer) {
    MatmulOp op = layer.op;
    OpBuilder builder(op);
    Location loc = op.getLoc();
    PatternAttr pattern = op.getPatternAttr();
    auto format = PackedAttr::get(&getContext(), op.getNumRows(),
                                  op.getNumColumns(), pattern.getTile(),
                                  layer.element, findWindow(op, layer.element));
    Type listElement = builder.getIntegerType(
        shortLists && op.getNumColumns() <= core::maxShortColumns ? 16 : 32);
    SmallVector<Value> packed;
    // Constants get their names one after the other, whatever the threads.
    for (ElementsAttr operand : makePackedConstants(
             std::move(layer.weight), layer.element, listElement,
             getResourceName(getConstant(op.getWeight()))))
      packed.push_back(
          arith::ConstantOp::create(builder, loc, cast<TypedAttr>(operand)));

    // The kernel gathers the patches of an image itself.
    auto patches = op.getInput().getDefiningOp<PatchesOp>();
    Value input = castElements(
        builder, loc, patches ? Value(patches.getImage()) : op.getInput(),
        layer.element);
    auto resultType = cast<RankedTensorType>(op.getType());
    Type outElement = resultType.getElementType();
    const bool isWide = layer.element.getIntOrFloatBitWidth() == 16;
    Type storeElement = isWide && outElement == layer.element
                            ? outElement
                            : getSumType(layer.element);
    Value init = tensor::EmptyOp::create(
        builder, loc, tensor::getMixedSizes(builder, loc, op.getInit()),
        storeElement);
    Value rowIndex;
    if (PermutationAttr order = op.getRowIndexAttr())
      rowIndex = arith::ConstantOp::create(builder, loc,
                                           cast<TypedAttr>(order.getIndices()));
    auto spmm = SpmmOp::create(
        builder, loc, init.getType(), packed[0], packed[1], packed[2],
        packed[3], input, rowIndex, init, format, op.getLayerAttr(),
        /*schedule=*/ScheduleAttr(),
        patches ? patches.getConvolutionAttr() : ConvolutionAttr());
    if (Attribute stats = op->getAttr(kStatsAttr))
      spmm->setAttr(kStatsAttr, stats);
    spmm->setAttr("hinm.pattern", pattern);
    Value result = castElements(builder, loc, spmm.getResult(), outElement);
    if (result.getType() != resultType)
      result = tensor::CastOp::create(builder, loc, resultType, result);
    op.replaceAllUsesWith(result);
    int64_t bytes = 0;
    for (Value operand : ArrayRef(packed).drop_back()) {
      auto type = cast<RankedTensorType>(operand.getType());
      bytes += type.getNumElements() * type.getElementTypeBitWidth() / 8;
    }
    remark::passed(loc, remarkAbout(op, "layer-packed"))
        << remark::metric("layer", getLayerName(op))
        << remark::metric("dtype", getDtype(layer.element))
        << remark::metric("bytes", bytes);
    op.erase();
  }
};

} // namespace
