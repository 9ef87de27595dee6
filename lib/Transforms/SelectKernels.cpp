//===- SelectKernels.cpp - hinm-select-kernels ----------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScheduleTable.h"
#include "SharedSlabs.h"
#include "TokenLayout.h"
#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "hinm/Dialect/HiNM/Utils/Chip.h"
#include "hinm/Transforms/Passes.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/RegionUtils.h"
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

/// Tokens up to which a kernel reads a token-major X itself, and up to which
/// the weights take the time.
constexpr int64_t kTurnedTokens = 16, kFewTokens = 64;
/// Thread blocks that fill a large chip, and the k-blocks that one of them
/// needs to be worth it.
constexpr int64_t kManyBlocks = 128, kMinShare = 4;

/// Whether X holds 8-bit floats. Chips without instructions for them, Hopper's
/// mma.sp among them, compute in f16 instead, which takes more registers.
bool hasSmallFloats(SpmmOp op) {
  Type element = getElementTypeOrSelf(op.getInput().getType());
  return isa<FloatType>(element) && element.getIntOrFloatBitWidth() == 8;
}

/// Whether X is multiplied as tf32, to which the kernel rounds it: what a warp
/// rounds should serve many rows.
bool isRounded(SpmmOp op) {
  return getElementTypeOrSelf(op.getInput().getType()).isF32();
}

/// Rows of a thread block.
int64_t pickTileM(SpmmOp op) {
  const int64_t tile = op.getFormat().getTile();
  return hasSmallFloats(op) ? std::min<int64_t>(tile, 128) : tile;
}

/// The schedule for few tokens: the weights are read once, as fast as memory
/// gives them. All tokens are of one block, so that nobody else reads its
/// weights.
ScheduleAttr pickNarrowSchedule(SpmmOp op, KernelKind kernel) {
  Type element = getElementTypeOrSelf(op.getInput().getType());
  const int64_t tileM = pickTileM(op);
  const int64_t fewest = std::max<int64_t>(getTokensOfChunk(element), 8);
  const int64_t tileN =
      std::max<int64_t>(llvm::PowerOf2Ceil(getNumTokens(op)), fewest);
  const int64_t warpsM = std::min<int64_t>(tileM / 16, 8);
  const int64_t tiles = std::max<int64_t>(op.getFormat().getNumTiles(), 1);
  const int64_t shares =
      cast<ShapedType>(op.getColumnList().getType()).getDimSize(0) /
      op.getFormat().getBlockColumns() / tiles / kMinShare;
  const int64_t split = std::clamp<int64_t>(shares, 1, kManyBlocks / tiles + 1);
  const bool isResident = kernel == KernelKind::Resident;
  int64_t prefetch = isResident ? 3 : 2;
  // What ptxas finds registers for.
  if (isRounded(op) && !isResident)
    prefetch = tileM == 256 ? 1 : tileM == 32 ? 3 : 2;
  return ScheduleAttr::get(op.getContext(), kernel, tileM, tileN,
                           op.getFormat().getBlockColumns(),
                           /*stages=*/isResident ? 1 : 4, warpsM,
                           /*warps_n=*/tileN / 64 + 1, prefetch, split,
                           /*cluster=*/1, /*stream_k=*/0,
                           WeightCaching::Streamed, ResultStores::Direct);
}

/// Whether the schedule's kernel takes \p op, and has room on \p chip for what
/// it holds of X.
bool fits(SpmmOp op, ScheduleAttr schedule, StringRef chip) {
  if (op.getConvolutionAttr() && schedule.getKernel() != KernelKind::Multistage)
    return false;
  if (op.getTokenMajorInput() && schedule.getKernel() != KernelKind::Resident)
    return false;
  // Bulk copies move 16 bytes, and N is a multiple of 8 tokens. For wider
  // results than were measured there may be no room.
  if (schedule.getStores() == ResultStores::Bulk &&
      (op.getTokenMajorOutput() ||
       getElementTypeOrSelf(op.getInit().getType()).getIntOrFloatBitWidth() !=
           16))
    return false;
  Type element = getElementTypeOrSelf(op.getInput().getType());
  PackedAttr format = op.getFormat();
  if (schedule.getTileK() != format.getBlockColumns())
    return false;
  int64_t places = 0;
  if (schedule.getKernel() == KernelKind::Slab) {
    std::optional<int64_t> counted = countSlabPlaces(op, schedule);
    if (!counted)
      return false;
    places = *counted;
  }
  const int64_t rows = schedule.getNumHeldRows(format.getColumns(), places);
  return rows * schedule.getTileN() * 16 / getTokensOfChunk(element) <=
         getMaxDynamicSharedBytes(chip);
}

/// The schedule for \p op, whose X is token-major if \p isTokenMajor; the
/// pass's description gives the reasons.
ScheduleAttr pickSchedule(SpmmOp op, StringRef chip, bool isTokenMajor) {
  const int64_t tokens = getNumTokens(op);
  if (!ShapedType::isDynamic(tokens) && tokens <= kFewTokens) {
    ScheduleAttr resident = pickNarrowSchedule(op, KernelKind::Resident);
    if ((op.getTokenMajorInput() ||
         (isTokenMajor && tokens <= kTurnedTokens)) &&
        fits(op, resident, chip))
      return resident;
    return pickNarrowSchedule(op, KernelKind::Multistage);
  }
  const int64_t tile = op.getFormat().getTile();
  const int64_t tileM = pickTileM(op);
  const bool isSmall = hasSmallFloats(op);
  const int64_t tileN = ShapedType::isDynamic(tokens) || isSmall ? 64 : 128;
  const int64_t warpRows = isRounded(op) ? std::min<int64_t>(tileM, 64) : 32;
  const bool isDeep = isRounded(op) && warpRows == tileM;
  const int64_t warpsN =
      tile == 32 || isDeep                                     ? 4
      : tile == 64 || tileN == 128 || isSmall || isRounded(op) ? 2
                                                               : 1;
  return ScheduleAttr::get(op.getContext(), KernelKind::Multistage, tileM,
                           tileN, op.getFormat().getBlockColumns(),
                           /*stages=*/3, /*warps_m=*/tileM / warpRows, warpsN,
                           /*prefetch=*/tile <= (isRounded(op) ? 64 : 128),
                           /*split_k=*/1, /*cluster=*/1, /*stream_k=*/0,
                           WeightCaching::Cached, ResultStores::Direct);
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
      if (op.getResult() && !op.getScheduleAttr() && hasKernel(op))
        ops.push_back(op);
    });
    SmallVector<Choice> choices;
    SmallVector<SpmmOp> turned;
    for (SpmmOp op : ops) {
      refineSizes(op);
      choices.push_back(pick(op, given, table, /*isTokenMajor=*/true));
      if (isResident(choices.back()))
        turned.push_back(op);
    }
    TokenLayouts layouts(turned);
    for (auto [op, choice] : llvm::zip_equal(ops, choices)) {
      if (isResident(choice) && !layouts.readsTokenMajor(op))
        choice = pick(op, given, table, /*isTokenMajor=*/false);
      set(op, choice);
    }
    if (!turned.empty()) {
      layouts.apply();
      IRRewriter rewriter(&getContext());
      (void)runRegionDCE(rewriter, getOperation()->getRegions());
    }
    for (SpmmOp op : ops)
      padTokens(op);
    // Those that there are may be of another schedule, or of other lists.
    getOperation()->walk([](SpmmOp op) {
      if (ScheduleAttr schedule = op.getScheduleAttr();
          schedule && schedule.getKernel() == KernelKind::Slab &&
          op.getResult())
        addSlabs(op);
    });
  }

private:
  /// A schedule, and who chose it.
  struct Choice {
    ScheduleAttr schedule;
    StringRef origin;
  };

  static bool isResident(const Choice &choice) {
    return choice.schedule.getKernel() == KernelKind::Resident;
  }

  remark::RemarkOpts getRemark(SpmmOp op) {
    return remark::RemarkOpts::name("hinm-select-kernels")
        .category("hinm")
        .subCategory(op.getLayer().value_or("unnamed"));
  }

  /// Whether there is a kernel; else the op is marked.
  bool hasKernel(SpmmOp op) {
    const int64_t tile = op.getFormat().getTile();
    if (llvm::is_contained({32, 64, 128, 256}, tile))
      return true;
    std::string reason = ("no kernel for tiles of " + llvm::Twine(tile) +
                          " rows (32, 64, 128 or 256): convert-hinm-to-linalg "
                          "runs it on the CPU")
                             .str();
    op->setAttr("hinm.skipped", StringAttr::get(&getContext(), reason));
    remark::missed(op.getLoc(), getRemark(op)) << reason;
    return false;
  }

  Choice pick(SpmmOp op, ScheduleAttr given,
              const std::optional<ScheduleTable> &table, bool isTokenMajor) {
    if (given)
      return {given, "the option"};
    // What was measured are kernels of 16-bit elements.
    if (table &&
        getElementTypeOrSelf(op.getInput().getType()).getIntOrFloatBitWidth() ==
            16) {
      ScheduleAttr picked = table->lookup(
          chip, op.getFormat(), getNumTokens(op),
          [&](ScheduleAttr schedule) { return fits(op, schedule, chip); });
      if (picked)
        return {picked, "the table"};
    }
    return {pickSchedule(op, chip, isTokenMajor), "the heuristic"};
  }

  void set(SpmmOp op, const Choice &choice) {
    ScheduleAttr schedule = choice.schedule;
    op.setScheduleAttr(schedule);
    remark::passed(op.getLoc(), getRemark(op))
        << "picked a kernel by " + choice.origin.str()
        << remark::metric("tile_m", schedule.getTileM())
        << remark::metric("tile_n", schedule.getTileN())
        << remark::metric("stages", schedule.getStages())
        << remark::metric("warps", schedule.getWarpsM() * schedule.getWarpsN());
  }
};
} // namespace
