//===- HiNM.td - Everything of the hinm dialect ------------*- tablegen -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The single entry point for TableGen: dialect, attributes and operations.
//
//===----------------------------------------------------------------------===//

#ifndef HINM_DIALECT_HINM_IR_HINM_TD
#define HINM_DIALECT_HINM_IR_HINM_TD

include "hinm/Dialect/HiNM/IR/HiNMDialect.td"
include "hinm/Dialect/HiNM/IR/HiNMAttributes.td"
include "hinm/Dialect/HiNM/IR/HiNMOps.td"

#endif // HINM_DIALECT_HINM_IR_HINM_TD
