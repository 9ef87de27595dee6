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

/// \p units, an order of `count` units, as one of a dimension of \p size in
/// blocks of size / count.
core::Permutation expandOrder(llvm::ArrayRef<int32_t> units, int64_t size);

/// The order of \p count units that \p order is in blocks; nothing if it does
/// not keep blocks together.
std::optional<core::Permutation> shrinkOrder(llvm::ArrayRef<int32_t> order,
                                             int64_t count);

/// Stores each value x of \p orderClass as permute(x, order), with \p order
/// over the units of the class. Permutes appear before its consumers and at its
/// pins (which must not be hard) and after its producers; if one is there
/// already, the two become one, or none. Constants get reordered copies.
///
/// The ends of other classes stay valid, unless a permute of theirs has gone:
/// \p erased is called with each such operation before.
void reorderClass(const OrderClass &orderClass, llvm::ArrayRef<int32_t> order,
                  llvm::function_ref<void(mlir::Operation *)> erased);

} // namespace hinm

#endif // HINM_LIB_TRANSFORMS_REORDER_H
