//===- Prune.cpp - hinm-prune ---------------------------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/Prune.h"
#include "LayerWork.h"
#include "hinm/Core/Permutation.h"
#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "hinm/Dialect/HiNM/Utils/ConstantOwner.h"
#include "hinm/Dialect/HiNM/Utils/CoreConversion.h"
#include "hinm/Transforms/LayerStats.h"
#include "hinm/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Threading.h"
#include "llvm/Support/MathExtras.h"

namespace hinm {
#define GEN_PASS_DEF_PRUNE
#include "hinm/Transforms/Passes.h.inc"
} // namespace hinm

using namespace mlir;
using namespace hinm;

namespace {

/// What becomes of one layer.
struct Pruned {
  MatmulOp op;
  /// Which weights are kept: R·C bits, row after row, in words of 64.
  std::vector<uint64_t> mask;
  /// With the others zero. Of a few layers at a time.
  std::vector<char> weight;
  core::ColumnIndex columns;
  /// Share of the saliency that is kept, and of zeros.
  double retained = 1.0, sparsity = 0.0;
  /// Why it cannot be pruned, or empty.
  std::string problem;
};

struct PrunePass : public hinm::impl::PruneBase<PrunePass> {
  using PruneBase::PruneBase;

  void runOnOperation() override {
    auto layers = computeLayers<Pruned>(getOperation(), "pruned", computeMask);
    if (failed(layers))
      return signalPassFailure();
    // The pruned weights are computed a few at a time, before they take the
    // place of the weights as they were: work for all threads, and little
    // memory.
    const size_t atOnce = 8 * getContext().getNumThreads();
    for (MutableArrayRef<Pruned> rest = *layers; !rest.empty();) {
      MutableArrayRef<Pruned> few =
          rest.take_front(std::min(atOnce, rest.size()));
      parallelForEach(&getContext(), few, computeWeight);
      for (Pruned &layer : few)
        apply(layer);
      rest = rest.drop_front(few.size());
    }
    freeDroppedConstants(getOperation());
  }

private:
  static void computeMask(Pruned &layer) {
    MatmulOp op = layer.op;
    ElementsAttr weight = getConstant(op.getWeight());
    ElementsAttr saliency =
        op.getSaliency() ? getConstant(op.getSaliency()) : ElementsAttr();
    if (!weight) {
      layer.problem = "its weight is no constant";
      return;
    }
    if (op.getSaliency() && !saliency) {
      layer.problem = "its saliency is no constant";
      return;
    }
    llvm::Expected<MaskArguments> arguments = readMaskArguments(
        weight, saliency, op.getPatternAttr(), op.getColumnsAttr());
    if (!arguments) {
      layer.problem = llvm::toString(arguments.takeError());
      return;
    }
    const core::Matrix<float> &worth = arguments->saliency;
    // The arguments have been checked.
    core::Matrix<uint8_t> mask = cantFail(
        core::computeMask(worth, core::identityPermutation(op.getNumRows()),
                          arguments->pattern, arguments->columns));
    const std::vector<uint8_t> &bits = mask.getElements();
    layer.mask.resize(llvm::divideCeil(bits.size(), 64));
    for (size_t i = 0; i < bits.size(); i += 64) {
      uint64_t word = 0;
      for (size_t k = i; k < std::min(i + 64, bits.size()); ++k)
        word |= static_cast<uint64_t>(bits[k] != 0) << (k - i);
      layer.mask[i / 64] = word;
    }
    if (!op.getColumnsAttr())
      layer.columns = std::move(arguments->columns);
    std::optional<core::Matrix<float>> values;
    if (saliency)
      values = readMatrix(weight);
    double total = 0.0, kept = 0.0;
    int64_t zeros = 0;
    for (auto [keep, score, value] :
         llvm::zip_equal(mask.getElements(), worth.getElements(),
                         (values ? *values : worth).getElements())) {
      total += score;
      kept += keep ? score : 0.0f;
      zeros += !keep || value == 0.0f;
    }
    if (total > 0.0)
      layer.retained = kept / total;
    if (!mask.getElements().empty())
      layer.sparsity = static_cast<double>(zeros) / mask.getElements().size();
  }

  static void computeWeight(Pruned &layer) {
    core::Matrix<uint8_t> mask(layer.op.getNumRows(), layer.op.getNumColumns());
    for (int64_t i = 0; i < mask.getRows() * mask.getCols(); ++i)
      mask.row(0)[i] = layer.mask[i / 64] >> i % 64 & 1;
    layer.mask = std::vector<uint64_t>();
    // A weight with a mask has data.
    layer.weight = *applyMask(getConstant(layer.op.getWeight()), mask);
  }

  void apply(Pruned &layer) {
    MatmulOp op = layer.op;
    // The choice is written down: packing needs the same one.
    if (!op.getColumnsAttr())
      op.setColumnsAttr(fromCore(&getContext(), layer.columns));
    // Constants get their names one after the other, whatever the threads.
    ElementsAttr weight = getConstant(op.getWeight());
    ElementsAttr pruned = replaceElements(weight, layer.weight);
    layer.weight = std::vector<char>();
    if (pruned != weight) {
      OpBuilder builder(op);
      const Value old = op.getWeight();
      op.getWeightMutable().assign(makeConstant(builder, old.getLoc(), pruned));
      freeIfDropped(old);
    }
    // Of what is left, everything is kept: the saliency has done its work.
    op.getSaliencyMutable().clear();

    // The searcher has noted this already; a second prune changes nothing.
    auto stats = op->getAttrOfType<DictionaryAttr>(kStatsAttr);
    if (!stats || !stats.contains("retained"))
      setStats(op, {{"retained", layer.retained}});
    setStats(op, {{"sparsity", layer.sparsity}});
    remark::passed(op.getLoc(), remarkAbout(op, "layer-pruned"))
        << remark::metric("layer", getLayerName(op))
        << remark::metric("sparsity", layer.sparsity)
        << remark::metric("retained-saliency", layer.retained);
  }
};

} // namespace
