//===- ImportLayers.cpp - hinm-import-layers ------------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LayerMatch.h"
#include "WeightBinding.h"
#include "hinm/Dialect/HiNM/IR/HiNMDialect.h"
#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "hinm/Dialect/HiNM/Utils/ConstantData.h"
#include "hinm/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/StringSet.h"

namespace hinm {
#define GEN_PASS_DEF_IMPORTLAYERS
#include "hinm/Transforms/Passes.h.inc"
} // namespace hinm

using namespace mlir;
using namespace hinm;

namespace {

/// The layers of an operation, one for each weight: its data, as [rows,
/// columns], and its name.
struct LayerPlan {
  LayerMatch match;
  SmallVector<ElementsAttr> weights;
  SmallVector<std::string> names;
};

int64_t multiplySizes(const LayerMatch &match, ArrayRef<unsigned> loops) {
  int64_t product = 1;
  for (unsigned loop : loops) {
    if (ShapedType::isDynamic(match.sizes[loop]))
      return ShapedType::kDynamic;
    product *= match.sizes[loop];
  }
  return product;
}

/// Where \p loops stand among the results of \p map.
SmallVector<int64_t> findPositions(AffineMap map, ArrayRef<unsigned> loops) {
  SmallVector<int64_t> positions;
  for (unsigned loop : loops)
    positions.push_back(
        *map.getResultPosition(getAffineDimExpr(loop, map.getContext())));
  return positions;
}

/// Every index of the loops over layers, the last fastest; one without numbers
/// if there is only one layer.
SmallVector<SmallVector<int64_t>> getLayerIndices(const LayerMatch &match) {
  SmallVector<int64_t> sizes;
  for (unsigned loop : match.batches)
    sizes.push_back(match.sizes[loop]);
  const SmallVector<int64_t> strides = computeSuffixProduct(sizes);
  SmallVector<SmallVector<int64_t>> indices;
  for (int64_t i = 0, e = multiplySizes(match, match.batches); i < e; ++i)
    indices.push_back(delinearize(i, strides));
  return indices;
}

/// The layer \p index of \p match: its loops over layers have become tokens, of
/// size 1.
LayerMatch pickLayer(const LayerMatch &match, ArrayRef<int64_t> index) {
  LayerMatch layer = match;
  linalg::LinalgOp op = match.op;
  AffineMap map = op.getMatchingIndexingMap(match.weight);
  for (auto [loop, dim, i] : llvm::zip_equal(
           match.batches, findPositions(map, match.batches), index)) {
    layer.source.offset += i * match.source.strides[dim];
    layer.sizes[loop] = 1;
    layer.tokens.push_back(loop);
  }
  layer.batches.clear();
  return layer;
}

bool isIdentity(ArrayRef<int64_t> permutation) {
  for (auto [i, position] : llvm::enumerate(permutation))
    if (static_cast<int64_t>(i) != position)
      return false;
  return true;
}

SmallVector<int64_t> concatenate(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  SmallVector<int64_t> both(a);
  both.append(b.begin(), b.end());
  return both;
}

/// Two groups of \p first and \p second consecutive dimensions; an empty one is
/// left out.
SmallVector<ReassociationIndices> groupDims(size_t first, size_t second) {
  SmallVector<ReassociationIndices> groups;
  int64_t next = 0;
  for (size_t size : {first, second}) {
    ReassociationIndices group;
    for (size_t i = 0; i < size; ++i)
      group.push_back(next++);
    if (!group.empty())
      groups.push_back(group);
  }
  return groups;
}

Value castToShape(OpBuilder &b, Location loc, Value value,
                  ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getShape() == shape)
    return value;
  return tensor::CastOp::create(b, loc, type.clone(shape), value);
}

Value makeTranspose(OpBuilder &b, Location loc, Value value,
                    ArrayRef<int64_t> permutation) {
  if (isIdentity(permutation))
    return value;
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, value);
  SmallVector<OpFoldResult> permuted;
  for (int64_t dim : permutation)
    permuted.push_back(sizes[dim]);
  Value empty =
      tensor::EmptyOp::create(b, loc, permuted, type.getElementType());
  return linalg::TransposeOp::create(b, loc, value, empty, permutation)
      ->getResult(0);
}

/// \p value, of static shape, as a tensor of \p shape with as many elements.
Value reshapeTo(OpBuilder &b, Location loc, Value value,
                ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getShape() == shape)
    return value;
  auto target = type.clone(shape);
  std::optional<SmallVector<ReassociationIndices>> groups =
      getReassociationIndicesForReshape(type, target);
  if (groups && type.getRank() > target.getRank())
    return tensor::CollapseShapeOp::create(b, loc, target, value, *groups);
  if (groups && type.getRank() < target.getRank())
    return tensor::ExpandShapeOp::create(b, loc, target, value, *groups);
  // Where sizes of 1 stand is ambiguous: without them first, then in one row.
  auto strip = [](ArrayRef<int64_t> sizes) {
    SmallVector<int64_t> stripped;
    llvm::copy_if(sizes, std::back_inserter(stripped),
                  [](int64_t size) { return size != 1; });
    if (stripped.empty())
      stripped.push_back(1);
    return stripped;
  };
  SmallVector<int64_t> through = strip(type.getShape());
  if (ArrayRef<int64_t>(through) == type.getShape())
    through = strip(shape);
  if (ArrayRef<int64_t>(through) == shape)
    through = {type.getNumElements()};
  return reshapeTo(b, loc, reshapeTo(b, loc, value, through), shape);
}

/// Collapses \p value, whose dimensions are \p first then \p second ones, to a
/// matrix.
Value collapseToMatrix(OpBuilder &b, Location loc, Value value, size_t first,
                       size_t second) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<ReassociationIndices> groups = groupDims(first, second);
  if (groups.size() < static_cast<size_t>(type.getRank()))
    value = tensor::CollapseShapeOp::create(b, loc, value, groups);
  if (groups.size() == 2)
    return value;
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, value);
  sizes.insert(first == 0 ? sizes.begin() : sizes.end(), b.getIndexAttr(1));
  return tensor::ExpandShapeOp::create(
      b, loc, type.clone(decomposeMixedValues(sizes).first), value,
      SmallVector<ReassociationIndices>{{0, 1}}, sizes);
}

/// The inverse: gives matrix \p value the dimensions of \p sizes, of which the
/// first \p first come from its rows.
Value expandFromMatrix(OpBuilder &b, Location loc, Value value, size_t first,
                       ArrayRef<OpFoldResult> sizes) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<ReassociationIndices> groups =
      groupDims(first, sizes.size() - first);
  if (groups.size() == 1)
    value = tensor::CollapseShapeOp::create(
        b, loc, value, SmallVector<ReassociationIndices>{{0, 1}});
  if (groups.size() == sizes.size())
    return value;
  return tensor::ExpandShapeOp::create(
      b, loc,
      type.clone(decomposeMixedValues(SmallVector<OpFoldResult>(sizes)).first),
      value, groups, sizes);
}

/// Offsets and sizes of the part of an operand, indexed by \p map, that layer
/// \p index of \p match has; \p value is of the operand's shape.
std::pair<SmallVector<OpFoldResult>, SmallVector<OpFoldResult>>
findPart(OpBuilder &b, Location loc, const LayerMatch &match, AffineMap map,
         Value value, ArrayRef<int64_t> index) {
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, value);
  SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0));
  for (auto [dim, i] :
       llvm::zip_equal(findPositions(map, match.batches), index)) {
    offsets[dim] = b.getIndexAttr(i);
    sizes[dim] = b.getIndexAttr(1);
  }
  return {offsets, sizes};
}

/// The input \p value as columns × tokens.
Value buildInput(OpBuilder &b, Location loc, const LayerMatch &match,
                 Value value) {
  AffineMap map =
      linalg::LinalgOp(match.op).getMatchingIndexingMap(match.input);
  SmallVector<int64_t> shape;
  for (unsigned i = 0; i < map.getNumResults(); ++i)
    shape.push_back(match.sizes[map.getDimPosition(i)]);
  Value input = castToShape(b, loc, value, shape);
  SmallVector<int64_t> columns = findPositions(map, match.columns);
  SmallVector<int64_t> tokens = findPositions(map, match.tokens);
  if (isIdentity(concatenate(tokens, columns)) && !tokens.empty()) {
    Value matrix =
        collapseToMatrix(b, loc, input, tokens.size(), columns.size());
    return makeTranspose(b, loc, matrix, {1, 0});
  }
  input = makeTranspose(b, loc, input, concatenate(columns, tokens));
  return collapseToMatrix(b, loc, input, columns.size(), tokens.size());
}

/// \p value, taken for a tensor of \p sizes, with its dimensions in the order
/// \p permutation, as one of \p shape. If only dimensions of size 1 change
/// places that is a reshape.
Value reorderDims(OpBuilder &b, Location loc, Value value,
                  ArrayRef<int64_t> sizes, ArrayRef<int64_t> permutation,
                  ArrayRef<int64_t> shape) {
  SmallVector<int64_t> moving;
  llvm::copy_if(permutation, std::back_inserter(moving),
                [&](int64_t dim) { return sizes[dim] != 1; });
  if (!llvm::is_sorted(moving))
    value = makeTranspose(b, loc, reshapeTo(b, loc, value, sizes), permutation);
  return reshapeTo(b, loc, value, shape);
}

/// The image as channels × pixels, and, unless each window is one pixel of it,
/// its patches.
Value buildPatches(OpBuilder &b, Location loc, const LayerMatch &match,
                   Value input) {
  const LayerMatch::Convolution &convolution = *match.convolution;
  ArrayRef<int64_t> shape = cast<RankedTensorType>(input.getType()).getShape();
  SmallVector<int64_t> order = {convolution.channel};
  if (convolution.batch)
    order.push_back(*convolution.batch);
  order.append(convolution.pixels.begin(), convolution.pixels.end());
  SmallVector<int64_t> sizes, kernel;
  if (!convolution.batch)
    sizes.push_back(1);
  for (int64_t dim : ArrayRef(order).drop_front())
    sizes.push_back(shape[dim]);
  // The group, of which there is one here.
  for (int64_t dim = 0; dim < static_cast<int64_t>(shape.size()); ++dim)
    if (!llvm::is_contained(order, dim))
      order.push_back(dim);
  for (unsigned loop : ArrayRef(match.columns).drop_front())
    kernel.push_back(match.sizes[loop]);
  auto attr = ConvolutionAttr::get(b.getContext(), sizes, kernel,
                                   convolution.strides, convolution.dilations);
  Value image =
      reorderDims(b, loc, input, shape, order,
                  {shape[convolution.channel], attr.getNumImagePixels()});
  auto isOne = [](int64_t value) { return value == 1; };
  if (llvm::all_of(kernel, isOne) && llvm::all_of(convolution.strides, isOne))
    return image;
  return PatchesOp::create(b, loc, image, attr);
}

/// The product, rows × tokens, in the shape of a convolution's result.
Value buildImage(OpBuilder &b, Location loc, const LayerMatch &match,
                 Value product) {
  linalg::LinalgOp op = match.op;
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  SmallVector<int64_t> from = concatenate(findPositions(map, match.rows),
                                          findPositions(map, match.tokens));
  SmallVector<int64_t> sizes, inverse(from.size()), shape(from.size());
  for (auto [i, position] : llvm::enumerate(from)) {
    sizes.push_back(match.sizes[map.getDimPosition(position)]);
    shape[position] = sizes.back();
    inverse[position] = i;
  }
  return reorderDims(b, loc, product, sizes, inverse, shape);
}

/// The product, rows × tokens, in the result's shape.
Value buildResult(OpBuilder &b, Location loc, const LayerMatch &match,
                  Value product) {
  linalg::LinalgOp op = match.op;
  OpOperand *init = op.getDpsInitOperand(0);
  AffineMap map = op.getMatchingIndexingMap(init);
  SmallVector<int64_t> rows = findPositions(map, match.rows);
  SmallVector<int64_t> tokens = findPositions(map, match.tokens);
  auto getSizes = [&](ArrayRef<int64_t> positions) {
    SmallVector<OpFoldResult> sizes;
    for (int64_t position : positions) {
      int64_t size = match.sizes[map.getDimPosition(position)];
      if (ShapedType::isDynamic(size))
        sizes.push_back(tensor::getMixedSize(b, loc, init->get(), position));
      else
        sizes.push_back(b.getIndexAttr(size));
    }
    return sizes;
  };
  SmallVector<int64_t> tokenMajor = concatenate(tokens, rows);
  if (isIdentity(tokenMajor) && !tokens.empty() && !rows.empty())
    return expandFromMatrix(b, loc, makeTranspose(b, loc, product, {1, 0}),
                            tokens.size(), getSizes(tokenMajor));
  SmallVector<int64_t> rowMajor = concatenate(rows, tokens);
  Value expanded =
      expandFromMatrix(b, loc, product, rows.size(), getSizes(rowMajor));
  // Dimension i of the result stands at inverse[i] of rows, then tokens.
  SmallVector<int64_t> inverse(rowMajor.size());
  for (auto [i, position] : llvm::enumerate(rowMajor))
    inverse[position] = i;
  return makeTranspose(b, loc, expanded, inverse);
}

/// Whether adding to \p init is adding to zero. The values of a `tensor.empty`
/// are undefined, so that zero does for them.
bool isZero(Value init) {
  while (Operation *def = init.getDefiningOp()) {
    if (matchPattern(init, m_AnyZeroFloat()) || isa<tensor::EmptyOp>(def))
      return true;
    if (auto fill = dyn_cast<linalg::FillOp>(def))
      return matchPattern(fill.getInputs()[0], m_AnyZeroFloat());
    if (auto generic = dyn_cast<linalg::GenericOp>(def)) {
      if (generic->getNumResults() != 1)
        return false;
      return matchPattern(generic.getBody()->getTerminator()->getOperand(0),
                          m_AnyZeroFloat());
    }
    if (!isa<tensor::CastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(
            def))
      return false;
    init = def->getOperand(0);
  }
  return false;
}

/// Erases \p values' producers that nothing reads any more.
void eraseDeadProducers(IRRewriter &rewriter, SmallVector<Value> values) {
  while (!values.empty()) {
    Operation *def = values.pop_back_val().getDefiningOp();
    if (!def || !isOpTriviallyDead(def))
      continue;
    // An operand read twice must not be visited after it is gone.
    SmallVector<Value> operands;
    for (Value operand : def->getOperands())
      if (!llvm::is_contained(operands, operand))
        operands.push_back(operand);
    llvm::erase_if(values, [&](Value v) { return v.getDefiningOp() == def; });
    rewriter.eraseOp(def);
    for (Value operand : operands)
      if (!llvm::is_contained(values, operand))
        values.push_back(operand);
  }
}

/// The result of one layer, in the shape of the operation's.
Value buildLayer(OpBuilder &b, Location loc, const LayerMatch &match,
                 Value input, ElementsAttr weightData, StringRef name) {
  Value weight = arith::ConstantOp::create(b, loc, cast<TypedAttr>(weightData));
  input = match.convolution ? buildPatches(b, loc, match, input)
                            : buildInput(b, loc, match, input);
  linalg::LinalgOp op = match.op;
  SmallVector<OpFoldResult> sizes{
      b.getIndexAttr(multiplySizes(match, match.rows)),
      tensor::getMixedSize(b, loc, input, 1)};
  Value empty = tensor::EmptyOp::create(
      b, loc, sizes, getElementTypeOrSelf(op->getResult(0).getType()));
  Value product = hinm::MatmulOp::create(b, loc, weight, input, empty,
                                         b.getStringAttr(name))
                      .getResult();
  return match.convolution ? buildImage(b, loc, match, product)
                           : buildResult(b, loc, match, product);
}

void rewriteLayer(IRRewriter &rewriter, const LayerPlan &plan) {
  const LayerMatch &match = plan.match;
  linalg::LinalgOp op = match.op;
  Location loc = op.getLoc();
  rewriter.setInsertionPoint(op);
  auto resultType = cast<RankedTensorType>(op->getResult(0).getType());
  Value input = match.input->get(), init = op.getDpsInitOperand(0)->get();
  Value result;
  if (match.batches.empty()) {
    result = buildLayer(rewriter, loc, match, input, plan.weights.front(),
                        plan.names.front());
  } else {
    result = tensor::EmptyOp::create(rewriter, loc,
                                     tensor::getMixedSizes(rewriter, loc, init),
                                     resultType.getElementType());
    for (auto [index, weight, name] :
         llvm::zip_equal(getLayerIndices(match), plan.weights, plan.names)) {
      auto [offsets, sizes] =
          findPart(rewriter, loc, match, op.getMatchingIndexingMap(match.input),
                   input, index);
      SmallVector<OpFoldResult> ones(offsets.size(), rewriter.getIndexAttr(1));
      Value part = tensor::ExtractSliceOp::create(rewriter, loc, input, offsets,
                                                  sizes, ones);
      Value layer = buildLayer(rewriter, loc, pickLayer(match, index), part,
                               weight, name);
      auto [toOffsets, toSizes] = findPart(
          rewriter, loc, match,
          op.getMatchingIndexingMap(op.getDpsInitOperand(0)), result, index);
      ones.resize(toOffsets.size(), rewriter.getIndexAttr(1));
      result = tensor::InsertSliceOp::create(rewriter, loc, layer, result,
                                             toOffsets, toSizes, ones);
    }
  }
  result = castToShape(rewriter, loc, result, resultType.getShape());
  if (!isZero(init)) {
    Value sum = tensor::EmptyOp::create(
        rewriter, loc, tensor::getMixedSizes(rewriter, loc, init),
        resultType.getElementType());
    sum = castToShape(rewriter, loc, sum, resultType.getShape());
    result = linalg::AddOp::create(rewriter, loc, ValueRange{result, init},
                                   ValueRange{sum})
                 ->getResult(0);
  }
  SmallVector<Value> operands(op->getOperands());
  rewriter.replaceOp(op, result);
  eraseDeadProducers(rewriter, operands);
}

struct ImportLayersPass
    : public hinm::impl::ImportLayersBase<ImportLayersPass> {
  using ImportLayersBase::ImportLayersBase;

  void runOnOperation() override {
    FailureOr<WeightBinder> binder =
        WeightBinder::create(getOperation(), weights, bind);
    if (failed(binder))
      return signalPassFailure();

    // Everything is decided before anything is changed, so that a refused
    // module stays as it was.
    SmallVector<LayerPlan, 0> plans;
    SmallVector<std::pair<Operation *, std::string>> skipped;
    bool refused = false;
    getOperation()->walk([&](linalg::LinalgOp op) {
      LayerVerdict verdict = matchLayer(op);
      if (verdict.kind == LayerVerdict::NotALayer)
        return;
      if (verdict.kind == LayerVerdict::Skipped) {
        skipped.emplace_back(op, verdict.reason);
        return;
      }
      std::string reason;
      for (LayerMatch &match : verdict.matches) {
        LayerPlan plan{match, {}, {}};
        bool complete = true;
        for (ArrayRef<int64_t> index : getLayerIndices(match)) {
          FailureOr<WeightBinder::Result> bound =
              binder->getMatrix(pickLayer(match, index));
          if (failed(bound)) {
            refused = true;
            return;
          }
          complete = static_cast<bool>(bound->weight);
          if (!complete) {
            if (reason.empty())
              reason = bound->reason;
            break;
          }
          plan.weights.push_back(bound->weight);
          plan.names.push_back(bound->name);
        }
        if (complete) {
          plans.push_back(std::move(plan));
          return;
        }
      }
      skipped.emplace_back(op, reason);
    });
    if (refused || failed(binder->checkLooseConstants()))
      return signalPassFailure();

    nameLayers(plans);
    for (auto &[op, reason] : skipped) {
      op->setAttr("hinm.skipped", StringAttr::get(&getContext(), reason));
      emitRemark(op->getLoc()) << "not imported: " << reason;
      remark::missed(op->getLoc(), makeOpts("layer-skipped", op)) << reason;
    }
    IRRewriter rewriter(&getContext());
    for (LayerPlan &plan : plans) {
      for (auto [weight, name] : llvm::zip_equal(plan.weights, plan.names))
        remark::passed(plan.match.op.getLoc(),
                       makeOpts("layer-imported", plan.match.op))
            << remark::metric("layer", name)
            << remark::metric("rows", weight.getShapedType().getDimSize(0))
            << remark::metric("columns", weight.getShapedType().getDimSize(1))
            << remark::metric("form", plan.match.op->getName().getStringRef());
      rewriteLayer(rewriter, plan);
    }
    binder->bindLooseConstants();
  }

private:
  static remark::RemarkOpts makeOpts(StringRef name, Operation *op) {
    auto function = op->getParentOfType<FunctionOpInterface>();
    return remark::RemarkOpts::name(name).category("hinm").function(
        function ? function.getName() : StringRef());
  }

  /// Gives unnamed layers `<function>.layer<k>` and makes all names unique,
  /// also among the layers that are there already.
  void nameLayers(MutableArrayRef<LayerPlan> plans) {
    llvm::StringSet<> taken;
    getOperation()->walk([&](hinm::MatmulOp op) {
      if (op.getLayer())
        taken.insert(*op.getLayer());
    });
    llvm::StringMap<unsigned> counters;
    for (LayerPlan &plan : plans) {
      auto function = plan.match.op->getParentOfType<FunctionOpInterface>();
      std::string owner = function ? function.getName().str() : "module";
      for (std::string &name : plan.names) {
        if (name.empty()) {
          do
            name = owner + ".layer" + std::to_string(counters[owner]++);
          while (!taken.insert(name).second);
          continue;
        }
        std::string base = name;
        for (unsigned copy = 2; !taken.insert(name).second; ++copy)
          name = base + "." + std::to_string(copy);
      }
    }
  }
};

} // namespace
