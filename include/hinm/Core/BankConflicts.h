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

} // namespace hinm::core

#endif // HINM_CORE_BANKCONFLICTS_H
