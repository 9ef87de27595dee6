//===- Reorder.cpp - Puts a class in another order ------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reorder.h"

#include "hinm/Dialect/HiNM/Utils/ConstantData.h"
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

core::Permutation expandOrder(ArrayRef<int32_t> units, int64_t size) {
  const int64_t block = size / static_cast<int64_t>(units.size());
  core::Permutation order;
  order.reserve(size);
  for (int32_t unit : units)
    for (int64_t i = 0; i < block; ++i)
      order.push_back(static_cast<int32_t>(unit * block + i));
  return order;
}

std::optional<core::Permutation> shrinkOrder(ArrayRef<int32_t> order,
                                             int64_t count) {
  const int64_t size = order.size();
  if (count < 1 || size % count != 0)
    return std::nullopt;
  const int64_t block = size / count;
  core::Permutation units;
  for (int64_t u = 0; u < count; ++u) {
    const int32_t first = order[u * block];
    if (first % block != 0)
      return std::nullopt;
    for (int64_t i = 1; i < block; ++i)
      if (order[u * block + i] != first + i)
        return std::nullopt;
    units.push_back(static_cast<int32_t>(first / block));
  }
  return units;
}

namespace {

class Reorderer {
public:
  Reorderer(ArrayRef<int32_t> order, MLIRContext *context)
      : order(order), inverse(core::invert(order)), builder(context) {}

  /// The operation at \p use goes on reading the old order.
  void restoreBefore(const OrderEnd &end) {
    Value &restored = restoredValues[{end.use->get(), end.dim}];
    if (!restored) {
      builder.setInsertionPointAfterValue(end.use->get());
      restored = makePermute(end.use->get(), end.dim, /*isInverse=*/true);
    }
    end.use->set(restored);
  }

  /// \p value is defined in the old order; its readers get the new one.
  void reorderAfter(Value value, int64_t dim) {
    builder.setInsertionPointAfterValue(value);
    auto permute = makePermute(value, dim, /*isInverse=*/false);
    value.replaceAllUsesExcept(permute, permute);
  }

  void reorderConstant(const OrderEnd &end) {
    Value &copy = copies[{end.use->get(), end.dim}];
    if (!copy) {
      ElementsAttr old = getConstant(end.use->get());
      ElementsAttr reordered = permuteConstant(
          old, end.dim,
          expandOrder(order, old.getShapedType().getDimSize(end.dim)));
      builder.setInsertionPointAfterValue(end.use->get());
      copy = arith::ConstantOp::create(builder, end.use->get().getLoc(),
                                       cast<TypedAttr>(reordered));
    }
    end.use->set(copy);
  }

  PermutationAttr getOrder(Value value, int64_t dim, bool isInverse) {
    const int64_t size =
        cast<RankedTensorType>(value.getType()).getDimSize(dim);
    const ArrayRef<int32_t> units = isInverse ? ArrayRef(inverse) : order;
    return PermutationAttr::get(builder.getContext(), expandOrder(units, size));
  }

private:
  PermuteOp makePermute(Value value, int64_t dim, bool isInverse) {
    return PermuteOp::create(builder, value.getLoc(), value.getType(), value,
                             dim, getOrder(value, dim, isInverse));
  }

  ArrayRef<int32_t> order;
  core::Permutation inverse;
  OpBuilder builder;
  llvm::DenseMap<std::pair<Value, int64_t>, Value> restoredValues, copies;
};

} // namespace

void reorderClass(const OrderClass &orderClass, ArrayRef<int32_t> order,
                  llvm::function_ref<void(Operation *)> erased) {
  auto getContext = [&]() -> MLIRContext * {
    for (ArrayRef<OrderEnd> ends : {ArrayRef<OrderEnd>(orderClass.members),
                                    ArrayRef<OrderEnd>(orderClass.constants)})
      if (!ends.empty())
        return ends.front().value.getContext();
    return nullptr;
  };
  Reorderer reorderer(order, getContext());
  for (const OrderEnd &end : orderClass.constants)
    reorderer.reorderConstant(end);
  for (const OrderClass::Pin &pin : orderClass.pins)
    if (pin.end.use)
      reorderer.restoreBefore(pin.end);

  // Permutes at the edges change in place. They are erased last: one may lie
  // between two ends of this very class.
  llvm::SmallSetVector<PermuteOp, 8> edges;
  for (const OrderEnd &end : orderClass.consumers) {
    PermuteOp permute = getPermute(end);
    if (!permute) {
      reorderer.restoreBefore(end);
      continue;
    }
    permute.setPermutationAttr(
        reorderer.getOrder(end.use->get(), end.dim, /*isInverse=*/true)
            .compose(permute.getPermutation()));
    edges.insert(permute);
  }
  for (const OrderEnd &end : orderClass.producers) {
    PermuteOp permute = getPermute(end);
    if (!permute) {
      reorderer.reorderAfter(end.value, end.dim);
      continue;
    }
    permute.setPermutationAttr(permute.getPermutation().compose(
        reorderer.getOrder(end.value, end.dim, /*isInverse=*/false)));
    edges.insert(permute);
  }
  for (const OrderClass::Pin &pin : orderClass.pins)
    if (!pin.end.use)
      reorderer.reorderAfter(pin.end.value, pin.end.dim);

  for (PermuteOp permute : edges) {
    if (!permute.getPermutation().isIdentity())
      continue;
    erased(permute);
    permute.getResult().replaceAllUsesWith(permute.getInput());
    permute.erase();
  }
}

} // namespace hinm
