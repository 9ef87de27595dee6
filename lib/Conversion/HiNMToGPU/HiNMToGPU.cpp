//===- HiNMToGPU.cpp - convert-hinm-to-gpu --------------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ExpandMath.h"
#include "SpmmKernel.h"
#include "hinm/Conversion/Passes.h"
#include "hinm/Core/Slabs.h"
#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "hinm/Dialect/HiNM/Utils/ConstantData.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

namespace hinm {
#define GEN_PASS_DEF_CONVERTHINMTOGPU
#include "hinm/Conversion/Passes.h.inc"
} // namespace hinm

using namespace mlir;
using namespace hinm;

namespace {

/// The architectures with `mma.sp` (PTX ISA 9.1: sm_80 and newer) that LLVM 22
/// generates code for. LLVM itself ignores an unknown chip and dies of an
/// instruction that the chip lacks.
constexpr llvm::StringLiteral supportedChips[] = {
    "sm_80",  "sm_86",   "sm_87",   "sm_89",  "sm_90",   "sm_90a",
    "sm_100", "sm_100a", "sm_100f", "sm_103", "sm_103a", "sm_103f",
    "sm_120", "sm_120a", "sm_120f", "sm_121", "sm_121a", "sm_121f"};

constexpr StringLiteral kModuleName = "hinm_kernels";

/// How many k-blocks of a tile's list are of a window; 0 if that is not known.
int64_t getWindowBlocks(SpmmOp op) {
  const int64_t cells =
      op.getFormat().getNumTiles() * op.getFormat().getNumWindows();
  auto list = cast<ShapedType>(op.getColumnList().getType());
  return cells && list.hasStaticShape()
             ? list.getDimSize(0) / op.getFormat().getBlockColumns() / cells
             : 0;
}

/// Places of a slab; 0 if there are none for the tiles of a thread block.
int64_t getSlabPlaces(SpmmOp op) {
  PackedAttr format = op.getFormat();
  if (!op.getSlabRows() || !op.getScheduleAttr())
    return 0;
  const int64_t blocks = llvm::divideCeil(
      format.getNumTiles(), op.getScheduleAttr().getNumTiles(format.getTile()));
  const int64_t slabs = blocks * format.getNumWindows();
  auto rows = cast<ShapedType>(op.getSlabRows().getType());
  return slabs && rows.hasStaticShape() &&
                 rows.getDimSize(0) % (32 * slabs) == 0
             ? rows.getDimSize(0) / slabs
             : 0;
}

SpmmKernelSpec getSpec(SpmmOp op) {
  return {cast<ShapedType>(op.getValues().getType()).getElementType(),
          cast<ShapedType>(op.getInit().getType()).getElementType(),
          cast<ShapedType>(op.getColumnList().getType()).getElementType(),
          op.getFormat().getColumns(),
          op.getFormat().getTile(),
          op.getSlabRows() ? getElementTypeOrSelf(op.getSlabRows().getType())
                           : Type(),
          getSlabPlaces(op),
          getWindowBlocks(op),
          op.getScheduleAttr(),
          static_cast<bool>(op.getRowIndex()),
          op.getTokenMajorInput(),
          op.getTokenMajorOutput(),
          op.getConvolutionAttr(),
          op.hasEpilogue() ? op : SpmmOp()};
}

/// N, which may be dynamic.
int64_t getNumTokens(SpmmOp op) {
  return cast<ShapedType>(op.getInit().getType())
      .getDimSize(op.getOutputTokenDim());
}

/// Tokens in 16 bytes of X.
int64_t getTokenMultiple(SpmmOp op) {
  return getTokensOfChunk(
      cast<ShapedType>(op.getInput().getType()).getElementType());
}

/// Whether rows of X are copied, or those of Y stored, several tokens at once.
bool needsWholeChunks(SpmmOp op) {
  return !op.getTokenMajorInput() || !op.getTokenMajorOutput();
}

/// Elements of X that a kernel can address.
constexpr int64_t kMaxElements = int64_t(1) << 32;
/// Blocks of a grid along y (CUDA C++ programming guide).
constexpr int64_t kMaxGrid = 65535;

/// What \p buffer holds, if it is a constant.
ElementsAttr getConstantData(Value buffer) {
  auto get = buffer.getDefiningOp<memref::GetGlobalOp>();
  auto global = get ? SymbolTable::lookupNearestSymbolFrom<memref::GlobalOp>(
                          get, get.getNameAttr())
                    : memref::GlobalOp();
  if (!global || !global.getConstant() || !global.getInitialValue())
    return nullptr;
  return dyn_cast<ElementsAttr>(*global.getInitialValue());
}

/// Whether the slabs of \p op, where all is known, are of its lists and its
/// schedule: another tile_m has other tiles share them.
bool hasRightSlabs(SpmmOp op) {
  PackedAttr format = op.getFormat();
  const int64_t places = getSlabPlaces(op);
  if (op.getScheduleAttr().getKernel() != KernelKind::Slab || places == 0)
    return true;
  ElementsAttr listData = getConstantData(op.getColumnList());
  std::optional<SmallVector<int32_t>> list =
      listData ? readInts(listData) : std::nullopt;
  std::optional<core::Slabs> slabs =
      readSlabs(getConstantData(op.getSlabRows()),
                getConstantData(op.getSlabPlaces()), places);
  return !list || !slabs ||
         core::holdLists(*slabs,
                         {*list, format.getNumTiles(), format.getNumWindows(),
                          op.getScheduleAttr().getNumTiles(format.getTile())});
}

/// Whether \p op can be lowered; says why not otherwise.
LogicalResult checkOp(SpmmOp op, StringRef chip) {
  if (!isa<MemRefType>(op.getInit().getType()))
    return op.emitOpError("works on tensors here: bufferize it first "
                          "(one-shot-bufferize)");
  if (!op.getScheduleAttr())
    return op.emitOpError("has no schedule: run hinm-select-kernels first");
  if (failed(getSpec(op).verify([&] { return op.emitOpError(); }, chip)))
    return failure();
  if (!hasRightSlabs(op))
    return op.emitOpError("has slabs of other lists, or for another 'tile_m' "
                          "than its schedule's: run hinm-select-kernels, which "
                          "makes them, after the last change");
  auto input = cast<ShapedType>(op.getInput().getType());
  if (input.hasStaticShape() && input.getNumElements() > kMaxElements)
    return op.emitOpError() << "has an X of " << input.getNumElements()
                            << " elements, the kernel counts them in 32 bits: "
                               "cut it along the tokens (TilingInterface)";
  const int64_t tokens = getNumTokens(op);
  const int64_t most = kMaxGrid * op.getScheduleAttr().getTileN();
  if (!ShapedType::isDynamic(tokens) && tokens > most)
    return op.emitOpError()
           << "has " << tokens << " tokens, a grid holds " << most
           << " with this schedule: cut them "
              "(TilingInterface)";
  const int64_t multiple = getTokenMultiple(op);
  if (needsWholeChunks(op) && !ShapedType::isDynamic(tokens) &&
      tokens % multiple != 0)
    return op.emitOpError()
           << "has " << tokens << " tokens, the kernel needs a multiple of "
           << multiple
           << ": pad them, or leave the schedule to hinm-select-kernels, which "
              "does";
  return success();
}

/// Writes the host side of one spmm: allocate, copy in, launch, copy out.
class HostBuilder {
public:
  HostBuilder(SpmmOp op, const SpmmKernelSpec &spec, gpu::GPUFuncOp kernel,
              StringRef chip)
      : op(op), spec(spec), kernel(kernel), chip(chip), b(op.getLoc(), op) {}

  void build();

private:
  void launch();
  Value copyIn(Value host, Type deviceType);
  Value allocate(Value host, MemRefType type);
  Value toIdentity(Value host, bool read);
  Value allocate(MemRefType type, ValueRange sizes);
  void addWorkspace(gpu::KernelDim3 grid, SmallVector<Value> &arguments);

  Value idx(int64_t value) {
    return arith::ConstantIndexOp::create(b, b.getLoc(), value);
  }
  Value ceilDiv(Value x, int64_t y) {
    return arith::CeilDivUIOp::create(b, x, idx(y));
  }

  SpmmOp op;
  const SpmmKernelSpec &spec;
  gpu::GPUFuncOp kernel;
  StringRef chip;
  ImplicitLocOpBuilder b;
  Value token; // of the stream: every gpu op waits for the one before
  SmallVector<Value> deviceBuffers, hostTemporaries;
};

/// \p host as a dense row-major memref of dynamic sizes: the kernels and
/// gpu.memcpy take no strides. A strided one gets a dense copy.
Value HostBuilder::toIdentity(Value host, bool read) {
  auto type = cast<MemRefType>(host.getType());
  SmallVector<int64_t> dynamic(type.getRank(), ShapedType::kDynamic);
  auto dense = MemRefType::get(dynamic, type.getElementType());
  if (!type.getLayout().isIdentity()) {
    SmallVector<Value> sizes;
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      sizes.push_back(memref::DimOp::create(b, host, dim));
    Value copy = memref::AllocOp::create(b, dense, sizes);
    if (read)
      memref::CopyOp::create(b, host, copy);
    hostTemporaries.push_back(copy);
    return copy;
  }
  return memref::CastOp::create(b, dense, host);
}

/// Device memory of the sizes of \p host.
Value HostBuilder::allocate(Value host, MemRefType type) {
  SmallVector<Value> sizes;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    sizes.push_back(memref::DimOp::create(b, host, dim));
  return allocate(type, sizes);
}

Value HostBuilder::allocate(MemRefType type, ValueRange sizes) {
  auto alloc = gpu::AllocOp::create(b, type, token.getType(), token, sizes,
                                    ValueRange{});
  token = alloc.getAsyncToken();
  deviceBuffers.push_back(alloc.getMemref());
  return alloc.getMemref();
}

/// The kernel's last two arguments: sums of blocks that share tiles, and how
/// many of them have arrived.
void HostBuilder::addWorkspace(gpu::KernelDim3 grid,
                               SmallVector<Value> &arguments) {
  ArrayRef<Type> types = kernel.getFunctionType().getInputs().take_back(2);
  Value blocks = arith::MulIOp::create(b, grid.x, grid.y);
  Value sums = arith::MulIOp::create(b, blocks, idx(spec.getNumPartials()));
  Value cells = arith::MulIOp::create(b, blocks, idx(spec.getNumArrivals()));
  arguments.push_back(allocate(cast<MemRefType>(types[0]), sums));
  Value arrivals = allocate(cast<MemRefType>(types[1]), cells);
  Value zero = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
  token = gpu::MemsetOp::create(b, token.getType(), token, arrivals, zero)
              .getAsyncToken();
  arguments.push_back(arrivals);
}

Value HostBuilder::copyIn(Value host, Type deviceType) {
  auto type = cast<MemRefType>(deviceType);
  auto hostType = cast<MemRefType>(host.getType());
  if (hostType.hasStaticShape() && hostType.getNumElements() == 0) {
    // A weight that keeps nothing. The driver allocates no empty buffers, and
    // the kernel reads nothing of this one.
    return allocate(type, SmallVector<Value>(type.getRank(), idx(1)));
  }
  Value dense = toIdentity(host, /*read=*/true);
  Value device = allocate(dense, type);
  token = gpu::MemcpyOp::create(b, token.getType(), token, device, dense)
              .getAsyncToken();
  return device;
}

void HostBuilder::launch() {
  token = gpu::WaitOp::create(b, gpu::AsyncTokenType::get(b.getContext()),
                              ValueRange{})
              .getAsyncToken();
  ArrayRef<Type> types = kernel.getFunctionType().getInputs();
  SmallVector<Value> arguments;
  for (Value operand : op.getDpsInputs())
    arguments.push_back(copyIn(operand, types[arguments.size()]));
  Value hostOutput = toIdentity(op.getInit(), /*read=*/false);
  Value output =
      allocate(hostOutput, cast<MemRefType>(types[arguments.size()]));
  arguments.push_back(output);

  Value tokens = memref::DimOp::create(b, hostOutput, op.getOutputTokenDim());
  const int64_t blocksM = llvm::divideCeil(
      op.getFormat().getNumTiles() * spec.tile, spec.schedule.getTileM());
  // Whole clusters of tiles with neighbouring tokens.
  const int64_t cluster = spec.schedule.getCluster();
  Value blocksN = ceilDiv(tokens, spec.schedule.getTileN() * cluster);
  gpu::KernelDim3 grid{idx(blocksM),
                       arith::MulIOp::create(b, blocksN, idx(cluster)),
                       idx(spec.schedule.getSplitK())};
  if (const int64_t most = spec.getMaxBlocks(chip)) {
    Value blocks = arith::MulIOp::create(b, grid.x, grid.y);
    // All of them where they share the tiles.
    grid.x = spec.schedule.getStreamK()
                 ? idx(most)
                 : arith::MinUIOp::create(b, blocks, idx(most)).getResult();
    grid.y = idx(1);
  }
  if (spec.schedule.sharesTiles())
    addWorkspace(grid, arguments);
  gpu::KernelDim3 block{idx(spec.getNumThreads()), idx(1), idx(1)};
  Value shared;
  if (spec.needsDynamicSharedMemory())
    shared = arith::ConstantOp::create(
        b, b.getI32IntegerAttr(spec.getSharedBytes()));
  token = gpu::LaunchFuncOp::create(b, kernel, grid, block, shared, arguments,
                                    token.getType(), token)
              .getAsyncToken();
  token = gpu::MemcpyOp::create(b, token.getType(), token, hostOutput, output)
              .getAsyncToken();
  for (Value buffer : deviceBuffers)
    token = gpu::DeallocOp::create(b, token.getType(), token, buffer)
                .getAsyncToken();
  gpu::WaitOp::create(b, Type(), token);
  if (!cast<MemRefType>(op.getInit().getType()).getLayout().isIdentity())
    memref::CopyOp::create(b, hostOutput, op.getInit());
  for (Value temporary : hostTemporaries)
    memref::DeallocOp::create(b, temporary);
}

void HostBuilder::build() {
  const int64_t tokens = getNumTokens(op);
  if (op.getFormat().getRows() == 0 || tokens == 0)
    return; // nothing to store
  if (!ShapedType::isDynamic(tokens))
    return launch();
  // Known only at run time: no launch of an empty grid, and no unaligned rows.
  Value size = memref::DimOp::create(b, op.getInit(), op.getOutputTokenDim());
  if (needsWholeChunks(op)) {
    const int64_t multiple = getTokenMultiple(op);
    Value rest = arith::RemUIOp::create(b, size, idx(multiple));
    Value aligned =
        arith::CmpIOp::create(b, arith::CmpIPredicate::eq, rest, idx(0));
    cf::AssertOp::create(b, aligned,
                         "hinm.spmm: the number of tokens must be a multiple "
                         "of " +
                             std::to_string(multiple) +
                             " (hinm-select-kernels pads those of "
                             "which it chooses the schedule)");
  }
  Value elements = arith::MulIOp::create(
      b, size,
      memref::DimOp::create(b, op.getInput(), 1 - op.getInputTokenDim()));
  Value few = arith::CmpIOp::create(b, arith::CmpIPredicate::ule, elements,
                                    idx(kMaxElements));
  cf::AssertOp::create(b, few,
                       "hinm.spmm: X has more than 2^32 elements: cut it along "
                       "the tokens");
  Value fits = arith::CmpIOp::create(b, arith::CmpIPredicate::ule, size,
                                     idx(kMaxGrid * spec.schedule.getTileN()));
  cf::AssertOp::create(b, fits,
                       "hinm.spmm: more tokens than a grid holds: cut them");
  Value any = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, size, idx(0));
  auto branch = scf::IfOp::create(b, any);
  b.setInsertionPointToStart(branch.thenBlock());
  launch();
}

struct ConvertHiNMToGPUPass
    : public hinm::impl::ConvertHiNMToGPUBase<ConvertHiNMToGPUPass> {
  using ConvertHiNMToGPUBase::ConvertHiNMToGPUBase;

  void runOnOperation() override {
    SmallVector<SpmmOp> ops;
    bool bad = false;
    if (!chip.empty() && !llvm::is_contained(supportedChips, chip.getValue())) {
      emitError(getOperation().getLoc())
          << "chip '" << chip << "' is not supported: mma.sp needs one of "
          << llvm::join(ArrayRef(supportedChips), ", ");
      return signalPassFailure();
    }
    // All are checked before the first is rewritten, so that a refusal leaves
    // the module as it was.
    getOperation()->walk([&](SpmmOp op) {
      if (op->hasAttr("hinm.skipped"))
        return;
      bad |= failed(checkOp(op, chip));
      ops.push_back(op);
    });
    if (bad)
      return signalPassFailure();
    if (ops.empty())
      return;
    getOperation()->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                            UnitAttr::get(&getContext()));
    for (SpmmOp op : ops) {
      SpmmKernelSpec spec = getSpec(op);
      HostBuilder(op, spec, getKernel(spec), chip).build();
      op.erase();
    }
    expandMath();
  }

  /// Functions of epilogues are computed by arithmetic: a kernel links against
  /// nothing.
  void expandMath() {
    SmallVector<Operation *> functions;
    getOperation()
        .lookupSymbol<gpu::GPUModuleOp>(kModuleName)
        ->walk([&](Operation *op) {
          if (isa_and_present<math::MathDialect>(op->getDialect()))
            functions.push_back(op);
        });
    RewritePatternSet patterns(&getContext());
    populateExpandMathPatterns(patterns);
    GreedyRewriteConfig config;
    config.setStrictness(GreedyRewriteStrictness::ExistingAndNewOps);
    if (failed(applyOpPatternsGreedily(functions, std::move(patterns), config)))
      signalPassFailure();
  }

  /// The kernel of \p spec, built when it is first asked for.
  gpu::GPUFuncOp getKernel(const SpmmKernelSpec &spec) {
    OpBuilder builder(&getContext());
    auto module = getOperation().lookupSymbol<gpu::GPUModuleOp>(kModuleName);
    if (!module) {
      builder.setInsertionPointToStart(getOperation().getBody());
      module = gpu::GPUModuleOp::create(builder, getOperation().getLoc(),
                                        kModuleName);
    }
    if (auto known = module.lookupSymbol<gpu::GPUFuncOp>(spec.getName()))
      return known;
    builder.setInsertionPointToEnd(module.getBody());
    return buildSpmmKernel(builder, module.getLoc(), spec);
  }
};
} // namespace
