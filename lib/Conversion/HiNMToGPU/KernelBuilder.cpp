//===- KernelBuilder.cpp - What the kernels of hinm.spmm share ------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"

#include "hinm/Target/NVVM/StreamedLoad.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace hinm;

/// Whether two elements take a register.
static bool isHalf(Type type) { return type.getIntOrFloatBitWidth() == 16; }

KernelBuilder::KernelBuilder(OpBuilder &builder, Location loc,
                             const SpmmKernelSpec &spec)
    : b(loc, builder), spec(spec), schedule(spec.schedule),
      version(PackedAttr::getVersionOf(spec.elementType)),
      chunkTokens(getTokensOfChunk(spec.elementType)),
      steps(version.blockColumns / version.stepColumns),
      slabs(schedule.getTileM() / schedule.getWarpsM() / 16),
      fragments(schedule.getTileN() / schedule.getWarpsN() / 8) {
  // ldmatrix gives a lane a token of 16-bit elements, or two of bytes; of
  // 32-bit ones it loads as many as there are, 16 bytes at most.
  const int64_t bytes = spec.getElementBytes();
  groupFragments = bytes == 4 ? std::min<int64_t>(fragments, 4) : 2 / bytes;
  runTokens = std::min<int64_t>(2 * groupFragments, 4);
  pairsRuns = bytes == 2 && isHalf(spec.outputType) && fragments % 2 == 0 &&
              !spec.tokenMajorOutput;
}

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

Value KernelBuilder::loadColumn(Value position) {
  Value column = memref::LoadOp::create(b, columnList, ValueRange{position});
  return column.getType().isInteger(16)
             ? arith::ExtUIOp::create(b, b.getI32Type(), column).getResult()
             : column;
}

Value KernelBuilder::startAt(Value token) {
  Value size = mul(memref::DimOp::create(b, input, 0).getResult(),
                   memref::DimOp::create(b, input, 1).getResult());
  auto type = MemRefType::get(
      {ShapedType::kDynamic}, spec.elementType,
      StridedLayoutAttr::get(b.getContext(), ShapedType::kDynamic, {1}));
  // N is a multiple of chunkTokens, so a chunk is wholly inside or wholly
  // outside. What stands in for the latter is multiplied, but not stored.
  Value existing = select(less(token, numTokens), token, idx(0));
  return memref::ReinterpretCastOp::create(
      b, type, input, OpFoldResult(existing), ArrayRef<OpFoldResult>{size},
      ArrayRef<OpFoldResult>{b.getIndexAttr(1)});
}

void KernelBuilder::copyTokens(Value source, Value row, Value pitch,
                               Value target, ValueRange place) {
  nvgpu::DeviceAsyncCopyOp::create(
      b, nvgpu::DeviceAsyncTokenType::get(b.getContext()), target, place,
      source, ValueRange{toIndex(mul(row, pitch))}, b.getIndexAttr(chunkTokens),
      /*srcElements=*/Value(), /*bypassL1=*/b.getUnitAttr());
}

Type KernelBuilder::getPointerType(NVVM::NVVMMemorySpace space) {
  return LLVM::LLVMPointerType::get(b.getContext(),
                                    static_cast<unsigned>(space));
}

Value KernelBuilder::getPointer(Value memref, NVVM::NVVMMemorySpace space,
                                Value offset) {
  Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, memref);
  if (offset)
    address = add(address, offset);
  Value bits = arith::IndexCastOp::create(b, b.getI64Type(), address);
  return LLVM::IntToPtrOp::create(b, getPointerType(space), bits);
}

Value KernelBuilder::shuffle(Value value, Value source) {
  return NVVM::ShflOp::create(b, b.getI32Type(), word(-1), value, source,
                              word(31), NVVM::ShflKind::idx,
                              /*return_value_and_is_valid=*/UnitAttr());
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
                                 words, MemRefType::get({dyn}, spec.listType),
                                 words,
                                 MemRefType::get({dyn, dyn}, spec.elementType)};
  if (spec.slabRowType) {
    arguments.push_back(MemRefType::get({dyn}, spec.slabRowType));
    arguments.push_back(MemRefType::get({dyn}, b.getI16Type()));
  }
  if (spec.hasRowIndex)
    arguments.push_back(words);
  if (spec.epilogue)
    for (Value operand : SpmmOp(spec.epilogue).getEpilogueInputs()) {
      auto type = cast<ShapedType>(operand.getType());
      arguments.push_back(MemRefType::get(
          SmallVector<int64_t>(type.getRank(), dyn), type.getElementType()));
    }
  arguments.push_back(MemRefType::get({dyn, dyn}, spec.outputType));
  if (schedule.sharesTiles()) {
    arguments.push_back(MemRefType::get({dyn}, spec.getSumType()));
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
  if (spec.slabRowType) {
    slabRows = argument();
    slabPlaces = argument();
  }
  if (spec.hasRowIndex)
    rowIndex = argument();
  if (spec.epilogue)
    for (size_t i = 0; i < SpmmOp(spec.epilogue).getEpilogueInputs().size();
         ++i)
      epilogueInputs.push_back(argument());
  output = argument();
  if (schedule.sharesTiles()) {
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
    auto view = [&](ArrayRef<int64_t> shape, Type element) -> Value {
      return memref::ViewOp::create(b, typeOf(shape, element), memory, idx(0),
                                    sizes);
    };
    matrices = shared = view(sharedSizes, spec.elementType);
    // ldmatrix moves 16-bit elements: bytes are seen as pairs of tokens.
    if (spec.getElementBytes() == 1) {
      SmallVector<int64_t> pairs(sharedSizes);
      pairs.back() /= 2;
      matrices = view(pairs, b.getF16Type());
    }
  }
  // Where X was. An array of its own would not do: what MLIR declares as
  // dynamic shared memory has no size, and ptxas places other arrays inside.
  if (schedule.getSplitK() > 1)
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
  if (schedule.getWeights() == WeightCaching::Streamed)
    streamPolicy = EvictFirstPolicy::build(b, b.getLoc());
}

void KernelBuilder::enterOwnTile() {
  enterTile(gpu::BlockIdOp::create(b, gpu::Dimension::x),
            gpu::BlockIdOp::create(b, gpu::Dimension::y));
}

void KernelBuilder::enterTile(Value x, Value y) {
  const int64_t tileM = schedule.getTileM();
  Value listed; // the tile whose list and weights are read
  if (tileM <= spec.tile) {
    const int64_t blocksOfTile = spec.tile / tileM;
    tileIndex = blocksOfTile == 1 ? x : div(x, blocksOfTile);
    blockRow = mul(rem(x, blocksOfTile), tileM);
    rowInTile = add(blockRow, warpRow);
    listed = tileIndex;
  } else {
    tileIndex = add(mul(x, tileM / spec.tile), div(warpRow, spec.tile));
    blockRow = idx(0);
    rowInTile = rem(warpRow, spec.tile);
    // Behind the last tile nothing is stored, as there are no rows.
    Value numOffsets = memref::DimOp::create(b, tileOffsets, 0);
    listed = min(tileIndex, sub(numOffsets, idx(2)));
  }
  firstSlab = toWord(div(rowInTile, 16));
  tokenBase = mul(y, schedule.getTileN());
  Value begin = memref::LoadOp::create(b, tileOffsets, ValueRange{listed});
  Value end =
      memref::LoadOp::create(b, tileOffsets, ValueRange{add(listed, 1)});
  firstBlock = div(begin, version.blockColumns);
  numBlocks = sub(div(end, version.blockColumns), firstBlock);
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
  int64_t chunks = std::min<int64_t>(schedule.getTileN() / chunkTokens, 8);
  if (chunks == 1)
    return chunk;
  // Rows shorter than the 128 bytes of all banks: several share a line.
  Value line = chunks == 8 ? row : div(row, 8 / chunks);
  if (spec.getElementBytes() < 4)
    return arith::XOrIOp::create(b, chunk, rem(line, chunks));
  // Two neighbouring chunks of a row are read at once: they stay neighbours.
  if (chunks == 2)
    return chunk;
  return arith::XOrIOp::create(b, chunk, mul(rem(line, chunks / 2), 2));
}

Value KernelBuilder::placeOf(Value row, Value chunk) {
  return mul(swizzle(row, chunk), chunkTokens);
}

Value KernelBuilder::zeroElement() {
  return arith::ConstantOp::create(b, b.getZeroAttr(spec.elementType));
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

Value KernelBuilder::loadPacked(Value source, Value position, int64_t count) {
  Type element = cast<MemRefType>(source.getType()).getElementType();
  const int64_t bytes = element.getIntOrFloatBitWidth() / 8;
  Type wordsType = b.getI32Type();
  if (const int64_t words = count * bytes / 4; words > 1)
    wordsType = VectorType::get({words}, wordsType);
  if (!streamPolicy) {
    if (element == wordsType)
      return memref::LoadOp::create(b, source, ValueRange{position});
    Value raw = vector::LoadOp::create(
        b, VectorType::get({count}, element), source, position,
        /*nontemporal=*/false, llvm::MaybeAlign(count * bytes));
    return vector::BitCastOp::create(b, wordsType, raw);
  }
  Value address =
      getPointer(source, NVVM::NVVMMemorySpace::Global, mul(position, bytes));
  // Warps that share their rows share what one of them has brought to the L1.
  StreamedLoad load = {count * bytes / 4,
                       /*bypassesL1=*/schedule.getWarpsN() == 1};
  SmallVector<Value> words = load.build(b, b.getLoc(), address, streamPolicy);
  if (words.size() == 1)
    return words.front();
  return vector::FromElementsOp::create(b, cast<VectorType>(wordsType), words);
}

SmallVector<Value> KernelBuilder::loadWeights(Value block) {
  SmallVector<Value> weights;
  // The first slab's place is computed in words, the others are a constant from
  // it.
  Value unit = add(mul(add(firstBlock, block), spec.tile / 16), firstSlab);
  Value laneWord = toWord(lane);
  Value metadataBase = toIndex(add(mul(unit, 32), laneWord));
  const int64_t unitValues = version.getUnitValues();
  Value valuesBase =
      toIndex(add(mul(unit, unitValues), mul(laneWord, chunkTokens)));
  for (int64_t slab = 0; slab < slabs; ++slab) {
    weights.push_back(loadPacked(metadata, add(metadataBase, 32 * slab), 1));
    for (int64_t step = 0; step < steps; ++step)
      weights.push_back(loadPacked(
          values,
          add(valuesBase, unitValues * slab + unitValues / steps * step),
          chunkTokens));
  }
  return weights;
}

SmallVector<Value> KernelBuilder::loadBlock(Value block) {
  SmallVector<Value> loaded;
  Value listed = toIndex(mul(add(firstBlock, block), version.blockColumns));
  for (size_t i = 0; i < getNumColumns(); ++i)
    loaded.push_back(loadColumn(add(listed, listedOf(add(lane, 32 * i)))));
  llvm::append_range(loaded, loadWeights(block));
  return loaded;
}

Value KernelBuilder::rowOfLane(int64_t i) {
  // Of a B fragment of 32-bit elements a lane has rows q, q + 4, …
  return spec.getElementBytes() == 4 ? add(member, 4 * i)
                                     : add(lane, kStep * i);
}

Value KernelBuilder::columnOfLane(ArrayRef<Value> loaded, int64_t i) {
  if (spec.getElementBytes() < 4)
    return loaded[i];
  // The lanes have loaded a column each.
  return shuffle(loaded[0], toWord(rowOfLane(i)));
}

/// A 32-bit register of A or B as mma.sp wants it: vector<2xf16> for f16, i32
/// for all others.
Value KernelBuilder::operandRegister(Value pair) {
  Type wanted = spec.elementType.isF16()
                    ? Type(VectorType::get({2}, b.getF16Type()))
                    : Type(b.getI32Type());
  if (pair.getType() == wanted)
    return pair;
  return LLVM::BitcastOp::create(b, wanted, pair);
}

SmallVector<Value> KernelBuilder::registersOf(Value vector) {
  SmallVector<Value> registers;
  for (int64_t r = 0; r < 4; ++r)
    registers.push_back(
        operandRegister(vector::ExtractOp::create(b, vector, r)));
  return registers;
}

SmallVector<SmallVector<Value>>
KernelBuilder::registersOfStep(ArrayRef<Value> weights, int64_t step) {
  SmallVector<SmallVector<Value>> a;
  for (int64_t slab = 0; slab < slabs; ++slab)
    a.push_back(registersOf(weights[slab * (1 + steps) + 1 + step]));
  return a;
}

/// A row of 16-bit elements is where its column stands in the list. Of 8-bit
/// ones a lane needs four rows 4q … 4q + 3 of one token in a register, but
/// ldmatrix transposes elements of two bytes only: it gives a lane two rows of
/// two tokens. With the rows 4q, 4q + 1 in one matrix and 4q + 2, 4q + 3 in the
/// next, two permutations of bytes sort that (multiplyBytes). So of 16 listed
/// columns the first eight rows are of those with bit 1 clear, the next of the
/// others.
Value KernelBuilder::listedOf(Value row) {
  if (steps != 1)
    return row;
  Value inMatrix = rem(row, 8);
  Value listed = add(mul(div(row, 16), 16), mul(div(inMatrix, 2), 4));
  return add(listed, add(mul(rem(div(row, 8), 2), 2), rem(row, 2)));
}

/// Four 8x8 matrices: of 16-bit elements, row by row, 32 rows of chunk \p chunk
/// of the warp's tokens. \p row has the coordinates of the row that this lane
/// addresses.
Value KernelBuilder::loadMatrices(ArrayRef<Value> row, int64_t chunk) {
  Type element = cast<MemRefType>(matrices.getType()).getElementType();
  SmallVector<Value> place(row);
  Value inRow = add(div(warpToken, chunkTokens), chunk);
  place.push_back(mul(swizzle(row.back(), inRow), kChunk));
  return nvgpu::LdMatrixOp::create(b, VectorType::get({4, 2}, element),
                                   matrices, place, /*transpose=*/true,
                                   /*numTiles=*/4);
}

/// The product of one m16 slab with one n8 fragment, plus \p sums.
Value KernelBuilder::sparseMma(ArrayRef<Value> a, ArrayRef<Value> x,
                               ValueRange sums, Value metadata,
                               Value selector) {
  Type element = spec.elementType;
  Type sumType = LLVM::LLVMStructType::getLiteral(
      b.getContext(), SmallVector<Type>(4, spec.getSumType()));
  const bool isBytes = spec.getElementBytes() == 1;
  if (isBytes && isa<FloatType>(element)) {
    // nvvm.mma.sp.sync refuses these in LLVM 22.
    SmallVector<Value> operands(a);
    llvm::append_range(operands, x);
    llvm::append_range(operands, sums);
    operands.append({metadata, selector});
    StringRef type = isa<Float8E5M2Type>(element) ? "e5m2" : "e4m3";
    std::string name =
        ("llvm.nvvm.mma.sp.ordered.metadata.m16n8k64.row.col.f32." + type +
         "." + type + ".f32")
            .str();
    return LLVM::CallIntrinsicOp::create(b, sumType, b.getStringAttr(name),
                                         operands)
        .getResult(0);
  }
  MLIRContext *ctx = b.getContext();
  auto kind =
      NVVM::MMATypesAttr::get(ctx, isBytes           ? NVVM::MMATypes::s8
                                   : element.isF32() ? NVVM::MMATypes::tf32
                                   : element.isF16() ? NVVM::MMATypes::f16
                                                     : NVVM::MMATypes::bf16);
  auto shape = NVVM::MMAShapeAttr::get(ctx, 16, 8, version.stepColumns);
  auto overflow =
      isBytes
          ? NVVM::MMAIntOverflowAttr::get(ctx, NVVM::MMAIntOverflow::wrapped)
          : nullptr;
  return NVVM::MmaSpOp::create(b, sumType, shape, overflow, kind, kind,
                               /*orderedMetadata=*/b.getUnitAttr(),
                               /*kind=*/nullptr, a, x, sums, metadata,
                               selector);
}

/// Adds the products of all slabs, whose A is \p a, with \p fragment.
void KernelBuilder::multiplyFragment(ArrayRef<Value> weights,
                                     ArrayRef<SmallVector<Value>> a,
                                     ArrayRef<Value> x, int64_t fragment,
                                     Value selector,
                                     MutableArrayRef<Value> sums) {
  for (int64_t slab = 0; slab < slabs; ++slab) {
    MutableArrayRef<Value> sum =
        sums.slice((slab * fragments + fragment) * 4, 4);
    Value product = sparseMma(a[slab], x, ValueRange(sum),
                              weights[slab * (1 + steps)], selector);
    for (int64_t r = 0; r < 4; ++r)
      sum[r] = LLVM::ExtractValueOp::create(b, product, r);
  }
}

/// 16-bit elements: 32 rows a step, and what ldmatrix gives is a B fragment.
void KernelBuilder::multiplyWide(
    ArrayRef<Value> weights, MutableArrayRef<Value> sums,
    llvm::function_ref<SmallVector<Value>(int64_t)> rowOf) {
  for (int64_t step = 0; step < kSteps; ++step) {
    Value selector = LLVM::ConstantOp::create(b, b.getI32Type(), step);
    SmallVector<SmallVector<Value>> a = registersOfStep(weights, step);
    SmallVector<Value> row = rowOf(step);
    for (int64_t fragment = 0; fragment < fragments; ++fragment)
      multiplyFragment(weights, a, registersOf(loadMatrices(row, fragment)),
                       fragment, selector, sums);
  }
}

/// 8-bit elements: all 64 rows in one step. A chunk of 16 tokens is two
/// fragments, its even tokens and its odd ones.
void KernelBuilder::multiplyBytes(
    ArrayRef<Value> weights, MutableArrayRef<Value> sums,
    llvm::function_ref<SmallVector<Value>(int64_t)> rowOf) {
  Value selector = LLVM::ConstantOp::create(b, b.getI32Type(), 0);
  const Value bytesOf[] = {word(0x6420), word(0x7531)};
  SmallVector<SmallVector<Value>> a = registersOfStep(weights, /*step=*/0);
  SmallVector<Value> rows[] = {rowOf(0), rowOf(1)};
  for (int64_t chunk = 0; chunk < fragments / 2; ++chunk) {
    SmallVector<Value> x[2];
    for (ArrayRef<Value> row : rows) {
      SmallVector<Value> pairs = registersOf(loadMatrices(row, chunk));
      for (int64_t j : {0, 2})
        for (auto [registers, bytes] : llvm::zip(x, bytesOf))
          registers.push_back(
              NVVM::PermuteOp::create(b, b.getI32Type(), pairs[j], pairs[j + 1],
                                      bytes, NVVM::PermuteMode::DEFAULT));
    }
    for (int64_t parity : {0, 1})
      multiplyFragment(weights, a, x[parity], 2 * chunk + parity, selector,
                       sums);
  }
}

/// Of group \p group of the warp's fragments what this lane has of a row: an
/// element of each, side by side. They are rounded to tf32.
SmallVector<Value> KernelBuilder::loadWords(ArrayRef<Value> row,
                                            int64_t group) {
  Value before = add(warpToken, group * 8 * groupFragments);
  Value token = mul(quad, groupFragments);
  // The swizzle moves nothing out of 32 tokens, the line of all banks: lines
  // before are a constant, or one register.
  const bool isLine = groupFragments == chunkTokens;
  if (!isLine)
    token = add(before, token);
  Value inRow = add(placeOf(row.back(), div(token, chunkTokens)),
                    rem(token, chunkTokens));
  SmallVector<Value> place(row);
  place.push_back(isLine ? add(before, inRow) : inRow);
  Value loaded = vector::LoadOp::create(
      b, VectorType::get({groupFragments}, spec.elementType), shared, place,
      /*nontemporal=*/false,
      llvm::MaybeAlign(spec.getElementBytes() * groupFragments));
  SmallVector<Value> words;
  for (int64_t f = 0; f < groupFragments; ++f)
    words.push_back(NVVM::ConvertFloatToTF32Op::create(
        b, b.getI32Type(), vector::ExtractOp::create(b, loaded, f),
        NVVM::FPRoundingMode::RNA, NVVM::SaturationMode::NONE,
        /*relu=*/false));
  return words;
}

/// 32-bit elements: 16 rows a step. ldmatrix would split them, but one row of a
/// fragment is one element, so that every lane can load its own, of several
/// fragments at once.
void KernelBuilder::multiplyWords(
    ArrayRef<Value> weights, MutableArrayRef<Value> sums,
    llvm::function_ref<SmallVector<Value>(int64_t)> rowOf) {
  for (int64_t step = 0; step < steps; ++step) {
    Value selector = LLVM::ConstantOp::create(b, b.getI32Type(), step);
    SmallVector<SmallVector<Value>> a = registersOfStep(weights, step);
    SmallVector<SmallVector<Value>> rows;
    for (int64_t j = 0; j < 4; ++j)
      rows.push_back(rowOf(4 * step + j));
    for (int64_t group = 0; group < fragments / groupFragments; ++group) {
      SmallVector<SmallVector<Value>> x(groupFragments);
      for (ArrayRef<Value> row : rows)
        for (auto [registers, element] : llvm::zip(x, loadWords(row, group)))
          registers.push_back(element);
      for (int64_t f = 0; f < groupFragments; ++f)
        multiplyFragment(weights, a, x[f], group * groupFragments + f, selector,
                         sums);
    }
  }
}

void KernelBuilder::multiply(
    ArrayRef<Value> weights, MutableArrayRef<Value> sums,
    llvm::function_ref<SmallVector<Value>(int64_t)> rowOf) {
  switch (spec.getElementBytes()) {
  case 1:
    return multiplyBytes(weights, sums, rowOf);
  case 2:
    return multiplyWide(weights, sums, rowOf);
  default:
    return multiplyWords(weights, sums, rowOf);
  }
}

Value KernelBuilder::clamp(Value block) {
  return min(block, add(numBlocks, -1));
}

SmallVector<Value> KernelBuilder::ifAnyBlock(
    llvm::function_ref<SmallVector<Value>(ArrayRef<Value>)> body) {
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(spec.getSumType()));
  SmallVector<Value> zeros(slabs * fragments * 4, zero);
  SmallVector<Type> types(zeros.size(), spec.getSumType());
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

/// A turn of the loop is of as many k-blocks as there are sets of registers, so
/// that each of them stays where it is. With one k-block a turn all of them
/// would move on by one, at the end of the turn, which then waits for the
/// newest. That takes fewer registers, and is done where they are scarce: where
/// sums have half of them or with the loads nearly all, where ptxas widens
/// 8-bit floats for their products, and of 32-bit ones, of which a k-block
/// takes twice as many.
SmallVector<Value> KernelBuilder::forEachBlock(
    int64_t ahead, ArrayRef<Value> first, ArrayRef<Value> carried,
    llvm::function_ref<SmallVector<Value>(Value)> load,
    llvm::function_ref<void(Value, ArrayRef<Value>, MutableArrayRef<Value>)>
        body) {
  // Of a processor; a thread has 255 at most.
  constexpr int64_t registers = 65536, mostOfThread = 256;
  const int64_t ofThread =
      std::min(registers / spec.getNumThreads(), mostOfThread);
  const bool isWidened =
      spec.getElementBytes() != 2 && isa<FloatType>(spec.elementType);
  int64_t loadedAhead = 0;
  for (Type type : ValueRange(first).getTypes()) {
    auto vector = dyn_cast<VectorType>(type);
    loadedAhead += vector ? vector.getNumElements() : 1;
  }
  const int64_t sums = slabs * fragments * 4;
  const int64_t loads = ahead ? loadedAhead / ahead * (ahead + 1) : 0;
  const bool isScarce =
      sums >= ofThread / 2 || sums + loads >= ofThread * 7 / 8 || isWidened;
  const int64_t turn = isScarce ? 1 : ahead + 1;
  Value whole = turn > 1 ? sub(numBlocks, rem(numBlocks, turn)) : numBlocks;
  SmallVector<Value> initial(first);
  llvm::append_range(initial, carried);
  using Sets = SmallVector<SmallVector<Value>>;
  auto split = [&](ValueRange values) {
    const size_t size = ahead ? first.size() / ahead : 0;
    Sets sets;
    for (int64_t i = 0; i < ahead; ++i)
      sets.push_back(SmallVector<Value>(values.slice(i * size, size)));
    return std::pair(sets, SmallVector<Value>(values.drop_front(first.size())));
  };
  auto loop = scf::ForOp::create(b, word(0), whole, word(turn), initial);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    auto [loaded, state] = split(loop.getRegionIterArgs());
    for (int64_t i = 0; i < turn; ++i) {
      Value block = add(loop.getInductionVar(), i);
      loaded.push_back(load(ahead ? clamp(add(block, ahead)) : block));
      body(block, loaded[i], state);
    }
    SmallVector<Value> results;
    for (ArrayRef<Value> set : ArrayRef(loaded).take_back(ahead))
      llvm::append_range(results, set);
    llvm::append_range(results, state);
    scf::YieldOp::create(b, results);
  }
  auto [loaded, state] = split(loop.getResults());
  for (int64_t i = 0; i < turn - 1; ++i) {
    Value block = add(whole, i);
    auto branch = scf::IfOp::create(b, ValueRange(state).getTypes(),
                                    less(block, numBlocks),
                                    /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(b, state);
    b.setInsertionPointToStart(branch.thenBlock());
    body(block, loaded[i], state);
    scf::YieldOp::create(b, state);
    state.assign(branch.result_begin(), branch.result_end());
  }
  return state;
}

//===----------------------------------------------------------------------===//
// Y
//===----------------------------------------------------------------------===//

void KernelBuilder::finish(ArrayRef<Value> sums) {
  if (schedule.getSplitK() > 1)
    return addSplits(sums);
  store(sums);
}

Value KernelBuilder::addSums(Value x, Value y) {
  if (spec.getSumType().isInteger())
    return arith::AddIOp::create(b, x, y);
  return arith::AddFOp::create(b, x, y);
}

void KernelBuilder::leaveSums(ArrayRef<Value> sums,
                              llvm::function_ref<Value(int64_t)> placeOf) {
  auto fourType = VectorType::get({4}, spec.getSumType());
  for (size_t four = 0; four < sums.size() / 4; ++four) {
    Value vector = vector::FromElementsOp::create(
        b, fourType, ValueRange(sums.slice(four * 4, 4)));
    vector::StoreOp::create(b, vector, partials, placeOf(four),
                            /*nontemporal=*/false, llvm::MaybeAlign(16));
  }
}

SmallVector<Value>
KernelBuilder::addParts(Value begin, Value end, Value step, size_t numSums,
                        llvm::function_ref<Value(Value, int64_t)> placeOf) {
  auto fourType = VectorType::get({4}, spec.getSumType());
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(fourType));
  auto loop = scf::ForOp::create(b, begin, end, step,
                                 SmallVector<Value>(numSums / 4, zero));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> added;
    for (auto [four, sum] : llvm::enumerate(loop.getRegionIterArgs())) {
      Value part = vector::LoadOp::create(
          b, fourType, partials, placeOf(loop.getInductionVar(), four),
          /*nontemporal=*/false, llvm::MaybeAlign(16));
      added.push_back(addSums(sum, part));
    }
    scf::YieldOp::create(b, added);
  }
  SmallVector<Value> all;
  for (Value four : loop.getResults())
    for (int64_t r = 0; r < 4; ++r)
      all.push_back(vector::ExtractOp::create(b, four, r));
  return all;
}

/// The fences make what a barrier of the callers has ordered among them seen by
/// others: LLVM 22 drops the ordering of an atomic operation itself.
Value KernelBuilder::countArrival(Value cell, Value most) {
  auto fence = [&] {
    LLVM::FenceOp::create(b, LLVM::AtomicOrdering::acq_rel, "device");
  };
  fence();
  Value before = memref::AtomicRMWOp::create(b, arith::AtomicRMWKind::addi,
                                             word(1), arrivals, cell);
  fence();
  Value isLast = equal(before, most);
  // As it was found, for the next launch.
  when(isLast, [&] {
    memref::StoreOp::create(b, word(0), arrivals, ValueRange{cell});
  });
  return isLast;
}

/// Every block leaves its sums in device memory, four at a time as its threads
/// hold them; the last one to arrive adds all of them, those of block 0 first.
void KernelBuilder::addSplits(ArrayRef<Value> sums) {
  const int64_t splits = schedule.getSplitK();
  const int64_t fours = sums.size() / 4;
  Value cell =
      add(gpu::BlockIdOp::create(b, gpu::Dimension::x),
          mul(gpu::BlockIdOp::create(b, gpu::Dimension::y).getResult(),
              gpu::GridDimOp::create(b, gpu::Dimension::x).getResult()));
  auto placeOf = [&](Value split, int64_t four) {
    Value part = add(mul(add(mul(cell, splits), split), fours), four);
    return mul(add(mul(part, spec.getNumThreads()), thread), 4);
  };
  Value split = gpu::BlockIdOp::create(b, gpu::Dimension::z);
  leaveSums(sums, [&](int64_t four) { return placeOf(split, four); });
  gpu::BarrierOp::create(b);
  when(equal(thread, idx(0)), [&] {
    Value flag = arith::ExtUIOp::create(b, b.getI32Type(),
                                        countArrival(cell, word(splits - 1)));
    memref::StoreOp::create(b, flag, isLastFlag, ValueRange{idx(0)});
  });
  gpu::BarrierOp::create(b);
  Value flag = memref::LoadOp::create(b, isLastFlag, ValueRange{idx(0)});
  Value isLast = arith::TruncIOp::create(b, b.getI1Type(), flag);
  when(isLast, [&] {
    // As a number that is not known the bound keeps the loop a loop: unrolled
    // it takes more registers than there are.
    Value count = gpu::GridDimOp::create(b, gpu::Dimension::z);
    store(addParts(idx(0), count, idx(1), sums.size(), placeOf));
  });
}

/// The first token of the lane's run \p run among the warp's tokens. Of a group
/// of fragments a lane has two columns, which are one run or two.
Value KernelBuilder::tokenOfRun(int64_t run) {
  const int64_t laneTokens = 2 * groupFragments;
  const int64_t before = run * runTokens;
  return add(add(add(tokenBase, warpToken),
                 before / laneTokens * 4 * laneTokens + before % laneTokens),
             mul(member, laneTokens));
}

/// The first token of what the lane has of chunks 2 · \p pair and the next one
/// after exchange(): half a chunk, of the second one where it is odd.
Value KernelBuilder::tokenOfPair(int64_t pair) {
  Value parity = rem(member, 2);
  Value inChunk = mul(sub(member, parity), runTokens);
  return add(add(add(tokenBase, warpToken), pair * 2 * chunkTokens),
             add(mul(parity, chunkTokens), inChunk));
}

/// \p count elements of a matrix.
Value KernelBuilder::loadRun(Value operand, Value row, Value token,
                             int64_t count) {
  Type type = cast<MemRefType>(operand.getType()).getElementType();
  const int64_t bytes = type.getIntOrFloatBitWidth() / 8 * count;
  return vector::LoadOp::create(b, VectorType::get({count}, type), operand,
                                ValueRange{row, token}, /*nontemporal=*/false,
                                llvm::MaybeAlign(bytes));
}

Value KernelBuilder::loadRunInside(Value operand, Value row, Value token,
                                   int64_t count) {
  return loadRun(operand, row, min(token, sub(numTokens, idx(count))), count);
}

/// Of words that four neighbours have of two chunks, \p first and \p second,
/// the even ones get two next to each other of the first chunk, the odd ones of
/// the second. Done twice it changes nothing.
std::pair<Value, Value> KernelBuilder::exchange(Value first, Value second) {
  Value isOdd = equal(rem(member, 2), idx(1));
  Value given = select(isOdd, first, second);
  Value taken = NVVM::ShflOp::create(b, b.getI32Type(), word(-1), given,
                                     word(1), word(31), NVVM::ShflKind::bfly,
                                     /*return_value_and_is_valid=*/UnitAttr());
  Value low = select(isOdd, taken, first), high = select(isOdd, second, taken);
  return {low, high};
}

/// (Behind the last token, where nothing is stored, it is that of others.)
void KernelBuilder::loadOfTokens() {
  ofTokens.assign(epilogueInputs.size(), {});
  if (!spec.epilogue || spec.tokenMajorOutput)
    return;
  for (auto [operand, input, loaded] :
       llvm::zip_equal(SpmmOp(spec.epilogue).getEpilogueInputs(),
                       epilogueInputs, ofTokens)) {
    if (spec.getEpilogueShape(operand) != EpilogueShape::OfToken)
      continue;
    for (size_t run = 0; run < getNumRuns(); ++run)
      loaded.push_back(
          loadRunInside(input, idx(0), tokenOfRun(run), runTokens));
  }
}

void KernelBuilder::forEachRow(
    ValueRange sums, llvm::function_ref<void(Value, ValueRange)> body) {
  const int64_t laneTokens = 2 * groupFragments;
  Value firstRow = add(add(mul(tileIndex, spec.tile), rowInTile), quad);
  for (int64_t slab = 0; slab < slabs; ++slab)
    for (int64_t half = 0; half < 2; ++half) {
      // The tokens of a group take turns among its fragments.
      SmallVector<Value> ofRow;
      for (int64_t group = 0; group < fragments; group += groupFragments)
        for (int64_t i = 0; i < laneTokens; ++i)
          ofRow.push_back(
              sums[(slab * fragments + group + i % groupFragments) * 4 +
                   half * 2 + i / groupFragments]);
      body(add(firstRow, slab * 16 + half * 8), ofRow);
    }
}

void KernelBuilder::store(ValueRange sums) {
  loadOfTokens();
  forEachRow(sums, [&](Value row, ValueRange ofRow) {
    if (pairsRuns)
      storeRowPaired(row, ofRow);
    else
      storeRow(row, ofRow);
  });
}

/// What is stored of a sum, and the elements of the epilogue's operands.
Value KernelBuilder::finishElement(Value sum, ArrayRef<Value> operands) {
  if (!spec.epilogue)
    return spec.outputType == sum.getType()
               ? sum
               : arith::TruncFOp::create(b, spec.outputType, sum).getResult();
  SmallVector<Value> arguments{sum};
  llvm::append_range(arguments, operands);
  return SpmmOp(spec.epilogue).inlineEpilogue(b, arguments);
}

/// What is stored of the sums of a run of tokens of a row. What there is of the
/// epilogue's operands is an element for all of them, or a vector.
Value KernelBuilder::finishRun(ValueRange sums, ArrayRef<Value> operands) {
  auto runType = VectorType::get({runTokens}, spec.outputType);
  if (!spec.epilogue) {
    // One instruction converts two.
    Value run = vector::FromElementsOp::create(
        b, VectorType::get({runTokens}, spec.getSumType()), sums);
    return run.getType() == runType
               ? run
               : arith::TruncFOp::create(b, runType, run).getResult();
  }
  SmallVector<Value> elements;
  for (auto [r, sum] : llvm::enumerate(sums)) {
    SmallVector<Value> ofToken;
    for (Value value : operands)
      ofToken.push_back(isa<VectorType>(value.getType())
                            ? vector::ExtractOp::create(b, value, r).getResult()
                            : value);
    elements.push_back(finishElement(sum, ofToken));
  }
  return vector::FromElementsOp::create(b, runType, elements);
}

void KernelBuilder::storeVector(Value vector, Value row, Value token) {
  auto type = cast<VectorType>(vector.getType());
  const int64_t bytes =
      type.getNumElements() * type.getElementTypeBitWidth() / 8;
  vector::StoreOp::create(b, vector, output, ValueRange{row, token},
                          /*nontemporal=*/false, llvm::MaybeAlign(bytes));
}

/// Stores them in a token-major Y, each by itself and if there is such a token.
void KernelBuilder::storeSingly(Value row, Value token, ValueRange sums,
                                ArrayRef<Value> known) {
  for (auto [r, sum] : llvm::enumerate(sums)) {
    Value mine = add(token, r);
    when(less(mine, numTokens), [&, sum = sum] {
      SmallVector<Value> operands;
      if (spec.epilogue)
        for (auto [operand, input, value] :
             llvm::zip_equal(SpmmOp(spec.epilogue).getEpilogueInputs(),
                             epilogueInputs, known)) {
          const bool isOfToken =
              spec.getEpilogueShape(operand) == EpilogueShape::OfToken;
          operands.push_back(
              value ? value
                    : memref::LoadOp::create(
                          b, input, ValueRange{mine, isOfToken ? idx(0) : row})
                          .getResult());
        }
      memref::StoreOp::create(b, finishElement(sum, operands), output,
                              ValueRange{mine, row});
    });
  }
}

KernelBuilder::OperandValues KernelBuilder::loadOfRow(Value row) {
  OperandValues ofRow;
  for (Value operand : epilogueInputs)
    ofRow.push_back(
        cast<MemRefType>(operand.getType()).getRank() == 1
            ? memref::LoadOp::create(b, operand, ValueRange{row}).getResult()
            : Value());
  return ofRow;
}

Value KernelBuilder::targetOf(Value row) {
  Value existing = min(row, sub(numRows, idx(1)));
  return rowIndex ? loadIndex(rowIndex, existing) : existing;
}

/// Stores what this lane has of row \p row, run by run.
void KernelBuilder::storeRow(Value row, ValueRange sums) {
  when(less(row, numRows), [&] {
    Value target = rowIndex ? loadIndex(rowIndex, row) : row;
    OperandValues ofRow = loadOfRow(target);
    for (size_t run = 0; run < getNumRuns(); ++run) {
      Value token = tokenOfRun(run);
      ValueRange ofRun = sums.slice(run * runTokens, runTokens);
      OperandValues known = ofRow;
      for (auto [value, loaded] : llvm::zip_equal(known, ofTokens))
        if (!loaded.empty())
          value = loaded[run];
      if (spec.tokenMajorOutput) {
        storeSingly(target, token, ofRun, known);
        continue;
      }
      when(less(token, numTokens), [&] {
        for (auto [operand, value] : llvm::zip_equal(epilogueInputs, known))
          if (!value)
            value = loadRun(operand, target, token, runTokens);
        storeVector(finishRun(ofRun, known), target, token);
      });
    }
  });
}

/// The operands of 16 bits are loaded as storeRowPaired() stores results.
std::pair<Value, Value> KernelBuilder::finishPair(Value target,
                                                  ArrayRef<Value> ofRow,
                                                  int64_t pair,
                                                  ValueRange sums) {
  OperandValues operands[] = {OperandValues(ofRow), OperandValues(ofRow)};
  for (auto [i, operand] : llvm::enumerate(epilogueInputs)) {
    Type element = cast<MemRefType>(operand.getType()).getElementType();
    if (ofRow[i])
      continue;
    if (ofTokens[i].empty() && isHalf(element)) {
      Value both =
          loadRunInside(operand, target, tokenOfPair(pair), 2 * runTokens);
      Value words = vector::BitCastOp::create(
          b, VectorType::get({2}, b.getI32Type()), both);
      Value low = vector::ExtractOp::create(b, words, 0);
      Value high = vector::ExtractOp::create(b, words, 1);
      auto [first, second] = exchange(low, high);
      auto type = VectorType::get({runTokens}, element);
      operands[0][i] = LLVM::BitcastOp::create(b, type, first);
      operands[1][i] = LLVM::BitcastOp::create(b, type, second);
      continue;
    }
    for (int64_t run : {0, 1})
      operands[run][i] =
          ofTokens[i].empty()
              ? loadRunInside(operand, target, tokenOfRun(2 * pair + run),
                              runTokens)
              : ofTokens[i][2 * pair + run];
  }
  Value first =
      finishRun(sums.slice(2 * pair * runTokens, runTokens), operands[0]);
  Value second =
      finishRun(sums.slice((2 * pair + 1) * runTokens, runTokens), operands[1]);
  return {first, second};
}

/// The same of 16-bit results, of which the runs of four lanes are half a
/// sector of the L2 cache: lanes exchange them with their neighbours, so that
/// each has eight bytes, and four of them a whole one. All lanes take part,
/// those too that have no row.
void KernelBuilder::storeRowPaired(Value row, ValueRange sums) {
  Value isRow = less(row, numRows);
  Value target = targetOf(row);
  OperandValues ofRow = loadOfRow(target);
  auto toWord = [&](Value run) {
    return LLVM::BitcastOp::create(b, b.getI32Type(), run).getResult();
  };
  for (int64_t pair = 0; pair < fragments / 2; ++pair) {
    auto [first, second] = finishPair(target, ofRow, pair, sums);
    Value firstWord = toWord(first), secondWord = toWord(second);
    auto [low, high] = exchange(firstWord, secondWord);
    Value both = vector::FromElementsOp::create(
        b, VectorType::get({2}, b.getI32Type()), ValueRange{low, high});
    Value stored = vector::BitCastOp::create(
        b, VectorType::get({2 * runTokens}, spec.outputType), both);
    Value token = tokenOfPair(pair);
    Value isInside = arith::AndIOp::create(b, isRow, less(token, numTokens));
    when(isInside, [&] { storeVector(stored, target, token); });
  }
}
