//===- Pipelines.cpp - The way from a dense model to code -----------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Pipelines.h"

#include "hinm/Conversion/HiNMToGPU/HiNMToGPU.h"
#include "hinm/Conversion/Passes.h"
#include "hinm/Target/Emulator/Passes.h"
#include "hinm/Transforms/Passes.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace hinm;

void hinm::buildOrderPipeline(OpPassManager &pm,
                              const PipelineOptions &options) {
  ImportLayersOptions import;
  import.weights = options.weights;
  pm.addPass(createRaiseConcatenations());
  pm.addPass(createImportLayers(import));
  pm.addPass(createPropagateTransposes());
  AssignPatternsOptions patterns;
  patterns.sparsity = options.sparsity;
  patterns.vectorSize = options.vectorSize;
  patterns.listRows = options.listRows;
  patterns.window = options.window;
  patterns.layers = options.layers;
  patterns.skip = options.skip;
  pm.addPass(createAssignPatterns(patterns));
  const bool fromStatistics =
      options.saliency != "magnitude" && options.saliency != "squared";
  if (fromStatistics || !options.statistics.empty()) {
    AttachSaliencyOptions attach;
    attach.kind = options.saliency;
    attach.statistics = options.statistics;
    pm.addPass(createAttachSaliency(attach));
  }
  GyroPermuteOptions gyro;
  if (!fromStatistics)
    gyro.saliency = options.saliency;
  gyro.algorithm = options.algorithm;
  gyro.orders = options.orders;
  gyro.seed = options.seed;
  gyro.timeBudget = options.timeBudget;
  gyro.threads = options.threads;
  pm.addPass(createGyroPermute(gyro));
  pm.addPass(createPropagatePermutations());
  FoldPermutationsOptions fold;
  fold.requireNoPermutes = options.requireNoPermutes;
  pm.addPass(createFoldPermutations(fold));
}

void hinm::buildPrunePipeline(OpPassManager &pm,
                              const PipelineOptions &options) {
  buildOrderPipeline(pm, options);
  pm.addPass(createPrune());
}

void hinm::buildPackPipeline(OpPassManager &pm,
                             const PipelineOptions &options) {
  PackOptions pack;
  pack.dtype = options.dtype;
  pm.addPass(createPack(pack));
  pm.addPass(createSelectKernels());
  // Frees the dense weights that packing has left without a user.
  pm.addPass(createCSEPass());
}

namespace {

/// From tensors to loops over memrefs; hinm.spmm on memrefs stays.
void addBufferization(OpPassManager &pm) {
  pm.addNestedPass<func::FuncOp>(createConvertElementwiseToLinalgPass());
  bufferization::OneShotBufferizePassOptions bufferize;
  bufferize.bufferizeFunctionBoundaries = true;
  // A layer in a loop makes a new buffer in each iteration.
  bufferize.allowReturnAllocsFromLoops = true;
  bufferize.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  pm.addPass(bufferization::createOneShotBufferizePass(bufferize));
  bufferization::buildBufferDeallocationPipeline(
      pm, bufferization::BufferDeallocationPipelineOptions());
  pm.addPass(createConvertBufferizationToMemRefPass());
  pm.addPass(createConvertLinalgToLoopsPass());
}

/// The passes that every way to the LLVM dialect ends with.
void addMathToLibm(OpPassManager &pm) {
  pm.addNestedPass<func::FuncOp>(createConvertMathToLLVMPass());
  pm.addPass(createConvertMathToLibmPass());
}

} // namespace

void hinm::buildDevicePipeline(OpPassManager &pm,
                               const PipelineOptions &options) {
  ConvertHiNMToLinalgOptions fallback;
  fallback.onlySkipped = true;
  pm.addPass(createConvertHiNMToLinalg(fallback));
  addBufferization(pm);
  ConvertHiNMToGPUOptions kernels;
  if (options.device == Device::Cuda)
    kernels.chip = options.chip;
  pm.addPass(createConvertHiNMToGPU(kernels));
  GpuLoweringOptions lowering;
  if (options.device == Device::Cuda) {
    lowering.chip = options.chip;
  } else {
    lowering.chip.clear();
    pm.addPass(createAttachEmulatorTarget());
  }
  buildGpuLoweringPipeline(pm, lowering);
  addMathToLibm(pm);
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createGpuToLLVMConversionPass());
  GpuModuleToBinaryPassOptions binary;
  binary.toolkitPath = options.toolkit;
  binary.compilationTarget = options.device == Device::Cuda
                                 ? options.format.getValue()
                                 : std::string("bin");
  pm.addPass(createGpuModuleToBinaryPass(binary));
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
}

void hinm::buildHostPipeline(OpPassManager &pm) {
  pm.addPass(createConvertHiNMToLinalg());
  addBufferization(pm);
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  addMathToLibm(pm);
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
}

void hinm::registerPipelines() {
  PassPipelineRegistration<PipelineOptions>(
      "hinm-sparsify",
      "imports the linear layers, permutes, prunes and packs them, and picks "
      "their kernels; the result is still on tensors",
      [](OpPassManager &pm, const PipelineOptions &options) {
        buildPrunePipeline(pm, options);
        buildPackPipeline(pm, options);
      });
  PassPipelineRegistration<PipelineOptions>(
      "hinm-pipeline",
      "the whole way from a dense model on tensors to the LLVM dialect with "
      "compiled kernels",
      [](OpPassManager &pm, const PipelineOptions &options) {
        buildPrunePipeline(pm, options);
        buildPackPipeline(pm, options);
        buildDevicePipeline(pm, options);
      });
}
