//===- InitAll.h - Registration of everything in hinm -----------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The entry points by which a tool or another compiler takes in all of hinm.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_INITALL_H
#define HINM_INITALL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace hinm {

/// Registers the hinm dialect with its external interface models, and the
/// upstream dialects, extensions and target interfaces that the pipeline uses.
void registerAllDialects(mlir::DialectRegistry &registry);

/// Registers only what hinm itself brings: its dialect and external models.
/// For hosts, such as mlir-opt with the plug-in, that have upstream's already.
void registerHiNMDialects(mlir::DialectRegistry &registry);

/// Registers hinm's passes and pipelines, and upstream's passes.
void registerAllPasses();

/// Registers only hinm's own passes and pipelines.
void registerHiNMPasses();

} // namespace hinm

#endif // HINM_INITALL_H
