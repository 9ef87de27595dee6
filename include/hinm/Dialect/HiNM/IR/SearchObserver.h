//===- SearchObserver.h - Who watches a search, and may end it --*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// A search can take minutes. A tool that wants to show how far it is, or to
/// end it early, gives the dialect an observer; passes report to it.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_DIALECT_HINM_IR_SEARCHOBSERVER_H
#define HINM_DIALECT_HINM_IR_SEARCHOBSERVER_H

#include "hinm/Core/Search.h"
#include "llvm/ADT/StringRef.h"

namespace hinm {

class SearchObserver {
public:
  virtual ~SearchObserver();
  /// The search of \p layer begins.
  virtual void searchBegins(llvm::StringRef layer) = 0;
  /// Called some times a second, from one thread at a time.
  virtual void searchProgresses(const core::SearchProgress &progress) = 0;
  virtual void searchEnds() = 0;
  /// Once true, searches end with the best they have found. Asked often, from
  /// any thread.
  virtual bool isStopped() const = 0;
};

} // namespace hinm

#endif // HINM_DIALECT_HINM_IR_SEARCHOBSERVER_H
