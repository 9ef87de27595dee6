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
    layer.type = builder.getFunctionType(op.getInput().getType(),
                                         op.getInit().getType());
    // The kernels take rows of X of a multiple of 16 bytes.
    layer.tokens = llvm::alignTo(tokens, 8);

    builder.setInsertionPointToEnd(module.getBody());
    auto function =
        func::FuncOp::create(builder, op.getLoc(), layer.function, layer.type);
    builder.setInsertionPointToStart(function.addEntryBlock());
    IRMapping mapping;
    for (Value operand : op->getOperands())
      if (Operation *producer = operand.getDefiningOp())
        if (isa<arith::ConstantOp>(producer))
          builder.clone(*producer, mapping);
    Value input = function.getArgument(0);
    mapping.map(op.getInput(), input);
    auto initType = cast<RankedTensorType>(op.getInit().getType());
    SmallVector<OpFoldResult> sizes{
        builder.getIndexAttr(initType.getDimSize(0)),
        tensor::getMixedSize(builder, op.getLoc(), input, 1)};
    mapping.map(op.getInit(),
                tensor::EmptyOp::create(builder, op.getLoc(), sizes,
                                        initType.getElementType())
                    .getResult());
    Operation *clone = builder.clone(*op, mapping);
    func::ReturnOp::create(builder, op.getLoc(), clone->getResults());
    functions.push_back(std::move(layer));
  }
  return functions;
}

llvm::Expected<LayerRun> runLayer(Executor &executor,
                                  const LayerFunction &layer,
                                  std::mt19937_64 &random) {
  auto inputType = cast<RankedTensorType>(layer.type.getInput(0));
  int64_t tokens =
      inputType.isDynamicDim(1) ? layer.tokens : inputType.getDimSize(1);
  Tensor input = makeRandom({inputType.getDimSize(0), tokens},
                            inputType.getElementType(), random);
  hinmRuntimeResetLaunches();
  llvm::Expected<std::vector<Tensor>> results =
      executor.call(layer.function, layer.type, input);
  if (!results)
    return results.takeError();
  LayerRun run;
  for (int64_t i = 0; i < hinmRuntimeLaunchCount(); ++i)
    run.milliseconds += hinmRuntimeLaunchMilliseconds(i);
  core::Matrix<double> expected = core::referenceMatmul(
      layer.weight, {input.values.data(), input.shape[0], tokens});
  run.error = core::relativeError(
      {results->front().values.data(), expected.getRows(), tokens}, expected);
  return run;
}

} // namespace hinm::run
