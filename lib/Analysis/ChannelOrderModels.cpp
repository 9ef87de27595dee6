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

/// Ties dimension \p collapsed of one side to the outermost of the dimensions
/// \p group of the other; those inside keep their order.
template <typename Collapsed, typename Expanded>
void tieReshape(Collapsed &&collapsed, int64_t collapsedDim,
                Expanded &&expanded, ArrayRef<int64_t> group,
                ArrayRef<int64_t> shape, ChannelOrderRule &rule) {
  bool isOutermost = true;
  for (int64_t dim : group) {
    OrderEnd end(expanded, dim);
    if (shape[dim] == 1) {
      // Stands for nothing, but has to be mentioned.
      rule.tie({end});
    } else if (isOutermost) {
      isOutermost = false;
      rule.tie({{collapsed, collapsedDim}, end});
    } else {
      rule.pin(end,
               "it cuts a dimension in blocks, of which this is the inside");
    }
  }
  if (isOutermost)
    rule.tie({{collapsed, collapsedDim}});
}

struct ExpandShapeOrder : External<ExpandShapeOrder, tensor::ExpandShapeOp> {
  void getChannelOrderRule(Operation *op, ChannelOrderRule &rule) const {
    auto expand = cast<tensor::ExpandShapeOp>(op);
    for (auto [dim, group] : llvm::enumerate(expand.getReassociationIndices()))
      tieReshape(expand.getSrcMutable(), dim, Value(expand.getResult()), group,
                 expand.getResultType().getShape(), rule);
  }
};

struct CollapseShapeOrder
    : External<CollapseShapeOrder, tensor::CollapseShapeOp> {
  void getChannelOrderRule(Operation *op, ChannelOrderRule &rule) const {
    auto collapse = cast<tensor::CollapseShapeOp>(op);
    for (auto [dim, group] :
         llvm::enumerate(collapse.getReassociationIndices()))
      tieReshape(Value(collapse.getResult()), dim, collapse.getSrcMutable(),
                 group, collapse.getSrcType().getShape(), rule);
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

/// Whether a slice takes all of dimension \p dim, of \p size elements.
bool isWhole(OffsetSizeAndStrideOpInterface slice, int64_t dim, int64_t size) {
  return !ShapedType::isDynamic(size) && slice.getStaticOffset(dim) == 0 &&
         slice.getStaticSize(dim) == size && slice.getStaticStride(dim) == 1;
}

struct ExtractSliceOrder : External<ExtractSliceOrder, tensor::ExtractSliceOp> {
  void getChannelOrderRule(Operation *op, ChannelOrderRule &rule) const {
    auto slice = cast<tensor::ExtractSliceOp>(op);
    const llvm::SmallBitVector dropped = slice.getDroppedDims();
    OpOperand &source = slice.getSourceMutable();
    int64_t to = 0;
    for (auto [dim, size] : llvm::enumerate(slice.getSourceType().getShape())) {
      OrderEnd from(source, dim);
      if (isWhole(slice, dim, size) && !dropped.test(dim))
        rule.tie({from, {slice.getResult(), to}});
      else
        rule.pin(from, "it takes a part of the dimension");
      if (!dropped.test(dim)) {
        if (!isWhole(slice, dim, size))
          rule.pin({slice.getResult(), to}, "it takes a part of a dimension");
        ++to;
      }
    }
  }
};

struct InsertSliceOrder : External<InsertSliceOrder, tensor::InsertSliceOp> {
  void getChannelOrderRule(Operation *op, ChannelOrderRule &rule) const {
    auto slice = cast<tensor::InsertSliceOp>(op);
    const llvm::SmallBitVector dropped = slice.getDroppedDims();
    int64_t from = 0;
    for (auto [dim, size] : llvm::enumerate(slice.getDestType().getShape())) {
      SmallVector<OrderEnd, 4> ends{
          {slice.getDestMutable(), static_cast<int64_t>(dim)},
          {slice.getResult(), static_cast<int64_t>(dim)}};
      const bool isDropped = dropped.test(dim);
      if (!isDropped)
        ends.emplace_back(slice.getSourceMutable(), from++);
      if (isWhole(slice, dim, size)) {
        rule.tie(ends);
        continue;
      }
      for (const OrderEnd &end : ends)
        rule.pin(end, "it replaces a part of the dimension");
    }
  }
};

struct PadOrder : External<PadOrder, tensor::PadOp> {
  void getChannelOrderRule(Operation *op, ChannelOrderRule &rule) const {
    auto pad = cast<tensor::PadOp>(op);
    const bool isConstant = static_cast<bool>(pad.getConstantPaddingValue());
    for (int64_t dim = 0; dim < pad.getSourceType().getRank(); ++dim) {
      OrderEnd from(pad.getSourceMutable(), dim), to(pad.getResult(), dim);
      if (isConstant && pad.getStaticLow()[dim] == 0 &&
          pad.getStaticHigh()[dim] == 0) {
        rule.tie({from, to});
        continue;
      }
      rule.pin(from, "it pads the dimension");
      rule.pin(to, "it pads the dimension");
    }
  }
};

struct ConcatOrder : External<ConcatOrder, tensor::ConcatOp> {
  void getChannelOrderRule(Operation *op, ChannelOrderRule &rule) const {
    auto concat = cast<tensor::ConcatOp>(op);
    for (int64_t dim = 0; dim < concat.getResultType().getRank(); ++dim) {
      SmallVector<OrderEnd, 4> ends{{concat.getResult(), dim}};
      for (OpOperand &operand : op->getOpOperands())
        ends.emplace_back(operand, dim);
      if (dim != static_cast<int64_t>(concat.getDim())) {
        rule.tie(ends);
        continue;
      }
      for (const OrderEnd &end : ends)
        rule.pin(end, "it puts parts of the dimension one after the other");
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
