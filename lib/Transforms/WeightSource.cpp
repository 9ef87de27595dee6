//===- WeightSource.cpp - Where a weight comes from -----------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightSource.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cstring>

using namespace mlir;

namespace hinm {

/// No exporter's chain is nearly as long; a bound keeps the walk cheap.
static constexpr unsigned maxChain = 32;

Type WeightSource::getElementType() const {
  if (!casts.empty())
    return casts.back();
  return cast<ShapedType>(root.getType()).getElementType();
}

bool WeightSource::isConstant() const { return !isa<BlockArgument>(root); }

namespace {

/// Undoes one operation of a chain: given the view of its operand, each method
/// makes it the view of its result, or fails.
struct ViewBuilder {
  WeightSource &view;

  LogicalResult transpose(ArrayRef<int64_t> permutation) {
    WeightSource old = view;
    for (auto [i, dim] : llvm::enumerate(permutation)) {
      view.sizes[i] = old.sizes[dim];
      view.strides[i] = old.strides[dim];
    }
    return success();
  }

  LogicalResult broadcast(RankedTensorType type, ArrayRef<int64_t> added) {
    SmallVector<int64_t> sorted(added);
    llvm::sort(sorted);
    for (int64_t dim : sorted) {
      view.sizes.insert(view.sizes.begin() + dim, type.getDimSize(dim));
      view.strides.insert(view.strides.begin() + dim, 0);
    }
    return success();
  }

  LogicalResult expand(tensor::ExpandShapeOp op) {
    ArrayRef<int64_t> shape = op.getResultType().getShape();
    SmallVector<int64_t> sizes(shape), strides(shape.size(), 0);
    for (auto [dim, group] : llvm::enumerate(op.getReassociationIndices())) {
      if (view.strides[dim] == 0)
        continue;
      int64_t stride = view.strides[dim];
      if (group.size() == 1)
        sizes[group.front()] = view.sizes[dim];
      for (int64_t inner : llvm::reverse(group)) {
        if (ShapedType::isDynamic(sizes[inner]))
          return failure();
        strides[inner] = stride;
        stride *= sizes[inner];
      }
    }
    view.sizes = sizes;
    view.strides = strides;
    return success();
  }

  LogicalResult collapse(tensor::CollapseShapeOp op) {
    SmallVector<int64_t> sizes, strides;
    for (const ReassociationIndices &group : op.getReassociationIndices()) {
      // From the innermost: each dimension of more than one element has to go
      // on where the ones inside it end.
      int64_t size = 1, stride = 0;
      for (int64_t dim : llvm::reverse(group)) {
        if (view.sizes[dim] == 1)
          continue;
        if (size == 1)
          stride = view.strides[dim];
        else if (view.strides[dim] != (stride == 0 ? 0 : stride * size))
          return failure();
        if (ShapedType::isDynamic(view.sizes[dim]) ||
            ShapedType::isDynamic(size))
          size = ShapedType::kDynamic;
        else
          size *= view.sizes[dim];
      }
      sizes.push_back(size);
      strides.push_back(stride);
    }
    view.sizes = sizes;
    view.strides = strides;
    return success();
  }

  LogicalResult slice(tensor::ExtractSliceOp op) {
    auto isStatic = [](ArrayRef<int64_t> values) {
      return llvm::none_of(values, ShapedType::isDynamic);
    };
    if (!isStatic(op.getStaticOffsets()) || !isStatic(op.getStaticSizes()) ||
        !isStatic(op.getStaticStrides()))
      return failure();
    llvm::SmallBitVector dropped = op.getDroppedDims();
    SmallVector<int64_t> sizes, strides;
    for (size_t dim = 0; dim < view.sizes.size(); ++dim) {
      int64_t first = op.getStaticOffsets()[dim];
      int64_t size = op.getStaticSizes()[dim];
      int64_t step = op.getStaticStrides()[dim];
      // The verifier of the slice has not checked a dimension of dynamic size.
      if (size < 1 || first < 0 || step < 0 ||
          (view.strides[dim] != 0 &&
           first + (size - 1) * step >= view.sizes[dim]))
        return failure();
      view.offset += first * view.strides[dim];
      if (dropped.test(dim))
        continue;
      sizes.push_back(size);
      strides.push_back(view.strides[dim] * step);
    }
    view.sizes = sizes;
    view.strides = strides;
    return success();
  }

  /// A copy through indexing maps, possibly transposing, repeating and casting.
  LogicalResult copy(linalg::LinalgOp op) {
    AffineMap in = op.getMatchingIndexingMap(op.getDpsInputOperand(0));
    AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
    if (!out.isPermutation() ||
        !in.isProjectedPermutation(/*allowZeroInResults=*/true))
      return failure();
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!type)
      return failure();
    SmallVector<int64_t> sizes(type.getShape()), strides(sizes.size(), 0);
    for (auto [i, expr] : llvm::enumerate(in.getResults())) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      if (!dim)
        continue;
      unsigned result = *out.getResultPosition(dim);
      sizes[result] = view.sizes[i];
      strides[result] = view.strides[i];
    }
    view.sizes = sizes;
    view.strides = strides;
    return success();
  }

  LogicalResult castTo(Type type) {
    auto elementType = dyn_cast<FloatType>(getElementTypeOrSelf(type));
    if (!elementType)
      return failure();
    view.casts.push_back(elementType);
    return success();
  }
};

/// Whether \p op, of one input, only moves its elements and casts them; adds
/// the casts' types to \p casts.
bool isCopy(linalg::LinalgOp op, SmallVectorImpl<FloatType> &casts) {
  if (op.getNumDpsInputs() != 1 || op.getNumDpsInits() != 1 ||
      op->getNumResults() != 1 ||
      op.getNumParallelLoops() != op.getNumLoops() ||
      op.payloadUsesValueFromOperand(op.getDpsInitOperand(0)) ||
      !isa<RankedTensorType>(op.getDpsInputOperand(0)->get().getType()))
    return false;
  Block *body = op.getBlock();
  if (!body)
    return false;
  Value value = body->getTerminator()->getOperand(0);
  while (Operation *def = value.getDefiningOp()) {
    if (!isa<arith::ExtFOp, arith::TruncFOp>(def) || def->getBlock() != body)
      return false;
    auto type = dyn_cast<FloatType>(value.getType());
    if (!type)
      return false;
    casts.insert(casts.begin(), type);
    value = def->getOperand(0);
  }
  return value == body->getArgument(0);
}

std::optional<WeightSource> traceRoot(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.hasStaticShape() || type.getEncoding())
    return std::nullopt;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    Block *block = argument.getOwner();
    if (!block->isEntryBlock() ||
        !isa_and_nonnull<FunctionOpInterface>(block->getParentOp()))
      return std::nullopt;
  } else if (!value.getDefiningOp<arith::ConstantOp>()) {
    return std::nullopt;
  }
  WeightSource source;
  source.root = value;
  source.sizes.assign(type.getShape().begin(), type.getShape().end());
  source.strides.assign(type.getRank(), 1);
  for (int64_t dim = type.getRank() - 2; dim >= 0; --dim)
    source.strides[dim] = source.strides[dim + 1] * source.sizes[dim + 1];
  return source;
}

/// The operand that \p op shows another view of, or null.
Value getViewed(Operation *op) {
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::CastOp,
          tensor::ExtractSliceOp, arith::ExtFOp, arith::TruncFOp>(op))
    return op->getOperand(0);
  SmallVector<FloatType> casts;
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    if (isCopy(linalgOp, casts))
      return linalgOp.getDpsInputOperand(0)->get();
  return {};
}

LogicalResult applyView(Operation *op, WeightSource &view) {
  ViewBuilder builder{view};
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case(
          [&](tensor::ExpandShapeOp expand) { return builder.expand(expand); })
      .Case([&](tensor::CollapseShapeOp collapse) {
        return builder.collapse(collapse);
      })
      .Case([&](tensor::ExtractSliceOp slice) { return builder.slice(slice); })
      .Case([&](tensor::CastOp) { return success(); })
      .Case<arith::ExtFOp, arith::TruncFOp>([&](Operation *) {
        return builder.castTo(op->getResult(0).getType());
      })
      .Case([&](linalg::TransposeOp transpose) {
        return builder.transpose(transpose.getPermutation());
      })
      .Case([&](linalg::BroadcastOp broadcast) {
        return builder.broadcast(
            cast<RankedTensorType>(broadcast->getResult(0).getType()),
            broadcast.getDimensions());
      })
      .Case([&](linalg::LinalgOp copy) {
        if (failed(builder.copy(copy)))
          return failure();
        SmallVector<FloatType> casts;
        isCopy(copy, casts);
        view.casts.append(casts);
        return success();
      })
      .Default([](Operation *) { return failure(); });
}

} // namespace

std::optional<WeightSource> traceWeight(Value value) {
  SmallVector<Operation *> chain;
  while (chain.size() < maxChain) {
    if (std::optional<WeightSource> source = traceRoot(value)) {
      for (Operation *op : llvm::reverse(chain))
        if (failed(applyView(op, *source)))
          return std::nullopt;
      return source;
    }
    Operation *op = value.getDefiningOp();
    value = op ? getViewed(op) : Value();
    if (!value)
      return std::nullopt;
    chain.push_back(op);
  }
  return std::nullopt;
}

Operation *findConstantComputation(Value value) {
  Operation *first = value.getDefiningOp();
  bool readsTensor = false;
  SmallVector<Value> worklist{value};
  for (size_t i = 0; i < worklist.size(); ++i) {
    Operation *op = worklist[i].getDefiningOp();
    if (!op || i > maxChain || !isMemoryEffectFree(op))
      return nullptr;
    if (op->hasTrait<OpTrait::ConstantLike>() &&
        isa<TensorType>(op->getResult(0).getType()) &&
        !matchPattern(op, m_AnyZeroFloat()))
      readsTensor = true;
    // A body may read values from outside of it.
    llvm::SetVector<Value> read(op->operand_begin(), op->operand_end());
    getUsedValuesDefinedAbove(op->getRegions(), read);
    for (Value operand : read)
      if (!llvm::is_contained(worklist, operand))
        worklist.push_back(operand);
  }
  return readsTensor ? first : nullptr;
}

namespace {

/// Offsets of the positions of \p dims, the last fastest.
std::vector<int64_t> listOffsets(const WeightSource &source,
                                 ArrayRef<unsigned> dims) {
  std::vector<int64_t> offsets{0};
  for (unsigned dim : dims) {
    std::vector<int64_t> longer;
    longer.reserve(offsets.size() * source.sizes[dim]);
    for (int64_t offset : offsets)
      for (int64_t i = 0; i < source.sizes[dim]; ++i)
        longer.push_back(offset + i * source.strides[dim]);
    offsets = std::move(longer);
  }
  return offsets;
}

} // namespace

std::vector<char> gatherMatrix(const WeightSource &source, FloatType type,
                               ArrayRef<char> bytes, bool isSplat,
                               ArrayRef<unsigned> rows,
                               ArrayRef<unsigned> columns) {
  std::vector<int64_t> rowOffsets = listOffsets(source, rows);
  std::vector<int64_t> columnOffsets = listOffsets(source, columns);
  size_t width = type.getWidth() / 8;
  std::vector<char> matrix(rowOffsets.size() * columnOffsets.size() * width);
  char *next = matrix.data();
  for (int64_t row : rowOffsets)
    for (int64_t column : columnOffsets) {
      int64_t element = isSplat ? 0 : source.offset + row + column;
      std::memcpy(next, bytes.data() + element * width, width);
      next += width;
    }
  for (FloatType cast : source.casts) {
    matrix = convertFloats(matrix, type, cast);
    type = cast;
  }
  return matrix;
}

FloatType getFloatType(StringRef dtype, MLIRContext *context) {
  return llvm::StringSwitch<FloatType>(dtype)
      .Case("F64", Float64Type::get(context))
      .Case("F32", Float32Type::get(context))
      .Case("F16", Float16Type::get(context))
      .Case("BF16", BFloat16Type::get(context))
      .Default({});
}

std::vector<char> convertFloats(ArrayRef<char> bytes, FloatType from,
                                FloatType to) {
  if (from == to)
    return std::vector<char>(bytes.begin(), bytes.end());
  size_t fromBytes = from.getWidth() / 8, toBytes = to.getWidth() / 8;
  std::vector<char> converted(bytes.size() / fromBytes * toBytes);
  for (size_t i = 0; i * fromBytes < bytes.size(); ++i) {
    uint64_t bits = 0;
    std::memcpy(&bits, bytes.data() + i * fromBytes, fromBytes);
    llvm::APFloat value(from.getFloatSemantics(),
                        llvm::APInt(from.getWidth(), bits));
    bool losesInfo;
    value.convert(to.getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven,
                  &losesInfo);
    bits = value.bitcastToAPInt().getZExtValue();
    std::memcpy(converted.data() + i * toBytes, &bits, toBytes);
  }
  return converted;
}

} // namespace hinm
