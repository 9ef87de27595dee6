//===- Chip.cpp - What NVIDIA's architectures have ------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Dialect/HiNM/Utils/Chip.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"

/// CUDA C++ programming guide, table of compute capabilities.
static int64_t getMaxSharedBytes(llvm::StringRef chip) {
  return 1024 * llvm::StringSwitch<int64_t>(chip)
                    .Cases({"sm_86", "sm_89", "sm_120", "sm_120a", "sm_120f",
                            "sm_121", "sm_121a", "sm_121f"},
                           99)
                    .Cases({"sm_80", "sm_87"}, 163)
                    .Default(227);
}

int64_t hinm::getMaxDynamicSharedBytes(llvm::StringRef chip) {
  // MLIR declares it as an array without a size, which ptxas counts as a byte
  // that the chip has to have too.
  constexpr int64_t alignment = 16;
  return getMaxSharedBytes(chip) - alignment;
}

bool hinm::hasSparseMma(llvm::StringRef chip, mlir::Type element) {
  const bool isSmallFloat = llvm::isa<mlir::FloatType>(element) &&
                            element.getIntOrFloatBitWidth() == 8;
  return !isSmallFloat ||
         !llvm::is_contained({"sm_80", "sm_86", "sm_87"}, chip);
}
