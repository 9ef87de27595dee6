//===- SpmmKernel.cpp - The mma.sp kernel of hinm.spmm --------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SpmmKernel.h"

#include "hinm/Dialect/HiNM/Utils/Epilogue.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace hinm;

namespace {
/// Kept columns of one k-block of the format, and of one mma.sp.
constexpr int64_t kBlock = 64, kStep = 32;
/// 16-bit elements of one 16-byte copy.
constexpr int64_t kChunk = 8;

/// The largest shared memory that a block may have on \p chip (CUDA C++
/// programming guide, table of compute capabilities); without one the largest
/// that any has, which the emulator gives.
int64_t getMaxSharedBytes(StringRef chip) {
  return 1024 * llvm::StringSwitch<int64_t>(chip)
                    .Cases({"sm_86", "sm_89", "sm_120", "sm_120a", "sm_120f",
                            "sm_121", "sm_121a", "sm_121f"},
                           99)
                    .Cases({"sm_80", "sm_87"}, 163)
                    .Default(227);
}

StringRef nameOf(Type type) {
  return type.isF16() ? "f16" : type.isBF16() ? "bf16" : "f32";
}
} // namespace

std::string SpmmKernelSpec::getName() const {
  std::string output =
      outputType.isF32() ? "" : ("_to_" + nameOf(outputType)).str();
  std::string patches;
  if (convolution) {
    llvm::raw_string_ostream os(patches);
    auto print = [&](StringRef key, ArrayRef<int64_t> sizes) {
      os << key;
      llvm::interleave(sizes, os, "x");
    };
    print("_i", convolution.getImage());
    print("k", convolution.getKernel());
    print("s", convolution.getStrides());
    print("d", convolution.getDilations());
  }
  // Epilogues that read alike are one.
  std::string suffix;
  if (epilogue) {
    std::string text;
    llvm::raw_string_ostream os(text);
    SpmmOp op = epilogue;
    for (Value operand : op.getEpilogueInputs())
      os << cast<ShapedType>(operand.getType()).getRank();
    Block &body = op.getEpilogue().front();
    for (Value argument : body.getArguments())
      os << argument.getType();
    llvm::DenseMap<Value, unsigned> numbers;
    for (Value argument : body.getArguments())
      numbers.insert({argument, numbers.size()});
    for (Operation &inner : body) {
      os << inner.getName() << inner.getAttrDictionary();
      llvm::interleave(inner.getResultTypes(), os, ",");
      for (Value operand : inner.getOperands())
        os << ' ' << numbers.lookup(operand);
      for (Value result : inner.getResults())
        numbers.insert({result, numbers.size()});
    }
    suffix =
        "_e" + llvm::utohexstr(llvm::xxh3_64bits(text), /*LowerCase=*/true);
  }
  return llvm::formatv(
             "hinm_spmm_{0}{1}_v{2}_m{3}n{4}k{5}s{6}w{7}x{8}{9}{10}{11}",
             nameOf(elementType), output, tile, schedule.getTileM(),
             schedule.getTileN(), schedule.getTileK(), schedule.getStages(),
             schedule.getWarpsM(), schedule.getWarpsN(),
             hasRowIndex ? "_rows" : "", patches, suffix)
      .str();
}

LogicalResult
SpmmKernelSpec::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                       StringRef chip) const {
  if (tile != 32 && tile != 64 && tile != 128 && tile != 256)
    return emitError() << "no kernel for tiles of " << tile
                       << " rows: V must be 32, 64, 128 or 256";
  if (tile % schedule.getTileM() != 0)
    return emitError() << "schedule: tile_m = " << schedule.getTileM()
                       << " does not divide the " << tile << " rows of a tile";
  if (schedule.getTileK() != kBlock)
    return emitError() << "schedule: the kernel takes tile_k = " << kBlock
                       << " kept columns a step, found " << schedule.getTileK();
  if (!llvm::isPowerOf2_64(schedule.getTileN()))
    return emitError() << "schedule: tile_n = " << schedule.getTileN()
                       << " is not a power of two, as the swizzle of shared "
                          "memory needs";
  if (schedule.getStages() < 2)
    return emitError() << "schedule: the kernel needs at least 2 stages";
  if (epilogue && failed(verifyEpilogue(emitError)))
    return failure();
  if (const int64_t most = getMaxSharedBytes(chip); getSharedBytes() > most)
    return emitError() << "schedule: the stages take " << getSharedBytes()
                       << " bytes of shared memory, more than " << most
                       << " of " << (chip.empty() ? "any chip" : chip);
  return success();
}

LogicalResult SpmmKernelSpec::verifyEpilogue(
    llvm::function_ref<InFlightDiagnostic()> emitError) const {
  SpmmOp op = epilogue;
  for (Value operand : op.getEpilogueInputs())
    if (!isEpilogueElement(getElementTypeOrSelf(operand.getType())))
      return emitError() << "no kernel with an epilogue of "
                         << getElementTypeOrSelf(operand.getType());
  if (!isEpilogueElement(outputType))
    return emitError() << "no kernel with an epilogue that yields "
                       << outputType;
  for (Operation &inner : op.getEpilogue().front().without_terminator())
    if (!isEpilogueOperation(&inner))
      return emitError() << "no kernel with '" << inner.getName()
                         << "' in its epilogue: arith, and of math what is "
                            "computed in f32 without a library";
  return success();
}

namespace {

/// Emits the body of one kernel. Everything whose trip count the schedule fixes
/// (slabs, column fragments, copies of a thread) is unrolled here.
class SpmmKernelBuilder {
public:
  SpmmKernelBuilder(OpBuilder &builder, Location loc,
                    const SpmmKernelSpec &spec)
      : b(loc, builder), spec(spec), schedule(spec.schedule),
        slabs(schedule.getTileM() / schedule.getWarpsM() / 16),
        fragments(schedule.getTileN() / schedule.getWarpsN() / 8) {}

  gpu::GPUFuncOp build();

private:
  void declareFunction();
  void computeCoordinates();
  void gather(Value block, Value slot);
  void gatherPatches(Value column, Value token, ValueRange place);
  void gatherIfAny(Value block, Value slot);
  SmallVector<Value> multiply(Value block, Value slot, ValueRange accumulators);
  SmallVector<Value> loopOverBlocks();
  void store(ValueRange accumulators);
  void storeFragment(Value rowBase, ValueRange accumulators);
  Value loadPair(Value operand, Value row, Value token);

  Value swizzle(Value row, Value chunk);
  Value operandRegister(Value pair);

  Value idx(int64_t value) {
    return arith::ConstantIndexOp::create(b, b.getLoc(), value);
  }
  Value add(Value x, Value y) { return arith::AddIOp::create(b, x, y); }
  Value add(Value x, int64_t y) { return y == 0 ? x : add(x, idx(y)); }
  Value mul(Value x, int64_t y) { return arith::MulIOp::create(b, x, idx(y)); }
  Value div(Value x, int64_t y) { return arith::DivUIOp::create(b, x, idx(y)); }
  Value rem(Value x, int64_t y) { return arith::RemUIOp::create(b, x, idx(y)); }
  Value less(Value x, Value y) {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::ult, x, y);
  }
  Value loadIndex(Value memref, Value position) {
    Value word = memref::LoadOp::create(b, memref, ValueRange{position});
    return arith::IndexCastOp::create(b, b.getIndexType(), word);
  }
  /// Emits \p body under `scf.if` \p condition.
  void when(Value condition, llvm::function_ref<void()> body) {
    auto branch = scf::IfOp::create(b, condition);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    body();
  }

  ImplicitLocOpBuilder b;
  const SpmmKernelSpec &spec;
  ScheduleAttr schedule;
  int64_t slabs;     // m16 slabs of a warp
  int64_t fragments; // n8 fragments of a warp

  gpu::GPUFuncOp func;
  Value values, metadata, columnList, input, rowIndex, output, shared;
  SmallVector<Value> epilogueInputs;
  Value numRows, numTokens;
  Value thread, lane, quad, member; // lane = 4 · quad + member
  Value tileIndex, rowInTile, tokenBase, warpToken;
  Value firstBlock, numBlocks, firstSlab;
};

void SpmmKernelBuilder::declareFunction() {
  MLIRContext *ctx = b.getContext();
  int64_t dyn = ShapedType::kDynamic;
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
  auto workgroup = gpu::AddressSpaceAttr::get(
      ctx, gpu::GPUDialect::getWorkgroupAddressSpace());
  auto ring = MemRefType::get(
      {schedule.getStages(), schedule.getTileK(), schedule.getTileN()},
      spec.elementType, MemRefLayoutAttrInterface(), workgroup);

  SmallVector<Type> attributions;
  if (!spec.needsDynamicSharedMemory())
    attributions.push_back(ring);
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
  Value tileOffsets = argument();
  input = argument();
  if (spec.hasRowIndex)
    rowIndex = argument();
  if (spec.epilogue)
    for (size_t i = 0; i < SpmmOp(spec.epilogue).getEpilogueInputs().size();
         ++i)
      epilogueInputs.push_back(argument());
  output = argument();

  if (spec.needsDynamicSharedMemory()) {
    auto bytes = MemRefType::get({dyn}, b.getI8Type(),
                                 MemRefLayoutAttrInterface(), workgroup);
    Value memory = gpu::DynamicSharedMemoryOp::create(b, bytes);
    shared = memref::ViewOp::create(b, ring, memory, idx(0), ValueRange{});
  } else {
    shared = func.getWorkgroupAttributions().front();
    // cp.async and ldmatrix move 16 bytes.
    func.setWorkgroupAttributionAttr(0, LLVM::LLVMDialect::getAlignAttrName(),
                                     b.getI64IntegerAttr(16));
  }

  int64_t blocksOfTile = spec.tile / schedule.getTileM();
  Value blockX = gpu::BlockIdOp::create(b, gpu::Dimension::x);
  tileIndex = blocksOfTile == 1 ? blockX : div(blockX, blocksOfTile);
  rowInTile = mul(rem(blockX, blocksOfTile), schedule.getTileM());
  Value begin = loadIndex(tileOffsets, tileIndex);
  Value end = loadIndex(tileOffsets, add(tileIndex, 1));
  firstBlock = div(begin, kBlock);
  numBlocks = arith::SubIOp::create(b, div(end, kBlock), firstBlock);
}

void SpmmKernelBuilder::computeCoordinates() {
  numRows = memref::DimOp::create(b, output, 0);
  numTokens = memref::DimOp::create(b, output, 1);
  thread = gpu::ThreadIdOp::create(b, gpu::Dimension::x);
  lane = rem(thread, 32);
  quad = div(lane, 4);
  member = rem(lane, 4);
  Value warp = div(thread, 32);
  // The warps of one row of warps are neighbours: they load the same A.
  Value warpM = div(warp, schedule.getWarpsN());
  Value warpN = rem(warp, schedule.getWarpsN());
  rowInTile = add(rowInTile, mul(warpM, slabs * 16));
  firstSlab = div(rowInTile, 16);
  tokenBase =
      mul(gpu::BlockIdOp::create(b, gpu::Dimension::y), schedule.getTileN());
  warpToken = mul(warpN, fragments * 8);
}

/// The place of 16-byte chunk \p chunk of shared row \p row: an XOR with bits
/// of the row, so that the eight rows of an ldmatrix lie in different banks.
Value SpmmKernelBuilder::swizzle(Value row, Value chunk) {
  int64_t chunks = std::min<int64_t>(schedule.getTileN() / kChunk, 8);
  if (chunks == 1)
    return chunk;
  // Rows shorter than the 128 bytes of all banks: several share a line.
  Value line = chunks == 8 ? row : div(row, 8 / chunks);
  return arith::XOrIOp::create(b, chunk, rem(line, chunks));
}

/// Starts the copies of k-block \p block (relative to the tile) into \p slot.
void SpmmKernelBuilder::gather(Value block, Value slot) {
  int64_t chunks = schedule.getTileN() / kChunk;
  int64_t total = kBlock * chunks, threads = spec.getNumThreads();
  Value listBase = mul(add(firstBlock, block), kBlock);
  for (int64_t first = 0; first < total; first += threads) {
    auto copy = [&] {
      Value position = add(thread, first);
      Value row = div(position, chunks), chunk = rem(position, chunks);
      Value column = loadIndex(columnList, add(listBase, row));
      Value token = add(tokenBase, mul(chunk, kChunk));
      if (spec.convolution) {
        Value place = mul(swizzle(row, chunk), kChunk);
        return gatherPatches(column, token, {slot, row, place});
      }
      // N is a multiple of 8, so a chunk is wholly inside or wholly outside;
      // outside, nothing is read and the chunk is filled with zeros.
      Value inside = less(token, numTokens);
      Value count =
          arith::SelectOp::create(b, inside, idx(kChunk), idx(0)).getResult();
      Value source =
          arith::SelectOp::create(b, inside, token, idx(0)).getResult();
      Value place = mul(swizzle(row, chunk), kChunk);
      nvgpu::DeviceAsyncCopyOp::create(
          b, nvgpu::DeviceAsyncTokenType::get(b.getContext()), shared,
          ValueRange{slot, row, place}, input, ValueRange{column, source},
          b.getIndexAttr(kChunk), count, /*bypassL1=*/b.getUnitAttr());
    };
    if (first + threads <= total)
      copy();
    else
      when(less(thread, idx(total - first)), copy);
  }
}

/// Loads row \p column of the patches for the eight pixels from \p token on and
/// stores them at \p place. Their elements lie anywhere in the image, so that
/// nothing wider than one of them could be copied. What lies behind the last
/// pixel is filled with zeros.
void SpmmKernelBuilder::gatherPatches(Value column, Value token,
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

/// As gather, if the tile has k-block \p block. The group is committed either
/// way, so that the wait can count groups.
void SpmmKernelBuilder::gatherIfAny(Value block, Value slot) {
  when(less(block, numBlocks), [&] { gather(block, slot); });
  NVVM::CpAsyncCommitGroupOp::create(b);
}

/// A 32-bit register of two elements as mma.sp wants it: vector<2xf16> for f16,
/// i32 for bf16.
Value SpmmKernelBuilder::operandRegister(Value pair) {
  Type wanted = spec.elementType.isF16()
                    ? Type(VectorType::get({2}, b.getF16Type()))
                    : Type(b.getI32Type());
  if (pair.getType() == wanted)
    return pair;
  return LLVM::BitcastOp::create(b, wanted, pair);
}

/// Multiplies k-block \p block, whose X is in \p slot; returns the new sums.
SmallVector<Value> SpmmKernelBuilder::multiply(Value block, Value slot,
                                               ValueRange accumulators) {
  SmallVector<Value> sums(accumulators);
  MLIRContext *ctx = b.getContext();
  int64_t slabsOfTile = spec.tile / 16;
  auto rawType = VectorType::get({kChunk}, spec.elementType);
  auto wordsType = VectorType::get({4}, b.getI32Type());
  auto tilesType = VectorType::get({4, 2}, spec.elementType);
  Type f32 = b.getF32Type();
  Type sumType = LLVM::LLVMStructType::getLiteral(ctx, {f32, f32, f32, f32});
  auto shape = NVVM::MMAShapeAttr::get(ctx, 16, 8, kStep);
  auto operandKind = NVVM::MMATypesAttr::get(ctx, spec.elementType.isF16()
                                                      ? NVVM::MMATypes::f16
                                                      : NVVM::MMATypes::bf16);

  // A: one 16-byte load a slab and k-step; one metadata word a slab.
  SmallVector<Value> meta;
  SmallVector<SmallVector<SmallVector<Value>, 2>> a(slabs);
  Value blockBase = mul(add(firstBlock, block), slabsOfTile);
  for (int64_t slab = 0; slab < slabs; ++slab) {
    Value unit = add(add(blockBase, firstSlab), slab);
    meta.push_back(memref::LoadOp::create(
        b, metadata, ValueRange{add(mul(unit, 32), lane)}));
    for (int64_t step = 0; step < kBlock / kStep; ++step) {
      Value position = add(add(mul(unit, 512), 256 * step), mul(lane, 8));
      Value raw =
          vector::LoadOp::create(b, rawType, values, position,
                                 /*nontemporal=*/false, llvm::MaybeAlign(16));
      Value words = vector::BitCastOp::create(b, wordsType, raw);
      SmallVector<Value> registers;
      for (int64_t r = 0; r < 4; ++r)
        registers.push_back(
            operandRegister(vector::ExtractOp::create(b, words, r)));
      a[slab].push_back(registers);
    }
  }

  for (int64_t step = 0; step < kBlock / kStep; ++step) {
    Value selector = LLVM::ConstantOp::create(b, b.getI32Type(), step);
    Value row = add(lane, kStep * step);
    for (int64_t fragment = 0; fragment < fragments; ++fragment) {
      Value chunk = add(div(warpToken, kChunk), fragment);
      Value place = mul(swizzle(row, chunk), kChunk);
      Value tiles = nvgpu::LdMatrixOp::create(b, tilesType, shared,
                                              ValueRange{slot, row, place},
                                              /*transpose=*/true,
                                              /*numTiles=*/4);
      SmallVector<Value> x;
      for (int64_t r = 0; r < 4; ++r)
        x.push_back(operandRegister(vector::ExtractOp::create(b, tiles, r)));
      for (int64_t slab = 0; slab < slabs; ++slab) {
        MutableArrayRef<Value> sum =
            MutableArrayRef(sums).slice((slab * fragments + fragment) * 4, 4);
        Value product = NVVM::MmaSpOp::create(
            b, sumType, shape, /*intOverflowBehavior=*/nullptr, operandKind,
            operandKind, /*orderedMetadata=*/b.getUnitAttr(), /*kind=*/nullptr,
            a[slab][step], x, ValueRange(sum), meta[slab], selector);
        for (int64_t r = 0; r < 4; ++r)
          sum[r] = LLVM::ExtractValueOp::create(b, product, r);
      }
    }
  }
  return sums;
}

/// The ring: while k-block i is multiplied, the next stages − 1 are on their
/// way. Returns the sums.
SmallVector<Value> SpmmKernelBuilder::loopOverBlocks() {
  int64_t stages = schedule.getStages();
  for (int64_t stage = 0; stage < stages - 1; ++stage)
    gatherIfAny(idx(stage), idx(stage));

  Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0.0f));
  SmallVector<Value> initial = {idx(0), idx(stages - 1)};
  initial.append(slabs * fragments * 4, zero);
  auto loop = scf::ForOp::create(b, idx(0), numBlocks, idx(1), initial);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value block = loop.getInductionVar();
    Value readSlot = loop.getRegionIterArgs()[0];
    Value writeSlot = loop.getRegionIterArgs()[1];
    // One barrier a step does for both: this step's rows are there for every
    // warp, and every warp is done with the slot that is written next.
    NVVM::CpAsyncWaitGroupOp::create(b, stages - 2);
    gpu::BarrierOp::create(b);
    gatherIfAny(add(block, stages - 1), writeSlot);
    SmallVector<Value> results = {nullptr, nullptr};
    results.append(
        multiply(block, readSlot, loop.getRegionIterArgs().drop_front(2)));
    auto advance = [&](Value slot) -> Value {
      Value next = add(slot, 1);
      Value wraps =
          arith::CmpIOp::create(b, arith::CmpIPredicate::eq, next, idx(stages));
      return arith::SelectOp::create(b, wraps, idx(0), next);
    };
    results[0] = advance(readSlot);
    results[1] = advance(writeSlot);
    scf::YieldOp::create(b, results);
  }
  return SmallVector<Value>(loop.getResults().drop_front(2));
}

/// Two neighbours of the matrix \p operand, from (\p row, \p token) on.
Value SpmmKernelBuilder::loadPair(Value operand, Value row, Value token) {
  Type element = cast<MemRefType>(operand.getType()).getElementType();
  const int64_t bytes = element.getIntOrFloatBitWidth() / 4;
  return vector::LoadOp::create(b, VectorType::get({2}, element), operand,
                                ValueRange{row, token}, /*nontemporal=*/false,
                                llvm::MaybeAlign(bytes));
}

/// Stores two rows' worth of one slab: sums 2h, 2h+1 of each fragment belong to
/// row `rowBase`, tokens 2 · member and the next.
void SpmmKernelBuilder::storeFragment(Value row, ValueRange accumulators) {
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
      when(less(token, numTokens), [&] {
        auto pairType = VectorType::get({2}, b.getF32Type());
        Value pair;
        if (spec.epilogue) {
          SmallVector<Value> pairs;
          for (auto [operand, element] : llvm::zip_equal(epilogueInputs, ofRow))
            pairs.push_back(element ? Value()
                                    : loadPair(operand, target, token));
          SmallVector<Value> elements;
          for (int64_t r = 0; r < 2; ++r) {
            SmallVector<Value> arguments{accumulators[fragment * 2 + r]};
            for (auto [element, loaded] : llvm::zip_equal(ofRow, pairs))
              arguments.push_back(
                  element
                      ? element
                      : vector::ExtractOp::create(b, loaded, r).getResult());
            elements.push_back(
                SpmmOp(spec.epilogue).inlineEpilogue(b, arguments));
          }
          pair = vector::FromElementsOp::create(
              b, VectorType::get({2}, spec.outputType), elements);
        } else {
          pair = vector::FromElementsOp::create(
              b, pairType, accumulators.slice(fragment * 2, 2));
          if (!spec.outputType.isF32())
            pair = arith::TruncFOp::create(
                b, VectorType::get({2}, spec.outputType), pair);
        }
        int64_t bytes = spec.outputType.isF32() ? 8 : 4;
        vector::StoreOp::create(b, pair, output, ValueRange{target, token},
                                /*nontemporal=*/false, llvm::MaybeAlign(bytes));
      });
    }
  });
}

void SpmmKernelBuilder::store(ValueRange accumulators) {
  Value firstRow = add(add(mul(tileIndex, spec.tile), rowInTile), quad);
  for (int64_t slab = 0; slab < slabs; ++slab)
    for (int64_t half = 0; half < 2; ++half) {
      SmallVector<Value> sums;
      for (int64_t fragment = 0; fragment < fragments; ++fragment)
        for (int64_t r = 0; r < 2; ++r)
          sums.push_back(
              accumulators[(slab * fragments + fragment) * 4 + half * 2 + r]);
      storeFragment(add(firstRow, slab * 16 + half * 8), sums);
    }
}

gpu::GPUFuncOp SpmmKernelBuilder::build() {
  declareFunction();
  computeCoordinates();
  store(loopOverBlocks());
  gpu::ReturnOp::create(b);
  return func;
}
} // namespace

gpu::GPUFuncOp hinm::buildSpmmKernel(OpBuilder &builder, Location loc,
                                     const SpmmKernelSpec &spec) {
  OpBuilder::InsertionGuard guard(builder);
  return SpmmKernelBuilder(builder, loc, spec).build();
}
