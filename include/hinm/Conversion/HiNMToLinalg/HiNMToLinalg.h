//===- HiNMToLinalg.h - hinm operations as plain loops ----------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Lowers hinm operations on tensors to linalg, tensor and scf.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_CONVERSION_HINMTOLINALG_HINMTOLINALG_H
#define HINM_CONVERSION_HINMTOLINALG_HINMTOLINALG_H

namespace mlir {
class RewritePatternSet;
} // namespace mlir

namespace hinm {

/// Adds the patterns for hinm.matmul, hinm.permute and hinm.unpack.
void populateHiNMToLinalgPatterns(mlir::RewritePatternSet &patterns);

/// Adds the pattern for hinm.spmm: loops over the stored elements, any V. With
/// \p onlySkipped, only for an op that hinm-select-kernels found no kernel for.
void populateSpmmToLoopsPatterns(mlir::RewritePatternSet &patterns,
                                 bool onlySkipped);

} // namespace hinm

#endif // HINM_CONVERSION_HINMTOLINALG_HINMTOLINALG_H
