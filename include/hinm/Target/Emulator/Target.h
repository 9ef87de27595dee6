//===- Target.h - The CPU as a GPU target -----------------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Makes `#hinm.emulator` a target of `gpu-module-to-binary`: the kernel that
/// would go to NVPTX is compiled to a shared object for the host, which
/// libhinm_runtime loads and runs under the emulator's checks.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_TARGET_EMULATOR_TARGET_H
#define HINM_TARGET_EMULATOR_TARGET_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace hinm {

/// Attaches gpu::TargetAttrInterface to EmulatorAttr.
void registerEmulatorTargetInterfaceExternalModels(
    mlir::DialectRegistry &registry);

} // namespace hinm

#endif // HINM_TARGET_EMULATOR_TARGET_H
