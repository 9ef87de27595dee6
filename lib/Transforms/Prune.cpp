//===- Prune.cpp - hinm-prune ---------------------------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/Prune.h"
#include "hinm/Core/Permutation.h"
#include "hinm/Core/Saliency.h"
#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "hinm/Dialect/HiNM/Utils/CoreConversion.h"
#include "hinm/Transforms/LayerStats.h"
#include "hinm/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

namespace hinm {
#define GEN_PASS_DEF_PRUNE
#include "hinm/Transforms/Passes.h.inc"
} // namespace hinm

using namespace mlir;
using namespace hinm;

namespace {

struct PrunePass : public hinm::impl::PruneBase<PrunePass> {
  using PruneBase::PruneBase;

  void runOnOperation() override {
    // Check everything first: an error leaves the module as it was.
    SmallVector<MatmulOp> layers;
    bool refused = false;
    getOperation()->walk([&](MatmulOp op) {
      if (!op.getPatternAttr())
        return;
      layers.push_back(op);
      refused |= failed(check(op));
    });
    if (refused)
      return signalPassFailure();
    for (MatmulOp op : layers)
      prune(op);
  }

private:
  LogicalResult check(MatmulOp op) {
    ElementsAttr weight = getConstant(op.getWeight());
    ElementsAttr saliency = getSaliency(op);
    llvm::Error error = llvm::Error::success();
    auto add = [&](llvm::Error more) {
      error = llvm::joinErrors(std::move(error), std::move(more));
    };
    if (!weight)
      add(llvm::createStringError("its weight is no constant"));
    else if (op.getSaliency() && !saliency)
      add(llvm::createStringError("its saliency is no constant"));
    else
      add(readMaskArguments(weight, saliency, op.getPatternAttr(),
                            op.getColumnsAttr())
              .takeError());
    if (!error)
      return success();
    op.emitOpError("of layer '")
        << getLayerName(op)
        << "' cannot be pruned: " << llvm::toString(std::move(error));
    return failure();
  }

  static ElementsAttr getSaliency(MatmulOp op) {
    return op.getSaliency() ? getConstant(op.getSaliency()) : ElementsAttr();
  }

  void prune(MatmulOp op) {
    OpBuilder builder(op);
    ElementsAttr given = getSaliency(op);
    core::Matrix<float> saliency =
        given ? *readMatrix(given)
              : cantFail(core::computeSaliency(
                    *readMatrix(getConstant(op.getWeight())),
                    core::SaliencyKind::Magnitude));
    core::Pattern pattern = toCore(op.getPatternAttr());
    core::Permutation order = core::identityPermutation(op.getNumRows());
    // The choice is written down: packing needs the same one.
    if (!op.getColumnsAttr())
      op.setColumnsAttr(
          fromCore(&getContext(),
                   cantFail(core::selectColumns(saliency, order, pattern))));
    Value pruned = builder.createOrFold<PruneOp>(
        op.getLoc(), op.getWeight().getType(), op.getWeight(), op.getSaliency(),
        op.getPatternAttr(), op.getColumnsAttr());
    op.getWeightMutable().assign(pruned);
    // Of what is left, everything is kept: the saliency has done its work.
    op.getSaliencyMutable().clear();

    core::ColumnIndex index = *toCore(op.getColumnsAttr());
    const double size = static_cast<double>(op.getNumRows()) *
                        std::max<int64_t>(op.getNumColumns(), 1);
    const double total = core::totalSaliency(saliency);
    core::Matrix<float> after = *readMatrix(getConstant(pruned));
    const double zeros =
        static_cast<double>(llvm::count(after.getElements(), 0.0f));
    // The searcher has noted this already; a second prune changes nothing.
    double retained =
        total > 0.0
            ? core::retainedSaliency(saliency, order, pattern, index) / total
            : 1.0;
    auto stats = op->getAttrOfType<DictionaryAttr>(kStatsAttr);
    if (!stats || !stats.contains("retained"))
      setStats(op, {{"retained", retained}});
    setStats(op, {{"sparsity", size > 0 ? zeros / size : 0.0}});
    remark::passed(op.getLoc(), remarkAbout(op, "layer-pruned"))
        << remark::metric("layer", getLayerName(op))
        << remark::metric("sparsity", size > 0 ? zeros / size : 0.0)
        << remark::metric("retained-saliency", retained);
  }
};

} // namespace
