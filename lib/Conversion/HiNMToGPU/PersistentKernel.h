//===- PersistentKernel.h - Kernels that take many tiles --------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// As many workers are launched as run at a time: blocks, or clusters of blocks
/// with the same rows for neighbouring tokens, of which the last may have none.
/// A worker goes from tile of Y to tile of Y, a wave further on each time, so
/// that nothing is set up again. Tiles of the same tokens follow each other, so
/// that the rows of X for them stay in the L2 cache.
///
/// The last wave may be short, and tiles may keep different numbers of columns.
/// With stream_k = n the last n waves are one row of units instead, which the
/// workers share evenly: the k-blocks of a tile, and one more for its epilogue,
/// tile after tile. A worker then begins and ends within tiles. Those who
/// share a tile leave their sums in device memory; the last of them to arrive,
/// warp by warp, adds them up in the order of the workers. So nobody waits, and
/// results depend on the number of workers, but not on timing.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_LIB_CONVERSION_HINMTOGPU_PERSISTENTKERNEL_H
#define HINM_LIB_CONVERSION_HINMTOGPU_PERSISTENTKERNEL_H

#include "KernelBuilder.h"

namespace hinm {

class PersistentKernel : protected KernelBuilder {
public:
  /// Shared memory that a block takes to divide the work.
  static int64_t getPlanBytes(ScheduleAttr schedule) {
    return schedule.getStreamK() ? 4 * kPlanWords : 0;
  }

protected:
  PersistentKernel(mlir::OpBuilder &builder, mlir::Location loc,
                   const SpmmKernelSpec &spec)
      : KernelBuilder(builder, loc, spec), cluster(schedule.getCluster()),
        streams(schedule.getStreamK() > 0),
        blocksOfTile(spec.tile / schedule.getTileM()) {}

  /// Computes what this worker does; comes after the coordinates. Of stream_k
  /// that is written into \p planMemory, words of shared memory, and a barrier
  /// has to come after that.
  void divideWork(mlir::Value planMemory);
  /// Runs \p body for each of the worker's tiles, or its share of one. \p body
  /// updates what is \p carried from one to the next.
  void forEachTile(
      llvm::ArrayRef<mlir::Value> carried,
      llvm::function_ref<void(llvm::MutableArrayRef<mlir::Value>)> body);
  /// Stores the tile, or has its sums added to those of other workers. To be
  /// called by whole warps, the first ones of the block, which have all rows.
  void finishTile(llvm::ArrayRef<mlir::Value> sums);

  int64_t cluster;  // blocks
  mlir::Value rank; // of the block in its cluster, a word

private:
  /// What is written down of a worker, so that it takes no registers: who it
  /// is, of how many, the tiles with the same tokens, the waves that are whole,
  /// the first tile of the others and the one behind the last, with which unit
  /// of that first tile it begins, with which of the last it ends, and the
  /// first and the last worker that share the one and the other.
  enum PlanEntry : int64_t {
    kWorker,
    kWorkers,
    kAcross,
    kWholeWaves,
    kFirstTile,
    kEndTile,
    kFirstBegin,
    kLastEnd,
    kOwners,
    kPlanWords = kOwners + 4
  };
  /// Units of a tile of the weight with the same tokens: those before it, and
  /// those of each of its blocks of tile_m rows.
  struct Units {
    mlir::Value before, ofBlock;
  };

  mlir::Value blocksBefore(mlir::Value tile);
  Units unitsOf(mlir::Value tile);
  void planShares();
  mlir::Value loadPlan(int64_t entry);
  mlir::Value loadNumTurns();
  mlir::Value isFirstShare();
  mlir::Value isLastShare();
  void enterShare();
  mlir::Value placeOfShare(mlir::Value sharer, mlir::Value begins,
                           int64_t numSums);
  llvm::SmallVector<mlir::Value> addShares(llvm::ArrayRef<mlir::Value> sums,
                                           mlir::Value first, mlir::Value last);
  mlir::Value arriveAt(mlir::Value first, mlir::Value last);
  mlir::Value divide(mlir::Value x, mlir::Value y);
  mlir::Value remainder(mlir::Value x, mlir::Value y);
  mlir::Value larger(mlir::Value x, mlir::Value y);

  bool streams;
  int64_t blocksOfTile; // tile_m rows in a tile of the weight

  // Words. Tiles of Y: those with the same tokens, which follow each other, and
  // all.
  mlir::Value across, total;
  mlir::Value worker, workers;
  mlir::Value turn; // of the worker
  mlir::Value plan;
};

} // namespace hinm

#endif // HINM_LIB_CONVERSION_HINMTOGPU_PERSISTENTKERNEL_H
