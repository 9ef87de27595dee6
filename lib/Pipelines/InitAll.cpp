//===- InitAll.cpp - Registration of everything in hinm -------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/InitAll.h"

#include "hinm/Analysis/ChannelOrderModels.h"
#include "hinm/Conversion/HiNMToGPU/HiNMToGPU.h"
#include "hinm/Conversion/Passes.h"
#include "hinm/Dialect/HiNM/IR/HiNMDialect.h"
#include "hinm/Pipelines.h"
#include "hinm/Target/Emulator/Passes.h"
#include "hinm/Target/Emulator/Target.h"
#include "hinm/Transforms/BufferizableOpInterfaceImpl.h"
#include "hinm/Transforms/Passes.h"
#include "hinm/Transforms/TilingInterfaceImpl.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"

void hinm::registerHiNMDialects(mlir::DialectRegistry &registry) {
  registry.insert<HiNMDialect>();
  registerBufferizableOpInterfaceExternalModels(registry);
  registerChannelOrderExternalModels(registry);
  registerTilingInterfaceExternalModels(registry);
  registerEmulatorTargetInterfaceExternalModels(registry);
}

void hinm::registerAllDialects(mlir::DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  // gpu-module-to-binary translates kernels to LLVM IR.
  mlir::registerAllGPUToLLVMIRTranslations(registry);
  registerHiNMDialects(registry);
}

void hinm::registerHiNMPasses() {
  registerHiNMTransformsPasses();
  registerHiNMConversionPasses();
  registerHiNMTargetEmulatorPasses();
  registerGpuLoweringPipeline();
  registerPipelines();
}

void hinm::registerAllPasses() {
  mlir::registerAllPasses();
  registerHiNMPasses();
}
