//===- SpmmKernel.h - What kernels of hinm.spmm there are -------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Builds the GPU kernel of hinm.spmm, one `gpu.func` for each specialisation.
///
/// Arguments of the kernel, all in device memory with identity layout:
///
/// | argument     | type                | bytes aligned to |
/// |--------------|---------------------|------------------|
/// | values       | memref<?xE>         | 16               |
/// | metadata     | memref<?xi32>       | 4; 16 if warp-specialised |
/// | column_list  | memref<?xL>         | an element       |
/// | tile_offsets | memref<?xi32>       | 4                |
/// | input X      | memref<?x?xE>       | 16, rows too     |
/// | slab_rows    | memref<?xL>         | 16               |
/// | slab_places  | memref<?xi16>       | 2                |
/// | row_index    | memref<?xi32>       | 4                |
/// | epilogue …   | memref<?xT>, memref<?x?xT> | 16 or 8 elements, rows too |
/// | output Y     | memref<?x?xO>       | 16 or 8 elements, rows too |
/// | partials     | memref<?xS>         | 16               |
/// | arrivals     | memref<?xi32>       | 4                |
///
/// N is a multiple of the tokens in 16 bytes of X, 4, 8 or 16, and X has at
/// most 2^32 elements. There are slabs with `slabPlaces` (see hinm.spmm), a
/// row_index with `hasRowIndex`; there are partials and arrivals with split_k >
/// 1: split_k · tile_m · tile_n sums for each block of x and y, and a count,
/// which is 0 before and after. With stream_k > 0 they are 2 · tile_m · tile_n
/// sums and tile_m / 16 counts for each block launched.
///
/// With a convolution the input is the image, C × B·H·W; a kernel then serves
/// the layers of one convolution.
///
/// A token-major X is N×C, Y N×R with the epilogue's matrices; they need no
/// more alignment than an element has.
///
/// E has 16 bits (f16, bf16), 8 (i8, f8E4M3FN, f8E5M2) or 32 (f32, multiplied
/// as tf32). S is what products are summed in, f32 or i32; O is S, an E of 16
/// bits, or what the epilogue yields. L is i16, read as unsigned, or i32. R and
/// N are the sizes of Y, the number of kept columns of a tile is what
/// `tile_offsets` says, so that one kernel serves every layer of a
/// specialisation. The grid is (⌈⌈R/V⌉ · V/tile_m⌉, ⌈N/tile_n⌉, split_k); a
/// warp-specialised kernel takes any in two dimensions, as its blocks go on to
/// further tiles, with whole clusters along x.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_CONVERSION_HINMTOGPU_SPMMKERNEL_H
#define HINM_CONVERSION_HINMTOGPU_SPMMKERNEL_H

#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include <string>

namespace hinm {

/// An element of a vector, by the row, of a matrix of one channel, by the
/// token, or of a matrix like Y.
enum class EpilogueShape { OfRow, OfToken, OfPlace };

/// What distinguishes one kernel from another.
struct SpmmKernelSpec {
  mlir::Type elementType; ///< E
  mlir::Type outputType;  ///< O
  mlir::Type listType;    ///< of column_list: i16 or i32
  int64_t columns;        ///< C; the kernel takes it from X
  int64_t tile;           ///< V, the rows that share their kept columns
  mlir::Type slabRowType; ///< of slab_rows, or null: there are no slabs
  int64_t slabPlaces;     ///< S of a slab; 0: of other tiles than tile_m's
  int64_t slabBlocks;     ///< k-blocks of a slab, or 0 if that is not known
  ScheduleAttr schedule;
  bool hasRowIndex;
  bool tokenMajorInput, tokenMajorOutput;
  /// What the patches of the input are, or null if it is X itself.
  ConvolutionAttr convolution;
  /// The op with the epilogue and its operands, or null.
  SpmmOp epilogue;

  /// S.
  mlir::Type getSumType() const { return hinm::getSumType(elementType); }
  /// Bytes of an element of X.
  int64_t getElementBytes() const {
    return elementType.getIntOrFloatBitWidth() / 8;
  }
  /// What the epilogue takes of \p operand for a place of Y.
  EpilogueShape getEpilogueShape(mlir::Value operand) const;
  /// The symbol, e.g. hinm_spmm_f16_v64_m64n64k64s3w2x2_rows.
  std::string getName() const;
  /// Threads of a block.
  int64_t getNumThreads() const {
    const int64_t producers =
        schedule.getKernel() == KernelKind::WarpSpecialized ? 4 : 0;
    return 32 * (schedule.getWarpsM() * schedule.getWarpsN() + producers);
  }
  /// How many blocks to launch at most: they go on to further tiles. Or 0: one
  /// for each tile.
  int64_t getMaxBlocks(llvm::StringRef chip) const;
  /// Sums and counts that blocks which share tiles take for a block.
  int64_t getNumPartials() const;
  int64_t getNumArrivals() const;
  /// Bytes of shared memory of a block.
  int64_t getSharedBytes() const;
  /// Whether they are given at the launch: they are too many to be declared, or
  /// known only then.
  bool needsDynamicSharedMemory() const;
  /// Checks that a kernel exists for this specialisation on \p chip; empty: on
  /// the emulator.
  llvm::LogicalResult
  verify(llvm::function_ref<mlir::InFlightDiagnostic()> emitError,
         llvm::StringRef chip) const;

private:
  llvm::LogicalResult
  verifyKernel(llvm::function_ref<mlir::InFlightDiagnostic()> emitError,
               llvm::StringRef chip) const;
  llvm::LogicalResult verifyEpilogue(
      llvm::function_ref<mlir::InFlightDiagnostic()> emitError) const;
};

/// Builds the kernel of \p spec at the insertion point of \p builder.
mlir::gpu::GPUFuncOp buildSpmmKernel(mlir::OpBuilder &builder,
                                     mlir::Location loc,
                                     const SpmmKernelSpec &spec);

} // namespace hinm

#endif // HINM_CONVERSION_HINMTOGPU_SPMMKERNEL_H
