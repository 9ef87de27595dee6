//===- NpyFile.h - Arrays in .npy files -------------------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Reads and writes NumPy's .npy format (version 1.0, C order): f16, f32, f64,
/// i8, i32, i64 and bool in little-endian order.
///
//===----------------------------------------------------------------------===//

#ifndef TOOLS_HINM_RUN_NPYFILE_H
#define TOOLS_HINM_RUN_NPYFILE_H

#include "Tensor.h"
#include "llvm/Support/Error.h"

namespace hinm::run {

/// Reads \p path. Refuses what is no such file, another type or Fortran order,
/// naming the file and the reason.
llvm::Expected<Tensor> readNpy(llvm::StringRef path,
                               mlir::MLIRContext *context);

/// Writes \p tensor as f32.
llvm::Error writeNpy(llvm::StringRef path, const Tensor &tensor,
                     mlir::MLIRContext *context);

} // namespace hinm::run

#endif // TOOLS_HINM_RUN_NPYFILE_H
