//===- Reference.h - Products in double precision ---------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The oracle of every test: Y = W · X in f64, naive on purpose.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_CORE_REFERENCE_H
#define HINM_CORE_REFERENCE_H

#include "hinm/Core/Matrix.h"
#include "hinm/Core/PackedFormat.h"
#include "llvm/Support/Error.h"

namespace hinm::core {

/// Y[R, N] = W[R, C] · X[C, N], accumulated in f64.
Matrix<double> referenceMatmul(MatrixView<double> weight,
                               MatrixView<double> input);

/// The same product with a packed weight, formed as the kernels form it: each
/// tile gathers rows of X by its column list and picks among them by the
/// metadata. \p decode gives the value of an element's bits. Refuses a packed
/// weight that the format does not allow and an input of other than C rows.
llvm::Expected<Matrix<double>> referencePackedMatmul(const PackedWeight &weight,
                                                     double (*decode)(uint32_t),
                                                     MatrixView<double> input);

/// ‖a − b‖ / ‖b‖ in the Frobenius norm; the absolute norm of a when b is zero,
/// and infinity when either holds a NaN.
double relativeError(MatrixView<double> a, MatrixView<double> b);

/// The value of the bits of an element, which are the low ones.
double decodeF16(uint32_t bits);
double decodeBF16(uint32_t bits);
double decodeF8E4M3FN(uint32_t bits);
double decodeF8E5M2(uint32_t bits);
double decodeTF32(uint32_t bits);
double decodeI8(uint32_t bits);

} // namespace hinm::core

#endif // HINM_CORE_REFERENCE_H
