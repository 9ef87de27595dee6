//===- LayerMatch.h - Recognises linear layers ------------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Decides whether a structured operation is a linear layer, from its indexing
/// maps and its body alone: which operand is the weight, and which loops run
/// over output channels (rows), input channels (columns) and tokens.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_LIB_TRANSFORMS_LAYERMATCH_H
#define HINM_LIB_TRANSFORMS_LAYERMATCH_H

#include "WeightSource.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include <string>

namespace hinm {

struct LayerMatch {
  mlir::linalg::LinalgOp op;
  mlir::OpOperand *weight = nullptr;
  mlir::OpOperand *input = nullptr;
  WeightSource source;
  /// Loops, rows in the order of the result, columns and tokens in the order of
  /// the input.
  llvm::SmallVector<unsigned> rows, columns, tokens;
  /// Loops over layers: each index has a weight of its own (experts, groups of
  /// a convolution). Their sizes are static.
  llvm::SmallVector<unsigned> batches;
  /// Size of every loop, as far as any operand tells.
  llvm::SmallVector<int64_t> sizes;

  /// What makes a convolution of it: `columns` are then the input channel and
  /// the loops of the window, `tokens` the batch (if there is one) and the
  /// loops of the pixels.
  struct Convolution {
    /// Dimensions of the input, outermost first.
    std::optional<unsigned> batch;
    unsigned channel;
    llvm::SmallVector<unsigned> pixels;
    llvm::SmallVector<int64_t> strides, dilations;
  };
  std::optional<Convolution> convolution;
};

/// What an operation turned out to be.
struct LayerVerdict {
  enum Kind {
    /// Nothing to do with linear layers, or no operand is a weight.
    NotALayer,
    /// Has a constant operand, but is none of the forms that are taken.
    Skipped,
    /// A layer with a constant weight (which may still lack its data).
    Layer,
    /// A layer if one of the operands that are function arguments is a weight:
    /// the candidates, the likelier one first.
    ArgumentLayer
  };
  Kind kind = NotALayer;
  /// Why an operation is skipped.
  std::string reason;
  llvm::SmallVector<LayerMatch, 2> matches;
};

/// Classifies \p op.
LayerVerdict matchLayer(mlir::linalg::LinalgOp op);

} // namespace hinm

#endif // HINM_LIB_TRANSFORMS_LAYERMATCH_H
