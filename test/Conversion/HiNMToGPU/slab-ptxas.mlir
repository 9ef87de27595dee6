// REQUIRES: ptxas
// No slab kernel spills registers or draws an advisory.
// RUN: hinm-opt %S/slab.mlir --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_80},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py > %t.sm_80.ptx
// RUN: %ptxas -arch=sm_80 -v %t.sm_80.ptx -o %t.sm_80.cubin 2>&1 | FileCheck %s --implicit-check-not=warning --implicit-check-not=advisory
// RUN: hinm-opt %S/slab.mlir --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_90a},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py > %t.sm_90a.ptx
// RUN: %ptxas -arch=sm_90a -v %t.sm_90a.ptx -o %t.sm_90a.cubin 2>&1 | FileCheck %s --implicit-check-not=warning --implicit-check-not=advisory
// RUN: hinm-opt %S/slab.mlir --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_120a},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py > %t.sm_120a.ptx
// RUN: %ptxas -arch=sm_120a -v %t.sm_120a.ptx -o %t.sm_120a.cubin 2>&1 | FileCheck %s --implicit-check-not=warning --implicit-check-not=advisory

// Five kernels in slab.mlir; ptxas lists them in any order.
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK-NOT: spill stores
