//===- BufferizableOpInterfaceImpl.h - Bufferization of hinm ops *- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Lets one-shot-bufferize turn hinm.spmm on tensors into hinm.spmm on memrefs.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_TRANSFORMS_BUFFERIZABLEOPINTERFACEIMPL_H
#define HINM_TRANSFORMS_BUFFERIZABLEOPINTERFACEIMPL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace hinm {

/// Attaches BufferizableOpInterface to hinm.spmm when the dialect is loaded.
void registerBufferizableOpInterfaceExternalModels(
    mlir::DialectRegistry &registry);

} // namespace hinm

#endif // HINM_TRANSFORMS_BUFFERIZABLEOPINTERFACEIMPL_H
