//===- Permutation.h - Orders of channels -----------------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Permutations in the gather convention, permute(x, p)[i] = x[p[i]]. Laws:
///
///   permute(permute(x, p), q) = permute(x, compose(p, q)),
///   compose(p, q)[i] = p[q[i]],
///   compose(p, invert(p)) = compose(invert(p), p) = identity.
///
/// Example: permute({a, b, c}, {2, 0, 1}) = {c, a, b}.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_CORE_PERMUTATION_H
#define HINM_CORE_PERMUTATION_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <vector>

namespace hinm::core {

using Permutation = std::vector<int32_t>;

/// {0, 1 … n−1}.
Permutation identityPermutation(int64_t n);
/// Whether every index of {0 … n−1} stands in \p p once.
bool isPermutation(llvm::ArrayRef<int32_t> p);
/// p⁻¹. \p p must be a permutation.
Permutation invert(llvm::ArrayRef<int32_t> p);
/// p∘q. Both must be permutations of one size.
Permutation compose(llvm::ArrayRef<int32_t> p, llvm::ArrayRef<int32_t> q);

} // namespace hinm::core

#endif // HINM_CORE_PERMUTATION_H
