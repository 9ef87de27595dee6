//===- BankConflicts.cpp - C interface of the bank conflicts --------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm-c/BankConflicts.h"

#include "hinm/Core/BankConflicts.h"
#include "hinm/Core/Slabs.h"
#include <algorithm>

using namespace hinm::core;

int64_t hinmCountBankTurns(const int32_t *columns, int64_t count) {
  return countBankTurns(llvm::ArrayRef(columns, count));
}

void hinmArrangeGroups(int32_t *columns, int64_t count, int64_t window) {
  arrangeGroups(llvm::MutableArrayRef(columns, count), window);
}

int64_t hinmCountSlabPlaces(const int32_t *columns, int64_t count,
                            int64_t tiles, int64_t windows,
                            int64_t tilesPerSlab, int64_t elementBytes) {
  return countSlabPlaces({llvm::ArrayRef(columns, count), tiles, windows,
                          tilesPerSlab, elementBytes});
}

int64_t hinmMakeSlabs(const int32_t *columns, int64_t count, int64_t tiles,
                      int64_t windows, int64_t tilesPerSlab,
                      int64_t elementBytes, int32_t *rows, int32_t *places) {
  const SlabLists lists = {llvm::ArrayRef(columns, count), tiles, windows,
                           tilesPerSlab, elementBytes};
  const Slabs slabs = makeSlabs(lists, /*threads=*/0);
  std::copy(slabs.rows.begin(), slabs.rows.end(), rows);
  std::copy(slabs.places.begin(), slabs.places.end(), places);
  return countSlabTurns(lists, slabs.places);
}
