//===- HiNMInterfaces.h - Interfaces of the hinm dialect --------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Interfaces that operations of any dialect may implement.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_DIALECT_HINM_IR_HINMINTERFACES_H
#define HINM_DIALECT_HINM_IR_HINMINTERFACES_H

#include "hinm/Dialect/HiNM/IR/ChannelOrderRule.h"
#include "mlir/IR/OpDefinition.h"

#include "hinm/Dialect/HiNM/IR/HiNMInterfaces.h.inc"

#endif // HINM_DIALECT_HINM_IR_HINMINTERFACES_H
