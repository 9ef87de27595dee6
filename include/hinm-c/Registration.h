//===- hinm-c/Registration.h - The dialect and passes for C -------*- C -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// hinm beside MLIR's own C API: the dialect goes into a registry, the passes
/// and pipelines get their names, and mlirParsePassPipeline does the rest.
/// Link hinm::HiNMCAPI.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_C_REGISTRATION_H
#define HINM_C_REGISTRATION_H

#include "mlir-c/IR.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Adds the hinm dialect, all that its passes make, and their external models
/// to \p registry. Once for each registry.
MLIR_CAPI_EXPORTED void hinmRegisterAllDialects(MlirDialectRegistry registry);

/// Registers the passes and pipelines of hinm, and upstream's that they are
/// made of, under their names. Once for each process.
MLIR_CAPI_EXPORTED void hinmRegisterAllPasses(void);

#ifdef __cplusplus
}
#endif

#endif // HINM_C_REGISTRATION_H
