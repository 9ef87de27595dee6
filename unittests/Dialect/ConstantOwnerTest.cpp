//===- ConstantOwnerTest.cpp - Constants that nobody else has seen --------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Dialect/HiNM/Utils/ConstantOwner.h"
#include "hinm/Dialect/HiNM/IR/HiNMDialect.h"
#include "hinm/Dialect/HiNM/Utils/ConstantData.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace hinm;

namespace {

class ConstantOwnerTest : public testing::Test {
protected:
  ConstantOwnerTest() : builder(&context) {
    context.loadDialect<HiNMDialect, arith::ArithDialect>();
    module = ModuleOp::create(builder.getUnknownLoc());
    builder.setInsertionPointToEnd(module->getBody());
  }

  ElementsAttr makeData(float value) {
    auto type = RankedTensorType::get({1024}, builder.getF32Type());
    return makeFloats(type, std::vector<float>(1024, value), "data");
  }
  static bool hasData(ElementsAttr attr) {
    return cast<DenseResourceElementsAttr>(attr)
               .getRawHandle()
               .getBlob()
               ->getData()
               .size() == 4096;
  }

  MLIRContext context;
  OpBuilder builder;
  OwningOpRef<ModuleOp> module;
};

TEST_F(ConstantOwnerTest, FreesWhatWasMadeSinceAndIsDropped) {
  ElementsAttr before = makeData(1.0f), first = makeData(2.0f),
               second = makeData(3.0f);
  Value old = makeConstant(builder, builder.getUnknownLoc(), before);
  ConstantOwner owner(*module);
  Value made = makeConstant(builder, builder.getUnknownLoc(), first);
  makeConstant(builder, builder.getUnknownLoc(), second);
  freeIfDropped(old);
  freeIfDropped(made);
  EXPECT_TRUE(hasData(before));
  EXPECT_FALSE(hasData(first));
  EXPECT_TRUE(hasData(second));
  freeDroppedConstants(*module);
  EXPECT_FALSE(hasData(second));
  // What was there before is no business of the owner.
  EXPECT_EQ(std::distance(module->getBody()->begin(), module->getBody()->end()),
            1);
}

TEST_F(ConstantOwnerTest, KeepsWhatIsUsedOrHeldTwice) {
  ConstantOwner owner(*module);
  ElementsAttr used = makeData(1.0f), twice = makeData(2.0f);
  Value a = makeConstant(builder, builder.getUnknownLoc(), used);
  arith::NegFOp::create(builder, builder.getUnknownLoc(), a);
  Value b = makeConstant(builder, builder.getUnknownLoc(), twice);
  auto c = makeConstant(builder, builder.getUnknownLoc(), twice);
  freeIfDropped(a);
  freeIfDropped(b);
  EXPECT_TRUE(hasData(used));
  EXPECT_TRUE(hasData(twice));
  freeIfDropped(c);
  EXPECT_FALSE(hasData(twice));
}

TEST_F(ConstantOwnerTest, FreesNothingOutsideOfAPipeline) {
  ElementsAttr during = makeData(1.0f), behind = makeData(2.0f);
  Value a;
  {
    ConstantOwner owner(*module);
    a = makeConstant(builder, builder.getUnknownLoc(), during);
  }
  Value b = makeConstant(builder, builder.getUnknownLoc(), behind);
  freeIfDropped(a);
  freeIfDropped(b);
  freeDroppedConstants(*module);
  EXPECT_TRUE(hasData(during));
  EXPECT_TRUE(hasData(behind));
}

TEST_F(ConstantOwnerTest, OwnsOnlyItsModule) {
  OwningOpRef<ModuleOp> other = ModuleOp::create(builder.getUnknownLoc());
  ConstantOwner owner(*other);
  ElementsAttr data = makeData(1.0f);
  freeIfDropped(makeConstant(builder, builder.getUnknownLoc(), data));
  EXPECT_TRUE(hasData(data));
}

// Modules in one module are rewritten at once, each by its own pipeline.
TEST_F(ConstantOwnerTest, NestedModulesOwnTheirOwn) {
  auto inner = ModuleOp::create(builder, builder.getUnknownLoc());
  builder.setInsertionPointToEnd(inner.getBody());
  ElementsAttr data = makeData(1.0f), kept = makeData(2.0f);
  ConstantOwner owner(inner);
  {
    OpBuilder outside = OpBuilder::atBlockEnd(module->getBody());
    auto sibling = ModuleOp::create(outside, builder.getUnknownLoc());
    ConstantOwner other(sibling);
    OpBuilder inside = OpBuilder::atBlockEnd(sibling.getBody());
    makeConstant(inside, builder.getUnknownLoc(), kept);
    freeIfDropped(makeConstant(builder, builder.getUnknownLoc(), data));
    EXPECT_FALSE(hasData(data));
    freeDroppedConstants(inner);
    EXPECT_TRUE(hasData(kept));
  }
}

} // namespace
