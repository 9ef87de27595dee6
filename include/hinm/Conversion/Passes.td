//===- Passes.td - Passes of hinm (Conversion) -------------*- tablegen -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HINM_CONVERSION_PASSES_TD
#define HINM_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// convert-hinm-to-gpu
//===----------------------------------------------------------------------===//

def ConvertHiNMToGPU : Pass<"convert-hinm-to-gpu", "::mlir::ModuleOp"> {
  let summary = "turns hinm.spmm on memrefs into a kernel and its launch";
  let description = [{
    Every `hinm.spmm` becomes host code that allocates device memory, copies the
    operands in, launches a kernel and copies Y out, in the form that upstream's
    `gpu-to-llvm` lowers. The kernels stand in `gpu.module @hinm_kernels`; layers
    of one specialisation (types, V, schedule, epilogue, convolution, layout of the
    tokens, with or without `row_index`) share one.

    A thread block computes `tile_m` × `tile_n` of Y. With `kernel = multistage` it
    gathers 64 kept rows of X a step (of tf32 32) into a ring of `stages` in shared memory (`cp.async`, 16 bytes a copy,
    swizzled), reads the weight straight into
    registers (its fragments lie in memory in the order of the lanes) and
    multiplies with `mma.sp::ordered_metadata.m16n8k32`, accumulating in f32.
    Rows are stored through `row_index`. With `split_k` several blocks share the
    kept columns of a tile, and the last one adds up.

    With `kernel = resident` all of X is copied to shared memory first, from where
    `ldmatrix` gathers. With `kernel = warp_specialized`, which is for
    sm_90a alone, four warps gather and have the weights copied (`cp.async.bulk`),
    the others multiply by `wgmma.mma_async.sp` (64 × `tile_n` of Y for each four
    of them), and mbarriers hand the stages over. Its blocks go on to further tiles;
    with `cluster` some of them copy the weights for each other, with `stream_k` they
    share the last tiles evenly.
    With `kernel = slab` a stage holds the rows of a window that the tiles of the block
    list, by the `slabs` of the product, and `ldmatrix` gathers each tile's out of it.

    8-bit elements are multiplied with m16n8k64, i8 accumulated in i32. `ldmatrix`
    transposes elements of two bytes: it gives a lane two rows of two neighbouring
    tokens, and `prmt` makes of two such registers four rows of the one token and
    four of the other.

    tf32, f32 in memory, is multiplied with m16n8k16. Lanes load the elements of X
    that they need themselves, of up to four fragments at once, and round them
    (`cvt.rna.tf32`).

    Run before: `hinm-select-kernels` on tensors (picks the schedule, pads the
    tokens to a multiple of 16 bytes), then `one-shot-bufferize`. An op with the
    attribute `hinm.skipped` is left for `convert-hinm-to-linalg`. Refused: an op
    on tensors, without a schedule, or with a schedule that no kernel has.

    ```mlir
    hinm.spmm as #hinm.packed<rows = 64, columns = 128, tile = 64, nm = 2:4>
        ins(%v, %m, %l, %o, %x : ...) outs(%y : memref<64x32xf32>) {schedule = #s}
    ```
    becomes
    ```mlir
    %t0 = gpu.wait async
    %dv, %t1 = gpu.alloc async [%t0] (%size) : memref<?xf16>
    %t2 = gpu.memcpy async [%t1] %dv, %v : memref<?xf16>, memref<?xf16>
    ...
    %t9 = gpu.launch_func async [%t8] @hinm_kernels::@hinm_spmm_f16_v64_m64n32k64s3w2x2
        blocks in (%c1, %c1, %c1) threads in (%c128, %c1, %c1) args(%dv, ..., %dy)
    %t10 = gpu.memcpy async [%t9] %y, %dy : memref<?x?xf32>, memref<?x?xf32>
    ...
    gpu.wait [%t16]
    ```
  }];
  let options = [
    Option<"chip", "chip", "std::string", /*default=*/"\"\"",
           "the NVIDIA architecture: one that has no mma.sp or is unknown to this "
           "LLVM is refused, and a schedule that takes more shared memory than it "
           "has; empty: the emulator, which has as much as any">];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect",
    "::mlir::gpu::GPUDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::memref::MemRefDialect", "::mlir::NVVM::NVVMDialect",
    "::mlir::nvgpu::NVGPUDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect"];
}

//===----------------------------------------------------------------------===//
// convert-hinm-to-linalg
//===----------------------------------------------------------------------===//

def ConvertHiNMToLinalg : Pass<"convert-hinm-to-linalg"> {
  let summary = "turns hinm operations on tensors into linalg and loops";
  let description = [{
    The meaning of each operation in upstream dialects: the oracle of the tests,
    and how a layer runs that no kernel takes (any V).

    * `hinm.matmul` becomes `linalg.fill` and `linalg.matmul`; a `row_index`
      becomes a gather by its inverse.
    * `hinm.permute` becomes a gather.
    * `hinm.unpack` and `hinm.spmm` become loops over the stored elements; spmm
      accumulates in f32.

    `hinm.prune` and `hinm.pack` are left: they are computed by the compiler
    (`hinm-prune`, `hinm-pack`). So is `hinm.spmm` on memrefs.

    ```mlir
    %y = hinm.permute %x by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x8xf32>
    ```
    becomes
    ```mlir
    %p = arith.constant dense<[2, 0, 1]> : tensor<3xi32>
    %e = tensor.empty() : tensor<3x8xf32>
    %y = linalg.generic {indexing_maps = [(d0, d1) -> (d0), (d0, d1) -> (d0, d1)], ...} ins(%p) outs(%e) {
    ^bb0(%i: i32, %out: f32):
      %row = arith.index_cast %i : i32 to index
      %column = linalg.index 1 : index
      %v = tensor.extract %x[%row, %column] : tensor<3x8xf32>
      linalg.yield %v : f32
    }
    ```
  }];
  let options = [
    Option<"onlySkipped", "only-skipped", "bool", /*default=*/"false",
           "of hinm.spmm, convert only what hinm-select-kernels marked `hinm.skipped`">];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"];
}

#endif // HINM_CONVERSION_PASSES_TD
