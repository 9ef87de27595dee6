//===- ScheduleTable.h - Schedules that have been measured ------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// A table of the schedules that a tuner found best on a chip
/// (benchmarks/kernels/tune_kernels.py), as JSON:
///
/// ```json
/// {"version": 1,
///  "provenance": {"gpu": "NVIDIA H200", "date": "...", "commit": "..."},
///  "entries": [
///   {"chip": "sm_90a", "tile": 128, "rows": [0, 4096], "tokens": [256, 1024],
///    "schedule": {"tile_m": 128, "tile_n": 128, "tile_k": 64, "stages": 3,
///                 "warps_m": 4, "warps_n": 2}}]}
/// ```
///
/// An entry serves the products of its chip and V whose rows and tokens lie in
/// [first, last); without a range, all of them, and without `tokens` also those
/// whose number is known only at run time. One with a `window` serves those
/// whose format has this one, as a schedule of the slab kernel is measured on
/// lists that go by one. The first one that fits is taken.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_LIB_TRANSFORMS_SCHEDULETABLE_H
#define HINM_LIB_TRANSFORMS_SCHEDULETABLE_H

#include "hinm/Dialect/HiNM/IR/HiNMAttributes.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <optional>
#include <string>
#include <vector>

namespace hinm {

class ScheduleTable {
public:
  /// Reads \p file; says what is wrong with it, and in which entry.
  static llvm::Expected<ScheduleTable> read(llvm::StringRef file,
                                            mlir::MLIRContext *context);

  /// The schedule for weights of \p format by \p tokens tokens
  /// (ShapedType::kDynamic if that is not known), which \p fits; null if the
  /// table has none.
  ScheduleAttr lookup(llvm::StringRef chip, PackedAttr format, int64_t tokens,
                      llvm::function_ref<bool(ScheduleAttr)> fits) const;

private:
  /// [first, last).
  struct Range {
    int64_t first, last;
    bool contains(int64_t value) const {
      return value >= first && value < last;
    }
  };
  struct Entry {
    std::string chip;
    int64_t tile;
    std::optional<Range> rows, tokens;
    std::optional<int64_t> window;
    ScheduleAttr schedule;
  };
  static llvm::Expected<Entry> readEntry(const llvm::json::Object &object,
                                         mlir::MLIRContext *context);

  std::vector<Entry> entries;
};

} // namespace hinm

#endif // HINM_LIB_TRANSFORMS_SCHEDULETABLE_H
