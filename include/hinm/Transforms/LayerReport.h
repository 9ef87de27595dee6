//===- LayerReport.h - Figures of every layer of a module -------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Collects what the passes have noted on a module's layers and what its
/// operations show, and prints it as text or JSON.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_TRANSFORMS_LAYERREPORT_H
#define HINM_TRANSFORMS_LAYERREPORT_H

#include "mlir/Support/LLVM.h"
#include "llvm/Support/JSON.h"
#include <optional>
#include <string>
#include <vector>

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace hinm {

/// One layer, or an operation that was passed over. Shares are of the weight's
/// total saliency or count; what is not known is absent.
struct LayerReport {
  std::string name;
  /// Output and input channels, R × C.
  std::optional<int64_t> rows, columns;
  /// Elements of the weight, R · C; of a skipped operation, of its constant.
  int64_t weights = 0;
  /// V and N:M of the pattern.
  std::optional<int64_t> tile;
  std::string nm;
  std::optional<double> sparsity, retained, retainedNoPermutation,
      retainedUnstructured;
  /// packed, pruned, permuted, patterned, dense or skipped.
  std::string status;
  /// Why a layer is dense or skipped, or has no kernel.
  std::string reason;
  /// Whether its rows are stored elsewhere, by an index.
  bool hasRowIndex = false;
  /// The kernel's schedule, or "none".
  std::string kernel = "none";
};

struct ModuleReport {
  std::vector<LayerReport> layers;
  /// Permutations folded away, and those still executed at run time.
  int64_t permutationsFolded = 0, runtimePermutes = 0;

  /// Share of all the layers' weights that is in layers with a pattern; 1 if
  /// there are none.
  double getCoverage() const;
};

/// Reads the report off \p module at any stage before bufferization.
ModuleReport collectReport(mlir::ModuleOp module);

/// {"layers": [{"name", "rows", ...}], "coverage", "permutations_folded",
/// "runtime_permutes"}; figures that are not known are null.
llvm::json::Object toJSON(const ModuleReport &report);

/// A table for people.
void printReport(const ModuleReport &report, llvm::raw_ostream &os);

} // namespace hinm

#endif // HINM_TRANSFORMS_LAYERREPORT_H
