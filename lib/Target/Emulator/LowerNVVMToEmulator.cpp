//===- LowerNVVMToEmulator.cpp - hinm-lower-nvvm-to-emulator --------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Target/Emulator/Passes.h"

#include "hinm/Target/NVVM/SparseWgmma.h"
#include "hinm/Target/NVVM/StreamedLoad.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

namespace hinm {
#define GEN_PASS_DEF_LOWERNVVMTOEMULATOR
#include "hinm/Target/Emulator/Passes.h.inc"
} // namespace hinm

using namespace mlir;
using namespace hinm;

namespace {

constexpr unsigned sharedSpace = 3;
constexpr int64_t sharedAlignment = 16;

bool isConstant(Value value, int32_t wanted) {
  APInt constant;
  return matchPattern(value, m_ConstantInt(&constant)) &&
         constant.getSExtValue() == wanted;
}

/// Rewrites one gpu.module.
class Lowering {
public:
  explicit Lowering(gpu::GPUModuleOp module)
      : module(module), builder(module.getContext()), layout(module) {
    i32 = builder.getI32Type();
    i64 = builder.getI64Type();
    f32 = builder.getF32Type();
    pointer = LLVM::LLVMPointerType::get(module.getContext());
  }

  LogicalResult run() {
    SmallVector<LLVM::LLVMFuncOp> kernels;
    for (auto function : module.getOps<LLVM::LLVMFuncOp>()) {
      if (function.isExternal())
        continue;
      if (function->hasAttr(NVVM::NVVMDialect::getKernelFuncAttrName()) ||
          function->hasAttr(gpu::GPUDialect::getKernelFuncAttrName()))
        kernels.push_back(function);
    }
    for (LLVM::LLVMFuncOp kernel : kernels)
      placeSharedMemory(kernel);
    SmallVector<Operation *> operations;
    module.walk([&](Operation *op) { operations.push_back(op); });
    bool refused = false;
    module.walk([&](LLVM::InlineAsmOp op) {
      if (SparseWgmma::match(op))
        refused |= failed(checkRegisters(op)) || failed(checkSums(op));
    });
    for (Operation *op : operations)
      refused |= failed(rewrite(op));
    if (refused)
      return failure();
    dropAddressSpaces();
    for (LLVM::LLVMFuncOp kernel : kernels)
      addWrapper(kernel);
    return success();
  }

private:
  //===--------------------------------------------------------------------===//
  // Shared memory
  //===--------------------------------------------------------------------===//

  /// Gives every shared array of \p kernel its place in the block's arena;
  /// arrays without a size are dynamic shared memory and start behind all
  /// others. The other kernels of the module have arenas of their own.
  void placeSharedMemory(LLVM::LLVMFuncOp kernel) {
    SmallVector<LLVM::GlobalOp> dynamic;
    int64_t bytes = 0;
    kernel.walk([&](LLVM::AddressOfOp op) {
      auto global = module.lookupSymbol<LLVM::GlobalOp>(op.getGlobalName());
      if (!global || global.getAddrSpace() != sharedSpace ||
          sharedOffset.contains({kernel, global}))
        return;
      int64_t size = layout.getTypeSize(global.getGlobalType());
      if (size == 0) {
        dynamic.push_back(global);
        return;
      }
      int64_t alignment =
          std::max<int64_t>(global.getAlignment().value_or(1), sharedAlignment);
      bytes = llvm::alignTo(bytes, alignment);
      sharedOffset[{kernel, global}] = bytes;
      bytes += size;
    });
    bytes = llvm::alignTo(bytes, sharedAlignment);
    for (LLVM::GlobalOp global : dynamic)
      sharedOffset[{kernel, global}] = bytes;
    staticShared[kernel] = bytes;
  }

  /// After this every pointer is of address space 0, in which the host has
  /// global and shared memory alike.
  void dropAddressSpaces() {
    for (auto global :
         llvm::make_early_inc_range(module.getOps<LLVM::GlobalOp>())) {
      if (global.getAddrSpace() == sharedSpace)
        global.erase();
      else
        global.setAddrSpace(0);
    }
    AttrTypeReplacer replacer;
    replacer.addReplacement(
        [&](LLVM::LLVMPointerType) -> Type { return pointer; });
    replacer.recursivelyReplaceElementsIn(module, /*replaceAttrs=*/true,
                                          /*replaceLocs=*/false,
                                          /*replaceTypes=*/true);
    module.walk([](LLVM::AddrSpaceCastOp op) {
      op.getResult().replaceAllUsesWith(op.getArg());
      op.erase();
    });
  }

  //===--------------------------------------------------------------------===//
  // Building blocks
  //===--------------------------------------------------------------------===//

  Value constant(Location loc, int32_t value) {
    return LLVM::ConstantOp::create(builder, loc, i32,
                                    builder.getI32IntegerAttr(value));
  }

  Value wideConstant(Location loc, int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, i64,
                                    builder.getI64IntegerAttr(value));
  }

  Value call(Location loc, StringRef name, Type result, ValueRange operands) {
    auto function = module.lookupSymbol<LLVM::LLVMFuncOp>(name);
    if (!function) {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(module.getBody());
      function = LLVM::LLVMFuncOp::create(
          builder, loc, name,
          LLVM::LLVMFunctionType::get(
              result ? result : LLVM::LLVMVoidType::get(builder.getContext()),
              llvm::to_vector(operands.getTypes())));
    }
    auto callOp = LLVM::CallOp::create(builder, loc, function, operands);
    return result ? callOp.getResult() : Value();
  }

  /// "<op> at <file>:<line>:<column>", as a pointer to a constant string.
  /// Inline PTX says what it is by \p name.
  Value where(Operation *op, StringRef name = "") {
    std::string text =
        (name.empty() ? op->getName().getStringRef() : name).str();
    if (auto file = op->getLoc()->findInstanceOf<FileLineColLoc>())
      text += llvm::formatv(" at {0}:{1}:{2}", file.getFilename().getValue(),
                            file.getLine(), file.getColumn());
    text.push_back('\0');
    auto [it, isNew] = strings.try_emplace(text, "");
    if (isNew) {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(module.getBody());
      it->second = llvm::formatv("__hinm_emu_where_{0}", strings.size() - 1);
      LLVM::GlobalOp::create(
          builder, op->getLoc(),
          LLVM::LLVMArrayType::get(builder.getI8Type(), text.size()),
          /*isConstant=*/true, LLVM::Linkage::Internal, it->second,
          builder.getStringAttr(text));
    }
    return LLVM::AddressOfOp::create(builder, op->getLoc(), pointer,
                                     it->second);
  }

  Value toGeneric(Value address) {
    if (address.getType() == pointer)
      return address;
    return LLVM::AddrSpaceCastOp::create(builder, address.getLoc(), pointer,
                                         address);
  }

  /// An array of \p count registers of \p type on the stack, in the entry block
  /// so that loops do not grow it.
  Value makeRegisters(Operation *op, Type type, int64_t count) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(
        &op->getParentOfType<LLVM::LLVMFuncOp>().getBody().front());
    Value size = constant(op->getLoc(), 1);
    return LLVM::AllocaOp::create(builder, op->getLoc(), pointer,
                                  LLVM::LLVMArrayType::get(type, count), size);
  }

  Value registerAddress(Value registers, Type type, int32_t index) {
    return LLVM::GEPOp::create(builder, registers.getLoc(), pointer, type,
                               registers, ArrayRef<LLVM::GEPArg>{index});
  }

  /// The registers as an array of 32-bit words.
  Value spill(Operation *op, ValueRange values) {
    Type type = values.front().getType().isF32() ? Type(f32) : Type(i32);
    Value registers = makeRegisters(op, type, values.size());
    for (auto [index, value] : llvm::enumerate(values)) {
      Value word = value;
      if (word.getType() != type)
        word = LLVM::BitcastOp::create(builder, op->getLoc(), type, word);
      LLVM::StoreOp::create(builder, op->getLoc(), word,
                            registerAddress(registers, type, index));
    }
    return registers;
  }

  //===--------------------------------------------------------------------===//
  // Operations
  //===--------------------------------------------------------------------===//

  LogicalResult rewrite(Operation *op) {
    builder.setInsertionPoint(op);
    return llvm::TypeSwitch<Operation *, LogicalResult>(op)
        .Case<NVVM::ThreadIdXOp>([&](auto o) { return readRegister(o, 0); })
        .Case<NVVM::ThreadIdYOp>([&](auto o) { return readRegister(o, 1); })
        .Case<NVVM::ThreadIdZOp>([&](auto o) { return readRegister(o, 2); })
        .Case<NVVM::BlockDimXOp>([&](auto o) { return readRegister(o, 3); })
        .Case<NVVM::BlockDimYOp>([&](auto o) { return readRegister(o, 4); })
        .Case<NVVM::BlockDimZOp>([&](auto o) { return readRegister(o, 5); })
        .Case<NVVM::BlockIdXOp>([&](auto o) { return readRegister(o, 6); })
        .Case<NVVM::BlockIdYOp>([&](auto o) { return readRegister(o, 7); })
        .Case<NVVM::BlockIdZOp>([&](auto o) { return readRegister(o, 8); })
        .Case<NVVM::GridDimXOp>([&](auto o) { return readRegister(o, 9); })
        .Case<NVVM::GridDimYOp>([&](auto o) { return readRegister(o, 10); })
        .Case<NVVM::GridDimZOp>([&](auto o) { return readRegister(o, 11); })
        .Case<NVVM::LaneIdOp>([&](auto o) { return readRegister(o, 12); })
        .Case<NVVM::WarpIdOp>([&](auto o) { return readRegister(o, 13); })
        .Case<NVVM::ClusterIdXOp>([&](auto o) { return readRegister(o, 14); })
        .Case<NVVM::ClusterIdYOp>([&](auto o) { return readRegister(o, 15); })
        .Case<NVVM::ClusterIdZOp>([&](auto o) { return readRegister(o, 16); })
        .Case<NVVM::ClusterDimXOp>([&](auto o) { return readRegister(o, 17); })
        .Case<NVVM::ClusterDimYOp>([&](auto o) { return readRegister(o, 18); })
        .Case<NVVM::ClusterDimZOp>([&](auto o) { return readRegister(o, 19); })
        .Case<NVVM::BlockInClusterIdXOp>(
            [&](auto o) { return readRegister(o, 20); })
        .Case<NVVM::BlockInClusterIdYOp>(
            [&](auto o) { return readRegister(o, 21); })
        .Case<NVVM::BlockInClusterIdZOp>(
            [&](auto o) { return readRegister(o, 22); })
        .Case<NVVM::ClusterDimBlocksXOp>(
            [&](auto o) { return readRegister(o, 23); })
        .Case<NVVM::ClusterDimBlocksYOp>(
            [&](auto o) { return readRegister(o, 24); })
        .Case<NVVM::ClusterDimBlocksZOp>(
            [&](auto o) { return readRegister(o, 25); })
        .Case<NVVM::ClusterId>([&](auto o) { return readRegister(o, 26); })
        .Case<NVVM::ClusterDim>([&](auto o) { return readRegister(o, 27); })
        .Case([&](NVVM::ClusterArriveOp o) {
          return replace(o, "hinm_emu_cluster_arrive", where(o));
        })
        .Case([&](NVVM::ClusterWaitOp o) {
          return replace(o, "hinm_emu_cluster_wait", where(o));
        })
        .Case([&](NVVM::Barrier0Op o) { return barrier(o, {}, {}); })
        .Case([&](NVVM::BarrierOp o) -> LogicalResult {
          if (o.getReductionOp())
            return unknown(o);
          return barrier(o, o.getBarrierId(), o.getNumberOfThreads());
        })
        .Case([&](NVVM::SyncWarpOp o) -> LogicalResult {
          if (!isConstant(o.getMask(), -1))
            return unknown(o);
          call(o.getLoc(), "hinm_emu_warp_sync", {}, where(o));
          o.erase();
          return success();
        })
        // Accesses that would escape the checks.
        .Case<LLVM::AtomicCmpXchgOp, LLVM::MemcpyOp, LLVM::MemmoveOp,
              LLVM::MemsetOp>([&](auto o) { return unknown(o); })
        .Case([&](NVVM::FenceMbarrierInitOp o) {
          return replace(o, "hinm_emu_fence_mbarrier_init", {});
        })
        .Case([&](NVVM::WgmmaFenceAlignedOp o) {
          return replace(o, "hinm_emu_wgmma_fence", {});
        })
        .Case([&](NVVM::WgmmaGroupSyncAlignedOp o) {
          return replace(o, "hinm_emu_wgmma_commit", {});
        })
        .Case([&](NVVM::WgmmaWaitGroupSyncOp o) {
          return replace(o, "hinm_emu_wgmma_wait",
                         constant(o.getLoc(), o.getGroup()));
        })
        // There are registers enough; the operation checks its operand itself.
        .Case([&](NVVM::SetMaxRegisterOp o) {
          o.erase();
          return success();
        })
        .Case([&](NVVM::CpAsyncBulkCommitGroupOp o) {
          return replace(o, "hinm_emu_cp_async_bulk_commit", {});
        })
        // What has been read may be overwritten, what has been written is seen
        // at the end of the kernel: either wait does.
        .Case([&](NVVM::CpAsyncBulkWaitGroupOp o) {
          return replace(o, "hinm_emu_cp_async_bulk_wait",
                         constant(o.getLoc(), o.getGroup()));
        })
        .Case<NVVM::CpAsyncOp, NVVM::CpAsyncCommitGroupOp,
              NVVM::CpAsyncWaitGroupOp, NVVM::LdMatrixOp, NVVM::StMatrixOp,
              NVVM::MmaSpOp, NVVM::PermuteOp, NVVM::ConvertFloatToTF32Op,
              NVVM::ShflOp, LLVM::CallIntrinsicOp, LLVM::LoadOp, LLVM::StoreOp,
              LLVM::AtomicRMWOp, LLVM::AddressOfOp>(
            [&](auto o) { return lower(o); })
        .Case<NVVM::MBarrierInitOp, NVVM::MBarrierInvalOp,
              NVVM::MBarrierArriveOp, NVVM::MBarrierArriveExpectTxOp,
              NVVM::MBarrierTryWaitOp, NVVM::MBarrierTryWaitParityOp,
              NVVM::CpAsyncMBarrierArriveOp,
              NVVM::CpAsyncBulkGlobalToSharedClusterOp,
              NVVM::CpAsyncBulkSharedCTAToGlobalOp, NVVM::FenceProxyOp,
              NVVM::MapaOp, NVVM::ElectSyncOp, LLVM::InlineAsmOp>(
            [&](auto o) { return lower(o); })
        .Default([&](Operation *o) -> LogicalResult {
          if (isa_and_nonnull<NVVM::NVVMDialect>(o->getDialect()) ||
              (isa_and_nonnull<gpu::GPUDialect>(o->getDialect()) &&
               o != module.getOperation()))
            return unknown(o);
          return success();
        });
  }

  LogicalResult unknown(Operation *op) {
    return op->emitOpError("is not known to the emulator");
  }

  LogicalResult readRegister(Operation *op, int32_t code) {
    Value result = call(op->getLoc(), "hinm_emu_register", i32,
                        constant(op->getLoc(), code));
    op->replaceAllUsesWith(ValueRange(result));
    op->erase();
    return success();
  }

  /// Replaces \p op, which has no result, by a call.
  LogicalResult replace(Operation *op, StringRef name, ValueRange operands) {
    call(op->getLoc(), name, {}, operands);
    op->erase();
    return success();
  }

  LogicalResult barrier(Operation *op, Value id, Value threads) {
    Value zero = constant(op->getLoc(), 0);
    return replace(op, "hinm_emu_barrier",
                   {id ? id : zero, threads ? threads : zero, where(op)});
  }

  LogicalResult lower(NVVM::CpAsyncOp op) {
    Location loc = op.getLoc();
    Value bytes = constant(loc, op.getSize());
    call(loc, "hinm_emu_cp_async", {},
         {toGeneric(op.getDst()), toGeneric(op.getSrc()), bytes,
          op.getCpSize() ? Value(op.getCpSize()) : bytes, where(op)});
    op.erase();
    return success();
  }

  LogicalResult lower(NVVM::CpAsyncCommitGroupOp op) {
    call(op.getLoc(), "hinm_emu_cp_async_commit", {}, {});
    op.erase();
    return success();
  }

  LogicalResult lower(NVVM::CpAsyncWaitGroupOp op) {
    call(op.getLoc(), "hinm_emu_cp_async_wait", {},
         constant(op.getLoc(), op.getN()));
    op.erase();
    return success();
  }

  LogicalResult lower(NVVM::LdMatrixOp op) {
    Location loc = op.getLoc();
    if (op.getEltType() != NVVM::LdStMatrixEltType::B16)
      return unknown(op);
    const int32_t count = op.getNum();
    Value registers = makeRegisters(op, i32, count);
    Value transposed =
        constant(loc, op.getLayout() == NVVM::MMALayout::col ? 1 : 0);
    call(loc, "hinm_emu_ldmatrix", {},
         {registers, toGeneric(op.getPtr()), constant(loc, count), transposed,
          where(op)});
    // One register comes back as it is, several as a struct.
    Value result;
    if (op.getType() != i32)
      result = LLVM::PoisonOp::create(builder, loc, op.getType());
    for (int32_t i = 0; i < count; ++i) {
      Value word = LLVM::LoadOp::create(builder, loc, i32,
                                        registerAddress(registers, i32, i));
      result = op.getType() == i32
                   ? word
                   : LLVM::InsertValueOp::create(builder, loc, result, word, i);
    }
    op.getResult().replaceAllUsesWith(result);
    op.erase();
    return success();
  }

  LogicalResult lower(NVVM::StMatrixOp op) {
    Location loc = op.getLoc();
    NVVM::LdStMatrixShapeAttr shape = op.getShape();
    if (op.getEltType() != NVVM::LdStMatrixEltType::B16 || shape.getM() != 8 ||
        shape.getN() != 8)
      return unknown(op);
    const int32_t isTransposed = op.getLayout() == NVVM::MMALayout::col;
    const auto count = static_cast<int32_t>(op.getSources().size());
    return replace(op, "hinm_emu_stmatrix",
                   {toGeneric(op.getPtr()), spill(op, op.getSources()),
                    constant(loc, count), constant(loc, isTransposed),
                    where(op)});
  }

  LogicalResult lower(NVVM::MmaSpOp op) {
    NVVM::MMAShapeAttr shape = op.getShape();
    const std::optional<NVVM::MMATypes> named = op.getMultiplicandAPtxType();
    std::optional<int32_t> type;
    if (named == NVVM::MMATypes::bf16)
      type = 1;
    else if (named == NVVM::MMATypes::s8)
      type = 2;
    else if (named == NVVM::MMATypes::tf32)
      type = 5;
    else if (isa<VectorType>(op.getOperandA()[0].getType()))
      type = 0;
    const int64_t columns = type == 2 ? 64 : type == 5 ? 16 : 32;
    Type sum = type == 2 ? i32 : f32;
    auto sums = dyn_cast<LLVM::LLVMStructType>(op.getType());
    const bool isSatfinite =
        op.getIntOverflowBehavior() == NVVM::MMAIntOverflow::satfinite;
    if (!op.getOrderedMetadata() || shape.getM() != 16 || shape.getN() != 8 ||
        shape.getK() != columns || !type || isSatfinite ||
        op.getMultiplicandBPtxType().value_or(NVVM::MMATypes::f16) !=
            named.value_or(NVVM::MMATypes::f16) ||
        !sums || !llvm::all_equal(sums.getBody()) ||
        sums.getBody().front() != sum || op.getOperandC().size() != 4)
      return op.emitOpError("is not known to the emulator: it runs "
                            "mma.sp::ordered_metadata m16n8k32 of f16 and bf16 "
                            "and m16n8k16 of tf32 with f32 accumulators, and "
                            "m16n8k64 of s8 with s32");
    return lowerMma(op, sum, op.getOperandA(), op.getOperandB(),
                    op.getOperandC(), op.getSparseMetadata(),
                    op.getSparsitySelector(), *type);
  }

  /// mma.sp on registers \p a, \p b and \p c of \p sum; \p type is one of
  /// HinmEmuMmaType.
  LogicalResult lowerMma(Operation *op, Type sum, ValueRange a, ValueRange b,
                         ValueRange c, Value metadata, Value selector,
                         int32_t type) {
    Location loc = op->getLoc();
    Value result = makeRegisters(op, sum, 4);
    call(loc, "hinm_emu_mma_sp", {},
         {result, spill(op, a), spill(op, b), spill(op, c), metadata, selector,
          constant(loc, type), where(op)});
    Value fragments =
        LLVM::PoisonOp::create(builder, loc, op->getResult(0).getType());
    for (int32_t i = 0; i < 4; ++i) {
      Value word = LLVM::LoadOp::create(builder, loc, sum,
                                        registerAddress(result, sum, i));
      fragments = LLVM::InsertValueOp::create(builder, loc, fragments, word, i);
    }
    op->getResult(0).replaceAllUsesWith(fragments);
    op->erase();
    return success();
  }

  /// nvvm.mma.sp.sync has no 8-bit floats: kernels call the intrinsic. Of other
  /// intrinsics those of no target are plain arithmetic.
  LogicalResult lower(LLVM::CallIntrinsicOp op) {
    StringRef name = op.getIntrin();
    if (!name.starts_with("llvm.nvvm."))
      return success();
    const std::optional<int32_t> type =
        llvm::StringSwitch<std::optional<int32_t>>(name)
            .Case("llvm.nvvm.mma.sp.ordered.metadata.m16n8k64.row.col.f32.e4m3."
                  "e4m3.f32",
                  3)
            .Case("llvm.nvvm.mma.sp.ordered.metadata.m16n8k64.row.col.f32.e5m2."
                  "e5m2.f32",
                  4)
            .Default(std::nullopt);
    OperandRange operands = op.getArgs();
    if (!type || operands.size() != 14)
      return op.emitOpError("of '") << name << "' is not known to the emulator";
    return lowerMma(op, f32, operands.slice(0, 4), operands.slice(4, 4),
                    operands.slice(8, 4), operands[12], operands[13], *type);
  }

  /// A half of the last place is added to the magnitude, and what is behind it
  /// dropped. Infinities and NaNs stay as they are.
  LogicalResult lower(NVVM::ConvertFloatToTF32Op op) {
    Location loc = op.getLoc();
    if (op.getRnd() != NVVM::FPRoundingMode::RNA ||
        op.getSat() != NVVM::SaturationMode::NONE || op.getRelu())
      return unknown(op);
    constexpr int32_t exponent = 0x7f800000, unused = 0x1fff;
    Value bits = LLVM::BitcastOp::create(builder, loc, i32, op.getSrc());
    Value isFinite = LLVM::ICmpOp::create(
        builder, loc, LLVM::ICmpPredicate::ne,
        LLVM::AndOp::create(builder, loc, bits, constant(loc, exponent)),
        constant(loc, exponent));
    Value rounded = LLVM::AndOp::create(
        builder, loc,
        LLVM::AddOp::create(builder, loc, bits,
                            constant(loc, (unused + 1) / 2)),
        constant(loc, ~unused));
    op.getRes().replaceAllUsesWith(
        LLVM::SelectOp::create(builder, loc, isFinite, rounded, bits));
    op.erase();
    return success();
  }

  /// Four bytes of eight, by a constant selector.
  LogicalResult lower(NVVM::PermuteOp op) {
    Location loc = op.getLoc();
    APInt selector;
    if (op.getMode() != NVVM::PermuteMode::DEFAULT || !op.getHi() ||
        !matchPattern(op.getSelector(), m_ConstantInt(&selector)) ||
        (selector.getZExtValue() & 0x8888) != 0)
      return unknown(op);
    auto widen = [&](Value word) {
      return LLVM::ZExtOp::create(builder, loc, i64, word);
    };
    auto wide = [&](int64_t value) { return wideConstant(loc, value); };
    Value bytes = LLVM::OrOp::create(
        builder, loc, widen(op.getLo()),
        LLVM::ShlOp::create(builder, loc, widen(op.getHi()), wide(32)));
    Value result = wide(0);
    for (int64_t i = 0; i < 4; ++i) {
      const int64_t source = selector.getZExtValue() >> (4 * i) & 7;
      Value byte = LLVM::AndOp::create(
          builder, loc,
          LLVM::LShrOp::create(builder, loc, bytes, wide(8 * source)),
          wide(0xff));
      result = LLVM::OrOp::create(
          builder, loc, result,
          LLVM::ShlOp::create(builder, loc, byte, wide(8 * i)));
    }
    op.getResult().replaceAllUsesWith(
        LLVM::TruncOp::create(builder, loc, i32, result));
    op.erase();
    return success();
  }

  //===--------------------------------------------------------------------===//
  // Hopper
  //===--------------------------------------------------------------------===//

  LogicalResult lower(NVVM::MBarrierInitOp op) {
    if (op.getPredicate())
      return unknown(op);
    return replace(op, "hinm_emu_mbarrier_init",
                   {toGeneric(op.getAddr()), op.getCount(), where(op)});
  }

  LogicalResult lower(NVVM::MBarrierInvalOp op) {
    return replace(op, "hinm_emu_mbarrier_inval",
                   {toGeneric(op.getAddr()), where(op)});
  }

  LogicalResult arrive(Operation *op, Value address, Value count, Value bytes) {
    Value state = call(op->getLoc(), "hinm_emu_mbarrier_arrive", i64,
                       {toGeneric(address), count, bytes, where(op)});
    if (op->getNumResults() != 0)
      op->getResult(0).replaceAllUsesWith(state);
    op->erase();
    return success();
  }

  LogicalResult lower(NVVM::MBarrierArriveOp op) {
    if (op.getRelaxed() || op.getScope() != NVVM::MemScopeKind::CTA)
      return unknown(op);
    Location loc = op.getLoc();
    return arrive(op, op.getAddr(),
                  op.getCount() ? op.getCount() : constant(loc, 1),
                  constant(loc, 0));
  }

  LogicalResult lower(NVVM::MBarrierArriveExpectTxOp op) {
    if (op.getRelaxed() || op.getScope() != NVVM::MemScopeKind::CTA ||
        op.getPredicate())
      return unknown(op);
    return arrive(op, op.getAddr(), constant(op.getLoc(), 1), op.getTxcount());
  }

  void waitForPhase(Operation *op, Value address, Value stateOrPhase) {
    call(op->getLoc(),
         stateOrPhase.getType() == i64 ? "hinm_emu_mbarrier_wait_state"
                                       : "hinm_emu_mbarrier_wait_parity",
         {}, {toGeneric(address), stateOrPhase, where(op)});
  }

  LogicalResult lower(NVVM::MBarrierTryWaitOp op) {
    if (op.getRelaxed() || op.getScope() != NVVM::MemScopeKind::CTA)
      return unknown(op);
    // It may wait for any time, and so it waits until it need not fail.
    waitForPhase(op, op.getAddr(), op.getStateOrPhase());
    op.getResult().replaceAllUsesWith(LLVM::ConstantOp::create(
        builder, op.getLoc(), builder.getI1Type(), builder.getBoolAttr(true)));
    op.erase();
    return success();
  }

  LogicalResult lower(NVVM::MBarrierTryWaitParityOp op) {
    waitForPhase(op, op.getAddr(), op.getPhase());
    op.erase();
    return success();
  }

  LogicalResult lower(NVVM::CpAsyncMBarrierArriveOp op) {
    return replace(op, "hinm_emu_cp_async_mbarrier_arrive",
                   {toGeneric(op.getAddr()),
                    constant(op.getLoc(), op.getNoinc()), where(op)});
  }

  LogicalResult lower(NVVM::CpAsyncBulkGlobalToSharedClusterOp op) {
    if (Value policy = op.getL2CacheHint())
      call(op.getLoc(), "hinm_emu_check_policy", {}, {policy, where(op)});
    SmallVector<Value> operands = {toGeneric(op.getDstMem()),
                                   toGeneric(op.getSrcMem()),
                                   toGeneric(op.getMbar()), op.getSize()};
    StringRef name = "hinm_emu_cp_async_bulk";
    if (op.getMulticastMask()) {
      name = "hinm_emu_cp_async_bulk_multicast";
      operands.push_back(LLVM::ZExtOp::create(builder, op.getLoc(), i32,
                                              op.getMulticastMask()));
    }
    operands.push_back(where(op));
    return replace(op, name, operands);
  }

  LogicalResult lower(NVVM::MapaOp op) {
    Location loc = op.getLoc();
    Value address = call(loc, "hinm_emu_mapa", pointer,
                         {toGeneric(op.getA()), op.getB(), where(op)});
    if (op.getType() != pointer)
      address =
          LLVM::AddrSpaceCastOp::create(builder, loc, op.getType(), address);
    op.getResult().replaceAllUsesWith(address);
    op.erase();
    return success();
  }

  LogicalResult lower(NVVM::CpAsyncBulkSharedCTAToGlobalOp op) {
    if (op.getByteMask() || op.getL2CacheHint())
      return unknown(op);
    return replace(op, "hinm_emu_cp_async_bulk_store",
                   {toGeneric(op.getDstMem()), toGeneric(op.getSrcMem()),
                    op.getSize(), where(op)});
  }

  LogicalResult lower(NVVM::FenceProxyOp op) {
    if (op.getKind() != NVVM::ProxyKind::async &&
        op.getKind() != NVVM::ProxyKind::async_shared)
      return unknown(op);
    return replace(op, "hinm_emu_fence_proxy_async", {});
  }

  LogicalResult lower(NVVM::ElectSyncOp op) {
    if (op.getMembermask() && !isConstant(op.getMembermask(), -1))
      return unknown(op);
    Location loc = op.getLoc();
    Value elected = call(loc, "hinm_emu_elect", i32, where(op));
    op.getResult().replaceAllUsesWith(LLVM::ICmpOp::create(
        builder, loc, LLVM::ICmpPredicate::ne, elected, constant(loc, 0)));
    op.erase();
    return success();
  }

  /// Registers of a wgmma must not be written between the fence before it and
  /// the wgmma. What the compiler may place anywhere, as constants, is not
  /// seen.
  LogicalResult checkRegisters(LLVM::InlineAsmOp op) {
    Operation *fence = op->getPrevNode();
    while (fence && !isa<NVVM::WgmmaFenceAlignedOp>(fence))
      fence = fence->getPrevNode();
    if (!fence)
      return success(); // in another block: the emulator sees whether there is
    SmallVector<Value> registers(SparseWgmma::getA(op));
    llvm::append_range(registers, SparseWgmma::getSums(op));
    while (!registers.empty()) {
      Operation *writer = registers.pop_back_val().getDefiningOp();
      if (!writer || writer->getBlock() != fence->getBlock() ||
          writer->isBeforeInBlock(fence) || isa<LLVM::ConstantOp>(writer))
        continue;
      // The sums of the wgmma before need no fence, nor does another name.
      if (auto part = dyn_cast<LLVM::ExtractValueOp>(writer);
          part && part.getContainer().getDefiningOp<LLVM::InlineAsmOp>())
        continue;
      if (isa<LLVM::BitcastOp, LLVM::ExtractElementOp, LLVM::ExtractValueOp>(
              writer)) {
        registers.push_back(writer->getOperand(0));
        continue;
      }
      return op.emitOpError("takes a register that '")
             << writer->getName() << "' writes behind the wgmma.fence";
    }
    return success();
  }

  /// Only a wgmma may take the sums before a wait. The wait of another block is
  /// not seen; whether there is any, the emulator sees.
  LogicalResult checkSums(LLVM::InlineAsmOp op) {
    Operation *wait = op->getNextNode();
    while (wait && !isa<NVVM::WgmmaWaitGroupSyncOp>(wait))
      wait = wait->getNextNode();
    for (Operation *part : op->getUsers())
      for (Operation *reader : part->getUsers()) {
        auto next = dyn_cast<LLVM::InlineAsmOp>(reader);
        if (reader->getBlock() != op->getBlock() ||
            reader->hasTrait<OpTrait::IsTerminator>() ||
            (wait && wait->isBeforeInBlock(reader)) ||
            (next && SparseWgmma::match(next)))
          continue;
        return reader->emitOpError("reads the sums of a wgmma before a "
                                   "wgmma.wait_group");
      }
    return success();
  }

  LogicalResult lower(LLVM::InlineAsmOp op) {
    if (std::optional<SparseWgmma> wgmma = SparseWgmma::match(op))
      return lower(op, *wgmma);
    if (std::optional<StreamedLoad> load = StreamedLoad::match(op))
      return lower(op, *load);
    if (EvictFirstPolicy::match(op)) {
      op.getResult(0).replaceAllUsesWith(
          call(op.getLoc(), "hinm_emu_evict_first_policy", i64, {}));
      op.erase();
      return success();
    }
    return op.emitOpError("is not known to the emulator: of inline PTX it "
                          "knows the wgmma.mma_async.sp of SparseWgmma.h, the "
                          "createpolicy and the ld.global of "
                          "StreamedLoad.h");
  }

  LogicalResult lower(LLVM::InlineAsmOp op, const StreamedLoad &load) {
    Location loc = op.getLoc();
    Value address = toGeneric(StreamedLoad::getAddress(op));
    call(loc, "hinm_emu_streamed_load", {},
         {address, wideConstant(loc, 4 * load.words),
          StreamedLoad::getPolicy(op), where(op, "ld.global")});
    Type type = op->getResult(0).getType();
    Value loaded = LLVM::LoadOp::create(builder, loc, type, address);
    op.getResult(0).replaceAllUsesWith(loaded);
    op.erase();
    return success();
  }

  LogicalResult lower(LLVM::InlineAsmOp op, const SparseWgmma &wgmma) {
    Location loc = op.getLoc();
    Value sums = spill(op, SparseWgmma::getSums(op));
    call(loc, "hinm_emu_wgmma_sp_m64k32", {},
         {sums, constant(loc, wgmma.columns), spill(op, SparseWgmma::getA(op)),
          SparseWgmma::getDescriptor(op), SparseWgmma::getMetadata(op),
          constant(loc, wgmma.selector), SparseWgmma::getAccumulate(op),
          constant(loc, wgmma.isBF16), where(op, "wgmma.mma_async.sp")});
    Value results = LLVM::PoisonOp::create(builder, loc, op.getType(0));
    for (int64_t i = 0; i < wgmma.columns / 2; ++i) {
      Value sum = LLVM::LoadOp::create(builder, loc, f32,
                                       registerAddress(sums, f32, i));
      results = LLVM::InsertValueOp::create(builder, loc, results, sum, i);
    }
    op.getResult(0).replaceAllUsesWith(results);
    op.erase();
    return success();
  }

  /// Of whole warps, and without the predicate: all that gpu.shuffle and the
  /// reductions of this project need.
  LogicalResult lower(NVVM::ShflOp op) {
    Location loc = op.getLoc();
    const bool up = op.getKind() == NVVM::ShflKind::up;
    if (op.getReturnValueAndIsValid() || !isConstant(op.getThreadMask(), -1) ||
        !isConstant(op.getMaskAndClamp(), up ? 0 : 31))
      return unknown(op);
    const int32_t kind = op.getKind() == NVVM::ShflKind::idx    ? 0
                         : up                                   ? 1
                         : op.getKind() == NVVM::ShflKind::down ? 2
                                                                : 3;
    Value word = op.getVal();
    if (word.getType() != i32)
      word = LLVM::BitcastOp::create(builder, loc, i32, word);
    Value result = call(loc, "hinm_emu_shfl", i32,
                        {word, constant(loc, kind), op.getOffset(), where(op)});
    if (op.getType() != i32)
      result = LLVM::BitcastOp::create(builder, loc, op.getType(), result);
    op.getResult().replaceAllUsesWith(result);
    op.erase();
    return success();
  }

  /// Without \p alignment the compiler takes that of the type for granted.
  LogicalResult checkAccess(Operation *op, Value address, Type type,
                            std::optional<uint64_t> alignment, bool isStore) {
    // The lowering's own arrays are on the stack.
    if (address.getDefiningOp<LLVM::AllocaOp>())
      return success();
    Location loc = op->getLoc();
    call(loc, "hinm_emu_access", {},
         {toGeneric(address),
          wideConstant(loc, layout.getTypeSize(type).getFixedValue()),
          wideConstant(loc,
                       alignment.value_or(layout.getTypeABIAlignment(type))),
          constant(loc, isStore), where(op)});
    return success();
  }

  LogicalResult lower(LLVM::LoadOp op) {
    return checkAccess(op, op.getAddr(), op.getType(), op.getAlignment(),
                       /*isStore=*/false);
  }

  LogicalResult lower(LLVM::StoreOp op) {
    return checkAccess(op, op.getAddr(), op.getValue().getType(),
                       op.getAlignment(), /*isStore=*/true);
  }

  /// Blocks run on several threads of the host, whose atomic operation does it.
  /// In shared memory it would race with what the barriers order.
  LogicalResult lower(LLVM::AtomicRMWOp op) {
    auto type = cast<LLVM::LLVMPointerType>(op.getPtr().getType());
    if (type.getAddressSpace() == sharedSpace)
      return unknown(op);
    return checkAccess(op, op.getPtr(), op.getType(), op.getAlignment(),
                       /*isStore=*/true);
  }

  LogicalResult lower(LLVM::AddressOfOp op) {
    auto global = module.lookupSymbol<LLVM::GlobalOp>(op.getGlobalName());
    if (!global || global.getAddrSpace() != sharedSpace)
      return success();
    auto kernel = op->getParentOfType<LLVM::LLVMFuncOp>();
    auto place = sharedOffset.find({kernel, global});
    if (place == sharedOffset.end())
      return op.emitOpError("of shared memory outside of a kernel is not known "
                            "to the emulator");
    Location loc = op.getLoc();
    Value offset = wideConstant(loc, place->second);
    Value address = call(loc, "hinm_emu_shared", pointer, offset);
    address =
        LLVM::AddrSpaceCastOp::create(builder, loc, op.getType(), address);
    op.getResult().replaceAllUsesWith(address);
    op.erase();
    return success();
  }

  //===--------------------------------------------------------------------===//
  // Kernels
  //===--------------------------------------------------------------------===//

  /// The entry points by which the runtime finds a kernel.
  void addWrapper(LLVM::LLVMFuncOp kernel) {
    Location loc = kernel.getLoc();
    auto cluster = kernel->getAttrOfType<DenseI32ArrayAttr>(
        NVVM::NVVMDialect::getClusterDimAttrName());
    // What is left of the attributes only means something to NVPTX.
    for (NamedAttribute attr : llvm::to_vector(kernel->getDiscardableAttrs()))
      kernel->removeDiscardableAttr(attr.getName());
    builder.setInsertionPointToEnd(module.getBody());
    std::string name = ("__hinm_emu_" + kernel.getSymName()).str();
    LLVM::GlobalOp::create(
        builder, loc, i64, /*isConstant=*/true, LLVM::Linkage::External,
        name + "_shared",
        builder.getI64IntegerAttr(staticShared.lookup(kernel)));
    if (cluster) {
      SmallVector<int32_t> sizes(cluster.asArrayRef());
      sizes.resize(3, 1);
      LLVM::GlobalOp::create(builder, loc, LLVM::LLVMArrayType::get(i32, 3),
                             /*isConstant=*/true, LLVM::Linkage::External,
                             name + "_cluster",
                             builder.getI32TensorAttr(sizes));
    }
    auto wrapper = LLVM::LLVMFuncOp::create(
        builder, loc, name,
        LLVM::LLVMFunctionType::get(
            LLVM::LLVMVoidType::get(builder.getContext()), {pointer}));
    builder.setInsertionPointToStart(wrapper.addEntryBlock(builder));
    SmallVector<Value> arguments;
    for (auto [index, type] : llvm::enumerate(kernel.getArgumentTypes())) {
      Value slot = registerAddress(wrapper.getArgument(0), pointer, index);
      Value address = LLVM::LoadOp::create(builder, loc, pointer, slot);
      arguments.push_back(LLVM::LoadOp::create(builder, loc, type, address));
    }
    LLVM::CallOp::create(builder, loc, kernel, arguments);
    LLVM::ReturnOp::create(builder, loc, ValueRange());
  }

  gpu::GPUModuleOp module;
  OpBuilder builder;
  DataLayout layout;
  Type i32, i64, f32;
  LLVM::LLVMPointerType pointer;
  /// Byte offsets, by kernel and array; bytes of all static arrays, by kernel.
  llvm::DenseMap<std::pair<Operation *, Operation *>, int64_t> sharedOffset;
  llvm::DenseMap<Operation *, int64_t> staticShared;
  llvm::StringMap<std::string> strings;
};

struct LowerNVVMToEmulatorPass
    : public hinm::impl::LowerNVVMToEmulatorBase<LowerNVVMToEmulatorPass> {
  using LowerNVVMToEmulatorBase::LowerNVVMToEmulatorBase;

  void runOnOperation() override {
    if (failed(Lowering(getOperation()).run()))
      signalPassFailure();
  }
};

} // namespace
