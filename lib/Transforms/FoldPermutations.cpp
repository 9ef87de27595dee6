//===- FoldPermutations.cpp - hinm-fold-permutations ----------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reorder.h"
#include "hinm/Core/Permutation.h"
#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "hinm/Dialect/HiNM/Utils/ConstantData.h"
#include "hinm/Dialect/HiNM/Utils/ConstantOwner.h"
#include "hinm/Dialect/HiNM/Utils/CoreConversion.h"
#include "hinm/Transforms/LayerStats.h"
#include "hinm/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace hinm {
#define GEN_PASS_DEF_FOLDPERMUTATIONS
#include "hinm/Transforms/Passes.h.inc"
} // namespace hinm

using namespace mlir;
using namespace hinm;

namespace {

/// W · permute(x, p) = W' · x, where column p[c] of W' is column c of W.
struct FoldIntoColumns : public OpRewritePattern<MatmulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MatmulOp op,
                                PatternRewriter &rewriter) const override {
    auto permute = op.getInput().getDefiningOp<PermuteOp>();
    if (!permute || permute.getDim() != 0)
      return failure();
    std::optional<SmallVector<int32_t>> order =
        permute.getPermutation().getValues();
    if (!order)
      return failure();
    std::optional<core::ColumnIndex> index;
    if (ColumnIndexAttr columns = op.getColumnsAttr()) {
      index = toCore(columns);
      if (!index)
        return failure();
      for (int32_t &column : index->columns)
        column = (*order)[column];
    }
    // What the weights are worth goes with them.
    for (Value constant : {op.getWeight(), op.getSaliency()}) {
      ElementsAttr data = constant ? getConstant(constant) : nullptr;
      if (constant && (!data || !isPermutable(data)))
        return failure();
    }
    const core::Permutation inverse = core::invert(*order);
    Value weight = makePermuted(rewriter, op.getWeight(), /*dim=*/1, inverse);
    Value saliency;
    if (op.getSaliency())
      saliency = makePermuted(rewriter, op.getSaliency(), /*dim=*/1, inverse);
    const Value oldWeight = op.getWeight(), oldSaliency = op.getSaliency();
    rewriter.modifyOpInPlace(op, [&] {
      op.getWeightMutable().assign(weight);
      if (saliency)
        op.getSaliencyMutable().assign(saliency);
      op.getInputMutable().assign(permute.getInput());
      if (index)
        op.setColumnsAttr(fromCore(op.getContext(), *index));
    });
    freeIfDropped(oldWeight, &rewriter);
    if (oldSaliency)
      freeIfDropped(oldSaliency, &rewriter);
    return success();
  }
};

/// permute(Y, q) with Y stored through row_index is Y stored through q⁻¹ after
/// row_index.
struct FoldIntoRowIndex : public OpRewritePattern<PermuteOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(PermuteOp op,
                                PatternRewriter &rewriter) const override {
    auto matmul = op.getInput().getDefiningOp<MatmulOp>();
    if (!matmul || op.getDim() != 0 || !matmul->hasOneUse())
      return failure();
    PermutationAttr rows = op.getPermutation().getInverse();
    if (rows && matmul.getRowIndexAttr())
      rows = rows.compose(matmul.getRowIndexAttr());
    if (!rows)
      return failure();
    rewriter.modifyOpInPlace(matmul, [&] {
      // Rows stored where they stand need no index.
      if (rows.isIdentity())
        matmul.removeRowIndexAttr();
      else
        matmul.setRowIndexAttr(rows);
    });
    rewriter.replaceOp(op, matmul.getResult());
    return success();
  }
};

/// The rows of a weight without a pattern may stand in any order.
struct FoldIntoRows : public OpRewritePattern<PermuteOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(PermuteOp op,
                                PatternRewriter &rewriter) const override {
    auto matmul = op.getInput().getDefiningOp<MatmulOp>();
    if (!matmul || op.getDim() != 0 || !matmul->hasOneUse() ||
        matmul.getPatternAttr() || matmul.getRowIndexAttr() ||
        matmul.getSaliency())
      return failure();
    std::optional<SmallVector<int32_t>> order = op.getPermutation().getValues();
    if (!order)
      return failure();
    rewriter.setInsertionPoint(matmul);
    Value weight =
        makePermuted(rewriter, matmul.getWeight(), /*dim=*/0, *order);
    if (!weight)
      return failure();
    rewriter.modifyOpInPlace(matmul,
                             [&] { matmul.getWeightMutable().assign(weight); });
    rewriter.replaceOp(op, matmul.getResult());
    return success();
  }
};

/// What keeps a permute from being folded, in words.
std::string describeObstacle(PermuteOp op) {
  Operation *producer = op.getInput().getDefiningOp();
  std::string text = "stands behind ";
  if (!producer)
    text += "a function or block argument";
  else if (isa<MatmulOp>(producer) && !producer->hasOneUse())
    text += "a 'hinm.matmul' whose result has other users";
  else
    text += "'" + producer->getName().getStringRef().str() + "'";
  if (!op->use_empty())
    text += " and before '" +
            (*op->user_begin())->getName().getStringRef().str() + "'";
  return text;
}

int64_t countPermutes(Operation *root) {
  int64_t count = 0;
  root->walk([&](PermuteOp) { ++count; });
  return count;
}

struct FoldPermutationsPass
    : public hinm::impl::FoldPermutationsBase<FoldPermutationsPass> {
  using FoldPermutationsBase::FoldPermutationsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    const int64_t before = countPermutes(module);
    RewritePatternSet patterns(&getContext());
    populateFoldPermutationsPatterns(patterns);
    if (failed(applyPatternsGreedily(module, std::move(patterns))))
      return signalPassFailure();
    const int64_t left = countPermutes(module);

    auto earlier = module->getAttrOfType<IntegerAttr>(kFoldedAttr);
    const int64_t folded = (earlier ? earlier.getInt() : 0) + before - left;
    if (folded > 0)
      module->setAttr(kFoldedAttr,
                      Builder(&getContext()).getI64IntegerAttr(folded));
    remark::passed(module.getLoc(), remarkAbout(module, "permutations-folded"))
        << remark::metric("folded", before - left)
        << remark::metric("left", left);
    module.walk([&](PermuteOp op) {
      std::string obstacle = describeObstacle(op);
      remark::missed(op.getLoc(), remarkAbout(op, "permutation-left"))
          << obstacle;
      if (requireNoPermutes)
        op.emitOpError("remains at run time: it ") << obstacle;
    });
    if (requireNoPermutes && left > 0)
      signalPassFailure();
  }
};

} // namespace

void hinm::populateFoldPermutationsPatterns(RewritePatternSet &patterns) {
  // A permute between two layers goes into the consumer: its column index is a
  // gather already, while a row index would be a new one.
  patterns.add<FoldIntoColumns>(patterns.getContext(), /*benefit=*/3);
  patterns.add<FoldIntoRows>(patterns.getContext(), /*benefit=*/2);
  patterns.add<FoldIntoRowIndex>(patterns.getContext(), /*benefit=*/1);
  PermuteOp::getCanonicalizationPatterns(patterns, patterns.getContext());
}
