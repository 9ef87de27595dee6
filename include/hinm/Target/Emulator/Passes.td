//===- Passes.td - Passes of the emulator target -----------*- tablegen -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HINM_TARGET_EMULATOR_PASSES_TD
#define HINM_TARGET_EMULATOR_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// hinm-attach-emulator-target
//===----------------------------------------------------------------------===//

def AttachEmulatorTarget : Pass<"hinm-attach-emulator-target", "::mlir::ModuleOp"> {
  let summary = "makes the CPU the device of every gpu.module";
  let description = [{
    Sets the targets of every `gpu.module` to `#hinm.emulator`, so that
    `gpu-module-to-binary` compiles its kernels to host objects. The counterpart
    of `nvvm-attach-target`.

    ```mlir
    gpu.module @kernels { }
    ```
    becomes
    ```mlir
    gpu.module @kernels [#hinm.emulator] { }
    ```
  }];
  let options = [
    Option<"optLevel", "O", "int", /*default=*/"2",
           "optimisation level of the host code, 0 to 3">];
  let dependentDialects = ["::hinm::HiNMDialect"];
}

//===----------------------------------------------------------------------===//
// hinm-lower-nvvm-to-emulator
//===----------------------------------------------------------------------===//

def LowerNVVMToEmulator : Pass<"hinm-lower-nvvm-to-emulator", "::mlir::gpu::GPUModuleOp"> {
  let summary = "rewrites an NVVM kernel to calls of the emulator";
  let description = [{
    What `#hinm.emulator` does to a copy of a `gpu.module` before it generates
    code: each NVVM operation becomes a call of a `hinm_emu_*` function
    (`lib/Emulator/DeviceApi.h`), each load and store is preceded by a check,
    shared memory moves to the block's arena, address spaces disappear, and each
    kernel gets a wrapper `__hinm_emu_<kernel>` that takes an array of pointers
    to its arguments. An NVVM operation that the emulator does not know is an
    error that names it.

    ```mlir
    nvvm.barrier0
    ```
    becomes
    ```mlir
    %where = llvm.mlir.addressof @__hinm_emu_where_0 : !llvm.ptr
    llvm.call @hinm_emu_barrier(%where) : (!llvm.ptr) -> ()
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif // HINM_TARGET_EMULATOR_PASSES_TD
