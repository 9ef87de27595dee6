//===- ConstantData.cpp - Constant tensors as plain arrays ----------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Dialect/HiNM/Utils/ConstantData.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/Support/Memory.h"
#include <cmath>
#include <cstring>

using namespace mlir;

namespace hinm {

/// Constants of at most this many elements stay `dense`, readable in the IR.
static constexpr int64_t maxInlineElements = 256;

std::optional<RawConstant> getRawConstant(ElementsAttr attr) {
  if (auto dense = dyn_cast<DenseIntOrFPElementsAttr>(attr))
    return RawConstant{dense.getRawData(), dense.isSplat()};
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      return std::nullopt;
    ShapedType type = attr.getShapedType();
    unsigned bits = type.getElementTypeBitWidth();
    size_t expected = type.getNumElements() * (bits / 8);
    if (bits % 8 != 0 || blob->getData().size() != expected)
      return std::nullopt;
    return RawConstant{blob->getData(), false};
  }
  return std::nullopt;
}

namespace {
/// Reads element \p index of \p bytes, which need not be aligned.
template <typename T>
T load(ArrayRef<char> bytes, int64_t index) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

/// All values of \p semantics, of 8 or 16 bits.
std::vector<float> makeWidened(const llvm::fltSemantics &semantics) {
  const unsigned width = llvm::APFloat::getSizeInBits(semantics);
  std::vector<float> values;
  values.reserve(1 << width);
  for (uint32_t bits = 0; bits < 1u << width; ++bits)
    values.push_back(
        llvm::APFloat(semantics, llvm::APInt(width, bits)).convertToFloat());
  return values;
}

float widen8(uint8_t bits, const llvm::fltSemantics &semantics) {
  static const std::vector<float> e4m3 =
      makeWidened(llvm::APFloat::Float8E4M3FN());
  static const std::vector<float> e5m2 =
      makeWidened(llvm::APFloat::Float8E5M2());
  return (&semantics == &llvm::APFloat::Float8E5M2() ? e5m2 : e4m3)[bits];
}

float widen16(uint16_t bits, const llvm::fltSemantics &semantics) {
  static const std::vector<float> halves =
      makeWidened(llvm::APFloat::IEEEhalf());
  static const std::vector<float> bfloats =
      makeWidened(llvm::APFloat::BFloat());
  return (&semantics == &llvm::APFloat::BFloat() ? bfloats : halves)[bits];
}

/// A copy of \p data that gives its memory back to the system once it is freed;
/// nothing if it is too small for that, or there are no pages.
std::optional<AsmResourceBlob> copyToPages(ArrayRef<char> data) {
  constexpr size_t smallest = 1 << 16;
  if (data.size() < smallest)
    return std::nullopt;
  std::error_code error;
  llvm::sys::MemoryBlock pages = llvm::sys::Memory::allocateMappedMemory(
      data.size(), /*NearBlock=*/nullptr,
      llvm::sys::Memory::MF_READ | llvm::sys::Memory::MF_WRITE, error);
  if (error)
    return std::nullopt;
  auto *begin = static_cast<char *>(pages.base());
  std::memcpy(begin, data.data(), data.size());
  return AsmResourceBlob(
      ArrayRef<char>(begin, data.size()), alignof(uint64_t),
      [pages](void *, size_t, size_t) mutable {
        (void)llvm::sys::Memory::releaseMappedMemory(pages);
      },
      /*dataIsMutable=*/false);
}

DenseResourceElementsAttr makeResource(RankedTensorType type,
                                       ArrayRef<char> bytes, StringRef name) {
  // Weights get pages of their own. Those that come and go with the passes
  // would leave holes in the heap otherwise, in one of each thread.
  std::optional<AsmResourceBlob> blob = copyToPages(bytes);
  if (!blob)
    blob =
        HeapAsmResourceBlob::allocateAndCopyWithAlign(bytes, alignof(uint64_t));
  return DenseResourceElementsAttr::get(type, name.empty() ? "hinm" : name,
                                        std::move(*blob));
}
} // namespace

// What APFloat takes a hundred steps for is done on the bits wherever the
// result is finite.
uint16_t roundTo16(float value, const llvm::fltSemantics &semantics) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  const uint32_t magnitude = bits & 0x7fffffff;
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  if (&semantics == &llvm::APFloat::BFloat() && magnitude < 0x7f7f8000)
    return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
  if (&semantics == &llvm::APFloat::IEEEhalf() && magnitude < 0x477ff000) {
    // Below 2⁻¹⁴ results are subnormal: the sum with 2⁻¹ rounds to 2⁻²⁴.
    if (magnitude < 0x38800000) {
      float sum = std::fabs(value) + 0.5f;
      uint32_t rounded;
      std::memcpy(&rounded, &sum, sizeof(rounded));
      return sign | static_cast<uint16_t>(rounded - 0x3f000000);
    }
    // The exponent's bias falls from 127 to 15.
    const uint32_t rebased = magnitude - (112u << 23);
    return sign |
           static_cast<uint16_t>((rebased + 0xfff + (rebased >> 13 & 1)) >> 13);
  }
  llvm::APFloat wide(value);
  bool losesInfo;
  wide.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return static_cast<uint16_t>(wide.bitcastToAPInt().getZExtValue());
}

uint8_t roundTo8(float value, const llvm::fltSemantics &semantics) {
  const bool isE5M2 = &semantics == &llvm::APFloat::Float8E5M2();
  const int fractionBits = isE5M2 ? 2 : 3;
  const uint32_t bias = isE5M2 ? 15 : 7;
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  const uint32_t magnitude = bits & 0x7fffffff;
  const auto sign = static_cast<uint8_t>(bits >> 24 & 0x80);
  // Up to the largest number, 57344 or 448, the result is finite.
  if (magnitude > (isE5M2 ? 0x47600000u : 0x43e00000u)) {
    llvm::APFloat wide(value);
    bool losesInfo;
    wide.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &losesInfo);
    return static_cast<uint8_t>(wide.bitcastToAPInt().getZExtValue());
  }
  // Below 2^(1 − bias) results are subnormal: the sum with the number whose
  // last place is that of the subnormals rounds to it.
  if (magnitude < (128 - bias) << 23) {
    const uint32_t magic = (128 - bias + 23 - fractionBits) << 23;
    float least, sum;
    std::memcpy(&least, &magic, sizeof(least));
    sum = std::fabs(value) + least;
    uint32_t rounded;
    std::memcpy(&rounded, &sum, sizeof(rounded));
    return sign | static_cast<uint8_t>(rounded - magic);
  }
  const int dropped = 23 - fractionBits;
  const uint32_t rebased = magnitude - ((127 - bias) << 23);
  const uint32_t half = (1u << (dropped - 1)) - 1;
  return sign | static_cast<uint8_t>(
                    (rebased + half + (rebased >> dropped & 1)) >> dropped);
}

std::optional<std::vector<float>> readFloats(ElementsAttr attr) {
  std::optional<RawConstant> raw = getRawConstant(attr);
  if (!raw)
    return std::nullopt;
  Type elementType = attr.getElementType();
  int64_t stored = raw->isSplat ? 1 : attr.getNumElements();
  std::vector<float> values(stored);
  if (elementType.isF32() && stored > 0)
    std::memcpy(values.data(), raw->bytes.data(), stored * sizeof(float));
  for (int64_t i = 0; i < stored && !elementType.isF32(); ++i) {
    if (elementType.isF64())
      values[i] = static_cast<float>(load<double>(raw->bytes, i));
    else if (elementType.isF16())
      values[i] =
          widen16(load<uint16_t>(raw->bytes, i), llvm::APFloat::IEEEhalf());
    else if (elementType.isBF16())
      values[i] =
          widen16(load<uint16_t>(raw->bytes, i), llvm::APFloat::BFloat());
    else if (isa<Float8E4M3FNType, Float8E5M2Type>(elementType))
      values[i] = widen8(load<uint8_t>(raw->bytes, i),
                         cast<FloatType>(elementType).getFloatSemantics());
    else if (elementType.isInteger(8))
      values[i] = load<int8_t>(raw->bytes, i);
    else
      return std::nullopt;
  }
  if (raw->isSplat)
    values.assign(attr.getNumElements(), values.front());
  return values;
}

std::optional<SmallVector<int32_t>> readInts(ElementsAttr attr) {
  std::optional<RawConstant> raw = getRawConstant(attr);
  const bool isShort = attr.getElementType().isInteger(16);
  if (!raw || !(isShort || attr.getElementType().isInteger(32)))
    return std::nullopt;
  SmallVector<int32_t> values(attr.getNumElements());
  for (auto [i, value] : llvm::enumerate(values)) {
    const size_t place = raw->isSplat ? 0 : i;
    value = isShort ? load<uint16_t>(raw->bytes, place)
                    : load<int32_t>(raw->bytes, place);
  }
  return values;
}

std::optional<core::Slabs> readSlabs(ElementsAttr rows, ElementsAttr places,
                                     int64_t size) {
  if (!rows || !places)
    return std::nullopt;
  std::optional<SmallVector<int32_t>> held = readInts(rows);
  std::optional<SmallVector<int32_t>> found = readInts(places);
  if (!held || !found)
    return std::nullopt;
  // All ones are no row.
  if (rows.getElementType().isInteger(16))
    llvm::replace(*held, int32_t{0xFFFF}, -1);
  return core::Slabs{
      size, {held->begin(), held->end()}, {found->begin(), found->end()}};
}

ElementsAttr makeRaw(RankedTensorType type, ArrayRef<char> bytes,
                     StringRef name) {
  if (type.getNumElements() <= maxInlineElements)
    return DenseIntOrFPElementsAttr::getFromRawBuffer(type, bytes);
  return makeResource(type, bytes, name);
}

ElementsAttr makeFloats(RankedTensorType type, ArrayRef<float> values,
                        StringRef name) {
  Type elementType = type.getElementType();
  auto bytesOf = [](const auto &buffer) {
    return ArrayRef<char>(reinterpret_cast<const char *>(buffer.data()),
                          buffer.size() * sizeof(buffer[0]));
  };
  if (elementType.isF32())
    return makeRaw(type, bytesOf(values), name);
  if (elementType.isF64())
    return makeRaw(
        type, bytesOf(std::vector<double>(values.begin(), values.end())), name);
  const llvm::fltSemantics &semantics =
      cast<FloatType>(elementType).getFloatSemantics();
  if (isa<Float8E4M3FNType, Float8E5M2Type>(elementType)) {
    std::vector<uint8_t> rounded(values.size());
    for (auto [bits, value] : llvm::zip(rounded, values))
      bits = roundTo8(value, semantics);
    return makeRaw(type, bytesOf(rounded), name);
  }
  assert((elementType.isF16() || elementType.isBF16()) &&
         "only f16, bf16, f32, f64, f8E4M3FN and f8E5M2 constants are made");
  std::vector<uint16_t> rounded(values.size());
  for (auto [bits, value] : llvm::zip(rounded, values))
    bits = roundTo16(value, semantics);
  return makeRaw(type, bytesOf(rounded), name);
}

ElementsAttr makeInts(MLIRContext *context, ArrayRef<int32_t> values,
                      StringRef name) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())},
                                    IntegerType::get(context, 32));
  return makeRaw(type,
                 ArrayRef<char>(reinterpret_cast<const char *>(values.data()),
                                values.size() * sizeof(int32_t)),
                 name);
}

bool isPermutable(ElementsAttr attr) {
  auto type = dyn_cast<RankedTensorType>(attr.getType());
  return type && type.getElementType().isIntOrFloat() &&
         type.getElementTypeBitWidth() % 8 == 0 && getRawConstant(attr);
}

ElementsAttr permuteConstant(ElementsAttr attr, int64_t dim,
                             ArrayRef<int32_t> permutation) {
  if (!isPermutable(attr))
    return {};
  std::optional<RawConstant> raw = getRawConstant(attr);
  auto type = cast<RankedTensorType>(attr.getType());
  if (raw->isSplat)
    return attr;
  // A row is everything inside dim; a slab is all rows of one outer position.
  size_t rowBytes = type.getElementTypeBitWidth() / 8;
  for (int64_t size : type.getShape().drop_front(dim + 1))
    rowBytes *= size;
  size_t slabBytes = rowBytes * permutation.size();
  if (slabBytes == 0)
    return attr;
  std::vector<char> bytes(raw->bytes.size());
  for (size_t slab = 0; slab < bytes.size(); slab += slabBytes)
    for (auto [i, source] : llvm::enumerate(permutation))
      std::memcpy(bytes.data() + slab + i * rowBytes,
                  raw->bytes.data() + slab + source * rowBytes, rowBytes);
  return makeRaw(type, bytes, getResourceName(attr));
}

StringRef getResourceName(ElementsAttr attr) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr))
    return resource.getRawHandle().getKey();
  return {};
}

} // namespace hinm
