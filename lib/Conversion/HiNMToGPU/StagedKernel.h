//===- StagedKernel.h - Kernels with a ring of X ----------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// What kernels share that hold a ring of stages of X in shared memory, each of
/// as many rows, and fill them by asynchronous copies of all their threads.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_LIB_CONVERSION_HINMTOGPU_STAGEDKERNEL_H
#define HINM_LIB_CONVERSION_HINMTOGPU_STAGEDKERNEL_H

#include "KernelBuilder.h"

namespace hinm {

class StagedKernel : protected KernelBuilder {
protected:
  /// Of stages of \p rows.
  StagedKernel(mlir::OpBuilder &builder, mlir::Location loc,
               const SpmmKernelSpec &spec, int64_t rows);

  /// Computes what the copies of X need; comes after the coordinates.
  void computeSources();
  /// Runs \p body for each chunk that this thread copies: its number among
  /// them, its row of the stage, and its number in the row.
  void
  forEachCopy(llvm::function_ref<void(int64_t, mlir::Value, mlir::Value)> body);
  /// Starts this thread's copies into \p slot: copy i is of row \p rowsOfX[i],
  /// a word.
  void copyRows(llvm::ArrayRef<mlir::Value> rowsOfX, mlir::Value slot);
  /// The row of the stage that this thread's copy \p copy is of; of one that
  /// there is not, the last.
  mlir::Value rowOfCopy(int64_t copy);
  /// The first token of that copy.
  mlir::Value tokenOfCopy(int64_t copy);
  /// The slot after \p slot, a word.
  mlir::Value nextSlot(mlir::Value slot);

  int64_t rows;   // of a stage
  int64_t chunks; // of a row
  int64_t copies; // of a thread, for one stage

  mlir::Value pitch;                      // of the rows of X, a word
  llvm::SmallVector<mlir::Value> sources; // of each copy
};

} // namespace hinm

#endif // HINM_LIB_CONVERSION_HINMTOGPU_STAGEDKERNEL_H
