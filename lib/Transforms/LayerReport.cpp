//===- LayerReport.cpp - Figures of every layer of a module ---------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Transforms/LayerReport.h"

#include "WeightSource.h"
#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "hinm/Transforms/LayerStats.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace hinm;

namespace {

std::string locationName(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc))
    return name.getName().str();
  if (auto file = loc->findInstanceOf<FileLineColLoc>())
    return llvm::formatv("line {0}", file.getLine());
  return "<unnamed>";
}

void readStats(Operation *op, LayerReport &layer) {
  auto stats = op->getAttrOfType<DictionaryAttr>(kStatsAttr);
  if (!stats)
    return;
  auto read = [&](StringRef name, std::optional<double> &figure) {
    if (auto value = stats.getAs<FloatAttr>(name))
      figure = value.getValueAsDouble();
  };
  read("sparsity", layer.sparsity);
  read("retained", layer.retained);
  read("retained_no_permutation", layer.retainedNoPermutation);
  read("retained_unstructured", layer.retainedUnstructured);
}

LayerReport makeLayer(Operation *op, PatternAttr pattern) {
  LayerReport layer;
  auto name = op->getAttrOfType<StringAttr>("layer");
  layer.name = name ? name.str() : locationName(op->getLoc());
  if (pattern) {
    layer.tile = pattern.getTile();
    layer.nm = llvm::formatv("{0}:{1}", pattern.getN(), pattern.getM());
  }
  if (auto reason = op->getAttrOfType<StringAttr>(kSkippedAttr))
    layer.reason = reason.str();
  readStats(op, layer);
  return layer;
}

/// Elements of the largest constant that \p op reads, also through views.
int64_t countConstant(Operation *op) {
  int64_t count = 0;
  for (Value operand : op->getOperands())
    if (isa<RankedTensorType>(operand.getType()))
      if (std::optional<WeightSource> source = traceWeight(operand);
          source && source->isConstant())
        count = std::max(
            count,
            cast<RankedTensorType>(source->root.getType()).getNumElements());
  return count;
}

std::string kernelName(ScheduleAttr schedule) {
  std::string name = llvm::formatv("m{0}n{1}k{2}s{3}", schedule.getTileM(),
                                   schedule.getTileN(), schedule.getTileK(),
                                   schedule.getStages());
  name += schedule.getSuffix();
  if (schedule.getKernel() != KernelKind::Multistage)
    name += (" " + stringifyKernelKind(schedule.getKernel())).str();
  if (schedule.getWeights() != WeightCaching::Cached)
    name += (" " + stringifyWeightCaching(schedule.getWeights())).str();
  if (schedule.getStores() != ResultStores::Direct)
    name += (" " + stringifyResultStores(schedule.getStores())).str();
  return name;
}

} // namespace

double ModuleReport::getCoverage() const {
  int64_t covered = 0, all = 0;
  for (const LayerReport &layer : layers) {
    all += layer.weights;
    if (layer.status != "skipped" && layer.status != "dense")
      covered += layer.weights;
  }
  return all ? static_cast<double>(covered) / static_cast<double>(all) : 1.0;
}

ModuleReport hinm::collectReport(ModuleOp module) {
  ModuleReport report;
  if (auto folded = module->getAttrOfType<IntegerAttr>(kFoldedAttr))
    report.permutationsFolded = folded.getInt();
  module.walk([&](Operation *op) {
    if (isa<PermuteOp>(op)) {
      ++report.runtimePermutes;
    } else if (auto spmm = dyn_cast<SpmmOp>(op)) {
      LayerReport layer =
          makeLayer(op, op->getAttrOfType<PatternAttr>("hinm.pattern"));
      layer.rows = spmm.getFormat().getRows();
      layer.columns = spmm.getFormat().getColumns();
      layer.weights = *layer.rows * *layer.columns;
      layer.status = "packed";
      layer.hasRowIndex = static_cast<bool>(spmm.getRowIndex());
      if (ScheduleAttr schedule = spmm.getScheduleAttr())
        layer.kernel = kernelName(schedule);
      report.layers.push_back(std::move(layer));
    } else if (auto matmul = dyn_cast<MatmulOp>(op)) {
      LayerReport layer = makeLayer(op, matmul.getPatternAttr());
      layer.rows = matmul.getNumRows();
      layer.columns = matmul.getNumColumns();
      layer.weights = *layer.rows * *layer.columns;
      layer.hasRowIndex = static_cast<bool>(matmul.getRowIndexAttr());
      layer.status = !matmul.getPatternAttr()  ? "dense"
                     : layer.sparsity          ? "pruned"
                     : matmul.getColumnsAttr() ? "permuted"
                                               : "patterned";
      report.layers.push_back(std::move(layer));
    } else if (op->hasAttr(kSkippedAttr)) {
      LayerReport layer = makeLayer(op, PatternAttr());
      layer.status = "skipped";
      layer.weights = countConstant(op);
      if (layer.name == "<unnamed>" || !op->hasAttr("layer"))
        layer.name = (op->getName().getStringRef() + " at " + layer.name).str();
      report.layers.push_back(std::move(layer));
    }
  });
  return report;
}

llvm::json::Object hinm::toJSON(const ModuleReport &report) {
  auto orNull = [](const auto &figure) -> llvm::json::Value {
    if (!figure)
      return nullptr;
    return *figure;
  };
  llvm::json::Array layers;
  for (const LayerReport &layer : report.layers)
    layers.push_back(llvm::json::Object{
        {"name", llvm::json::fixUTF8(layer.name)},
        {"rows", orNull(layer.rows)},
        {"columns", orNull(layer.columns)},
        {"weights", layer.weights},
        {"tile", orNull(layer.tile)},
        {"nm", layer.nm},
        {"sparsity", orNull(layer.sparsity)},
        {"retained", orNull(layer.retained)},
        {"retained_no_permutation", orNull(layer.retainedNoPermutation)},
        {"retained_unstructured", orNull(layer.retainedUnstructured)},
        {"status", layer.status},
        {"reason", llvm::json::fixUTF8(layer.reason)},
        {"row_index", layer.hasRowIndex},
        {"kernel", layer.kernel}});
  return llvm::json::Object{{"layers", std::move(layers)},
                            {"coverage", report.getCoverage()},
                            {"permutations_folded", report.permutationsFolded},
                            {"runtime_permutes", report.runtimePermutes}};
}

void hinm::printReport(const ModuleReport &report, llvm::raw_ostream &os) {
  size_t width = 5;
  for (const LayerReport &layer : report.layers)
    width = std::max(width, layer.name.size());
  auto share = [&](const std::optional<double> &figure) {
    if (figure)
      os << llvm::format("%9.4f", *figure);
    else
      os << llvm::right_justify("-", 9);
  };
  os << llvm::left_justify("layer", width)
     << "  rows x columns     V  N:M sparsity retained  without  unstruct"
        "  status, kernel\n";
  for (const LayerReport &layer : report.layers) {
    os << llvm::left_justify(layer.name, width) << "  ";
    std::string shape =
        layer.rows
            ? llvm::formatv("{0} x {1}", *layer.rows, *layer.columns).str()
            : "-";
    os << llvm::left_justify(shape, 14)
       << llvm::right_justify(layer.tile ? std::to_string(*layer.tile) : "-", 6)
       << llvm::right_justify(layer.nm.empty() ? "-" : layer.nm, 5);
    share(layer.sparsity);
    share(layer.retained);
    share(layer.retainedNoPermutation);
    share(layer.retainedUnstructured);
    os << "  " << layer.status;
    if (layer.kernel != "none")
      os << ", " << layer.kernel;
    if (!layer.reason.empty())
      os << " (" << layer.reason << ")";
    os << "\n";
  }
  os << llvm::format("covered: %.2f %% of the layers' weights\n",
                     100.0 * report.getCoverage())
     << "permutations: " << report.permutationsFolded << " folded, "
     << report.runtimePermutes << " left at run time\n";
}
