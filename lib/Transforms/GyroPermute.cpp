//===- GyroPermute.cpp - hinm-gyro-permute --------------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Analysis/ChannelOrder.h"
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

/// Weights of layers that are searched together: a search holds three copies
/// of them in f32. The residual stream of a model of billions is beyond that,
/// and an order for all its layers would help none of them.
constexpr int64_t maxJoinedWeights = int64_t(1) << 28;

/// Layers that are searched together, as their rows are the same channels, and
/// what the search found for them.
struct Job {
  SmallVector<MatmulOp, 1> layers;
  core::SearchResult result;
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
    if (orders != "class" && orders != "layer") {
      emitError(getOperation().getLoc())
          << "unknown orders '" << orders << "', expected class or layer";
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
    std::vector<Job> jobs = makeJobs(
        orders == "class" && *chosen == core::SearchAlgorithm::Exchange && ocp);
    SearchObserver *observer = getObserver();
    for (Job &job : jobs) {
      if (observer)
        observer->searchBegins(nameOf(job));
      FailureOr<core::SearchResult> result = search(job, options);
      if (observer)
        observer->searchEnds();
      if (failed(result))
        return signalPassFailure();
      job.result = std::move(*result);
    }
    for (Job &job : jobs)
      for (auto [layer, figures] :
           llvm::zip_equal(job.layers, job.result.weights))
        rewrite(layer, job.result.rowOrder, figures);
  }

private:
  SearchObserver *getObserver() {
    return getContext().getLoadedDialect<HiNMDialect>()->getSearchObserver();
  }

  /// The layers to search, by jobs. Layers join if they are in one class whose
  /// order nothing pins, and their tiles are of the same size.
  std::vector<Job> makeJobs(bool joined) {
    std::vector<Job> jobs;
    std::optional<ChannelOrder> classes;
    if (joined)
      classes.emplace(getOperation());
    llvm::DenseMap<std::tuple<const OrderClass *, int64_t, int64_t>, size_t>
        jobOf;
    getOperation()->walk([&](MatmulOp op) {
      PatternAttr pattern = op.getPatternAttr();
      if (!pattern || op.getColumnsAttr())
        return;
      const OrderClass *orderClass =
          classes ? classes->lookup(op.getResult(), 0) : nullptr;
      // Rows that are stored elsewhere already have an order of their own.
      if (orderClass && orderClass->isFree() &&
          orderClass->count == op.getNumRows() && !op.getRowIndexAttr()) {
        auto [it, isNew] = jobOf.try_emplace(
            {orderClass, pattern.getTile(), pattern.getListRows().value_or(0)},
            jobs.size());
        if (!isNew) {
          jobs[it->second].layers.push_back(op);
          return;
        }
      }
      jobs.push_back({{op}, {}});
    });
    std::vector<Job> small;
    for (Job &job : jobs) {
      int64_t size = 0;
      for (MatmulOp op : job.layers)
        size += op.getNumRows() * op.getNumColumns();
      if (job.layers.size() == 1 || size <= maxJoinedWeights) {
        small.push_back(std::move(job));
        continue;
      }
      remark::missed(job.layers.front().getLoc(),
                     remarkAbout(job.layers.front(), "order-not-shared"))
          << "too many weights to search together: each layer gets an order of "
             "its own"
          << remark::metric("layers", job.layers.size())
          << remark::metric("weights", size);
      for (MatmulOp op : job.layers)
        small.push_back({{op}, {}});
    }
    return small;
  }

  static std::string nameOf(const Job &job) {
    std::string name = getLayerName(job.layers.front()).str();
    if (job.layers.size() > 1)
      name += " and " + std::to_string(job.layers.size() - 1) + " more";
    return name;
  }

  /// The saliency of a layer, or a diagnostic.
  FailureOr<core::Matrix<float>> readSaliency(MatmulOp op) {
    auto read = [](Value value) -> std::optional<core::Matrix<float>> {
      ElementsAttr constant = value ? getConstant(value) : ElementsAttr();
      return constant ? readMatrix(constant) : std::nullopt;
    };
    std::optional<core::Matrix<float>> matrix = read(op.getWeight());
    if (!matrix)
      return refuse(op, "its weight is no constant with data; bind it with "
                        "hinm-import-layers{weights=...} or drop its pattern");
    if (llvm::Error error = toCore(op.getPatternAttr())
                                .check(op.getNumRows(), op.getNumColumns()))
      return refuse(op, llvm::toString(std::move(error)));
    if (op.getSaliency()) {
      std::optional<core::Matrix<float>> given = read(op.getSaliency());
      if (!given)
        return refuse(op, "its saliency is no constant with data");
      if (llvm::Error error = core::checkSaliency(*given))
        return refuse(op, llvm::toString(std::move(error)));
      return std::move(*given);
    }
    llvm::Expected<core::Matrix<float>> scores = core::computeSaliency(
        *matrix, saliency == "squared" ? core::SaliencyKind::Squared
                                       : core::SaliencyKind::Magnitude);
    if (!scores)
      return refuse(op, llvm::toString(scores.takeError()));
    return std::move(*scores);
  }

  LogicalResult refuse(MatmulOp op, const llvm::Twine &why) {
    return op.emitOpError("of layer '")
           << getLayerName(op) << "' cannot be searched: " << why;
  }

  FailureOr<core::SearchResult> search(Job &job,
                                       const core::SearchOptions &options) {
    std::vector<core::Matrix<float>> saliencies;
    for (MatmulOp op : job.layers) {
      FailureOr<core::Matrix<float>> scores = readSaliency(op);
      if (failed(scores))
        return failure();
      saliencies.push_back(std::move(*scores));
    }
    std::vector<core::SearchWeight> weights;
    for (auto [op, scores] : llvm::zip_equal(job.layers, saliencies))
      weights.push_back({scores, toCore(op.getPatternAttr())});
    llvm::Expected<core::SearchResult> result =
        core::searchOrders(weights, options);
    if (!result)
      return refuse(job.layers.front(), llvm::toString(result.takeError()));
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
