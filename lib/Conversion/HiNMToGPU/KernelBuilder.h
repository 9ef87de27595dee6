//===- KernelBuilder.h - What the kernels of hinm.spmm share ----*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The kernels differ in how X reaches the tensor cores. What they share is
/// here: the arguments, who computes what, the loads of packed weights, the
/// products, the sum over a split, and the epilogue with its stores.
///
/// Everything whose trip count the schedule fixes (slabs, column fragments,
/// copies of a thread) is unrolled.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_LIB_CONVERSION_HINMTOGPU_KERNELBUILDER_H
#define HINM_LIB_CONVERSION_HINMTOGPU_KERNELBUILDER_H

#include "SpmmKernel.h"
#include "hinm/Core/PackedFormat.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace hinm {

class KernelBuilder {
protected:
  KernelBuilder(mlir::OpBuilder &builder, mlir::Location loc,
                const SpmmKernelSpec &spec);

  /// Kept columns of one k-block of 2:4 groups, and rows that one ldmatrix
  /// loads, which are those of one mma.sp of 16-bit elements.
  static constexpr int64_t kBlock = core::packedBlockColumns, kStep = 32;
  /// 16-bit elements of one 16-byte copy.
  static constexpr int64_t kChunk = 8;
  static constexpr int64_t kSteps = kBlock / kStep;

  /// Declares the function and goes inside. Its shared memory is an array of
  /// \p sharedSizes (the outermost may be dynamic) of X's elements; without
  /// sizes the kernel divides the bytes itself.
  void declareFunction(llvm::ArrayRef<int64_t> sharedSizes);
  /// Who the thread is in its block.
  void computeCoordinates();
  /// Its part of the tile of Y that the block is for.
  void enterOwnTile();
  /// Its part of any tile: column \p y of the tiles of tile_n tokens, row
  /// \p x of those of tile_m rows.
  void enterTile(mlir::Value x, mlir::Value y);

  /// \p count elements of the weights from \p position of \p source on, as i32
  /// or vectors of four. They are aligned to their size.
  mlir::Value loadPacked(mlir::Value source, mlir::Value position,
                         int64_t count);
  /// The weights of k-block \p block (of the tile's share, relative to it) that
  /// this lane holds: of each slab the metadata word, then 16 bytes a k-step.
  llvm::SmallVector<mlir::Value> loadWeights(mlir::Value block);
  /// How many values loadWeights gives.
  size_t getNumWeights() const { return slabs * (1 + steps); }
  /// What this lane needs of k-block \p block where X lies in the order of its
  /// channels: columns of its list, the warp's lanes all of them, then its
  /// weights.
  llvm::SmallVector<mlir::Value> loadBlock(mlir::Value block);
  /// How many values loadBlock gives, and how many of them are columns.
  size_t getNumLoads() const { return getNumColumns() + getNumWeights(); }
  size_t getNumColumns() const { return version.blockColumns / 32; }
  /// The row of a k-block in shared memory that this lane addresses as number
  /// \p i, in the order in which multiply asks for them.
  mlir::Value rowOfLane(int64_t i);
  /// The column whose row that is, a word, of what loadBlock has \p loaded.
  mlir::Value columnOfLane(llvm::ArrayRef<mlir::Value> loaded, int64_t i);

  /// The place in a k-block's list of the column that row \p row of its X in
  /// shared memory belongs to.
  mlir::Value listedOf(mlir::Value row);

  /// Adds the product of \p weights with one k-block of X to \p sums.
  /// \p rowOf gives the shared memory's coordinates of the row that this lane
  /// addresses as number i: in ldmatrix, for one half of the k-block, or, of
  /// elements that ldmatrix does not transpose, in loads of its own.
  void
  multiply(llvm::ArrayRef<mlir::Value> weights,
           llvm::MutableArrayRef<mlir::Value> sums,
           llvm::function_ref<llvm::SmallVector<mlir::Value>(int64_t)> rowOf);

  /// Runs \p body with the first sums where the block has k-blocks to multiply;
  /// there is nothing to load elsewhere. Returns the sums.
  llvm::SmallVector<mlir::Value>
  ifAnyBlock(llvm::function_ref<
             llvm::SmallVector<mlir::Value>(llvm::ArrayRef<mlir::Value>)>
                 body);
  /// Runs \p body for every k-block, with what \p load gives for it, which is
  /// in registers \p ahead k-blocks before: \p first for as many. \p body
  /// updates what is \p carried from one k-block to the next. Returns that.
  llvm::SmallVector<mlir::Value> forEachBlock(
      int64_t ahead, llvm::ArrayRef<mlir::Value> first,
      llvm::ArrayRef<mlir::Value> carried,
      llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value)> load,
      llvm::function_ref<void(mlir::Value, llvm::ArrayRef<mlir::Value>,
                              llvm::MutableArrayRef<mlir::Value>)>
          body);
  /// \p block, or the last one: what is loaded ahead has to exist.
  mlir::Value clamp(mlir::Value block);

  /// Stores the tile of Y, after adding the sums of all blocks of a split.
  void finish(llvm::ArrayRef<mlir::Value> sums);
  /// The same of sums that are complete.
  virtual void store(mlir::ValueRange sums);
  /// Leaves \p sums in `partials`, each four of them, which are a place, where
  /// \p placeOf says.
  void leaveSums(llvm::ArrayRef<mlir::Value> sums,
                 llvm::function_ref<mlir::Value(int64_t)> placeOf);
  /// Adds up \p numSums sums of parts \p begin to \p end, in their order, which
  /// are in `partials` where \p placeOf says of a part and each four.
  llvm::SmallVector<mlir::Value>
  addParts(mlir::Value begin, mlir::Value end, mlir::Value step, size_t numSums,
           llvm::function_ref<mlir::Value(mlir::Value, int64_t)> placeOf);
  /// Loads what of the epilogue's operands belongs to tokens: comes first.
  void loadOfTokens();
  /// Runs \p body for each row of the tile that the lane has sums of: the row
  /// of Y as it is without a row index, and its sums in the order of tokens.
  void forEachRow(mlir::ValueRange sums,
                  llvm::function_ref<void(mlir::Value, mlir::ValueRange)> body);
  /// What an epilogue's operand has for a row, or for the runs of a lane.
  using OperandValues = llvm::SmallVector<mlir::Value>;
  /// Where in Y \p row goes; of a row that there is not, where the last goes.
  mlir::Value targetOf(mlir::Value row);
  /// Of the epilogue's operands those that belong to the row, null for others.
  OperandValues loadOfRow(mlir::Value row);
  /// What is stored of runs 2 · \p pair and the next one of row \p target, of
  /// which \p sums are the sums: two vectors. All lanes of a warp take part.
  std::pair<mlir::Value, mlir::Value>
  finishPair(mlir::Value target, llvm::ArrayRef<mlir::Value> ofRow,
             int64_t pair, mlir::ValueRange sums);

  /// The place of 16-byte chunk \p chunk of shared row \p row: an XOR with bits
  /// of the row, so that what is read at once lies in different banks: eight
  /// rows by ldmatrix, of 32-bit elements two chunks of four rows.
  mlir::Value swizzle(mlir::Value row, mlir::Value chunk);
  /// The same in elements of X.
  mlir::Value placeOf(mlir::Value row, mlir::Value chunk);
  /// A zero of X.
  mlir::Value zeroElement();

  // Indices are words of 64 bits; what a loop counts, and what is multiplied in
  // it, is of 32. Arithmetic is of its operand's type.
  mlir::Value idx(int64_t value);
  mlir::Value word(int64_t value);
  mlir::Value constantLike(mlir::Value x, int64_t value);
  /// A word, not negative, as an index.
  mlir::Value toIndex(mlir::Value word);
  mlir::Value toWord(mlir::Value index);
  mlir::Value add(mlir::Value x, mlir::Value y);
  mlir::Value add(mlir::Value x, int64_t y);
  mlir::Value sub(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, int64_t y);
  mlir::Value div(mlir::Value x, int64_t y);
  mlir::Value rem(mlir::Value x, int64_t y);
  mlir::Value min(mlir::Value x, mlir::Value y);
  mlir::Value less(mlir::Value x, mlir::Value y);
  mlir::Value equal(mlir::Value x, mlir::Value y);
  mlir::Value select(mlir::Value condition, mlir::Value x, mlir::Value y);
  /// A word of a list, as an index.
  mlir::Value loadIndex(mlir::Value memref, mlir::Value position);
  /// The column at \p position of the list, a word.
  mlir::Value loadColumn(mlir::Value position);
  /// X from \p token on, as one run of elements: a row is then one
  /// multiplication of words away, as X has at most 2³² elements. Behind the
  /// last token it is X from the first one on.
  mlir::Value startAt(mlir::Value token);
  /// Starts the 16-byte copy of what \p source has of row \p row of X, a word;
  /// rows are \p pitch, a word, apart. It goes to \p place of \p target.
  void copyTokens(mlir::Value source, mlir::Value row, mlir::Value pitch,
                  mlir::Value target, mlir::ValueRange place);
  mlir::Type getPointerType(mlir::NVVM::NVVMMemorySpace space);
  /// The address of byte \p offset, an index, of \p memref, which lies in
  /// \p space.
  mlir::Value getPointer(mlir::Value memref, mlir::NVVM::NVVMMemorySpace space,
                         mlir::Value offset = nullptr);
  /// The \p value, a word, of lane \p source.
  mlir::Value shuffle(mlir::Value value, mlir::Value source);
  /// Counts the thread among \p most, a word, and one more that have left their
  /// sums, in \p cell of `arrivals`. Whether it is the last of them.
  mlir::Value countArrival(mlir::Value cell, mlir::Value most);
  /// Emits \p body under `scf.if` \p condition.
  void when(mlir::Value condition, llvm::function_ref<void()> body);

  mlir::ImplicitLocOpBuilder b;
  const SpmmKernelSpec &spec;
  ScheduleAttr schedule;
  const core::PackedVersion &version; // of the format of the weights
  int64_t chunkTokens;                // in 16 bytes of X
  int64_t steps;                      // mma.sp that a k-block takes
  int64_t slabs;                      // m16 slabs of a warp
  int64_t fragments;                  // n8 fragments of a warp

  mlir::gpu::GPUFuncOp func;
  mlir::Value values, metadata, columnList, tileOffsets, input, slabRows,
      slabPlaces, rowIndex, output;
  mlir::Value memory, shared; // shared memory as bytes, and as that array
  mlir::Value streamPolicy;   // of the loads of weights that are streamed
  llvm::SmallVector<mlir::Value> epilogueInputs;
  mlir::Value numRows, numTokens;
  mlir::Value thread, lane, quad, member; // lane = 4 · quad + member
  mlir::Value warpRow, warpToken;         // in the block
  mlir::Value tileIndex, tokenBase;
  mlir::Value blockRow, rowInTile;   // in the tile: of the block, of the warp
  mlir::Value firstBlock, numBlocks; // k-blocks of the tile's share, as words
  mlir::Value firstSlab;             // of the warp in the tile, a word

  // Where blocks share tiles: sums of each, and how many have left theirs.
  mlir::Value partials, arrivals;

private:
  void addSplits(llvm::ArrayRef<mlir::Value> sums);
  mlir::Value addSums(mlir::Value x, mlir::Value y);
  void storeRow(mlir::Value row, mlir::ValueRange sums);
  void storeRowPaired(mlir::Value row, mlir::ValueRange sums);
  void storeVector(mlir::Value vector, mlir::Value row, mlir::Value token);
  mlir::Value finishRun(mlir::ValueRange sums,
                        llvm::ArrayRef<mlir::Value> operands);
  std::pair<mlir::Value, mlir::Value> exchange(mlir::Value first,
                                               mlir::Value second);
  void storeSingly(mlir::Value row, mlir::Value token, mlir::ValueRange sums,
                   llvm::ArrayRef<mlir::Value> known);
  size_t getNumRuns() const { return fragments * 2 / runTokens; }
  mlir::Value tokenOfRun(int64_t run);
  mlir::Value tokenOfPair(int64_t pair);
  mlir::Value loadRun(mlir::Value operand, mlir::Value row, mlir::Value token,
                      int64_t count);
  /// Of tokens that there are not, others.
  mlir::Value loadRunInside(mlir::Value operand, mlir::Value row,
                            mlir::Value token, int64_t count);
  mlir::Value finishElement(mlir::Value sum,
                            llvm::ArrayRef<mlir::Value> operands);
  mlir::Value operandRegister(mlir::Value pair);
  llvm::SmallVector<mlir::Value> registersOf(mlir::Value vector);
  /// A of all slabs in step \p step of a k-block.
  llvm::SmallVector<llvm::SmallVector<mlir::Value>>
  registersOfStep(llvm::ArrayRef<mlir::Value> weights, int64_t step);
  mlir::Value loadMatrices(llvm::ArrayRef<mlir::Value> row, int64_t chunk);
  void multiplyFragment(llvm::ArrayRef<mlir::Value> weights,
                        llvm::ArrayRef<llvm::SmallVector<mlir::Value>> a,
                        llvm::ArrayRef<mlir::Value> x, int64_t fragment,
                        mlir::Value selector,
                        llvm::MutableArrayRef<mlir::Value> sums);
  mlir::Value sparseMma(llvm::ArrayRef<mlir::Value> a,
                        llvm::ArrayRef<mlir::Value> x, mlir::ValueRange sums,
                        mlir::Value metadata, mlir::Value selector);
  void multiplyWide(
      llvm::ArrayRef<mlir::Value> weights,
      llvm::MutableArrayRef<mlir::Value> sums,
      llvm::function_ref<llvm::SmallVector<mlir::Value>(int64_t)> rowOf);
  void multiplyBytes(
      llvm::ArrayRef<mlir::Value> weights,
      llvm::MutableArrayRef<mlir::Value> sums,
      llvm::function_ref<llvm::SmallVector<mlir::Value>(int64_t)> rowOf);
  void multiplyWords(
      llvm::ArrayRef<mlir::Value> weights,
      llvm::MutableArrayRef<mlir::Value> sums,
      llvm::function_ref<llvm::SmallVector<mlir::Value>(int64_t)> rowOf);
  llvm::SmallVector<mlir::Value> loadWords(llvm::ArrayRef<mlir::Value> row,
                                           int64_t group);

  /// Fragments whose columns take turns among the tokens: token t of the group
  /// is column t / groupFragments of fragment t % groupFragments.
  int64_t groupFragments;
  int64_t runTokens; // that a lane has side by side and stores at once
  bool pairsRuns;    // whether neighbours make longer ones of two of them

  // The shared memory as ldmatrix takes it, in pairs of bytes at least.
  mlir::Value matrices;

  llvm::SmallVector<OperandValues> ofTokens; // by run, empty for others

  mlir::Value isLastFlag; // whether this block of a split is the last one
};

// The kernels: whether a schedule is one of theirs, on a chip that has what
// they need, and the function.

llvm::LogicalResult verifyMultistageSchedule(
    const SpmmKernelSpec &spec,
    llvm::function_ref<mlir::InFlightDiagnostic()> emitError);
mlir::gpu::GPUFuncOp buildMultistageKernel(mlir::OpBuilder &builder,
                                           mlir::Location loc,
                                           const SpmmKernelSpec &spec);

llvm::LogicalResult verifyResidentSchedule(
    const SpmmKernelSpec &spec,
    llvm::function_ref<mlir::InFlightDiagnostic()> emitError);
mlir::gpu::GPUFuncOp buildResidentKernel(mlir::OpBuilder &builder,
                                         mlir::Location loc,
                                         const SpmmKernelSpec &spec);

llvm::LogicalResult verifyWarpSpecializedSchedule(
    const SpmmKernelSpec &spec,
    llvm::function_ref<mlir::InFlightDiagnostic()> emitError,
    llvm::StringRef chip);
int64_t getWarpSpecializedSharedBytes(const SpmmKernelSpec &spec);
/// Blocks that run at a time on \p chip: more are not worth a launch.
int64_t getMaxWarpSpecializedBlocks(const SpmmKernelSpec &spec,
                                    llvm::StringRef chip);
mlir::gpu::GPUFuncOp buildWarpSpecializedKernel(mlir::OpBuilder &builder,
                                                mlir::Location loc,
                                                const SpmmKernelSpec &spec);

llvm::LogicalResult
verifySlabSchedule(const SpmmKernelSpec &spec,
                   llvm::function_ref<mlir::InFlightDiagnostic()> emitError);
mlir::gpu::GPUFuncOp buildSlabKernel(mlir::OpBuilder &builder,
                                     mlir::Location loc,
                                     const SpmmKernelSpec &spec);

} // namespace hinm

#endif // HINM_LIB_CONVERSION_HINMTOGPU_KERNELBUILDER_H
