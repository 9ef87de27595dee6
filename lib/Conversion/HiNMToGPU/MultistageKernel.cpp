//===- MultistageKernel.cpp - A ring of gathered X, and mma.sp ------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StagedKernel.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace hinm;

namespace {

/// While k-block i is multiplied, the rows of X for the next stages − 1 are on
/// their way to shared memory. What those copies and products need from device
/// memory is in registers before: the columns a step ahead, the weights as many
/// as the schedule says.
///
/// The patches of a convolution have no alignment that an asynchronous copy
/// could do with: they are loaded before the products of a step, and stored in
/// shared memory after them.
class MultistageKernel : StagedKernel {
public:
  MultistageKernel(OpBuilder &builder, Location loc, const SpmmKernelSpec &spec)
      : StagedKernel(builder, loc, spec,
                     /*rows=*/spec.schedule.getTileK()) {}

  gpu::GPUFuncOp build() {
    declareFunction(
        {schedule.getStages(), schedule.getTileK(), schedule.getTileN()});
    computeCoordinates();
    enterOwnTile();
    if (spec.convolution)
      pixels = memref::CollapseShapeOp::create(
          b, input, SmallVector<ReassociationIndices>{{0, 1}});
    else
      computeSources();
    finish(ifAnyBlock(
        [&](ArrayRef<Value> zeros) { return loopOverBlocks(zeros); }));
    gpu::ReturnOp::create(b);
    return func;
  }

private:
  SmallVector<Value> loadColumns(Value block);
  void gatherIfAny(Value block, ArrayRef<Value> columns, Value slot);
  Value loadPixels(Value column, Value token);
  Value loadUnaligned(Value position);
  SmallVector<Value> loadPatches(ArrayRef<Value> columns);
  void storePatches(ArrayRef<Value> loaded, Value slot);
  SmallVector<Value> loopOverBlocks(ArrayRef<Value> zeros);

  Value pixels; // the image of a convolution, as one run of elements
};

/// The columns whose rows this thread copies for k-block \p block.
SmallVector<Value> MultistageKernel::loadColumns(Value block) {
  SmallVector<Value> columns;
  Value listBase = toIndex(mul(add(firstBlock, block), rows));
  for (int64_t i = 0; i < copies; ++i)
    columns.push_back(loadColumn(add(listBase, listedOf(rowOfCopy(i)))));
  return columns;
}

/// Row \p column of the patches, for 16 bytes of pixels from \p token on; zeros
/// behind the last pixel. They lie next to each other in the image, or not.
Value MultistageKernel::loadPixels(Value column, Value token) {
  ConvolutionAttr convolution = spec.convolution;
  // The places of the row in the image's windows, from the innermost dimension
  // out.
  Value channel = div(column, convolution.getWindowSize());
  Value inWindow = rem(column, convolution.getWindowSize());
  Value offset = mul(channel, memref::DimOp::create(b, input, 1).getResult());
  int64_t pitch = 1;
  for (int64_t d = convolution.getRank() - 1; d >= 0; --d) {
    offset = add(offset, mul(rem(inWindow, convolution.getKernel()[d]),
                             convolution.getDilations()[d] * pitch));
    inWindow = div(inWindow, convolution.getKernel()[d]);
    pitch *= convolution.getImage()[d + 1];
  }
  const SmallVector<int64_t> sizes = convolution.getOutputSizes();
  const bool isContiguous =
      convolution.getStrides().back() == 1 && sizes.back() % chunkTokens == 0;
  auto place = [&](Value pixel) {
    Value rest = pixel, position = offset;
    int64_t rowPitch = 1;
    for (int64_t d = convolution.getRank() - 1; d >= 0; --d) {
      position = add(position, mul(rem(rest, sizes[d]),
                                   convolution.getStrides()[d] * rowPitch));
      rest = div(rest, sizes[d]);
      rowPitch *= convolution.getImage()[d + 1];
    }
    return add(position, mul(rest, rowPitch));
  };
  auto isInside = [&](Value pixel) {
    return less(pixel, idx(convolution.getNumOutputPixels()));
  };
  auto chunkType = VectorType::get({chunkTokens}, spec.elementType);
  if (isContiguous) {
    Value inside = isInside(token);
    Value chunk = loadUnaligned(place(select(inside, token, idx(0))));
    Value zeros = arith::ConstantOp::create(b, b.getZeroAttr(chunkType));
    return select(inside, chunk, zeros);
  }
  Value zero = zeroElement();
  SmallVector<Value> elements;
  for (int64_t e = 0; e < chunkTokens; ++e) {
    Value pixel = add(token, e);
    Value inside = isInside(pixel);
    Value element = memref::LoadOp::create(
        b, pixels, ValueRange{place(select(inside, pixel, idx(0)))});
    elements.push_back(select(inside, element, zero));
  }
  return vector::FromElementsOp::create(b, chunkType, elements);
}

/// 16 bytes of the image from \p position on, by two loads and a shift where
/// the buffer does not end before.
Value MultistageKernel::loadUnaligned(Value position) {
  auto chunkType = VectorType::get({chunkTokens}, spec.elementType);
  auto wordsType = VectorType::get({4}, b.getI32Type());
  Value shift = rem(position, chunkTokens);
  Value base = sub(position, shift);
  Value size = memref::DimOp::create(b, pixels, 0);
  Value fits = arith::CmpIOp::create(b, arith::CmpIPredicate::ule,
                                     add(base, 2 * chunkTokens), size);
  auto branch = scf::IfOp::create(b, chunkType, fits, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  SmallVector<Value> words;
  for (int64_t half = 0; half < 2; ++half) {
    Value raw = vector::LoadOp::create(
        b, chunkType, pixels, ValueRange{add(base, half * chunkTokens)},
        /*nontemporal=*/false, llvm::MaybeAlign(16));
    Value four = vector::BitCastOp::create(b, wordsType, raw);
    for (int64_t i = 0; i < 4; ++i)
      words.push_back(vector::ExtractOp::create(b, four, i));
  }
  // By two words, by one, then within them.
  const int64_t ofWord = chunkTokens / 4;
  for (int64_t distance : {2, 1}) {
    Value moves = equal(rem(div(shift, distance * ofWord), 2), idx(1));
    SmallVector<Value> moved;
    for (size_t i = 0; i + distance < words.size(); ++i)
      moved.push_back(select(moves, words[i + distance], words[i]));
    words = moved;
  }
  Value bits = toWord(mul(rem(shift, ofWord), 32 / ofWord));
  SmallVector<Value> shifted;
  for (size_t i = 0; i < 4; ++i)
    shifted.push_back(
        LLVM::FshrOp::create(b, words[i + 1], words[i], bits).getResult());
  Value four = vector::FromElementsOp::create(b, wordsType, shifted);
  scf::YieldOp::create(
      b, vector::BitCastOp::create(b, chunkType, four).getResult());
  b.setInsertionPointToStart(branch.elseBlock());
  SmallVector<Value> elements;
  for (int64_t e = 0; e < chunkTokens; ++e)
    elements.push_back(
        memref::LoadOp::create(b, pixels, ValueRange{add(position, e)}));
  scf::YieldOp::create(
      b, vector::FromElementsOp::create(b, chunkType, elements).getResult());
  return branch.getResult(0);
}

/// What this thread copies of the patches' rows \p columns.
SmallVector<Value> MultistageKernel::loadPatches(ArrayRef<Value> columns) {
  SmallVector<Value> loaded;
  for (int64_t i = 0; i < copies; ++i)
    loaded.push_back(loadPixels(toIndex(columns[i]), tokenOfCopy(i)));
  return loaded;
}

void MultistageKernel::storePatches(ArrayRef<Value> loaded, Value slot) {
  forEachCopy([&](int64_t i, Value row, Value chunk) {
    vector::StoreOp::create(b, loaded[i], shared,
                            ValueRange{slot, row, placeOf(row, chunk)},
                            /*nontemporal=*/false, llvm::MaybeAlign(16));
  });
}

/// As copyRows, if there is a k-block \p block. The group is committed either
/// way, so that the wait can count groups.
void MultistageKernel::gatherIfAny(Value block, ArrayRef<Value> columns,
                                   Value slot) {
  when(less(block, numBlocks), [&] { copyRows(columns, slot); });
  NVVM::CpAsyncCommitGroupOp::create(b);
}

SmallVector<Value> MultistageKernel::loopOverBlocks(ArrayRef<Value> zeros) {
  const int64_t stages = schedule.getStages();
  const int64_t ahead = schedule.getPrefetch();
  // Loads come before copies and barriers, here and in the loop: InstCombine
  // would move them into the next turn, to where they are used.
  SmallVector<Value> weights;
  for (int64_t i = 0; i < ahead; ++i)
    llvm::append_range(weights, loadWeights(clamp(word(i))));
  SmallVector<SmallVector<Value>> columns;
  for (int64_t stage = 0; stage < stages; ++stage)
    columns.push_back(loadColumns(clamp(word(stage))));
  for (int64_t stage = 0; stage < stages - 1; ++stage)
    if (spec.convolution)
      storePatches(loadPatches(columns[stage]), idx(stage));
    else
      gatherIfAny(word(stage), columns[stage], idx(stage));

  // Carried by the loop: the slot that is read and the one that is written, the
  // columns of the next copies, the sums.
  SmallVector<Value> carried = {word(0), word(stages - 1)};
  llvm::append_range(carried, columns.back());
  llvm::append_range(carried, zeros);
  auto step = [&](Value block, ArrayRef<Value> loaded,
                  MutableArrayRef<Value> state) {
    MutableArrayRef<Value> slots = state.take_front(2),
                           nextColumns = state.slice(2, copies),
                           sums = state.drop_front(2 + copies);
    Value readSlot = toIndex(slots[0]), writeSlot = toIndex(slots[1]);
    SmallVector<Value> laterColumns = loadColumns(clamp(add(block, stages)));
    // One barrier a step does for both: this step's rows are there for every
    // warp, and every warp is done with the slot that is written next.
    if (!spec.convolution)
      NVVM::CpAsyncWaitGroupOp::create(b, stages - 2);
    gpu::BarrierOp::create(b);
    SmallVector<Value> patches;
    if (spec.convolution)
      patches = loadPatches(nextColumns);
    else
      gatherIfAny(add(block, stages - 1), nextColumns, writeSlot);
    multiply(loaded, sums, [&](int64_t i) -> SmallVector<Value> {
      return {readSlot, rowOfLane(i)};
    });
    if (spec.convolution)
      storePatches(patches, writeSlot);
    for (Value &slot : slots)
      slot = nextSlot(slot);
    llvm::copy(laterColumns, nextColumns.begin());
  };
  SmallVector<Value> results = forEachBlock(
      ahead, weights, carried, [&](Value block) { return loadWeights(block); },
      step);
  return SmallVector<Value>(ArrayRef(results).take_back(zeros.size()));
}

} // namespace

LogicalResult hinm::verifyMultistageSchedule(
    const SpmmKernelSpec &spec,
    llvm::function_ref<InFlightDiagnostic()> emitError) {
  if (spec.schedule.getStages() < 2)
    return emitError() << "schedule: the kernel needs at least 2 stages";
  if (spec.tokenMajorInput)
    return emitError() << "schedule: the multistage kernel gathers rows of "
                          "tokens, not from a token-major X: use kernel = "
                          "resident";
  return success();
}

gpu::GPUFuncOp hinm::buildMultistageKernel(OpBuilder &builder, Location loc,
                                           const SpmmKernelSpec &spec) {
  return MultistageKernel(builder, loc, spec).build();
}
