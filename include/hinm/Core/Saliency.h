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

/// Saliencies from calibration. The \p statistics are 1×C, one entry an input
/// channel, or R×C, one a weight; entries that are not finite, or negative (for
/// OBS: not positive), are refused by position, and so is any other shape.

/// Wanda (arXiv 2306.11695): |w| · ‖x‖, with the norms of the activations.
llvm::Expected<Matrix<float>>
computeWandaSaliency(MatrixView<float> weight, MatrixView<float> statistics);

/// Optimal brain damage (LeCun et al., 1990): w² · F / 2, with the diagonal of
/// the Fisher information (mean squared gradients).
llvm::Expected<Matrix<float>>
computeFisherSaliency(MatrixView<float> weight, MatrixView<float> statistics);

/// Optimal brain surgeon (Hassibi and Stork, 1993; as arXiv 2407.20496 uses
/// it): w² / (2 [F⁻¹]ᵢᵢ), with the diagonal of the inverse Fisher or Hessian.
llvm::Expected<Matrix<float>> computeObsSaliency(MatrixView<float> weight,
                                                 MatrixView<float> statistics);

/// Refuses a saliency with a NaN, infinite or negative entry, naming it.
llvm::Error checkSaliency(MatrixView<float> saliency);

/// Σ of all entries, in f64.
double totalSaliency(MatrixView<float> saliency);

/// Σ of the \p count largest entries: what unstructured pruning of that many
/// kept weights retains, the upper bound of every pattern.
double unstructuredSaliency(MatrixView<float> saliency, int64_t count);

} // namespace hinm::core

#endif // HINM_CORE_SALIENCY_H
