//===- SelectKernels.cpp - hinm-select-kernels ----------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScheduleTable.h"
#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "hinm/Transforms/Passes.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/MathExtras.h"

namespace hinm {
#define GEN_PASS_DEF_SELECTKERNELS
#include "hinm/Transforms/Passes.h.inc"
} // namespace hinm

using namespace mlir;
using namespace hinm;

namespace {

/// Tokens that a 16-byte copy moves: rows of X must be as long as a multiple.
constexpr int64_t kTokenMultiple = 8;

/// Thread blocks that fill a large chip, and the k-blocks that one of them
/// needs to be worth it.
constexpr int64_t kManyBlocks = 128, kMinShare = 4;

/// The schedule for few tokens: the weights are read once, as fast as memory
/// gives them.
ScheduleAttr pickNarrowSchedule(SpmmOp op, int64_t tokens) {
  const int64_t tile = op.getFormat().getTile();
  const int64_t tileN =
      std::max<int64_t>(llvm::PowerOf2Ceil(tokens), kTokenMultiple);
  const int64_t warpsM = std::min<int64_t>(tile / 16, 8);
  const int64_t tiles = std::max<int64_t>(op.getFormat().getNumTiles(), 1);
  const int64_t shares =
      cast<ShapedType>(op.getColumnList().getType()).getDimSize(0) / 64 /
      tiles / kMinShare;
  const int64_t split = std::clamp<int64_t>(shares, 1, kManyBlocks / tiles + 1);
  return ScheduleAttr::get(op.getContext(), KernelKind::Multistage,
                           /*tile_m=*/tile, tileN, /*tile_k=*/64, /*stages=*/4,
                           warpsM, /*warps_n=*/tileN / 64 + 1, /*prefetch=*/2,
                           split);
}

/// The schedule for \p op of \p tokens tokens (maybe dynamic); the pass's
/// description gives the reasons.
ScheduleAttr pickSchedule(SpmmOp op, int64_t tokens) {
  if (!ShapedType::isDynamic(tokens) && tokens <= 64)
    return pickNarrowSchedule(op, tokens);
  const int64_t tile = op.getFormat().getTile();
  const int64_t tileN = ShapedType::isDynamic(tokens) ? 64 : 128;
  const int64_t warpsN = tile == 32 ? 4 : tile == 64 || tileN == 128 ? 2 : 1;
  return ScheduleAttr::get(op.getContext(), KernelKind::Multistage,
                           /*tile_m=*/tile, tileN, /*tile_k=*/64, /*stages=*/3,
                           /*warps_m=*/tile / 32, warpsN,
                           /*prefetch=*/tile <= 128 ? 1 : 0, /*split_k=*/1);
}

/// Makes the token dimension of \p op a multiple of 8: pads X with zeros (a
/// convolution's kernel does that itself), and takes the wanted part of Y.
void padTokens(SpmmOp op) {
  auto init = cast<RankedTensorType>(op.getInit().getType());
  int64_t tokens = init.getDimSize(1);
  if (!ShapedType::isDynamic(tokens) && tokens % kTokenMultiple == 0)
    return;
  ImplicitLocOpBuilder b(op.getLoc(), op);
  OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
  OpFoldResult size, padded, added;
  int64_t staticPadded = ShapedType::kDynamic;
  if (ShapedType::isDynamic(tokens)) {
    Value n = tensor::DimOp::create(b, op.getInput(), 1);
    Value multiple =
        arith::ConstantIndexOp::create(b, b.getLoc(), kTokenMultiple);
    Value chunks = arith::CeilDivUIOp::create(b, n, multiple);
    Value total = arith::MulIOp::create(b, chunks, multiple);
    size = n;
    padded = total;
    added = arith::SubIOp::create(b, total, n).getResult();
  } else {
    staticPadded = llvm::alignTo(tokens, kTokenMultiple);
    size = b.getIndexAttr(tokens);
    padded = b.getIndexAttr(staticPadded);
    added = b.getIndexAttr(staticPadded - tokens);
  }
  auto resized = [&](RankedTensorType type) {
    return RankedTensorType::get({type.getDimSize(0), staticPadded},
                                 type.getElementType());
  };
  auto padOperand = [&](OpOperand &operand) {
    auto type = cast<RankedTensorType>(operand.get().getType());
    Value nothing =
        arith::ConstantOp::create(b, b.getZeroAttr(type.getElementType()));
    operand.set(tensor::PadOp::create(b, resized(type), operand.get(),
                                      {zero, zero}, {zero, added}, nothing));
  };
  if (!op.getConvolutionAttr())
    padOperand(op.getInputMutable());
  for (OpOperand &operand : op.getEpilogueInputsMutable())
    if (cast<RankedTensorType>(operand.get().getType()).getRank() == 2)
      padOperand(operand);
  OpFoldResult rows = b.getIndexAttr(op.getFormat().getRows());
  Value wideInit =
      tensor::EmptyOp::create(b, {rows, padded}, init.getElementType());
  Value narrowInit = op.getInit();
  op.getInitMutable().assign(wideInit);
  op.getResult().setType(cast<RankedTensorType>(wideInit.getType()));
  b.setInsertionPointAfter(op);
  SmallVector<OpFoldResult> offsets = {zero, zero}, sizes = {rows, size},
                            strides = {one, one};
  auto slice = tensor::ExtractSliceOp::create(b, init, op.getResult(), offsets,
                                              sizes, strides);
  Value result = slice;
  // A slice is a view with the strides of the wide buffer. Bufferization would
  // cast it, where its shape is dynamic, to the identity layout of a function's
  // result, and every row after the first would start in the wrong place.
  if (!init.hasStaticShape())
    result =
        bufferization::MaterializeInDestinationOp::create(b, slice, narrowInit)
            .getResult();
  op.getResult().replaceAllUsesExcept(result, slice);
}

struct SelectKernelsPass
    : public hinm::impl::SelectKernelsBase<SelectKernelsPass> {
  using SelectKernelsBase::SelectKernelsBase;

  void runOnOperation() override {
    ScheduleAttr given;
    if (!schedule.empty()) {
      given = dyn_cast_or_null<ScheduleAttr>(parseAttribute(
          ("#hinm.schedule<" + llvm::Twine(schedule) + ">").str(),
          &getContext()));
      if (!given) {
        getOperation()->emitError()
            << "option 'schedule' is not the body of a #hinm.schedule: '"
            << schedule << "'";
        return signalPassFailure();
      }
    }
    std::optional<ScheduleTable> table;
    if (!this->table.empty()) {
      llvm::Expected<ScheduleTable> read =
          ScheduleTable::read(this->table, &getContext());
      if (!read) {
        getOperation()->emitError() << llvm::toString(read.takeError());
        return signalPassFailure();
      }
      table = std::move(*read);
    }
    SmallVector<SpmmOp> ops;
    getOperation()->walk([&](SpmmOp op) {
      // An op with a schedule was selected before, or by hand.
      if (op.getResult() && !op.getScheduleAttr())
        ops.push_back(op);
    });
    for (SpmmOp op : ops)
      select(op, given, table);
  }

  void select(SpmmOp op, ScheduleAttr given,
              const std::optional<ScheduleTable> &table) {
    int64_t tile = op.getFormat().getTile();
    auto options = remark::RemarkOpts::name("hinm-select-kernels")
                       .category("hinm")
                       .subCategory(op.getLayer().value_or("unnamed"));
    if (!llvm::is_contained({32, 64, 128, 256}, tile)) {
      std::string reason =
          ("no kernel for tiles of " + llvm::Twine(tile) +
           " rows (32, 64, 128 or 256): convert-hinm-to-linalg runs it on the "
           "CPU")
              .str();
      op->setAttr("hinm.skipped", StringAttr::get(&getContext(), reason));
      remark::missed(op.getLoc(), options) << reason;
      return;
    }
    int64_t tokens = cast<ShapedType>(op.getInit().getType()).getDimSize(1);
    ScheduleAttr picked = given;
    if (!picked && table)
      picked = table->lookup(chip, tile, op.getFormat().getRows(), tokens);
    const llvm::StringRef origin = given    ? "the option"
                                   : picked ? "the table"
                                            : "the heuristic";
    if (!picked)
      picked = pickSchedule(op, tokens);
    op.setScheduleAttr(picked);
    remark::passed(op.getLoc(), options)
        << "picked a kernel by " + origin.str()
        << remark::metric("tile_m", picked.getTileM())
        << remark::metric("tile_n", picked.getTileN())
        << remark::metric("stages", picked.getStages())
        << remark::metric("warps", picked.getWarpsM() * picked.getWarpsN());
    padTokens(op);
  }
};
} // namespace
