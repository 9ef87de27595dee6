//===- Quantize.cpp - hinm-quantize ---------------------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LayerWork.h"
#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "hinm/Dialect/HiNM/Utils/ConstantData.h"
#include "hinm/Dialect/HiNM/Utils/ConstantOwner.h"
#include "hinm/Dialect/HiNM/Utils/CoreConversion.h"
#include "hinm/Transforms/LayerStats.h"
#include "hinm/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>

namespace hinm {
#define GEN_PASS_DEF_QUANTIZE
#include "hinm/Transforms/Passes.h.inc"
} // namespace hinm

using namespace mlir;
using namespace hinm;

namespace {

/// What becomes of one layer.
struct Quantized {
  MatmulOp op;
  /// The bytes of the weight, and what each row of it is multiplied with.
  std::vector<char> weight;
  std::vector<float> scales;
  /// ‖W − scales · quantised W‖ / ‖W‖ in the Frobenius norm.
  double error = 0.0;
  /// Why it cannot be quantised, or empty.
  std::string problem;
};

/// The largest number that \p element holds, to which the largest of a row is
/// mapped. (Of i8 the range is symmetric, so that −128 does not occur.)
float getLargest(Type element) {
  if (element.isInteger())
    return 127.0f;
  return llvm::APFloat::getLargest(cast<FloatType>(element).getFloatSemantics())
      .convertToFloat();
}

/// \p value rounded to \p element; \p rounded is what it stands for then.
char roundTo(float value, Type element, float &rounded) {
  if (element.isInteger()) {
    // To nearest even, as the activations are.
    const auto integer = static_cast<int8_t>(std::nearbyint(value));
    rounded = integer;
    return static_cast<char>(integer);
  }
  const llvm::fltSemantics &semantics =
      cast<FloatType>(element).getFloatSemantics();
  const uint8_t bits = roundTo8(value, semantics);
  rounded = llvm::APFloat(semantics, llvm::APInt(8, bits)).convertToFloat();
  return static_cast<char>(bits);
}

Value makeNumber(ImplicitLocOpBuilder &b, float value) {
  return arith::ConstantOp::create(b, b.getF32FloatAttr(value));
}

/// Emits the arithmetic around one quantised layer.
class LayerBuilder {
public:
  LayerBuilder(Quantized &layer, Type element, bool byToken)
      : layer(layer), op(layer.op), element(element), byToken(byToken),
        b(op.getLoc(), op) {
    bindDims(b.getContext(), d0, d1);
  }

  void build();

private:
  AffineMap map(ArrayRef<AffineExpr> results, unsigned dims = 2) {
    return AffineMap::get(dims, 0, results, b.getContext());
  }
  Value makeEmpty(ArrayRef<OpFoldResult> sizes, Type type) {
    return tensor::EmptyOp::create(b, sizes, type);
  }

  Value computeLargest(Value input);
  Value computeScales(Value largest);
  Value spread(Value scale, OpFoldResult tokens);
  Value quantize(Value input, Value scales);
  Value rescale(Value product, Value tokenScales);

  Quantized &layer;
  MatmulOp op;
  Type element;
  bool byToken;
  ImplicitLocOpBuilder b;
  AffineExpr d0, d1;
};

/// max |X| of each token, or of all of them.
Value LayerBuilder::computeLargest(Value input) {
  SmallVector<OpFoldResult> sizes;
  SmallVector<AffineExpr> kept;
  if (byToken) {
    sizes.push_back(tensor::getMixedSize(b, b.getLoc(), input, 1));
    kept.push_back(d1);
  }
  Value zero = linalg::FillOp::create(b, makeNumber(b, 0.0f),
                                      makeEmpty(sizes, b.getF32Type()))
                   .getResult(0);
  using utils::IteratorType;
  return linalg::GenericOp::create(
             b, zero.getType(), input, zero,
             SmallVector<AffineMap>{map({d0, d1}), map(kept)},
             SmallVector<IteratorType>{IteratorType::reduction,
                                       byToken ? IteratorType::parallel
                                               : IteratorType::reduction},
             [&](OpBuilder &builder, Location loc, ValueRange arguments) {
               ImplicitLocOpBuilder body(loc, builder);
               Value x = convertScalarToDtype(body, loc, arguments[0],
                                              body.getF32Type(),
                                              /*isUnsignedCast=*/false);
               Value largest = arith::MaximumFOp::create(
                   body, arguments[1], math::AbsFOp::create(body, x));
               linalg::YieldOp::create(body, largest);
             })
      .getResult(0);
}

/// What quantised numbers are multiplied with, of the numbers \p largest. A
/// token of zeros gets the scale 1, with which they stay zeros.
Value LayerBuilder::computeScales(Value largest) {
  auto type = cast<RankedTensorType>(largest.getType());
  AffineMap identity = b.getMultiDimIdentityMap(type.getRank());
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(b, b.getLoc(), largest);
  return linalg::GenericOp::create(
             b, type, largest, makeEmpty(sizes, type.getElementType()),
             SmallVector<AffineMap>{identity, identity},
             SmallVector<utils::IteratorType>(type.getRank(),
                                              utils::IteratorType::parallel),
             [&](OpBuilder &builder, Location loc, ValueRange arguments) {
               ImplicitLocOpBuilder body(loc, builder);
               Value scale = arith::DivFOp::create(
                   body, arguments[0], makeNumber(body, getLargest(element)));
               Value isZero =
                   arith::CmpFOp::create(body, arith::CmpFPredicate::OEQ, scale,
                                         makeNumber(body, 0.0f));
               linalg::YieldOp::create(
                   body, arith::SelectOp::create(body, isZero,
                                                 makeNumber(body, 1.0f), scale)
                             .getResult());
             })
      .getResult(0);
}

/// One \p scale for each of \p tokens.
Value LayerBuilder::spread(Value scale, OpFoldResult tokens) {
  Value empty = makeEmpty({tokens}, b.getF32Type());
  return linalg::BroadcastOp::create(b, scale, empty, ArrayRef<int64_t>{0})
      ->getResult(0);
}

/// X divided by the scales of its tokens (or the one of all), rounded.
Value LayerBuilder::quantize(Value input, Value scales) {
  AffineMap scaleMap = byToken ? map({d1}) : map({});
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, b.getLoc(), input);
  Value empty = makeEmpty(sizes, element);
  return linalg::GenericOp::create(
             b, empty.getType(), ValueRange{input, scales}, empty,
             SmallVector<AffineMap>{map({d0, d1}), scaleMap, map({d0, d1})},
             SmallVector<utils::IteratorType>(2, utils::IteratorType::parallel),
             [&](OpBuilder &builder, Location loc, ValueRange arguments) {
               ImplicitLocOpBuilder body(loc, builder);
               Value x = convertScalarToDtype(body, loc, arguments[0],
                                              body.getF32Type(),
                                              /*isUnsignedCast=*/false);
               x = arith::DivFOp::create(body, x, arguments[1]);
               // A NaN becomes some number: its token's scale is NaN, too.
               const float largest = getLargest(element);
               x = arith::MaxNumFOp::create(body, x,
                                            makeNumber(body, -largest));
               x = arith::MinNumFOp::create(body, x, makeNumber(body, largest));
               if (element.isInteger())
                 x = arith::FPToSIOp::create(
                     body, element, math::RoundEvenOp::create(body, x));
               else
                 x = arith::TruncFOp::create(body, element, x);
               linalg::YieldOp::create(body, x);
             })
      .getResult(0);
}

/// The product times the scales of its row and its token, of Y's element type.
Value LayerBuilder::rescale(Value product, Value tokenScales) {
  // Row r of the weight is row row_index[r] of the product.
  std::vector<float> scales = layer.scales;
  if (PermutationAttr rowIndex = op.getRowIndexAttr())
    for (auto [r, target] : llvm::enumerate(*rowIndex.getValues()))
      scales[target] = layer.scales[r];
  auto scaleType = RankedTensorType::get({op.getNumRows()}, b.getF32Type());
  Value rowScales =
      makeConstant(b, b.getLoc(), makeFloats(scaleType, scales, "scales"));
  return linalg::GenericOp::create(
             b, op.getType(), ValueRange{product, rowScales, tokenScales},
             op.getInit(),
             SmallVector<AffineMap>{map({d0, d1}), map({d0}), map({d1}),
                                    map({d0, d1})},
             SmallVector<utils::IteratorType>(2, utils::IteratorType::parallel),
             [&](OpBuilder &builder, Location loc, ValueRange arguments) {
               ImplicitLocOpBuilder body(loc, builder);
               Value y = arguments[0];
               if (y.getType().isInteger())
                 y = arith::SIToFPOp::create(body, body.getF32Type(), y);
               y = arith::MulFOp::create(body, y, arguments[1]);
               y = arith::MulFOp::create(body, y, arguments[2]);
               linalg::YieldOp::create(
                   body,
                   convertScalarToDtype(body, loc, y, arguments[3].getType(),
                                        /*isUnsignedCast=*/false));
             })
      .getResult(0);
}

void LayerBuilder::build() {
  auto weightType = cast<RankedTensorType>(op.getWeight().getType());
  const ElementsAttr weight = getConstant(op.getWeight());
  Value newWeight =
      makeConstant(b, op.getWeight().getLoc(),
                   makeRaw(weightType.clone(element), layer.weight,
                           getResourceName(weight)));
  layer.weight = std::vector<char>();

  // Of a convolution the image is quantised, of which every pixel is in the
  // patches of many: it has one scale.
  auto patches = op.getInput().getDefiningOp<PatchesOp>();
  byToken &= !patches;
  Value input = patches ? patches.getImage() : op.getInput();
  Value scales = computeScales(computeLargest(input));
  Value quantized = quantize(input, scales);
  if (patches)
    quantized = PatchesOp::create(b, quantized, patches.getConvolution());
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(b, b.getLoc(), op.getInit());
  if (!byToken)
    scales = spread(scales, sizes[1]);

  Value sums = makeEmpty(sizes, getSumType(element));
  auto product = cast<MatmulOp>(b.clone(*op));
  product.getWeightMutable().assign(newWeight);
  product.getInputMutable().assign(quantized);
  product.getInitMutable().assign(sums);
  product.getSaliencyMutable().clear();
  product.getResult().setType(cast<RankedTensorType>(sums.getType()));
  setStats(product, {{"weight_error", layer.error}});

  Value old = op.getWeight();
  op.replaceAllUsesWith(rescale(product.getResult(), scales));
  op.erase();
  freeIfDropped(old);
}

struct QuantizePass : public hinm::impl::QuantizeBase<QuantizePass> {
  using QuantizeBase::QuantizeBase;

  void runOnOperation() override {
    MLIRContext *context = &getContext();
    const Type element = llvm::StringSwitch<Type>(elementType)
                             .Case("i8", IntegerType::get(context, 8))
                             .Case("f8E4M3FN", Float8E4M3FNType::get(context))
                             .Case("f8E5M2", Float8E5M2Type::get(context))
                             .Default(nullptr);
    if (!element) {
      getOperation()->emitError("unknown element type '")
          << elementType << "', expected i8, f8E4M3FN or f8E5M2";
      return signalPassFailure();
    }
    if (activationScales != "token" && activationScales != "tensor") {
      getOperation()->emitError("unknown activation scales '")
          << activationScales << "', expected token or tensor";
      return signalPassFailure();
    }
    auto layers = computeLayers<Quantized>(
        getOperation(), "quantized",
        [&](Quantized &layer) { compute(layer, element); });
    if (failed(layers))
      return signalPassFailure();
    for (Quantized &layer : *layers)
      apply(layer, element);
    freeDroppedConstants(getOperation());
  }

private:
  static bool isQuantized(MatmulOp op) {
    return cast<RankedTensorType>(op.getWeight().getType())
               .getElementTypeBitWidth() == 8;
  }

  /// Rounds the weight, row by row.
  static void compute(Quantized &layer, Type element) {
    MatmulOp op = layer.op;
    if (isQuantized(op))
      return;
    ElementsAttr constant = getConstant(op.getWeight());
    std::optional<core::Matrix<float>> weight;
    if (constant)
      weight = readMatrix(constant);
    if (!weight) {
      layer.problem = "its weight is no constant with data";
      return;
    }
    if (PermutationAttr rowIndex = op.getRowIndexAttr();
        rowIndex && !rowIndex.getValues()) {
      layer.problem = "its row index has no data";
      return;
    }
    const float largest = getLargest(element);
    layer.weight.reserve(weight->getElements().size());
    double difference = 0.0, norm = 0.0;
    for (int64_t r = 0; r < weight->getRows(); ++r) {
      ArrayRef<float> row(weight->row(r), weight->getCols());
      float most = 0.0f;
      for (float value : row) {
        if (!std::isfinite(value)) {
          layer.problem = "a weight is not finite";
          return;
        }
        most = std::max(most, std::fabs(value));
      }
      // Where a quotient would be subnormal the row counts as zero.
      float scale = most / largest;
      if (!std::isnormal(scale))
        scale = 1.0f;
      layer.scales.push_back(scale);
      for (float value : row) {
        float rounded;
        layer.weight.push_back(roundTo(value / scale, element, rounded));
        const double error = value - static_cast<double>(rounded) * scale;
        difference += error * error;
        norm += static_cast<double>(value) * value;
      }
    }
    if (norm > 0.0)
      layer.error = std::sqrt(difference / norm);
  }

  void apply(Quantized &layer, Type element) {
    MatmulOp op = layer.op;
    if (isQuantized(op))
      return;
    remark::passed(op.getLoc(), remarkAbout(op, "layer-quantized"))
        << remark::metric("layer", getLayerName(op))
        << remark::metric("element-type", elementType.getValue())
        << remark::metric("weight-error", layer.error);
    LayerBuilder(layer, element, activationScales == "token").build();
  }
};

} // namespace
