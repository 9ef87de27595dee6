//===- BankConflicts.h - C interface of the bank conflicts ------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Core's bank conflicts (hinm/Core/BankConflicts.h, hinm/Core/Slabs.h) for
/// other languages, in libhinm_search. Lists are of columns, in groups of four.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_C_BANKCONFLICTS_H
#define HINM_C_BANKCONFLICTS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Turns in which \p count columns are read, eight at a time.
int64_t hinmCountBankTurns(const int32_t *columns, int64_t count);

/// Reorders the groups of one list so that neighbours conflict little; with
/// \p window > 0 inside windows of so many columns.
void hinmArrangeGroups(int32_t *columns, int64_t count, int64_t window);

/// Places of the slabs of \p tiles lists of \p count columns altogether, as
/// long and by \p windows windows (hinm/Core/Slabs.h), \p tilesPerSlab of which
/// share one. Their elements have \p elementBytes.
int64_t hinmCountSlabPlaces(const int32_t *columns, int64_t count,
                            int64_t tiles, int64_t windows,
                            int64_t tilesPerSlab, int64_t elementBytes);

/// Makes the slabs: \p rows has as many words for each slab as it has places,
/// \p places has \p count. Returns the turns in which they are read.
int64_t hinmMakeSlabs(const int32_t *columns, int64_t count, int64_t tiles,
                      int64_t windows, int64_t tilesPerSlab,
                      int64_t elementBytes, int32_t *rows, int32_t *places);

#ifdef __cplusplus
} // extern "C"
#endif

#endif // HINM_C_BANKCONFLICTS_H
