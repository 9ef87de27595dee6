//===- StagedKernel.cpp - Kernels with a ring of X ------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StagedKernel.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
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
  pitch = toWord(memref::DimOp::create(b, input, 1));
  for (int64_t i = 0; i < copies; ++i)
    sources.push_back(startAt(tokenOfCopy(i)));
}

void StagedKernel::copyRows(ArrayRef<Value> rowsOfX, Value slot) {
  forEachCopy([&](int64_t i, Value row, Value chunk) {
    copyTokens(sources[i], rowsOfX[i], pitch, shared,
               {slot, row, placeOf(row, chunk)});
  });
}

Value StagedKernel::rowOfCopy(int64_t copy) {
  const int64_t threads = spec.getNumThreads();
  Value row = div(add(thread, copy * threads), chunks);
  const bool isWhole = (copy + 1) * threads <= rows * chunks;
  return isWhole ? row : min(row, idx(rows - 1));
}

Value StagedKernel::tokenOfCopy(int64_t copy) {
  Value chunk = rem(add(thread, copy * spec.getNumThreads()), chunks);
  return add(tokenBase, mul(chunk, chunkTokens));
}

Value StagedKernel::nextSlot(Value slot) {
  Value next = add(slot, 1);
  return select(equal(next, word(schedule.getStages())), word(0), next);
}
