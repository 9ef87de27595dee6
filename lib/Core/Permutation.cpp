//===- Permutation.cpp - Orders of channels -------------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/Permutation.h"

#include "llvm/ADT/STLExtras.h"
#include <cassert>
#include <numeric>

namespace hinm::core {

Permutation identityPermutation(int64_t n) {
  Permutation p(n);
  std::iota(p.begin(), p.end(), 0);
  return p;
}

bool isPermutation(llvm::ArrayRef<int32_t> p) {
  std::vector<bool> seen(p.size());
  for (int32_t index : p) {
    if (index < 0 || index >= static_cast<int64_t>(p.size()) || seen[index])
      return false;
    seen[index] = true;
  }
  return true;
}

Permutation invert(llvm::ArrayRef<int32_t> p) {
  assert(isPermutation(p) && "only a permutation has an inverse");
  Permutation inverse(p.size());
  for (auto [position, index] : llvm::enumerate(p))
    inverse[index] = static_cast<int32_t>(position);
  return inverse;
}

Permutation compose(llvm::ArrayRef<int32_t> p, llvm::ArrayRef<int32_t> q) {
  assert(p.size() == q.size() && "permutations of different sizes");
  Permutation composed(p.size());
  for (auto [position, index] : llvm::enumerate(q))
    composed[position] = p[index];
  return composed;
}

} // namespace hinm::core
