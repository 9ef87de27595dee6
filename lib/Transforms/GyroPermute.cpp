//===- GyroPermute.cpp - hinm-gyro-permute --------------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reorder.h"
#include "hinm/Analysis/ChannelOrder.h"
#include "hinm/Core/Saliency.h"
#include "hinm/Core/Search.h"
#include "hinm/Dialect/HiNM/IR/HiNMDialect.h"
#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "hinm/Dialect/HiNM/Utils/ConstantData.h"
#include "hinm/Dialect/HiNM/Utils/ConstantOwner.h"
#include "hinm/Dialect/HiNM/Utils/CoreConversion.h"
#include "hinm/Transforms/LayerStats.h"
#include "hinm/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallPtrSet.h"
#include <limits>
#include <map>
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

/// Rows of a layer that are ordered by themselves: all of them, or a head's.
struct Part {
  MatmulOp layer;
  int64_t firstRow;
};

/// What is searched together, as its rows are the same channels.
struct Job {
  SmallVector<Part, 1> parts;
  /// How many rows each part has, and how many of them make a unit.
  int64_t rows, block = 1;
  /// The class of the rows' order; null if they will be stored by a row index.
  const OrderClass *orderClass = nullptr;

  int64_t getSize() const {
    int64_t size = 0;
    for (Part part : parts)
      size += rows * part.layer.getNumColumns();
    return size;
  }
  /// Whether all parts are whole layers, row by row.
  bool isWhole() const {
    return block == 1 && llvm::all_of(parts, [&](Part part) {
             return rows == part.layer.getNumRows();
           });
  }
};

/// What was found for a layer.
struct Found {
  core::Permutation rowOrder;
  core::WeightResult figures;
};

/// Row i is row order[i] of \p matrix.
core::Matrix<float> takeRows(const core::Matrix<float> &matrix,
                             ArrayRef<int32_t> order) {
  core::Matrix<float> result(matrix.getRows(), matrix.getCols());
  for (auto [i, row] : llvm::enumerate(order))
    std::copy_n(matrix.row(row), matrix.getCols(), result.row(i));
  return result;
}

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
    const bool byClass =
        orders == "class" && ocp && *chosen == core::SearchAlgorithm::Exchange;
    if (failed(searchAll(options, byClass)))
      return signalPassFailure();
    getOperation()->walk([&](MatmulOp op) {
      if (auto it = found.find(op); it != found.end()) {
        rewrite(op, it->second);
        it->second = {};
      }
    });
    found.clear();
  }

private:
  SearchObserver *getObserver() {
    return getContext().getLoadedDialect<HiNMDialect>()->getSearchObserver();
  }

  /// A place of a class in the rows of a layer.
  struct Place {
    const OrderClass *orderClass;
    int64_t firstRow, block;
  };

  /// The places in the rows of \p op of classes that nothing pins, whose order
  /// says which rows share a tile. Nothing if there are rows in no such place:
  /// then a row index is better.
  static SmallVector<Place> getPlaces(MatmulOp op, const ChannelOrder &orders) {
    // Rows that are stored elsewhere already have an order of their own.
    std::optional<OrderAxes::Axis> axis = orders.lookup(op.getResult(), 0);
    if (!axis || op.getRowIndexAttr())
      return {};
    const PatternAttr pattern = op.getPatternAttr();
    const int64_t step =
        std::max(pattern.getTile(), pattern.getListRows().value_or(0));
    SmallVector<Place> places;
    int64_t ordered = 0;
    orders.forEachClass(*axis, [&](const OrderClass &orderClass, int64_t row,
                                   int64_t block) {
      const int64_t rows = orderClass.count * block;
      const bool isLayer = block == 1 && rows == op.getNumRows();
      // Units that are whole tiles, or all within one, change nothing.
      const bool decides = block < pattern.getTile() && rows > step;
      const bool fits =
          pattern.getTile() % block == 0 &&
          ((row % step == 0 && rows % step == 0) || rows == op.getNumRows());
      if (!orderClass.isFree() || (!isLayer && !(decides && fits)))
        return;
      places.push_back({&orderClass, row, block});
      ordered += rows;
    });
    if (ordered != op.getNumRows())
      places.clear();
    return places;
  }

  /// What to search, and in \p followers the layers that take the orders of
  /// classes as others found them.
  std::vector<Job> makeJobs(const std::optional<ChannelOrder> &classes,
                            llvm::SetVector<Operation *> &followers) {
    std::vector<Job> jobs;
    llvm::MapVector<std::tuple<const OrderClass *, int64_t, int64_t, int64_t>,
                    Job>
        shared;
    llvm::DenseMap<Operation *, size_t> position;
    getOperation()->walk([&](MatmulOp op) {
      PatternAttr pattern = op.getPatternAttr();
      if (!pattern || op.getColumnsAttr())
        return;
      position.insert({op, position.size()});
      SmallVector<Place> places;
      if (classes)
        places = getPlaces(op, *classes);
      if (places.empty()) {
        jobs.push_back({{{op, 0}}, op.getNumRows()});
        return;
      }
      followers.insert(op);
      for (auto [orderClass, row, block] : places) {
        Job &job = shared[{orderClass, pattern.getTile(),
                           pattern.getListRows().value_or(0), block}];
        job.orderClass = orderClass;
        job.rows = orderClass->count * block;
        job.block = block;
        job.parts.push_back({op, row});
      }
    });

    // Where tiles are of several sizes, most of the weights decide.
    llvm::MapVector<const OrderClass *, Job> chosen;
    for (auto &entry : shared) {
      Job &job = chosen[entry.second.orderClass];
      if (job.parts.empty() || job.getSize() < entry.second.getSize())
        job = std::move(entry.second);
    }
    for (auto &entry : chosen) {
      Job &job = entry.second;
      if (job.parts.size() == 1 || job.getSize() <= maxJoinedWeights ||
          !job.isWhole()) {
        jobs.push_back(std::move(job));
        continue;
      }
      MatmulOp first = job.parts.front().layer;
      remark::missed(first.getLoc(), remarkAbout(first, "order-not-shared"))
          << "too many weights to search together: each layer gets an order of "
             "its own"
          << remark::metric("layers", job.parts.size())
          << remark::metric("weights", job.getSize());
      for (Part part : job.parts) {
        followers.remove(part.layer);
        jobs.push_back({{part}, job.rows});
      }
    }
    // In the order of the module, whose user waits for one layer after the
    // other.
    llvm::sort(jobs, [&](const Job &a, const Job &b) {
      auto key = [&](Part part) {
        return std::pair(position.lookup(part.layer), part.firstRow);
      };
      return key(a.parts.front()) < key(b.parts.front());
    });
    return jobs;
  }

  static std::string getName(const Job &job) {
    llvm::SmallPtrSet<Operation *, 8> layers;
    for (const Part &part : job.parts)
      layers.insert(part.layer);
    std::string name = getLayerName(job.parts.front().layer).str();
    if (layers.size() > 1)
      name += " and " + std::to_string(layers.size() - 1) + " more";
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

  /// Finds the orders and columns of all layers.
  LogicalResult searchAll(const core::SearchOptions &options, bool byClass) {
    std::optional<ChannelOrder> classes;
    if (byClass)
      classes.emplace(getOperation());
    llvm::SetVector<Operation *> followers;
    ChannelOrder::Orders orders;
    for (const Job &job : makeJobs(classes, followers)) {
      std::map<Operation *, core::Matrix<float>> saliencies;
      std::vector<core::SearchWeight> weights;
      for (auto [op, row] : job.parts) {
        auto [it, isNew] = saliencies.try_emplace(op);
        if (isNew) {
          FailureOr<core::Matrix<float>> scores = readSaliency(op);
          if (failed(scores))
            return failure();
          it->second = std::move(*scores);
        }
        weights.push_back({{it->second.row(row), job.rows, op.getNumColumns()},
                           toCore(op.getPatternAttr())});
      }
      // The columns of a layer that is not whole wait until all of its rows
      // have an order: the vectors to keep are chosen among those of the layer.
      const bool isWhole = job.isWhole();
      core::SearchOptions own = options;
      own.rowBlock = job.block;
      own.icp = options.icp && isWhole;
      FailureOr<core::SearchResult> result =
          search(job.parts.front().layer, getName(job), weights, own);
      if (failed(result))
        return failure();
      if (job.orderClass)
        orders.insert({job.orderClass, getUnits(*result, job.block)});
      if (!isWhole)
        continue;
      for (auto [part, figures] : llvm::zip_equal(job.parts, result->weights)) {
        followers.remove(part.layer);
        found.insert({part.layer, {result->rowOrder, std::move(figures)}});
      }
    }
    for (Operation *layer : followers)
      if (failed(follow(cast<MatmulOp>(layer), orders, *classes, options)))
        return failure();
    return success();
  }

  static core::Permutation getUnits(const core::SearchResult &result,
                                    int64_t block) {
    core::Permutation units;
    for (size_t i = 0; i < result.rowOrder.size(); i += block)
      units.push_back(static_cast<int32_t>(result.rowOrder[i] / block));
    return units;
  }

  /// Puts the rows of \p op in \p orders and searches its columns.
  LogicalResult follow(MatmulOp op, const ChannelOrder::Orders &orders,
                       const ChannelOrder &classes,
                       const core::SearchOptions &options) {
    const OrderAxes::Axis axis = *classes.lookup(op.getResult(), 0);
    Found &result = found[op];
    result.rowOrder = core::identityPermutation(op.getNumRows());
    for (const OrderClass *orderClass : classes.getClassesOf(axis))
      if (auto order = orders.find(orderClass); order != orders.end())
        result.rowOrder = core::compose(
            result.rowOrder, classes.expand(axis, *orderClass, order->second));
    FailureOr<core::Matrix<float>> scores = readSaliency(op);
    if (failed(scores))
      return failure();
    const core::Pattern pattern = toCore(op.getPatternAttr());
    core::SearchOptions nothing;
    nothing.algorithm = core::SearchAlgorithm::None;
    FailureOr<core::SearchResult> natural =
        search(op, getLayerName(op), {{*scores, pattern}}, nothing);
    const core::Matrix<float> permuted = takeRows(*scores, result.rowOrder);
    core::SearchOptions columnsOnly = options;
    columnsOnly.ocp = false;
    FailureOr<core::SearchResult> columns =
        search(op, getLayerName(op), {{permuted, pattern}}, columnsOnly);
    if (failed(natural) || failed(columns))
      return failure();
    result.figures = std::move(columns->weights.front());
    result.figures.retainedWithoutPermutation =
        natural->weights.front().retained;
    return success();
  }

  FailureOr<core::SearchResult> search(MatmulOp op, StringRef name,
                                       ArrayRef<core::SearchWeight> weights,
                                       const core::SearchOptions &options) {
    SearchObserver *observer = getObserver();
    if (observer)
      observer->searchBegins(name);
    llvm::Expected<core::SearchResult> result =
        core::searchOrders(weights, options);
    if (observer)
      observer->searchEnds();
    if (!result)
      return refuse(op, llvm::toString(result.takeError()));
    return std::move(*result);
  }

  /// W becomes P·W, and the result is brought back to the old order.
  void rewrite(MatmulOp op, const Found &result) {
    const core::Permutation &order = result.rowOrder;
    const core::WeightResult &figures = result.figures;
    OpBuilder builder(op);
    if (order != core::identityPermutation(order.size())) {
      for (MutableOperandRange operand :
           {MutableOperandRange(op.getWeightMutable()),
            op.getSaliencyMutable()})
        for (OpOperand &constant : operand) {
          Value old = constant.get();
          constant.set(makePermuted(builder, old, /*dim=*/0, order));
          freeIfDropped(old);
        }
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
    op.setColumnsAttr(fromCore(&getContext(), figures.columns));

    const double total = figures.total > 0.0 ? figures.total : 1.0;
    setStats(op,
             {{"retained", figures.retained / total},
              {"retained_no_permutation",
               figures.retainedWithoutPermutation / total},
              {"retained_unstructured", figures.retainedUnstructured / total}});
    remark::passed(op.getLoc(), remarkAbout(op, "layer-permuted"))
        << remark::metric("layer", getLayerName(op))
        << remark::metric("retained-saliency", figures.retained / total)
        << remark::metric("without-permutation",
                          figures.retainedWithoutPermutation / total)
        << remark::metric("unstructured", figures.retainedUnstructured / total);
  }

  llvm::DenseMap<Operation *, Found> found;
};

} // namespace
