//===- WarpSpecializedKernel.cpp - Warps that gather, warps of wgmma.sp ---===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PersistentKernel.h"
#include "hinm/Target/NVVM/SparseWgmma.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace hinm;

namespace {

constexpr int64_t kWarpgroup = 128;
/// Tokens of one row of the 128-byte swizzle, and bytes of such a row.
constexpr int64_t kAtom = 64, kAtomBytes = 128;
/// A stage and its atoms start at multiples of what the swizzle repeats after.
constexpr int64_t kAlignment = 1024;
constexpr int64_t kBarrierBytes = 8;
/// Sums of a block for which its consumers have registers.
constexpr int64_t kMaxSums = 128 * 256;

int64_t getNumConsumers(ScheduleAttr schedule) {
  return schedule.getTileM() / 64;
}

/// How the registers of a processor are divided, as setmaxnreg takes them; none
/// where equal shares are enough: several blocks may then fit.
struct RegisterShares {
  int64_t producer, consumer;
};
std::optional<RegisterShares> getRegisterShares(ScheduleAttr schedule) {
  if (schedule.getTileN() == kAtom)
    return std::nullopt;
  switch (getNumConsumers(schedule)) {
  case 1:
    return std::nullopt;
  case 2:
    return RegisterShares{72, 216}; // of 3 · 168
  default:
    return RegisterShares{64, 104}; // of 5 · 96
  }
}

/// Rows of Y that a warp has in shared memory at a time, on their way out: half
/// of its rows, those of one half of the registers of sums.
constexpr int64_t kStagedRows = 8;
/// Elements from one of them to the next: eight more than there are, so that
/// the same tokens of all rows lie in different banks.
int64_t getStagedPitch(const SpmmKernelSpec &spec) {
  return spec.schedule.getTileN() + 8;
}

/// Where things are in the shared memory of a block, in bytes from a multiple
/// of kAlignment.
struct SharedLayout {
  explicit SharedLayout(const SpmmKernelSpec &spec)
      : SharedLayout(spec, spec.schedule) {}
  SharedLayout(const SpmmKernelSpec &spec, ScheduleAttr schedule)
      : inputStage(schedule.getTileN() / kAtom * schedule.getTileK() *
                   kAtomBytes),
        valuesStage(schedule.getTileM() * schedule.getTileK()),
        metadataStage(schedule.getTileM() * 8),
        values(schedule.getStages() * inputStage),
        metadata(values + schedule.getStages() * valuesStage),
        barriers(metadata + schedule.getStages() * metadataStage),
        plan(barriers + 2 * schedule.getStages() * kBarrierBytes),
        staging(plan + PersistentKernel::getPlanBytes(schedule)),
        total(staging) {
    if (schedule.getStores() == ResultStores::Bulk)
      total += schedule.getWarpsM() * kStagedRows * getStagedPitch(spec) *
               spec.outputType.getIntOrFloatBitWidth() / 8;
  }

  int64_t inputStage, valuesStage, metadataStage;
  int64_t values, metadata, barriers, plan, staging, total;
};

/// One warpgroup, the producer, gathers the rows of X for the stages of a ring,
/// and has the weights copied there too. The others, the consumers, multiply
/// 64 rows each by wgmma.sp. Two mbarriers a stage hand it over: `full` counts
/// the producer's copies, `empty` the warps that are done with it.
///
/// The blocks of a cluster have the same rows, and so the same weights, for
/// neighbouring tokens. Each copies a part of them to all: a stage is empty
/// when the consumers of all of them are done with it.
class WarpSpecializedKernel : PersistentKernel {
public:
  WarpSpecializedKernel(OpBuilder &builder, Location loc,
                        const SpmmKernelSpec &spec)
      : PersistentKernel(builder, loc, spec), layout(spec),
        stages(schedule.getStages()), chunks(schedule.getTileN() / kChunk),
        consumers(getNumConsumers(schedule)) {}

  gpu::GPUFuncOp build();

private:
  /// A stage of the ring, and the parity of the turn that it is used in: words.
  struct Place {
    Value slot, parity;
  };

  void divideSharedMemory();
  void initBarriers();
  Value getSharedPointer(Value memref) {
    return getPointer(memref, NVVM::NVVMMemorySpace::Shared);
  }
  Value offsetBy(Value pointer, Value slot, int64_t pitch);
  Value full(Value slot) { return offsetBy(barriers, slot, kBarrierBytes); }
  Value empty(Value slot) {
    return offsetBy(barriers, add(slot, stages), kBarrierBytes);
  }
  void fenceProxy();
  void syncBlocks();
  void waitFor(Value barrier, Value parity);
  Place advance(Place place);
  void setRegisters(bool isProducer);

  void forEachPlace(llvm::function_ref<Place(Place)> body);
  Place produce(Place place);
  Value loadColumns(Value block);
  void copyWeights(Value block, Value slot);
  void gather(Value columns, Value slot);

  Place consume(Place place);
  void receive(Place place);
  void release(Value slot);
  SmallVector<Value> loadWeights(Value slot);
  SmallVector<Value> multiply(Value slot, ArrayRef<Value> weights,
                              SmallVector<Value> sums);

  void store(ValueRange sums) override;
  void waitForRows();
  void stageRow(Value target, ValueRange sums);
  void copyRows(Value firstRow);

  SharedLayout layout;
  int64_t stages;
  int64_t chunks; // of a row of X
  int64_t consumers;

  Value warp; // in the block, a word, known to be the same for its lanes
  // Of all stages: X, values and metadata, as memrefs and as pointers.
  Value inputRing, valuesRing, metadataRing;
  Value valuesPointer, metadataPointer, barriers;
  Value staging, stagingPointer; // of bulk stores
  Value barriersOfBlock;         // in the cluster, each lane another's
  Value descriptor;              // of X in the first stage
  // Of the producer: X from the lane's tokens on, and the pitch of its rows.
  Value source;
  Value pitch;
};

gpu::GPUFuncOp WarpSpecializedKernel::build() {
  declareFunction(/*sharedSizes=*/{});
  // setmaxnreg needs a known number of registers at the launch: with one block
  // a processor it is all there are.
  if (getRegisterShares(schedule))
    func->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                  b.getI32IntegerAttr(1));
  if (cluster > 1)
    func.setKnownClusterSizeAttr(
        b.getDenseI32ArrayAttr({static_cast<int32_t>(cluster), 1, 1}));
  computeCoordinates();
  divideSharedMemory();
  initBarriers();

  Value isConsumer = less(warp, word(4 * consumers));
  auto branch = scf::IfOp::create(b, isConsumer, /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    setRegisters(/*isProducer=*/false);
    forEachPlace([&](Place place) { return consume(place); });
    // Shared memory has to be there until it is read.
    if (schedule.getStores() == ResultStores::Bulk)
      waitForRows();
    b.setInsertionPointToStart(branch.elseBlock());
    setRegisters(/*isProducer=*/true);
    forEachPlace([&](Place place) { return produce(place); });
  }
  // Arrivals of others come to this block's shared memory until they end, too.
  if (cluster > 1)
    syncBlocks();
  gpu::ReturnOp::create(b);
  return func;
}

//===----------------------------------------------------------------------===//
// Shared memory and barriers
//===----------------------------------------------------------------------===//

/// \p pointer, \p slot times \p pitch bytes further on.
Value WarpSpecializedKernel::offsetBy(Value pointer, Value slot,
                                      int64_t pitch) {
  Value bytes = arith::ExtUIOp::create(b, b.getI64Type(), mul(slot, pitch));
  return LLVM::GEPOp::create(b, pointer.getType(), b.getI8Type(), pointer,
                             ArrayRef<LLVM::GEPArg>{bytes});
}

void WarpSpecializedKernel::divideSharedMemory() {
  auto workgroup = gpu::AddressSpaceAttr::get(
      b.getContext(), gpu::GPUDialect::getWorkgroupAddressSpace());
  auto typeOf = [&](ArrayRef<int64_t> sizes, Type element) {
    return MemRefType::get(sizes, element, MemRefLayoutAttrInterface(),
                           workgroup);
  };
  // Nobody promises more than 16 bytes of alignment.
  Value start = memref::ExtractAlignedPointerAsIndexOp::create(b, memory);
  Value unaligned = rem(start, kAlignment);
  Value base = rem(sub(idx(kAlignment), unaligned), kAlignment);
  auto view = [&](int64_t offset, ArrayRef<int64_t> sizes, Type element) {
    return memref::ViewOp::create(b, typeOf(sizes, element), memory,
                                  add(base, offset), ValueRange())
        .getResult();
  };
  const int64_t slabsOfBlock = schedule.getTileM() / 16;
  inputRing = view(0, {stages, schedule.getTileN() / kAtom, kBlock, kAtom},
                   spec.elementType);
  valuesRing = view(layout.values, {stages, slabsOfBlock, kSteps, 32 * kChunk},
                    spec.elementType);
  metadataRing =
      view(layout.metadata, {stages, slabsOfBlock, 32}, b.getI32Type());
  barriers = getSharedPointer(
      view(layout.barriers, {2 * stages * kBarrierBytes}, b.getI8Type()));
  if (const int64_t bytes = getPlanBytes(schedule))
    divideWork(view(layout.plan, {bytes / 4}, b.getI32Type()));
  else
    divideWork(/*planMemory=*/Value());
  if (schedule.getStores() == ResultStores::Bulk) {
    staging = view(layout.staging,
                   {schedule.getWarpsM(), kStagedRows, getStagedPitch(spec)},
                   spec.outputType);
    stagingPointer = getSharedPointer(staging);
  }
  valuesPointer = getSharedPointer(valuesRing);
  metadataPointer = getSharedPointer(metadataRing);

  // X is MN-major, in atoms of 8 rows of 128 bytes with the swizzle of that
  // width (mode 1). From 8 rows to the next 8 it is one atom, from 64 tokens to
  // the next 64 it is kBlock rows.
  constexpr int64_t stride = 8 * kAtomBytes, leading = kBlock * kAtomBytes;
  const int64_t fields =
      (leading >> 4 << 16) | (stride >> 4 << 32) | (int64_t(1) << 62);
  Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, inputRing);
  Value low = arith::AndIOp::create(b, address, idx((1 << 18) - 1));
  Value start16 = arith::IndexCastOp::create(b, b.getI64Type(), div(low, 16));
  Value rest = arith::ConstantOp::create(b, b.getI64IntegerAttr(fields));
  descriptor = arith::OrIOp::create(b, start16, rest);
}

/// Thread 0 sets up the barriers for all, and for the async proxy, which bulk
/// copies use.
void WarpSpecializedKernel::initBarriers() {
  when(equal(thread, idx(0)), [&] {
    for (int64_t stage = 0; stage < stages; ++stage) {
      // Each producer's gathers, and the bulk copies that one of them starts.
      NVVM::MBarrierInitOp::create(b, full(word(stage)), word(kWarpgroup + 1),
                                   /*predicate=*/Value());
      NVVM::MBarrierInitOp::create(b, empty(word(stage)),
                                   word(4 * consumers * cluster),
                                   /*predicate=*/Value());
    }
    NVVM::FenceMbarrierInitOp::create(b);
  });
  syncBlocks();
  // The lanes of a warp agree on its number; ptxas has to see that they do.
  warp = shuffle(toWord(div(thread, 32)), word(0));
  if (cluster == 1)
    return;
  barriersOfBlock = NVVM::MapaOp::create(
      b, getPointerType(NVVM::NVVMMemorySpace::SharedCluster), barriers,
      toWord(rem(lane, cluster)));
}

/// The async proxy sees what the thread knows of shared memory.
void WarpSpecializedKernel::fenceProxy() {
  NVVM::FenceProxyOp::create(
      b,
      NVVM::ProxyKindAttr::get(b.getContext(), NVVM::ProxyKind::async_shared),
      NVVM::SharedSpaceAttr::get(b.getContext(),
                                 NVVM::SharedSpace::shared_cta));
}

/// Waits for all threads of the block, or of its cluster.
void WarpSpecializedKernel::syncBlocks() {
  if (cluster == 1) {
    gpu::BarrierOp::create(b);
    return;
  }
  NVVM::ClusterArriveOp::create(b, /*aligned=*/b.getUnitAttr());
  NVVM::ClusterWaitOp::create(b, /*aligned=*/b.getUnitAttr());
}

/// Waits until the phase of parity \p parity has ended.
void WarpSpecializedKernel::waitFor(Value barrier, Value parity) {
  auto loop = scf::WhileOp::create(b, TypeRange(), ValueRange());
  OpBuilder::InsertionGuard guard(b);
  b.createBlock(&loop.getBefore());
  Value isDone = NVVM::MBarrierTryWaitOp::create(b, b.getI1Type(), barrier,
                                                 parity, /*ticks=*/Value());
  Value isPending = arith::XOrIOp::create(
      b, isDone, arith::ConstantOp::create(b, b.getBoolAttr(true)));
  scf::ConditionOp::create(b, isPending, ValueRange());
  b.createBlock(&loop.getAfter());
  scf::YieldOp::create(b);
}

WarpSpecializedKernel::Place WarpSpecializedKernel::advance(Place place) {
  Value next = add(place.slot, 1);
  Value wraps = equal(next, word(stages));
  Value turned = arith::XOrIOp::create(b, place.parity, word(1));
  return {select(wraps, word(0), next), select(wraps, turned, place.parity)};
}

void WarpSpecializedKernel::setRegisters(bool isProducer) {
  std::optional<RegisterShares> shares = getRegisterShares(schedule);
  if (!shares)
    return;
  NVVM::SetMaxRegisterOp::create(
      b, isProducer ? shares->producer : shares->consumer,
      isProducer ? NVVM::SetMaxRegisterAction::decrease
                 : NVVM::SetMaxRegisterAction::increase);
}

/// Runs \p body for each tile, of which the producer gathers the next one while
/// the consumers store. It goes on in the ring at the given place and returns
/// where it ends.
void WarpSpecializedKernel::forEachPlace(
    llvm::function_ref<Place(Place)> body) {
  forEachTile({word(0), word(0)}, [&](MutableArrayRef<Value> carried) {
    Place end = body({carried[0], carried[1]});
    carried[0] = end.slot;
    carried[1] = end.parity;
  });
}

//===----------------------------------------------------------------------===//
// The producer
//===----------------------------------------------------------------------===//

/// A warp of the producer gathers 16 of the 64 rows of a k-block. Each lane
/// holds the column of one of them, and asks the others for theirs.
Value WarpSpecializedKernel::loadColumns(Value block) {
  Value row = add(mul(rem(warp, 4), 16), toWord(rem(lane, 16)));
  Value place = toIndex(add(mul(add(firstBlock, block), kBlock), row));
  // Nothing is behind the list of a last tile that is empty.
  Value last = add(memref::DimOp::create(b, columnList, 0), -1);
  return loadColumn(min(place, last));
}

/// One thread has the weights of the block's rows copied, which the format
/// stores one after the other; in a cluster its part of them, to all blocks.
void WarpSpecializedKernel::copyWeights(Value block, Value slot) {
  Value unit = add(mul(add(firstBlock, block), spec.tile / 16),
                   toWord(div(blockRow, 16)));
  Value everyone;
  if (cluster > 1)
    everyone =
        arith::ConstantOp::create(b, b.getI16IntegerAttr((1 << cluster) - 1));
  auto copy = [&](Value source, Value position, Value target, int64_t pitch) {
    auto type = cast<MemRefType>(source.getType());
    const int64_t bytes = type.getElementTypeBitWidth() / 8;
    const int64_t part = pitch / cluster;
    Value from = getPointer(
        source, NVVM::NVVMMemorySpace::Global,
        add(mul(toIndex(position), bytes), toIndex(mul(rank, part))));
    Value to = LLVM::AddrSpaceCastOp::create(
        b, getPointerType(NVVM::NVVMMemorySpace::SharedCluster),
        offsetBy(offsetBy(target, slot, pitch), rank, part));
    NVVM::CpAsyncBulkGlobalToSharedClusterOp::create(
        b, to, from, full(slot), word(part), everyone,
        /*l2CacheHint=*/streamPolicy);
  };
  when(equal(thread, idx(kWarpgroup * consumers)), [&] {
    // The parts of all blocks come.
    NVVM::MBarrierArriveExpectTxOp::create(
        b, TypeRange(), full(slot),
        word(layout.valuesStage + layout.metadataStage),
        NVVM::MemScopeKind::CTA,
        /*relaxed=*/false, /*predicate=*/Value());
    copy(values, mul(unit, kSteps * 32 * kChunk), valuesPointer,
         layout.valuesStage);
    copy(metadata, mul(unit, 32), metadataPointer, layout.metadataStage);
  });
}

/// Starts the copies of a k-block. A lane copies the same tokens of every row
/// that it copies of.
void WarpSpecializedKernel::gather(Value columns, Value slot) {
  const int64_t rows = 32 / chunks; // that the warp copies at once
  Value chunk = rem(lane, chunks);
  for (int64_t i = 0; i < 16 / rows; ++i) {
    Value row = add(div(lane, chunks), rows * i);
    Value column = shuffle(columns, toWord(row));
    Value stageRow = add(mul(toIndex(rem(warp, 4)), 16), row);
    Value place = arith::XOrIOp::create(b, rem(chunk, 8), rem(stageRow, 8));
    copyTokens(source, column, pitch, inputRing,
               {toIndex(slot), div(chunk, 8), stageRow, mul(place, kChunk)});
  }
}

WarpSpecializedKernel::Place WarpSpecializedKernel::produce(Place start) {
  pitch = toWord(memref::DimOp::create(b, input, 1));
  source = startAt(add(tokenBase, mul(rem(lane, chunks), kChunk)));
  auto loop =
      scf::ForOp::create(b, word(0), numBlocks, word(1),
                         {start.slot, start.parity, loadColumns(word(0))});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value block = loop.getInductionVar();
  Place place = {loop.getRegionIterArgs()[0], loop.getRegionIterArgs()[1]};
  // Ahead of the wait, lest the next gather waits for them.
  Value nextColumns = loadColumns(add(block, 1));
  // Of the turn before; in the first turn there is none to wait for.
  waitFor(empty(place.slot), arith::XOrIOp::create(b, place.parity, word(1)));
  copyWeights(block, place.slot);
  gather(loop.getRegionIterArgs()[2], place.slot);
  NVVM::CpAsyncMBarrierArriveOp::create(b, full(place.slot), /*noinc=*/true);
  Place next = advance(place);
  scf::YieldOp::create(b, ValueRange{next.slot, next.parity, nextColumns});
  return {loop.getResult(0), loop.getResult(1)};
}

//===----------------------------------------------------------------------===//
// The consumers
//===----------------------------------------------------------------------===//

/// Waits for a stage.
void WarpSpecializedKernel::receive(Place place) {
  waitFor(full(place.slot), place.parity);
  // The gathers were of the generic proxy, wgmma reads by the async one. Who
  // has waited for the copies fences them: their issuer never learns of their
  // end.
  fenceProxy();
}

/// One lane gives a stage back for its warp, once all have read it. In a
/// cluster each block is told by a lane: with the scope of a block, as nothing
/// is to be seen there but that the reads have ended (more would be a fence of
/// memory).
void WarpSpecializedKernel::release(Value slot) {
  NVVM::SyncWarpOp::create(b, word(-1));
  when(less(lane, idx(cluster)), [&] {
    if (cluster == 1)
      NVVM::MBarrierArriveOp::create(b, b.getI64Type(), empty(slot),
                                     /*count=*/Value());
    else
      NVVM::MBarrierArriveOp::create(
          b, Type(),
          offsetBy(barriersOfBlock, add(slot, stages), kBarrierBytes),
          /*count=*/Value());
  });
}

/// This lane's weights: a metadata word, then four registers a k-step.
SmallVector<Value> WarpSpecializedKernel::loadWeights(Value slot) {
  SmallVector<Value> weights = {memref::LoadOp::create(
      b, metadataRing, ValueRange{toIndex(slot), toIndex(warp), lane})};
  auto rawType = VectorType::get({kChunk}, spec.elementType);
  auto wordsType = VectorType::get({4}, b.getI32Type());
  for (int64_t step = 0; step < kSteps; ++step) {
    Value raw = vector::LoadOp::create(
        b, rawType, valuesRing,
        ValueRange{toIndex(slot), toIndex(warp), idx(step), mul(lane, kChunk)},
        /*nontemporal=*/false, llvm::MaybeAlign(16));
    Value words = vector::BitCastOp::create(b, wordsType, raw);
    for (int64_t r = 0; r < 4; ++r)
      weights.push_back(vector::ExtractOp::create(b, words, r));
  }
  return weights;
}

/// Starts the products of a stage.
SmallVector<Value> WarpSpecializedKernel::multiply(Value slot,
                                                   ArrayRef<Value> weights,
                                                   SmallVector<Value> sums) {
  Value stage = add(descriptor,
                    arith::ExtUIOp::create(b, b.getI64Type(),
                                           mul(slot, layout.inputStage / 16)));
  NVVM::WgmmaFenceAlignedOp::create(b);
  for (int64_t step = 0; step < kSteps; ++step) {
    SparseWgmma wgmma = {schedule.getTileN(), spec.elementType.isBF16(), step};
    sums = wgmma.build(b, b.getLoc(), sums, weights.slice(1 + 4 * step, 4),
                       add(stage, step * kStep * kAtomBytes / 16), weights[0],
                       /*accumulate=*/word(1));
  }
  NVVM::WgmmaGroupSyncAlignedOp::create(b);
  return sums;
}

WarpSpecializedKernel::Place WarpSpecializedKernel::consume(Place start) {
  Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0.0f));
  SmallVector<Value> initial = {start.slot, start.parity};
  initial.append(fragments * 4, zero);
  when(less(word(0), numBlocks), [&] { receive(start); });
  auto loop = scf::ForOp::create(b, word(0), numBlocks, word(1), initial);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    ValueRange carried = loop.getRegionIterArgs();
    Place place = {carried[0], carried[1]}, next = advance(place);
    SmallVector<Value> sums =
        multiply(place.slot, loadWeights(place.slot),
                 SmallVector<Value>(carried.drop_front(2)));
    // While the products run, the next stage comes. Its weights have to wait:
    // ptxas lets no register of a wgmma be written while another one runs.
    Value isMore = less(add(loop.getInductionVar(), 1), numBlocks);
    when(isMore, [&] { receive(next); });
    NVVM::WgmmaWaitGroupSyncOp::create(b, 0);
    release(place.slot);
    SmallVector<Value> results = {next.slot, next.parity};
    llvm::append_range(results, sums);
    scf::YieldOp::create(b, results);
  }
  finishTile(SmallVector<Value>(loop.getResults().drop_front(2)));
  return {loop.getResult(0), loop.getResult(1)};
}

//===----------------------------------------------------------------------===//
// Bulk stores
//===----------------------------------------------------------------------===//

/// By bulk copies: eight rows of a warp at a time go to its part of the shared
/// memory, and leave from there as whole rows of the tile.
void WarpSpecializedKernel::store(ValueRange sums) {
  if (schedule.getStores() == ResultStores::Direct)
    return KernelBuilder::store(sums);
  loadOfTokens();
  forEachRow(sums, [&](Value row, ValueRange ofRow) {
    Value target = targetOf(row);
    waitForRows();
    NVVM::SyncWarpOp::create(b, word(-1));
    stageRow(target, ofRow);
    // Copies read by the async proxy.
    fenceProxy();
    NVVM::SyncWarpOp::create(b, word(-1));
    copyRows(sub(row, quad));
  });
}

/// Waits until the copies of this lane have read their rows.
void WarpSpecializedKernel::waitForRows() {
  NVVM::CpAsyncBulkWaitGroupOp::create(b, /*group=*/0,
                                       /*read=*/b.getUnitAttr());
}

/// Writes what this lane has of row \p target, with those of the warp.
void WarpSpecializedKernel::stageRow(Value target, ValueRange sums) {
  OperandValues ofRow = loadOfRow(target);
  const int64_t bytes = spec.outputType.getIntOrFloatBitWidth() / 8;
  // Of stmatrix this lane addresses a row of one in four fragments.
  Value place = mul(add(mul(warp, kStagedRows), toWord(rem(lane, 8))),
                    getStagedPitch(spec));
  place = mul(add(place, mul(toWord(div(lane, 8)), 8)), bytes);
  SmallVector<Value> words;
  for (int64_t pair = 0; pair < fragments / 2; ++pair) {
    auto [first, second] = finishPair(target, ofRow, pair, sums);
    if (bytes != 2) {
      for (auto [run, finished] : {std::pair(0, first), std::pair(1, second)}) {
        Value token = add(mul(member, 2), (2 * pair + run) * kChunk);
        vector::StoreOp::create(
            b, finished, staging, ValueRange{toIndex(warp), quad, token},
            /*nontemporal=*/false, llvm::MaybeAlign(2 * bytes));
      }
      continue;
    }
    for (Value finished : {first, second})
      words.push_back(LLVM::BitcastOp::create(b, b.getI32Type(), finished));
    if (words.size() < 4)
      continue;
    const int64_t fragment = 2 * pair - 2;
    NVVM::StMatrixOp::create(
        b, offsetBy(stagingPointer, add(place, fragment * kChunk * bytes), 1),
        words, NVVM::MMALayout::row,
        NVVM::LdStMatrixShapeAttr::get(b.getContext(), 8, 8),
        NVVM::LdStMatrixEltType::B16);
    words.clear();
  }
}

/// Lane i has row \p firstRow + i copied: the tokens of the tile that there
/// are, a multiple of 16 bytes.
void WarpSpecializedKernel::copyRows(Value firstRow) {
  const int64_t bytes = spec.outputType.getIntOrFloatBitWidth() / 8;
  Value row = add(firstRow, lane);
  Value isMine = arith::AndIOp::create(b, less(lane, idx(kStagedRows)),
                                       less(row, numRows));
  // A tile of a cluster may have no tokens.
  isMine = arith::AndIOp::create(b, isMine, less(tokenBase, numTokens));
  when(isMine, [&] {
    Value target = rowIndex ? loadIndex(rowIndex, row) : row;
    Value tokens = min(sub(numTokens, tokenBase), idx(schedule.getTileN()));
    Value position = add(mul(target, numTokens), tokenBase);
    Value to =
        getPointer(output, NVVM::NVVMMemorySpace::Global, mul(position, bytes));
    Value from =
        offsetBy(stagingPointer, add(mul(warp, kStagedRows), toWord(lane)),
                 getStagedPitch(spec) * bytes);
    NVVM::CpAsyncBulkSharedCTAToGlobalOp::create(
        b, to, from, mul(toWord(tokens), bytes), /*l2CacheHint=*/Value(),
        /*byteMask=*/Value());
  });
  NVVM::CpAsyncBulkCommitGroupOp::create(b);
}

} // namespace

int64_t hinm::getWarpSpecializedSharedBytes(const SpmmKernelSpec &spec) {
  return SharedLayout(spec).total + kAlignment;
}

int64_t hinm::getMaxWarpSpecializedBlocks(const SpmmKernelSpec &spec,
                                          StringRef chip) {
  // On the emulator so few that blocks do have several tiles.
  const int64_t cluster = spec.schedule.getCluster();
  if (chip.empty())
    return std::max<int64_t>(4, 2 * cluster);
  // The processors of the largest sm_90a, and for how many blocks one of them
  // has shared memory (228 KB, of which each block costs one more). A cluster
  // lies in one of the groups that processors come in, of 18 at most and an
  // even number, which differs: with clusters of four some are left over.
  const int64_t processors = cluster == 4 ? 120 : 132;
  constexpr int64_t kilobyte = 1024;
  if (getRegisterShares(spec.schedule))
    return processors;
  return processors *
         (228 * kilobyte / (getWarpSpecializedSharedBytes(spec) + kilobyte));
}

LogicalResult hinm::verifyWarpSpecializedSchedule(
    const SpmmKernelSpec &spec,
    llvm::function_ref<InFlightDiagnostic()> emitError, StringRef chip) {
  ScheduleAttr schedule = spec.schedule;
  if (!chip.empty() && chip != "sm_90a")
    return emitError() << "schedule: the warp-specialised kernel needs the "
                          "wgmma of sm_90a, which "
                       << chip << " lacks: use kernel = multistage";
  if (spec.convolution)
    return emitError() << "schedule: the warp-specialised kernel takes no "
                          "convolution: use kernel = multistage";
  if (spec.tokenMajorInput)
    return emitError() << "schedule: the warp-specialised kernel gathers rows "
                          "of tokens, not from a token-major X: use kernel = "
                          "resident";
  if (schedule.getTileM() % 64 != 0)
    return emitError() << "schedule: the warp-specialised kernel takes a "
                          "multiple of 64 rows, found tile_m = "
                       << schedule.getTileM();
  if (schedule.getWarpsM() != schedule.getTileM() / 16 ||
      schedule.getWarpsN() != 1)
    return emitError()
           << "schedule: each consumer warp of the warp-specialised kernel has "
              "16 rows and all tokens: tile_m = "
           << schedule.getTileM()
           << " needs warps_m = " << schedule.getTileM() / 16
           << " and warps_n = 1 (the producer's four come on top)";
  if (schedule.getTileN() % kAtom != 0 || schedule.getTileN() > 256)
    return emitError() << "schedule: the warp-specialised kernel takes 64, 128 "
                          "or 256 tokens, found tile_n = "
                       << schedule.getTileN();
  if (schedule.getTileM() * schedule.getTileN() > kMaxSums)
    return emitError() << "schedule: tile_m · tile_n is "
                       << schedule.getTileM() * schedule.getTileN()
                       << ", for more than " << kMaxSums
                       << " sums there are no registers";
  if (schedule.getStores() == ResultStores::Bulk && spec.tokenMajorOutput)
    return emitError() << "schedule: bulk copies store rows of tokens, not a "
                          "token-major Y: use stores = direct";
  if (schedule.getStores() == ResultStores::Bulk &&
      spec.outputType.getIntOrFloatBitWidth() < 16)
    return emitError() << "schedule: bulk copies move 16 bytes, which rows of "
                       << spec.outputType
                       << " need not be a multiple of: use stores = direct";
  if (schedule.getStages() < 2)
    return emitError() << "schedule: the warp-specialised kernel needs at "
                          "least 2 stages";
  if (const int64_t cluster = schedule.getCluster();
      cluster != 1 && cluster != 2 && cluster != 4)
    return emitError() << "schedule: the warp-specialised kernel takes "
                          "clusters of 1, 2 or 4 blocks, found cluster = "
                       << cluster;
  if (schedule.getPrefetch() != 0 || schedule.getSplitK() != 1)
    return emitError() << "schedule: the warp-specialised kernel has neither "
                          "prefetch nor split_k";
  return success();
}

gpu::GPUFuncOp hinm::buildWarpSpecializedKernel(OpBuilder &builder,
                                                Location loc,
                                                const SpmmKernelSpec &spec) {
  return WarpSpecializedKernel(builder, loc, spec).build();
}
