//===- SlabKernel.cpp - Windows of X shared by tiles, and mma.sp ----------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StagedKernel.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace hinm;

namespace {

/// The lists of all tiles go by the same windows of X, so that tiles can share
/// it: while one window is multiplied, the next stages − 1 are on their way to
/// shared memory, all their rows, whatever the lists. Every warp then gathers
/// the columns of its own tile out of the slab, as ldmatrix takes the address
/// of a row from every lane.
///
/// A row of X is copied once for tile_m rows of the weight and not once a tile,
/// at the price of rows that no tile of the block lists.
class SlabKernel : StagedKernel {
public:
  SlabKernel(OpBuilder &builder, Location loc, const SpmmKernelSpec &spec)
      : StagedKernel(builder, loc, spec, /*rows=*/spec.window) {}

  gpu::GPUFuncOp build() {
    declareFunction({schedule.getStages(), spec.window, schedule.getTileN()});
    computeCoordinates();
    enterOwnTile();
    computeSources();
    numWindows = div(numBlocks, spec.windowBlocks);
    finish(ifAnyBlock(
        [&](ArrayRef<Value> zeros) { return loopOverWindows(zeros); }));
    gpu::ReturnOp::create(b);
    return func;
  }

private:
  void copyIfAny(Value window, Value slot);
  void multiplyBlock(ArrayRef<Value> loaded, Value slot,
                     MutableArrayRef<Value> sums);
  SmallVector<Value> loopOverWindows(ArrayRef<Value> zeros);

  Value numWindows; // a word
};

/// Starts the copies of \p window into \p slot, if there is one. The group is
/// committed either way, so that the wait can count groups.
void SlabKernel::copyIfAny(Value window, Value slot) {
  when(less(window, numWindows), [&] {
    Value first = mul(window, spec.window);
    SmallVector<Value> rowsOfX;
    for (int64_t i = 0; i < copies; ++i) {
      Value position = add(thread, i * spec.getNumThreads());
      rowsOfX.push_back(add(first, toWord(div(position, chunks))));
    }
    copyRows(rowsOfX, slot);
  });
  NVVM::CpAsyncCommitGroupOp::create(b);
}

/// Adds the product with the k-block whose columns and weights are \p loaded.
void SlabKernel::multiplyBlock(ArrayRef<Value> loaded, Value slot,
                               MutableArrayRef<Value> sums) {
  multiply(loaded.drop_front(2), sums, [&](int64_t half) -> SmallVector<Value> {
    return {slot, toIndex(rem(loaded[half], spec.window))};
  });
}

SmallVector<Value> SlabKernel::loopOverWindows(ArrayRef<Value> zeros) {
  const int64_t stages = schedule.getStages();
  const int64_t ahead = schedule.getPrefetch(), blocks = spec.windowBlocks;
  // Carried by the loop: the slot that is read and the one that is written, the
  // loads ahead, the sums. Loads come before copies: see MultistageKernel.
  SmallVector<Value> initial = {word(0), word(stages - 1)};
  for (int64_t i = 0; i < ahead; ++i)
    llvm::append_range(initial, loadBlock(clamp(word(i))));
  const size_t numAhead = ahead * getNumLoads();
  llvm::append_range(initial, zeros);
  for (int64_t stage = 0; stage < stages - 1; ++stage)
    copyIfAny(word(stage), idx(stage));

  auto loop = scf::ForOp::create(b, word(0), numWindows, word(1), initial);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value window = loop.getInductionVar();
    ArrayRef<BlockArgument> carried = loop.getRegionIterArgs();
    Value readSlot = toIndex(carried[0]), writeSlot = toIndex(carried[1]);
    SmallVector<Value> loaded(carried.slice(2, numAhead));
    SmallVector<Value> sums(carried.drop_front(2 + numAhead));
    Value block = mul(window, blocks);
    auto loadNext = [&](int64_t i) {
      Value later = add(block, ahead + i);
      llvm::append_range(loaded, loadBlock(ahead ? clamp(later) : later));
    };
    loadNext(0);
    // One barrier a window does for both: its rows are there for every warp,
    // and every warp is done with the slot that is written next.
    NVVM::CpAsyncWaitGroupOp::create(b, stages - 2);
    gpu::BarrierOp::create(b);
    copyIfAny(add(window, stages - 1), writeSlot);
    for (int64_t i = 0; i < blocks; ++i) {
      if (i > 0)
        loadNext(i);
      multiplyBlock(ArrayRef(loaded).slice(i * getNumLoads(), getNumLoads()),
                    readSlot, sums);
    }

    SmallVector<Value> results = {nextSlot(carried[0]), nextSlot(carried[1])};
    llvm::append_range(results, ArrayRef(loaded).take_back(numAhead));
    llvm::append_range(results, sums);
    scf::YieldOp::create(b, results);
  }
  return SmallVector<Value>(loop.getResults().take_back(zeros.size()));
}

} // namespace

LogicalResult
hinm::verifySlabSchedule(const SpmmKernelSpec &spec,
                         llvm::function_ref<InFlightDiagnostic()> emitError) {
  ScheduleAttr schedule = spec.schedule;
  if (spec.getElementBytes() == 4)
    return emitError()
           << "schedule: the slab kernel reads X by ldmatrix, which "
              "does not transpose "
           << spec.elementType << ": use kernel = multistage";
  if (spec.convolution)
    return emitError() << "schedule: the slab kernel takes no convolution: use "
                          "kernel = multistage";
  if (spec.tokenMajorInput)
    return emitError()
           << "schedule: the slab kernel copies rows of tokens, not "
              "from a token-major X: use kernel = resident";
  if (spec.window == 0)
    return emitError() << "schedule: the slab kernel needs a format with a "
                          "'window': prune with one of which every tile keeps "
                          "a multiple of 64 columns";
  if (spec.windowBlocks == 0)
    return emitError() << "schedule: the slab kernel needs a 'column_list' of "
                          "static size: it says how many k-blocks are of a "
                          "window";
  if (schedule.getStages() < 2)
    return emitError() << "schedule: the kernel needs at least 2 stages";
  if (schedule.getSplitK() > 1)
    return emitError() << "schedule: the slab kernel is for many tokens, it "
                          "splits no sums: split_k must be 1, found "
                       << schedule.getSplitK();
  const int64_t warpRows = schedule.getTileM() / schedule.getWarpsM();
  if (spec.tile % warpRows != 0)
    return emitError() << "schedule: the " << warpRows
                       << " rows of a warp do not divide the " << spec.tile
                       << " rows of a tile, whose list it gathers by";
  return success();
}

gpu::GPUFuncOp hinm::buildSlabKernel(OpBuilder &builder, Location loc,
                                     const SpmmKernelSpec &spec) {
  return SlabKernel(builder, loc, spec).build();
}
