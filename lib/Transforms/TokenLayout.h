//===- TokenLayout.h - How the tokens of a product lie ----------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HINM_LIB_TRANSFORMS_TOKENLAYOUT_H
#define HINM_LIB_TRANSFORMS_TOKENLAYOUT_H

#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/DenseSet.h"

namespace hinm {

/// N, which may be dynamic.
int64_t getNumTokens(SpmmOp op);

/// Makes the sizes of Y static where the format or X say them.
void refineSizes(SpmmOp op);

/// Which products read X token-major, N×C, and write Y so: those that have it
/// at hand and whose readers take it.
///
/// A matrix is at hand if it is transposed, or computed element by element from
/// one that is, or of one token, which lies alike either way, or if it is Y of
/// another product that writes it so. A reader takes it if it transposes it, or
/// computes element by element, or is a product that reads it so, as X or in
/// its epilogue.
class TokenLayouts {
public:
  /// Of \p candidates, in their order, whose kernels can read a token-major X;
  /// the largest choice that holds.
  explicit TokenLayouts(llvm::ArrayRef<SpmmOp> candidates);

  bool readsTokenMajor(SpmmOp op) const { return readers.contains(op); }
  /// Makes the products what was chosen. Leaves operations that nobody reads.
  void apply();

private:
  bool isAtHand(mlir::Value matrix) const;
  /// Whether \p matrix is at hand for another reason than its sizes.
  bool canTurn(mlir::Value matrix) const;
  bool isWanted(mlir::OpOperand &use) const;
  bool isWantedByAll(mlir::Value matrix) const;
  bool canWrite(SpmmOp op) const;

  void apply(SpmmOp op);
  /// Does the same of the products that \p matrix is computed from.
  void applyBefore(mlir::Value matrix);
  void applyToOutput(SpmmOp op);
  /// The transpose of \p matrix, which is at hand, for \p reader.
  mlir::Value turn(mlir::Value matrix, mlir::Operation *reader);
  mlir::Value turnGeneric(mlir::OpBuilder &b, mlir::linalg::GenericOp generic);

  llvm::SmallVector<SpmmOp> candidates;
  llvm::DenseSet<SpmmOp> readers, writers;
  llvm::DenseSet<mlir::Value> done;          ///< what is token-major by now
  llvm::DenseSet<mlir::Operation *> visited; ///< by applyBefore
};

/// Makes the number of tokens of \p op a multiple of 8, where its kernel copies
/// or stores several at once: pads X with zeros (a convolution's kernel does
/// that itself), and takes the wanted part of Y.
void padTokens(SpmmOp op);

} // namespace hinm

#endif // HINM_LIB_TRANSFORMS_TOKENLAYOUT_H
