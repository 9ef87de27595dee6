//===- PrintChannelOrders.cpp - hinm-print-channel-orders -----------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Analysis/ChannelOrder.h"
#include "hinm/Transforms/Passes.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/raw_ostream.h"

namespace hinm {
#define GEN_PASS_DEF_PRINTCHANNELORDERS
#include "hinm/Transforms/Passes.h.inc"
} // namespace hinm

using namespace mlir;
using namespace hinm;

namespace {

struct PrintChannelOrdersPass
    : public hinm::impl::PrintChannelOrdersBase<PrintChannelOrdersPass> {
  using PrintChannelOrdersBase::PrintChannelOrdersBase;

  void runOnOperation() override {
    if (format != "text" && format != "dot") {
      emitError(getOperation().getLoc())
          << "unknown format '" << format << "', expected text or dot";
      return signalPassFailure();
    }
    const auto &orders = getAnalysis<ChannelOrder>();
    if (format == "dot")
      orders.printGraph(llvm::errs());
    else
      orders.print(llvm::errs(), all);
    markAllAnalysesPreserved();
  }
};

} // namespace
