// REQUIRES: nvdisasm
// The machine code of the kernels of tf32 has the sparse instruction, and no dense one, on
// every chip. (nvdisasm comes with a CUDA toolkit and with Triton: $HINM_NVDISASM.)
// RUN: hinm-opt %S/ptx-tf32.mlir --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_80},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py > %t.sm_80.ptx && %ptxas -arch=sm_80 %t.sm_80.ptx -o %t.sm_80.cubin
// RUN: %nvdisasm -c %t.sm_80.cubin | FileCheck %s --implicit-check-not=HMMA.1
// RUN: hinm-opt %S/ptx-tf32.mlir --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_86},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py > %t.sm_86.ptx && %ptxas -arch=sm_86 %t.sm_86.ptx -o %t.sm_86.cubin
// RUN: %nvdisasm -c %t.sm_86.cubin | FileCheck %s --implicit-check-not=HMMA.1
// RUN: hinm-opt %S/ptx-tf32.mlir --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_89},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py > %t.sm_89.ptx && %ptxas -arch=sm_89 %t.sm_89.ptx -o %t.sm_89.cubin
// RUN: %nvdisasm -c %t.sm_89.cubin | FileCheck %s --implicit-check-not=HMMA.1
// RUN: hinm-opt %S/ptx-tf32.mlir --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_90a},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py > %t.sm_90a.ptx && %ptxas -arch=sm_90a %t.sm_90a.ptx -o %t.sm_90a.cubin
// RUN: %nvdisasm -c %t.sm_90a.cubin | FileCheck %s --implicit-check-not=HMMA.1
// RUN: hinm-opt %S/ptx-tf32.mlir --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_100a},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py > %t.sm_100a.ptx && %ptxas -arch=sm_100a %t.sm_100a.ptx -o %t.sm_100a.cubin
// RUN: %nvdisasm -c %t.sm_100a.cubin | FileCheck %s --implicit-check-not=HMMA.1
// RUN: hinm-opt %S/ptx-tf32.mlir --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_120a},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py > %t.sm_120a.ptx && %ptxas -arch=sm_120a %t.sm_120a.ptx -o %t.sm_120a.cubin
// RUN: %nvdisasm -c %t.sm_120a.cubin | FileCheck %s --implicit-check-not=HMMA.1

// CHECK-COUNT-100: HMMA.SP.16816.F32.TF32
