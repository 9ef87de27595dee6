//===- Pipelines.h - The way from a dense model to code ---------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The pipelines of hinm. `hinm-pipeline` is all of it; the parts are there for
/// tools that look at the module in between, as hinm-run does.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_PIPELINES_H
#define HINM_PIPELINES_H

#include "mlir/Pass/PassOptions.h"
#include <limits>
#include <string>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace hinm {

/// Where the kernels run.
enum class Device { Emulator, Cuda };

/// Options of the whole way, as `hinm-pipeline{...}` and hinm-run take them.
struct PipelineOptions : public mlir::PassPipelineOptions<PipelineOptions> {
  Option<double> sparsity{
      *this, "sparsity",
      llvm::cl::desc("Share of the weights to drop, in [0, 1]; 0.75 is half "
                     "the vectors and 2:4 (with dtype=tf32 1:2) inside the "
                     "others"),
      llvm::cl::init(0.75)};
  Option<int64_t> vectorSize{
      *this, "vector-size",
      llvm::cl::desc("V, rows of a tile; kernels exist for 32, 64, 128, 256"),
      llvm::cl::init(32)};
  Option<int64_t> listRows{
      *this, "list-rows",
      llvm::cl::desc("Rows that share a set of kept columns, a multiple of V; "
                     "0: V"),
      llvm::cl::init(0)};
  Option<int64_t> window{
      *this, "window",
      llvm::cl::desc("Columns that groups stay within, and of which each tile "
                     "keeps the same share; 0: all"),
      llvm::cl::init(0)};
  Option<std::string> dtype{
      *this, "dtype",
      llvm::cl::desc("Element type of packed weights and their inputs: f16, "
                     "bf16 or tf32, or quantized i8, f8E4M3FN or f8E5M2; "
                     "products are accumulated in f32, of i8 in i32"),
      llvm::cl::init("f16")};
  Option<std::string> algorithm{
      *this, "algorithm",
      llvm::cl::desc("Permutation search: exchange, gyro (as published), or "
                     "none for the natural order"),
      llvm::cl::init("exchange")};
  Option<std::string> orders{
      *this, "orders",
      llvm::cl::desc("class: one order for the layers whose rows are the same "
                     "channels; layer: one for each, with row indices"),
      llvm::cl::init("class")};
  Option<std::string> saliency{
      *this, "saliency",
      llvm::cl::desc("What a weight is worth: magnitude, squared, or from the "
                     "statistics: wanda, fisher, obs or given"),
      llvm::cl::init("magnitude")};
  Option<std::string> statistics{
      *this, "statistics",
      llvm::cl::desc("safetensors file with a tensor of calibration statistics "
                     "for each layer, by its name"),
      llvm::cl::init("")};
  Option<uint64_t> seed{*this, "seed", llvm::cl::desc("Seed of the search"),
                        llvm::cl::init(0)};
  Option<double> timeBudget{
      *this, "time-budget",
      llvm::cl::desc("Seconds of search for each layer; inf: until it "
                     "converges"),
      llvm::cl::init(std::numeric_limits<double>::infinity())};
  Option<unsigned> threads{*this, "threads",
                           llvm::cl::desc("Threads of the search; 0: all"),
                           llvm::cl::init(0)};
  Option<std::string> layers{
      *this, "layers",
      llvm::cl::desc("Regular expression of the layers to sparsify, by name"),
      llvm::cl::init(".*")};
  Option<std::string> skip{
      *this, "skip",
      llvm::cl::desc("Regular expression of the layers to leave dense"),
      llvm::cl::init("")};
  Option<std::string> weights{
      *this, "weights",
      llvm::cl::desc("safetensors file for weights that the module names but "
                     "does not hold"),
      llvm::cl::init("")};
  Option<bool> requireNoPermutes{
      *this, "require-no-permutes",
      llvm::cl::desc("A permutation left at run time is an error"),
      llvm::cl::init(false)};
  Option<Device> device{
      *this, "device", llvm::cl::desc("What the kernels are compiled for"),
      llvm::cl::init(Device::Emulator),
      llvm::cl::values(
          clEnumValN(Device::Emulator, "emulator", "the CPU, with checks"),
          clEnumValN(Device::Cuda, "cuda", "an NVIDIA GPU"))};
  Option<std::string> chip{
      *this, "chip",
      llvm::cl::desc("NVIDIA architecture for device=cuda: sm_80, sm_90a ..."),
      llvm::cl::init("sm_80")};
  Option<std::string> schedules{
      *this, "schedules",
      llvm::cl::desc("JSON file of schedules that were measured, by chip and "
                     "shape"),
      llvm::cl::init("")};
  Option<std::string> format{
      *this, "format",
      llvm::cl::desc("Form of the kernels for device=cuda: isa (PTX), bin "
                     "(cubin) or fatbin; bin and fatbin need ptxas"),
      llvm::cl::init("isa")};
  Option<std::string> toolkit{
      *this, "toolkit",
      llvm::cl::desc("Folder of the CUDA toolkit, above bin/ptxas"),
      llvm::cl::init("")};
};

/// Imports the layers, searches and folds the orders: the module computes what
/// it did.
void buildOrderPipeline(mlir::OpPassManager &pm,
                        const PipelineOptions &options);

/// The same, and prunes: the module still has dense (masked) weights in
/// hinm.matmul.
void buildPrunePipeline(mlir::OpPassManager &pm,
                        const PipelineOptions &options);

/// Packs the pruned layers and picks a kernel for each.
void buildPackPipeline(mlir::OpPassManager &pm, const PipelineOptions &options);

/// Orders, prunes and packs, as one pass (`hinm-owning-pipeline`): what its
/// passes make and replace is freed at once, so that the weights are in memory
/// as they came, and once more.
void buildSparsePipeline(mlir::OpPassManager &pm,
                         const PipelineOptions &options);

/// Lowers a packed module to the LLVM dialect, with its kernels as binaries.
/// Layers without a kernel and everything else run on the host.
void buildDevicePipeline(mlir::OpPassManager &pm,
                         const PipelineOptions &options);

/// Lowers a module with unpacked (or no) layers to the LLVM dialect, all of it
/// for the host, as plain loops.
void buildHostPipeline(mlir::OpPassManager &pm);

/// Registers `hinm-sparsify` (prune and pack) and `hinm-pipeline` (all).
void registerPipelines();

} // namespace hinm

#endif // HINM_PIPELINES_H
