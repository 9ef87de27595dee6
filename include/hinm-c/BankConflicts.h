//===- BankConflicts.h - C interface of the bank conflicts ------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Core's bank conflicts (hinm/Core/BankConflicts.h) for other languages, in
/// libhinm_search. Lists are of columns, in groups of four.
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

/// Chooses the swizzle keys of \p cols rows, which are written to \p keys, for
/// \p lists lists of \p count columns altogether, as long and by windows of
/// \p window, and reorders their groups. Returns the turns of all lists.
int64_t hinmChooseSwizzleKeys(int32_t *columns, int64_t count, int64_t lists,
                              int64_t cols, int64_t window, uint8_t *keys);

#ifdef __cplusplus
} // extern "C"
#endif

#endif // HINM_C_BANKCONFLICTS_H
