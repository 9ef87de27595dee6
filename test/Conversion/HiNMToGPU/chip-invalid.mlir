// RUN: hinm-opt %s --convert-hinm-to-gpu=chip=sm_86 --verify-diagnostics
// RUN: hinm-opt %s --convert-hinm-to-gpu=chip=sm_89 -o /dev/null

// A chip older than sm_89 has no mma.sp of 8-bit floats.
#s = #hinm.schedule<tile_m = 32, tile_n = 64, tile_k = 64, stages = 3, warps_m = 1, warps_n = 4>
func.func @floats(%v: memref<1024xf8E4M3FN>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x32xf8E4M3FN>, %y: memref<32x32xf32>) {
  // expected-error @below {{chip 'sm_86' multiplies no 'f8E4M3FN': it needs sm_89 or newer}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, version = 2>
    ins(%v, %m, %l, %o, %x : memref<1024xf8E4M3FN>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x32xf8E4M3FN>)
    outs(%y : memref<32x32xf32>) {schedule = #s}
  return
}
