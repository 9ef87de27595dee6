//===- LayerMatch.cpp - Recognises linear layers --------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LayerMatch.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/LinalgInterfaces.h"
#include "llvm/Support/FormatVariadic.h"
#include <numeric>

using namespace mlir;

namespace hinm {

/// An operation with more weights than this is not taken apart.
static constexpr int64_t maxLayersOfOp = 512;

namespace {

/// How many weights \p match has; the sizes of its loops over them are static.
int64_t countLayers(const LayerMatch &match) {
  int64_t count = 1;
  for (unsigned loop : match.batches)
    count *= match.sizes[loop];
  return count;
}

/// The input that \p value is, directly or widened; −1 if it is another value.
int getWidenedInput(Value value, Block *body) {
  while (auto extend = value.getDefiningOp<arith::ExtFOp>())
    value = extend.getIn();
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument || argument.getOwner() != body ||
      argument.getArgNumber() + 1 >= body->getNumArguments())
    return -1;
  return argument.getArgNumber();
}

/// Whether the body is acc + a · b in floats, a and b widened at most. The
/// interface's own check also lets through other semirings and any unary
/// operation on a factor.
bool isMultiplyAdd(linalg::LinalgOp op) {
  Block *body = op.getBlock();
  if (!body || body->getNumArguments() != 3)
    return false;
  auto add =
      body->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!add)
    return false;
  Value product = add.getRhs();
  if (add.getLhs() != body->getArgument(2)) {
    if (add.getRhs() != body->getArgument(2))
      return false;
    product = add.getLhs();
  }
  auto multiply = product.getDefiningOp<arith::MulFOp>();
  if (!multiply)
    return false;
  int a = getWidenedInput(multiply.getLhs(), body);
  int b = getWidenedInput(multiply.getRhs(), body);
  return a >= 0 && b >= 0 && a != b;
}

bool isSupportedFloat(Type type) {
  return type.isF16() || type.isBF16() || type.isF32() || type.isF64();
}

bool mergeSize(int64_t &size, int64_t other) {
  if (ShapedType::isDynamic(other))
    return true;
  if (!ShapedType::isDynamic(size) && size != other)
    return false;
  size = other;
  return true;
}

/// Sorts the loops into rows, columns and tokens. Returns why it cannot be
/// done, or an empty string.
std::string classifyLoops(LayerMatch &match) {
  linalg::LinalgOp op = match.op;
  AffineMap weightMap = op.getMatchingIndexingMap(match.weight);
  AffineMap inputMap = op.getMatchingIndexingMap(match.input);
  AffineMap outputMap = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (!weightMap.isProjectedPermutation() ||
      !inputMap.isProjectedPermutation() || !outputMap.isProjectedPermutation())
    return "its indexing maps are not plain selections of loops";

  match.sizes.assign(op.getNumLoops(), ShapedType::kDynamic);
  auto merge = [&](AffineMap map, ArrayRef<int64_t> shape) {
    for (auto [i, size] : llvm::enumerate(shape))
      if (!mergeSize(match.sizes[map.getDimPosition(i)], size))
        return false;
    return true;
  };
  if (!merge(weightMap, match.source.sizes) ||
      !merge(inputMap,
             cast<ShapedType>(match.input->get().getType()).getShape()) ||
      !merge(outputMap,
             cast<ShapedType>(op->getResult(0).getType()).getShape()))
    return "its operands disagree about the size of a loop";

  auto position = [](AffineMap map, unsigned loop) {
    return map.getResultPosition(getAffineDimExpr(loop, map.getContext()));
  };
  for (unsigned loop = 0; loop < op.getNumLoops(); ++loop) {
    std::optional<unsigned> inWeight = position(weightMap, loop);
    bool inInput = position(inputMap, loop).has_value();
    bool inOutput = position(outputMap, loop).has_value();
    bool varies = inWeight && match.source.strides[*inWeight] != 0 &&
                  match.sizes[loop] != 1;
    if (match.sizes[loop] == 0)
      return "it has a dimension of size 0";
    if (inInput && inOutput && !varies)
      match.tokens.push_back(loop);
    else if (inInput && inOutput)
      match.batches.push_back(loop);
    else if (inWeight && inOutput)
      match.rows.push_back(loop);
    else if (inWeight && inInput)
      match.columns.push_back(loop);
    else
      return "a loop runs over one operand alone";
  }
  auto sortBy = [&](AffineMap map, SmallVectorImpl<unsigned> &loops) {
    llvm::sort(loops, [&](unsigned a, unsigned b) {
      return *position(map, a) < *position(map, b);
    });
  };
  for (unsigned loop : match.batches)
    if (ShapedType::isDynamic(match.sizes[loop]))
      return "the number of its weights is dynamic";
  const int64_t layers = countLayers(match);
  // Two activations may have a batch in common.
  if (layers > 1 && !match.source.isConstant())
    return "each element of a batch has a weight of its own";
  if (layers > maxLayersOfOp)
    return llvm::formatv("it has {0} weights, more than {1}", layers,
                         maxLayersOfOp);
  sortBy(outputMap, match.rows);
  sortBy(inputMap, match.columns);
  sortBy(inputMap, match.tokens);
  if (match.columns.empty())
    return "it contracts no dimension";
  if (match.rows.empty() && match.tokens.empty())
    return "it is a dot product, not a layer";
  for (unsigned loop : llvm::concat<unsigned>(match.rows, match.columns))
    if (ShapedType::isDynamic(match.sizes[loop]))
      return "the size of its weight is dynamic";
  return {};
}

/// Sorts the loops of a convolution. Returns why it cannot be done, or an empty
/// string.
std::string classifyConvolution(LayerMatch &match) {
  linalg::LinalgOp op = match.op;
  FailureOr<linalg::ConvolutionDimensions> dims =
      linalg::inferConvolutionDims(op);
  if (failed(dims) || dims->outputImage.size() != dims->filterLoop.size())
    return "its indexing maps are not those of a convolution";
  match.sizes = op.getStaticLoopRanges();
  // Exporters also write that as groups of one channel.
  if (dims->inputChannel.empty() ||
      (!dims->depth.empty() &&
       llvm::all_of(dims->inputChannel,
                    [&](unsigned loop) { return match.sizes[loop] == 1; })))
    return "each channel has a filter of its own (depthwise): there is nothing "
           "to prune";
  if (dims->inputChannel.size() != 1 || dims->outputChannel.size() != 1 ||
      dims->batch.size() > 1)
    return "convolutions of several batch or channel dimensions are not "
           "imported";
  auto input = cast<RankedTensorType>(match.input->get().getType());
  auto output = cast<RankedTensorType>(op->getResult(0).getType());
  if (!input.hasStaticShape() || !output.hasStaticShape())
    return "convolutions of images of dynamic size are not imported";

  AffineMap inputMap = op.getMatchingIndexingMap(match.input);
  LayerMatch::Convolution convolution;
  auto findOnly = [&](unsigned loop) -> std::optional<unsigned> {
    std::optional<unsigned> found;
    for (auto [dim, expr] : llvm::enumerate(inputMap.getResults()))
      if (expr.isFunctionOfDim(loop))
        found = dim;
    return found;
  };
  if (!dims->batch.empty())
    convolution.batch = findOnly(dims->batch.front());
  convolution.channel = *findOnly(dims->inputChannel.front());
  // In the order in which the input has its pixels.
  SmallVector<unsigned> order(dims->outputImage.size());
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](unsigned a, unsigned b) {
    return *findOnly(dims->outputImage[a]) < *findOnly(dims->outputImage[b]);
  });
  match.rows = {dims->outputChannel.front()};
  match.columns = {dims->inputChannel.front()};
  match.tokens.assign(dims->batch.begin(), dims->batch.end());
  match.batches.assign(dims->depth.begin(), dims->depth.end());
  const int64_t groups = countLayers(match);
  if (groups > maxLayersOfOp)
    return llvm::formatv("it has {0} groups, more than {1}", groups,
                         maxLayersOfOp);
  for (unsigned i : order) {
    const unsigned dim = *findOnly(dims->outputImage[i]);
    const int64_t window =
        (match.sizes[dims->filterLoop[i]] - 1) * dims->dilations[i] + 1;
    if ((input.getDimSize(dim) - window) / dims->strides[i] + 1 !=
        match.sizes[dims->outputImage[i]])
      return "its result is smaller than the image allows";
    match.columns.push_back(dims->filterLoop[i]);
    match.tokens.push_back(dims->outputImage[i]);
    convolution.pixels.push_back(dim);
    convolution.strides.push_back(dims->strides[i]);
    convolution.dilations.push_back(dims->dilations[i]);
  }
  AffineMap weightMap = op.getMatchingIndexingMap(match.weight);
  if (!weightMap.isProjectedPermutation() ||
      weightMap.getNumResults() !=
          match.rows.size() + match.columns.size() + match.batches.size())
    return "its filter is not indexed by groups, channels and window alone";
  for (unsigned loop : llvm::concat<unsigned>(match.rows, match.columns))
    if (match.sizes[loop] == 0)
      return "it has a dimension of size 0";
  match.convolution = std::move(convolution);
  return {};
}

/// Checks all but the loops. Returns why the layer cannot be taken.
std::string checkTypes(const LayerMatch &match) {
  linalg::LinalgOp op = match.op;
  auto rootType = cast<RankedTensorType>(match.source.root.getType());
  for (Type type : {rootType.getElementType(), match.source.getElementType(),
                    getElementTypeOrSelf(match.input->get().getType()),
                    getElementTypeOrSelf(op->getResult(0).getType())}) {
    if (type.isIntOrIndex())
      return "integer (quantised) contractions are not imported";
    if (!isSupportedFloat(type))
      return llvm::formatv(
          "its element type {0} is none of f16, bf16, f32, f64", type);
  }
  if (!isMultiplyAdd(op))
    return "its body is not a multiplication and an addition of floats";
  for (OpOperand &operand : op->getOpOperands())
    if (auto type = dyn_cast<RankedTensorType>(operand.get().getType());
        !type || type.getEncoding())
      return "an operand is not a plain ranked tensor";
  return {};
}

bool isConvolution(linalg::LinalgOp op) {
  return isa<linalg::ConvolutionOpInterface>(op.getOperation()) ||
         linalg::isaConvolutionOpInterface(op);
}

/// Whether \p op contracts: by its interface, or by its maps and body.
bool isContraction(linalg::LinalgOp op) {
  return isa<linalg::ContractionOpInterface>(op.getOperation()) ||
         linalg::isaContractionOpInterface(op);
}

/// Whether \p op is a product of integers with their zero points, which has no
/// interface of its own.
bool isQuantisedContraction(linalg::LinalgOp op) {
  if (op.getNumDpsInputs() != 4 ||
      !getElementTypeOrSelf(op->getResult(0).getType()).isInteger())
    return false;
  return succeeded(linalg::inferContractionDims(
      {op.getMatchingIndexingMap(op.getDpsInputOperand(0)),
       op.getMatchingIndexingMap(op.getDpsInputOperand(1)),
       op.getMatchingIndexingMap(op.getDpsInitOperand(0))}));
}

} // namespace

LayerVerdict matchLayer(linalg::LinalgOp op) {
  LayerVerdict verdict;
  if (!op.hasPureTensorSemantics() || op.getNumDpsInputs() < 2 ||
      op.getNumDpsInits() != 1 || op->getNumResults() != 1)
    return verdict;
  bool contracts = isContraction(op) || isQuantisedContraction(op);
  if (!contracts && !isConvolution(op))
    return verdict;

  auto skip = [&](const llvm::Twine &reason) {
    verdict.kind = LayerVerdict::Skipped;
    verdict.reason = reason.str();
    return verdict;
  };
  OpOperand *operands[] = {op.getDpsInputOperand(0), op.getDpsInputOperand(1)};
  std::optional<WeightSource> sources[2];
  for (int i : {0, 1})
    if (isa<RankedTensorType>(operands[i]->get().getType()))
      sources[i] = traceWeight(operands[i]->get());
  auto isConstant = [&](int i) {
    return sources[i] && sources[i]->isConstant();
  };

  if (!contracts) {
    // Pooling has a window that is never read; only a filter of values counts.
    if (!isConstant(1) && !isConstant(0))
      return verdict;
    if (!isConstant(1) || isConstant(0))
      return skip("its image is a constant");
    if (op.getNumDpsInputs() != 2)
      return skip("integer (quantised) convolutions are not imported");
    LayerMatch match;
    match.op = op;
    match.weight = operands[1];
    match.input = operands[0];
    match.source = *sources[1];
    std::string problem = checkTypes(match);
    if (problem.empty())
      problem = classifyConvolution(match);
    if (!problem.empty())
      return skip(problem);
    verdict.kind = LayerVerdict::Layer;
    verdict.matches.push_back(std::move(match));
    return verdict;
  }
  if (isConstant(0) && isConstant(1))
    return skip("both operands are constants");
  if (op.getNumDpsInputs() != 2)
    return isConstant(0) || isConstant(1)
               ? skip("integer (quantised) contractions are not imported")
               : verdict;

  for (int i : {1, 0}) {
    if (isConstant(0) || isConstant(1) || sources[i])
      continue;
    Operation *culprit = findConstantComputation(operands[i]->get());
    if (culprit && culprit->hasTrait<OpTrait::ConstantLike>())
      return skip("its weight is not a plain ranked tensor");
    if (culprit)
      return skip("its weight is computed from constants by '" +
                  culprit->getName().getStringRef() + "': fold that first");
  }

  for (int i : {1, 0}) {
    bool isOnlyCandidate = !isConstant(0) && !isConstant(1);
    if (!sources[i] || (!isConstant(i) && !isOnlyCandidate))
      continue;
    LayerMatch match;
    match.op = op;
    match.weight = operands[i];
    match.input = operands[1 - i];
    match.source = *sources[i];
    std::string problem = checkTypes(match);
    if (problem.empty())
      problem = classifyLoops(match);
    // Whether an argument is a weight is not known: it is no news that it is
    // not.
    if (!problem.empty()) {
      if (isConstant(i))
        return skip(problem);
      continue;
    }
    // A product of two activations of several tokens each has a batch or not;
    // a vector is never taken for a weight.
    if (!isConstant(i) && (match.rows.empty() || match.source.sizes.size() < 2))
      continue;
    verdict.kind =
        isConstant(i) ? LayerVerdict::Layer : LayerVerdict::ArgumentLayer;
    verdict.matches.push_back(std::move(match));
  }
  return verdict;
}

} // namespace hinm
