// REQUIRES: ptxas
// As ptxas.mlir: kernels of 8-bit elements, six and seven of them.
// RUN: hinm-opt %S/ptx-i8.mlir --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_80},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py > %t.i8.sm_80.ptx
// RUN: %ptxas -arch=sm_80 -v %t.i8.sm_80.ptx -o %t.i8.sm_80.cubin 2>&1 | FileCheck %s --implicit-check-not=warning --implicit-check-not=advisory
// RUN: hinm-opt %S/ptx-i8.mlir --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_86},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py > %t.i8.sm_86.ptx
// RUN: %ptxas -arch=sm_86 -v %t.i8.sm_86.ptx -o %t.i8.sm_86.cubin 2>&1 | FileCheck %s --implicit-check-not=warning --implicit-check-not=advisory
// RUN: hinm-opt %S/ptx-i8.mlir --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_89},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py > %t.i8.sm_89.ptx
// RUN: %ptxas -arch=sm_89 -v %t.i8.sm_89.ptx -o %t.i8.sm_89.cubin 2>&1 | FileCheck %s --implicit-check-not=warning --implicit-check-not=advisory
// RUN: hinm-opt %S/ptx-i8.mlir --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_90a},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py > %t.i8.sm_90a.ptx
// RUN: %ptxas -arch=sm_90a -v %t.i8.sm_90a.ptx -o %t.i8.sm_90a.cubin 2>&1 | FileCheck %s --implicit-check-not=warning --implicit-check-not=advisory
// RUN: hinm-opt %S/ptx-i8.mlir --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_100a},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py > %t.i8.sm_100a.ptx
// RUN: %ptxas -arch=sm_100a -v %t.i8.sm_100a.ptx -o %t.i8.sm_100a.cubin 2>&1 | FileCheck %s --implicit-check-not=warning --implicit-check-not=advisory
// RUN: hinm-opt %S/ptx-i8.mlir --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_120a},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py > %t.i8.sm_120a.ptx
// RUN: %ptxas -arch=sm_120a -v %t.i8.sm_120a.ptx -o %t.i8.sm_120a.cubin 2>&1 | FileCheck %s --implicit-check-not=warning --implicit-check-not=advisory
// RUN: hinm-opt %S/ptx-f8.mlir --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_89},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py > %t.f8.sm_89.ptx
// RUN: %ptxas -arch=sm_89 -v %t.f8.sm_89.ptx -o %t.f8.sm_89.cubin 2>&1 | FileCheck %s --implicit-check-not=warning --implicit-check-not=advisory
// RUN: hinm-opt %S/ptx-f8.mlir --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_90a},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py > %t.f8.sm_90a.ptx
// RUN: %ptxas -arch=sm_90a -v %t.f8.sm_90a.ptx -o %t.f8.sm_90a.cubin 2>&1 | FileCheck %s --implicit-check-not=warning --implicit-check-not=advisory
// RUN: hinm-opt %S/ptx-f8.mlir --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_100a},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py > %t.f8.sm_100a.ptx
// RUN: %ptxas -arch=sm_100a -v %t.f8.sm_100a.ptx -o %t.f8.sm_100a.cubin 2>&1 | FileCheck %s --implicit-check-not=warning --implicit-check-not=advisory
// RUN: hinm-opt %S/ptx-f8.mlir --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_120a},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py > %t.f8.sm_120a.ptx
// RUN: %ptxas -arch=sm_120a -v %t.f8.sm_120a.ptx -o %t.f8.sm_120a.cubin 2>&1 | FileCheck %s --implicit-check-not=warning --implicit-check-not=advisory

// CHECK-COUNT-6: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK-NOT: {{[1-9][0-9]*}} bytes stack frame
