//===- HiNMToLinalg.cpp - convert-hinm-to-linalg --------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Conversion/HiNMToLinalg/HiNMToLinalg.h"
#include "hinm/Conversion/Passes.h"
#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace hinm {
#define GEN_PASS_DEF_CONVERTHINMTOLINALG
#include "hinm/Conversion/Passes.h.inc"
} // namespace hinm

using namespace mlir;
using namespace hinm;

namespace {

Value idx(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantIndexOp::create(b, b.getLoc(), value);
}
Value add(ImplicitLocOpBuilder &b, Value x, Value y) {
  return arith::AddIOp::create(b, x, y);
}
Value mul(ImplicitLocOpBuilder &b, Value x, int64_t y) {
  return arith::MulIOp::create(b, x, idx(b, y));
}
Value div(ImplicitLocOpBuilder &b, Value x, int64_t y) {
  return arith::DivUIOp::create(b, x, idx(b, y));
}
Value rem(ImplicitLocOpBuilder &b, Value x, int64_t y) {
  return arith::RemUIOp::create(b, x, idx(b, y));
}

/// An uninitialised tensor of the shape of \p like, of \p element.
Value emptyLike(ImplicitLocOpBuilder &b, Value like, Type element) {
  return tensor::EmptyOp::create(b, tensor::getMixedSizes(b, b.getLoc(), like),
                                 element);
}

Value fillWithZero(ImplicitLocOpBuilder &b, Value destination) {
  Type element = cast<ShapedType>(destination.getType()).getElementType();
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(element));
  return linalg::FillOp::create(b, zero, destination).getResult(0);
}

/// destination[…, i, …] = input[…, order[i], …] along \p dim.
Value gather(ImplicitLocOpBuilder &b, Value input, ElementsAttr order,
             int64_t dim, Value destination) {
  auto type = cast<RankedTensorType>(destination.getType());
  int64_t rank = type.getRank();
  Value indices = arith::ConstantOp::create(b, cast<TypedAttr>(order));
  AffineMap along = AffineMap::get(rank, 0, b.getAffineDimExpr(dim));
  SmallVector<AffineMap> maps = {along, b.getMultiDimIdentityMap(rank)};
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      b, type, ValueRange{indices}, ValueRange{destination}, maps, iterators,
      [&](OpBuilder &builder, Location loc, ValueRange arguments) {
        ImplicitLocOpBuilder body(loc, builder);
        SmallVector<Value> position;
        for (int64_t d = 0; d < rank; ++d)
          position.push_back(
              d == dim ? arith::IndexCastOp::create(body, body.getIndexType(),
                                                    arguments[0])
                             .getResult()
                       : linalg::IndexOp::create(body, d).getResult());
        Value element = tensor::ExtractOp::create(body, input, position);
        linalg::YieldOp::create(body, element);
      });
  return generic.getResult(0);
}

/// Where the pixel \p column of the patches of \p convolution has the element
/// \p row (both over all channels) in the image: (channel, pixel).
std::pair<Value, Value> locateInImage(ImplicitLocOpBuilder &b,
                                      ConvolutionAttr convolution, Value row,
                                      Value column) {
  Value channel = div(b, row, convolution.getWindowSize());
  Value inWindow = rem(b, row, convolution.getWindowSize());
  SmallVector<int64_t> sizes = convolution.getOutputSizes();
  Value pixel;
  int64_t pitch = 1;
  // From the innermost dimension out.
  for (int64_t d = convolution.getRank() - 1; d >= 0; --d) {
    const int64_t kernel = convolution.getKernel()[d];
    Value at =
        add(b, mul(b, rem(b, column, sizes[d]), convolution.getStrides()[d]),
            mul(b, rem(b, inWindow, kernel), convolution.getDilations()[d]));
    at = mul(b, at, pitch);
    pixel = pixel ? add(b, pixel, at) : at;
    column = div(b, column, sizes[d]);
    inWindow = div(b, inWindow, kernel);
    pitch *= convolution.getImage()[d + 1];
  }
  return {channel, add(b, pixel, mul(b, column, pitch))};
}

struct PatchesToLinalg : OpRewritePattern<PatchesOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(PatchesOp op,
                                PatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto type = cast<RankedTensorType>(op.getResult().getType());
    Value destination =
        tensor::EmptyOp::create(b, type.getShape(), type.getElementType());
    auto generic = linalg::GenericOp::create(
        b, type, ValueRange{}, ValueRange{destination},
        SmallVector<AffineMap>{b.getMultiDimIdentityMap(2)},
        SmallVector<utils::IteratorType>(2, utils::IteratorType::parallel),
        [&](OpBuilder &builder, Location loc, ValueRange) {
          ImplicitLocOpBuilder body(loc, builder);
          Value row = linalg::IndexOp::create(body, 0);
          Value column = linalg::IndexOp::create(body, 1);
          auto [channel, pixel] =
              locateInImage(body, op.getConvolution(), row, column);
          Value element = tensor::ExtractOp::create(body, op.getImage(),
                                                    ValueRange{channel, pixel});
          linalg::YieldOp::create(body, element);
        });
    rewriter.replaceOp(op, generic.getResult(0));
    return success();
  }
};

struct MatmulToLinalg : OpRewritePattern<MatmulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MatmulOp op,
                                PatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    PermutationAttr rowIndex = op.getRowIndexAttr();
    PermutationAttr inverse = rowIndex ? rowIndex.getInverse() : nullptr;
    if (rowIndex && !inverse)
      return op.emitOpError("'row_index' has no data");
    Type element =
        cast<RankedTensorType>(op.getInit().getType()).getElementType();
    // A product that is permuted afterwards needs a place of its own.
    Value destination =
        rowIndex ? emptyLike(b, op.getInit(), element) : op.getInit();
    Value product =
        linalg::MatmulOp::create(b, ValueRange{op.getWeight(), op.getInput()},
                                 ValueRange{fillWithZero(b, destination)})
            .getResult(0);
    // Row r goes to row_index[r], so row i comes from its inverse.
    if (rowIndex)
      product = gather(b, product, inverse.getIndices(), 0, op.getInit());
    rewriter.replaceOp(op, product);
    return success();
  }
};

struct PermuteToLinalg : OpRewritePattern<PermuteOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(PermuteOp op,
                                PatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value destination =
        emptyLike(b, op.getInput(),
                  cast<ShapedType>(op.getInput().getType()).getElementType());
    rewriter.replaceOp(op, gather(b, op.getInput(),
                                  op.getPermutation().getIndices(), op.getDim(),
                                  destination));
    return success();
  }
};

/// What to do with one stored element: (row, column, value, accumulator) to the
/// new accumulator.
using Visitor = llvm::function_ref<Value(ImplicitLocOpBuilder &, Value, Value,
                                         Value, Value)>;

/// Loops over everything that a packed weight stores (docs/format.md) and calls
/// \p visit for what is not zero: padding is zero, and in a repeated group one
/// column has a value only once.
template <typename OpTy>
class PackedLoops {
public:
  PackedLoops(OpTy op, Visitor visit) : op(op), visit(visit) {}

  Value build(ImplicitLocOpBuilder &b, Value initial) {
    Value tiles = idx(b, op.getFormat().getNumTiles());
    return loop(b, idx(b, 0), tiles, initial,
                [&](ImplicitLocOpBuilder &b, Value tile, Value acc) {
                  return overBlocks(b, tile, acc);
                });
  }

private:
  using Body = llvm::function_ref<Value(ImplicitLocOpBuilder &, Value, Value)>;

  static Value loop(ImplicitLocOpBuilder &b, Value begin, Value end,
                    Value initial, Body body) {
    auto loop = scf::ForOp::create(
        b, begin, end, idx(b, 1), ValueRange{initial},
        [&](OpBuilder &builder, Location loc, Value i, ValueRange carried) {
          ImplicitLocOpBuilder inner(loc, builder);
          scf::YieldOp::create(inner, body(inner, i, carried[0]));
        });
    return loop.getResult(0);
  }

  Value loadIndex(ImplicitLocOpBuilder &b, Value list, Value position) {
    Value word = tensor::ExtractOp::create(b, list, position);
    return arith::IndexCastUIOp::create(b, b.getIndexType(), word);
  }

  Value overBlocks(ImplicitLocOpBuilder &b, Value tile, Value acc) {
    Value next = add(b, tile, idx(b, 1));
    const int64_t blockColumns = op.getFormat().getBlockColumns();
    const int64_t unitValues = op.getFormat().getVersionInfo().getUnitValues();
    Value begin = div(b, loadIndex(b, op.getTileOffsets(), tile), blockColumns);
    Value end = div(b, loadIndex(b, op.getTileOffsets(), next), blockColumns);
    int64_t slabs = op.getFormat().getNumSlabs();
    return loop(b, begin, end, acc, [&](auto &b, Value block, Value acc) {
      return loop(b, idx(b, 0), idx(b, slabs), acc,
                  [&](auto &b, Value slab, Value acc) {
                    Value unit = add(b, mul(b, block, slabs), slab);
                    Value row = add(b, mul(b, tile, op.getFormat().getTile()),
                                    mul(b, slab, 16));
                    return loop(b, idx(b, 0), idx(b, unitValues), acc,
                                [&](auto &b, Value element, Value acc) {
                                  return one(b, block, unit, row, element, acc);
                                });
                  });
    });
  }

  /// Element \p element of a unit of 16 rows by the columns of a k-block.
  Value one(ImplicitLocOpBuilder &b, Value block, Value unit, Value row,
            Value element, Value acc) {
    const int64_t unitValues = op.getFormat().getVersionInfo().getUnitValues();
    Value value = tensor::ExtractOp::create(
        b, op.getValues(), add(b, mul(b, unit, unitValues), element));
    auto branch = scf::IfOp::create(
        b, isStored(b, value),
        [&](OpBuilder &builder, Location loc) {
          ImplicitLocOpBuilder inner(loc, builder);
          scf::YieldOp::create(
              inner, visitStored(inner, block, unit, row, element, value, acc));
        },
        [&](OpBuilder &builder, Location loc) {
          scf::YieldOp::create(builder, loc, acc);
        });
    return branch.getResult(0);
  }

  /// Whether \p value is not zero.
  Value isStored(ImplicitLocOpBuilder &b, Value value) {
    // Floats of 8 bits can only be cast.
    if (isa<FloatType>(value.getType()) &&
        value.getType().getIntOrFloatBitWidth() == 8)
      value = arith::ExtFOp::create(b, b.getF32Type(), value);
    Type type = value.getType();
    Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
    if (type.isInteger())
      return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, value, zero);
    return arith::CmpFOp::create(b, arith::CmpFPredicate::UNE, value, zero);
  }

  /// Where an element stands.
  struct Place {
    Value row;      // within the slab
    Value metaLane; // of the metadata word
    Value shift;    // of its entry in the word
    Value group;    // first column of its group, within the k-block
  };

  /// (step · 32 + lane) · 8 + e, with lane = 4g + q and e = 2 · register +
  /// half.
  Place locateIn16Bits(ImplicitLocOpBuilder &b, Value element) {
    Value half = rem(b, element, 2);
    Value lower = rem(b, div(b, element, 2), 2);  // register & 1: row + 8
    Value kHalf = rem(b, div(b, element, 4), 2);  // register >> 1: k + 16
    Value member = rem(b, div(b, element, 8), 4); // q, the group of four
    Value quad = rem(b, div(b, element, 32), 8);  // g, the row
    Value step = div(b, element, 256);            // k + 32
    Value metaLane = add(b, mul(b, quad, 4), add(b, mul(b, step, 2), kHalf));
    Value shift =
        add(b, mul(b, lower, 16), add(b, mul(b, member, 4), mul(b, half, 2)));
    Value group = add(b, mul(b, step, 32), mul(b, kHalf, 16));
    group = add(b, group, mul(b, member, 4));
    return {add(b, quad, mul(b, lower, 8)), metaLane, shift, group};
  }

  /// lane · 16 + 4 · register + byte.
  Place locateIn8Bits(ImplicitLocOpBuilder &b, Value element) {
    Value byte = rem(b, element, 4);
    Value lower = rem(b, div(b, element, 4), 2);   // register & 1: row + 8
    Value kHalf = rem(b, div(b, element, 8), 2);   // register >> 1: k + 32
    Value member = rem(b, div(b, element, 16), 4); // q, two groups of four
    Value quad = div(b, element, 64);              // g, the row
    Value metaLane = add(b, mul(b, quad, 4), add(b, mul(b, kHalf, 2), lower));
    Value shift = add(b, mul(b, member, 8), mul(b, byte, 2));
    Value group = add(b, mul(b, kHalf, 32), mul(b, member, 8));
    group = add(b, group, mul(b, div(b, byte, 2), 4));
    return {add(b, quad, mul(b, lower, 8)), metaLane, shift, group};
  }

  /// (step · 32 + lane) · 4 + register. Of the index of a tf32 bit 3 says which
  /// of the two.
  Place locateIn32Bits(ImplicitLocOpBuilder &b, Value element) {
    Value lower = rem(b, element, 2);             // register & 1: row + 8
    Value kHalf = rem(b, div(b, element, 2), 2);  // register >> 1: k + 8
    Value member = rem(b, div(b, element, 4), 4); // q, the group of two
    Value quad = rem(b, div(b, element, 16), 8);  // g, the row
    Value step = div(b, element, 128);            // k + 16
    Value metaLane = add(b, mul(b, quad, 4), add(b, mul(b, step, 2), kHalf));
    Value shift =
        add(b, mul(b, lower, 16), add(b, mul(b, member, 4), idx(b, 3)));
    Value group = add(b, mul(b, step, 16), mul(b, kHalf, 8));
    group = add(b, group, mul(b, member, 2));
    return {add(b, quad, mul(b, lower, 8)), metaLane, shift, group};
  }

  Place locate(ImplicitLocOpBuilder &b, Value element) {
    switch (op.getFormat().getVersionInfo().elementBits) {
    case 8:
      return locateIn8Bits(b, element);
    case 16:
      return locateIn16Bits(b, element);
    default:
      return locateIn32Bits(b, element);
    }
  }

  Value visitStored(ImplicitLocOpBuilder &b, Value block, Value unit, Value row,
                    Value element, Value value, Value acc) {
    const Place place = locate(b, element);
    Value word = tensor::ExtractOp::create(
        b, op.getMetadata(), add(b, mul(b, unit, 32), place.metaLane));
    Value bits = arith::ShRUIOp::create(
        b, word, arith::IndexCastOp::create(b, b.getI32Type(), place.shift));
    Value entry =
        rem(b, arith::IndexCastUIOp::create(b, b.getIndexType(), bits),
            op.getFormat().getM());
    Value k = add(b, place.group, entry);
    Value column =
        loadIndex(b, op.getColumnList(),
                  add(b, mul(b, block, op.getFormat().getBlockColumns()), k));
    return visit(b, add(b, row, place.row), column, value, acc);
  }

  OpTy op;
  Visitor visit;
};

struct UnpackToLoops : OpRewritePattern<UnpackOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(UnpackOp op,
                                PatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto type = cast<RankedTensorType>(op.getWeight().getType());
    Value weight =
        tensor::EmptyOp::create(b, type.getShape(), type.getElementType());
    auto visit = [](ImplicitLocOpBuilder &b, Value row, Value column,
                    Value value, Value acc) -> Value {
      return tensor::InsertOp::create(b, value, acc, ValueRange{row, column});
    };
    rewriter.replaceOp(
        op, PackedLoops<UnpackOp>(op, visit).build(b, fillWithZero(b, weight)));
    return success();
  }
};

struct SpmmToLoops : OpRewritePattern<SpmmOp> {
  SpmmToLoops(MLIRContext *context, bool onlySkipped)
      : OpRewritePattern(context), onlySkipped(onlySkipped) {}

  LogicalResult matchAndRewrite(SpmmOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.getResult())
      return rewriter.notifyMatchFailure(op, "works on memrefs");
    if (onlySkipped && !op->hasAttr("hinm.skipped"))
      return rewriter.notifyMatchFailure(op, "has a kernel");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Type sumType = op.getSumType();
    auto type = cast<RankedTensorType>(op.getInit().getType());
    bool narrow = type.getElementType() != sumType || op.hasEpilogue();
    Value sums = fillWithZero(b, narrow ? emptyLike(b, op.getInit(), sumType)
                                        : op.getInit());
    ConvolutionAttr convolution = op.getConvolutionAttr();
    Value tokens = convolution ? idx(b, convolution.getNumOutputPixels())
                               : Value(tensor::DimOp::create(
                                     b, op.getInput(), op.getInputTokenDim()));
    // (channel, token) in the order of the operand.
    auto placeOf = [](unsigned tokenDim, Value channel,
                      Value token) -> SmallVector<Value> {
      if (tokenDim == 0)
        return {token, channel};
      return {channel, token};
    };

    auto visit = [&](ImplicitLocOpBuilder &b, Value row, Value column,
                     Value value, Value acc) -> Value {
      if (Value rowIndex = op.getRowIndex())
        row = arith::IndexCastOp::create(
            b, b.getIndexType(), tensor::ExtractOp::create(b, rowIndex, row));
      Value weight = widen(b, value, sumType);
      auto loop = scf::ForOp::create(
          b, idx(b, 0), tokens, idx(b, 1), ValueRange{acc},
          [&](OpBuilder &builder, Location loc, Value n, ValueRange carried) {
            ImplicitLocOpBuilder inner(loc, builder);
            std::pair<Value, Value> place = {column, n};
            if (convolution)
              place = locateInImage(inner, convolution, column, n);
            Value x = tensor::ExtractOp::create(
                inner, op.getInput(),
                placeOf(op.getInputTokenDim(), place.first, place.second));
            SmallVector<Value> target = placeOf(op.getOutputTokenDim(), row, n);
            x = x.getType().isF32() ? roundToTF32(inner, x)
                                    : widen(inner, x, sumType);
            Value sum = tensor::ExtractOp::create(inner, carried[0], target);
            sum = multiplyAdd(inner, weight, x, sum);
            Value updated =
                tensor::InsertOp::create(inner, sum, carried[0], target);
            scf::YieldOp::create(inner, updated);
          });
      return loop.getResult(0);
    };
    Value result = PackedLoops<SpmmOp>(op, visit).build(b, sums);
    if (narrow) {
      AffineMap identity = b.getMultiDimIdentityMap(2);
      SmallVector<Value> inputs{result};
      SmallVector<AffineMap> maps{identity};
      for (Value input : op.getEpilogueInputs()) {
        inputs.push_back(input);
        maps.push_back(mapOf(cast<RankedTensorType>(input.getType()),
                             op.getOutputTokenDim()));
      }
      maps.push_back(identity);
      SmallVector<utils::IteratorType> iterators(2,
                                                 utils::IteratorType::parallel);
      result = linalg::GenericOp::create(
                   b, type, inputs, ValueRange{op.getInit()}, maps, iterators,
                   [&](OpBuilder &builder, Location loc, ValueRange arguments) {
                     Value element;
                     if (op.hasEpilogue())
                       element =
                           op.inlineEpilogue(builder, arguments.drop_back());
                     else
                       element = arith::TruncFOp::create(
                           builder, loc, type.getElementType(), arguments[0]);
                     linalg::YieldOp::create(builder, loc, element);
                   })
                   .getResult(0);
    }
    rewriter.replaceOp(op, result);
    return success();
  }

private:
  static Value widen(ImplicitLocOpBuilder &b, Value value, Type type) {
    if (value.getType() == type)
      return value;
    if (type.isInteger())
      return arith::ExtSIOp::create(b, type, value);
    return arith::ExtFOp::create(b, type, value);
  }

  /// As cvt.rna.tf32 rounds: a half of the last place is added to the magnitude
  /// and what is behind it dropped. Infinities and NaNs stay what they are.
  static Value roundToTF32(ImplicitLocOpBuilder &b, Value value) {
    auto bits = [&](uint32_t word) -> Value {
      return arith::ConstantOp::create(
          b, b.getI32IntegerAttr(static_cast<int32_t>(word)));
    };
    constexpr uint32_t unused = core::tf32Unused, exponent = 0x7f800000;
    Value word = arith::BitcastOp::create(b, b.getI32Type(), value);
    Value isFinite = arith::CmpIOp::create(
        b, arith::CmpIPredicate::ne,
        arith::AndIOp::create(b, word, bits(exponent)), bits(exponent));
    Value raised = arith::AddIOp::create(b, word, bits((unused + 1) / 2));
    Value rounded = arith::BitcastOp::create(
        b, value.getType(), arith::AndIOp::create(b, raised, bits(~unused)));
    return arith::SelectOp::create(b, isFinite, rounded, value);
  }

  static Value multiplyAdd(ImplicitLocOpBuilder &b, Value x, Value y,
                           Value sum) {
    if (sum.getType().isInteger())
      return arith::AddIOp::create(b, sum, arith::MulIOp::create(b, x, y));
    return arith::AddFOp::create(b, sum, arith::MulFOp::create(b, x, y));
  }

  /// Where an operand of the epilogue has the element for a place of Y, whose
  /// tokens are along \p tokenDim.
  static AffineMap mapOf(RankedTensorType type, unsigned tokenDim) {
    MLIRContext *context = type.getContext();
    AffineMap identity = AffineMap::getMultiDimIdentityMap(2, context);
    if (type.getRank() == 1)
      return identity.getSubMap({1 - tokenDim});
    if (type.getDimSize(1 - tokenDim) != 1)
      return identity;
    SmallVector<AffineExpr> place(2, getAffineConstantExpr(0, context));
    place[tokenDim] = getAffineDimExpr(tokenDim, context);
    return AffineMap::get(2, 0, place, context);
  }

  bool onlySkipped;
};

struct ConvertHiNMToLinalgPass
    : public hinm::impl::ConvertHiNMToLinalgBase<ConvertHiNMToLinalgPass> {
  using ConvertHiNMToLinalgBase::ConvertHiNMToLinalgBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateHiNMToLinalgPatterns(patterns);
    populateSpmmToLoopsPatterns(patterns, onlySkipped);
    // The patterns only: constants stay as they are, whatever their size.
    GreedyRewriteConfig config;
    config.enableFolding(false).enableConstantCSE(false);
    if (failed(
            applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};
} // namespace

void hinm::populateHiNMToLinalgPatterns(RewritePatternSet &patterns) {
  patterns.add<MatmulToLinalg, PatchesToLinalg, PermuteToLinalg, UnpackToLoops>(
      patterns.getContext());
}

void hinm::populateSpmmToLoopsPatterns(RewritePatternSet &patterns,
                                       bool onlySkipped) {
  patterns.add<SpmmToLoops>(patterns.getContext(), onlySkipped);
}
