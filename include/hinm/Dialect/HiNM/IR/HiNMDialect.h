//===- HiNMDialect.h - The hinm dialect -------------------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The dialect class, and its registration with everything that belongs to it.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_DIALECT_HINM_IR_HINMDIALECT_H
#define HINM_DIALECT_HINM_IR_HINMDIALECT_H

#include "hinm/Dialect/HiNM/IR/SearchObserver.h"
#include "hinm/Dialect/HiNM/Utils/ConstantOwner.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Dialect.h"
#include <memory>

#include "hinm/Dialect/HiNM/IR/HiNMDialect.h.inc"

#endif // HINM_DIALECT_HINM_IR_HINMDIALECT_H
