// REQUIRES: ptxas
// No kernel spills registers or draws an advisory, whatever the chip.
// RUN: hinm-opt %S/ptx.mlir --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_80},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py > %t.sm_80.ptx
// RUN: %ptxas -arch=sm_80 -v %t.sm_80.ptx -o %t.sm_80.cubin 2>&1 | FileCheck %s --implicit-check-not=warning --implicit-check-not=advisory
// RUN: hinm-opt %S/ptx.mlir --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_86},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py > %t.sm_86.ptx
// RUN: %ptxas -arch=sm_86 -v %t.sm_86.ptx -o %t.sm_86.cubin 2>&1 | FileCheck %s --implicit-check-not=warning --implicit-check-not=advisory
// RUN: hinm-opt %S/ptx.mlir --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_89},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py > %t.sm_89.ptx
// RUN: %ptxas -arch=sm_89 -v %t.sm_89.ptx -o %t.sm_89.cubin 2>&1 | FileCheck %s --implicit-check-not=warning --implicit-check-not=advisory
// RUN: hinm-opt %S/ptx.mlir --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_90a},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py > %t.sm_90a.ptx
// RUN: %ptxas -arch=sm_90a -v %t.sm_90a.ptx -o %t.sm_90a.cubin 2>&1 | FileCheck %s --implicit-check-not=warning --implicit-check-not=advisory
// RUN: hinm-opt %S/ptx.mlir --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_100a},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py > %t.sm_100a.ptx
// RUN: %ptxas -arch=sm_100a -v %t.sm_100a.ptx -o %t.sm_100a.cubin 2>&1 | FileCheck %s --implicit-check-not=warning --implicit-check-not=advisory
// RUN: hinm-opt %S/ptx.mlir --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_120a},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py > %t.sm_120a.ptx
// RUN: %ptxas -arch=sm_120a -v %t.sm_120a.ptx -o %t.sm_120a.cubin 2>&1 | FileCheck %s --implicit-check-not=warning --implicit-check-not=advisory

// Seventeen kernels in ptx.mlir; ptxas lists them in any order.
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK-NOT: spill stores
