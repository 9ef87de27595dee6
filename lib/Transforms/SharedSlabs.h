//===- SharedSlabs.h - The slabs of a product -------------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// What the tiles of a thread block share of X depends on how many tiles that
/// are, which the schedule says, and on their lists alone. So a packed weight
/// knows nothing of it, and every schedule finds its slabs when it is chosen.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_LIB_TRANSFORMS_SHAREDSLABS_H
#define HINM_LIB_TRANSFORMS_SHAREDSLABS_H

#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include <optional>

namespace hinm {

/// Places of the slabs of \p op, if \p schedule is for it. Nothing if it has
/// none: its format has no window, or its lists are no constant.
std::optional<int64_t> countSlabPlaces(SpmmOp op, ScheduleAttr schedule);

/// Gives \p op the slabs for its schedule, if it can have any and has not got
/// them.
void addSlabs(SpmmOp op);

} // namespace hinm

#endif // HINM_LIB_TRANSFORMS_SHAREDSLABS_H
