//===- StreamedLoad.h - Loads of what is read once, as inline PTX *- C++ -*===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// What is read once should not push what is read again out of the caches. NVVM
/// has no operation that says so, and LLVM 22 drops the `nontemporal` of a load
/// for NVPTX. So this writes the two instructions that do, as
/// `llvm.inline_asm`, and the emulator knows them again.
///
/// The load is no `ld.global.nc`, although nobody writes what it reads: ptxas
/// moves those over barriers to where they are used, and with them the latency
/// that was to be hidden. For the same reason it is said to have side effects.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_TARGET_NVVM_STREAMEDLOAD_H
#define HINM_TARGET_NVVM_STREAMEDLOAD_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>

namespace hinm {

/// createpolicy.fractional.L2::evict_first.b64: how a load treats the L2 cache,
/// an i64.
struct EvictFirstPolicy {
  static mlir::Value build(mlir::OpBuilder &builder, mlir::Location loc);
  /// Whether build() could have emitted \p op.
  static bool match(mlir::LLVM::InlineAsmOp op);
};

/// ld.global.L2::cache_hint of 32-bit words.
struct StreamedLoad {
  int64_t words;   ///< 1 or 4, at an address that is a multiple of all of them
  bool bypassesL1; ///< whether no other warp of the block reads them

  /// Emits the instruction; \p address is a pointer to global memory.
  llvm::SmallVector<mlir::Value> build(mlir::OpBuilder &builder,
                                       mlir::Location loc, mlir::Value address,
                                       mlir::Value policy) const;

  /// The parameters of \p op if build() could have emitted it.
  static std::optional<StreamedLoad> match(mlir::LLVM::InlineAsmOp op);

  // Where the operands are.
  static mlir::Value getAddress(mlir::LLVM::InlineAsmOp op);
  static mlir::Value getPolicy(mlir::LLVM::InlineAsmOp op);

private:
  llvm::StringRef getAsm() const;
  llvm::StringRef getConstraints() const;
};

} // namespace hinm

#endif // HINM_TARGET_NVVM_STREAMEDLOAD_H
