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

core::Matrix<uint32_t> roundToTF32(core::MatrixView<float> values) {
  core::Matrix<uint32_t> bits(values.getRows(), values.getCols());
  for (int64_t r = 0; r < values.getRows(); ++r)
    for (int64_t c = 0; c < values.getCols(); ++c) {
      llvm::APFloat value(values(r, c));
      bool losesInfo;
      value.convert(llvm::APFloat::FloatTF32(),
                    llvm::APFloat::rmNearestTiesToEven, &losesInfo);
      value.convert(llvm::APFloat::IEEEsingle(),
                    llvm::APFloat::rmNearestTiesToEven, &losesInfo);
      bits(r, c) = value.bitcastToAPInt().getZExtValue();
    }
  return bits;
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

namespace {

/// The bits of the elements of a constant of rank 2.
template <typename T>
core::Matrix<T> readBits(const RawConstant &raw, ShapedType type) {
  core::Matrix<T> matrix(type.getDimSize(0), type.getDimSize(1));
  const int64_t count = type.getNumElements();
  for (int64_t i = 0; i < count; ++i)
    std::memcpy(matrix.row(0) + i,
                raw.bytes.data() + (raw.isSplat ? 0 : i) * sizeof(T),
                sizeof(T));
  return matrix;
}

core::ElementKind kindOf(Type element) {
  return element.isInteger() ? core::ElementKind::Integer
                             : core::ElementKind::Float;
}

template <typename T>
llvm::Expected<ElementsAttr> unpackAs(const core::PackedWeight &packed,
                                      RankedTensorType type) {
  llvm::Expected<core::Matrix<T>> weight = core::unpack<T>(packed);
  if (!weight)
    return weight.takeError();
  const std::vector<T> &elements = weight->getElements();
  return makeRaw(type,
                 ArrayRef<char>(reinterpret_cast<const char *>(elements.data()),
                                elements.size() * sizeof(T)),
                 "unpacked");
}

} // namespace

llvm::Expected<core::PackedWeight>
packConstant(ElementsAttr weight, const core::ColumnIndex &columns,
             int64_t tile) {
  std::optional<RawConstant> raw = getRawConstant(weight);
  if (!raw)
    return llvm::createStringError("the weight has no data");
  const ShapedType type = weight.getShapedType();
  const Type element = type.getElementType();
  if (element.getIntOrFloatBitWidth() == 8)
    return core::pack(readBits<uint8_t>(*raw, type), columns, tile,
                      kindOf(element));
  if (element.isF32())
    return core::pack(readBits<uint32_t>(*raw, type), columns, tile);
  return core::pack(readBits<uint16_t>(*raw, type), columns, tile);
}

llvm::Expected<ElementsAttr>
unpackConstants(PackedAttr format, ElementsAttr values, ElementsAttr metadata,
                ElementsAttr columnList, ElementsAttr tileOffsets,
                RankedTensorType type) {
  std::optional<RawConstant> raw = getRawConstant(values);
  std::optional<SmallVector<int32_t>> words = readInts(metadata);
  std::optional<SmallVector<int32_t>> columns = readInts(columnList);
  std::optional<SmallVector<int32_t>> starts = readInts(tileOffsets);
  if (!raw || !words || !columns || !starts)
    return llvm::createStringError("a packed operand has no data");
  core::PackedWeight packed;
  packed.layout = {format.getRows(), format.getColumns(), format.getTile(),
                   kindOf(type.getElementType())};
  const unsigned width = type.getElementTypeBitWidth();
  if (width == 8)
    packed.values.emplace<std::vector<uint8_t>>();
  else if (width == 32)
    packed.values.emplace<std::vector<uint32_t>>();
  std::visit(
      [&](auto &elements) {
        elements.resize(values.getNumElements());
        for (auto [i, value] : llvm::enumerate(elements))
          std::memcpy(&value,
                      raw->bytes.data() +
                          (raw->isSplat ? 0 : i) * sizeof(value),
                      sizeof(value));
      },
      packed.values);
  packed.metadata.assign(words->begin(), words->end());
  packed.columns.assign(columns->begin(), columns->end());
  packed.tileOffsets.assign(starts->begin(), starts->end());
  if (width == 8)
    return unpackAs<uint8_t>(packed, type);
  if (width == 32)
    return unpackAs<uint32_t>(packed, type);
  return unpackAs<uint16_t>(packed, type);
}

std::array<ElementsAttr, 4> makePackedConstants(core::PackedWeight &&packed,
                                                Type element, Type listElement,
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
      [&](auto &&bits) {
        return make(std::forward<decltype(bits)>(bits), element, ".values");
      },
      std::move(packed.values));
  ElementsAttr metadata = make(std::move(packed.metadata), word, ".metadata");
  ElementsAttr list = listElement == word
                          ? make(std::move(packed.columns), word, ".columns")
                          : make(std::vector<uint16_t>(packed.columns.begin(),
                                                       packed.columns.end()),
                                 listElement, ".columns");
  return {values, metadata, list,
          make(std::move(packed.tileOffsets), word, ".tile_offsets")};
}

} // namespace hinm
