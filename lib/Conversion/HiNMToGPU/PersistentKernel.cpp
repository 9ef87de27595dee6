//===- PersistentKernel.cpp - Kernels whose blocks take many tiles --------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PersistentKernel.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace hinm;

Value PersistentKernel::divide(Value x, Value y) {
  return arith::DivUIOp::create(b, x, y);
}
Value PersistentKernel::remainder(Value x, Value y) {
  return arith::RemUIOp::create(b, x, y);
}
Value PersistentKernel::larger(Value x, Value y) {
  return arith::MaxUIOp::create(b, x, y);
}

//===----------------------------------------------------------------------===//
// Who does what
//===----------------------------------------------------------------------===//

void PersistentKernel::divideWork(Value planMemory) {
  rank = cluster == 1
             ? word(0)
             : toWord(gpu::ClusterBlockIdOp::create(b, gpu::Dimension::x));
  Value width = toWord(gpu::GridDimOp::create(b, gpu::Dimension::x));
  Value height = toWord(gpu::GridDimOp::create(b, gpu::Dimension::y));
  Value x = toWord(gpu::BlockIdOp::create(b, gpu::Dimension::x));
  Value y = toWord(gpu::BlockIdOp::create(b, gpu::Dimension::y));
  worker = div(add(x, mul(y, width)), cluster);
  workers = div(mul(width, height), cluster);
  auto ceilDiv = [&](Value x, int64_t y) {
    return toWord(div(add(x, y - 1), y));
  };
  across = mul(ceilDiv(numRows, spec.tile), blocksOfTile);
  total = mul(across, ceilDiv(numTokens, schedule.getTileN() * cluster));
  plan = planMemory;
  if (streams)
    planShares();
}

Value PersistentKernel::loadPlan(int64_t entry) {
  return memref::LoadOp::create(b, plan, ValueRange{idx(entry)});
}

/// K-blocks before tile \p tile of the weight.
Value PersistentKernel::blocksBefore(Value tile) {
  return div(loadIndex(tileOffsets, tile), version.blockColumns);
}

/// The units of tile \p tile of the weight, for the same tokens.
PersistentKernel::Units PersistentKernel::unitsOf(Value tile) {
  Value before = blocksBefore(tile);
  Value blocks = sub(blocksBefore(add(tile, 1)), before);
  return {mul(add(before, tile), blocksOfTile), add(blocks, 1)};
}

/// Writes down how many waves are left whole, and which units of the others are
/// this worker's. Only its first tile of those and its last one may be shared.
/// They are looked for by all threads, as every step of a search would wait for
/// memory.
void PersistentKernel::planShares() {
  auto write = [&](int64_t entry, Value value) {
    memref::StoreOp::create(b, value, plan, ValueRange{idx(entry)});
  };
  // Products of units and workers take more than a word.
  Value columnTiles = toIndex(across), allTiles = toIndex(total);
  Value mine = toIndex(worker), count = toIndex(workers);
  Value listed = div(columnTiles, blocksOfTile);
  Value unitsOfColumn = mul(add(blocksBefore(listed), listed), blocksOfTile);
  Value waves = divide(add(allTiles, add(count, -1)), count);
  Value whole = sub(waves, min(waves, idx(schedule.getStreamK())));
  Value streamed = mul(whole, count);
  Value row = remainder(streamed, columnTiles);
  Units ofRow = unitsOf(div(row, blocksOfTile));
  Value before =
      add(mul(divide(streamed, columnTiles), unitsOfColumn),
          add(ofRow.before, mul(rem(row, blocksOfTile), ofRow.ofBlock)));
  Value units = sub(mul(divide(allTiles, columnTiles), unitsOfColumn), before);
  // With fewer k-blocks than stages the ring would never be full.
  Value sharers = min(larger(div(units, schedule.getStages()), idx(1)), count);
  auto beginOf = [&](Value sharer) {
    return divide(mul(sharer, units), sharers);
  };
  // The worker that has a unit, which is the inverse of that.
  auto ownerOf = [&](Value unit) {
    return toWord(divide(add(mul(add(unit, 1), sharers), -1), units));
  };
  Value isSharer = less(mine, sharers);
  when(equal(thread, idx(0)), [&] {
    write(kWorker, worker);
    write(kWorkers, workers);
    write(kAcross, across);
    write(kWholeWaves, toWord(whole));
    auto branch = scf::IfOp::create(b, isSharer, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.elseBlock());
    for (int64_t entry = kFirstTile; entry < kPlanWords; ++entry)
      write(entry, word(entry == kLastEnd ? -1 : 0));
  });

  // Its first unit and its last one, from the first shared tile on.
  Value ends[] = {beginOf(mine), add(beginOf(add(mine, 1)), -1)};
  Value columns[2], rests[2]; // column of tiles, unit in it
  for (auto [i, unit] : llvm::enumerate(ends)) {
    columns[i] = divide(add(before, unit), unitsOfColumn);
    rests[i] = remainder(add(before, unit), unitsOfColumn);
  }
  auto loop = scf::ForOp::create(b, thread, select(isSharer, listed, idx(0)),
                                 idx(spec.getNumThreads()));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value tile = loop.getInductionVar();
  Units ofTile = unitsOf(tile);
  for (auto [i, unit] : llvm::enumerate(ends)) {
    Value inside = sub(rests[i], ofTile.before); // or less than 0
    when(less(inside, mul(ofTile.ofBlock, blocksOfTile)), [&, i = i,
                                                           unit = unit] {
      Value block =
          add(mul(tile, blocksOfTile), divide(inside, ofTile.ofBlock));
      Value found = toWord(add(mul(columns[i], columnTiles), block));
      Value inBlock = remainder(inside, ofTile.ofBlock);
      Value first = sub(unit, inBlock);
      write(kOwners + 2 * i, ownerOf(first));
      write(kOwners + 2 * i + 1, ownerOf(add(first, add(ofTile.ofBlock, -1))));
      write(i == 0 ? kFirstTile : kEndTile, i == 0 ? found : add(found, 1));
      write(i == 0 ? kFirstBegin : kLastEnd,
            i == 0 ? toWord(inBlock) : add(toWord(inBlock), 1));
    });
  }
}

/// The tiles of this worker, whole and shared.
Value PersistentKernel::loadNumTurns() {
  return add(loadPlan(kWholeWaves),
             sub(loadPlan(kEndTile), loadPlan(kFirstTile)));
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

void PersistentKernel::forEachTile(
    ArrayRef<Value> carried,
    llvm::function_ref<void(MutableArrayRef<Value>)> body) {
  Value begin = worker, end = total, step = workers;
  if (streams) {
    // Not to be held in registers.
    begin = word(0);
    end = loadNumTurns();
    step = word(1);
  }
  auto loop = scf::ForOp::create(b, begin, end, step, carried);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  turn = loop.getInductionVar();
  Value tile = turn;
  if (streams) {
    worker = loadPlan(kWorker);
    workers = loadPlan(kWorkers);
    across = loadPlan(kAcross);
    Value whole = loadPlan(kWholeWaves);
    Value shared = add(loadPlan(kFirstTile), sub(turn, whole));
    tile = select(less(turn, whole), add(worker, mul(turn, workers)), shared);
  }
  Value column = add(mul(divide(tile, across), cluster), rank);
  enterTile(toIndex(remainder(tile, across)), toIndex(column));
  if (streams)
    enterShare();
  SmallVector<Value> state(loop.getRegionIterArgs());
  body(state);
  scf::YieldOp::create(b, state);
}

/// Whether this is the first tile of those that may be shared, or the last.
Value PersistentKernel::isFirstShare() {
  return equal(turn, loadPlan(kWholeWaves));
}
Value PersistentKernel::isLastShare() {
  return equal(add(turn, 1), loadNumTurns());
}

/// Leaves of the tile what is this worker's.
void PersistentKernel::enterShare() {
  Value begin = select(isFirstShare(), loadPlan(kFirstBegin), word(0));
  Value end = select(isLastShare(), loadPlan(kLastEnd), word(-1));
  firstBlock = add(firstBlock, begin);
  numBlocks = sub(min(end, numBlocks), begin);
}

void PersistentKernel::finishTile(ArrayRef<Value> sums) {
  if (!streams)
    return store(sums);
  worker = loadPlan(kWorker);
  Value isFirst = isFirstShare(), isLast = isLastShare();
  auto ownerOf = [&](int64_t which) {
    Value owner = select(isLast, loadPlan(kOwners + 2 + which), word(0));
    return select(isFirst, loadPlan(kOwners + which), owner);
  };
  Value first = ownerOf(0), last = ownerOf(1);
  SmallVector<Type> types = {b.getI1Type()};
  types.append(sums.size(), spec.getSumType());
  auto branch = scf::IfOp::create(b, types, less(first, last),
                                  /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    scf::YieldOp::create(b, addShares(sums, first, last));
    b.setInsertionPointToStart(branch.elseBlock());
    SmallVector<Value> all = {
        arith::ConstantOp::create(b, b.getBoolAttr(true))};
    llvm::append_range(all, sums);
    scf::YieldOp::create(b, all);
  }
  when(branch.getResult(0), [&] { store(branch.getResults().drop_front()); });
}

//===----------------------------------------------------------------------===//
// Shared tiles
//===----------------------------------------------------------------------===//

/// Where worker \p sharer leaves this lane's sums of the tile. It has two
/// places, as it shares two tiles at most: one that it begins and one that it
/// does not.
Value PersistentKernel::placeOfShare(Value sharer, Value begins,
                                     int64_t numSums) {
  const int64_t threads = 32 * schedule.getWarpsM() * schedule.getWarpsN();
  Value block = add(mul(sharer, cluster), rank);
  Value part = add(mul(block, 2), select(begins, word(1), word(0)));
  return toIndex(add(mul(part, threads * numSums), mul(toWord(thread), 4)));
}

/// Leaves this warp's sums for the others that share the tile, workers \p first
/// to \p last, and adds up those of all if it is the last one to do so: returns
/// whether it is, and the sums.
SmallVector<Value> PersistentKernel::addShares(ArrayRef<Value> sums,
                                               Value first, Value last) {
  // The threads' fours lie side by side.
  const int64_t pitch = 4 * 32 * schedule.getWarpsM() * schedule.getWarpsN();
  Value place = placeOfShare(worker, equal(worker, first), sums.size());
  leaveSums(sums, [&](int64_t four) { return add(place, four * pitch); });
  Value isLast = arriveAt(first, last);

  SmallVector<Type> types(sums.size(), spec.getSumType());
  auto branch = scf::IfOp::create(b, types, isLast, /*withElseRegion=*/true);
  SmallVector<Value> results = {isLast};
  llvm::append_range(results, branch.getResults());
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(b, sums);
  b.setInsertionPointToStart(branch.thenBlock());
  auto placeOf = [&](Value sharer, int64_t four) {
    Value place = placeOfShare(sharer, equal(sharer, first), sums.size());
    return add(place, four * pitch);
  };
  scf::YieldOp::create(
      b, addParts(first, add(last, 1), word(1), sums.size(), placeOf));
  return results;
}

/// Counts this warp among those of workers \p first to \p last that have left
/// their sums; whether it is the last one. They count in a cell of \p first,
/// which begins one such tile at most.
Value PersistentKernel::arriveAt(Value first, Value last) {
  const int64_t warps = schedule.getWarpsM() * schedule.getWarpsN();
  Value block = add(mul(first, cluster), rank);
  Value cell = toIndex(add(mul(block, warps), toWord(div(thread, 32))));
  NVVM::SyncWarpOp::create(b, word(-1));
  auto branch = scf::IfOp::create(b, b.getI32Type(), equal(lane, idx(0)),
                                  /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    Value isLast = countArrival(cell, sub(last, first));
    Value flag = arith::ExtUIOp::create(b, b.getI32Type(), isLast);
    scf::YieldOp::create(b, flag);
    b.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(b, word(0));
  }
  Value flag = shuffle(branch.getResult(0), word(0));
  NVVM::SyncWarpOp::create(b, word(-1));
  return equal(flag, word(1));
}
