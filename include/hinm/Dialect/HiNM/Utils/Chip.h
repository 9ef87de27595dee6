//===- Chip.h - What NVIDIA's architectures have ----------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HINM_DIALECT_HINM_UTILS_CHIP_H
#define HINM_DIALECT_HINM_UTILS_CHIP_H

#include "mlir/IR/Types.h"
#include "llvm/ADT/StringRef.h"

namespace hinm {

/// The largest shared memory, in bytes, that a block may ask for at its launch
/// on \p chip. An unknown chip and none, which is the emulator, have the
/// largest of any.
int64_t getMaxDynamicSharedBytes(llvm::StringRef chip);

/// Whether \p chip, of sm_80 or newer, has mma.sp of \p element; without a chip
/// the emulator has.
bool hasSparseMma(llvm::StringRef chip, mlir::Type element);

} // namespace hinm

#endif // HINM_DIALECT_HINM_UTILS_CHIP_H
