//===- AssignPatterns.cpp - hinm-assign-patterns --------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "hinm/Dialect/HiNM/Utils/CoreConversion.h"
#include "hinm/Transforms/Passes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Regex.h"
#include <cmath>

namespace hinm {
#define GEN_PASS_DEF_ASSIGNPATTERNS
#include "hinm/Transforms/Passes.h.inc"
} // namespace hinm

using namespace mlir;
using namespace hinm;

namespace {

/// The options, checked.
struct Choice {
  PatternAttr pattern;
  llvm::Regex layers, skip;
  bool hasSkip = false;
};

struct AssignPatternsPass
    : public hinm::impl::AssignPatternsBase<AssignPatternsPass> {
  using AssignPatternsBase::AssignPatternsBase;

  void runOnOperation() override {
    Choice choice;
    if (failed(readOptions(choice)))
      return signalPassFailure();
    getOperation()->walk([&](hinm::MatmulOp op) {
      if (op.getPattern())
        return;
      std::string reason = whyDense(op, choice);
      StringRef name = op.getLayer().value_or("");
      auto function = op->getParentOfType<FunctionOpInterface>();
      auto opts = [&](StringRef remarkName) {
        return remark::RemarkOpts::name(remarkName)
            .category("hinm")
            .function(function ? function.getName() : StringRef());
      };
      if (!reason.empty()) {
        op->setAttr("hinm.skipped", StringAttr::get(&getContext(), reason));
        emitRemark(op.getLoc())
            << "layer '" << name << "' stays dense: " << reason;
        remark::missed(op.getLoc(), opts("layer-dense"))
            << reason << remark::metric("layer", name);
        return;
      }
      op->removeAttr("hinm.skipped");
      op.setPatternAttr(choice.pattern);
      remark::passed(op.getLoc(), opts("pattern-assigned"))
          << remark::metric("layer", name)
          << remark::metric("sparsity", sparsity.getValue())
          << remark::metric("vector-size", vectorSize.getValue());
    });
  }

private:
  /// Why \p op is not pruned, or an empty string.
  std::string whyDense(hinm::MatmulOp op, const Choice &choice) {
    StringRef name = op.getLayer().value_or("");
    if (!choice.layers.match(name))
      return "its name does not match '" + layers + "'";
    if (choice.hasSkip && choice.skip.match(name))
      return "its name matches '" + skip + "'";
    if (op.getNumRows() < minRows)
      return llvm::formatv("it has {0} output channels, fewer than {1}",
                           op.getNumRows(), minRows.getValue());
    int64_t fewest = std::max<int64_t>(minColumns, choice.pattern.getM());
    if (op.getNumColumns() < fewest)
      return llvm::formatv("it has {0} input channels, fewer than {1}",
                           op.getNumColumns(), fewest);
    // Rounding down to whole groups would empty a layer of few channels.
    core::Pattern pattern = toCore(choice.pattern);
    int64_t kept = 0;
    for (const core::Pattern::Block &block :
         pattern.getBlocks(op.getNumColumns()))
      kept += block.kept;
    if (pattern.vectorSparsity < 1.0 && kept == 0)
      return llvm::formatv("of its {0} input channels the sparsity would keep "
                           "fewer than one group of {1}",
                           op.getNumColumns(), pattern.m);
    return {};
  }

  LogicalResult readOptions(Choice &choice) {
    auto fail = [&]() { return emitError(getOperation().getLoc()); };
    int64_t n, m;
    auto [nText, mText] = StringRef(nm).split(':');
    if (nText.getAsInteger(10, n) || mText.getAsInteger(10, m) || n < 1 ||
        m < n)
      return fail() << "option nm=" << nm
                    << " is not of the form N:M with 1 <= N <= M";
    if (vectorSize < 1)
      return fail() << "option vector-size=" << vectorSize.getValue()
                    << " is less than 1";
    std::optional<VectorPolicy> chosen = symbolizeVectorPolicy(policy);
    if (!chosen)
      return fail() << "option policy=" << policy
                    << " is none of per_tile, all, per_block, global";

    // Rounding of the decimal that the user wrote must not push an end of the
    // range outside it.
    double lowest = 1.0 - static_cast<double>(n) / m;
    double vectors = 1.0 - (1.0 - sparsity) * m / n;
    constexpr double slack = 1e-9;
    if (*chosen == VectorPolicy::All) {
      if (!(std::abs(vectors) <= slack))
        return fail() << llvm::formatv(
                   "option sparsity={0} is not possible with policy=all and "
                   "{1}: it is {2}",
                   sparsity.getValue(), nm.getValue(), lowest);
      vectors = 0.0;
    }
    if (!(vectors >= -slack && vectors <= 1.0 + slack))
      return fail() << llvm::formatv(
                 "option sparsity={0} is not possible with {1}: it can be from "
                 "{2} to 1",
                 sparsity.getValue(), nm.getValue(), lowest);
    vectors = std::clamp(vectors, 0.0, 1.0);
    std::optional<int64_t> kept, rowsOfList, columnsOfWindow;
    if (listRows != 0)
      rowsOfList = listRows;
    if (window != 0)
      columnsOfWindow = window;
    llvm::function_ref<InFlightDiagnostic()> emit = fail;
    choice.pattern = PatternAttr::getChecked(
        emit, &getContext(), vectorSize.getValue(), n, m, *chosen,
        llvm::APFloat(vectors), kept, rowsOfList, columnsOfWindow);
    if (!choice.pattern)
      return failure();
    choice.hasSkip = !skip.empty();
    if (failed(makeRegex("layers", layers, choice.layers)))
      return failure();
    return choice.hasSkip ? makeRegex("skip", skip, choice.skip) : success();
  }

  /// A name has to match as a whole.
  LogicalResult makeRegex(StringRef option, const std::string &text,
                          llvm::Regex &regex) {
    regex = llvm::Regex("^(" + text + ")$");
    std::string error;
    // Checked without the brackets around it, which could balance a wrong one.
    if (llvm::Regex(text).isValid(error) && regex.isValid(error))
      return success();
    return emitError(getOperation().getLoc())
           << "option " << option << "=" << text
           << " is not a regular expression: " << error;
  }
};

} // namespace
