//===- Reorder.h - Puts a class in another order ----------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The one rewrite that moves permutations: all values of a channel-order class
/// are stored in a new order, and where the class ends there is a permute.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_LIB_TRANSFORMS_REORDER_H
#define HINM_LIB_TRANSFORMS_REORDER_H

#include "hinm/Analysis/ChannelOrder.h"
#include "hinm/Core/Permutation.h"
#include "hinm/Dialect/HiNM/IR/HiNMOps.h"

namespace hinm {

/// The permute along its dimension that defines or reads \p end, or null.
PermuteOp getPermute(const OrderEnd &end);

/// A copy of \p constant with dimension \p dim in order \p order; null if it is
/// no constant with data.
mlir::Value makePermuted(mlir::OpBuilder &builder, mlir::Value constant,
                         int64_t dim, llvm::ArrayRef<int32_t> order);

/// Stores each value of the classes of \p moved, which are some of \p orders,
/// with the class's units in the order given. Permutes appear before their
/// consumers and at their pins (which must not be hard) and after their
/// producers; if one is there already, the two become one, or none. Constants
/// get reordered copies.
///
/// The ends of other classes stay valid, unless a permute of theirs has gone:
/// \p erased is called with each such operation before.
void reorderClasses(const ChannelOrder &orders,
                    const ChannelOrder::Orders &moved,
                    llvm::function_ref<void(mlir::Operation *)> erased);

} // namespace hinm

#endif // HINM_LIB_TRANSFORMS_REORDER_H
