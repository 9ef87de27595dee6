//===- HiNMPackFolds.cpp - Folders of prune, pack and unpack --------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Evaluates pruning and packing of constant weights. A fold that Core refuses
/// does not happen; the passes that need it report why.
///
//===----------------------------------------------------------------------===//

#include "hinm/Dialect/HiNM/IR/HiNMOps.h"

#include "hinm/Core/PackedFormat.h"
#include "hinm/Dialect/HiNM/Utils/ConstantData.h"
#include "hinm/Dialect/HiNM/Utils/CoreConversion.h"
#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;
using namespace hinm;

OpFoldResult PruneOp::fold(FoldAdaptor adaptor) {
  auto weight = dyn_cast_if_present<ElementsAttr>(adaptor.getWeight());
  auto saliency = dyn_cast_if_present<ElementsAttr>(adaptor.getSaliency());
  auto type = cast<RankedTensorType>(getWeight().getType());
  if (!weight || (getSaliency() && !saliency) ||
      type.getElementTypeBitWidth() % 8 != 0)
    return {};
  llvm::Expected<core::Matrix<uint8_t>> mask =
      computeMask(weight, saliency, getPattern(), getColumnsAttr());
  if (!mask) {
    llvm::consumeError(mask.takeError());
    return {};
  }
  std::optional<std::vector<char>> bytes = applyMask(weight, *mask);
  if (!bytes)
    return {};
  // A weight that obeys the pattern already keeps its constant.
  ElementsAttr pruned = replaceElements(weight, *bytes);
  if (pruned == weight)
    return getWeight();
  return pruned;
}

LogicalResult PackOp::fold(FoldAdaptor adaptor,
                           SmallVectorImpl<OpFoldResult> &results) {
  auto weight = dyn_cast_if_present<ElementsAttr>(adaptor.getWeight());
  if (!weight)
    return failure();
  std::optional<core::ColumnIndex> columns = toCore(getColumns());
  if (!columns || !llvm::all_of(getResultTypes(), [](Type type) {
        return cast<RankedTensorType>(type).hasStaticShape();
      }))
    return failure();
  llvm::Expected<core::PackedWeight> packed =
      packConstant(weight, *columns, getFormat().getTile());
  if (!packed) {
    llvm::consumeError(packed.takeError());
    return failure();
  }
  for (ElementsAttr constant : makePackedConstants(
           std::move(*packed), weight.getElementType(),
           getColumnList().getType().getElementType(), getResourceName(weight)))
    results.push_back(constant);
  return success();
}

OpFoldResult UnpackOp::fold(FoldAdaptor adaptor) {
  // unpack(pack(w)) = w.
  if (auto pack = getValues().getDefiningOp<PackOp>())
    if (pack.getFormat() == getFormat() &&
        getMetadata() == pack.getMetadata() &&
        getColumnList() == pack.getColumnList() &&
        getTileOffsets() == pack.getTileOffsets())
      return pack.getWeight();

  auto values = dyn_cast_if_present<ElementsAttr>(adaptor.getValues());
  auto metadata = dyn_cast_if_present<ElementsAttr>(adaptor.getMetadata());
  auto list = dyn_cast_if_present<ElementsAttr>(adaptor.getColumnList());
  auto offsets = dyn_cast_if_present<ElementsAttr>(adaptor.getTileOffsets());
  if (!values || !metadata || !list || !offsets)
    return {};
  llvm::Expected<ElementsAttr> weight =
      unpackConstants(getFormat(), values, metadata, list, offsets,
                      cast<RankedTensorType>(getWeight().getType()));
  if (!weight) {
    llvm::consumeError(weight.takeError());
    return {};
  }
  return *weight;
}
