//===- Target.cpp - The CPU as a GPU target -------------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Target/Emulator/Target.h"

#include "hinm/Dialect/HiNM/IR/HiNMAttributes.h"
#include "hinm/Dialect/HiNM/IR/HiNMDialect.h"
#include "hinm/Target/Emulator/Passes.h"
#include "mlir/Dialect/GPU/IR/CompilationInterfaces.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVM/ModuleToObject.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;
using namespace hinm;

namespace {

/// A linker that makes shared objects; empty when there is none.
std::string findLinker() {
  for (StringRef name : {"ld.lld-22", "ld.lld", "ld"}) {
    llvm::ErrorOr<std::string> path =
        llvm::sys::findProgramByName(name, {"/usr/lib/llvm-22/bin"});
    if (!path)
      path = llvm::sys::findProgramByName(name);
    if (path)
      return *path;
  }
  return "";
}

/// A temporary file that goes away with this object.
class TemporaryFile {
public:
  explicit TemporaryFile(StringRef suffix) {
    error = llvm::sys::fs::createTemporaryFile("hinm-emulator", suffix, path);
  }
  ~TemporaryFile() {
    if (!error)
      llvm::sys::fs::remove(path);
  }
  llvm::SmallString<128> path;
  std::error_code error;
};

/// Compiles the rewritten gpu.module for the host.
class HostObject : public LLVM::ModuleToObject {
public:
  HostObject(Operation &module, StringRef triple, StringRef chip, int optLevel)
      : ModuleToObject(module, triple, chip, /*features=*/"", optLevel) {}

protected:
  FailureOr<llvm::SmallVector<char, 0>>
  moduleToObject(llvm::Module &llvmModule) override {
    std::string message;
    const llvm::Target *target = llvm::TargetRegistry::lookupTarget(
        llvmModule.getTargetTriple(), message);
    if (!target)
      return fail("finds no code generator for the host: " + message);
    // Unlike the one of ModuleToObject, this machine makes code for a library.
    std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
        llvmModule.getTargetTriple(), chip, features, {}, llvm::Reloc::PIC_));
    TemporaryFile object("o"), library("so"), log("log");
    if (object.error || library.error || log.error)
      return fail("cannot make temporary files");
    {
      std::error_code error;
      llvm::raw_fd_ostream os(object.path, error);
      llvm::legacy::PassManager codegen;
      if (error || machine->addPassesToEmitFile(
                       codegen, os, nullptr, llvm::CodeGenFileType::ObjectFile))
        return fail("cannot emit an object file");
      codegen.run(llvmModule);
    }
    return link(object.path, library.path, log.path);
  }

private:
  FailureOr<llvm::SmallVector<char, 0>> link(StringRef object,
                                             StringRef library, StringRef log) {
    std::string linker = findLinker();
    if (linker.empty())
      return fail("needs a linker: install the package lld-22");
    std::optional<StringRef> redirects[] = {StringRef(""), log, log};
    std::string message;
    int status = llvm::sys::ExecuteAndWait(
        linker, {linker, "-shared", object, "-o", library}, std::nullopt,
        redirects, /*SecondsToWait=*/60, /*MemoryLimit=*/0, &message);
    if (status != 0) {
      if (auto text = llvm::MemoryBuffer::getFile(log))
        message += (*text)->getBuffer();
      return fail("cannot link its object: " + message);
    }
    auto buffer = llvm::MemoryBuffer::getFile(library);
    if (!buffer)
      return fail("cannot read its object: " + buffer.getError().message());
    StringRef bytes = (*buffer)->getBuffer();
    return llvm::SmallVector<char, 0>(bytes.begin(), bytes.end());
  }

  LogicalResult fail(const llvm::Twine &reason) {
    return getOperation().emitError("the emulator target ") << reason;
  }
};

struct EmulatorTargetModel
    : public gpu::TargetAttrInterface::ExternalModel<EmulatorTargetModel,
                                                     EmulatorAttr> {
  std::optional<llvm::SmallVector<char, 0>>
  serializeToObject(Attribute attribute, Operation *module,
                    const gpu::TargetOptions &options) const {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    // On a copy: the module may have other targets that want it as it is.
    OwningOpRef<ModuleOp> holder = ModuleOp::create(module->getLoc());
    auto clone = cast<gpu::GPUModuleOp>(module->clone());
    holder->push_back(clone);
    PassManager pm(module->getContext());
    pm.addNestedPass<gpu::GPUModuleOp>(createLowerNVVMToEmulator());
    if (failed(pm.run(*holder)))
      return std::nullopt;
    const std::string triple = llvm::sys::getProcessTriple();
    const std::string chip = llvm::sys::getHostCPUName().str();
    HostObject object(*clone.getOperation(), triple, chip,
                      cast<EmulatorAttr>(attribute).getO());
    return object.run();
  }

  Attribute createObject(Attribute attribute, Operation *module,
                         const llvm::SmallVector<char, 0> &object,
                         const gpu::TargetOptions &options) const {
    Builder builder(attribute.getContext());
    return gpu::ObjectAttr::get(
        attribute.getContext(), attribute, gpu::CompilationTarget::Binary,
        builder.getStringAttr(StringRef(object.data(), object.size())),
        /*properties=*/nullptr, /*kernels=*/nullptr);
  }
};

} // namespace

void hinm::registerEmulatorTargetInterfaceExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, HiNMDialect *) {
    EmulatorAttr::attachInterface<EmulatorTargetModel>(*context);
  });
}
