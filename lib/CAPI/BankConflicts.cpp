//===- BankConflicts.cpp - C interface of the bank conflicts --------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm-c/BankConflicts.h"

#include "hinm/Core/BankConflicts.h"
#include <algorithm>

using namespace hinm::core;

int64_t hinmCountBankTurns(const int32_t *columns, int64_t count) {
  return countBankTurns(llvm::ArrayRef(columns, count));
}

void hinmArrangeGroups(int32_t *columns, int64_t count, int64_t window) {
  arrangeGroups(llvm::MutableArrayRef(columns, count), window);
}

int64_t hinmChooseSwizzleKeys(int32_t *columns, int64_t count, int64_t lists,
                              int64_t cols, int64_t window, uint8_t *keys) {
  llvm::MutableArrayRef all(columns, count);
  const std::vector<uint8_t> chosen =
      chooseSwizzleKeys(all, lists, cols, window);
  std::copy(chosen.begin(), chosen.end(), keys);
  int64_t turns = 0;
  for (int64_t list = 0; list < lists; ++list)
    turns += countBankTurns(applySwizzleKeys(
        all.slice(list * (count / lists), count / lists), chosen));
  return turns;
}
