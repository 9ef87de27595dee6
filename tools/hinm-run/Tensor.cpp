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
/// The format of a float of less than 32 bits, or null.
const llvm::fltSemantics *narrowSemantics(Type type) {
  if (isa<Float16Type, BFloat16Type, Float8E4M3FNType, Float8E5M2Type>(type))
    return &cast<FloatType>(type).getFloatSemantics();
  return nullptr;
}

uint32_t narrowBits(double value, const llvm::fltSemantics &semantics) {
  llvm::APFloat number(value);
  bool losesInfo;
  number.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return static_cast<uint32_t>(number.bitcastToAPInt().getZExtValue());
}

double valueOf(uint32_t bits, const llvm::fltSemantics &semantics) {
  const unsigned width = llvm::APFloat::getSizeInBits(semantics);
  return llvm::APFloat(semantics, llvm::APInt(width, bits)).convertToFloat();
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
  return narrowSemantics(type) || type.isF32() || type.isF64() ||
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
    const llvm::fltSemantics *semantics = narrowSemantics(type);
    if (semantics && getByteWidth(type) == 1)
      append(bytes, static_cast<uint8_t>(narrowBits(value, *semantics)));
    else if (semantics)
      append(bytes, static_cast<uint16_t>(narrowBits(value, *semantics)));
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
    if (const llvm::fltSemantics *semantics = narrowSemantics(type)) {
      uint32_t bits = 0;
      std::memcpy(&bits, bytes, width);
      tensor.values.push_back(valueOf(bits, *semantics));
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
  if (const llvm::fltSemantics *semantics = narrowSemantics(type))
    return valueOf(narrowBits(value, *semantics), *semantics);
  return type.isF32() ? static_cast<float>(value) : value;
}

Tensor makeRandom(ArrayRef<int64_t> shape, Type type, std::mt19937_64 &random) {
  Tensor tensor{{shape.begin(), shape.end()}, {}};
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  std::normal_distribution<double> normal;
  for (int64_t i = 0; i < count; ++i) {
    if (isa<FloatType>(type))
      tensor.values.push_back(roundTo(normal(random), type));
    else if (type.isInteger(8)) // a quantised number
      tensor.values.push_back(static_cast<double>(random() % 255) - 127.0);
    else
      tensor.values.push_back(static_cast<double>(random() & 1));
  }
  return tensor;
}

double relativeError(const Tensor &a, const Tensor &b) {
  const auto size = static_cast<int64_t>(a.values.size());
  return core::relativeError({a.values.data(), 1, size},
                             {b.values.data(), 1, size});
}

} // namespace hinm::run
