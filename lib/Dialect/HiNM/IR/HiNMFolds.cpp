//===- HiNMFolds.cpp - Folders and canonicalisation of the hinm dialect ---===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Dialect/HiNM/IR/HiNMOps.h"

#include "hinm/Dialect/HiNM/Utils/ConstantData.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace hinm;

//===----------------------------------------------------------------------===//
// PermuteOp
//===----------------------------------------------------------------------===//

OpFoldResult PermuteOp::fold(FoldAdaptor adaptor) {
  if (getPermutation().isIdentity())
    return getInput();
  if (auto constant = dyn_cast_if_present<ElementsAttr>(adaptor.getInput()))
    if (std::optional<SmallVector<int32_t>> order =
            getPermutation().getValues())
      if (ElementsAttr permuted = permuteConstant(constant, getDim(), *order))
        return permuted;
  // permute(permute(x, p), q) = permute(x, p∘q).
  if (auto producer = getInput().getDefiningOp<PermuteOp>())
    if (producer.getDim() == getDim())
      if (PermutationAttr composed =
              producer.getPermutation().compose(getPermutation())) {
        setPermutationAttr(composed);
        getInputMutable().assign(producer.getInput());
        return getResult();
      }
  return {};
}

namespace {
/// Permutes of different dimensions commute; the lower dimension goes first, so
/// that permutes of one dimension come to stand beside each other and merge.
struct SortPermutesByDim : public OpRewritePattern<PermuteOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(PermuteOp op,
                                PatternRewriter &rewriter) const override {
    auto producer = op.getInput().getDefiningOp<PermuteOp>();
    if (!producer || producer.getDim() <= op.getDim() || !producer->hasOneUse())
      return failure();
    auto first = PermuteOp::create(rewriter, op.getLoc(), op.getType(),
                                   producer.getInput(), op.getDim(),
                                   op.getPermutation());
    rewriter.replaceOpWithNewOp<PermuteOp>(
        op, op.getType(), first, producer.getDim(), producer.getPermutation());
    return success();
  }
};
} // namespace

void PermuteOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                            MLIRContext *context) {
  patterns.add<SortPermutesByDim>(context);
}
