//===- ConstantOwner.h - Constants that nobody else has seen ----*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Passes that rewrite weights make a constant from a constant. The data of a
/// constant belongs to the context and lives as long, as another module may use
/// it, a clone for instance. What was made since a pipeline began cannot have
/// been cloned by anybody, though: it is freed as soon as it is replaced, so
/// that the weights are in memory as they came and once more, however many
/// passes there are.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_DIALECT_HINM_UTILS_CONSTANTOWNER_H
#define HINM_DIALECT_HINM_UTILS_CONSTANTOWNER_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include <mutex>

namespace hinm {

/// What the running pipelines of a context have made, by their modules.
struct OwnedConstants {
  struct OfModule {
    llvm::DenseSet<mlir::Attribute> made;
    /// Those of them that have lost an operation since the module was last
    /// looked through.
    llvm::DenseSet<mlir::Attribute> dropped;
  };
  std::mutex mutex;
  llvm::DenseMap<mlir::Operation *, OfModule> modules;
};

/// While it lives, constants that passes make in \p module belong to it.
class ConstantOwner {
public:
  explicit ConstantOwner(mlir::ModuleOp module);
  ~ConstantOwner();
  ConstantOwner(const ConstantOwner &) = delete;
  ConstantOwner &operator=(const ConstantOwner &) = delete;

private:
  mlir::ModuleOp module;
};

/// An arith.constant of \p value, which a pass has made.
mlir::Value makeConstant(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::ElementsAttr value);

/// Frees the data of the constants that belong to \p root, or the module around
/// it, and are in none of its operations any more. Constants without a user are
/// erased.
void freeDroppedConstants(mlir::Operation *root);

/// Erases \p constant if it belongs to the module around it and nothing uses
/// it, and frees its data: not at once, but so soon that no more than a
/// sixteenth of what was made waits. (To see that no other operation holds it
/// takes a look through the module.) A pattern passes its rewriter.
void freeIfDropped(mlir::Value constant,
                   mlir::RewriterBase *rewriter = nullptr);

} // namespace hinm

#endif // HINM_DIALECT_HINM_UTILS_CONSTANTOWNER_H
