//===- LayerCheck.cpp - Each packed layer by itself -----------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LayerCheck.h"

#include "hinm-c/Runtime.h"
#include "hinm/Core/Reference.h"
#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "hinm/Dialect/HiNM/Utils/ConstantData.h"
#include "hinm/Transforms/LayerStats.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace hinm::run {

namespace {

/// The weight that \p op multiplies with, rebuilt from its constants.
llvm::Expected<core::Matrix<double>> readWeight(SpmmOp op) {
  auto refuse = [&](llvm::StringRef reason) {
    return llvm::createStringError("layer '" + getLayerName(op) + "' " +
                                   reason);
  };
  // The folder of hinm.unpack decodes and checks the operands.
  OpBuilder builder(op);
  Type element = cast<ShapedType>(op.getValues().getType()).getElementType();
  auto type = RankedTensorType::get(
      {op.getFormat().getRows(), op.getFormat().getColumns()}, element);
  Value unpacked = builder.createOrFold<UnpackOp>(
      op.getLoc(), type, op.getValues(), op.getMetadata(), op.getColumnList(),
      op.getTileOffsets(), op.getFormat());
  ElementsAttr constant = getConstant(unpacked);
  if (unpacked.use_empty())
    unpacked.getDefiningOp()->erase();
  std::optional<std::vector<float>> values;
  if (constant)
    values = readFloats(constant);
  if (!values)
    return refuse("has packed operands that are no valid constants");
  SmallVector<int32_t> rowIndex;
  if (Value order = op.getRowIndex()) {
    ElementsAttr orderConstant = getConstant(order);
    std::optional<SmallVector<int32_t>> indices;
    if (orderConstant)
      indices = readInts(orderConstant);
    if (!indices)
      return refuse("has a row index that is no constant");
    rowIndex = std::move(*indices);
  }
  core::Matrix<double> weight(type.getDimSize(0), type.getDimSize(1));
  for (int64_t r = 0; r < weight.getRows(); ++r)
    for (int64_t c = 0; c < weight.getCols(); ++c)
      weight(rowIndex.empty() ? r : rowIndex[r], c) =
          (*values)[r * weight.getCols() + c];
  return weight;
}

/// The patches of \p image, C × B·H·W, pixel by pixel.
core::Matrix<double> takePatches(core::MatrixView<double> image,
                                 ConvolutionAttr convolution) {
  ArrayRef<int64_t> sizes = convolution.getImage();
  ArrayRef<int64_t> kernel = convolution.getKernel();
  const SmallVector<int64_t> outputs = convolution.getOutputSizes();
  core::Matrix<double> patches(image.getRows() * convolution.getWindowSize(),
                               convolution.getNumOutputPixels());
  /// The digits of \p number in the mixed base \p bases.
  auto split = [](int64_t number, ArrayRef<int64_t> bases) {
    SmallVector<int64_t> digits(bases.size());
    for (int64_t d = bases.size() - 1; d >= 0; --d) {
      digits[d] = number % bases[d];
      number /= bases[d];
    }
    return std::pair(digits, number);
  };
  for (int64_t row = 0; row < patches.getRows(); ++row)
    for (int64_t column = 0; column < patches.getCols(); ++column) {
      auto [inWindow, channel] = split(row, kernel);
      auto [pixel, batch] = split(column, outputs);
      int64_t position = batch;
      for (int64_t d = 0; d < convolution.getRank(); ++d)
        position = position * sizes[d + 1] +
                   pixel[d] * convolution.getStrides()[d] +
                   inWindow[d] * convolution.getDilations()[d];
      patches(row, column) = image(channel, position);
    }
  return patches;
}

double roundToTF32(double value) {
  llvm::APFloat number(value);
  bool losesInfo;
  number.convert(llvm::APFloat::FloatTF32(), llvm::APFloat::rmNearestTiesToEven,
                 &losesInfo);
  number.convert(llvm::APFloat::IEEEdouble(),
                 llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return number.convertToDouble();
}

core::Matrix<double> transpose(core::MatrixView<double> matrix) {
  core::Matrix<double> turned(matrix.getCols(), matrix.getRows());
  for (int64_t r = 0; r < turned.getRows(); ++r)
    for (int64_t c = 0; c < turned.getCols(); ++c)
      turned(r, c) = matrix(c, r);
  return turned;
}

} // namespace

llvm::Expected<std::vector<LayerFunction>> isolateLayers(ModuleOp module,
                                                         int64_t tokens) {
  SmallVector<SpmmOp> layers;
  module.walk([&](SpmmOp op) {
    if (op.getScheduleAttr())
      layers.push_back(op);
  });
  std::vector<LayerFunction> functions;
  OpBuilder builder(module.getContext());
  for (SpmmOp op : layers) {
    LayerFunction layer;
    llvm::Expected<core::Matrix<double>> weight = readWeight(op);
    if (!weight)
      return weight.takeError();
    layer.weight = std::move(*weight);
    layer.function = "hinm_layer_" + std::to_string(functions.size());
    // The product alone, as it is summed where an epilogue would have rounded
    // it: what
    // it is checked against knows no epilogue.
    auto initType = cast<RankedTensorType>(op.getInit().getType());
    if (op.hasEpilogue())
      initType = RankedTensorType::get(initType.getShape(), op.getSumType());
    layer.type = builder.getFunctionType(op.getInput().getType(), initType);
    // The kernels take rows of X of a multiple of 16 bytes.
    layer.tokens = llvm::alignTo(tokens, getTokensOfChunk(getElementTypeOrSelf(
                                             op.getInput().getType())));
    layer.convolution = op.getConvolutionAttr();
    layer.tokenMajorInput = op.getTokenMajorInput();
    layer.tokenMajorOutput = op.getTokenMajorOutput();

    builder.setInsertionPointToEnd(module.getBody());
    auto function =
        func::FuncOp::create(builder, op.getLoc(), layer.function, layer.type);
    builder.setInsertionPointToStart(function.addEntryBlock());
    auto copy = [&](Value operand) -> Value {
      if (operand && operand.getDefiningOp<arith::ConstantOp>())
        return builder.clone(*operand.getDefiningOp())->getResult(0);
      return Value();
    };
    Value input = function.getArgument(0);
    SmallVector<OpFoldResult> sizes;
    for (int64_t dim : {0, 1})
      sizes.push_back(initType.isDynamicDim(dim)
                          ? tensor::getMixedSize(builder, op.getLoc(), input,
                                                 op.getInputTokenDim())
                          : builder.getIndexAttr(initType.getDimSize(dim)));
    Value init = tensor::EmptyOp::create(builder, op.getLoc(), sizes,
                                         initType.getElementType());
    Value slabRows = copy(op.getSlabRows());
    Value slabPlaces = copy(op.getSlabPlaces());
    auto product =
        SpmmOp::create(builder, op.getLoc(), initType, copy(op.getValues()),
                       copy(op.getMetadata()), copy(op.getColumnList()),
                       copy(op.getTileOffsets()), input, copy(op.getRowIndex()),
                       init, op.getFormat(), op.getLayerAttr(),
                       op.getScheduleAttr(), op.getConvolutionAttr());
    if (slabRows) {
      product.getSlabRowsMutable().assign(slabRows);
      product.getSlabPlacesMutable().assign(slabPlaces);
    }
    product.setTokenMajorInput(op.getTokenMajorInput());
    product.setTokenMajorOutput(op.getTokenMajorOutput());
    func::ReturnOp::create(builder, op.getLoc(), product.getResult());
    functions.push_back(std::move(layer));
  }
  return functions;
}

llvm::Expected<LayerRun> runLayer(Executor &executor,
                                  const LayerFunction &layer,
                                  std::mt19937_64 &random) {
  auto inputType = cast<RankedTensorType>(layer.type.getInput(0));
  std::vector<int64_t> shape(inputType.getShape());
  int64_t &tokens = shape[layer.tokenMajorInput ? 0 : 1];
  if (ShapedType::isDynamic(tokens))
    tokens = layer.tokens;
  Tensor input = makeRandom(shape, inputType.getElementType(), random);
  // Drawn from what is multiplied, so that the sums alone are rounded.
  if (inputType.getElementType().isF32())
    for (double &value : input.values)
      value = roundToTF32(value);
  hinmRuntimeResetLaunches();
  llvm::Expected<std::vector<Tensor>> results =
      executor.call(layer.function, layer.type, input);
  if (!results)
    return results.takeError();
  LayerRun run;
  for (int64_t i = 0; i < hinmRuntimeLaunchCount(); ++i)
    run.milliseconds += hinmRuntimeLaunchMilliseconds(i);
  core::MatrixView<double> multiplied(input.values.data(), input.shape[0],
                                      input.shape[1]);
  core::Matrix<double> rearranged;
  if (layer.convolution)
    multiplied = rearranged = takePatches(multiplied, layer.convolution);
  else if (layer.tokenMajorInput)
    multiplied = rearranged = transpose(multiplied);
  core::Matrix<double> expected =
      core::referenceMatmul(layer.weight, multiplied);
  // A kernel may store whole chunks of pixels: what is behind the last one does
  // not count.
  const Tensor &result = results->front();
  const int64_t rowPitch = layer.tokenMajorOutput ? 1 : result.shape[1];
  const int64_t tokenPitch = layer.tokenMajorOutput ? result.shape[1] : 1;
  core::Matrix<double> found(expected.getRows(), expected.getCols());
  for (int64_t r = 0; r < found.getRows(); ++r)
    for (int64_t n = 0; n < found.getCols(); ++n)
      found(r, n) = result.values[r * rowPitch + n * tokenPitch];
  run.error = core::relativeError(found, expected);
  return run;
}

} // namespace hinm::run
