//===- PropagatePermutations.cpp - hinm-propagate-permutations ------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reorder.h"
#include "hinm/Analysis/ChannelOrder.h"
#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "hinm/Transforms/LayerStats.h"
#include "hinm/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Iterators.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"
#include <map>

namespace hinm {
#define GEN_PASS_DEF_PROPAGATEPERMUTATIONS
#include "hinm/Transforms/Passes.h.inc"
} // namespace hinm

using namespace mlir;
using namespace hinm;

namespace {

/// Permuted bytes at run time, and the smaller evils beside them: any permute
/// at all, and a row index.
constexpr int64_t permuteCost = 2, rowIndexCost = 1;

/// What it costs to give the result \p value of an operation in another order:
/// the rows of a weight without a pattern are reordered themselves.
int64_t getProducerCost(Value value) {
  auto matmul = value.getDefiningOp<MatmulOp>();
  return matmul && !matmul.getPatternAttr() ? 0 : rowIndexCost;
}

/// What moving all of \p value costs. An unknown size counts as one element.
int64_t getMoveCost(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t bits =
      type.getElementType().isIntOrFloat() ? type.getElementTypeBitWidth() : 64;
  for (int64_t size : type.getShape())
    if (!ShapedType::isDynamic(size))
      bits *= size;
  return permuteCost + bits / 8;
}

/// One round: reorders every class for which that pays, as the analysis saw
/// them.
class Round {
public:
  explicit Round(ModuleOp module) : orders(module) {
    for (const OrderClass &orderClass : orders.getClasses()) {
      for (const OrderEnd &end : orderClass.producers)
        if (!getPermute(end))
          produced.insert({end.value, end.dim});
      for (const OrderEnd &end : orderClass.consumers)
        if (!getPermute(end))
          consumed.insert({end.use, end.dim});
    }
    module.walk([&](PermuteOp op) {
      sidesOf[op] = {orders.lookup(op.getInput(), op.getDim()),
                     orders.lookup(op.getResult(), op.getDim())};
    });
  }

  /// Whether anything has moved.
  bool run() {
    bool moved = false;
    for (const OrderClass &orderClass : orders.getClasses())
      if (!stale.contains(&orderClass))
        moved |= improve(orderClass);
    return moved;
  }

private:
  /// What \p permute costs where it is.
  int64_t getCost(PermuteOp permute) {
    const int64_t dim = permute.getDim();
    if (llvm::all_of(permute->getUses(), [&](OpOperand &use) {
          return consumed.contains({&use, dim});
        }))
      return 0;
    if (produced.contains({permute.getInput(), dim}) &&
        permute.getInput().hasOneUse())
      return getProducerCost(permute.getInput());
    return getMoveCost(permute.getInput());
  }

  /// What it costs besides the permutes that are there already to reorder
  /// \p orderClass; nothing if it cannot be done.
  std::optional<int64_t> getCostOfEnds(const OrderClass &orderClass) {
    int64_t cost = 0;
    for (const OrderEnd &end : orderClass.producers)
      if (!getPermute(end))
        cost += getProducerCost(end.value);
    llvm::DenseSet<std::pair<Value, int64_t>> moved;
    for (const OrderClass::Pin &pin : orderClass.pins) {
      if (pin.isHard)
        return std::nullopt;
      // One permute before all uses of a value, and one behind it. (A value
      // that a permute defined when the class was found may be another one by
      // now.)
      Value value = pin.end.use ? pin.end.use->get() : pin.end.value;
      if (moved.insert({value, 2 * pin.end.dim + (pin.end.use ? 1 : 0)}).second)
        cost += getMoveCost(value);
    }
    return cost;
  }

  bool improve(const OrderClass &orderClass) {
    if (orderClass.count < 2)
      return false;
    // Every permute at an edge asks for the order that would make it vanish.
    std::map<core::Permutation, int64_t> wishes;
    llvm::SmallSetVector<Operation *, 8> edges;
    auto wish = [&](const OrderEnd &end) {
      PermuteOp permute = getPermute(end);
      std::optional<SmallVector<int32_t>> order;
      if (permute)
        order = permute.getPermutation().getValues();
      // In a loop the order of a permute's input is that of its result.
      if (!order || !edges.insert(permute) ||
          sidesOf[permute].first == sidesOf[permute].second)
        return;
      std::optional<core::Permutation> units =
          shrinkOrder(*order, orderClass.count);
      if (!units)
        return;
      const int64_t cost = getCost(permute);
      wishes[end.use ? *units : core::invert(*units)] += cost;
    };
    for (const OrderEnd &end : orderClass.producers)
      wish(end);
    for (const OrderEnd &end : orderClass.consumers)
      wish(end);
    auto best = wishes.begin();
    for (auto it = wishes.begin(); it != wishes.end(); ++it)
      if (it->second > best->second)
        best = it;
    if (best == wishes.end() || best->second == 0)
      return false;
    std::optional<int64_t> cost = getCostOfEnds(orderClass);
    if (!cost || *cost >= best->second)
      return false;

    Operation *first = edges.front();
    remark::passed(first->getLoc(), remarkAbout(first, "order-moved"))
        << remark::metric("channels", orderClass.count)
        << remark::metric("values", orderClass.members.size())
        << remark::metric("saved", best->second - *cost);
    reorderClass(orderClass, best->first, [&](Operation *permute) {
      // What the permute kept apart is one class now.
      stale.insert(sidesOf[permute].first);
      stale.insert(sidesOf[permute].second);
    });
    return true;
  }

  ChannelOrder orders;
  llvm::DenseSet<std::pair<Value, int64_t>> produced;
  llvm::DenseSet<std::pair<OpOperand *, int64_t>> consumed;
  /// The classes before and behind each permute.
  llvm::DenseMap<Operation *, std::pair<const OrderClass *, const OrderClass *>>
      sidesOf;
  llvm::DenseSet<const OrderClass *> stale;
};

struct PropagatePermutationsPass
    : public hinm::impl::PropagatePermutationsBase<PropagatePermutationsPass> {
  using PropagatePermutationsBase::PropagatePermutationsBase;

  void runOnOperation() override {
    if (!hasPermutes())
      return;
    // Each round that moves anything lowers the cost; the bound is a safeguard.
    for (int64_t round = 0; round < maxRounds && Round(getOperation()).run();
         ++round)
      removeDead();
    explainTheRest();
  }

private:
  static constexpr int64_t maxRounds = 64;

  bool hasPermutes() {
    return getOperation()
        ->walk([](PermuteOp) { return WalkResult::interrupt(); })
        .wasInterrupted();
  }

  /// Permutes and constants that nothing reads any more.
  void removeDead() {
    getOperation()->walk<WalkOrder::PostOrder, mlir::ReverseIterator>(
        [](Operation *op) {
          if (isa<PermuteOp, arith::ConstantOp>(op) && op->use_empty())
            op->erase();
        });
  }

  void explainTheRest() {
    if (!hasPermutes())
      return;
    ChannelOrder orders(getOperation());
    getOperation()->walk([&](PermuteOp op) {
      for (Value value : {Value(op.getResult()), Value(op.getInput())}) {
        const OrderClass *orderClass = orders.lookup(value, op.getDim());
        if (!orderClass || orderClass->pins.empty())
          continue;
        const OrderClass::Pin &pin = orderClass->pins.front();
        remark::missed(op.getLoc(), remarkAbout(op, "order-stays"))
            << "the order is pinned by '" +
                   pin.op->getName().getStringRef().str() + "': " + pin.reason;
        return;
      }
    });
  }
};

} // namespace
