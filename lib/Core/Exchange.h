//===- Exchange.h - The search by exchanges ---------------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Algorithm `exchange`: rows by hinm's RowExchange over expected saliencies,
/// then each tile's columns by ColumnExchange over the saliencies themselves.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_LIB_CORE_EXCHANGE_H
#define HINM_LIB_CORE_EXCHANGE_H

#include "hinm/Core/Search.h"

namespace hinm::core {

/// As searchOrders, whose checks the arguments have passed.
llvm::Expected<SearchResult>
searchByExchange(llvm::ArrayRef<SearchWeight> weights,
                 const SearchOptions &options);

} // namespace hinm::core

#endif // HINM_LIB_CORE_EXCHANGE_H
