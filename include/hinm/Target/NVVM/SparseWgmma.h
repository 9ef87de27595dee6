//===- SparseWgmma.h - Sparse wgmma as inline PTX ---------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// NVVM has an operation neither for `wgmma.mma_async.sp` nor for a wgmma with
/// A in registers. This is the one place that writes it, as `llvm.inline_asm`,
/// and that knows it again: of inline PTX the emulator runs nothing but what
/// the headers of this folder write.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_TARGET_NVVM_SPARSEWGMMA_H
#define HINM_TARGET_NVVM_SPARSEWGMMA_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>
#include <string>

namespace hinm {

/// wgmma.mma_async.sp.sync.aligned.m64nNk32.f32.T.T: A, 64 rows of 32 columns
/// of which 2:4 are kept, in registers as for mma.sp.m16n8k32; B, 32 rows of N,
/// by a descriptor and transposed (MN-major).
struct SparseWgmma {
  int64_t columns;  ///< N: 8 to 256 in steps of 8
  bool isBF16;      ///< T is bf16 and not f16
  int64_t selector; ///< which lanes hold the metadata, 0 or 1

  /// Emits the instruction. \p sums are the N/2 f32 accumulators of the thread,
  /// \p a four i32; B's descriptor is an i64, the metadata an i32. The sums
  /// start from zero where the i32 \p accumulate is 0. Returns the new sums.
  llvm::SmallVector<mlir::Value>
  build(mlir::OpBuilder &builder, mlir::Location loc, mlir::ValueRange sums,
        mlir::ValueRange a, mlir::Value descriptor, mlir::Value metadata,
        mlir::Value accumulate) const;

  /// The parameters of \p op if build() could have emitted it.
  static std::optional<SparseWgmma> match(mlir::LLVM::InlineAsmOp op);

  // Where the operands are.
  static mlir::ValueRange getA(mlir::LLVM::InlineAsmOp op);
  static mlir::Value getDescriptor(mlir::LLVM::InlineAsmOp op);
  static mlir::Value getMetadata(mlir::LLVM::InlineAsmOp op);
  static mlir::Value getAccumulate(mlir::LLVM::InlineAsmOp op);
  static mlir::ValueRange getSums(mlir::LLVM::InlineAsmOp op);

private:
  std::string getAsm() const;
  std::string getConstraints() const;
};

} // namespace hinm

#endif // HINM_TARGET_NVVM_SPARSEWGMMA_H
