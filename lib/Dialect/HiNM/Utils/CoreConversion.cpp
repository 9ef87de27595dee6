//===- CoreConversion.cpp - Attributes to Core and back -------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Dialect/HiNM/Utils/CoreConversion.h"

#include "hinm/Core/Permutation.h"
#include "hinm/Core/Prune.h"
#include "hinm/Core/Saliency.h"
#include "hinm/Dialect/HiNM/Utils/ConstantData.h"
#include "mlir/IR/BuiltinAttributes.h"
#include <cstring>

using namespace mlir;

namespace hinm {

core::Pattern toCore(PatternAttr pattern) {
  core::Pattern result;
  result.tile = pattern.getTile();
  result.n = pattern.getN();
  result.m = pattern.getM();
  result.vectorSparsity = pattern.getVectorSparsity();
  result.kept = pattern.getKept();
  result.listRows = pattern.getListRows().value_or(0);
  result.window = pattern.getWindow().value_or(0);
  switch (pattern.getPolicy()) {
  case VectorPolicy::PerTile:
    result.policy = core::VectorPolicy::PerTile;
    break;
  case VectorPolicy::All:
    result.policy = core::VectorPolicy::All;
    break;
  case VectorPolicy::PerBlock:
    result.policy = core::VectorPolicy::PerBlock;
    break;
  case VectorPolicy::Global:
    result.policy = core::VectorPolicy::Global;
    break;
  }
  return result;
}

std::optional<core::ColumnIndex> toCore(ColumnIndexAttr index) {
  std::optional<SmallVector<int32_t>> columns = index.getColumnValues();
  std::optional<SmallVector<int32_t>> offsets = index.getOffsetValues();
  if (!columns || !offsets)
    return std::nullopt;
  return core::ColumnIndex{{columns->begin(), columns->end()},
                           {offsets->begin(), offsets->end()}};
}

ColumnIndexAttr fromCore(MLIRContext *context, const core::ColumnIndex &index) {
  return ColumnIndexAttr::get(context, index.columns, index.offsets);
}

std::optional<core::Matrix<float>> readMatrix(ElementsAttr attr) {
  std::optional<std::vector<float>> values = readFloats(attr);
  if (!values || attr.getShapedType().getRank() != 2)
    return std::nullopt;
  return core::Matrix<float>(std::move(*values),
                             attr.getShapedType().getDimSize(0),
                             attr.getShapedType().getDimSize(1));
}

std::optional<core::Matrix<uint16_t>> readBits(ElementsAttr attr) {
  std::optional<RawConstant> raw = getRawConstant(attr);
  if (!raw || attr.getShapedType().getRank() != 2 ||
      attr.getShapedType().getElementTypeBitWidth() != 16)
    return std::nullopt;
  core::Matrix<uint16_t> matrix(attr.getShapedType().getDimSize(0),
                                attr.getShapedType().getDimSize(1));
  int64_t count = attr.getNumElements();
  for (int64_t i = 0; i < count; ++i)
    std::memcpy(matrix.row(0) + i,
                raw->bytes.data() + (raw->isSplat ? 0 : i) * sizeof(uint16_t),
                sizeof(uint16_t));
  return matrix;
}

core::Matrix<uint16_t> roundMatrix(core::MatrixView<float> values,
                                   FloatType element) {
  core::Matrix<uint16_t> bits(values.getRows(), values.getCols());
  const llvm::fltSemantics &semantics = element.getFloatSemantics();
  for (int64_t r = 0; r < values.getRows(); ++r)
    for (int64_t c = 0; c < values.getCols(); ++c)
      bits(r, c) = roundTo16(values(r, c), semantics);
  return bits;
}

llvm::Expected<MaskArguments> readMaskArguments(ElementsAttr weight,
                                                ElementsAttr saliency,
                                                PatternAttr pattern,
                                                ColumnIndexAttr columns) {
  std::optional<core::Matrix<float>> scores =
      readMatrix(saliency ? saliency : weight);
  if (!scores)
    return llvm::createStringError(
        "the weight has no data, or its element type is no float");
  if (!saliency) {
    llvm::Expected<core::Matrix<float>> magnitude =
        core::computeSaliency(*scores, core::SaliencyKind::Magnitude);
    if (!magnitude)
      return magnitude.takeError();
    scores = std::move(*magnitude);
  } else if (llvm::Error error = core::checkSaliency(*scores)) {
    return std::move(error);
  }
  MaskArguments arguments{std::move(*scores), toCore(pattern), {}};
  const int64_t rows = arguments.saliency.getRows(),
                cols = arguments.saliency.getCols();
  if (columns) {
    std::optional<core::ColumnIndex> given = toCore(columns);
    if (!given)
      return llvm::createStringError("the column index has no data");
    arguments.columns = std::move(*given);
    if (llvm::Error error = arguments.pattern.check(rows, cols))
      return std::move(error);
    if (llvm::Error error =
            arguments.columns.check(arguments.pattern, rows, cols))
      return std::move(error);
    return arguments;
  }
  llvm::Expected<core::ColumnIndex> chosen = core::selectColumns(
      arguments.saliency, core::identityPermutation(rows), arguments.pattern);
  if (!chosen)
    return chosen.takeError();
  arguments.columns = std::move(*chosen);
  return arguments;
}

llvm::Expected<core::Matrix<uint8_t>> computeMask(ElementsAttr weight,
                                                  ElementsAttr saliency,
                                                  PatternAttr pattern,
                                                  ColumnIndexAttr columns) {
  llvm::Expected<MaskArguments> arguments =
      readMaskArguments(weight, saliency, pattern, columns);
  if (!arguments)
    return arguments.takeError();
  return core::computeMask(
      arguments->saliency,
      core::identityPermutation(arguments->saliency.getRows()),
      arguments->pattern, arguments->columns);
}

std::optional<std::vector<char>> applyMask(ElementsAttr weight,
                                           const core::Matrix<uint8_t> &mask) {
  std::optional<RawConstant> raw = getRawConstant(weight);
  const int64_t bits = weight.getShapedType().getElementTypeBitWidth();
  if (!raw || bits % 8 != 0)
    return std::nullopt;
  // The kept elements' bytes are copied as they are; all else is zero.
  const size_t width = bits / 8;
  std::vector<char> pruned(weight.getNumElements() * width, 0);
  const char *from = raw->bytes.data();
  if (width == 4 && !raw->isSplat) {
    // Most weights are f32, and without a branch this is done at the speed of
    // memory.
    for (size_t i = 0; i < mask.getElements().size(); ++i) {
      uint32_t element;
      std::memcpy(&element, from + 4 * i, 4);
      element &= -static_cast<uint32_t>(mask.getElements()[i] != 0);
      std::memcpy(pruned.data() + 4 * i, &element, 4);
    }
    return pruned;
  }
  for (auto [i, keep] : llvm::enumerate(mask.getElements()))
    if (keep)
      std::memcpy(pruned.data() + i * width,
                  from + (raw->isSplat ? 0 : i * width), width);
  return pruned;
}

ElementsAttr replaceElements(ElementsAttr weight, ArrayRef<char> bytes) {
  std::optional<RawConstant> raw = getRawConstant(weight);
  if (raw && !raw->isSplat && raw->bytes == bytes)
    return weight;
  return makeRaw(cast<RankedTensorType>(weight.getType()), bytes,
                 getResourceName(weight));
}

std::array<ElementsAttr, 4> makePackedConstants(core::PackedWeight &&packed,
                                                FloatType element,
                                                StringRef name) {
  Type word = IntegerType::get(element.getContext(), 32);
  // Each vector is gone when its constant has been made.
  auto make = [&](auto values, Type type, StringRef suffix) {
    auto shaped =
        RankedTensorType::get({static_cast<int64_t>(values.size())}, type);
    const ArrayRef<char> bytes(reinterpret_cast<const char *>(values.data()),
                               values.size() * sizeof(values[0]));
    return makeRaw(shaped, bytes, (name + suffix).str());
  };
  ElementsAttr values = std::visit(
      [&](auto &&bits) { return make(std::move(bits), element, ".values"); },
      std::move(packed.values));
  return {values, make(std::move(packed.metadata), word, ".metadata"),
          make(std::move(packed.columns), word, ".columns"),
          make(std::move(packed.tileOffsets), word, ".tile_offsets")};
}

} // namespace hinm
