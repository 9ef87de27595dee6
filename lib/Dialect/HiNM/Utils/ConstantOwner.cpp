//===- ConstantOwner.cpp - Constants that nobody else has seen ------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Dialect/HiNM/Utils/ConstantOwner.h"

#include "hinm/Dialect/HiNM/IR/HiNMDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;

namespace hinm {

static OwnedConstants &getOwned(MLIRContext *context) {
  return context->getOrLoadDialect<HiNMDialect>()->getOwnedConstants();
}

static Operation *getRoot(Operation *op) {
  while (Operation *parent = op->getParentOp())
    op = parent;
  return op;
}

ConstantOwner::ConstantOwner(ModuleOp module) : module(module) {
  OwnedConstants &owned = getOwned(module.getContext());
  std::lock_guard<std::mutex> lock(owned.mutex);
  owned.made[getRoot(module)].clear();
}

ConstantOwner::~ConstantOwner() {
  OwnedConstants &owned = getOwned(module.getContext());
  std::lock_guard<std::mutex> lock(owned.mutex);
  owned.made.erase(getRoot(module));
}

Value makeConstant(OpBuilder &builder, Location loc, ElementsAttr value) {
  auto constant =
      arith::ConstantOp::create(builder, loc, cast<TypedAttr>(value));
  if (!isa<DenseResourceElementsAttr>(value) || !constant->getParentOp())
    return constant;
  OwnedConstants &owned = getOwned(builder.getContext());
  std::lock_guard<std::mutex> lock(owned.mutex);
  auto it = owned.made.find(getRoot(constant));
  if (it != owned.made.end())
    it->second.insert(value);
  return constant;
}

/// Frees the data of those of \p candidates that no constant in \p root holds.
static void freeUnlessHeld(Operation *root,
                           llvm::DenseSet<Attribute> candidates) {
  root->walk([&](arith::ConstantOp op) { candidates.erase(op.getValue()); });
  OwnedConstants &owned = getOwned(root->getContext());
  std::lock_guard<std::mutex> lock(owned.mutex);
  auto it = owned.made.find(root);
  for (Attribute attr : candidates)
    if (it != owned.made.end() && it->second.erase(attr))
      cast<DenseResourceElementsAttr>(attr)
          .getRawHandle()
          .getResource()
          ->setBlob(AsmResourceBlob());
}

void freeDroppedConstants(Operation *root) {
  root = getRoot(root);
  OwnedConstants &owned = getOwned(root->getContext());
  llvm::DenseSet<Attribute> candidates;
  {
    std::lock_guard<std::mutex> lock(owned.mutex);
    auto it = owned.made.find(root);
    if (it == owned.made.end())
      return;
    candidates = it->second;
  }
  SmallVector<arith::ConstantOp> dead;
  root->walk([&](arith::ConstantOp op) {
    if (op->use_empty() && candidates.contains(op.getValue()))
      dead.push_back(op);
  });
  for (arith::ConstantOp op : dead)
    op->erase();
  freeUnlessHeld(root, std::move(candidates));
}

void freeIfDropped(Value constant, RewriterBase *rewriter) {
  auto op = constant.getDefiningOp<arith::ConstantOp>();
  if (!op || !op->use_empty())
    return;
  Operation *root = getRoot(op);
  const Attribute value = op.getValue();
  {
    OwnedConstants &owned = getOwned(root->getContext());
    std::lock_guard<std::mutex> lock(owned.mutex);
    auto it = owned.made.find(root);
    if (it == owned.made.end() || !it->second.contains(value))
      return;
  }
  if (rewriter)
    rewriter->eraseOp(op);
  else
    op->erase();
  freeUnlessHeld(root, {value});
}

} // namespace hinm
