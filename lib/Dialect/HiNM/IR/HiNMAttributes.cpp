//===- HiNMAttributes.cpp - Attributes of the hinm dialect ----------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Dialect/HiNM/IR/HiNMAttributes.h"

#include "hinm/Dialect/HiNM/Utils/ConstantData.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hinm;

#include "hinm/Dialect/HiNM/IR/HiNMEnums.cpp.inc"

namespace {
/// Parses `N:M`.
ParseResult parseNM(AsmParser &parser, int64_t &n, int64_t &m) {
  return failure(parser.parseInteger(n) || parser.parseColon() ||
                 parser.parseInteger(m));
}

LogicalResult
verifyOneDimensionalInts(llvm::function_ref<InFlightDiagnostic()> emitError,
                         ElementsAttr attr, StringRef name) {
  if (attr.getShapedType().getRank() != 1 ||
      !attr.getElementType().isInteger(32))
    return emitError() << "'" << name
                       << "' must be a one-dimensional constant of i32, found "
                       << attr.getType();
  return success();
}
/// Checks (permutation_c2).
LogicalResult checkBijection(llvm::function_ref<InFlightDiagnostic()> emitError,
                             ElementsAttr indices) {
  std::optional<SmallVector<int32_t>> values = readInts(indices);
  if (!values)
    return emitError() << "the permutation has no data: its resource is "
                          "missing or elided";
  llvm::BitVector seen(values->size());
  for (auto [position, index] : llvm::enumerate(*values)) {
    if (index < 0 || index >= static_cast<int64_t>(values->size()))
      return emitError() << "index " << index << " at position " << position
                         << " is outside [0, " << values->size() << ")";
    if (seen.test(index))
      return emitError() << "index " << index
                         << " stands twice, so this is no permutation";
    seen.set(index);
  }
  return success();
}
} // namespace

//===----------------------------------------------------------------------===//
// PatternAttr
//===----------------------------------------------------------------------===//

Attribute PatternAttr::parse(AsmParser &parser, Type) {
  int64_t tile = 0, n = 0, m = 0;
  VectorPolicy policy = VectorPolicy::PerTile;
  double sparsity = 0.0;
  std::optional<int64_t> kept, listRows, window;
  bool hasSparsity = false;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseKeyword("tile") ||
      parser.parseEqual() || parser.parseInteger(tile) || parser.parseComma() ||
      parser.parseKeyword("nm") || parser.parseEqual() || parseNM(parser, n, m))
    return {};
  while (succeeded(parser.parseOptionalComma())) {
    StringRef key;
    SMLoc keyLoc = parser.getCurrentLocation();
    if (parser.parseKeyword(&key) || parser.parseEqual())
      return {};
    if (key == "policy") {
      StringRef name;
      if (parser.parseKeyword(&name))
        return {};
      std::optional<VectorPolicy> parsed = symbolizeVectorPolicy(name);
      if (!parsed) {
        parser.emitError(keyLoc, "unknown policy '")
            << name << "', expected per_tile, all, per_block or global";
        return {};
      }
      policy = *parsed;
    } else if (key == "vector_sparsity") {
      hasSparsity = true;
      if (parser.parseFloat(sparsity))
        return {};
    } else if (key == "kept" || key == "list_rows" || key == "window") {
      std::optional<int64_t> &value = key == "kept"        ? kept
                                      : key == "list_rows" ? listRows
                                                           : window;
      value.emplace();
      if (parser.parseInteger(*value))
        return {};
    } else {
      parser.emitError(keyLoc, "unknown parameter '")
          << key
          << "', expected policy, vector_sparsity, kept, list_rows or window";
      return {};
    }
  }
  if (parser.parseGreater())
    return {};
  if (hasSparsity && kept) {
    parser.emitError(loc, "give either 'vector_sparsity' or 'kept', not both");
    return {};
  }
  return parser.getChecked<PatternAttr>(loc, parser.getContext(), tile, n, m,
                                        policy, llvm::APFloat(sparsity), kept,
                                        listRows, window);
}

void PatternAttr::print(AsmPrinter &printer) const {
  printer << "<tile = " << getTile() << ", nm = " << getN() << ":" << getM();
  if (getPolicy() != VectorPolicy::PerTile)
    printer << ", policy = " << stringifyVectorPolicy(getPolicy());
  if (getKept())
    printer << ", kept = " << *getKept();
  else if (getPolicy() != VectorPolicy::All)
    printer << ", vector_sparsity = " << getVectorSparsityValue();
  if (getListRows())
    printer << ", list_rows = " << *getListRows();
  if (getWindow())
    printer << ", window = " << *getWindow();
  printer << ">";
}

LogicalResult PatternAttr::verify(
    llvm::function_ref<InFlightDiagnostic()> emitError, int64_t tile, int64_t n,
    int64_t m, VectorPolicy policy, llvm::APFloat vectorSparsityValue,
    std::optional<int64_t> kept, std::optional<int64_t> listRows,
    std::optional<int64_t> window) {
  // pattern_c1
  if (tile < 1)
    return emitError() << "'tile' is " << tile << ", it must be at least 1";
  // pattern_c2
  if (n < 1 || m < n)
    return emitError() << "'nm' is " << n << ":" << m
                       << ", it needs 1 <= N <= M";
  // pattern_c3
  double sparsity = vectorSparsityValue.convertToDouble();
  if (!(sparsity >= 0.0 && sparsity <= 1.0))
    return emitError() << "'vector_sparsity' must be in [0, 1]";
  // pattern_c4
  if (kept && (*kept < 0 || *kept % m != 0))
    return emitError() << "'kept' is " << *kept
                       << ", it must be a non-negative multiple of M = " << m;
  // pattern_c5
  if (policy == VectorPolicy::All && (kept || sparsity != 0.0))
    return emitError() << "policy 'all' keeps every column: drop "
                       << (kept ? "'kept'" : "'vector_sparsity'");
  // pattern_c6, pattern_c7
  if (listRows && (*listRows < 1 || *listRows % tile != 0))
    return emitError() << "'list_rows' is " << *listRows
                       << ", it must be a positive multiple of 'tile' = "
                       << tile;
  if (window && (*window < 1 || *window % m != 0))
    return emitError() << "'window' is " << *window
                       << ", it must be a positive multiple of M = " << m;
  if ((listRows || window) && policy != VectorPolicy::PerTile)
    return emitError() << "'" << (listRows ? "list_rows" : "window")
                       << "' needs the policy 'per_tile'";
  if (window && kept)
    return emitError() << "'window' needs 'vector_sparsity', not 'kept'";
  return success();
}

//===----------------------------------------------------------------------===//
// ConvolutionAttr
//===----------------------------------------------------------------------===//

int64_t ConvolutionAttr::getNumImagePixels() const {
  return computeProduct(getImage());
}

int64_t ConvolutionAttr::getWindowSize() const {
  return computeProduct(getKernel());
}

SmallVector<int64_t> ConvolutionAttr::getOutputSizes() const {
  SmallVector<int64_t> sizes;
  for (auto [size, kernel, stride, dilation] : llvm::zip_equal(
           getImage().drop_front(), getKernel(), getStrides(), getDilations()))
    sizes.push_back((size - (kernel - 1) * dilation - 1) / stride + 1);
  return sizes;
}

int64_t ConvolutionAttr::getNumOutputPixels() const {
  return getImage().front() * computeProduct(getOutputSizes());
}

LogicalResult
ConvolutionAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                        ArrayRef<int64_t> image, ArrayRef<int64_t> kernel,
                        ArrayRef<int64_t> strides,
                        ArrayRef<int64_t> dilations) {
  // convolution_c1
  if (kernel.empty() || image.size() != kernel.size() + 1 ||
      strides.size() != kernel.size() || dilations.size() != kernel.size())
    return emitError() << "'image' needs one size more than 'kernel', "
                          "'strides' and 'dilations', found "
                       << image.size() << ", " << kernel.size() << ", "
                       << strides.size() << " and " << dilations.size();
  // convolution_c2
  for (ArrayRef<int64_t> sizes : {image, kernel, strides, dilations})
    for (int64_t size : sizes)
      if (size < 1)
        return emitError() << "a size, stride or dilation of " << size
                           << ", it must be at least 1";
  // convolution_c3
  for (auto [size, extent, dilation] :
       llvm::zip_equal(image.drop_front(), kernel, dilations))
    if ((extent - 1) * dilation >= size)
      return emitError() << "a window of " << (extent - 1) * dilation + 1
                         << " does not fit in an image of " << size;
  return success();
}

//===----------------------------------------------------------------------===//
// PermutationAttr
//===----------------------------------------------------------------------===//

PermutationAttr PermutationAttr::get(MLIRContext *context,
                                     ArrayRef<int32_t> indices) {
  return get(context, makeInts(context, indices, "permutation"));
}

LogicalResult
PermutationAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                        ElementsAttr indices) {
  // permutation_c1
  if (failed(verifyOneDimensionalInts(emitError, indices, "indices")))
    return failure();
  // permutation_c2: blobs are checked by the op, see the description.
  if (isa<DenseResourceElementsAttr>(indices))
    return success();
  return checkBijection(emitError, indices);
}

LogicalResult PermutationAttr::verifyBijection(
    llvm::function_ref<InFlightDiagnostic()> emitError) const {
  return checkBijection(emitError, getIndices());
}

int64_t PermutationAttr::size() const { return getIndices().getNumElements(); }

std::optional<SmallVector<int32_t>> PermutationAttr::getValues() const {
  return readInts(getIndices());
}

bool PermutationAttr::isIdentity() const {
  std::optional<SmallVector<int32_t>> values = getValues();
  if (!values)
    return false;
  for (auto [position, index] : llvm::enumerate(*values))
    if (static_cast<int32_t>(position) != index)
      return false;
  return true;
}

PermutationAttr PermutationAttr::getInverse() const {
  std::optional<SmallVector<int32_t>> values = getValues();
  if (!values)
    return {};
  SmallVector<int32_t> inverse(values->size());
  for (auto [position, index] : llvm::enumerate(*values))
    inverse[index] = position;
  return get(getContext(), inverse);
}

PermutationAttr PermutationAttr::compose(PermutationAttr q) const {
  std::optional<SmallVector<int32_t>> first = getValues();
  std::optional<SmallVector<int32_t>> second = q.getValues();
  if (!first || !second || first->size() != second->size())
    return {};
  SmallVector<int32_t> composed(first->size());
  for (auto [position, index] : llvm::enumerate(*second))
    composed[position] = (*first)[index];
  return get(getContext(), composed);
}

//===----------------------------------------------------------------------===//
// ColumnIndexAttr
//===----------------------------------------------------------------------===//

ColumnIndexAttr ColumnIndexAttr::get(MLIRContext *context,
                                     ArrayRef<int32_t> columns,
                                     ArrayRef<int32_t> offsets) {
  // The offsets are few and are needed by the verifier: never a blob.
  auto type = RankedTensorType::get({static_cast<int64_t>(offsets.size())},
                                    IntegerType::get(context, 32));
  return get(context, makeInts(context, columns, "columns"),
             DenseIntElementsAttr::get(type, offsets));
}

LogicalResult
ColumnIndexAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                        ElementsAttr columns, ElementsAttr offsets) {
  // column_index_c1
  if (failed(verifyOneDimensionalInts(emitError, columns, "columns")) ||
      failed(verifyOneDimensionalInts(emitError, offsets, "offsets")))
    return failure();
  if (!isa<DenseIntElementsAttr>(offsets) || offsets.empty())
    return emitError()
           << "'offsets' must be a dense constant of at least one element";
  // column_index_c2
  SmallVector<int32_t> values = *readInts(offsets);
  if (values.front() != 0)
    return emitError() << "'offsets' starts at " << values.front()
                       << ", it must start at 0";
  for (size_t i = 1; i < values.size(); ++i)
    if (values[i] < values[i - 1])
      return emitError() << "'offsets' falls from " << values[i - 1] << " to "
                         << values[i];
  if (values.back() != columns.getNumElements())
    return emitError() << "'offsets' ends at " << values.back() << ", but "
                       << columns.getNumElements() << " columns are listed";
  return success();
}

int64_t ColumnIndexAttr::getNumTiles() const {
  return getOffsets().getNumElements() - 1;
}

std::optional<SmallVector<int32_t>> ColumnIndexAttr::getColumnValues() const {
  return readInts(getColumns());
}

std::optional<SmallVector<int32_t>> ColumnIndexAttr::getOffsetValues() const {
  return readInts(getOffsets());
}

LogicalResult
hinm::verifyColumnIndex(llvm::function_ref<InFlightDiagnostic()> emitError,
                        ColumnIndexAttr index, int64_t rows, int64_t columns,
                        int64_t tile, int64_t m) {
  int64_t tiles = (rows + tile - 1) / tile;
  if (index.getNumTiles() != tiles)
    return emitError() << "the column index has " << index.getNumTiles()
                       << " tiles, but " << rows << " rows in tiles of " << tile
                       << " make " << tiles;
  std::optional<SmallVector<int32_t>> listed = index.getColumnValues();
  if (!listed)
    return emitError() << "the column index has no data: its resource is "
                          "missing or elided";
  for (int32_t column : *listed)
    if (column < 0 || column >= columns)
      return emitError() << "kept column " << column << " is outside [0, "
                         << columns << ")";
  SmallVector<int32_t> offsets = *index.getOffsetValues();
  for (int64_t t = 0; t < tiles; ++t)
    if ((offsets[t + 1] - offsets[t]) % m != 0)
      return emitError() << "tile " << t << " lists "
                         << offsets[t + 1] - offsets[t]
                         << " columns, which is not a multiple of M = " << m;
  return success();
}

//===----------------------------------------------------------------------===//
// PackedAttr
//===----------------------------------------------------------------------===//

Attribute PackedAttr::parse(AsmParser &parser, Type) {
  int64_t rows = 0, columns = 0, tile = 0, n = 0, m = 0, version = 1;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseKeyword("rows") ||
      parser.parseEqual() || parser.parseInteger(rows) || parser.parseComma() ||
      parser.parseKeyword("columns") || parser.parseEqual() ||
      parser.parseInteger(columns) || parser.parseComma() ||
      parser.parseKeyword("tile") || parser.parseEqual() ||
      parser.parseInteger(tile) || parser.parseComma() ||
      parser.parseKeyword("nm") || parser.parseEqual() || parseNM(parser, n, m))
    return {};
  std::optional<int64_t> window;
  while (succeeded(parser.parseOptionalComma())) {
    const bool isVersion =
        !window && succeeded(parser.parseOptionalKeyword("version"));
    if ((!isVersion && (window || parser.parseKeyword("window"))) ||
        parser.parseEqual() ||
        parser.parseInteger(isVersion ? version : window.emplace()))
      return {};
  }
  if (parser.parseGreater())
    return {};
  return parser.getChecked<PackedAttr>(loc, parser.getContext(), rows, columns,
                                       tile, n, m, version, window);
}

void PackedAttr::print(AsmPrinter &printer) const {
  printer << "<rows = " << getRows() << ", columns = " << getColumns()
          << ", tile = " << getTile() << ", nm = " << getN() << ":" << getM();
  if (getVersion() != 1)
    printer << ", version = " << getVersion();
  if (getWindow())
    printer << ", window = " << *getWindow();
  printer << ">";
}

PackedAttr PackedAttr::get(MLIRContext *context, int64_t rows, int64_t columns,
                           int64_t tile, Type element,
                           std::optional<int64_t> window) {
  const core::PackedVersion &version = getVersionOf(element);
  return get(context, rows, columns, tile, version.n, version.m, version.number,
             window);
}

const core::PackedVersion &PackedAttr::getVersionOf(Type element) {
  return *llvm::find_if(
      core::packedVersions, [&](const core::PackedVersion &version) {
        return version.elementBits == element.getIntOrFloatBitWidth();
      });
}

const core::PackedVersion &PackedAttr::getVersionInfo() const {
  return core::packedVersions[getVersion() - 1];
}

int64_t PackedAttr::getNumValues(int64_t listed) const {
  return listed / getBlockColumns() * getNumSlabs() *
         getVersionInfo().getUnitValues();
}

int64_t PackedAttr::getNumMetadata(int64_t listed) const {
  return listed / getBlockColumns() * getNumSlabs() * core::packedUnitMetadata;
}

int64_t PackedAttr::getNumListed(ColumnIndexAttr index) const {
  SmallVector<int32_t> offsets = *index.getOffsetValues();
  int64_t listed = 0;
  for (size_t t = 1; t < offsets.size(); ++t)
    listed += llvm::alignTo(offsets[t] - offsets[t - 1], getBlockColumns());
  return listed;
}

LogicalResult
PackedAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                   int64_t rows, int64_t columns, int64_t tile, int64_t n,
                   int64_t m, int64_t version, std::optional<int64_t> window) {
  // packed_c1
  if (rows < 0 || columns < 0 || tile < 1)
    return emitError() << "a weight of " << rows << " x " << columns
                       << " in tiles of " << tile << " rows cannot be packed";
  // packed_c3
  if (version < 1 ||
      version > static_cast<int64_t>(std::size(core::packedVersions)))
    return emitError() << "format version " << version
                       << " is unknown, this build reads versions 1 to "
                       << std::size(core::packedVersions);
  // packed_c2
  const core::PackedVersion &info = core::packedVersions[version - 1];
  if (n != info.n || m != info.m)
    return emitError() << "version " << version
                       << " of the packed format holds " << info.n << ":"
                       << info.m << " groups, found " << n << ":" << m
                       << "; 1:2 is of tf32 (version 3), 2:4 of all others";
  // packed_c4
  if (window && (*window < 1 || columns % *window != 0))
    return emitError() << "'window' is " << *window
                       << ", it must be at least 1 and divide the " << columns
                       << " columns";
  return success();
}

//===----------------------------------------------------------------------===//
// ScheduleAttr and EmulatorAttr
//===----------------------------------------------------------------------===//

std::string ScheduleAttr::getSuffix() const {
  std::string suffix;
  if (getPrefetch())
    suffix += "p" + std::to_string(getPrefetch());
  if (getSplitK() > 1)
    suffix += "z" + std::to_string(getSplitK());
  if (getCluster() > 1)
    suffix += "c" + std::to_string(getCluster());
  if (getStreamK())
    suffix += "sk" + std::to_string(getStreamK());
  return suffix;
}

int64_t ScheduleAttr::getNumHeldRows(int64_t columns, int64_t places) const {
  switch (getKernel()) {
  case KernelKind::Resident:
    return columns;
  case KernelKind::Slab:
    return getStages() * places;
  case KernelKind::Multistage:
  case KernelKind::WarpSpecialized:
    return getStages() * getTileK();
  }
  llvm_unreachable("unknown kernel");
}

LogicalResult
ScheduleAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                     KernelKind, int64_t tile_m, int64_t tile_n, int64_t tile_k,
                     int64_t stages, int64_t warps_m, int64_t warps_n,
                     int64_t prefetch, int64_t split_k, int64_t cluster,
                     int64_t stream_k, WeightCaching, ResultStores) {
  // schedule_c1
  if (std::min({tile_m, tile_n, tile_k, stages, warps_m, warps_n, split_k,
                cluster}) < 1 ||
      std::min(prefetch, stream_k) < 0)
    return emitError() << "every parameter of a schedule must be at least 1, "
                          "'prefetch' and 'stream_k' at least 0";
  // schedule_c2
  if (tile_m % (16 * warps_m) != 0)
    return emitError() << "'tile_m' is " << tile_m
                       << ", it must be a multiple of 16 * warps_m = "
                       << 16 * warps_m;
  // schedule_c3
  if (tile_n % (8 * warps_n) != 0)
    return emitError() << "'tile_n' is " << tile_n
                       << ", it must be a multiple of 8 * warps_n = "
                       << 8 * warps_n;
  // schedule_c4
  if (tile_k % 32 != 0)
    return emitError() << "'tile_k' is " << tile_k
                       << ", it must be a multiple of 32";
  // schedule_c5
  if (warps_m > 32 || warps_n > 32 || warps_m * warps_n > 32)
    return emitError() << warps_m * warps_n
                       << " warps do not fit in a thread block of 32";
  // schedule_c6
  struct Limit {
    StringRef name;
    int64_t value, most;
  };
  for (const Limit &limit :
       {Limit{"tile_m", tile_m, 1024}, Limit{"tile_n", tile_n, 1024},
        Limit{"tile_k", tile_k, 1024}, Limit{"stages", stages, 64},
        Limit{"prefetch", prefetch, 16}, Limit{"split_k", split_k, 65535},
        Limit{"cluster", cluster, 8}, Limit{"stream_k", stream_k, 65535}})
    if (limit.value > limit.most)
      return emitError() << "'" << limit.name << "' is " << limit.value
                         << ", it must be at most " << limit.most;
  return success();
}

LogicalResult
EmulatorAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                     int optLevel) {
  // emulator_c1
  if (optLevel < 0 || optLevel > 3)
    return emitError() << "'O' is " << optLevel << ", it must be 0 to 3";
  return success();
}
