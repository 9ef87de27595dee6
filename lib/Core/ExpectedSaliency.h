//===- ExpectedSaliency.h - What a weight is worth before it is grouped *- C++
//-*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The rows and the columns are chosen before the groups are known. What a
/// weight will be worth then is its saliency times the chance that it survives
/// N:M: in a group with M−1 others drawn at random from its row, the chance
/// that fewer than N of them are larger. With u the share of the row that is
/// smaller, and for 2:4, that is u³ + 3u²(1−u) = 3u² − 2u³.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_LIB_CORE_EXPECTEDSALIENCY_H
#define HINM_LIB_CORE_EXPECTEDSALIENCY_H

#include "WorkerPool.h"
#include "hinm/Core/Matrix.h"
#include "hinm/Core/Pattern.h"

namespace hinm::core {

/// The expected saliency of every entry of \p saliency (R×C) under the N:M of
/// \p pattern, R×C.
Matrix<float> expectSaliency(MatrixView<float> saliency, const Pattern &pattern,
                             WorkerPool &pool);

} // namespace hinm::core

#endif // HINM_LIB_CORE_EXPECTEDSALIENCY_H
