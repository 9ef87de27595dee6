//===- AttachSaliency.cpp - hinm-attach-saliency --------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightSource.h"
#include "hinm/Core/Saliency.h"
#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "hinm/Dialect/HiNM/Utils/ConstantData.h"
#include "hinm/Dialect/HiNM/Utils/CoreConversion.h"
#include "hinm/Transforms/LayerStats.h"
#include "hinm/Transforms/Passes.h"
#include "hinm/Transforms/Safetensors.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringSwitch.h"
#include <cstring>

namespace hinm {
#define GEN_PASS_DEF_ATTACHSALIENCY
#include "hinm/Transforms/Passes.h.inc"
} // namespace hinm

using namespace mlir;
using namespace hinm;

namespace {

enum class Kind { Wanda, Fisher, Obs, Given };

/// \p tensor as a matrix: 1×C of one dimension, R×C of two.
llvm::Expected<core::Matrix<float>>
readStatistics(const SafetensorsFile::Tensor &tensor, MLIRContext *context) {
  FloatType stored = getFloatType(tensor.dtype, context);
  if (!stored)
    return llvm::createStringError("they hold " + tensor.dtype +
                                   ", not F16, BF16, F32 or F64");
  const size_t rank = tensor.shape.size();
  if (rank != 1 && rank != 2)
    return llvm::createStringError("they have %zu dimensions, not one or two",
                                   rank);
  core::Matrix<float> matrix(rank == 2 ? tensor.shape[0] : 1,
                             tensor.shape.back());
  std::vector<char> bytes =
      convertFloats(tensor.data, stored, Float32Type::get(context));
  if (!bytes.empty())
    std::memcpy(matrix.row(0), bytes.data(), bytes.size());
  return matrix;
}

llvm::Expected<core::Matrix<float>> computeSaliency(Kind kind,
                                                    core::Matrix<float> weight,
                                                    core::Matrix<float> given) {
  switch (kind) {
  case Kind::Wanda:
    return core::computeWandaSaliency(weight, given);
  case Kind::Fisher:
    return core::computeFisherSaliency(weight, given);
  case Kind::Obs:
    return core::computeObsSaliency(weight, given);
  case Kind::Given:
    break;
  }
  if (given.getRows() != weight.getRows() ||
      given.getCols() != weight.getCols())
    return llvm::createStringError(
        "they are %lld x %lld, but the weight is %lld x %lld",
        static_cast<long long>(given.getRows()),
        static_cast<long long>(given.getCols()),
        static_cast<long long>(weight.getRows()),
        static_cast<long long>(weight.getCols()));
  if (llvm::Error error = core::checkSaliency(given))
    return std::move(error);
  return given;
}

struct AttachSaliencyPass
    : public hinm::impl::AttachSaliencyBase<AttachSaliencyPass> {
  using AttachSaliencyBase::AttachSaliencyBase;

  void runOnOperation() override {
    auto fail = [&] { return emitError(getOperation().getLoc()); };
    auto chosen = llvm::StringSwitch<std::optional<Kind>>(kind)
                      .Case("wanda", Kind::Wanda)
                      .Case("fisher", Kind::Fisher)
                      .Case("obs", Kind::Obs)
                      .Case("given", Kind::Given)
                      .Default(std::nullopt);
    if (!chosen) {
      fail() << "unknown kind of saliency '" << kind
             << "', expected wanda, fisher, obs or given";
      return signalPassFailure();
    }
    if (statistics.empty()) {
      fail() << "a saliency of kind '" << kind
             << "' needs option statistics=FILE.safetensors";
      return signalPassFailure();
    }
    llvm::Expected<SafetensorsFile> file = SafetensorsFile::open(statistics);
    if (!file) {
      fail() << llvm::toString(file.takeError());
      return signalPassFailure();
    }

    // Compute everything first: an error leaves the module as it was.
    std::vector<std::pair<MatmulOp, core::Matrix<float>>> found;
    SmallVector<MatmulOp> missed;
    bool refused = false;
    getOperation()->walk([&](MatmulOp op) {
      ElementsAttr constant = getConstant(op.getWeight());
      if (!constant || op.getSaliency())
        return;
      std::optional<core::Matrix<float>> weight = readMatrix(constant);
      const SafetensorsFile::Tensor *tensor = file->find(getLayerName(op));
      if (!tensor || !weight) {
        missed.push_back(op);
        return;
      }
      llvm::Expected<core::Matrix<float>> given =
          readStatistics(*tensor, &getContext());
      llvm::Expected<core::Matrix<float>> saliency =
          given
              ? computeSaliency(*chosen, std::move(*weight), std::move(*given))
              : given.takeError();
      if (!saliency) {
        refused = true;
        op.emitOpError("of layer '")
            << getLayerName(op) << "' cannot use its statistics in '"
            << statistics << "': " << llvm::toString(saliency.takeError());
        return;
      }
      found.emplace_back(op, std::move(*saliency));
    });
    if (!refused && found.empty() && !missed.empty()) {
      fail() << "'" << statistics << "' has a tensor for none of the "
             << missed.size() << " layers, the first of which is called '"
             << getLayerName(missed.front()) << "'";
      refused = true;
    }
    if (refused)
      return signalPassFailure();
    for (auto &[op, saliency] : found)
      attach(op, saliency);
    for (MatmulOp op : missed)
      remark::missed(op.getLoc(), remarkAbout(op, "saliency-missing"))
          << "no statistics: |w| is what counts"
          << remark::metric("layer", getLayerName(op));
  }

private:
  void attach(MatmulOp op, const core::Matrix<float> &saliency) {
    OpBuilder builder(op);
    auto type = RankedTensorType::get({saliency.getRows(), saliency.getCols()},
                                      builder.getF32Type());
    ElementsAttr constant = makeFloats(type, saliency.getElements(),
                                       (getLayerName(op) + ".saliency").str());
    op.getSaliencyMutable().assign(arith::ConstantOp::create(
        builder, op.getWeight().getLoc(), cast<TypedAttr>(constant)));
    remark::passed(op.getLoc(), remarkAbout(op, "saliency-attached"))
        << remark::metric("layer", getLayerName(op))
        << remark::metric("kind", kind.getValue());
  }
};

} // namespace
