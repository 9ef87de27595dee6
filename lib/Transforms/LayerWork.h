//===- LayerWork.h - All layers, or none of them ----------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// What passes share that do something to every layer with a pattern: it is
/// computed for all of them, on all threads, before the first is rewritten, so
/// that an error leaves the module as it was.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_LIB_TRANSFORMS_LAYERWORK_H
#define HINM_LIB_TRANSFORMS_LAYERWORK_H

#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "hinm/Transforms/LayerStats.h"
#include "mlir/IR/Threading.h"

namespace hinm {

/// Calls \p compute for a new \p Work of every layer in \p root that has a
/// pattern. A Work has the layer, `op`, and says what is wrong with it in
/// `problem`, which becomes an error: the layer "cannot be" \p done. Fails if
/// there is any.
template <typename Work, typename Compute>
mlir::FailureOr<llvm::SmallVector<Work, 0>>
computeLayers(mlir::Operation *root, llvm::StringRef done, Compute compute) {
  llvm::SmallVector<Work, 0> layers;
  root->walk([&](MatmulOp op) {
    if (op.getPatternAttr())
      layers.emplace_back().op = op;
  });
  mlir::parallelForEach(root->getContext(), layers, compute);
  bool refused = false;
  for (Work &layer : layers) {
    if (layer.problem.empty())
      continue;
    refused = true;
    layer.op.emitOpError("of layer '")
        << getLayerName(layer.op) << "' cannot be " << done << ": "
        << layer.problem;
  }
  if (refused)
    return mlir::failure();
  return layers;
}

} // namespace hinm

#endif // HINM_LIB_TRANSFORMS_LAYERWORK_H
