//===- Passes.h - Passes of the emulator target -----------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Declarations and registration of the passes in Passes.td.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_TARGET_EMULATOR_PASSES_H
#define HINM_TARGET_EMULATOR_PASSES_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/Pass.h"
#include <memory>

namespace hinm {

#define GEN_PASS_DECL
#include "hinm/Target/Emulator/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "hinm/Target/Emulator/Passes.h.inc"

} // namespace hinm

#endif // HINM_TARGET_EMULATOR_PASSES_H
