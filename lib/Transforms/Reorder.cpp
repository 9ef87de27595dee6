//===- Reorder.cpp - Puts a class in another order ------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reorder.h"

#include "hinm/Dialect/HiNM/Utils/ConstantData.h"
#include "hinm/Dialect/HiNM/Utils/ConstantOwner.h"
#include "hinm/Transforms/LayerStats.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace hinm {

PermuteOp getPermute(const OrderEnd &end) {
  auto permute = dyn_cast_if_present<PermuteOp>(
      end.use ? end.use->getOwner() : end.value.getDefiningOp());
  return permute && static_cast<int64_t>(permute.getDim()) == end.dim
             ? permute
             : PermuteOp();
}

Value makePermuted(OpBuilder &builder, Value constant, int64_t dim,
                   ArrayRef<int32_t> order) {
  ElementsAttr data = getConstant(constant);
  ElementsAttr permuted = data ? permuteConstant(data, dim, order) : nullptr;
  if (!permuted)
    return nullptr;
  if (permuted == data)
    return constant;
  return makeConstant(builder, constant.getLoc(), permuted);
}

namespace {

class Reorderer {
public:
  Reorderer(const ChannelOrder &orders, const OrderClass &orderClass,
            ArrayRef<int32_t> order, MLIRContext *context)
      : orders(orders), orderClass(orderClass), order(order),
        inverse(core::invert(order)), builder(context) {}

  /// The operation at \p use goes on reading the old order.
  void restoreBefore(const AxisEnd &end) {
    PermutationAttr back = getOrder(end, /*isInverse=*/true);
    Value &restored = restoredValues[{{end.use->get(), end.dim}, back}];
    if (!restored) {
      builder.setInsertionPointAfterValue(end.use->get());
      restored = makePermute(end.use->get(), end.dim, back);
    }
    end.use->set(restored);
  }

  /// The value at \p end is defined in the old order; its readers get the new
  /// one.
  void reorderAfter(const AxisEnd &end) {
    Value value = end.value;
    builder.setInsertionPointAfterValue(value);
    PermuteOp permute =
        makePermute(value, end.dim, getOrder(end, /*isInverse=*/false));
    value.replaceAllUsesExcept(permute, permute);
  }

  void reorderConstant(const AxisEnd &end) {
    PermutationAttr moved = getOrder(end, /*isInverse=*/false);
    Value &copy = copies[{{end.use->get(), end.dim}, moved}];
    if (!copy) {
      builder.setInsertionPointAfterValue(end.use->get());
      copy = makePermuted(builder, end.use->get(), end.dim,
                          orders.expand(end.axis, orderClass, order));
    }
    end.use->set(copy);
  }

  PermutationAttr getOrder(const AxisEnd &end, bool isInverse) {
    const ArrayRef<int32_t> units = isInverse ? ArrayRef(inverse) : order;
    return PermutationAttr::get(builder.getContext(),
                                orders.expand(end.axis, orderClass, units));
  }

private:
  PermuteOp makePermute(Value value, int64_t dim, PermutationAttr permutation) {
    return PermuteOp::create(builder, value.getLoc(), value.getType(), value,
                             dim, permutation);
  }

  const ChannelOrder &orders;
  const OrderClass &orderClass;
  ArrayRef<int32_t> order;
  core::Permutation inverse;
  OpBuilder builder;
  /// By the value and its dimension, and the order: ends of one value may be of
  /// different structure.
  llvm::DenseMap<std::pair<std::pair<Value, int64_t>, Attribute>, Value>
      restoredValues, copies;
};

MLIRContext *getContext(const OrderClass &orderClass) {
  for (ArrayRef<AxisEnd> ends : {ArrayRef<AxisEnd>(orderClass.members),
                                 ArrayRef<AxisEnd>(orderClass.constants)})
    if (!ends.empty())
      return ends.front().value.getContext();
  return nullptr;
}

} // namespace

void reorderClasses(const ChannelOrder &orders,
                    const ChannelOrder::Orders &moved,
                    llvm::function_ref<void(Operation *)> erased) {
  // Permutes at the edges change in place. They are erased last: one may lie
  // between two ends of a class, or of two classes.
  llvm::SmallSetVector<PermuteOp, 8> edges;
  for (const auto &[orderClass, order] : moved) {
    Reorderer reorderer(orders, *orderClass, order, getContext(*orderClass));
    for (const AxisEnd &end : orderClass->constants)
      reorderer.reorderConstant(end);
    for (const OrderClass::Pin &pin : orderClass->pins)
      if (pin.end.use)
        reorderer.restoreBefore(pin.end);
    for (const AxisEnd &end : orderClass->consumers) {
      PermuteOp permute = getPermute(end);
      if (!permute) {
        reorderer.restoreBefore(end);
        continue;
      }
      permute.setPermutationAttr(reorderer.getOrder(end, /*isInverse=*/true)
                                     .compose(permute.getPermutation()));
      edges.insert(permute);
    }
    for (const AxisEnd &end : orderClass->producers) {
      PermuteOp permute = getPermute(end);
      if (!permute) {
        reorderer.reorderAfter(end);
        continue;
      }
      permute.setPermutationAttr(permute.getPermutation().compose(
          reorderer.getOrder(end, /*isInverse=*/false)));
      edges.insert(permute);
    }
    for (const OrderClass::Pin &pin : orderClass->pins)
      if (!pin.end.use)
        reorderer.reorderAfter(pin.end);
  }

  for (PermuteOp permute : edges) {
    if (!permute.getPermutation().isIdentity())
      continue;
    erased(permute);
    permute.getResult().replaceAllUsesWith(permute.getInput());
    permute.erase();
  }
}

} // namespace hinm
