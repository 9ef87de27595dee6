//===- NaturalOrder.h - What a weight retains as it is ----------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// What every search starts from and is measured against.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_LIB_CORE_NATURALORDER_H
#define HINM_LIB_CORE_NATURALORDER_H

#include "hinm/Core/Search.h"

namespace hinm::core {

/// The figures of \p saliency (R×C) under \p pattern without any permutation,
/// and the columns kept then. Refuses a pattern that does not fit.
llvm::Expected<WeightResult> measureNaturalOrder(MatrixView<float> saliency,
                                                 const Pattern &pattern);

} // namespace hinm::core

#endif // HINM_LIB_CORE_NATURALORDER_H
