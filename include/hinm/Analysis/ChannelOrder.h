//===- ChannelOrder.h - Which dimensions share an order ---------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The channel-order classes of a module: sets of dimensions of values that
/// have to stand in one order (docs/channel-orders.md).
///
/// The classes are those of a union-find over (value, dimension), joined by the
/// rules of the operations: indexing maps for linalg, traits for elementwise
/// ones, control flow for regions, branches and calls of private functions,
/// `ChannelOrderOpInterface` for all others.
///
/// A constant is no member: each of its uses may get a copy in another order.
/// Neither is a value that is the same everywhere (a fill, a splat).
///
//===----------------------------------------------------------------------===//

#ifndef HINM_ANALYSIS_CHANNELORDER_H
#define HINM_ANALYSIS_CHANNELORDER_H

#include "hinm/Dialect/HiNM/IR/ChannelOrderRule.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"
#include <string>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace hinm {

/// Dimensions that share an order of `count` units; a dimension of another size
/// is ordered in blocks of size / count.
struct OrderClass {
  int64_t count = 0;
  /// Definitions of the class's values.
  llvm::SmallVector<OrderEnd> members;
  /// Uses of constants, which take part as copies in the class's order.
  llvm::SmallVector<OrderEnd> constants;
  /// Results that their operation can give in any order.
  llvm::SmallVector<OrderEnd> producers;
  /// Operands that their operation takes in any order.
  llvm::SmallVector<OrderEnd> consumers;
  struct Pin {
    OrderEnd end;
    /// The operation in the way, and what is the matter with it.
    mlir::Operation *op;
    std::string reason;
    /// Whether not even a `hinm.permute` at the end could undo another order.
    bool isHard = false;
  };
  llvm::SmallVector<Pin> pins;

  /// Whether the class may be put in another order at no cost.
  bool isFree() const { return pins.empty() && count > 1; }
  /// Size of a block of a dimension of \p size.
  int64_t getBlock(int64_t size) const { return size / count; }
};

class ChannelOrder {
public:
  /// Analyses \p root and everything in it. The operation's own operands and
  /// results are not looked at.
  explicit ChannelOrder(mlir::Operation *root);

  llvm::ArrayRef<OrderClass> getClasses() const { return classes; }
  /// The class of a dimension of \p value; null for a constant or a value that
  /// is the same everywhere, which have none, and for a dimension of size 1.
  const OrderClass *lookup(mlir::Value value, int64_t dim) const;

  /// Prints the classes that an order can enter or leave, or all of them: their
  /// producers, consumers, and what pins them.
  void print(llvm::raw_ostream &os, bool all = false) const;
  /// The same as a graph for Graphviz: classes, and the operations between
  /// them.
  void printGraph(llvm::raw_ostream &os) const;

private:
  friend class ChannelOrderBuilder;
  llvm::DenseMap<std::pair<mlir::Value, int64_t>, unsigned> classOf;
  llvm::SmallVector<OrderClass, 0> classes;
};

} // namespace hinm

#endif // HINM_ANALYSIS_CHANNELORDER_H
