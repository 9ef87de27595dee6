//===- ScheduleTable.cpp - Schedules that have been measured --------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScheduleTable.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace hinm;

/// [first, last) under \p key of \p object, or nothing if it is not there.
static llvm::Expected<std::optional<std::pair<int64_t, int64_t>>>
readRange(const llvm::json::Object &object, llvm::StringRef key) {
  const llvm::json::Value *value = object.get(key);
  if (!value)
    return std::nullopt;
  const llvm::json::Array *array = value->getAsArray();
  std::optional<int64_t> first, last;
  if (array && array->size() == 2) {
    first = (*array)[0].getAsInteger();
    last = (*array)[1].getAsInteger();
  }
  if (!first || !last || *first >= *last)
    return llvm::createStringError("'" + key.str() +
                                   "' is no [first, last) of integers");
  return std::pair(*first, *last);
}

/// The case of an enumeration that \p key of a schedule names, if it is there.
template <typename Enum>
static llvm::Error readName(const llvm::json::Object &schedule,
                            llvm::StringRef key, Enum &value) {
  const llvm::json::Value *given = schedule.get(key);
  if (!given)
    return llvm::Error::success();
  const llvm::StringRef name = given->getAsString().value_or("");
  if (std::optional<Enum> known = symbolizeEnum<Enum>(name)) {
    value = *known;
    return llvm::Error::success();
  }
  std::string all;
  for (uint32_t i = 0; !stringifyEnum(static_cast<Enum>(i)).empty(); ++i)
    all += (i ? ", '" : "'") + stringifyEnum(static_cast<Enum>(i)).str() + "'";
  return llvm::createStringError("the '" + key.str() +
                                 "' of its schedule is '" + name.str() +
                                 "', none of " + all);
}

llvm::Expected<ScheduleTable::Entry>
ScheduleTable::readEntry(const llvm::json::Object &object,
                         MLIRContext *context) {
  Entry entry;
  std::optional<llvm::StringRef> chip = object.getString("chip");
  std::optional<int64_t> tile = object.getInteger("tile");
  const llvm::json::Object *schedule = object.getObject("schedule");
  if (!chip || !tile || !schedule)
    return llvm::createStringError("it lacks 'chip', 'tile' or 'schedule'");
  entry.chip = chip->str();
  entry.tile = *tile;
  for (auto [key, range] :
       {std::pair("rows", &entry.rows), std::pair("tokens", &entry.tokens)}) {
    auto limits = readRange(object, key);
    if (!limits)
      return limits.takeError();
    if (*limits)
      *range = Range{(*limits)->first, (*limits)->second};
  }
  if (const llvm::json::Value *value = object.get("window")) {
    entry.window = value->getAsInteger();
    if (entry.window.value_or(0) < 1)
      return llvm::createStringError("'window' is no positive integer");
  }
  SmallVector<int64_t> values;
  for (llvm::StringRef key :
       {"tile_m", "tile_n", "tile_k", "stages", "warps_m", "warps_n"}) {
    std::optional<int64_t> value = schedule->getInteger(key);
    if (!value)
      return llvm::createStringError("its schedule lacks '" + key.str() + "'");
    values.push_back(*value);
  }
  // What a table may leave out.
  KernelKind kernel = KernelKind::Multistage;
  WeightCaching weights = WeightCaching::Cached;
  ResultStores stores = ResultStores::Direct;
  if (llvm::Error error = readName(*schedule, "kernel", kernel))
    return error;
  if (llvm::Error error = readName(*schedule, "weights", weights))
    return error;
  if (llvm::Error error = readName(*schedule, "stores", stores))
    return error;
  int64_t prefetch = 0, splitK = 1, cluster = 1, streamK = 0;
  for (auto [key, number] :
       {std::pair("prefetch", &prefetch), std::pair("split_k", &splitK),
        std::pair("cluster", &cluster), std::pair("stream_k", &streamK)})
    if (const llvm::json::Value *value = schedule->get(key)) {
      std::optional<int64_t> integer = value->getAsInteger();
      if (!integer)
        return llvm::createStringError("the '" + std::string(key) +
                                       "' of its schedule is no integer");
      *number = *integer;
    }
  std::string problem;
  ScopedDiagnosticHandler handler(context, [&](Diagnostic &diagnostic) {
    problem = diagnostic.str();
    return success();
  });
  Location unknown = UnknownLoc::get(context);
  entry.schedule = ScheduleAttr::getChecked(
      [&] { return emitError(unknown); }, context, kernel, values[0], values[1],
      values[2], values[3], values[4], values[5], prefetch, splitK, cluster,
      streamK, weights, stores);
  if (!entry.schedule)
    return llvm::createStringError(problem);
  return entry;
}

llvm::Expected<ScheduleTable> ScheduleTable::read(llvm::StringRef file,
                                                  MLIRContext *context) {
  auto refuse = [&](const llvm::Twine &why) {
    return llvm::createStringError("schedule table '" + file.str() +
                                   "': " + why.str());
  };
  auto buffer = llvm::MemoryBuffer::getFile(file, /*IsText=*/true);
  if (!buffer)
    return refuse(buffer.getError().message());
  llvm::Expected<llvm::json::Value> value =
      llvm::json::parse((*buffer)->getBuffer());
  if (!value)
    return refuse(llvm::toString(value.takeError()));
  const llvm::json::Object *root = value->getAsObject();
  const llvm::json::Array *list = root ? root->getArray("entries") : nullptr;
  if (!list || root->getInteger("version") != 1)
    return refuse("expected an object of version 1 with 'entries'");
  ScheduleTable table;
  for (auto [i, item] : llvm::enumerate(*list)) {
    const llvm::json::Object *object = item.getAsObject();
    if (!object)
      return refuse("entry " + llvm::Twine(i) + " is no object");
    llvm::Expected<Entry> entry = readEntry(*object, context);
    if (!entry)
      return refuse("entry " + llvm::Twine(i) + ": " +
                    llvm::toString(entry.takeError()));
    table.entries.push_back(std::move(*entry));
  }
  return table;
}

ScheduleAttr
ScheduleTable::lookup(llvm::StringRef chip, PackedAttr format, int64_t tokens,
                      llvm::function_ref<bool(ScheduleAttr)> fits) const {
  for (const Entry &entry : entries) {
    if (entry.chip != chip || entry.tile != format.getTile())
      continue;
    if (entry.rows && !entry.rows->contains(format.getRows()))
      continue;
    if (entry.tokens &&
        (ShapedType::isDynamic(tokens) || !entry.tokens->contains(tokens)))
      continue;
    if (entry.window && entry.window != format.getWindow())
      continue;
    if (fits(entry.schedule))
      return entry.schedule;
  }
  return nullptr;
}
