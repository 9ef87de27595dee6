//===- TilingInterfaceImpl.h - Tiling of hinm products ----------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Lets upstream's tiling and fusion (scf, transform dialect) cut hinm.matmul
/// and hinm.spmm into columns of the result.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_TRANSFORMS_TILINGINTERFACEIMPL_H
#define HINM_TRANSFORMS_TILINGINTERFACEIMPL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace hinm {

/// Attaches TilingInterface, with one parallel loop over N, to hinm.matmul and
/// to hinm.spmm on tensors when the dialect is loaded.
void registerTilingInterfaceExternalModels(mlir::DialectRegistry &registry);

} // namespace hinm

#endif // HINM_TRANSFORMS_TILINGINTERFACEIMPL_H
