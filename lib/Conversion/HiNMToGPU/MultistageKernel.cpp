//===- MultistageKernel.cpp - A ring of gathered X, and mma.sp ------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace hinm;

namespace {

/// While k-block i is multiplied, the rows of X for the next stages − 1 are on
/// their way to shared memory. What those copies and products need from device
/// memory is in registers before: the columns a step ahead, the weights as many
/// as the schedule says.
class MultistageKernel : KernelBuilder {
public:
  MultistageKernel(OpBuilder &builder, Location loc, const SpmmKernelSpec &spec)
      : KernelBuilder(builder, loc, spec), chunks(schedule.getTileN() / kChunk),
        copies(llvm::divideCeil(kBlock * chunks, spec.getNumThreads())) {}

  gpu::GPUFuncOp build() {
    declareFunction(
        {schedule.getStages(), schedule.getTileK(), schedule.getTileN()});
    computeCoordinates();
    finish(ifAnyBlock(
        [&](ArrayRef<Value> zeros) { return loopOverBlocks(zeros); }));
    gpu::ReturnOp::create(b);
    return func;
  }

private:
  SmallVector<Value> loadColumns(Value block);
  void gather(ArrayRef<Value> columns, Value slot);
  void gatherIfAny(Value block, ArrayRef<Value> columns, Value slot);
  void gatherPatches(Value column, Value token, ValueRange place);
  SmallVector<Value> loopOverBlocks(ArrayRef<Value> zeros);

  int64_t chunks; // of a row of X
  int64_t copies; // of a thread, for one k-block
};

/// The columns whose rows this thread copies for k-block \p block.
SmallVector<Value> MultistageKernel::loadColumns(Value block) {
  SmallVector<Value> columns;
  Value listBase = mul(add(firstBlock, block), kBlock);
  for (int64_t copy = 0; copy < copies; ++copy) {
    Value position = add(thread, copy * spec.getNumThreads());
    Value row = div(position, chunks);
    if ((copy + 1) * spec.getNumThreads() > kBlock * chunks)
      row = min(row, idx(kBlock - 1));
    columns.push_back(
        memref::LoadOp::create(b, columnList, ValueRange{add(listBase, row)}));
  }
  return columns;
}

/// Starts the copies of the rows \p columns of X into \p slot.
void MultistageKernel::gather(ArrayRef<Value> columns, Value slot) {
  const int64_t total = kBlock * chunks, threads = spec.getNumThreads();
  for (int64_t i = 0; i < copies; ++i) {
    auto copy = [&] {
      Value position = add(thread, i * threads);
      Value row = div(position, chunks), chunk = rem(position, chunks);
      Value column =
          arith::IndexCastOp::create(b, b.getIndexType(), columns[i]);
      Value token = add(tokenBase, mul(chunk, kChunk));
      Value place = mul(swizzle(row, chunk), kChunk);
      if (spec.convolution)
        return gatherPatches(column, token, {slot, row, place});
      // N is a multiple of 8, so a chunk is wholly inside or wholly outside;
      // outside, nothing is read and the chunk is filled with zeros.
      Value inside = less(token, numTokens);
      nvgpu::DeviceAsyncCopyOp::create(
          b, nvgpu::DeviceAsyncTokenType::get(b.getContext()), shared,
          ValueRange{slot, row, place}, input,
          ValueRange{column, select(inside, token, idx(0))},
          b.getIndexAttr(kChunk), select(inside, idx(kChunk), idx(0)),
          /*bypassL1=*/b.getUnitAttr());
    };
    if ((i + 1) * threads <= total)
      copy();
    else
      when(less(thread, idx(total - i * threads)), copy);
  }
}

/// Loads row \p column of the patches for the eight pixels from \p token on and
/// stores them at \p place. Their elements lie anywhere in the image, so that
/// nothing wider than one of them could be copied. What lies behind the last
/// pixel is filled with zeros.
void MultistageKernel::gatherPatches(Value column, Value token,
                                     ValueRange place) {
  ConvolutionAttr convolution = spec.convolution;
  SmallVector<int64_t> sizes = convolution.getOutputSizes();
  // The places of the row in the image's windows, from the innermost dimension
  // out.
  Value channel = div(column, convolution.getWindowSize());
  Value inWindow = rem(column, convolution.getWindowSize());
  Value offset = idx(0);
  int64_t pitch = 1;
  for (int64_t d = convolution.getRank() - 1; d >= 0; --d) {
    offset = add(offset, mul(rem(inWindow, convolution.getKernel()[d]),
                             convolution.getDilations()[d] * pitch));
    inWindow = div(inWindow, convolution.getKernel()[d]);
    pitch *= convolution.getImage()[d + 1];
  }
  Value zero =
      arith::ConstantOp::create(b, b.getFloatAttr(spec.elementType, 0.0));
  SmallVector<Value> elements;
  for (int64_t e = 0; e < kChunk; ++e) {
    Value pixel = add(token, e);
    Value inside = less(pixel, idx(convolution.getNumOutputPixels()));
    Value rest = arith::SelectOp::create(b, inside, pixel, idx(0));
    Value position = offset;
    int64_t rowPitch = 1;
    for (int64_t d = convolution.getRank() - 1; d >= 0; --d) {
      position = add(position, mul(rem(rest, sizes[d]),
                                   convolution.getStrides()[d] * rowPitch));
      rest = div(rest, sizes[d]);
      rowPitch *= convolution.getImage()[d + 1];
    }
    position = add(position, mul(rest, rowPitch));
    Value element =
        memref::LoadOp::create(b, input, ValueRange{channel, position});
    elements.push_back(arith::SelectOp::create(b, inside, element, zero));
  }
  Value chunk = vector::FromElementsOp::create(
      b, VectorType::get({kChunk}, spec.elementType), elements);
  vector::StoreOp::create(b, chunk, shared, place, /*nontemporal=*/false,
                          llvm::MaybeAlign(16));
}

/// As gather, if there is a k-block \p block. The group is committed either
/// way, so that the wait can count groups.
void MultistageKernel::gatherIfAny(Value block, ArrayRef<Value> columns,
                                   Value slot) {
  when(less(block, numBlocks), [&] { gather(columns, slot); });
  NVVM::CpAsyncCommitGroupOp::create(b);
}

SmallVector<Value> MultistageKernel::loopOverBlocks(ArrayRef<Value> zeros) {
  const int64_t stages = schedule.getStages();
  const int64_t ahead = schedule.getPrefetch();
  // Loads come before copies and barriers, here and in the loop: InstCombine
  // would move them into the next turn, to where they are used.
  SmallVector<Value> weights;
  for (int64_t i = 0; i < ahead; ++i)
    llvm::append_range(weights, loadWeights(clamp(idx(i))));
  SmallVector<SmallVector<Value>> columns;
  for (int64_t stage = 0; stage < stages; ++stage)
    columns.push_back(loadColumns(clamp(idx(stage))));
  for (int64_t stage = 0; stage < stages - 1; ++stage)
    gatherIfAny(idx(stage), columns[stage], idx(stage));

  // Carried by the loop: the slot that is read and the one that is written, the
  // columns of the next copies, the weights ahead, the sums.
  SmallVector<Value> initial = {idx(0), idx(stages - 1)};
  llvm::append_range(initial, columns.back());
  llvm::append_range(initial, weights);
  llvm::append_range(initial, zeros);
  auto loop = scf::ForOp::create(b, idx(0), numBlocks, idx(1), initial);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value block = loop.getInductionVar();
    SmallVector<Value> carried(loop.getRegionIterArgs());
    ArrayRef<Value> rest = carried;
    auto take = [&](size_t count) {
      ArrayRef<Value> front = rest.take_front(count);
      rest = rest.drop_front(count);
      return front;
    };
    ArrayRef<Value> slots = take(2);
    ArrayRef<Value> nextColumns = take(copies);
    SmallVector<Value> loaded(take(weights.size()));
    SmallVector<Value> sums(rest);

    llvm::append_range(loaded,
                       loadWeights(ahead ? clamp(add(block, ahead)) : block));
    SmallVector<Value> laterColumns = loadColumns(clamp(add(block, stages)));
    // One barrier a step does for both: this step's rows are there for every
    // warp, and every warp is done with the slot that is written next.
    NVVM::CpAsyncWaitGroupOp::create(b, stages - 2);
    gpu::BarrierOp::create(b);
    gatherIfAny(add(block, stages - 1), nextColumns, slots[1]);
    multiply(ArrayRef(loaded).take_front(getNumWeights()), sums,
             [&](int64_t step, int64_t fragment) -> SmallVector<Value> {
               Value row = add(lane, kStep * step);
               Value chunk = add(div(warpToken, kChunk), fragment);
               return {slots[0], row, mul(swizzle(row, chunk), kChunk)};
             });

    SmallVector<Value> results;
    for (Value slot : slots) {
      Value next = add(slot, 1);
      results.push_back(select(equal(next, idx(stages)), idx(0), next));
    }
    llvm::append_range(results, laterColumns);
    llvm::append_range(results, ArrayRef(loaded).take_back(weights.size()));
    llvm::append_range(results, sums);
    scf::YieldOp::create(b, results);
  }
  return SmallVector<Value>(loop.getResults().take_back(zeros.size()));
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
