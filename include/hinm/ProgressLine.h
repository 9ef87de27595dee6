//===- ProgressLine.h - A search on the terminal ----------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Shows the progress of hinm's searches in one line on the standard error, if
/// that is a terminal. The first Ctrl-C while a search runs ends the searches
/// with the best found so far; any other ends the program.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_PROGRESSLINE_H
#define HINM_PROGRESSLINE_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace hinm {

/// Shows the searches of every context that uses \p registry.
void registerProgressLine(mlir::DialectRegistry &registry);

} // namespace hinm

#endif // HINM_PROGRESSLINE_H
