//===- BankConflicts.h - Groups whose rows lie in other banks ---*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Where X lies in shared memory in the order of its channels, `ldmatrix` reads
/// it by the listed columns, eight rows of 16 bytes in a turn: those of two
/// groups. Rows c and d lie in the same banks when c ≡ d (mod 8), and then take
/// a turn each (PTX ISA 9.1, 9.7.14.5.15; shared memory has 32 banks of 4
/// bytes). Which groups are neighbours is free, so they are chosen for that.
///
/// Lanes that load tf32 by themselves read two chunks of four rows in a turn,
/// also those of two groups, which are of two columns. Then c and d are in the
/// same banks when c ≡ d (mod 4): everything is as above with half of it.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_CORE_BANKCONFLICTS_H
#define HINM_CORE_BANKCONFLICTS_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <vector>

namespace hinm::core {

/// Turns in which the rows of a tile's list \p columns are read: for every
/// eight in it (the last ones may be fewer) the most different columns that are
/// equal modulo 8. Without conflicts it is ⌈size / 8⌉. It is eight for a
/// \p group of four columns, four for one of two.
int64_t countBankTurns(llvm::ArrayRef<int32_t> columns, int64_t group = 4);

/// Reorders the groups of a tile's list \p columns, whose size is a multiple of
/// \p group, four or two, so that neighbours conflict little. With \p window >
/// 0 groups stay among those of their window of so many columns, which has to
/// be one run of the list. Groups and the order inside them are left as they
/// are; turns never become more.
void arrangeGroups(llvm::MutableArrayRef<int32_t> columns, int64_t window,
                   int64_t group = 4);

/// \p columns as countBankTurns and arrangeGroups take them where 16-byte chunk
/// i of row c lies at place i XOR keys[c] of its row: equal columns stay equal,
/// others are in the same banks when their keys are equal.
std::vector<int32_t> applySwizzleKeys(llvm::ArrayRef<int32_t> columns,
                                      llvm::ArrayRef<uint8_t> keys);

/// Chooses a key of 0 … 7 for each of \p cols rows of X, with which \p numLists
/// lists \p columns, as long and by windows of \p window, conflict little;
/// their groups are rearranged for it as by arrangeGroups. Turns do not become
/// more than arrangeGroups alone makes them with the keys c mod 8. A local
/// search: rows change their keys, alone or two at a time, then groups their
/// neighbours, while that helps.
std::vector<uint8_t> chooseSwizzleKeys(llvm::MutableArrayRef<int32_t> columns,
                                       int64_t numLists, int64_t cols,
                                       int64_t window);

} // namespace hinm::core

#endif // HINM_CORE_BANKCONFLICTS_H
