// REQUIRES: ptxas
// No spills, and no warning: neither does ptxas ignore setmaxnreg nor does it put
// wgmmas in series. It gives a kernel with setmaxnreg all registers that a processor
// has for its threads (168 and 96), which is what the shares add up to.
// RUN: hinm-opt %S/warp-specialized.mlir --pass-pipeline="builtin.module(convert-hinm-to-gpu{chip=sm_90a},hinm-lower-gpu{chip=sm_90a},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py > %t.ptx
// RUN: %ptxas -arch=sm_90a -v %t.ptx -o %t.cubin > %t.log 2>&1
// RUN: FileCheck %s --implicit-check-not=warning --implicit-check-not="Potential Performance Loss" --implicit-check-not=advisory < %t.log
// RUN: FileCheck %s --check-prefix=REGISTERS < %t.log

// Eight kernels in warp-specialized.mlir; ptxas lists them in any order.
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: {{ }}0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK-NOT: spill stores

// REGISTERS-DAG: Function properties for hinm_spmm_f16_v128_m128n256k64s5w8x1_warp_specialized
// REGISTERS-DAG: Used 168 registers
// REGISTERS-DAG: Used 96 registers
