//===- SpmmKernel.cpp - What kernels of hinm.spmm there are ---------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SpmmKernel.h"

#include "KernelBuilder.h"
#include "hinm/Dialect/HiNM/Utils/Chip.h"
#include "hinm/Dialect/HiNM/Utils/Epilogue.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace hinm;

namespace {
StringRef nameOf(Type type) {
  return llvm::TypeSwitch<Type, StringRef>(type)
      .Case([](Float16Type) { return "f16"; })
      .Case([](BFloat16Type) { return "bf16"; })
      .Case([](Float8E4M3FNType) { return "e4m3"; })
      .Case([](Float8E5M2Type) { return "e5m2"; })
      .Case([](IntegerType t) { return t.getWidth() == 8 ? "i8" : "i32"; })
      .Default([](Type) { return "f32"; });
}
} // namespace

EpilogueShape SpmmKernelSpec::getEpilogueShape(Value operand) const {
  auto type = cast<ShapedType>(operand.getType());
  if (type.getRank() == 1)
    return EpilogueShape::OfRow;
  return type.getDimSize(tokenMajorOutput ? 1 : 0) == 1
             ? EpilogueShape::OfToken
             : EpilogueShape::OfPlace;
}

std::string SpmmKernelSpec::getName() const {
  std::string output =
      outputType == getSumType() ? "" : ("_to_" + nameOf(outputType)).str();
  std::string variant = schedule.getSuffix();
  if (schedule.getWeights() == WeightCaching::Streamed)
    variant += "_streamed";
  if (schedule.getStores() == ResultStores::Bulk)
    variant += "_bulk";
  if (schedule.getKernel() != KernelKind::Multistage)
    variant += ("_" + stringifyKernelKind(schedule.getKernel())).str();
  if (schedule.getKernel() == KernelKind::Slab)
    variant += llvm::formatv("{0}x{1}{2}", slabPlaces, slabBlocks,
                             slabRowType.isInteger(16) ? "" : "_long");
  if (listType.isInteger(16))
    variant += "_i16";
  if (tokenMajorInput)
    variant += "_tokens";
  if (tokenMajorOutput)
    variant += "_to_tokens";
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
      os << static_cast<int>(getEpilogueShape(operand));
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
             "hinm_spmm_{0}{1}_v{2}_m{3}n{4}k{5}s{6}w{7}x{8}{9}{10}{11}{12}",
             elementType.isF32() ? "tf32" : nameOf(elementType), output, tile,
             schedule.getTileM(), schedule.getTileN(), schedule.getTileK(),
             schedule.getStages(), schedule.getWarpsM(), schedule.getWarpsN(),
             variant, hasRowIndex ? "_rows" : "", patches, suffix)
      .str();
}

LogicalResult
SpmmKernelSpec::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                       StringRef chip) const {
  if (tile != 32 && tile != 64 && tile != 128 && tile != 256)
    return emitError() << "no kernel for tiles of " << tile
                       << " rows: V must be 32, 64, 128 or 256";
  const bool sharesX = schedule.getKernel() == KernelKind::Slab;
  if (tile % schedule.getTileM() != 0 &&
      !(sharesX && schedule.getTileM() % tile == 0))
    return emitError() << "schedule: tile_m = " << schedule.getTileM()
                       << " does not divide the " << tile << " rows of a tile"
                       << (sharesX ? ", and is no multiple of them" : "");
  if (slabRowType && !sharesX)
    return emitError()
           << "schedule: the " << stringifyKernelKind(schedule.getKernel())
           << " kernel reads no 'slabs': drop them, or use kernel = "
              "slab";
  const int64_t blockColumns =
      PackedAttr::getVersionOf(elementType).blockColumns;
  if (schedule.getTileK() != blockColumns)
    return emitError() << "schedule: the kernel takes tile_k = " << blockColumns
                       << " kept columns a step, found " << schedule.getTileK();
  if (!llvm::isPowerOf2_64(schedule.getTileN()))
    return emitError() << "schedule: tile_n = " << schedule.getTileN()
                       << " is not a power of two, as the swizzle of shared "
                          "memory needs";
  const int64_t tokens = getTokensOfChunk(elementType);
  if (schedule.getTileN() % (tokens * schedule.getWarpsN()) != 0)
    return emitError() << "schedule: tile_n = " << schedule.getTileN()
                       << " gives each of the " << schedule.getWarpsN()
                       << " warps no multiple of the " << tokens
                       << " tokens in 16 bytes of " << elementType;
  if (!hasSparseMma(chip, elementType))
    return emitError() << "chip '" << chip << "' multiplies no " << elementType
                       << ": it needs sm_89 or newer";
  if (getElementBytes() != 2 &&
      schedule.getKernel() == KernelKind::WarpSpecialized)
    return emitError() << "schedule: the warp-specialised kernel multiplies "
                          "16-bit elements, not "
                       << elementType;
  if (schedule.getCluster() > 1 &&
      schedule.getKernel() != KernelKind::WarpSpecialized)
    return emitError() << "schedule: only the warp-specialised kernel has "
                          "clusters, found cluster = "
                       << schedule.getCluster();
  if (schedule.getStreamK() &&
      schedule.getKernel() != KernelKind::WarpSpecialized)
    return emitError() << "schedule: stream_k = " << schedule.getStreamK()
                       << " is for blocks that go on to further tiles, which "
                          "only those of the warp-specialised kernel do";
  if (schedule.getStores() == ResultStores::Bulk &&
      schedule.getKernel() != KernelKind::WarpSpecialized)
    return emitError()
           << "schedule: only the warp-specialised kernel stores by "
              "bulk copies: use stores = direct";
  if (failed(verifyKernel(emitError, chip)))
    return failure();
  if (epilogue && failed(verifyEpilogue(emitError)))
    return failure();
  if (const int64_t most = getMaxDynamicSharedBytes(chip);
      getSharedBytes() > most)
    return emitError() << "schedule: "
                       << (schedule.getKernel() == KernelKind::Resident
                               ? "the resident X takes "
                               : "the stages take ")
                       << getSharedBytes()
                       << " bytes of shared memory, more than " << most
                       << " of " << (chip.empty() ? "any chip" : chip);
  return success();
}

LogicalResult
SpmmKernelSpec::verifyKernel(llvm::function_ref<InFlightDiagnostic()> emitError,
                             StringRef chip) const {
  switch (schedule.getKernel()) {
  case KernelKind::Multistage:
    return verifyMultistageSchedule(*this, emitError);
  case KernelKind::Resident:
    return verifyResidentSchedule(*this, emitError);
  case KernelKind::Slab:
    return verifySlabSchedule(*this, emitError);
  case KernelKind::WarpSpecialized:
    return verifyWarpSpecializedSchedule(*this, emitError, chip);
  }
  llvm_unreachable("unknown kernel");
}

gpu::GPUFuncOp hinm::buildSpmmKernel(OpBuilder &builder, Location loc,
                                     const SpmmKernelSpec &spec) {
  OpBuilder::InsertionGuard guard(builder);
  switch (spec.schedule.getKernel()) {
  case KernelKind::Multistage:
    return buildMultistageKernel(builder, loc, spec);
  case KernelKind::Resident:
    return buildResidentKernel(builder, loc, spec);
  case KernelKind::Slab:
    return buildSlabKernel(builder, loc, spec);
  case KernelKind::WarpSpecialized:
    return buildWarpSpecializedKernel(builder, loc, spec);
  }
  llvm_unreachable("unknown kernel");
}

int64_t SpmmKernelSpec::getMaxBlocks(StringRef chip) const {
  return schedule.getKernel() == KernelKind::WarpSpecialized
             ? getMaxWarpSpecializedBlocks(*this, chip)
             : 0;
}

int64_t SpmmKernelSpec::getNumPartials() const {
  // A block that takes several tiles shares two at most.
  const int64_t parts = schedule.getStreamK() ? 2 : schedule.getSplitK();
  return parts * schedule.getTileM() * schedule.getTileN();
}

int64_t SpmmKernelSpec::getNumArrivals() const {
  // A split's blocks are counted, of others the warps.
  return schedule.getStreamK() ? schedule.getWarpsM() * schedule.getWarpsN()
                               : 1;
}

int64_t SpmmKernelSpec::getSharedBytes() const {
  if (schedule.getKernel() == KernelKind::WarpSpecialized)
    return getWarpSpecializedSharedBytes(*this);
  return schedule.getNumHeldRows(columns, slabPlaces) * schedule.getTileN() *
         getElementBytes();
}

bool SpmmKernelSpec::needsDynamicSharedMemory() const {
  return schedule.getKernel() != KernelKind::Multistage ||
         getSharedBytes() > 48 * 1024;
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
