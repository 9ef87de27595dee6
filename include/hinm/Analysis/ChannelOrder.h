//===- ChannelOrder.h - Which dimensions share an order ---------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The channel-order classes of a module: sets of dimensions of values, or of
/// parts of them, that have to stand in one order (docs/channel-orders.md).
///
/// The order of a dimension is an axis (OrderAxes.h). The rules of the
/// operations unify axes: indexing maps for linalg, traits for elementwise
/// ones, control flow for regions, branches and calls of private functions,
/// `ChannelOrderOpInterface` for all others. A class is what is left: an axis
/// that nothing divides any further, with all dimensions that it is, or is a
/// part of.
///
/// A constant is no member: each of its uses may get a copy in another order.
/// Neither is a value that is the same everywhere (a fill, a splat).
///
//===----------------------------------------------------------------------===//

#ifndef HINM_ANALYSIS_CHANNELORDER_H
#define HINM_ANALYSIS_CHANNELORDER_H

#include "hinm/Analysis/OrderAxes.h"
#include "hinm/Dialect/HiNM/IR/ChannelOrderRule.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallVector.h"
#include <string>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace hinm {

/// An end, and the axis of its dimension.
struct AxisEnd : OrderEnd {
  AxisEnd(const OrderEnd &end, OrderAxes::Axis axis)
      : OrderEnd(end), axis(axis) {}

  OrderAxes::Axis axis;
};

/// Dimensions that share an order of `count` units. What a unit is in each of
/// them, its axis says: an element, a block, or several at regular distances.
struct OrderClass {
  int64_t count = 0;
  /// Definitions of the class's values.
  llvm::SmallVector<AxisEnd> members;
  /// Uses of constants, which take part as copies in the class's order.
  llvm::SmallVector<AxisEnd> constants;
  /// Results that their operation can give in any order.
  llvm::SmallVector<AxisEnd> producers;
  /// Operands that their operation takes in any order.
  llvm::SmallVector<AxisEnd> consumers;
  struct Pin {
    AxisEnd end;
    /// The operation in the way, and what is the matter with it.
    mlir::Operation *op;
    std::string reason;
    /// Whether not even a `hinm.permute` at the end could undo another order.
    bool isHard = false;
  };
  llvm::SmallVector<Pin> pins;

  /// Whether the class may be put in another order at no cost.
  bool isFree() const { return pins.empty() && count > 1; }
};

class ChannelOrder {
public:
  /// Analyses \p root and everything in it. The operation's own operands and
  /// results are not looked at.
  explicit ChannelOrder(mlir::Operation *root);

  llvm::ArrayRef<OrderClass> getClasses() const { return classes; }

  /// The axis of a dimension of \p value; none for a constant or a value that
  /// is the same everywhere, and for a dimension of size 1.
  std::optional<OrderAxes::Axis> lookup(mlir::Value value, int64_t dim) const;

  /// The classes that \p axis consists of, each once.
  llvm::SmallVector<const OrderClass *, 2>
  getClassesOf(OrderAxes::Axis axis) const;

  /// Calls \p visit for each place of a class in \p axis: unit u of it is the
  /// \p block indices from offset + u·block on.
  void forEachClass(OrderAxes::Axis axis,
                    llvm::function_ref<void(const OrderClass &orderClass,
                                            int64_t offset, int64_t block)>
                        visit) const;

  /// Orders of the units of classes.
  using Orders = llvm::MapVector<const OrderClass *, core::Permutation>;
  /// The order of \p axis if the units of \p orderClass have order \p order.
  core::Permutation expand(OrderAxes::Axis axis, const OrderClass &orderClass,
                           llvm::ArrayRef<int32_t> order) const;
  /// The orders of classes, other than the identity, that \p order of \p axis
  /// consists of; nothing if it is not made of such.
  std::optional<Orders> decompose(OrderAxes::Axis axis,
                                  llvm::ArrayRef<int32_t> order) const;

  /// Prints the classes that an order can enter or leave, or all of them: their
  /// producers, consumers, and what pins them.
  void print(llvm::raw_ostream &os, bool all = false) const;
  /// The same as a graph for Graphviz: classes, and the operations between
  /// them.
  void printGraph(llvm::raw_ostream &os) const;

private:
  friend class ChannelOrderBuilder;
  OrderAxes axes;
  llvm::DenseMap<std::pair<mlir::Value, int64_t>, OrderAxes::Axis> axisOf;
  llvm::SmallVector<OrderClass, 0> classes;
  /// The class of a free axis, by its resolved name, and the other way round.
  llvm::DenseMap<OrderAxes::Axis, unsigned> classOf;
  llvm::SmallVector<OrderAxes::Axis> leaves;
};

} // namespace hinm

#endif // HINM_ANALYSIS_CHANNELORDER_H
