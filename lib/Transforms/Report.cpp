//===- Report.cpp - hinm-report -------------------------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Transforms/LayerReport.h"
#include "hinm/Transforms/Passes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/ToolOutputFile.h"

namespace hinm {
#define GEN_PASS_DEF_REPORT
#include "hinm/Transforms/Passes.h.inc"
} // namespace hinm

using namespace mlir;
using namespace hinm;

namespace {

struct ReportPass : public hinm::impl::ReportBase<ReportPass> {
  using ReportBase::ReportBase;

  void runOnOperation() override {
    if (format != "text" && format != "json") {
      getOperation()->emitError("unknown report format '")
          << format << "', expected text or json";
      return signalPassFailure();
    }
    std::string message;
    std::unique_ptr<llvm::ToolOutputFile> file =
        openOutputFile(output, &message);
    if (!file) {
      getOperation()->emitError("cannot write the report: ") << message;
      return signalPassFailure();
    }
    ModuleReport report = collectReport(getOperation());
    if (format == "json")
      file->os() << llvm::formatv("{0:2}", llvm::json::Value(toJSON(report)))
                 << "\n";
    else
      printReport(report, file->os());
    file->keep();
    markAllAnalysesPreserved();
  }
};

} // namespace
