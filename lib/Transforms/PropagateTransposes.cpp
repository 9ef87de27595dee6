//===- PropagateTransposes.cpp - hinm-propagate-transposes ----------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FeatureMajor.h"
#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "hinm/Transforms/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace hinm {
#define GEN_PASS_DEF_PROPAGATETRANSPOSES
#include "hinm/Transforms/Passes.h.inc"
} // namespace hinm

using namespace mlir;
using namespace hinm;

namespace {

/// Transposes that \p root executes: the named ones, and generics that only
/// move a tensor to another order of the same dimensions.
int64_t countTransposes(Operation *root) {
  int64_t count = 0;
  root->walk([&](linalg::LinalgOp op) {
    if (isa<linalg::TransposeOp>(op.getOperation())) {
      ++count;
      return;
    }
    if (op.getNumDpsInputs() != 1 || op.getNumDpsInits() != 1 ||
        op.getNumParallelLoops() != op.getNumLoops() || !op.getBlock() ||
        op.getBlock()->getTerminator()->getNumOperands() != 1 ||
        op.getBlock()->getTerminator()->getOperand(0) !=
            op.getBlock()->getArgument(0))
      return;
    AffineMap in = op.getMatchingIndexingMap(op.getDpsInputOperand(0));
    AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
    count += in.isPermutation() && out.isPermutation() && in != out;
  });
  return count;
}

struct PropagateTransposesPass
    : public hinm::impl::PropagateTransposesBase<PropagateTransposesPass> {
  using PropagateTransposesBase::PropagateTransposesBase;

  void runOnOperation() override {
    SmallVector<FunctionOpInterface> functions;
    getOperation()->walk([&](FunctionOpInterface function) {
      if (!function.isExternal() && hasLayer(function))
        functions.push_back(function);
    });
    for (FunctionOpInterface function : functions)
      moveTransposes(function);
  }

private:
  static bool hasLayer(Operation *function) {
    return function
        ->walk([](hinm::MatmulOp) { return WalkResult::interrupt(); })
        .wasInterrupted();
  }

  void moveTransposes(FunctionOpInterface function) {
    int64_t before = countTransposes(function);
    IRMapping mapping;
    Region backup;
    function.getFunctionBody().cloneInto(&backup, mapping);

    bool converged = rewrite(function, /*foldTheRest=*/false) &&
                     rewrite(function, /*foldTheRest=*/true);
    int64_t after = countTransposes(function);
    auto opts = [&](StringRef name) {
      return remark::RemarkOpts::name(name).category("hinm").function(
          function.getName());
    };
    if (!converged || after > before) {
      function.getFunctionBody().takeBody(backup);
      remark::missed(function.getLoc(), opts("transposes-left"))
          << "moving the transposes would not have saved any"
          << remark::metric("transposes", before);
      return;
    }
    remark::passed(function.getLoc(), opts("transposes-moved"))
        << remark::metric("transposes-before", before)
        << remark::metric("transposes-after", after);
  }

  /// Returns whether the patterns came to an end.
  bool rewrite(FunctionOpInterface function, bool foldTheRest) {
    MLIRContext *context = &getContext();
    IRRewriter rewriter(context);
    // A common transpose of several readers (Q, K and V) is to move once.
    DominanceInfo dominance(function);
    eliminateCommonSubExpressions(rewriter, dominance, function);

    RewritePatternSet patterns(context);
    populateElementwiseFormPatterns(patterns);
    populateTransposePatterns(patterns, foldTheRest);
    linalg::populateFoldReshapeOpsByCollapsingPatterns(patterns,
                                                       [](OpOperand *operand) {
                                                         // Only an expansion
                                                         // that is undone or
                                                         // passed on below is
                                                         // worth it; reshapes
                                                         // move no data, so
                                                         // that other readers
                                                         // do not matter.
                                                         return true;
                                                       });
    tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns, context);
    tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, context);
    linalg::TransposeOp::getCanonicalizationPatterns(patterns, context);
    linalg::FillOp::getCanonicalizationPatterns(patterns, context);
    tensor::populateFoldTensorEmptyPatterns(patterns);
    // A size read off a transpose would keep it alive.
    memref::populateResolveRankedShapedTypeResultDimsPatterns(patterns);
    memref::populateResolveShapedTypeResultDimsPatterns(patterns);

    GreedyRewriteConfig config;
    config.setUseTopDownTraversal(true)
        .setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled)
        .setMaxIterations(GreedyRewriteConfig::kNoLimit);
    int64_t operations = 0;
    function->walk([&](Operation *) { ++operations; });
    // Far more than any network needs; a guard against patterns that feed each
    // other.
    config.setMaxNumRewrites(1000 + 100 * operations);
    return succeeded(applyPatternsGreedily(function.getFunctionBody(),
                                           std::move(patterns), config));
  }
};

} // namespace
