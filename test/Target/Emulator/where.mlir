// What an error of the emulator names: the operation and its source location,
// one string for equal ones, the operation alone where the location is unknown.
// RUN: hinm-opt %s --pass-pipeline="builtin.module(gpu.module(hinm-lower-nvvm-to-emulator))" | FileCheck %s

// CHECK-DAG: llvm.mlir.global internal constant @[[AT:.*]]("nvvm.barrier0 at model.mlir:7:3\00")
// CHECK-DAG: llvm.mlir.global internal constant @[[NONE:.*]]("nvvm.barrier0\00")
// CHECK: llvm.func @k()
// CHECK: llvm.mlir.addressof @[[AT]] :
// CHECK: llvm.mlir.addressof @[[NONE]] :
// CHECK: llvm.mlir.addressof @[[AT]] :
gpu.module @kernels {
  llvm.func @k() attributes {gpu.kernel} {
    nvvm.barrier0 loc("model.mlir":7:3)
    nvvm.barrier0 loc(unknown)
    nvvm.barrier0 loc(fused["layer", "model.mlir":7:3])
    llvm.return
  }
}
