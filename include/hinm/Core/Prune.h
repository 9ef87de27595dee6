//===- Prune.h - Which weights a pattern keeps ------------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Vector pruning (the kept columns of every tile) and N:M pruning inside them.
/// Ties keep the first. Complexity: linear in the weights, but for a sort of C
/// column scores a tile.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_CORE_PRUNE_H
#define HINM_CORE_PRUNE_H

#include "hinm/Core/Matrix.h"
#include "hinm/Core/Pattern.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

namespace hinm::core {

/// Chooses the kept columns of every tile by the pattern's policy, in rising
/// order. Tile t is made of the rows rowOrder[tV … tV+V) of \p saliency (R×C).
llvm::Expected<ColumnIndex> selectColumns(MatrixView<float> saliency,
                                          llvm::ArrayRef<int32_t> rowOrder,
                                          const Pattern &pattern);

/// The mask of what is kept, R×C, 1 or 0, its rows in the order of \p saliency
/// (not of \p rowOrder). A column that a tile lists twice can keep a weight
/// once: the first group takes its best N, the second its best N of the rest.
llvm::Expected<Matrix<uint8_t>> computeMask(MatrixView<float> saliency,
                                            llvm::ArrayRef<int32_t> rowOrder,
                                            const Pattern &pattern,
                                            const ColumnIndex &index);

/// Σ saliency of the kept weights, without making the mask.
double retainedSaliency(MatrixView<float> saliency,
                        llvm::ArrayRef<int32_t> rowOrder,
                        const Pattern &pattern, const ColumnIndex &index);

/// How many weights the pattern can keep with \p index.
int64_t countKept(int64_t rows, const Pattern &pattern,
                  const ColumnIndex &index);

} // namespace hinm::core

#endif // HINM_CORE_PRUNE_H
