//===- Passes.td - Passes of hinm (Conversion) -------------*- tablegen -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HINM_CONVERSION_PASSES_TD
#define HINM_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// convert-hinm-to-gpu
//===----------------------------------------------------------------------===//

//===----------------------------------------------------------------------===//
// convert-hinm-to-linalg
//===----------------------------------------------------------------------===//

#endif // HINM_CONVERSION_PASSES_TD
