//===- HiNMOps.h - Operations of the hinm dialect ---------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The operation classes of the hinm dialect.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_DIALECT_HINM_IR_HINMOPS_H
#define HINM_DIALECT_HINM_IR_HINMOPS_H

#include "hinm/Dialect/HiNM/IR/HiNMAttributes.h"
#include "hinm/Dialect/HiNM/IR/HiNMDialect.h"
#include "hinm/Dialect/HiNM/IR/HiNMInterfaces.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace hinm {

/// What products of \p element are summed in: i32 for integers, f32 for floats.
mlir::Type getSumType(mlir::Type element);

/// How many of \p element are in 16 bytes, which kernels copy at once: the
/// tokens of a row of X come in multiples of that.
int64_t getTokensOfChunk(mlir::Type element);

} // namespace hinm

#define GET_OP_CLASSES
#include "hinm/Dialect/HiNM/IR/HiNMOps.h.inc"

#endif // HINM_DIALECT_HINM_IR_HINMOPS_H
