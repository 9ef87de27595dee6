// What a schedule may take of shared memory, the chip says.
// RUN: hinm-opt %s --convert-hinm-to-gpu=chip=sm_90a | FileCheck %s
// RUN: hinm-opt %s --convert-hinm-to-gpu=chip=sm_80 | FileCheck %s
// RUN: hinm-opt %s --convert-hinm-to-gpu | FileCheck %s
// RUN: not hinm-opt %s --convert-hinm-to-gpu=chip=sm_86 2>&1 | FileCheck %s --check-prefix=SMALL
// RUN: not hinm-opt %s --convert-hinm-to-gpu=chip=sm_120a 2>&1 | FileCheck %s --check-prefix=SMALL

// CHECK: gpu.launch_func {{.*}} dynamic_shared_memory_size
// SMALL: error: 'hinm.spmm' op schedule: the stages take 131072 bytes of shared memory, more than 101360 of sm_{{86|120a}}
#s = #hinm.schedule<tile_m = 32, tile_n = 256, tile_k = 64, stages = 4, warps_m = 1, warps_n = 4>
func.func @large(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<32x16xf32>) {
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<32x16xf32>) {schedule = #s}
  return
}
