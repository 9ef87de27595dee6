//===- WeightBinding.cpp - The data of a layer's weight -------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightBinding.h"

#include "hinm/Dialect/HiNM/Utils/ConstantData.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace hinm {

namespace {

/// The name that a location carries, or an empty string.
StringRef getLocationName(Location loc) {
  StringRef name;
  loc->walk([&](Location inner) {
    auto named = dyn_cast<NameLoc>(inner);
    if (!named)
      return WalkResult::advance();
    name = named.getName().getValue();
    return WalkResult::interrupt();
  });
  return name;
}

/// Whether \p attr is a resource that the module names but does not hold.
bool isElided(ElementsAttr attr) {
  auto resource = dyn_cast<DenseResourceElementsAttr>(attr);
  return resource && !resource.getRawHandle().getBlob();
}

/// The name under which a constant without data is looked up.
std::string getConstantName(arith::ConstantOp op) {
  if (auto name = op->getAttrOfType<StringAttr>("hinm.name"))
    return name.str();
  StringRef key = getResourceName(cast<ElementsAttr>(op.getValue()));
  if (!key.empty() && key != "__elided__")
    return key.str();
  return getLocationName(op.getLoc()).str();
}

std::string getArgumentName(BlockArgument argument) {
  auto function = cast<FunctionOpInterface>(argument.getOwner()->getParentOp());
  for (StringRef key : {"hinm.name", "torch.name", "iree.abi.name"})
    if (auto name =
            function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), key))
      return name.str();
  StringRef name = getLocationName(argument.getLoc());
  return name.empty() ? "arg" + std::to_string(argument.getArgNumber())
                      : name.str();
}

/// Whether every value of \p from is one of \p to.
bool isExactlyConvertible(FloatType from, FloatType to) {
  return from == to || llvm::APFloat::isRepresentableBy(
                           from.getFloatSemantics(), to.getFloatSemantics());
}

std::string printShape(ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << '[';
  llvm::interleaveComma(shape, os);
  os << ']';
  return text;
}

/// The bytes of \p tensor as elements of \p type, or a diagnostic at \p loc.
FailureOr<std::vector<char>> readTensor(const SafetensorsFile::Tensor &tensor,
                                        RankedTensorType type, StringRef name,
                                        StringRef path, Location loc) {
  if (ArrayRef<int64_t>(tensor.shape) != type.getShape()) {
    emitError(loc) << "tensor '" << name << "' in '" << path << "' has shape "
                   << printShape(tensor.shape) << ", but the module needs "
                   << printShape(type.getShape());
    return failure();
  }
  FloatType stored = getFloatType(tensor.dtype, type.getContext());
  auto wanted = dyn_cast<FloatType>(type.getElementType());
  if (!stored || !wanted || !isExactlyConvertible(stored, wanted)) {
    emitError(loc) << "tensor '" << name << "' in '" << path << "' holds "
                   << tensor.dtype << ", which is not exactly representable in "
                   << type.getElementType();
    return failure();
  }
  return convertFloats(tensor.data, stored, wanted);
}

/// Whether the matrix of \p source is its root's constant as it stands.
bool isWholeRoot(const WeightSource &source, ArrayRef<unsigned> rows,
                 ArrayRef<unsigned> columns) {
  auto type = cast<RankedTensorType>(source.root.getType());
  return type.getRank() == 2 && source.casts.empty() && source.offset == 0 &&
         rows.size() == 1 && columns.size() == 1 &&
         source.sizes[rows[0]] == type.getDimSize(0) &&
         source.sizes[columns[0]] == type.getDimSize(1) &&
         source.strides[rows[0]] == type.getDimSize(1) &&
         source.strides[columns[0]] == 1;
}

} // namespace

FailureOr<WeightBinder> WeightBinder::create(ModuleOp module, StringRef path,
                                             ArrayRef<std::string> bindings) {
  WeightBinder binder;
  binder.module = module;
  binder.path = path.str();
  if (!path.empty()) {
    llvm::Expected<SafetensorsFile> file = SafetensorsFile::open(path);
    if (!file) {
      emitError(module.getLoc()) << llvm::toString(file.takeError());
      return failure();
    }
    binder.file = std::move(*file);
  }
  for (StringRef binding : bindings) {
    auto [function, rest] = binding.split(':');
    auto [position, name] = rest.split(':');
    unsigned index;
    if (name.empty() || position.getAsInteger(10, index)) {
      emitError(module.getLoc())
          << "binding '" << binding
          << "' is not of the form function:argument:name";
      return failure();
    }
    auto target = dyn_cast_or_null<FunctionOpInterface>(
        SymbolTable::lookupSymbolIn(module, function));
    if (!target || target.isExternal() || index >= target.getNumArguments()) {
      emitError(module.getLoc())
          << "binding '" << binding
          << "' names no argument of a function in the module";
      return failure();
    }
    binder.argumentNames[target.getArgument(index)] = name.str();
  }
  return binder;
}

FailureOr<WeightBinder::Result>
WeightBinder::getMatrix(const LayerMatch &match) {
  const WeightSource &source = match.source;
  linalg::LinalgOp op = match.op;
  auto rootType = cast<RankedTensorType>(source.root.getType());
  Location rootLoc = source.root.getLoc();
  Result result;

  std::vector<char> fromFile;
  ElementsAttr attr;
  std::optional<RawConstant> raw;
  if (auto constant = source.root.getDefiningOp<arith::ConstantOp>()) {
    attr = cast<ElementsAttr>(constant.getValue());
    raw = getRawConstant(attr);
    if (raw) {
      result.name = getResourceName(attr).str();
    } else if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr);
               resource && resource.getRawHandle().getBlob()) {
      emitError(rootLoc) << "resource '" << getResourceName(attr) << "' has "
                         << resource.getRawHandle().getBlob()->getData().size()
                         << " bytes, which is not what " << rootType
                         << " needs";
      return failure();
    } else if (!isElided(attr)) {
      result.reason = "its weight is a kind of constant that is not read";
      return result;
    } else {
      result.name = getConstantName(constant);
      if (!file) {
        InFlightDiagnostic diag = emitError(rootLoc);
        if (result.name.empty())
          diag << "a layer's weight was printed without its data and has no "
                  "name; print the module without eliding constants, or name "
                  "the constant by an attribute 'hinm.name' and give the "
                  "option weights=FILE.safetensors";
        else
          diag << "weight '" << result.name
               << "' was printed without its data; give the option "
                  "weights=FILE.safetensors with a tensor of that name, or "
                  "print the module without eliding resources";
        diag.attachNote(op.getLoc()) << "the layer is here";
        return failure();
      }
      if (result.name.empty() || !file->find(result.name)) {
        InFlightDiagnostic diag = emitError(rootLoc);
        if (result.name.empty())
          diag << "a layer's weight was printed without its data and has no "
                  "name to find it by in '"
               << path << "'; name it by an attribute 'hinm.name'";
        else
          diag << "weight '" << result.name
               << "' was printed without its data, and '" << path
               << "' has no tensor of that name";
        diag.attachNote(op.getLoc()) << "the layer is here";
        return failure();
      }
    }
  } else {
    auto argument = cast<BlockArgument>(source.root);
    auto bound = argumentNames.find(argument);
    result.name = bound != argumentNames.end() ? bound->second
                                               : getArgumentName(argument);
    std::string what = "no operand is a constant, and which one is the weight "
                       "is not known; if it is the function argument #" +
                       std::to_string(argument.getArgNumber()) + " '" +
                       result.name + "', bind it with the option weights=";
    if (!file) {
      result.reason = what + "FILE.safetensors";
      return result;
    }
    if (!file->find(result.name)) {
      if (bound != argumentNames.end()) {
        emitError(rootLoc) << "'" << path << "' has no tensor '" << result.name
                           << "', to which an argument is bound";
        return failure();
      }
      result.reason =
          what + "FILE.safetensors: '" + path + "' has no tensor of that name";
      return result;
    }
  }

  AffineMap map = op.getMatchingIndexingMap(match.weight);
  auto findDims = [&](ArrayRef<unsigned> loops) {
    SmallVector<unsigned> dims;
    for (unsigned loop : loops)
      dims.push_back(
          *map.getResultPosition(getAffineDimExpr(loop, map.getContext())));
    return dims;
  };
  SmallVector<unsigned> rows = findDims(match.rows);
  SmallVector<unsigned> columns = findDims(match.columns);
  if (raw && isWholeRoot(source, rows, columns)) {
    result.weight = attr;
    return result;
  }

  std::string key;
  llvm::raw_string_ostream os(key);
  os << (raw ? attr.getAsOpaquePointer() : source.root.getAsOpaquePointer())
     << ' ' << source.offset;
  for (ArrayRef<unsigned> dims : {ArrayRef(rows), ArrayRef(columns)}) {
    os << " /";
    for (unsigned dim : dims)
      os << ' ' << source.sizes[dim] << ' ' << source.strides[dim];
  }
  for (FloatType cast : source.casts)
    os << ' ' << cast;
  ElementsAttr &cached = made[key];
  if (cached) {
    result.weight = cached;
    return result;
  }

  if (!raw) {
    FailureOr<std::vector<char>> data = readTensor(
        *file->find(result.name), rootType, result.name, path, rootLoc);
    if (failed(data))
      return failure();
    fromFile = std::move(*data);
    raw = RawConstant{fromFile, /*isSplat=*/false};
  }
  auto product = [&](ArrayRef<unsigned> dims) {
    int64_t size = 1;
    for (unsigned dim : dims)
      size *= source.sizes[dim];
    return size;
  };
  auto type = RankedTensorType::get({product(rows), product(columns)},
                                    source.getElementType());
  auto storedType = cast<FloatType>(rootType.getElementType());
  if (raw->isSplat) {
    std::vector<char> element = gatherMatrix(source, storedType, raw->bytes,
                                             /*isSplat=*/true, {}, {});
    cached = DenseIntOrFPElementsAttr::getFromRawBuffer(type, element);
  } else {
    cached = makeRaw(type,
                     gatherMatrix(source, storedType, raw->bytes,
                                  /*isSplat=*/false, rows, columns),
                     result.name);
  }
  result.weight = cached;
  return result;
}

LogicalResult WeightBinder::checkLooseConstants() {
  if (!file)
    return success();
  WalkResult walk = module->walk([&](arith::ConstantOp op) {
    auto attr = dyn_cast<ElementsAttr>(op.getValue());
    auto type = dyn_cast<RankedTensorType>(op.getType());
    if (!attr || !type || !isElided(attr))
      return WalkResult::advance();
    std::string name = getConstantName(op);
    const SafetensorsFile::Tensor *tensor = file->find(name);
    if (tensor && failed(readTensor(*tensor, type, name, path, op.getLoc())))
      return WalkResult::interrupt();
    return WalkResult::advance();
  });
  return failure(walk.wasInterrupted());
}

void WeightBinder::bindLooseConstants() {
  if (!file)
    return;
  module->walk([&](arith::ConstantOp op) {
    auto attr = dyn_cast<ElementsAttr>(op.getValue());
    auto type = dyn_cast<RankedTensorType>(op.getType());
    if (!attr || !type || !isElided(attr))
      return;
    std::string name = getConstantName(op);
    if (const SafetensorsFile::Tensor *tensor = file->find(name)) {
      // Checked before: cannot fail.
      FailureOr<std::vector<char>> data =
          readTensor(*tensor, type, name, path, op.getLoc());
      if (succeeded(data))
        op.setValueAttr(makeRaw(type, *data, name));
    }
  });
}

} // namespace hinm
