//===- HiNMAttributes.h - Attributes of the hinm dialect --------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Pattern, permutation, column index, packed format, schedule and the emulator
/// target. Attributes as long as a channel wrap an ElementsAttr, so that a
/// printer can elide them and a resource blob can hold them without a copy.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_DIALECT_HINM_IR_HINMATTRIBUTES_H
#define HINM_DIALECT_HINM_IR_HINMATTRIBUTES_H

#include "hinm/Core/PackedFormat.h"
#include "mlir/IR/Attributes.h"
#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "llvm/ADT/APFloat.h"
#include <optional>

#include "hinm/Dialect/HiNM/IR/HiNMEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "hinm/Dialect/HiNM/IR/HiNMAttributes.h.inc"

namespace hinm {

/// Checks \p index against a weight of \p rows × \p columns cut in tiles of
/// \p tile rows with groups of \p m: one list a tile, indices in [0, columns),
/// each list's length a multiple of m. \p emitError opens the diagnostic.
::llvm::LogicalResult
verifyColumnIndex(::llvm::function_ref<::mlir::InFlightDiagnostic()> emitError,
                  ColumnIndexAttr index, int64_t rows, int64_t columns,
                  int64_t tile, int64_t m);

} // namespace hinm

#endif // HINM_DIALECT_HINM_IR_HINMATTRIBUTES_H
