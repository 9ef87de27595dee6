//===- Registration.cpp - The dialect and the passes for C ----------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm-c/Registration.h"

#include "hinm/InitAll.h"
#include "mlir/CAPI/IR.h"

void hinmRegisterAllDialects(MlirDialectRegistry registry) {
  hinm::registerAllDialects(*unwrap(registry));
}

void hinmRegisterAllPasses(void) { hinm::registerAllPasses(); }
