//===- Passes.h - Passes of hinm (Transforms) -------------------*- C++ -*-===//
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

#ifndef HINM_TRANSFORMS_PASSES_H
#define HINM_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"
#include <limits>
#include <memory>

namespace mlir {
class RewritePatternSet;
} // namespace mlir

namespace hinm {

#define GEN_PASS_DECL
#include "hinm/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "hinm/Transforms/Passes.h.inc"

/// Adds the patterns of hinm-fold-permutations.
void populateFoldPermutationsPatterns(mlir::RewritePatternSet &patterns);

} // namespace hinm

#endif // HINM_TRANSFORMS_PASSES_H
