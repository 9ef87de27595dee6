//===- Saliency.h - Scores of weights ---------------------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Saliency: a non-negative score for every weight. Pruning keeps the weights
/// of most saliency; the share kept is the figure of merit of every search.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_CORE_SALIENCY_H
#define HINM_CORE_SALIENCY_H

#include "hinm/Core/Matrix.h"
#include "llvm/Support/Error.h"

namespace hinm::core {

enum class SaliencyKind { Magnitude, Squared };

/// |w| or w² of each weight. Refuses NaN and infinite weights, naming the first
/// one's position.
llvm::Expected<Matrix<float>> computeSaliency(MatrixView<float> weight,
                                              SaliencyKind kind);

/// Refuses a saliency with a NaN, infinite or negative entry, naming it.
llvm::Error checkSaliency(MatrixView<float> saliency);

/// Σ of all entries, in f64.
double totalSaliency(MatrixView<float> saliency);

/// Σ of the \p count largest entries: what unstructured pruning of that many
/// kept weights retains, the upper bound of every pattern.
double unstructuredSaliency(MatrixView<float> saliency, int64_t count);

} // namespace hinm::core

#endif // HINM_CORE_SALIENCY_H
