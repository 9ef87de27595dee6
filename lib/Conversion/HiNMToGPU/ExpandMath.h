//===- ExpandMath.h - Functions of epilogues as arithmetic ------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// A kernel links against nothing: not against libdevice, which would need the
/// CUDA toolkit, nor a library on the emulator. So functions of f32 become
/// arithmetic, by upstream's polynomials and, for what these are made of, by
/// bits.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_LIB_CONVERSION_HINMTOGPU_EXPANDMATH_H
#define HINM_LIB_CONVERSION_HINMTOGPU_EXPANDMATH_H

namespace mlir {
class RewritePatternSet;
} // namespace mlir

namespace hinm {

void populateExpandMathPatterns(mlir::RewritePatternSet &patterns);

} // namespace hinm

#endif // HINM_LIB_CONVERSION_HINMTOGPU_EXPANDMATH_H
