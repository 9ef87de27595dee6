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
#include "hinm/Dialect/HiNM/Utils/ConstantOwner.h"
#include "hinm/Transforms/LayerStats.h"
#include "hinm/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Iterators.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallPtrSet.h"
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
      for (const AxisEnd &end : orderClass.producers)
        if (!getPermute(end))
          produced.insert({end.value, end.dim});
      for (const AxisEnd &end : orderClass.consumers)
        if (!getPermute(end))
          consumed.insert({end.use, end.dim});
    }
    module.walk([&](PermuteOp op) {
      Sides &sides = sidesOf[op];
      for (auto [value, side] : {std::pair(op.getInput(), &sides.before),
                                 std::pair(op.getResult(), &sides.behind)})
        if (auto axis = orders.lookup(value, op.getDim()))
          side->insert_range(orders.getClassesOf(*axis));
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
  /// \p moved; nothing if it cannot be done.
  std::optional<int64_t> getCostOfEnds(const ChannelOrder::Orders &moved) {
    int64_t cost = 0;
    llvm::DenseSet<std::pair<Value, int64_t>> paid;
    // One permute before all uses of a value, and one behind it.
    auto pay = [&](const AxisEnd &end, int64_t price) {
      // (A value that a permute defined when the class was found may be another
      // one by now.)
      Value value = end.use ? end.use->get() : end.value;
      if (paid.insert({value, 2 * end.dim + (end.use ? 1 : 0)}).second)
        cost += price;
    };
    for (const auto &entry : moved) {
      for (const AxisEnd &end : entry.first->producers)
        if (!getPermute(end))
          pay(end, getProducerCost(end.value));
      for (const OrderClass::Pin &pin : entry.first->pins) {
        if (pin.isHard)
          return std::nullopt;
        pay(pin.end,
            getMoveCost(pin.end.use ? pin.end.use->get() : pin.end.value));
      }
    }
    return cost;
  }

  /// The orders of classes that would make \p permute at \p end vanish; nothing
  /// if there are none.
  std::optional<ChannelOrder::Orders> getWish(PermuteOp permute,
                                              const AxisEnd &end) {
    std::optional<SmallVector<int32_t>> order =
        permute.getPermutation().getValues();
    if (!order)
      return std::nullopt;
    std::optional<ChannelOrder::Orders> wish =
        orders.decompose(end.axis, *order);
    if (!wish)
      return std::nullopt;
    // In a loop the order of a permute's input is that of its result.
    const Sides &sides = sidesOf[permute];
    for (auto &[orderClass, part] : *wish) {
      if (stale.contains(orderClass) || (sides.before.contains(orderClass) &&
                                         sides.behind.contains(orderClass)))
        return std::nullopt;
      if (!end.use)
        part = core::invert(part);
    }
    return wish;
  }

  /// The permutes at the edges of \p orderClass, each with what it wishes.
  llvm::MapVector<Operation *, ChannelOrder::Orders>
  getWishes(const OrderClass &orderClass) {
    llvm::MapVector<Operation *, ChannelOrder::Orders> wishes;
    for (ArrayRef<AxisEnd> ends : {ArrayRef<AxisEnd>(orderClass.producers),
                                   ArrayRef<AxisEnd>(orderClass.consumers)})
      for (const AxisEnd &end : ends)
        if (PermuteOp permute = getPermute(end))
          if (!wishes.contains(permute))
            if (std::optional<ChannelOrder::Orders> wish =
                    getWish(permute, end))
              wishes.insert({permute, std::move(*wish)});
    return wishes;
  }

  /// What the permutes that \p moved makes vanish have cost.
  int64_t getSavings(const ChannelOrder::Orders &moved) {
    llvm::DenseSet<Operation *> gone;
    int64_t savings = 0;
    for (const auto &entry : moved)
      for (auto &[permute, wish] : getWishes(*entry.first))
        if (gone.insert(permute).second &&
            llvm::all_of(wish, [&](const auto &part) {
              auto it = moved.find(part.first);
              return it != moved.end() && it->second == part.second;
            }))
          savings += getCost(cast<PermuteOp>(permute));
    return savings;
  }

  /// Whether a permute has classes of \p moved on both sides: it would change
  /// twice, which its savings do not foresee.
  bool meet(const ChannelOrder::Orders &moved) {
    if (moved.size() == 1)
      return false;
    auto touches = [&](const auto &side) {
      return llvm::any_of(side, [&](const OrderClass *orderClass) {
        return moved.contains(orderClass);
      });
    };
    return llvm::any_of(sidesOf, [&](const auto &entry) {
      return touches(entry.second.before) && touches(entry.second.behind);
    });
  }

  bool improve(const OrderClass &orderClass) {
    if (orderClass.count < 2)
      return false;
    // Every permute at an edge asks for the order that would make it vanish,
    // most of all the dearest. It may need other classes to change as well.
    std::map<core::Permutation, std::pair<int64_t, Operation *>> asked;
    auto wishes = getWishes(orderClass);
    for (auto &[permute, wish] : wishes) {
      auto own = wish.find(&orderClass);
      if (own == wish.end())
        continue;
      auto &[price, first] = asked[own->second];
      price += getCost(cast<PermuteOp>(permute));
      first = first ? first : permute;
    }
    auto best = asked.begin();
    for (auto it = asked.begin(); it != asked.end(); ++it)
      if (it->second.first > best->second.first)
        best = it;
    if (best == asked.end() || best->second.first == 0)
      return false;
    Operation *first = best->second.second;
    ChannelOrder::Orders moved;
    moved.insert({&orderClass, best->first});
    for (auto &part : wishes[first])
      moved.insert(part);
    if (meet(moved))
      return false;

    const int64_t savings = getSavings(moved);
    std::optional<int64_t> cost = getCostOfEnds(moved);
    if (!cost || *cost >= savings)
      return false;
    remark::passed(first->getLoc(), remarkAbout(first, "order-moved"))
        << remark::metric("channels", orderClass.count)
        << remark::metric("values", orderClass.members.size())
        << remark::metric("saved", savings - *cost);
    reorderClasses(orders, moved, [&](Operation *permute) {
      // What the permute kept apart is one class now.
      const Sides &sides = sidesOf[permute];
      stale.insert(sides.before.begin(), sides.before.end());
      stale.insert(sides.behind.begin(), sides.behind.end());
    });
    return true;
  }

  ChannelOrder orders;
  llvm::DenseSet<std::pair<Value, int64_t>> produced;
  llvm::DenseSet<std::pair<OpOperand *, int64_t>> consumed;
  /// The classes before and behind each permute.
  struct Sides {
    llvm::SmallPtrSet<const OrderClass *, 2> before, behind;
  };
  llvm::DenseMap<Operation *, Sides> sidesOf;
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
    freeDroppedConstants(getOperation());
  }

  void explainTheRest() {
    if (!hasPermutes())
      return;
    ChannelOrder orders(getOperation());
    getOperation()->walk([&](PermuteOp op) {
      for (Value value : {Value(op.getResult()), Value(op.getInput())}) {
        auto axis = orders.lookup(value, op.getDim());
        if (!axis)
          continue;
        auto classes = orders.getClassesOf(*axis);
        auto pinned = llvm::find_if(classes, [](const OrderClass *orderClass) {
          return !orderClass->pins.empty();
        });
        if (pinned == classes.end())
          continue;
        const OrderClass::Pin &pin = (*pinned)->pins.front();
        remark::missed(op.getLoc(), remarkAbout(op, "order-stays"))
            << "the order is pinned by '" +
                   pin.op->getName().getStringRef().str() + "': " + pin.reason;
        return;
      }
    });
  }
};

} // namespace
