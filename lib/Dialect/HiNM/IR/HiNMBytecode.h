//===- HiNMBytecode.h - Bytecode of the hinm dialect ------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Private to the dialect's library: attaches the bytecode interface.
///
//===----------------------------------------------------------------------===//

#ifndef LIB_DIALECT_HINM_IR_HINMBYTECODE_H
#define LIB_DIALECT_HINM_IR_HINMBYTECODE_H

namespace hinm {
class HiNMDialect;
namespace detail {
void addBytecodeInterface(HiNMDialect *dialect);
} // namespace detail
} // namespace hinm

#endif // LIB_DIALECT_HINM_IR_HINMBYTECODE_H
