//===- Executor.cpp - Runs functions of a lowered module ------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Executor.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include <cstdlib>
#include <cstring>

using namespace mlir;

namespace hinm::run {

namespace {

/// A ranked memref descriptor, as the C interface passes it: two pointers, the
/// offset, the sizes and the strides, all of eight bytes.
class Descriptor {
public:
  explicit Descriptor(ArrayRef<int64_t> shape, char *data = nullptr)
      : words(3 + 2 * shape.size()), rank(shape.size()) {
    words[0] = words[1] = reinterpret_cast<int64_t>(data);
    int64_t stride = 1;
    for (int64_t dim = rank - 1; dim >= 0; --dim) {
      words[3 + dim] = shape[dim];
      words[3 + rank + dim] = stride;
      stride *= shape[dim];
    }
  }
  void *get() { return words.data(); }

private:
  std::vector<int64_t> words;
  int64_t rank;
};

/// Copies the memref whose descriptor is \p words; strides are honoured.
Tensor readMemref(const int64_t *words, RankedTensorType type) {
  const int64_t rank = type.getRank();
  ArrayRef<int64_t> shape(words + 3, rank), strides(words + 3 + rank, rank);
  const unsigned width = getByteWidth(type.getElementType());
  const char *base = reinterpret_cast<const char *>(words[1]);
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  std::vector<char> dense(count * width);
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = i, position = words[2];
    for (int64_t dim = rank - 1; dim >= 0; --dim) {
      position += rest % shape[dim] * strides[dim];
      rest /= shape[dim];
    }
    std::memcpy(dense.data() + i * width, base + position * width, width);
  }
  return fromBytes(dense.data(), shape, type.getElementType());
}

} // namespace

void requestWrappers(ModuleOp module) {
  module.walk([](func::FuncOp function) {
    if (!function.isExternal())
      function->setAttr("llvm.emit_c_interface",
                        UnitAttr::get(function.getContext()));
  });
}

Executor::Executor(std::unique_ptr<ExecutionEngine> engine)
    : engine(std::move(engine)) {}
Executor::Executor(Executor &&) = default;
Executor::~Executor() = default;

llvm::Expected<Executor> Executor::create(ModuleOp module) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  ExecutionEngineOptions options;
  auto transformer = makeOptimizingTransformer(
      /*optLevel=*/2, /*sizeLevel=*/0, /*targetMachine=*/nullptr);
  options.transformer = transformer;
  options.jitCodeGenOptLevel = llvm::CodeGenOptLevel::Default;
  llvm::Expected<std::unique_ptr<ExecutionEngine>> engine =
      ExecutionEngine::create(module, options);
  if (!engine)
    return engine.takeError();
  // Runs the constructors that load the kernels.
  (*engine)->initialize();
  return Executor(std::move(*engine));
}

llvm::Expected<std::vector<Tensor>>
Executor::call(StringRef name, FunctionType type, ArrayRef<Tensor> arguments) {
  // Everything the call points at must stay where it is.
  std::vector<std::vector<char>> buffers;
  std::vector<Descriptor> descriptors;
  std::vector<void *> parameters, packed;
  buffers.reserve(arguments.size());
  descriptors.reserve(arguments.size());

  // Results come back as a struct of descriptors behind the first parameter.
  size_t words = 0;
  for (Type result : type.getResults())
    words += 3 + 2 * cast<RankedTensorType>(result).getRank();
  std::vector<int64_t> results(words);
  if (words > 0)
    parameters.push_back(results.data());
  for (auto [argument, argumentType] :
       llvm::zip_equal(arguments, type.getInputs())) {
    buffers.push_back(toBytes(
        argument, cast<RankedTensorType>(argumentType).getElementType()));
    descriptors.emplace_back(argument.shape, buffers.back().data());
    parameters.push_back(descriptors.back().get());
  }
  for (void *&parameter : parameters)
    packed.push_back(&parameter);
  if (llvm::Error error =
          engine->invokePacked(("_mlir_ciface_" + name).str(), packed))
    return std::move(error);

  std::vector<Tensor> tensors;
  std::vector<void *> owned;
  const int64_t *next = results.data();
  for (Type result : type.getResults()) {
    auto tensorType = cast<RankedTensorType>(result);
    tensors.push_back(readMemref(next, tensorType));
    owned.push_back(reinterpret_cast<void *>(next[0]));
    next += 3 + 2 * tensorType.getRank();
  }
  llvm::sort(owned);
  owned.erase(llvm::unique(owned), owned.end());
  for (void *allocation : owned)
    std::free(allocation);
  return tensors;
}

} // namespace hinm::run
