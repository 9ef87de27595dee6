//===- HiNMToGPU.h - hinm.spmm to GPU kernels -------------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The lowering of the generated kernels, as far as upstream's binary passes.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_CONVERSION_HINMTOGPU_HINMTOGPU_H
#define HINM_CONVERSION_HINMTOGPU_HINMTOGPU_H

#include <string>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace hinm {

/// For which device the kernels are lowered.
struct GpuLoweringOptions {
  /// An NVIDIA architecture (sm_80, sm_90a ...), or empty when the gpu.module
  /// already carries its target attributes.
  std::string chip = "sm_80";
  /// PTX version; empty: the oldest that has ordered metadata and knows `chip`.
  std::string features;
  /// Optimisation level of LLVM, 0 to 3.
  unsigned optLevel = 3;
};

/// The PTX version that `chip` needs: +ptx85, the first with
/// mma.sp::ordered_metadata, or newer where the chip itself is newer.
std::string getPtxFeatures(const std::string &chip);

/// Adds the passes between convert-hinm-to-gpu and gpu-to-llvm: every
/// gpu.module gets its target and becomes LLVM and NVVM dialect, and the host
/// code loses structured control flow. What follows is
///
///   gpu-to-llvm, gpu-module-to-binary, reconcile-unrealized-casts
///
/// \p pm is nested on the module.
void buildGpuLoweringPipeline(mlir::OpPassManager &pm,
                              const GpuLoweringOptions &options);

/// Registers `hinm-lower-gpu{chip= features= opt-level=}`, the pipeline above.
void registerGpuLoweringPipeline();

} // namespace hinm

#endif // HINM_CONVERSION_HINMTOGPU_HINMTOGPU_H
