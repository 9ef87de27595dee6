//===- LayerStats.cpp - Figures and names of a layer ----------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Transforms/LayerStats.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;

void hinm::setStats(Operation *op,
                    ArrayRef<std::pair<StringRef, double>> figures) {
  Builder builder(op->getContext());
  NamedAttrList stats(op->getAttrOfType<DictionaryAttr>(kStatsAttr));
  for (auto [name, value] : figures)
    stats.set(name, builder.getF64FloatAttr(value));
  op->setAttr(kStatsAttr, stats.getDictionary(op->getContext()));
}

ElementsAttr hinm::getConstant(Value value) {
  ElementsAttr attr;
  matchPattern(value, m_Constant(&attr));
  return attr;
}

StringRef hinm::getLayerName(Operation *op) {
  auto name = op->getAttrOfType<StringAttr>("layer");
  return name ? name.getValue() : StringRef("<unnamed>");
}

remark::RemarkOpts hinm::remarkAbout(Operation *op, StringRef name) {
  auto function = op->getParentOfType<FunctionOpInterface>();
  return remark::RemarkOpts::name(name).category("hinm").function(
      function ? function.getName() : StringRef());
}
