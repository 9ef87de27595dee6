//===- AttachEmulatorTarget.cpp - hinm-attach-emulator-target -------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Dialect/HiNM/IR/HiNMAttributes.h"
#include "hinm/Dialect/HiNM/IR/HiNMDialect.h"
#include "hinm/Target/Emulator/Passes.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

namespace hinm {
#define GEN_PASS_DEF_ATTACHEMULATORTARGET
#include "hinm/Target/Emulator/Passes.h.inc"
} // namespace hinm

using namespace mlir;
using namespace hinm;

namespace {

struct AttachEmulatorTargetPass
    : public hinm::impl::AttachEmulatorTargetBase<AttachEmulatorTargetPass> {
  using AttachEmulatorTargetBase::AttachEmulatorTargetBase;

  void runOnOperation() override {
    auto target =
        EmulatorAttr::getChecked([&] { return getOperation().emitError(); },
                                 &getContext(), optLevel.getValue());
    if (!target)
      return signalPassFailure();
    for (auto module : getOperation().getOps<gpu::GPUModuleOp>())
      module.setTargetsAttr(Builder(&getContext()).getArrayAttr(target));
  }
};

} // namespace
