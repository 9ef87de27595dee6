// RUN: hinm-opt %s --hinm-attach-emulator-target=O=3 | FileCheck %s
// RUN: hinm-opt %s --hinm-attach-emulator-target=O=3 --gpu-module-to-binary | FileCheck %s --check-prefix=BINARY
// RUN: not hinm-opt %s --hinm-attach-emulator-target=O=4 2>&1 | FileCheck %s --check-prefix=LEVEL

// LEVEL: error: {{.*}}0 to 3

// CHECK: gpu.module @empty [#hinm.emulator<O = 3>]
// BINARY: gpu.binary @empty [#gpu.object<#hinm.emulator<O = 3>, bin = "\7FELF
gpu.module @empty {
}

// The other targets go.
// CHECK: gpu.module @kernels [#hinm.emulator<O = 3>]
// BINARY: gpu.binary @kernels [#gpu.object<#hinm.emulator<O = 3>, bin = "\7FELF
// BINARY-SAME: __hinm_emu_k
gpu.module @kernels [#nvvm.target<chip = "sm_80">] {
  llvm.func @k() attributes {gpu.kernel} {
    nvvm.barrier0
    llvm.return
  }
}
