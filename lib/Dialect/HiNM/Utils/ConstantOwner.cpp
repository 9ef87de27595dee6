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

/// One in so many of what was made may wait to be freed: a pass that replaces
/// all constants looks through the module as often.
static constexpr size_t maxWaiting = 16;

static OwnedConstants &getOwned(MLIRContext *context) {
  return context->getOrLoadDialect<HiNMDialect>()->getOwnedConstants();
}

/// The module around \p op that owns constants, or null. The lock is held.
static Operation *findOwner(OwnedConstants &owned, Operation *op) {
  while (op && !owned.modules.contains(op))
    op = op->getParentOp();
  return op;
}

ConstantOwner::ConstantOwner(ModuleOp module) : module(module) {
  OwnedConstants &owned = getOwned(module.getContext());
  std::lock_guard<std::mutex> lock(owned.mutex);
  owned.modules[module] = {};
}

ConstantOwner::~ConstantOwner() {
  OwnedConstants &owned = getOwned(module.getContext());
  std::lock_guard<std::mutex> lock(owned.mutex);
  owned.modules.erase(module);
}

Value makeConstant(OpBuilder &builder, Location loc, ElementsAttr value) {
  auto constant =
      arith::ConstantOp::create(builder, loc, cast<TypedAttr>(value));
  if (!isa<DenseResourceElementsAttr>(value))
    return constant;
  OwnedConstants &owned = getOwned(builder.getContext());
  std::lock_guard<std::mutex> lock(owned.mutex);
  if (Operation *owner = findOwner(owned, constant))
    owned.modules[owner].made.insert(value);
  return constant;
}

/// Frees the data of those of \p candidates that no constant in \p owner holds.
static void freeUnlessHeld(Operation *owner,
                           llvm::DenseSet<Attribute> candidates) {
  owner->walk([&](arith::ConstantOp op) { candidates.erase(op.getValue()); });
  OwnedConstants &owned = getOwned(owner->getContext());
  std::lock_guard<std::mutex> lock(owned.mutex);
  llvm::DenseSet<Attribute> &made = owned.modules[owner].made;
  for (Attribute attr : candidates)
    if (made.erase(attr))
      cast<DenseResourceElementsAttr>(attr)
          .getRawHandle()
          .getResource()
          ->setBlob(AsmResourceBlob());
}

void freeDroppedConstants(Operation *root) {
  OwnedConstants &owned = getOwned(root->getContext());
  llvm::DenseSet<Attribute> candidates;
  Operation *owner;
  {
    std::lock_guard<std::mutex> lock(owned.mutex);
    owner = findOwner(owned, root);
    if (!owner)
      return;
    candidates = owned.modules[owner].made;
    owned.modules[owner].dropped.clear();
  }
  SmallVector<arith::ConstantOp> dead;
  owner->walk([&](arith::ConstantOp op) {
    if (op->use_empty() && candidates.contains(op.getValue()))
      dead.push_back(op);
  });
  for (arith::ConstantOp op : dead)
    op->erase();
  freeUnlessHeld(owner, std::move(candidates));
}

void freeIfDropped(Value constant, RewriterBase *rewriter) {
  auto op = constant.getDefiningOp<arith::ConstantOp>();
  if (!op || !op->use_empty())
    return;
  OwnedConstants &owned = getOwned(op.getContext());
  Operation *owner;
  llvm::DenseSet<Attribute> dropped;
  {
    std::lock_guard<std::mutex> lock(owned.mutex);
    owner = findOwner(owned, op);
    if (!owner || !owned.modules[owner].made.contains(op.getValue()))
      return;
    OwnedConstants::OfModule &ofModule = owned.modules[owner];
    ofModule.dropped.insert(op.getValue());
    if (ofModule.dropped.size() * maxWaiting >= ofModule.made.size())
      std::swap(dropped, ofModule.dropped);
  }
  if (rewriter)
    rewriter->eraseOp(op);
  else
    op->erase();
  if (!dropped.empty())
    freeUnlessHeld(owner, std::move(dropped));
}

} // namespace hinm
