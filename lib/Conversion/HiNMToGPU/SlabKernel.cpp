//===- SlabKernel.cpp - Windows of X shared by tiles, and mma.sp ----------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StagedKernel.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace hinm;

namespace {

/// Rows whose numbers a thread loads at once, and how many places they are
/// apart: as far as the swizzle takes to repeat.
constexpr int64_t kRun = 4, kApart = 8;

/// The lists of all tiles go by the same windows of X, so that tiles can share
/// it: while the slab of one window is multiplied, the next stages − 1 are on
/// their way to shared memory, with the rows that a tile of the block lists.
/// Every warp then gathers those of its own tile out of the slab, as ldmatrix
/// takes the address of a row from every lane. The rows lie in places where
/// those that are read together are in different banks (hinm/Core/Slabs.h).
///
/// A row of X is copied once for tile_m rows of the weight and not once a tile.
class SlabKernel : StagedKernel {
public:
  SlabKernel(OpBuilder &builder, Location loc, const SpmmKernelSpec &spec)
      : StagedKernel(builder, loc, spec, /*rows=*/spec.slabPlaces / kRun) {}

  gpu::GPUFuncOp build() {
    declareFunction(
        {schedule.getStages(), spec.slabPlaces, schedule.getTileN()});
    // What a warp gathers by, in the order of its list.
    columnList = slabPlaces;
    computeCoordinates();
    enterOwnTile();
    computeSources();
    numWindows = div(numBlocks, spec.slabBlocks);
    Value group = schedule.getTileM() <= spec.tile
                      ? tileIndex
                      : gpu::BlockIdOp::create(b, gpu::Dimension::x);
    firstRow = mul(mul(toWord(group), numWindows), spec.slabPlaces);
    finish(ifAnyBlock(
        [&](ArrayRef<Value> zeros) { return loopOverWindows(zeros); }));
    gpu::ReturnOp::create(b);
    return func;
  }

private:
  SmallVector<Value> loadRows(Value window);
  void copyIfAny(Value window, ArrayRef<Value> rowsOfX, Value slot);
  void multiplyBlock(ArrayRef<Value> loaded, Value slot,
                     MutableArrayRef<Value> sums);
  SmallVector<Value> loopOverWindows(ArrayRef<Value> zeros);

  Value numWindows; // a word
  Value firstRow;   // of the block's slabs in slab_rows, a word
};

/// The rows of X that this thread copies for \p window, or for the last one.
SmallVector<Value> SlabKernel::loadRows(Value window) {
  Value existing = min(window, sub(numWindows, word(1)));
  Value first = toIndex(add(firstRow, mul(existing, spec.slabPlaces)));
  auto type = VectorType::get({kRun}, spec.slabRowType);
  SmallVector<Value> rowsOfX;
  for (int64_t i = 0; i < copies; ++i)
    rowsOfX.push_back(vector::LoadOp::create(
        b, type, slabRows, ValueRange{add(first, mul(rowOfCopy(i), kRun))},
        /*nontemporal=*/false,
        llvm::MaybeAlign(kRun * type.getElementTypeBitWidth() / 8)));
  return rowsOfX;
}

/// Starts the copies of \p rowsOfX, those of \p window, into \p slot, if there
/// is one. The group is committed either way, so that the wait can count
/// groups.
void SlabKernel::copyIfAny(Value window, ArrayRef<Value> rowsOfX, Value slot) {
  when(less(window, numWindows), [&] {
    forEachCopy([&](int64_t i, Value number, Value chunk) {
      Value first =
          add(mul(div(number, kApart), kRun * kApart), rem(number, kApart));
      Value inRow = placeOf(first, chunk);
      for (int64_t r = 0; r < kRun; ++r) {
        Value row = vector::ExtractOp::create(b, rowsOfX[i], r);
        Value none = constantLike(row, -1);
        Value isRow =
            arith::CmpIOp::create(b, arith::CmpIPredicate::ne, row, none);
        when(isRow, [&] {
          if (row.getType().isInteger(16))
            row = arith::ExtUIOp::create(b, b.getI32Type(), row);
          copyTokens(sources[i], row, pitch, shared,
                     {slot, add(first, kApart * r), inRow});
        });
      }
    });
  });
  NVVM::CpAsyncCommitGroupOp::create(b);
}

/// Adds the product with the k-block whose places and weights are \p loaded.
void SlabKernel::multiplyBlock(ArrayRef<Value> loaded, Value slot,
                               MutableArrayRef<Value> sums) {
  multiply(loaded.drop_front(2), sums, [&](int64_t half) -> SmallVector<Value> {
    return {slot, toIndex(loaded[half])};
  });
}

SmallVector<Value> SlabKernel::loopOverWindows(ArrayRef<Value> zeros) {
  const int64_t stages = schedule.getStages();
  const int64_t ahead = schedule.getPrefetch(), blocks = spec.slabBlocks;
  // Carried by the loop: the slot that is read and the one that is written, the
  // rows of the next copies, the loads ahead, the sums. Loads come before
  // copies: see MultistageKernel.
  SmallVector<Value> initial = {word(0), word(stages - 1)};
  SmallVector<SmallVector<Value>> rowsOfX;
  for (int64_t stage = 0; stage < stages; ++stage)
    rowsOfX.push_back(loadRows(word(stage)));
  llvm::append_range(initial, rowsOfX.back());
  for (int64_t i = 0; i < ahead; ++i)
    llvm::append_range(initial, loadBlock(clamp(word(i))));
  const size_t numAhead = ahead * getNumLoads();
  llvm::append_range(initial, zeros);
  for (int64_t stage = 0; stage < stages - 1; ++stage)
    copyIfAny(word(stage), rowsOfX[stage], idx(stage));

  auto loop = scf::ForOp::create(b, word(0), numWindows, word(1), initial);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value window = loop.getInductionVar();
    SmallVector<Value> carried(loop.getRegionIterArgs());
    ArrayRef<Value> rest = carried;
    auto take = [&](size_t count) {
      ArrayRef<Value> front = rest.take_front(count);
      rest = rest.drop_front(count);
      return front;
    };
    ArrayRef<Value> slots = take(2);
    Value readSlot = toIndex(slots[0]), writeSlot = toIndex(slots[1]);
    ArrayRef<Value> nextRows = take(copies);
    SmallVector<Value> loaded(take(numAhead));
    SmallVector<Value> sums(rest);
    Value block = mul(window, blocks);
    auto loadNext = [&](int64_t i) {
      Value later = add(block, ahead + i);
      llvm::append_range(loaded, loadBlock(ahead ? clamp(later) : later));
    };
    loadNext(0);
    SmallVector<Value> laterRows = loadRows(add(window, stages));
    // One barrier a window does for both: its rows are there for every warp,
    // and every warp is done with the slot that is written next.
    NVVM::CpAsyncWaitGroupOp::create(b, stages - 2);
    gpu::BarrierOp::create(b);
    copyIfAny(add(window, stages - 1), nextRows, writeSlot);
    for (int64_t i = 0; i < blocks; ++i) {
      if (i > 0)
        loadNext(i);
      multiplyBlock(ArrayRef(loaded).slice(i * getNumLoads(), getNumLoads()),
                    readSlot, sums);
    }

    SmallVector<Value> results = {nextSlot(slots[0]), nextSlot(slots[1])};
    llvm::append_range(results, laterRows);
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
  if (spec.slabPlaces == 0)
    return emitError() << "schedule: the slab kernel needs 'slabs' of the "
                       << schedule.getNumTiles(spec.tile)
                       << " tiles of a thread block: hinm-select-kernels makes "
                          "them of a constant 'column_list' whose format has a "
                          "'window'";
  if (spec.slabBlocks == 0)
    return emitError() << "schedule: the slab kernel needs a 'column_list' of "
                          "static size: it says how many k-blocks are of a "
                          "window";
  return success();
}

gpu::GPUFuncOp hinm::buildSlabKernel(OpBuilder &builder, Location loc,
                                     const SpmmKernelSpec &spec) {
  return SlabKernel(builder, loc, spec).build();
}
