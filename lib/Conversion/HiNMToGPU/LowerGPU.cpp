//===- LowerGPU.cpp - From gpu, nvgpu and scf to LLVM and NVVM ------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Conversion/HiNMToGPU/HiNMToGPU.h"
#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/GPUToNVVM/GPUToNVVMPass.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/NVGPUToNVVM/NVGPUToNVVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/GPU/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/StringRef.h"

using namespace mlir;
using namespace hinm;

std::string hinm::getPtxFeatures(const std::string &chip) {
  llvm::StringRef digits = chip;
  unsigned number = 0;
  digits.consume_front("sm_");
  digits.consumeInteger(10, number);
  // PTX ISA 8.5 brought mma.sp::ordered_metadata, 8.6 the chips of the
  // Blackwell family, 8.8 those of its second generation.
  if (number >= 100)
    return number == 100 || number == 101 || number == 120 ? "+ptx87"
                                                           : "+ptx88";
  return "+ptx85";
}

void hinm::buildGpuLoweringPipeline(OpPassManager &pm,
                                    const GpuLoweringOptions &options) {
  if (!options.chip.empty()) {
    GpuNVVMAttachTargetOptions target;
    target.chip = options.chip;
    target.features = options.features.empty() ? getPtxFeatures(options.chip)
                                               : options.features;
    target.optLevel = options.optLevel;
    pm.addPass(createGpuNVVMAttachTarget(target));
  }
  OpPassManager &kernels = pm.nest<gpu::GPUModuleOp>();
  // Each kernel twice: what SpmmKernel.cpp computes again for each fragment is
  // one value after CSE, and so are the addresses that the lowering adds.
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
  kernels.addPass(createSCFToControlFlowPass());
  kernels.addPass(memref::createExpandStridedMetadataPass());
  kernels.addPass(createLowerAffinePass());
  kernels.addPass(createConvertNVGPUToNVVMPass());
  // Before the GPU's own conversion, which would call a library of functions.
  kernels.addPass(createConvertMathToLLVMPass());
  kernels.addPass(createConvertGpuOpsToNVVMOps());
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
  kernels.addPass(createReconcileUnrealizedCastsPass());
  // The host code: gpu-to-llvm converts everything but these.
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
}

namespace {
struct PipelineOptions : public PassPipelineOptions<PipelineOptions> {
  Option<std::string> chip{
      *this, "chip",
      llvm::cl::desc("NVIDIA architecture (sm_80, sm_90a ...); empty: the "
                     "gpu.module has its target already"),
      llvm::cl::init("sm_80")};
  Option<std::string> features{
      *this, "features",
      llvm::cl::desc("PTX version, e.g. +ptx85; empty: what the chip needs"),
      llvm::cl::init("")};
  Option<unsigned> optLevel{*this, "opt-level",
                            llvm::cl::desc("optimisation level, 0 to 3"),
                            llvm::cl::init(3)};
};
} // namespace

void hinm::registerGpuLoweringPipeline() {
  PassPipelineRegistration<PipelineOptions>(
      "hinm-lower-gpu",
      "lowers the kernels of convert-hinm-to-gpu to LLVM and NVVM, up to "
      "gpu-to-llvm and gpu-module-to-binary",
      [](OpPassManager &pm, const PipelineOptions &options) {
        buildGpuLoweringPipeline(
            pm, {options.chip, options.features, options.optLevel});
      });
}
