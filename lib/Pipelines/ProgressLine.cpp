//===- ProgressLine.cpp - A search on the terminal ------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/ProgressLine.h"

#include "hinm/Dialect/HiNM/IR/HiNMDialect.h"
#include "hinm/Dialect/HiNM/IR/SearchObserver.h"
#include "mlir/IR/DialectRegistry.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <atomic>
#include <csignal>
#include <memory>

using namespace mlir;
using namespace hinm;

// A signal handler reaches nothing but what is static.
static std::atomic<bool> stopFlag{false};
static std::atomic<bool> searching{false};

static void onInterrupt(int) {
  if (searching && !stopFlag.exchange(true))
    return;
  std::signal(SIGINT, SIG_DFL);
  std::raise(SIGINT);
}

namespace {

class ProgressLine : public SearchObserver {
public:
  ProgressLine() : shown(llvm::errs().is_displayed()) {
    std::signal(SIGINT, onInterrupt);
  }

  void searchBegins(llvm::StringRef name) override {
    layer = name.str();
    searching = true;
  }

  void searchProgresses(const core::SearchProgress &progress) override {
    if (!shown)
      return;
    std::string left = progress.remaining
                           ? llvm::formatv(", {0:f1} s of this phase left",
                                           *progress.remaining)
                                 .str()
                           : std::string();
    llvm::errs() << "\r\033[K"
                 << llvm::formatv("searching {0}: {1}, round {2}, loss {3:f4}, "
                                  "{4:f1} s{5}",
                                  layer, progress.phase, progress.round,
                                  progress.loss, progress.elapsed, left);
  }

  void searchEnds() override {
    searching = false;
    if (shown)
      llvm::errs() << "\r\033[K";
  }

  bool isStopped() const override { return stopFlag; }

private:
  bool shown;
  std::string layer;
};
} // namespace

void hinm::registerProgressLine(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *, HiNMDialect *dialect) {
    dialect->setSearchObserver(std::make_unique<ProgressLine>());
  });
}
