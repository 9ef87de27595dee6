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
#include "hinm/Dialect/HiNM/IR/HiNMDialect.h"
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
#include "llvm/Support/raw_ostream.h"

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
  // The only sparsity that mma.sp has of tf32.
  if (options.dtype == "tf32")
    patterns.nm = "1:2";
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
  if (llvm::is_contained({"i8", "f8E4M3FN", "f8E5M2"}, options.dtype)) {
    QuantizeOptions quantize;
    quantize.elementType = options.dtype;
    pm.addPass(createQuantize(quantize));
  } else {
    pack.dtype = options.dtype;
  }
  pm.addPass(createPack(pack));
  pm.addPass(createFuseEpilogues());
  SelectKernelsOptions kernels;
  kernels.table = options.schedules;
  kernels.chip = options.chip;
  pm.addPass(createSelectKernels(kernels));
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
  pm.addPass(createExpandSmallFloats());
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

namespace {

/// Runs a pipeline, of which nobody sees the module before it ends.
class OwningPipelinePass
    : public PassWrapper<OwningPipelinePass, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(OwningPipelinePass)

  OwningPipelinePass() = default;
  explicit OwningPipelinePass(
      llvm::function_ref<void(OpPassManager &)> populate) {
    populate(passes);
    llvm::raw_string_ostream os(pipeline);
    llvm::interleaveComma(passes, os,
                          [&](Pass &pass) { pass.printAsTextualPipeline(os); });
  }
  OwningPipelinePass(const OwningPipelinePass &other)
      : PassWrapper(other), passes(other.passes) {}

  StringRef getArgument() const final { return "hinm-owning-pipeline"; }
  StringRef getDescription() const final {
    return "runs passes, and frees the constants that they make and replace";
  }
  void getDependentDialects(DialectRegistry &registry) const final {
    registry.insert<HiNMDialect>();
    passes.getDependentDialects(registry);
  }
  LogicalResult initializeOptions(
      StringRef options,
      llvm::function_ref<LogicalResult(const llvm::Twine &)> error) final {
    if (failed(PassWrapper::initializeOptions(options, error)))
      return failure();
    if (failed(parsePassPipeline(pipeline, passes)))
      return error("cannot parse the pipeline '" + pipeline + "'");
    return success();
  }
  void runOnOperation() final {
    ConstantOwner owner(getOperation());
    if (failed(runPipeline(passes, getOperation())))
      signalPassFailure();
  }

private:
  OpPassManager passes = OpPassManager(ModuleOp::getOperationName());
  Option<std::string> pipeline{*this, "pipeline",
                               llvm::cl::desc("The passes, on modules")};
};

} // namespace

void hinm::buildSparsePipeline(OpPassManager &pm,
                               const PipelineOptions &options) {
  pm.addPass(std::make_unique<OwningPipelinePass>([&](OpPassManager &passes) {
    buildPrunePipeline(passes, options);
    buildPackPipeline(passes, options);
  }));
}

void hinm::registerPipelines() {
  PassRegistration<OwningPipelinePass>();
  PassPipelineRegistration<PipelineOptions>(
      "hinm-sparsify",
      "imports the linear layers, permutes, prunes and packs them, and picks "
      "their kernels; the result is still on tensors",
      [](OpPassManager &pm, const PipelineOptions &options) {
        buildSparsePipeline(pm, options);
      });
  PassPipelineRegistration<PipelineOptions>(
      "hinm-pipeline",
      "the whole way from a dense model on tensors to the LLVM dialect with "
      "compiled kernels",
      [](OpPassManager &pm, const PipelineOptions &options) {
        buildSparsePipeline(pm, options);
        buildDevicePipeline(pm, options);
      });
}
