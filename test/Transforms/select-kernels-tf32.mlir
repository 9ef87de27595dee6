// RUN: hinm-opt %s --hinm-select-kernels | FileCheck %s
// A table is of what was measured, which are 16-bit elements.
// RUN: split-file %S/Inputs/schedules.txt %t
// RUN: hinm-opt %s --hinm-select-kernels="table=%t/good.json chip=sm_90a" | FileCheck %s

// The k-blocks of tf32 are 32 columns. A warp rounds X for 64 rows.
// CHECK-LABEL: func.func @many(
// CHECK-NOT: tensor.pad
// CHECK: hinm.spmm {{.*}} {schedule = #hinm.schedule<tile_m = 64, tile_n = 128, tile_k = 32, stages = 3, warps_m = 1, warps_n = 4, prefetch = 1>}
func.func @many(%v: tensor<2048xf32>, %m: tensor<256xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x260xf32>, %y: tensor<64x260xf32>) -> tensor<64x260xf32> {
  %z = hinm.spmm as #hinm.packed<rows = 64, columns = 128, tile = 64, nm = 1:2, version = 3>
    ins(%v, %m, %l, %o, %x : tensor<2048xf32>, tensor<256xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x260xf32>)
    outs(%y : tensor<64x260xf32>) -> tensor<64x260xf32>
  return %z : tensor<64x260xf32>
}

// Four tokens are 16 bytes; a block has eight at least. A share of a tile's list has four
// k-blocks, 128 columns.
// CHECK-LABEL: func.func @few(
// CHECK: : tensor<512x3xf32> to tensor<512x4xf32>
// CHECK: hinm.spmm {{.*}} {schedule = #hinm.schedule<tile_m = 64, tile_n = 8, tile_k = 32, stages = 4, warps_m = 4, warps_n = 1, prefetch = 2, split_k = 4, weights = streamed>}
func.func @few(%v: tensor<16384xf32>, %m: tensor<2048xi32>, %l: tensor<512xi32>, %o: tensor<2xi32>, %x: tensor<512x3xf32>, %y: tensor<64x3xf32>) -> tensor<64x3xf32> {
  %z = hinm.spmm as #hinm.packed<rows = 64, columns = 512, tile = 64, nm = 1:2, version = 3>
    ins(%v, %m, %l, %o, %x : tensor<16384xf32>, tensor<2048xi32>, tensor<512xi32>, tensor<2xi32>, tensor<512x3xf32>)
    outs(%y : tensor<64x3xf32>) -> tensor<64x3xf32>
  return %z : tensor<64x3xf32>
}

// One token is token-major as it is: all of X is held in shared memory.
// CHECK-LABEL: func.func @one(
// CHECK: hinm.spmm {{.*}} {schedule = #hinm.schedule<kernel = resident, tile_m = 64, tile_n = 8, tile_k = 32, stages = 1, warps_m = 4, warps_n = 1, prefetch = 3, split_k = 4, weights = streamed>, token_major_input, token_major_output}
func.func @one(%v: tensor<16384xf32>, %m: tensor<2048xi32>, %l: tensor<512xi32>, %o: tensor<2xi32>, %x: tensor<512x1xf32>, %y: tensor<64x1xf32>) -> tensor<64x1xf32> {
  %z = hinm.spmm as #hinm.packed<rows = 64, columns = 512, tile = 64, nm = 1:2, version = 3>
    ins(%v, %m, %l, %o, %x : tensor<16384xf32>, tensor<2048xi32>, tensor<512xi32>, tensor<2xi32>, tensor<512x1xf32>)
    outs(%y : tensor<64x1xf32>) -> tensor<64x1xf32>
  return %z : tensor<64x1xf32>
}

// CHECK-LABEL: func.func @tall(
// CHECK: hinm.spmm {{.*}} {schedule = #hinm.schedule<tile_m = 256, tile_n = 128, tile_k = 32, stages = 3, warps_m = 4, warps_n = 2>}
func.func @tall(%v: tensor<8192xf32>, %m: tensor<1024xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x256xf32>, %y: tensor<256x256xf32>) -> tensor<256x256xf32> {
  %z = hinm.spmm as #hinm.packed<rows = 256, columns = 128, tile = 256, nm = 1:2, version = 3>
    ins(%v, %m, %l, %o, %x : tensor<8192xf32>, tensor<1024xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x256xf32>)
    outs(%y : tensor<256x256xf32>) -> tensor<256x256xf32>
  return %z : tensor<256x256xf32>
}
