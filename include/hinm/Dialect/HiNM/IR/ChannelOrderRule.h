//===- ChannelOrderRule.h - What an order does to an op ---------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The rule of one operation: which dimensions of its operands and results have
/// to stand in one channel order, and where an order may begin or end.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_DIALECT_HINM_IR_CHANNELORDERRULE_H
#define HINM_DIALECT_HINM_IR_CHANNELORDERRULE_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"
#include <string>
#include <utility>

namespace hinm {

/// A dimension of a value where an operation reads it (`use` is set) or where
/// it is defined: a result, or an argument of a block.
struct OrderEnd {
  OrderEnd(mlir::OpOperand &use, int64_t dim)
      : use(&use), value(use.get()), dim(dim) {}
  OrderEnd(mlir::Value value, int64_t dim) : value(value), dim(dim) {}

  mlir::OpOperand *use = nullptr;
  mlir::Value value;
  int64_t dim;
};

/// The indices offset, offset + stride, … of a dimension, `size` of them.
struct OrderRange {
  OrderEnd end;
  int64_t offset, size;
  int64_t stride = 1;
};

class ChannelOrderRule {
public:
  /// The operation computes the same if all of \p ends are put in a new order
  /// together. If their sizes differ, that holds for an order of whole blocks,
  /// as many as the greatest common divisor of the sizes.
  void tie(llvm::ArrayRef<OrderEnd> ends) {
    ties.emplace_back(ends.begin(), ends.end());
  }
  /// The same of ranges of one size, at least 1, instead of whole dimensions.
  /// What no range of an end mentions is in any order.
  void tieRanges(llvm::ArrayRef<OrderRange> ranges) {
    rangeTies.emplace_back(ranges.begin(), ranges.end());
  }
  /// The indices of \p digits are those of \p whole, outermost first, as in a
  /// reshape: the order of \p whole is made of theirs.
  void tieDigits(OrderEnd whole, llvm::ArrayRef<OrderEnd> digits) {
    digitTies.emplace_back(
        whole, llvm::SmallVector<OrderEnd, 4>(digits.begin(), digits.end()));
  }
  /// The operation takes \p operand in any order of \p dim: a `hinm.permute`
  /// right before it is folded into it.
  void absorb(mlir::OpOperand &operand, int64_t dim) {
    absorbed.emplace_back(operand, dim);
  }
  /// The operation can give \p result in any order of \p dim: a `hinm.permute`
  /// right after it is folded into it.
  void produce(mlir::Value result, int64_t dim) {
    produced.emplace_back(result, dim);
  }
  /// The order at \p end may not change; \p reason is a sentence about "it",
  /// the operation, for remarks.
  void pin(OrderEnd end, const llvm::Twine &reason) {
    pins.push_back({end, reason.str()});
  }
  /// The values of \p operand do not matter, or not their order.
  void ignore(mlir::OpOperand &operand) { ignored.push_back(&operand); }

  struct Pin {
    OrderEnd end;
    std::string reason;
  };
  llvm::SmallVector<llvm::SmallVector<OrderEnd, 4>> ties;
  llvm::SmallVector<llvm::SmallVector<OrderRange, 3>> rangeTies;
  llvm::SmallVector<std::pair<OrderEnd, llvm::SmallVector<OrderEnd, 4>>>
      digitTies;
  llvm::SmallVector<OrderEnd> absorbed, produced;
  llvm::SmallVector<Pin> pins;
  llvm::SmallVector<mlir::OpOperand *> ignored;
};

} // namespace hinm

#endif // HINM_DIALECT_HINM_IR_CHANNELORDERRULE_H
