//===- NaturalOrder.cpp - What a weight retains as it is ------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NaturalOrder.h"

#include "hinm/Core/Prune.h"
#include "hinm/Core/Saliency.h"
#include <utility>

namespace hinm::core {

llvm::Expected<WeightResult> measureNaturalOrder(MatrixView<float> saliency,
                                                 const Pattern &pattern) {
  const Permutation natural = identityPermutation(saliency.getRows());
  llvm::Expected<ColumnIndex> columns =
      selectColumns(saliency, natural, pattern);
  if (!columns)
    return columns.takeError();
  WeightResult figures;
  figures.total = totalSaliency(saliency);
  figures.retainedWithoutPermutation = figures.retained =
      retainedSaliency(saliency, natural, pattern, *columns);
  figures.retainedUnstructured = unstructuredSaliency(
      saliency, countKept(saliency.getRows(), pattern, *columns));
  figures.columns = std::move(*columns);
  return figures;
}

} // namespace hinm::core
