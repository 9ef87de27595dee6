//===- FeatureMajor.h - Patterns that move transposes -----------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Patterns that move the transposes and reshapes of an imported layer through
/// elementwise operations, the parts of `hinm-propagate-transposes`.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_LIB_TRANSFORMS_FEATUREMAJOR_H
#define HINM_LIB_TRANSFORMS_FEATUREMAJOR_H

#include "mlir/IR/PatternMatch.h"

namespace hinm {

/// Brings elementwise operations to one form: arithmetic on tensors and named
/// operations become `linalg.generic`, broadcasts become the indexing map of
/// their reader, unit dimensions that are read at 0 are dropped.
void populateElementwiseFormPatterns(mlir::RewritePatternSet &patterns);

/// Sinks transposes of matrices below elementwise generics. With \p
/// foldTheRest, to be used once all are sunk, those that are left become an
/// indexing map of the generic that makes or reads them.
void populateTransposePatterns(mlir::RewritePatternSet &patterns,
                               bool foldTheRest);

} // namespace hinm

#endif // HINM_LIB_TRANSFORMS_FEATUREMAJOR_H
