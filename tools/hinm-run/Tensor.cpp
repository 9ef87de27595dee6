//===- Tensor.cpp - Arrays that go in and out of compiled code ------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Tensor.h"

#include "hinm/Core/Reference.h"
#include "llvm/ADT/APFloat.h"
#include <cmath>
#include <cstring>

using namespace mlir;

namespace hinm::run {

namespace {
const llvm::fltSemantics *semantics16(Type type) {
  if (type.isF16())
    return &llvm::APFloat::IEEEhalf();
  if (type.isBF16())
    return &llvm::APFloat::BFloat();
  return nullptr;
}

uint16_t bits16(double value, const llvm::fltSemantics &semantics) {
  llvm::APFloat number(value);
  bool losesInfo;
  number.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return static_cast<uint16_t>(number.bitcastToAPInt().getZExtValue());
}

template <typename T>
void append(std::vector<char> &bytes, T value) {
  const char *begin = reinterpret_cast<const char *>(&value);
  bytes.insert(bytes.end(), begin, begin + sizeof(T));
}

template <typename T>
double load(const char *bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return static_cast<double>(value);
}
} // namespace

bool isSupported(Type type) {
  return type.isF16() || type.isBF16() || type.isF32() || type.isF64() ||
         type.isInteger(1) || type.isInteger(8) || type.isInteger(32) ||
         type.isInteger(64) || type.isIndex();
}

unsigned getByteWidth(Type type) {
  if (type.isIndex())
    return 8;
  return (type.getIntOrFloatBitWidth() + 7) / 8;
}

std::vector<char> toBytes(const Tensor &tensor, Type type) {
  std::vector<char> bytes;
  bytes.reserve(tensor.values.size() * getByteWidth(type));
  for (double value : tensor.values) {
    if (const llvm::fltSemantics *semantics = semantics16(type))
      append(bytes, bits16(value, *semantics));
    else if (type.isF32())
      append(bytes, static_cast<float>(value));
    else if (type.isF64())
      append(bytes, value);
    else if (getByteWidth(type) == 1)
      append(bytes, static_cast<int8_t>(value));
    else if (type.isInteger(32))
      append(bytes, static_cast<int32_t>(value));
    else
      append(bytes, static_cast<int64_t>(value));
  }
  return bytes;
}

Tensor fromBytes(const char *bytes, ArrayRef<int64_t> shape, Type type) {
  Tensor tensor{{shape.begin(), shape.end()}, {}};
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  const unsigned width = getByteWidth(type);
  tensor.values.reserve(count);
  for (int64_t i = 0; i < count; ++i, bytes += width) {
    if (const llvm::fltSemantics *semantics = semantics16(type)) {
      uint16_t bits;
      std::memcpy(&bits, bytes, sizeof(bits));
      tensor.values.push_back(
          llvm::APFloat(*semantics, llvm::APInt(16, bits)).convertToFloat());
    } else if (type.isF32()) {
      tensor.values.push_back(load<float>(bytes));
    } else if (type.isF64()) {
      tensor.values.push_back(load<double>(bytes));
    } else if (width == 1) {
      tensor.values.push_back(load<int8_t>(bytes));
    } else if (type.isInteger(32)) {
      tensor.values.push_back(load<int32_t>(bytes));
    } else {
      tensor.values.push_back(load<int64_t>(bytes));
    }
  }
  return tensor;
}

double roundTo(double value, Type type) {
  if (const llvm::fltSemantics *semantics = semantics16(type))
    return llvm::APFloat(*semantics, llvm::APInt(16, bits16(value, *semantics)))
        .convertToFloat();
  return type.isF32() ? static_cast<float>(value) : value;
}

Tensor makeRandom(ArrayRef<int64_t> shape, Type type, std::mt19937_64 &random) {
  Tensor tensor{{shape.begin(), shape.end()}, {}};
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  std::normal_distribution<double> normal;
  for (int64_t i = 0; i < count; ++i)
    tensor.values.push_back(isa<FloatType>(type)
                                ? roundTo(normal(random), type)
                                : static_cast<double>(random() & 1));
  return tensor;
}

double relativeError(const Tensor &a, const Tensor &b) {
  const auto size = static_cast<int64_t>(a.values.size());
  return core::relativeError({a.values.data(), 1, size},
                             {b.values.data(), 1, size});
}

} // namespace hinm::run
