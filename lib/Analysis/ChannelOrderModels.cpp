//===- ChannelOrderModels.cpp - Rules of upstream's operations ------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Analysis/ChannelOrderModels.h"

#include "hinm/Dialect/HiNM/IR/HiNMInterfaces.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/DialectRegistry.h"

using namespace mlir;
using namespace hinm;

namespace {

template <typename Model, typename Op>
using External = ChannelOrderOpInterface::ExternalModel<Model, Op>;

struct ExpandShapeOrder : External<ExpandShapeOrder, tensor::ExpandShapeOp> {
  void getChannelOrderRule(Operation *op, ChannelOrderRule &rule) const {
    auto expand = cast<tensor::ExpandShapeOp>(op);
    for (auto [dim, group] :
         llvm::enumerate(expand.getReassociationIndices())) {
      SmallVector<OrderEnd, 4> digits;
      for (int64_t digit : group)
        digits.emplace_back(Value(expand.getResult()), digit);
      rule.tieDigits(OrderEnd(expand.getSrcMutable(), dim), digits);
    }
    // A tensor of rank 0 is expanded to ones.
    if (expand.getReassociationIndices().empty())
      for (int64_t dim = 0; dim < expand.getResultType().getRank(); ++dim)
        rule.tie({{expand.getResult(), dim}});
  }
};

struct CollapseShapeOrder
    : External<CollapseShapeOrder, tensor::CollapseShapeOp> {
  void getChannelOrderRule(Operation *op, ChannelOrderRule &rule) const {
    auto collapse = cast<tensor::CollapseShapeOp>(op);
    for (auto [dim, group] :
         llvm::enumerate(collapse.getReassociationIndices())) {
      SmallVector<OrderEnd, 4> digits;
      for (int64_t digit : group)
        digits.emplace_back(collapse.getSrcMutable(), digit);
      rule.tieDigits(OrderEnd(Value(collapse.getResult()), dim), digits);
    }
    if (collapse.getReassociationIndices().empty())
      for (int64_t dim = 0; dim < collapse.getSrcType().getRank(); ++dim)
        rule.tie({{collapse.getSrcMutable(), dim}});
  }
};

struct CastOrder : External<CastOrder, tensor::CastOp> {
  void getChannelOrderRule(Operation *op, ChannelOrderRule &rule) const {
    auto type = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
    if (!type || !isa<RankedTensorType>(op->getResult(0).getType()))
      return;
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      rule.tie({{op->getOpOperand(0), dim}, {op->getResult(0), dim}});
  }
};

struct DimOrder : External<DimOrder, tensor::DimOp> {
  void getChannelOrderRule(Operation *op, ChannelOrderRule &rule) const {
    rule.ignore(op->getOpOperand(0));
  }
};

/// What a slice takes of dimension \p dim; nothing if that is known only at run
/// time.
std::optional<OrderRange> getRange(OffsetSizeAndStrideOpInterface slice,
                                   int64_t dim, OrderEnd end) {
  OrderRange range{end, slice.getStaticOffset(dim), slice.getStaticSize(dim),
                   slice.getStaticStride(dim)};
  if (ShapedType::isDynamic(range.offset) ||
      ShapedType::isDynamic(range.size) || range.size == 0 ||
      ShapedType::isDynamic(range.stride) || range.stride < 1)
    return std::nullopt;
  return range;
}

/// Whether a slice takes all of dimension \p dim, of \p size elements.
bool isWhole(OffsetSizeAndStrideOpInterface slice, int64_t dim, int64_t size) {
  return !ShapedType::isDynamic(size) && slice.getStaticOffset(dim) == 0 &&
         slice.getStaticSize(dim) == size && slice.getStaticStride(dim) == 1;
}

/// All of a dimension.
OrderRange getWhole(OrderEnd end) {
  return {end, 0,
          cast<RankedTensorType>(end.value.getType()).getDimSize(end.dim)};
}

struct ExtractSliceOrder : External<ExtractSliceOrder, tensor::ExtractSliceOp> {
  void getChannelOrderRule(Operation *op, ChannelOrderRule &rule) const {
    auto slice = cast<tensor::ExtractSliceOp>(op);
    const llvm::SmallBitVector dropped = slice.getDroppedDims();
    OpOperand &source = slice.getSourceMutable();
    int64_t to = 0;
    for (auto [dim, size] : llvm::enumerate(slice.getSourceType().getShape())) {
      OrderEnd from(source, dim);
      std::optional<OrderEnd> result;
      if (!dropped.test(dim))
        result = OrderEnd(slice.getResult(), to++);
      std::optional<OrderRange> range;
      if (!ShapedType::isDynamic(size))
        range = getRange(slice, dim, from);
      if (!range) {
        rule.pin(from, "it takes a part of the dimension that is known only at "
                       "run time");
        if (result)
          rule.pin(*result, "it takes a part of a dimension that is known only "
                            "at run time");
      } else if (!result) {
        rule.tieRanges({*range});
      } else {
        rule.tieRanges({*range, getWhole(*result)});
      }
    }
  }
};

struct InsertSliceOrder : External<InsertSliceOrder, tensor::InsertSliceOp> {
  void getChannelOrderRule(Operation *op, ChannelOrderRule &rule) const {
    auto slice = cast<tensor::InsertSliceOp>(op);
    const llvm::SmallBitVector dropped = slice.getDroppedDims();
    const ArrayRef<int64_t> shape = slice.getDestType().getShape();
    int64_t cuts = 0;
    for (auto [dim, size] : llvm::enumerate(shape))
      cuts += !isWhole(slice, dim, size);
    int64_t from = 0;
    for (auto [dim, size] : llvm::enumerate(shape)) {
      OrderEnd dest(slice.getDestMutable(), dim),
          result(slice.getResult(), dim);
      SmallVector<OrderEnd, 4> ends{result};
      if (!dropped.test(dim))
        ends.emplace_back(slice.getSourceMutable(), from++);
      std::optional<OrderRange> range;
      if (!ShapedType::isDynamic(size))
        range = getRange(slice, dim, result);
      if (cuts == 0) {
        // Nothing is left of the destination.
        rule.tie({dest});
        rule.tie(ends);
      } else if (isWhole(slice, dim, size)) {
        ends.push_back(dest);
        rule.tie(ends);
      } else if (range) {
        SmallVector<OrderRange, 3> replaced{*range};
        if (ends.size() > 1)
          replaced.push_back(getWhole(ends.back()));
        rule.tieRanges(replaced);
        tieRest(*range, dest, result, /*isOnlyCut=*/cuts == 1, rule);
      } else {
        ends.push_back(dest);
        for (const OrderEnd &end : ends)
          rule.pin(end, "it replaces a part of a dimension that is known only "
                        "at run time");
      }
    }
  }

  /// Ties what is not in \p range: it is the destination's.
  static void tieRest(const OrderRange &range, OrderEnd dest, OrderEnd result,
                      bool isOnlyCut, ChannelOrderRule &rule) {
    if (!isOnlyCut || range.stride > 1)
      return rule.tie({dest, result});
    const int64_t end = range.offset + range.size;
    for (auto [begin, size] : {std::pair(int64_t(0), range.offset),
                               std::pair(end, getWhole(result).size - end)})
      if (size > 0)
        rule.tieRanges({{dest, begin, size}, {result, begin, size}});
  }
};

struct PadOrder : External<PadOrder, tensor::PadOp> {
  void getChannelOrderRule(Operation *op, ChannelOrderRule &rule) const {
    auto pad = cast<tensor::PadOp>(op);
    const bool isConstant = static_cast<bool>(pad.getConstantPaddingValue());
    for (int64_t dim = 0; dim < pad.getSourceType().getRank(); ++dim) {
      OrderEnd from(pad.getSourceMutable(), dim), to(pad.getResult(), dim);
      const int64_t low = pad.getStaticLow()[dim];
      const int64_t high = pad.getStaticHigh()[dim];
      const int64_t size = pad.getSourceType().getDimSize(dim);
      if (isConstant && low == 0 && high == 0) {
        rule.tie({from, to});
      } else if (isConstant && low >= 0 && high >= 0 && size > 0) {
        // (Less than nothing cuts, or is known only at run time.)
        rule.tieRanges({getWhole(from), {to, low, size}});
      } else {
        rule.pin(from, "it pads the dimension");
        rule.pin(to, "it pads the dimension");
      }
    }
  }
};

struct ConcatOrder : External<ConcatOrder, tensor::ConcatOp> {
  void getChannelOrderRule(Operation *op, ChannelOrderRule &rule) const {
    auto concat = cast<tensor::ConcatOp>(op);
    for (int64_t dim = 0; dim < concat.getResultType().getRank(); ++dim) {
      OrderEnd result(concat.getResult(), dim);
      SmallVector<OrderEnd, 4> ends{result};
      for (OpOperand &operand : op->getOpOperands())
        ends.emplace_back(operand, dim);
      if (dim != static_cast<int64_t>(concat.getDim())) {
        rule.tie(ends);
        continue;
      }
      if (llvm::any_of(ends, [](const OrderEnd &end) {
            return ShapedType::isDynamic(getWhole(end).size);
          })) {
        for (const OrderEnd &end : ends)
          rule.pin(end, "it puts parts one after the other, of sizes that are "
                        "known only at run time");
        continue;
      }
      int64_t offset = 0;
      for (const OrderEnd &part : ArrayRef(ends).drop_front()) {
        const OrderRange whole = getWhole(part);
        if (whole.size > 0)
          rule.tieRanges({whole, {result, offset, whole.size}});
        else
          rule.tie({part});
        offset += whole.size;
      }
    }
  }
};

/// The largest and the sum along a dimension do not depend on its order.
struct SoftmaxOrder : External<SoftmaxOrder, linalg::SoftmaxOp> {
  void getChannelOrderRule(Operation *op, ChannelOrderRule &rule) const {
    auto softmax = cast<linalg::SoftmaxOp>(op);
    if (op->getNumResults() != 1)
      return;
    rule.ignore(softmax.getOutputMutable());
    for (int64_t dim = 0; dim < softmax.getInputOperandRank(); ++dim)
      rule.tie({{softmax.getInputMutable(), dim}, {op->getResult(0), dim}});
  }
};

} // namespace

void hinm::registerChannelOrderExternalModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tensor::TensorDialect *) {
    tensor::CastOp::attachInterface<CastOrder>(*context);
    tensor::CollapseShapeOp::attachInterface<CollapseShapeOrder>(*context);
    tensor::ConcatOp::attachInterface<ConcatOrder>(*context);
    tensor::DimOp::attachInterface<DimOrder>(*context);
    tensor::ExpandShapeOp::attachInterface<ExpandShapeOrder>(*context);
    tensor::ExtractSliceOp::attachInterface<ExtractSliceOrder>(*context);
    tensor::InsertSliceOp::attachInterface<InsertSliceOrder>(*context);
    tensor::PadOp::attachInterface<PadOrder>(*context);
  });
  registry.addExtension(+[](MLIRContext *context, linalg::LinalgDialect *) {
    linalg::SoftmaxOp::attachInterface<SoftmaxOrder>(*context);
  });
}
