//===- SharedSlabs.cpp - The slabs of a product ---------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SharedSlabs.h"

#include "hinm/Core/PackedFormat.h"
#include "hinm/Core/Slabs.h"
#include "hinm/Dialect/HiNM/Utils/ConstantData.h"
#include "hinm/Transforms/LayerStats.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace hinm;

namespace {

/// The lists of \p op as Core takes them. \p columns holds them, and has to
/// live as long.
std::optional<core::SlabLists> readLists(SpmmOp op, ScheduleAttr schedule,
                                         SmallVector<int32_t> &columns) {
  PackedAttr format = op.getFormat();
  const int64_t bits =
      getElementTypeOrSelf(op.getInput().getType()).getIntOrFloatBitWidth();
  ElementsAttr list = getConstant(op.getColumnList());
  // ldmatrix, which gathers out of slabs, splits elements of 32 bits.
  if (!format.getWindow() || !list || format.getNumTiles() == 0 || bits > 16)
    return std::nullopt;
  std::optional<SmallVector<int32_t>> read = readInts(list);
  if (!read)
    return std::nullopt;
  columns = std::move(*read);
  return core::SlabLists{columns, format.getNumTiles(), format.getNumWindows(),
                         schedule.getNumTiles(format.getTile()), bits / 8};
}

/// Whether \p op has slabs of \p lists.
bool hasSlabs(SpmmOp op, const core::SlabLists &lists) {
  if (!op.getSlabRows() || !op.getSlabPlaces())
    return false;
  std::optional<core::Slabs> slabs =
      readSlabs(getConstant(op.getSlabRows()), getConstant(op.getSlabPlaces()),
                core::countSlabPlaces(lists));
  return slabs && core::holdLists(*slabs, lists);
}

/// A constant beside \p list, as it is named, of \p words in the width of
/// \p element.
Value makeWords(SpmmOp op, ArrayRef<int32_t> words, Type element,
                StringRef suffix) {
  OpBuilder builder(op);
  const auto size = static_cast<int64_t>(words.size());
  auto type = RankedTensorType::get({size}, element);
  const std::string name =
      (getResourceName(getConstant(op.getColumnList())) + suffix).str();
  auto make = [&](const auto &values) {
    return makeRaw(type,
                   ArrayRef(reinterpret_cast<const char *>(values.data()),
                            values.size() * sizeof(values[0])),
                   name);
  };
  ElementsAttr constant =
      element.isInteger(16)
          ? make(std::vector<int16_t>(words.begin(), words.end()))
          : make(words);
  return arith::ConstantOp::create(builder, op.getLoc(),
                                   cast<TypedAttr>(constant));
}

} // namespace

std::optional<int64_t> hinm::countSlabPlaces(SpmmOp op, ScheduleAttr schedule) {
  SmallVector<int32_t> columns;
  std::optional<core::SlabLists> lists = readLists(op, schedule, columns);
  if (!lists)
    return std::nullopt;
  return core::countSlabPlaces(*lists);
}

void hinm::addSlabs(SpmmOp op) {
  SmallVector<int32_t> columns;
  std::optional<core::SlabLists> lists =
      readLists(op, op.getScheduleAttr(), columns);
  if (!lists || hasSlabs(op, *lists))
    return;
  MLIRContext *context = op.getContext();
  const core::Slabs slabs = core::makeSlabs(
      *lists, /*threads=*/context->isMultithreadingEnabled() ? 0 : 1);
  Type half = IntegerType::get(context, 16);
  // All ones is no row.
  Type row = op.getFormat().getColumns() < core::maxShortColumns
                 ? half
                 : Type(IntegerType::get(context, 32));
  op.getSlabRowsMutable().assign(makeWords(op, slabs.rows, row, ".slab_rows"));
  op.getSlabPlacesMutable().assign(
      makeWords(op, slabs.places, half, ".slab_places"));
}
