//===- GyroPermute.cpp - hinm-gyro-permute --------------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/Saliency.h"
#include "hinm/Core/Search.h"
#include "hinm/Dialect/HiNM/IR/HiNMDialect.h"
#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "hinm/Dialect/HiNM/Utils/ConstantData.h"
#include "hinm/Dialect/HiNM/Utils/CoreConversion.h"
#include "hinm/Transforms/LayerStats.h"
#include "hinm/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include <limits>
#include <optional>

namespace hinm {
#define GEN_PASS_DEF_GYROPERMUTE
#include "hinm/Transforms/Passes.h.inc"
} // namespace hinm

using namespace mlir;
using namespace hinm;

namespace {

/// What the search found for one layer.
struct Found {
  MatmulOp op;
  core::Permutation rowOrder;
  core::WeightResult figures;
};

struct GyroPermutePass : public hinm::impl::GyroPermuteBase<GyroPermutePass> {
  using GyroPermuteBase::GyroPermuteBase;

  void runOnOperation() override {
    std::optional<core::SearchAlgorithm> chosen =
        core::parseSearchAlgorithm(algorithm);
    if (!chosen) {
      emitError(getOperation().getLoc())
          << "unknown algorithm '" << algorithm
          << "', expected exchange, gyro or none";
      return signalPassFailure();
    }
    if (saliency != "magnitude" && saliency != "squared") {
      emitError(getOperation().getLoc()) << "unknown saliency '" << saliency
                                         << "', expected magnitude or squared";
      return signalPassFailure();
    }
    if (!(timeBudget > 0.0)) {
      emitError(getOperation().getLoc())
          << "the time budget is " << timeBudget.getValue()
          << " s, it must be positive";
      return signalPassFailure();
    }
    core::SearchOptions options;
    options.algorithm = *chosen;
    options.seed = seed;
    if (timeBudget != std::numeric_limits<double>::infinity())
      options.timeBudget = timeBudget;
    options.threads = threads;
    options.ocp = ocp;
    options.icp = icp;
    if (SearchObserver *observer = getObserver()) {
      options.stop = [=] { return observer->isStopped(); };
      options.progress = [=](const core::SearchProgress &progress) {
        observer->searchProgresses(progress);
      };
    }

    // Search everything first: an error leaves the module as it was.
    std::vector<Found> found;
    WalkResult walk = getOperation()->walk([&](MatmulOp op) {
      if (!op.getPatternAttr() || op.getColumnsAttr())
        return WalkResult::advance();
      SearchObserver *observer = getObserver();
      if (observer)
        observer->searchBegins(getLayerName(op));
      FailureOr<core::SearchResult> result = search(op, options);
      if (observer)
        observer->searchEnds();
      if (failed(result))
        return WalkResult::interrupt();
      found.push_back(
          {op, std::move(result->rowOrder), std::move(result->weights[0])});
      return WalkResult::advance();
    });
    if (walk.wasInterrupted())
      return signalPassFailure();
    for (Found &layer : found)
      rewrite(layer.op, layer.rowOrder, layer.figures);
  }

private:
  SearchObserver *getObserver() {
    return getContext().getLoadedDialect<HiNMDialect>()->getSearchObserver();
  }

  FailureOr<core::SearchResult> search(MatmulOp op,
                                       const core::SearchOptions &options) {
    auto refuse = [&](llvm::Error error) {
      op.emitOpError("of layer '")
          << getLayerName(op)
          << "' cannot be searched: " << llvm::toString(std::move(error));
      return failure();
    };
    auto read = [](Value value) -> std::optional<core::Matrix<float>> {
      ElementsAttr constant = value ? getConstant(value) : ElementsAttr();
      return constant ? readMatrix(constant) : std::nullopt;
    };
    std::optional<core::Matrix<float>> matrix = read(op.getWeight());
    if (!matrix)
      return refuse(llvm::createStringError(
          "its weight is no constant with data; bind it with "
          "hinm-import-layers{weights=...} or drop its pattern"));
    std::optional<core::Matrix<float>> given = read(op.getSaliency());
    if (op.getSaliency() && !given)
      return refuse(
          llvm::createStringError("its saliency is no constant with data"));
    llvm::Expected<core::Matrix<float>> scores =
        given ? std::move(*given)
              : core::computeSaliency(*matrix,
                                      saliency == "squared"
                                          ? core::SaliencyKind::Squared
                                          : core::SaliencyKind::Magnitude);
    if (!scores)
      return refuse(scores.takeError());
    llvm::Expected<core::SearchResult> result = core::searchOrders(
        core::SearchWeight{*scores, toCore(op.getPatternAttr())}, options);
    if (!result)
      return refuse(result.takeError());
    return std::move(*result);
  }

  static void permuteRows(OpBuilder &builder, OpOperand &operand,
                          const core::Permutation &order) {
    ElementsAttr permuted =
        permuteConstant(getConstant(operand.get()), /*dim=*/0, order);
    operand.set(arith::ConstantOp::create(builder, operand.get().getLoc(),
                                          cast<TypedAttr>(permuted)));
  }

  /// W becomes P·W, and the result is brought back to the old order.
  void rewrite(MatmulOp op, const core::Permutation &order,
               const core::WeightResult &result) {
    OpBuilder builder(op);
    if (order != core::identityPermutation(order.size())) {
      permuteRows(builder, op.getWeightMutable(), order);
      if (op.getSaliency())
        permuteRows(builder, op.getSaliencyMutable()[0], order);
      auto moved = PermutationAttr::get(&getContext(), order);
      if (PermutationAttr rowIndex = op.getRowIndexAttr()) {
        // The rows are stored elsewhere already: row i of P·W is row p[i].
        op.setRowIndexAttr(rowIndex.compose(moved));
      } else {
        builder.setInsertionPointAfter(op);
        auto restored =
            PermuteOp::create(builder, op.getLoc(), op.getType(),
                              op.getResult(), /*dim=*/0, moved.getInverse());
        op.getResult().replaceAllUsesExcept(restored, restored);
      }
    }
    op.setColumnsAttr(fromCore(&getContext(), result.columns));

    const double total = result.total > 0.0 ? result.total : 1.0;
    setStats(
        op,
        {{"retained", result.retained / total},
         {"retained_no_permutation", result.retainedWithoutPermutation / total},
         {"retained_unstructured", result.retainedUnstructured / total}});
    remark::passed(op.getLoc(), remarkAbout(op, "layer-permuted"))
        << remark::metric("layer", getLayerName(op))
        << remark::metric("retained-saliency", result.retained / total)
        << remark::metric("without-permutation",
                          result.retainedWithoutPermutation / total)
        << remark::metric("unstructured", result.retainedUnstructured / total);
  }
};

} // namespace
