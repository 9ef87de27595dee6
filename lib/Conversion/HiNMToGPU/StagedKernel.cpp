//===- StagedKernel.cpp - Kernels with a ring of X ------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StagedKernel.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hinm;

StagedKernel::StagedKernel(OpBuilder &builder, Location loc,
                           const SpmmKernelSpec &spec, int64_t rows)
    : KernelBuilder(builder, loc, spec), rows(rows),
      chunks(schedule.getTileN() / chunkTokens),
      copies(llvm::divideCeil(rows * chunks, spec.getNumThreads())) {}

void StagedKernel::forEachCopy(
    llvm::function_ref<void(int64_t, Value, Value)> body) {
  const int64_t total = rows * chunks, threads = spec.getNumThreads();
  for (int64_t i = 0; i < copies; ++i) {
    auto copy = [&] {
      Value position = add(thread, i * threads);
      body(i, div(position, chunks), rem(position, chunks));
    };
    if ((i + 1) * threads <= total)
      copy();
    else
      when(less(thread, idx(total - i * threads)), copy);
  }
}

/// X from the token on where each of this thread's copies begins. A row is then
/// one multiplication of words away, in the loop: X has fewer than 2³²
/// elements.
void StagedKernel::computeSources() {
  Value sizes[] = {memref::DimOp::create(b, input, 0),
                   memref::DimOp::create(b, input, 1)};
  pitch = toWord(sizes[1]);
  Value size = mul(sizes[0], sizes[1]);
  auto type = MemRefType::get(
      {ShapedType::kDynamic}, spec.elementType,
      StridedLayoutAttr::get(b.getContext(), ShapedType::kDynamic, {1}));
  for (int64_t i = 0; i < copies; ++i) {
    Value chunk = rem(add(thread, i * spec.getNumThreads()), chunks);
    Value token = add(tokenBase, mul(chunk, chunkTokens));
    // N is a multiple of chunkTokens, so a chunk is wholly inside or wholly
    // outside; outside, nothing is read and the chunk is filled with zeros.
    Value inside = less(token, numTokens);
    counts.push_back(select(inside, idx(chunkTokens), idx(0)));
    sources.push_back(memref::ReinterpretCastOp::create(
        b, type, input, OpFoldResult(select(inside, token, idx(0))),
        ArrayRef<OpFoldResult>{size},
        ArrayRef<OpFoldResult>{b.getIndexAttr(1)}));
  }
}

void StagedKernel::copyRows(ArrayRef<Value> rowsOfX, Value slot) {
  forEachCopy([&](int64_t i, Value row, Value chunk) {
    Value offset = toIndex(mul(rowsOfX[i], pitch));
    nvgpu::DeviceAsyncCopyOp::create(
        b, nvgpu::DeviceAsyncTokenType::get(b.getContext()), shared,
        ValueRange{slot, row, placeOf(row, chunk)}, sources[i],
        ValueRange{offset}, b.getIndexAttr(chunkTokens), counts[i],
        /*bypassL1=*/b.getUnitAttr());
  });
}

Value StagedKernel::nextSlot(Value slot) {
  Value next = add(slot, 1);
  return select(equal(next, word(schedule.getStages())), word(0), next);
}
