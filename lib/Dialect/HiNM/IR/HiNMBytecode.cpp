//===- HiNMBytecode.cpp - Bytecode of the hinm dialect --------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The binary encoding of the dialect's attributes. It is not only smaller than
/// the text: MLIR tracks the resource blobs of a nested `dense_resource` only
/// through an encoding like this. Every attribute starts with its code; codes
/// are never reused. A change of an encoding needs a new dialect version.
///
//===----------------------------------------------------------------------===//

#include "HiNMBytecode.h"

#include "hinm/Dialect/HiNM/IR/HiNMAttributes.h"
#include "hinm/Dialect/HiNM/IR/HiNMDialect.h"
#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "mlir/Bytecode/BytecodeImplementation.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace hinm;

namespace {

/// Version of the encoding written by this build.
struct HiNMVersion : public DialectVersion {
  uint64_t number = 6;
};

/// The oldest that it reads: `hinm.spmm` has got properties since.
constexpr uint64_t kOldestVersion = 3;

/// The first in which `hinm.spmm` may have slabs.
constexpr uint64_t kSlabVersion = 6;
/// The kinds of operands that come before them.
constexpr size_t kOperandsBeforeSlabs = 5;

enum AttributeCode : uint64_t {
  kPattern = 0,
  kPermutation = 1,
  kColumnIndex = 2,
  kPacked = 3,
  kSchedule = 4,
  kEmulator = 5,
  kConvolution = 7,    // since version 2
  kSharedPattern = 6,  // a pattern with list_rows or window, since version 2
  kKernelSchedule = 8, // a schedule with more than its sizes, since version 3
  kWindowedPacked = 9, // a packed format with window, since version 4
  kFullSchedule = 10,  // one with all there is, since version 5
};

struct HiNMBytecodeInterface : public BytecodeDialectInterface {
  HiNMBytecodeInterface(Dialect *dialect) : BytecodeDialectInterface(dialect) {}

  LogicalResult writeAttribute(Attribute attr,
                               DialectBytecodeWriter &writer) const override {
    auto writeInts = [&](uint64_t code, ArrayRef<int64_t> values) {
      writer.writeVarInt(code);
      for (int64_t value : values)
        writer.writeSignedVarInt(value);
    };
    return llvm::TypeSwitch<Attribute, LogicalResult>(attr)
        .Case([&](PatternAttr a) {
          const bool shares = a.getListRows() || a.getWindow();
          writeInts(shares ? kSharedPattern : kPattern,
                    {a.getTile(), a.getN(), a.getM(),
                     static_cast<int64_t>(a.getPolicy()), a.getKept() ? 1 : 0,
                     a.getKept().value_or(0)});
          writer.writeAPFloatWithKnownSemantics(a.getVectorSparsityValue());
          // Neither can be 0.
          if (shares)
            for (std::optional<int64_t> value :
                 {a.getListRows(), a.getWindow()})
              writer.writeSignedVarInt(value.value_or(0));
          return success();
        })
        .Case([&](PermutationAttr a) {
          writer.writeVarInt(kPermutation);
          writer.writeAttribute(a.getIndices());
          return success();
        })
        .Case([&](ColumnIndexAttr a) {
          writer.writeVarInt(kColumnIndex);
          writer.writeAttribute(a.getColumns());
          writer.writeAttribute(a.getOffsets());
          return success();
        })
        .Case([&](PackedAttr a) {
          writeInts(a.getWindow() ? kWindowedPacked : kPacked,
                    {a.getRows(), a.getColumns(), a.getTile(), a.getN(),
                     a.getM(), a.getVersion()});
          if (a.getWindow())
            writer.writeSignedVarInt(*a.getWindow());
          return success();
        })
        .Case([&](ScheduleAttr a) {
          const bool isAlone = a.getCluster() == 1 && a.getStreamK() == 0 &&
                               a.getWeights() == WeightCaching::Cached &&
                               a.getStores() == ResultStores::Direct;
          const bool isPlain = isAlone &&
                               a.getKernel() == KernelKind::Multistage &&
                               a.getPrefetch() == 0 && a.getSplitK() == 1;
          writeInts(isPlain   ? kSchedule
                    : isAlone ? kKernelSchedule
                              : kFullSchedule,
                    {a.getTileM(), a.getTileN(), a.getTileK(), a.getStages(),
                     a.getWarpsM(), a.getWarpsN()});
          if (!isPlain)
            for (int64_t value : {static_cast<int64_t>(a.getKernel()),
                                  a.getPrefetch(), a.getSplitK()})
              writer.writeSignedVarInt(value);
          if (!isAlone)
            for (int64_t value : {a.getCluster(), a.getStreamK(),
                                  static_cast<int64_t>(a.getWeights()),
                                  static_cast<int64_t>(a.getStores())})
              writer.writeSignedVarInt(value);
          return success();
        })
        .Case([&](ConvolutionAttr a) {
          writer.writeVarInt(kConvolution);
          for (ArrayRef<int64_t> sizes :
               {a.getImage(), a.getKernel(), a.getStrides(), a.getDilations()})
            writer.writeSignedVarInts(sizes);
          return success();
        })
        .Case([&](EmulatorAttr a) {
          writeInts(kEmulator, {a.getO()});
          return success();
        })
        .Default([](Attribute) { return failure(); });
  }

  Attribute readAttribute(DialectBytecodeReader &reader) const override {
    auto emitError = [&] { return reader.emitError(); };
    MLIRContext *context = getContext();
    uint64_t code;
    if (failed(reader.readVarInt(code)))
      return {};
    auto readInts = [&](MutableArrayRef<int64_t> values) {
      for (int64_t &value : values)
        if (failed(reader.readSignedVarInt(value)))
          return failure();
      return success();
    };
    switch (code) {
    case kPattern:
    case kSharedPattern: {
      int64_t v[6];
      if (failed(readInts(v)))
        return {};
      FailureOr<llvm::APFloat> sparsity =
          reader.readAPFloatWithKnownSemantics(llvm::APFloat::IEEEdouble());
      std::optional<VectorPolicy> policy = symbolizeVectorPolicy(v[3]);
      if (failed(sparsity) || !policy)
        return {};
      std::optional<int64_t> kept;
      if (v[4])
        kept = v[5];
      std::optional<int64_t> listRows, window;
      if (int64_t shared[2]; code == kSharedPattern) {
        if (failed(readInts(shared)))
          return {};
        if (shared[0])
          listRows = shared[0];
        if (shared[1])
          window = shared[1];
      }
      return PatternAttr::getChecked(emitError, context, v[0], v[1], v[2],
                                     *policy, *sparsity, kept, listRows,
                                     window);
    }
    case kPermutation: {
      ElementsAttr indices;
      if (failed(reader.readAttribute(indices)))
        return {};
      return PermutationAttr::getChecked(emitError, context, indices);
    }
    case kColumnIndex: {
      ElementsAttr columns, offsets;
      if (failed(reader.readAttribute(columns)) ||
          failed(reader.readAttribute(offsets)))
        return {};
      return ColumnIndexAttr::getChecked(emitError, context, columns, offsets);
    }
    case kPacked:
    case kWindowedPacked: {
      int64_t v[6];
      if (failed(readInts(v)))
        return {};
      std::optional<int64_t> window;
      if (code == kWindowedPacked &&
          failed(reader.readSignedVarInt(window.emplace())))
        return {};
      return PackedAttr::getChecked(emitError, context, v[0], v[1], v[2], v[3],
                                    v[4], v[5], window);
    }
    case kSchedule:
    case kKernelSchedule:
    case kFullSchedule: {
      int64_t v[6];
      if (failed(readInts(v)))
        return {};
      int64_t more[3] = {/*kernel=*/0, /*prefetch=*/0, /*split_k=*/1};
      // cluster, stream_k, weights, stores
      int64_t rest[4] = {1, 0, 0, 0};
      if ((code != kSchedule && failed(readInts(more))) ||
          (code == kFullSchedule && failed(readInts(rest))))
        return {};
      std::optional<KernelKind> kernel = symbolizeKernelKind(more[0]);
      std::optional<WeightCaching> weights = symbolizeWeightCaching(rest[2]);
      std::optional<ResultStores> stores = symbolizeResultStores(rest[3]);
      if (!kernel || !weights || !stores)
        return {};
      return ScheduleAttr::getChecked(emitError, context, *kernel, v[0], v[1],
                                      v[2], v[3], v[4], v[5], more[1], more[2],
                                      rest[0], rest[1], *weights, *stores);
    }
    case kConvolution: {
      SmallVector<int64_t> sizes[4];
      for (SmallVector<int64_t> &list : sizes)
        if (failed(reader.readSignedVarInts(list)))
          return {};
      return ConvolutionAttr::getChecked(
          emitError, context, ArrayRef<int64_t>(sizes[0]),
          ArrayRef<int64_t>(sizes[1]), ArrayRef<int64_t>(sizes[2]),
          ArrayRef<int64_t>(sizes[3]));
    }
    case kEmulator: {
      int64_t v[1];
      if (failed(readInts(v)))
        return {};
      return EmulatorAttr::getChecked(emitError, context,
                                      static_cast<int>(v[0]));
    }
    default:
      reader.emitError() << "unknown hinm attribute code " << code;
      return {};
    }
  }

  void writeVersion(DialectBytecodeWriter &writer) const override {
    writer.writeVarInt(HiNMVersion().number);
  }

  std::unique_ptr<DialectVersion>
  readVersion(DialectBytecodeReader &reader) const override {
    auto version = std::make_unique<HiNMVersion>();
    if (failed(reader.readVarInt(version->number)))
      return nullptr;
    if (version->number > HiNMVersion().number) {
      reader.emitError() << "hinm bytecode version " << version->number
                         << " is newer than this build's version "
                         << HiNMVersion().number;
      return nullptr;
    }
    if (version->number < kOldestVersion) {
      reader.emitError() << "hinm bytecode version " << version->number
                         << " is older than version " << kOldestVersion
                         << ", the oldest that this build reads: write it "
                            "again, from the text";
      return nullptr;
    }
    return version;
  }

  LogicalResult
  upgradeFromVersion(Operation *topLevel,
                     const DialectVersion &version) const override {
    if (static_cast<const HiNMVersion &>(version).number >= kSlabVersion)
      return success();
    // What is counted behind X is two kinds of operands further on.
    topLevel->walk([](SpmmOp op) {
      MutableArrayRef<int32_t> counts(op.getProperties().operandSegmentSizes);
      counts = counts.drop_front(kOperandsBeforeSlabs);
      std::rotate(counts.begin(), counts.end() - 2, counts.end());
    });
    return success();
  }
};

} // namespace

void hinm::detail::addBytecodeInterface(HiNMDialect *dialect) {
  dialect->addInterfaces<HiNMBytecodeInterface>();
}
