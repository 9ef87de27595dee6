//===- LayerStats.h - Figures and names of a layer --------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// What the passes note on a layer for the report, as discardable attributes,
/// and small things that every pass over layers needs.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_TRANSFORMS_LAYERSTATS_H
#define HINM_TRANSFORMS_LAYERSTATS_H

#include "mlir/IR/Operation.h"
#include "mlir/IR/Remarks.h"
#include <utility>

namespace hinm {

class MatmulOp;

/// Dictionary of f64 shares on a layer: `sparsity`, `retained`,
/// `retained_no_permutation`, `retained_unstructured`, and `weight_error`, of
/// a quantised weight.
inline constexpr llvm::StringLiteral kStatsAttr = "hinm.stats";
/// String: why an op that looks like a layer was passed over.
inline constexpr llvm::StringLiteral kSkippedAttr = "hinm.skipped";
/// Integer on the module: permutations folded away so far.
inline constexpr llvm::StringLiteral kFoldedAttr = "hinm.permutations_folded";

/// Adds \p figures to the layer's statistics, replacing those of the same name.
void setStats(mlir::Operation *op,
              llvm::ArrayRef<std::pair<llvm::StringRef, double>> figures);

/// The constant that \p value is, or null.
mlir::ElementsAttr getConstant(mlir::Value value);

/// The layer's name for messages: its `layer` attribute or "<unnamed>".
llvm::StringRef getLayerName(mlir::Operation *op);

/// Options of a remark \p name about \p op, category "hinm".
mlir::remark::RemarkOpts remarkAbout(mlir::Operation *op, llvm::StringRef name);

} // namespace hinm

#endif // HINM_TRANSFORMS_LAYERSTATS_H
