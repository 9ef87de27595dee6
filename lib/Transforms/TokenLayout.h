//===- TokenLayout.h - How the tokens of a product lie ----------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HINM_LIB_TRANSFORMS_TOKENLAYOUT_H
#define HINM_LIB_TRANSFORMS_TOKENLAYOUT_H

#include "hinm/Dialect/HiNM/IR/HiNMOps.h"

namespace hinm {

/// N, which may be dynamic.
int64_t getNumTokens(SpmmOp op);

/// Makes the sizes of Y static where the format or X say them.
void refineSizes(SpmmOp op);

/// Whether X is at hand token-major, N×C: transposed before \p op, maybe with
/// its elements converted or computed, or of one token, which lies alike either
/// way.
bool hasTokenMajorInput(SpmmOp op);

/// Makes \p op, for which hasTokenMajorInput holds, read that X, and write Y
/// token-major too if all its readers transpose it or it is of one token.
void takeTokenMajor(SpmmOp op);

/// Makes the number of tokens of \p op a multiple of 8, where its kernel copies
/// or stores several at once: pads X with zeros (a convolution's kernel does
/// that itself), and takes the wanted part of Y.
void padTokens(SpmmOp op);

} // namespace hinm

#endif // HINM_LIB_TRANSFORMS_TOKENLAYOUT_H
