//===- ResidentKernel.cpp - All of X in shared memory, and mma.sp ---------===//
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

/// For few tokens: X is copied to shared memory once, and ldmatrix gathers from
/// it, as every lane gives the address of a row of its own. After that no warp
/// waits for another; each streams its weights through registers.
class ResidentKernel : KernelBuilder {
public:
  ResidentKernel(OpBuilder &builder, Location loc, const SpmmKernelSpec &spec)
      : KernelBuilder(builder, loc, spec) {}

  gpu::GPUFuncOp build() {
    declareFunction({ShapedType::kDynamic, schedule.getTileN()});
    computeCoordinates();
    enterOwnTile();
    finish(ifAnyBlock(
        [&](ArrayRef<Value> zeros) { return loopOverBlocks(zeros); }));
    gpu::ReturnOp::create(b);
    return func;
  }

private:
  void copyInput();
  void turnInput();
  SmallVector<Value> loopOverBlocks(ArrayRef<Value> zeros);
};

/// Copies all rows of X, of the block's tokens.
void ResidentKernel::copyInput() {
  const int64_t chunks = schedule.getTileN() / chunkTokens;
  Value total = mul(memref::DimOp::create(b, input, 0), chunks);
  auto loop = scf::ForOp::create(b, thread, total, idx(spec.getNumThreads()));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value position = loop.getInductionVar();
    Value row = div(position, chunks), chunk = rem(position, chunks);
    Value token = add(tokenBase, mul(chunk, chunkTokens));
    // N is a multiple of chunkTokens, so a chunk is wholly inside or wholly
    // outside.
    Value inside = less(token, numTokens);
    nvgpu::DeviceAsyncCopyOp::create(
        b, nvgpu::DeviceAsyncTokenType::get(b.getContext()), shared,
        ValueRange{row, placeOf(row, chunk)}, input,
        ValueRange{row, select(inside, token, idx(0))},
        b.getIndexAttr(chunkTokens), select(inside, idx(chunkTokens), idx(0)),
        /*bypassL1=*/b.getUnitAttr());
  }
  NVVM::CpAsyncCommitGroupOp::create(b);
  NVVM::CpAsyncWaitGroupOp::create(b, 0);
}

/// The same of a token-major X: a thread takes 16 bytes of tokens of a channel,
/// its neighbour those of the next channel, so that loads and stores are of
/// neighbours in memory.
void ResidentKernel::turnInput() {
  Value channels = memref::DimOp::create(b, input, 1);
  Value zero = zeroElement();
  auto loop =
      scf::ForOp::create(b, thread, channels, idx(spec.getNumThreads()));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value row = loop.getInductionVar();
  for (int64_t chunk = 0; chunk < schedule.getTileN() / chunkTokens; ++chunk) {
    SmallVector<Value> elements;
    for (int64_t e = 0; e < chunkTokens; ++e) {
      Value token = add(tokenBase, chunk * chunkTokens + e);
      auto branch =
          scf::IfOp::create(b, spec.elementType, less(token, numTokens), true);
      OpBuilder::InsertionGuard branchGuard(b);
      b.setInsertionPointToStart(branch.thenBlock());
      scf::YieldOp::create(
          b,
          memref::LoadOp::create(b, input, ValueRange{token, row}).getResult());
      b.setInsertionPointToStart(branch.elseBlock());
      scf::YieldOp::create(b, zero);
      elements.push_back(branch.getResult(0));
    }
    Value vector = vector::FromElementsOp::create(
        b, VectorType::get({chunkTokens}, spec.elementType), elements);
    vector::StoreOp::create(b, vector, shared,
                            ValueRange{row, placeOf(row, idx(chunk))},
                            /*nontemporal=*/false, llvm::MaybeAlign(16));
  }
}

SmallVector<Value> ResidentKernel::loopOverBlocks(ArrayRef<Value> zeros) {
  const int64_t ahead = schedule.getPrefetch();
  // Before the copies and the barrier: see MultistageKernel.
  SmallVector<Value> first;
  for (int64_t i = 0; i < ahead; ++i)
    llvm::append_range(first, loadBlock(clamp(word(i))));
  if (spec.tokenMajorInput)
    turnInput();
  else
    copyInput();
  gpu::BarrierOp::create(b);

  return forEachBlock(
      ahead, first, zeros, [&](Value block) { return loadBlock(block); },
      [&](Value, ArrayRef<Value> loaded, MutableArrayRef<Value> sums) {
        // No machine instruction, but ptxas moves no load over it: it would put
        // the loads of several k-blocks next to each other, and their use right
        // behind.
        NVVM::SyncWarpOp::create(b, word(-1));
        multiply(loaded.drop_front(getNumColumns()), sums,
                 [&](int64_t i) -> SmallVector<Value> {
                   return {toIndex(columnOfLane(loaded, i))};
                 });
      });
}

} // namespace

LogicalResult hinm::verifyResidentSchedule(
    const SpmmKernelSpec &spec,
    llvm::function_ref<InFlightDiagnostic()> emitError) {
  if (spec.schedule.getStages() != 1)
    return emitError() << "schedule: the resident kernel has one stage, found "
                       << spec.schedule.getStages();
  if (spec.convolution)
    return emitError() << "schedule: the resident kernel takes no convolution: "
                          "use kernel = multistage";
  return success();
}

gpu::GPUFuncOp hinm::buildResidentKernel(OpBuilder &builder, Location loc,
                                         const SpmmKernelSpec &spec) {
  return ResidentKernel(builder, loc, spec).build();
}
