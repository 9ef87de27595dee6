//===- ConstantDataTest.cpp - Constants as plain arrays -------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Dialect/HiNM/Utils/ConstantData.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/APFloat.h"
#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace mlir;
using namespace hinm;

namespace {

uint32_t roundByAPFloat(float value, const llvm::fltSemantics &semantics) {
  llvm::APFloat wide(value);
  bool losesInfo;
  wide.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return static_cast<uint32_t>(wide.bitcastToAPInt().getZExtValue());
}

TEST(ConstantData, RoundsAsAPFloatDoes) {
  MLIRContext context;
  Builder builder(&context);
  std::mt19937_64 random(1);
  for (FloatType element :
       {FloatType(builder.getF16Type()), FloatType(builder.getBF16Type()),
        FloatType(builder.getType<Float8E4M3FNType>()),
        FloatType(builder.getType<Float8E5M2Type>())}) {
    const llvm::fltSemantics &semantics = element.getFloatSemantics();
    const unsigned width = element.getWidth();
    const uint32_t mask = (1u << width) - 1;
    std::vector<float> values;
    // Every value of the format, what lies half way to the next, and beside it.
    for (uint32_t bits = 0; bits <= mask; ++bits) {
      const float value =
          llvm::APFloat(semantics, llvm::APInt(width, bits)).convertToFloat();
      const float next =
          llvm::APFloat(semantics, llvm::APInt(width, (bits + 1) & mask))
              .convertToFloat();
      const float middle = value + (next - value) / 2.0f;
      for (float v : {value, middle, std::nextafter(middle, value),
                      std::nextafter(middle, next)})
        values.push_back(v);
    }
    // And any bits at all.
    for (int i = 0; i < 1000000; ++i) {
      const auto bits = static_cast<uint32_t>(random());
      float value;
      std::memcpy(&value, &bits, sizeof(value));
      values.push_back(value);
    }
    auto type =
        RankedTensorType::get({static_cast<int64_t>(values.size())}, element);
    ElementsAttr attr = makeFloats(type, values, "rounded");
    std::optional<RawConstant> raw = getRawConstant(attr);
    ASSERT_TRUE(raw);
    std::optional<std::vector<float>> read = readFloats(attr);
    ASSERT_TRUE(read);
    int64_t wrong = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      uint32_t bits = 0;
      std::memcpy(&bits, raw->bytes.data() + width / 8 * i, width / 8);
      const uint32_t expected = roundByAPFloat(values[i], semantics);
      const float back =
          llvm::APFloat(semantics, llvm::APInt(width, bits)).convertToFloat();
      wrong += bits != expected;
      wrong += std::isnan(back) ? !std::isnan((*read)[i]) : back != (*read)[i];
    }
    EXPECT_EQ(wrong, 0);
  }
}

TEST(ConstantData, PermutesAlongADimension) {
  MLIRContext context;
  Builder builder(&context);
  auto type = RankedTensorType::get({2, 3}, builder.getF32Type());
  ElementsAttr attr = makeFloats(type, {0, 1, 2, 10, 11, 12}, "w");
  ASSERT_TRUE(isPermutable(attr));
  EXPECT_EQ(*readFloats(permuteConstant(attr, 1, {2, 0, 1})),
            (std::vector<float>{2, 0, 1, 12, 10, 11}));
  EXPECT_EQ(*readFloats(permuteConstant(attr, 0, {1, 0})),
            (std::vector<float>{10, 11, 12, 0, 1, 2}));
  auto flags = RankedTensorType::get({2}, builder.getI1Type());
  ElementsAttr bits = DenseElementsAttr::get(flags, {true, false});
  EXPECT_FALSE(isPermutable(bits));
  EXPECT_FALSE(permuteConstant(bits, 0, {1, 0}));
}

} // namespace
