//===- HiNMVerifiers.cpp - Verifiers of the hinm dialect ------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Every check of an operation that its TableGen types do not make. The labels
/// are those of the constraints in the operation's description.
///
//===----------------------------------------------------------------------===//

#include "hinm/Dialect/HiNM/IR/HiNMOps.h"

#include "hinm/Core/PackedFormat.h"
#include "hinm/Dialect/HiNM/Utils/CoreConversion.h"
#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;
using namespace hinm;

namespace {
/// Whether \p found may stand where \p expected does: equal, or either dynamic.
bool sizesAgree(int64_t found, int64_t expected) {
  return found == expected || ShapedType::isDynamic(found) ||
         ShapedType::isDynamic(expected);
}

/// Checks that operand or result \p name has \p expected elements.
LogicalResult verifyLength(Operation *op, StringRef name, Type type,
                           int64_t expected) {
  int64_t found = cast<ShapedType>(type).getDimSize(0);
  if (sizesAgree(found, expected))
    return success();
  return op->emitOpError() << "'" << name << "' has " << found
                           << " elements, but the format needs " << expected;
}

/// Checks the four packed operands of unpack and spmm against \p format.
template <typename OpTy>
LogicalResult verifyPackedOperands(OpTy op) {
  PackedAttr format = op.getFormat();
  Type element = cast<ShapedType>(op.getValues().getType()).getElementType();
  const core::PackedVersion &wanted = PackedAttr::getVersionOf(element);
  if (wanted.number != format.getVersion())
    return op->emitOpError()
           << "'values' holds " << element << ", but version "
           << format.getVersion() << " of the format holds elements of "
           << format.getVersionInfo().elementBits << " bits: " << element
           << " needs nm = " << wanted.n << ":" << wanted.m
           << ", version = " << wanted.number;
  auto list = cast<ShapedType>(op.getColumnList().getType());
  if (list.getElementType().isInteger(16) &&
      format.getColumns() > core::maxShortColumns)
    return op->emitOpError() << "'column_list' holds i16, which do not reach "
                             << format.getColumns() << " columns";
  const int64_t listed = list.getDimSize(0);
  if (failed(verifyLength(op, "tile_offsets", op.getTileOffsets().getType(),
                          format.getNumTiles() + 1)))
    return failure();
  if (ShapedType::isDynamic(listed))
    return success();
  const int64_t blockColumns = format.getBlockColumns();
  if (listed % blockColumns != 0)
    return op->emitOpError() << "'column_list' has " << listed
                             << " elements, the format pads each tile to a "
                                "multiple of "
                             << blockColumns;
  const int64_t cells = format.getNumTiles() * format.getNumWindows();
  if (cells > 0 && (listed == 0 || listed % (blockColumns * cells) != 0))
    return op->emitOpError()
           << "'column_list' has " << listed << " elements, but "
           << format.getNumTiles() << " tiles list a multiple of "
           << blockColumns << " of each of " << format.getNumWindows()
           << " windows";
  return failure(failed(verifyLength(op, "values", op.getValues().getType(),
                                     format.getNumValues(listed))) ||
                 failed(verifyLength(op, "metadata", op.getMetadata().getType(),
                                     format.getNumMetadata(listed))));
}
} // namespace

LogicalResult MatmulOp::verify() {
  auto emit = [&] { return emitOpError(); };
  auto weight = cast<RankedTensorType>(getWeight().getType());
  auto input = cast<RankedTensorType>(getInput().getType());
  auto init = cast<RankedTensorType>(getInit().getType());
  // matmul_c1
  if (!weight.hasStaticShape())
    return emitOpError() << "needs a weight of static shape, found " << weight;
  int64_t rows = weight.getDimSize(0), columns = weight.getDimSize(1);
  if (input.getDimSize(0) != columns)
    return emitOpError() << "the weight has " << columns
                         << " columns, but the input has "
                         << input.getDimSize(0) << " channels";
  if (init.getDimSize(0) != rows)
    return emitOpError() << "the weight has " << rows
                         << " rows, but the destination has "
                         << init.getDimSize(0) << " channels";
  if (!sizesAgree(input.getDimSize(1), init.getDimSize(1)))
    return emitOpError() << "the input has " << input.getDimSize(1)
                         << " tokens, but the destination has "
                         << init.getDimSize(1);
  // matmul_c2
  if (ColumnIndexAttr index = getColumnsAttr()) {
    PatternAttr pattern = getPatternAttr();
    if (!pattern)
      return emitOpError() << "'columns' needs a 'pattern'";
    if (failed(verifyColumnIndex(emit, index, rows, columns, pattern.getTile(),
                                 pattern.getM())))
      return failure();
  }
  if (PermutationAttr rowIndex = getRowIndexAttr()) {
    // matmul_c3
    if (rowIndex.size() != rows)
      return emitOpError() << "'row_index' has " << rowIndex.size()
                           << " entries, but the weight has " << rows
                           << " rows";
    // matmul_c4
    if (failed(rowIndex.verifyBijection(emit)))
      return failure();
  }
  // matmul_c6
  const bool isInteger = weight.getElementType().isInteger();
  if (isInteger != input.getElementType().isInteger() ||
      (isInteger ? !init.getElementType().isInteger(32)
                 : !isa<FloatType>(init.getElementType())))
    return emitOpError() << "multiplies " << weight.getElementType() << " with "
                         << input.getElementType() << " to "
                         << init.getElementType()
                         << "; i8 with i8 makes i32, floats make floats";
  // matmul_c5
  if (Value saliency = getSaliency()) {
    auto type = cast<RankedTensorType>(saliency.getType());
    if (type.getShape() != weight.getShape())
      return emitOpError() << "the weight is " << weight
                           << ", but the saliency is " << type;
  }
  return success();
}

LogicalResult PatchesOp::verify() {
  auto image = cast<RankedTensorType>(getImage().getType());
  auto result = cast<RankedTensorType>(getResult().getType());
  ConvolutionAttr convolution = getConvolution();
  // patches_c1
  if (image.getRank() != 2 ||
      image.getDimSize(1) != convolution.getNumImagePixels())
    return emitOpError() << "the image is " << image
                         << ", but the convolution takes one of C x "
                         << convolution.getNumImagePixels();
  // patches_c2
  auto expected =
      image.clone({image.getDimSize(0) * convolution.getWindowSize(),
                   convolution.getNumOutputPixels()});
  if (result != expected)
    return emitOpError() << "the result is " << result << ", the patches are "
                         << expected;
  return success();
}

LogicalResult PermuteOp::verify() {
  auto type = cast<RankedTensorType>(getInput().getType());
  int64_t dim = getDim();
  // permute_c1
  if (dim >= type.getRank())
    return emitOpError() << "'dim' is " << dim << ", but the input has rank "
                         << type.getRank();
  // permute_c2
  if (type.isDynamicDim(dim))
    return emitOpError() << "dimension " << dim
                         << " is dynamic, only a static one can be permuted";
  if (getPermutation().size() != type.getDimSize(dim))
    return emitOpError() << "'permutation' has " << getPermutation().size()
                         << " entries, but dimension " << dim << " has size "
                         << type.getDimSize(dim);
  // permute_c3
  return getPermutation().verifyBijection([&] { return emitOpError(); });
}

LogicalResult PruneOp::verify() {
  auto type = cast<RankedTensorType>(getWeight().getType());
  // prune_c1
  if (Value saliency = getSaliency()) {
    auto saliencyType = cast<RankedTensorType>(saliency.getType());
    if (saliencyType.getShape() != type.getShape())
      return emitOpError() << "'saliency' is " << saliencyType
                           << ", it needs the shape of the weight, " << type;
  }
  // prune_c3
  if (!type.hasStaticShape())
    return emitOpError() << "needs a weight of static shape, found " << type;
  // prune_c2
  if (ColumnIndexAttr index = getColumnsAttr())
    return verifyColumnIndex([&] { return emitOpError(); }, index,
                             type.getDimSize(0), type.getDimSize(1),
                             getPattern().getTile(), getPattern().getM());
  return success();
}

LogicalResult PackOp::verify() {
  auto type = cast<RankedTensorType>(getWeight().getType());
  PackedAttr format = getFormat();
  // pack_c1
  if (type.getDimSize(0) != format.getRows() ||
      type.getDimSize(1) != format.getColumns())
    return emitOpError() << "the weight is " << type << ", but the format says "
                         << format.getRows() << " x " << format.getColumns();
  // pack_c2
  if (failed(verifyColumnIndex([&] { return emitOpError(); }, getColumns(),
                               format.getRows(), format.getColumns(),
                               format.getTile(), format.getM())))
    return failure();
  // pack_c3
  Type element = cast<ShapedType>(getValues().getType()).getElementType();
  if (element != type.getElementType())
    return emitOpError() << "'values' holds " << element
                         << ", but the weight holds " << type.getElementType();
  int64_t listed = format.getNumListed(getColumns());
  // pack_c4
  if (std::optional<int64_t> window = format.getWindow())
    if (std::optional<core::ColumnIndex> index = toCore(getColumns()))
      if (llvm::Error error = core::checkWindows(
              *index, format.getColumns(), *window, format.getBlockColumns()))
        return emitOpError() << llvm::toString(std::move(error));
  return failure(failed(verifyLength(*this, "column_list",
                                     getColumnList().getType(), listed)) ||
                 failed(verifyPackedOperands(*this)));
}

LogicalResult UnpackOp::verify() {
  // unpack_c1
  if (failed(verifyPackedOperands(*this)))
    return failure();
  // unpack_c2
  auto type = cast<RankedTensorType>(getWeight().getType());
  auto values = cast<ShapedType>(getValues().getType());
  if (type.getDimSize(0) != getFormat().getRows() ||
      type.getDimSize(1) != getFormat().getColumns())
    return emitOpError() << "the result is " << type << ", but the format says "
                         << getFormat().getRows() << " x "
                         << getFormat().getColumns();
  if (type.getElementType() != values.getElementType())
    return emitOpError() << "the result holds " << type.getElementType()
                         << ", but 'values' holds " << values.getElementType();
  return success();
}

/// What an epilogue computes with, and what it yields.
static LogicalResult verifyEpilogue(SpmmOp op) {
  if (!op.hasEpilogue()) {
    if (!op.getEpilogueInputs().empty())
      return op.emitOpError("has operands of an epilogue, but none");
    return success();
  }
  auto init = cast<ShapedType>(op.getInit().getType());
  Block &body = op.getEpilogue().front();
  if (body.getNumArguments() != 1 + op.getEpilogueInputs().size() ||
      body.getArgument(0).getType() != op.getSumType())
    return op.emitOpError("has an epilogue that does not take ")
           << op.getSumType() << " and an element of each of its operands";
  for (auto [i, operand] : llvm::enumerate(op.getEpilogueInputs())) {
    auto type = cast<ShapedType>(operand.getType());
    if (body.getArgument(i + 1).getType() != type.getElementType())
      return op.emitOpError()
             << "has an epilogue that takes "
             << body.getArgument(i + 1).getType() << " of operand " << i
             << ", which holds " << type.getElementType();
    const unsigned tokenDim = op.getOutputTokenDim();
    const bool isMatrix = type.getRank() == 2;
    const int64_t channels = type.getDimSize(isMatrix ? 1 - tokenDim : 0);
    // A matrix of one channel has an element for each token.
    if ((!(isMatrix && channels == 1) &&
         !sizesAgree(channels, op.getFormat().getRows())) ||
        (isMatrix &&
         !sizesAgree(type.getDimSize(tokenDim), init.getDimSize(tokenDim))))
      return op.emitOpError() << "has an operand " << i
                              << " of the epilogue with other rows or tokens "
                                 "than the destination";
  }
  for (Operation &inner : body.without_terminator())
    if (!isPure(&inner) || inner.getNumRegions() > 0)
      return inner.emitOpError("has side effects or a region, and is in an "
                               "epilogue");
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  if (!yield || yield.getValue().getType() != init.getElementType())
    return op.emitOpError("has an epilogue that does not yield an element of "
                          "the destination");
  return success();
}

/// Checks what tiles share of X.
static LogicalResult verifySlabs(SpmmOp op) {
  Value rows = op.getSlabRows(), places = op.getSlabPlaces();
  if (!rows && !places)
    return success();
  if (!rows || !places)
    return op.emitOpError("has 'slab_rows' or 'slab_places' without the other");
  PackedAttr format = op.getFormat();
  if (!format.getWindow())
    return op.emitOpError("has slabs, which its format's lists do not share: "
                          "it has no 'window'");
  auto type = cast<ShapedType>(rows.getType());
  // All ones is no row.
  if (type.getElementType().isInteger(16) &&
      format.getColumns() >= core::maxShortColumns)
    return op.emitOpError() << "'slab_rows' holds i16, which do not reach "
                            << format.getColumns() << " columns and none";
  const int64_t numRows = type.getDimSize(0);
  if (const int64_t multiple = 32 * format.getNumWindows();
      !ShapedType::isDynamic(numRows) && multiple && numRows % multiple != 0)
    return op.emitOpError() << "'slab_rows' has " << numRows
                            << " elements, no multiple of 32 for each of "
                            << format.getNumWindows() << " windows";
  const int64_t listed =
      cast<ShapedType>(op.getColumnList().getType()).getDimSize(0);
  return ShapedType::isDynamic(listed)
             ? success()
             : verifyLength(op, "slab_places", places.getType(), listed);
}

LogicalResult SpmmOp::verify() {
  // spmm_c1
  if (failed(verifyPackedOperands(*this)))
    return failure();
  // spmm_c2
  PackedAttr format = getFormat();
  auto input = cast<ShapedType>(getInput().getType());
  auto init = cast<ShapedType>(getInit().getType());
  Type element = cast<ShapedType>(getValues().getType()).getElementType();
  ConvolutionAttr convolution = getConvolutionAttr();
  const int64_t window = convolution ? convolution.getWindowSize() : 1;
  const int64_t channels = input.getDimSize(1 - getInputTokenDim());
  const int64_t inputTokens = input.getDimSize(getInputTokenDim());
  const int64_t rows = init.getDimSize(1 - getOutputTokenDim());
  const int64_t tokens = init.getDimSize(getOutputTokenDim());
  if (!ShapedType::isDynamic(channels) &&
      channels * window != format.getColumns())
    return emitOpError() << "the input has " << channels << " channels"
                         << (convolution ? " of windows of " : "")
                         << (convolution ? std::to_string(window) : "")
                         << ", but the format says " << format.getColumns()
                         << " columns";
  if (!sizesAgree(rows, format.getRows()))
    return emitOpError() << "the destination has " << rows
                         << " channels, but the format says "
                         << format.getRows() << " rows";
  if (convolution) {
    // spmm_c6
    if (getTokenMajorInput())
      return emitOpError("takes the windows of an image of channels by pixels, "
                         "not token-major");
    if (!sizesAgree(inputTokens, convolution.getNumImagePixels()))
      return emitOpError() << "the input has " << inputTokens
                           << " pixels, but the convolution takes "
                           << convolution.getNumImagePixels();
    if (!ShapedType::isDynamic(tokens) &&
        tokens < convolution.getNumOutputPixels())
      return emitOpError() << "the convolution gives "
                           << convolution.getNumOutputPixels()
                           << " pixels, but the destination has " << tokens;
  } else if (!sizesAgree(inputTokens, tokens)) {
    return emitOpError() << "the input has " << inputTokens
                         << " tokens, but the destination has " << tokens;
  }
  if (input.getElementType() != element)
    return emitOpError() << "the input holds " << input.getElementType()
                         << ", but 'values' holds " << element;
  const bool isWide = element.getIntOrFloatBitWidth() == 16;
  if (!hasEpilogue() && init.getElementType() != getSumType() &&
      !(isWide && init.getElementType() == element)) {
    InFlightDiagnostic error =
        emitOpError() << "the destination holds " << init.getElementType()
                      << ", it must hold " << getSumType();
    return isWide ? error << " or " << element : error << "";
  }
  // spmm_c3
  if (Value rowIndex = getRowIndex())
    if (failed(verifyLength(*this, "row_index", rowIndex.getType(),
                            format.getRows())))
      return failure();
  // spmm_c4
  bool onTensors = isa<TensorType>(init);
  for (Value operand : getOperands())
    if (isa<TensorType>(operand.getType()) != onTensors)
      return emitOpError()
             << "operands and destination must be all tensors or all memrefs";
  if (onTensors != static_cast<bool>(getResult()) ||
      (onTensors && getResult().getType() != init))
    return emitOpError() << "has a result exactly when it works on tensors, of "
                            "the destination's type";
  // spmm_c5
  if (failed(verifyEpilogue(*this)))
    return failure();
  // spmm_c7
  return verifySlabs(*this);
}
