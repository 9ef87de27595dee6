//===- Epilogue.h - What a kernel's epilogue may compute --------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HINM_DIALECT_HINM_UTILS_EPILOGUE_H
#define HINM_DIALECT_HINM_UTILS_EPILOGUE_H

#include "mlir/IR/Operation.h"

namespace hinm {

/// Whether a kernel can hold elements of \p type: f16, bf16, f32, i8 or i32.
bool isEpilogueElement(mlir::Type type);

/// Whether a kernel computes \p op, which is no terminator, without a library
/// of functions: arith, and of math in f32 what is replaced by arithmetic.
bool isEpilogueOperation(mlir::Operation *op);

} // namespace hinm

#endif // HINM_DIALECT_HINM_UTILS_EPILOGUE_H
