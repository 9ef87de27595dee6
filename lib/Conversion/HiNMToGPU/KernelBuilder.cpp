//===- KernelBuilder.cpp - What the kernels of hinm.spmm share ------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace hinm;

KernelBuilder::KernelBuilder(OpBuilder &builder, Location loc,
                             const SpmmKernelSpec &spec)
    : b(loc, builder), spec(spec), schedule(spec.schedule),
      slabs(schedule.getTileM() / schedule.getWarpsM() / 16),
      fragments(schedule.getTileN() / schedule.getWarpsN() / 8) {}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

Value KernelBuilder::idx(int64_t value) {
  return arith::ConstantIndexOp::create(b, b.getLoc(), value);
}
Value KernelBuilder::word(int64_t value) {
  return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
}
Value KernelBuilder::constantLike(Value x, int64_t value) {
  return arith::ConstantOp::create(b, b.getIntegerAttr(x.getType(), value));
}
Value KernelBuilder::toIndex(Value word) {
  return arith::IndexCastUIOp::create(b, b.getIndexType(), word);
}
Value KernelBuilder::toWord(Value index) {
  return arith::IndexCastUIOp::create(b, b.getI32Type(), index);
}
Value KernelBuilder::add(Value x, Value y) {
  return arith::AddIOp::create(b, x, y);
}
Value KernelBuilder::add(Value x, int64_t y) {
  return y == 0 ? x : add(x, constantLike(x, y));
}
Value KernelBuilder::sub(Value x, Value y) {
  return arith::SubIOp::create(b, x, y);
}
Value KernelBuilder::mul(Value x, Value y) {
  return arith::MulIOp::create(b, x, y);
}
Value KernelBuilder::mul(Value x, int64_t y) {
  return mul(x, constantLike(x, y));
}
Value KernelBuilder::div(Value x, int64_t y) {
  return arith::DivUIOp::create(b, x, constantLike(x, y));
}
Value KernelBuilder::rem(Value x, int64_t y) {
  return arith::RemUIOp::create(b, x, constantLike(x, y));
}
Value KernelBuilder::min(Value x, Value y) {
  return arith::MinUIOp::create(b, x, y);
}
Value KernelBuilder::less(Value x, Value y) {
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ult, x, y);
}
Value KernelBuilder::equal(Value x, Value y) {
  return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, x, y);
}
Value KernelBuilder::select(Value condition, Value x, Value y) {
  return arith::SelectOp::create(b, condition, x, y);
}

Value KernelBuilder::loadIndex(Value memref, Value position) {
  Value word = memref::LoadOp::create(b, memref, ValueRange{position});
  return arith::IndexCastOp::create(b, b.getIndexType(), word);
}

void KernelBuilder::when(Value condition, llvm::function_ref<void()> body) {
  auto branch = scf::IfOp::create(b, condition);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  body();
}

//===----------------------------------------------------------------------===//
// Arguments and coordinates
//===----------------------------------------------------------------------===//

void KernelBuilder::declareFunction(ArrayRef<int64_t> sharedSizes) {
  MLIRContext *ctx = b.getContext();
  const int64_t dyn = ShapedType::kDynamic;
  Type words = MemRefType::get({dyn}, b.getI32Type());
  SmallVector<Type> arguments = {MemRefType::get({dyn}, spec.elementType),
                                 words, words, words,
                                 MemRefType::get({dyn, dyn}, spec.elementType)};
  if (spec.hasRowIndex)
    arguments.push_back(words);
  if (spec.epilogue)
    for (Value operand : SpmmOp(spec.epilogue).getEpilogueInputs()) {
      auto type = cast<ShapedType>(operand.getType());
      arguments.push_back(MemRefType::get(
          SmallVector<int64_t>(type.getRank(), dyn), type.getElementType()));
    }
  arguments.push_back(MemRefType::get({dyn, dyn}, spec.outputType));
  const bool isSplit = schedule.getSplitK() > 1;
  if (isSplit) {
    arguments.push_back(MemRefType::get({dyn}, b.getF32Type()));
    arguments.push_back(words);
  }
  auto workgroup = gpu::AddressSpaceAttr::get(
      ctx, gpu::GPUDialect::getWorkgroupAddressSpace());
  auto typeOf = [&](ArrayRef<int64_t> sizes, Type element) {
    return MemRefType::get(sizes, element, MemRefLayoutAttrInterface(),
                           workgroup);
  };

  SmallVector<Type> attributions;
  if (!spec.needsDynamicSharedMemory())
    attributions.push_back(typeOf({spec.getSharedBytes()}, b.getI8Type()));
  func = gpu::GPUFuncOp::create(b, spec.getName(),
                                b.getFunctionType(arguments, {}), attributions);
  func->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), b.getUnitAttr());
  func.setKnownBlockSizeAttr(b.getDenseI32ArrayAttr(
      {static_cast<int32_t>(spec.getNumThreads()), 1, 1}));
  b.setInsertionPointToStart(&func.getBody().front());

  unsigned next = 0;
  auto argument = [&] { return func.getArgument(next++); };
  values = argument();
  metadata = argument();
  columnList = argument();
  tileOffsets = argument();
  input = argument();
  if (spec.hasRowIndex)
    rowIndex = argument();
  if (spec.epilogue)
    for (size_t i = 0; i < SpmmOp(spec.epilogue).getEpilogueInputs().size();
         ++i)
      epilogueInputs.push_back(argument());
  output = argument();
  if (isSplit) {
    partials = argument();
    arrivals = argument();
  }

  if (spec.needsDynamicSharedMemory()) {
    memory =
        gpu::DynamicSharedMemoryOp::create(b, typeOf({dyn}, b.getI8Type()));
  } else {
    memory = func.getWorkgroupAttributions().front();
    // cp.async and ldmatrix move 16 bytes.
    func.setWorkgroupAttributionAttr(0, LLVM::LLVMDialect::getAlignAttrName(),
                                     b.getI64IntegerAttr(16));
  }
  if (!sharedSizes.empty()) {
    SmallVector<Value> sizes;
    if (ShapedType::isDynamic(sharedSizes.front()))
      sizes.push_back(
          memref::DimOp::create(b, input, spec.tokenMajorInput ? 1 : 0));
    shared = memref::ViewOp::create(b, typeOf(sharedSizes, spec.elementType),
                                    memory, idx(0), sizes);
  }
  // Where X was. An array of its own would not do: what MLIR declares as
  // dynamic shared memory has no size, and ptxas places other arrays inside.
  if (isSplit)
    isLastFlag = memref::ViewOp::create(b, typeOf({1}, b.getI32Type()), memory,
                                        idx(0), ValueRange());
}

void KernelBuilder::computeCoordinates() {
  const int64_t tokenDim = spec.tokenMajorOutput ? 0 : 1;
  numRows = memref::DimOp::create(b, output, 1 - tokenDim);
  numTokens = memref::DimOp::create(b, output, tokenDim);
  thread = gpu::ThreadIdOp::create(b, gpu::Dimension::x);
  lane = rem(thread, 32);
  quad = div(lane, 4);
  member = rem(lane, 4);
  Value warp = div(thread, 32);
  // The warps of one row of warps are neighbours: they load the same A.
  warpRow = mul(div(warp, schedule.getWarpsN()), slabs * 16);
  warpToken = mul(rem(warp, schedule.getWarpsN()), fragments * 8);
  enterTile(gpu::BlockIdOp::create(b, gpu::Dimension::x),
            gpu::BlockIdOp::create(b, gpu::Dimension::y));
}

void KernelBuilder::enterTile(Value x, Value y) {
  const int64_t blocksOfTile = spec.tile / schedule.getTileM();
  tileIndex = blocksOfTile == 1 ? x : div(x, blocksOfTile);
  blockRow = mul(rem(x, blocksOfTile), schedule.getTileM());
  rowInTile = add(blockRow, warpRow);
  firstSlab = toWord(div(rowInTile, 16));
  tokenBase = mul(y, schedule.getTileN());
  Value begin = memref::LoadOp::create(b, tileOffsets, ValueRange{tileIndex});
  Value end =
      memref::LoadOp::create(b, tileOffsets, ValueRange{add(tileIndex, 1)});
  firstBlock = div(begin, kBlock);
  numBlocks = sub(div(end, kBlock), firstBlock);
  if (schedule.getSplitK() > 1) {
    // Block z of S takes the k-blocks from z · n / S on, before those of z + 1.
    Value split = toWord(gpu::BlockIdOp::create(b, gpu::Dimension::z));
    Value from = div(mul(split, numBlocks), schedule.getSplitK());
    Value to = div(mul(add(split, 1), numBlocks), schedule.getSplitK());
    firstBlock = add(firstBlock, from);
    numBlocks = sub(to, from);
  }
}

Value KernelBuilder::swizzle(Value row, Value chunk) {
  int64_t chunks = std::min<int64_t>(schedule.getTileN() / kChunk, 8);
  if (chunks == 1)
    return chunk;
  // Rows shorter than the 128 bytes of all banks: several share a line.
  Value line = chunks == 8 ? row : div(row, 8 / chunks);
  return arith::XOrIOp::create(b, chunk, rem(line, chunks));
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

SmallVector<Value> KernelBuilder::loadWeights(Value block) {
  SmallVector<Value> weights;
  auto rawType = VectorType::get({kChunk}, spec.elementType);
  auto wordsType = VectorType::get({4}, b.getI32Type());
  // The first slab's place is computed in words, the others are a constant from
  // it.
  Value unit = add(mul(add(firstBlock, block), spec.tile / 16), firstSlab);
  Value laneWord = toWord(lane);
  Value metadataBase = toIndex(add(mul(unit, 32), laneWord));
  Value valuesBase =
      toIndex(add(mul(unit, 256 * kSteps), mul(laneWord, kChunk)));
  for (int64_t slab = 0; slab < slabs; ++slab) {
    weights.push_back(memref::LoadOp::create(
        b, metadata, ValueRange{add(metadataBase, 32 * slab)}));
    for (int64_t step = 0; step < kSteps; ++step) {
      Value position = add(valuesBase, 256 * (kSteps * slab + step));
      Value raw =
          vector::LoadOp::create(b, rawType, values, position,
                                 /*nontemporal=*/false, llvm::MaybeAlign(16));
      weights.push_back(vector::BitCastOp::create(b, wordsType, raw));
    }
  }
  return weights;
}

/// A 32-bit register of two elements as mma.sp wants it: vector<2xf16> for f16,
/// i32 for bf16.
Value KernelBuilder::operandRegister(Value pair) {
  Type wanted = spec.elementType.isF16()
                    ? Type(VectorType::get({2}, b.getF16Type()))
                    : Type(b.getI32Type());
  if (pair.getType() == wanted)
    return pair;
  return LLVM::BitcastOp::create(b, wanted, pair);
}

void KernelBuilder::multiply(
    ArrayRef<Value> weights, MutableArrayRef<Value> sums,
    llvm::function_ref<SmallVector<Value>(int64_t, int64_t)> placeOf) {
  MLIRContext *ctx = b.getContext();
  auto tilesType = VectorType::get({4, 2}, spec.elementType);
  Type f32 = b.getF32Type();
  Type sumType = LLVM::LLVMStructType::getLiteral(ctx, {f32, f32, f32, f32});
  auto shape = NVVM::MMAShapeAttr::get(ctx, 16, 8, kStep);
  auto operandKind = NVVM::MMATypesAttr::get(ctx, spec.elementType.isF16()
                                                      ? NVVM::MMATypes::f16
                                                      : NVVM::MMATypes::bf16);
  auto registersOf = [&](Value vector) {
    SmallVector<Value> registers;
    for (int64_t r = 0; r < 4; ++r)
      registers.push_back(
          operandRegister(vector::ExtractOp::create(b, vector, r)));
    return registers;
  };

  for (int64_t step = 0; step < kSteps; ++step) {
    Value selector = LLVM::ConstantOp::create(b, b.getI32Type(), step);
    SmallVector<SmallVector<Value>> a;
    for (int64_t slab = 0; slab < slabs; ++slab)
      a.push_back(registersOf(weights[slab * (1 + kSteps) + 1 + step]));
    for (int64_t fragment = 0; fragment < fragments; ++fragment) {
      Value tiles = nvgpu::LdMatrixOp::create(b, tilesType, shared,
                                              placeOf(step, fragment),
                                              /*transpose=*/true,
                                              /*numTiles=*/4);
      SmallVector<Value> x = registersOf(tiles);
      for (int64_t slab = 0; slab < slabs; ++slab) {
        MutableArrayRef<Value> sum =
            sums.slice((slab * fragments + fragment) * 4, 4);
        Value product = NVVM::MmaSpOp::create(
            b, sumType, shape, /*intOverflowBehavior=*/nullptr, operandKind,
            operandKind, /*orderedMetadata=*/b.getUnitAttr(), /*kind=*/nullptr,
            a[slab], x, ValueRange(sum), weights[slab * (1 + kSteps)],
            selector);
        for (int64_t r = 0; r < 4; ++r)
          sum[r] = LLVM::ExtractValueOp::create(b, product, r);
      }
    }
  }
}

Value KernelBuilder::clamp(Value block) {
  return min(block, add(numBlocks, -1));
}

SmallVector<Value> KernelBuilder::ifAnyBlock(
    llvm::function_ref<SmallVector<Value>(ArrayRef<Value>)> body) {
  Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0.0f));
  SmallVector<Value> zeros(slabs * fragments * 4, zero);
  SmallVector<Type> types(zeros.size(), b.getF32Type());
  auto branch = scf::IfOp::create(b, types, less(word(0), numBlocks),
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  SmallVector<Value> sums = body(zeros);
  scf::YieldOp::create(b, sums);
  b.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(b, zeros);
  return SmallVector<Value>(branch.getResults());
}

//===----------------------------------------------------------------------===//
// Y
//===----------------------------------------------------------------------===//

void KernelBuilder::finish(ArrayRef<Value> sums) {
  if (schedule.getSplitK() > 1)
    return addSplits(sums);
  store(sums);
}

/// Every block leaves its sums in device memory, four at a time as its threads
/// hold them; the last one to arrive adds all of them, those of block 0 first.
void KernelBuilder::addSplits(ArrayRef<Value> sums) {
  const int64_t splits = schedule.getSplitK();
  const int64_t fours = sums.size() / 4;
  auto fourType = VectorType::get({4}, b.getF32Type());
  Value cell =
      add(gpu::BlockIdOp::create(b, gpu::Dimension::x),
          mul(gpu::BlockIdOp::create(b, gpu::Dimension::y).getResult(),
              gpu::GridDimOp::create(b, gpu::Dimension::x).getResult()));
  auto placeOf = [&](Value split, int64_t four) {
    Value part = add(mul(add(mul(cell, splits), split), fours), four);
    return mul(add(mul(part, spec.getNumThreads()), thread), 4);
  };
  Value split = gpu::BlockIdOp::create(b, gpu::Dimension::z);
  for (int64_t four = 0; four < fours; ++four) {
    Value vector = vector::FromElementsOp::create(
        b, fourType, ValueRange(sums.slice(four * 4, 4)));
    vector::StoreOp::create(b, vector, partials, placeOf(split, four),
                            /*nontemporal=*/false, llvm::MaybeAlign(16));
  }
  gpu::BarrierOp::create(b);
  // The fences make what the barriers order within a block seen by others: LLVM
  // 22 drops the ordering of an atomic operation itself.
  auto fence = [&] {
    LLVM::FenceOp::create(b, LLVM::AtomicOrdering::acq_rel, "device");
  };
  when(equal(thread, idx(0)), [&] {
    fence();
    Value one = arith::ConstantOp::create(b, b.getI32IntegerAttr(1));
    Value before = memref::AtomicRMWOp::create(b, arith::AtomicRMWKind::addi,
                                               one, arrivals, ValueRange{cell});
    fence();
    Value most = arith::ConstantOp::create(b, b.getI32IntegerAttr(splits - 1));
    Value isLast = equal(before, most);
    // As it was found, for the next launch.
    when(isLast, [&] {
      Value zero = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
      memref::StoreOp::create(b, zero, arrivals, ValueRange{cell});
    });
    Value flag = arith::ExtUIOp::create(b, b.getI32Type(), isLast);
    memref::StoreOp::create(b, flag, isLastFlag, ValueRange{idx(0)});
  });
  gpu::BarrierOp::create(b);
  Value flag = memref::LoadOp::create(b, isLastFlag, ValueRange{idx(0)});
  Value isLast = arith::TruncIOp::create(b, b.getI1Type(), flag);
  when(isLast, [&] {
    Value zero = arith::ConstantOp::create(
        b, DenseElementsAttr::get(fourType, b.getF32FloatAttr(0.0f)));
    auto loop = scf::ForOp::create(b, idx(0), idx(splits), idx(1),
                                   SmallVector<Value>(fours, zero));
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      SmallVector<Value> added;
      for (int64_t four = 0; four < fours; ++four) {
        Value part = vector::LoadOp::create(
            b, fourType, partials, placeOf(loop.getInductionVar(), four),
            /*nontemporal=*/false, llvm::MaybeAlign(16));
        added.push_back(
            arith::AddFOp::create(b, loop.getRegionIterArgs()[four], part));
      }
      scf::YieldOp::create(b, added);
    }
    SmallVector<Value> all;
    for (Value four : loop.getResults())
      for (int64_t r = 0; r < 4; ++r)
        all.push_back(vector::ExtractOp::create(b, four, r));
    store(all);
  });
}

void KernelBuilder::store(ValueRange sums) {
  Value firstRow = add(add(mul(tileIndex, spec.tile), rowInTile), quad);
  for (int64_t slab = 0; slab < slabs; ++slab)
    for (int64_t half = 0; half < 2; ++half) {
      SmallVector<Value> ofRow;
      for (int64_t fragment = 0; fragment < fragments; ++fragment)
        for (int64_t r = 0; r < 2; ++r)
          ofRow.push_back(
              sums[(slab * fragments + fragment) * 4 + half * 2 + r]);
      storeFragments(add(firstRow, slab * 16 + half * 8), ofRow);
    }
}

/// What is stored of a sum, and the elements of the epilogue's operands.
Value KernelBuilder::finishElement(Value sum, ArrayRef<Value> operands) {
  if (!spec.epilogue)
    return spec.outputType.isF32()
               ? sum
               : arith::TruncFOp::create(b, spec.outputType, sum).getResult();
  SmallVector<Value> arguments{sum};
  llvm::append_range(arguments, operands);
  return SpmmOp(spec.epilogue).inlineEpilogue(b, arguments);
}

/// Stores the sums of two neighbouring tokens of a row at once.
void KernelBuilder::storePair(Value row, Value token, ValueRange sums,
                              ArrayRef<Value> ofRow) {
  SmallVector<Value> pairs;
  for (auto [operand, element] : llvm::zip_equal(epilogueInputs, ofRow)) {
    Type type = cast<MemRefType>(operand.getType()).getElementType();
    const int64_t bytes = type.getIntOrFloatBitWidth() / 4;
    pairs.push_back(element ? Value()
                            : vector::LoadOp::create(
                                  b, VectorType::get({2}, type), operand,
                                  ValueRange{row, token}, /*nontemporal=*/false,
                                  llvm::MaybeAlign(bytes))
                                  .getResult());
  }
  auto pairType = VectorType::get({2}, spec.outputType);
  Value pair;
  if (spec.epilogue) {
    SmallVector<Value> elements;
    for (int64_t r = 0; r < 2; ++r) {
      SmallVector<Value> operands;
      for (auto [element, loaded] : llvm::zip_equal(ofRow, pairs))
        operands.push_back(
            element ? element
                    : vector::ExtractOp::create(b, loaded, r).getResult());
      elements.push_back(finishElement(sums[r], operands));
    }
    pair = vector::FromElementsOp::create(b, pairType, elements);
  } else {
    // One instruction converts both.
    pair = vector::FromElementsOp::create(
        b, VectorType::get({2}, b.getF32Type()), sums);
    if (!spec.outputType.isF32())
      pair = arith::TruncFOp::create(b, pairType, pair);
  }
  const int64_t bytes = spec.outputType.getIntOrFloatBitWidth() / 4;
  vector::StoreOp::create(b, pair, output, ValueRange{row, token},
                          /*nontemporal=*/false, llvm::MaybeAlign(bytes));
}

/// Stores them in a token-major Y, each by itself and if there is such a token.
void KernelBuilder::storeSingly(Value row, Value token, ValueRange sums,
                                ArrayRef<Value> ofRow) {
  for (int64_t r = 0; r < 2; ++r) {
    Value mine = add(token, r);
    when(less(mine, numTokens), [&] {
      SmallVector<Value> operands;
      for (auto [operand, element] : llvm::zip_equal(epilogueInputs, ofRow))
        operands.push_back(
            element ? element
                    : memref::LoadOp::create(b, operand, ValueRange{mine, row})
                          .getResult());
      memref::StoreOp::create(b, finishElement(sums[r], operands), output,
                              ValueRange{mine, row});
    });
  }
}

/// Stores what this lane has of row \p row: two sums of each fragment, of
/// tokens 2 · member and the next.
void KernelBuilder::storeFragments(Value row, ValueRange sums) {
  when(less(row, numRows), [&] {
    Value target = rowIndex ? loadIndex(rowIndex, row) : row;
    // What belongs to the row is loaded once.
    SmallVector<Value> ofRow;
    for (Value operand : epilogueInputs)
      ofRow.push_back(
          cast<MemRefType>(operand.getType()).getRank() == 1
              ? memref::LoadOp::create(b, operand, ValueRange{target})
                    .getResult()
              : Value());
    for (int64_t fragment = 0; fragment < fragments; ++fragment) {
      Value token =
          add(add(add(tokenBase, warpToken), fragment * 8), mul(member, 2));
      ValueRange pair = sums.slice(fragment * 2, 2);
      if (spec.tokenMajorOutput)
        storeSingly(target, token, pair, ofRow);
      else
        when(less(token, numTokens),
             [&] { storePair(target, token, pair, ofRow); });
    }
  });
}
