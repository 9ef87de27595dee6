// RUN: hinm-opt %s --convert-hinm-to-gpu --split-input-file --verify-diagnostics

#s = #hinm.schedule<tile_m = 32, tile_n = 64, tile_k = 64, stages = 3, warps_m = 1, warps_n = 4>
func.func @tensors(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %y: tensor<32x16xf32>) -> tensor<32x16xf32> {
  // expected-error @below {{works on tensors here: bufferize it first}}
  %r = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>)
    outs(%y : tensor<32x16xf32>) {schedule = #s} -> tensor<32x16xf32>
  return %r : tensor<32x16xf32>
}

// -----

func.func @no_schedule(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<32x16xf32>) {
  // expected-error @below {{has no schedule: run hinm-select-kernels first}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<32x16xf32>)
  return
}

// -----

#s = #hinm.schedule<tile_m = 16, tile_n = 64, tile_k = 64, stages = 3, warps_m = 1, warps_n = 4>
func.func @tile(%v: memref<512xf16>, %m: memref<32xi32>, %l: memref<64xi32>, %o: memref<3xi32>, %x: memref<128x16xf16>, %y: memref<32x16xf32>) {
  // expected-error @below {{no kernel for tiles of 16 rows: V must be 32, 64, 128 or 256}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 16, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<512xf16>, memref<32xi32>, memref<64xi32>, memref<3xi32>, memref<128x16xf16>)
    outs(%y : memref<32x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<tile_m = 64, tile_n = 64, tile_k = 64, stages = 3, warps_m = 2, warps_n = 2>
func.func @tile_m(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<32x16xf32>) {
  // expected-error @below {{schedule: tile_m = 64 does not divide the 32 rows of a tile}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<32x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<tile_m = 32, tile_n = 64, tile_k = 128, stages = 3, warps_m = 1, warps_n = 4>
func.func @tile_k(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<32x16xf32>) {
  // expected-error @below {{schedule: the kernel takes tile_k = 64 kept columns a step, found 128}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<32x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<tile_m = 32, tile_n = 96, tile_k = 64, stages = 3, warps_m = 1, warps_n = 4>
func.func @tile_n(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<32x16xf32>) {
  // expected-error @below {{schedule: tile_n = 96 is not a power of two}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<32x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<tile_m = 32, tile_n = 64, tile_k = 64, stages = 1, warps_m = 1, warps_n = 4>
func.func @stages(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<32x16xf32>) {
  // expected-error @below {{schedule: the kernel needs at least 2 stages}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<32x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<tile_m = 32, tile_n = 256, tile_k = 64, stages = 8, warps_m = 1, warps_n = 4>
func.func @shared(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<32x16xf32>) {
  // expected-error @below {{schedule: the stages take 262144 bytes of shared memory, more than 232432 of any chip}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<32x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<tile_m = 32, tile_n = 64, tile_k = 64, stages = 3, warps_m = 1, warps_n = 4>
func.func @tokens(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x17xf16>, %y: memref<32x17xf32>) {
  // expected-error @below {{has 17 tokens, the kernel needs a multiple of 8: pad them, or leave the schedule to hinm-select-kernels, which does}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x17xf16>)
    outs(%y : memref<32x17xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<tile_m = 32, tile_n = 64, tile_k = 64, stages = 3, warps_m = 1, warps_n = 4>
func.func @epilogue_function(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<32x16xf32>) {
  // expected-error @below {{no kernel with 'math.sin' in its epilogue}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<32x16xf32>)
    epilogue {
  ^bb0(%sum: f32):
    %s = math.sin %sum : f32
    hinm.yield %s : f32
  } {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<tile_m = 32, tile_n = 64, tile_k = 64, stages = 3, warps_m = 1, warps_n = 4>
func.func @epilogue_operand(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %b: memref<32xf64>, %y: memref<32x16xf32>) {
  // expected-error @below {{no kernel with an epilogue of 'f64'}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<32x16xf32>)
    epilogue(%b : memref<32xf64>) {
  ^bb0(%sum: f32, %p: f64):
    hinm.yield %sum : f32
  } {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<tile_m = 32, tile_n = 64, tile_k = 64, stages = 3, warps_m = 1, warps_n = 4>
func.func @epilogue_result(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<32x16xf64>) {
  // expected-error @below {{no kernel with an epilogue that yields 'f64'}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<32x16xf64>)
    epilogue {
  ^bb0(%sum: f32):
    %s = arith.extf %sum : f32 to f64
    hinm.yield %s : f64
  } {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = resident, tile_m = 32, tile_n = 16, tile_k = 64, stages = 2, warps_m = 1, warps_n = 1>
func.func @resident_stages(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<32x16xf32>) {
  // expected-error @below {{schedule: the resident kernel has one stage, found 2}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<32x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = resident, tile_m = 32, tile_n = 16, tile_k = 64, stages = 1, warps_m = 1, warps_n = 1>
func.func @resident_size(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<8192x16xf16>, %y: memref<32x16xf32>) {
  // expected-error @below {{schedule: the resident X takes 262144 bytes of shared memory, more than 232432 of any chip}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 8192, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<8192x16xf16>)
    outs(%y : memref<32x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = warp_specialized, tile_m = 32, tile_n = 64, tile_k = 64, stages = 2, warps_m = 2, warps_n = 1>
func.func @warp_specialized_rows(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<32x16xf32>) {
  // expected-error @below {{schedule: the warp-specialised kernel takes a multiple of 64 rows, found tile_m = 32}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<32x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = warp_specialized, tile_m = 64, tile_n = 64, tile_k = 64, stages = 2, warps_m = 2, warps_n = 2>
func.func @warp_specialized_warps(%v: memref<2048xf16>, %m: memref<128xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<64x16xf32>) {
  // expected-error @below {{schedule: each consumer warp of the warp-specialised kernel has 16 rows and all tokens: tile_m = 64 needs warps_m = 4 and warps_n = 1}}
  hinm.spmm as #hinm.packed<rows = 64, columns = 128, tile = 64, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<2048xf16>, memref<128xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<64x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = warp_specialized, tile_m = 64, tile_n = 32, tile_k = 64, stages = 2, warps_m = 4, warps_n = 1>
func.func @warp_specialized_tokens(%v: memref<2048xf16>, %m: memref<128xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<64x16xf32>) {
  // expected-error @below {{schedule: the warp-specialised kernel takes 64, 128 or 256 tokens, found tile_n = 32}}
  hinm.spmm as #hinm.packed<rows = 64, columns = 128, tile = 64, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<2048xf16>, memref<128xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<64x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = warp_specialized, tile_m = 64, tile_n = 512, tile_k = 64, stages = 2, warps_m = 4, warps_n = 1>
func.func @warp_specialized_many_tokens(%v: memref<2048xf16>, %m: memref<128xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<64x16xf32>) {
  // expected-error @below {{schedule: the warp-specialised kernel takes 64, 128 or 256 tokens, found tile_n = 512}}
  hinm.spmm as #hinm.packed<rows = 64, columns = 128, tile = 64, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<2048xf16>, memref<128xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<64x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = warp_specialized, tile_m = 256, tile_n = 256, tile_k = 64, stages = 2, warps_m = 16, warps_n = 1>
func.func @warp_specialized_sums(%v: memref<8192xf16>, %m: memref<512xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<256x16xf32>) {
  // expected-error @below {{schedule: tile_m · tile_n is 65536, for more than 32768 sums there are no registers}}
  hinm.spmm as #hinm.packed<rows = 256, columns = 128, tile = 256, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<8192xf16>, memref<512xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<256x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = warp_specialized, tile_m = 64, tile_n = 64, tile_k = 64, stages = 1, warps_m = 4, warps_n = 1>
func.func @warp_specialized_stages(%v: memref<2048xf16>, %m: memref<128xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<64x16xf32>) {
  // expected-error @below {{schedule: the warp-specialised kernel needs at least 2 stages}}
  hinm.spmm as #hinm.packed<rows = 64, columns = 128, tile = 64, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<2048xf16>, memref<128xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<64x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = warp_specialized, tile_m = 64, tile_n = 64, tile_k = 64, stages = 2, warps_m = 4, warps_n = 1, cluster = 8>
func.func @warp_specialized_cluster(%v: memref<2048xf16>, %m: memref<128xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<64x16xf32>) {
  // expected-error @below {{schedule: the warp-specialised kernel takes clusters of 1, 2 or 4 blocks, found cluster = 8}}
  hinm.spmm as #hinm.packed<rows = 64, columns = 128, tile = 64, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<2048xf16>, memref<128xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<64x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<tile_m = 64, tile_n = 64, tile_k = 64, stages = 2, warps_m = 2, warps_n = 2, cluster = 2>
func.func @multistage_cluster(%v: memref<2048xf16>, %m: memref<128xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<64x16xf32>) {
  // expected-error @below {{schedule: only the warp-specialised kernel has clusters, found cluster = 2}}
  hinm.spmm as #hinm.packed<rows = 64, columns = 128, tile = 64, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<2048xf16>, memref<128xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<64x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<tile_m = 64, tile_n = 64, tile_k = 64, stages = 2, warps_m = 2, warps_n = 2, stream_k = 2>
func.func @multistage_stream(%v: memref<2048xf16>, %m: memref<128xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<64x16xf32>) {
  // expected-error @below {{schedule: stream_k = 2 is for blocks that go on to further tiles, which only those of the warp-specialised kernel do}}
  hinm.spmm as #hinm.packed<rows = 64, columns = 128, tile = 64, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<2048xf16>, memref<128xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<64x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = warp_specialized, tile_m = 64, tile_n = 64, tile_k = 64, stages = 2, warps_m = 4, warps_n = 1, prefetch = 1>
func.func @warp_specialized_prefetch(%v: memref<2048xf16>, %m: memref<128xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<64x16xf32>) {
  // expected-error @below {{schedule: the warp-specialised kernel has neither prefetch nor split_k}}
  hinm.spmm as #hinm.packed<rows = 64, columns = 128, tile = 64, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<2048xf16>, memref<128xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<64x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = warp_specialized, tile_m = 64, tile_n = 64, tile_k = 64, stages = 2, warps_m = 4, warps_n = 1, split_k = 2>
func.func @warp_specialized_split(%v: memref<2048xf16>, %m: memref<128xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<64x16xf32>) {
  // expected-error @below {{schedule: the warp-specialised kernel has neither prefetch nor split_k}}
  hinm.spmm as #hinm.packed<rows = 64, columns = 128, tile = 64, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<2048xf16>, memref<128xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<64x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = warp_specialized, tile_m = 128, tile_n = 256, tile_k = 64, stages = 6, warps_m = 8, warps_n = 1>
func.func @warp_specialized_shared(%v: memref<4096xf16>, %m: memref<256xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<128x16xf32>) {
  // expected-error @below {{schedule: the stages take 253024 bytes of shared memory, more than 232432 of any chip}}
  hinm.spmm as #hinm.packed<rows = 128, columns = 128, tile = 128, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<4096xf16>, memref<256xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<128x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = warp_specialized, tile_m = 64, tile_n = 64, tile_k = 64, stages = 2, warps_m = 4, warps_n = 1>
func.func @warp_specialized_convolution(%v: memref<2048xf16>, %m: memref<128xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<8x36xf16>, %y: memref<64x16xf32>) {
  // expected-error @below {{schedule: the warp-specialised kernel takes no convolution: use kernel = multistage}}
  hinm.spmm as #hinm.packed<rows = 64, columns = 72, tile = 64, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<2048xf16>, memref<128xi32>, memref<64xi32>, memref<2xi32>, memref<8x36xf16>)
    outs(%y : memref<64x16xf32>) {schedule = #s, convolution = #hinm.convolution<image = [1, 6, 6], kernel = [3, 3], strides = [1, 1], dilations = [1, 1]>}
  return
}

// -----

#s = #hinm.schedule<kernel = resident, tile_m = 32, tile_n = 16, tile_k = 64, stages = 1, warps_m = 1, warps_n = 1>
func.func @resident_convolution(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<8x36xf16>, %y: memref<32x16xf32>) {
  // expected-error @below {{schedule: the resident kernel takes no convolution: use kernel = multistage}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 72, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<8x36xf16>)
    outs(%y : memref<32x16xf32>) {schedule = #s, convolution = #hinm.convolution<image = [1, 6, 6], kernel = [3, 3], strides = [1, 1], dilations = [1, 1]>}
  return
}

// -----

#s = #hinm.schedule<tile_m = 32, tile_n = 16, tile_k = 64, stages = 2, warps_m = 1, warps_n = 1>
func.func @multistage_token_major(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<16x128xf16>, %y: memref<32x16xf32>) {
  // expected-error @below {{schedule: the multistage kernel gathers rows of tokens, not from a token-major X: use kernel = resident}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<16x128xf16>)
    outs(%y : memref<32x16xf32>) {schedule = #s, token_major_input}
  return
}

// -----

#s = #hinm.schedule<tile_m = 32, tile_n = 16, tile_k = 64, stages = 2, warps_m = 1, warps_n = 1>
func.func @too_many(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<65536x65544xf16>, %y: memref<32x65544xf32>) {
  // expected-error @below {{has an X of 4295491584 elements, the kernel counts them in 32 bits: cut it along the tokens}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 65536, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<65536x65544xf16>)
    outs(%y : memref<32x65544xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = warp_specialized, tile_m = 64, tile_n = 64, tile_k = 64, stages = 2, warps_m = 4, warps_n = 1>
func.func @warp_specialized_token_major(%v: memref<2048xf16>, %m: memref<128xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<16x128xf16>, %y: memref<64x16xf32>) {
  // expected-error @below {{schedule: the warp-specialised kernel gathers rows of tokens, not from a token-major X: use kernel = resident}}
  hinm.spmm as #hinm.packed<rows = 64, columns = 128, tile = 64, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<2048xf16>, memref<128xi32>, memref<64xi32>, memref<2xi32>, memref<16x128xf16>)
    outs(%y : memref<64x16xf32>) {schedule = #s, token_major_input}
  return
}

// -----

#s = #hinm.schedule<tile_m = 32, tile_n = 64, tile_k = 64, stages = 3, warps_m = 1, warps_n = 4>
func.func @bytes_tokens(%v: memref<1024xi8>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x24xi8>, %y: memref<32x24xi32>) {
  // expected-error @below {{has 24 tokens, the kernel needs a multiple of 16: pad them, or leave the schedule to hinm-select-kernels, which does}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, version = 2>
    ins(%v, %m, %l, %o, %x : memref<1024xi8>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x24xi8>)
    outs(%y : memref<32x24xi32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<tile_m = 32, tile_n = 64, tile_k = 64, stages = 3, warps_m = 1, warps_n = 8>
func.func @bytes_warps(%v: memref<1024xf8E5M2>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x32xf8E5M2>, %y: memref<32x32xf32>) {
  // expected-error @below {{schedule: tile_n = 64 gives each of the 8 warps no multiple of the 16 tokens in 16 bytes of 'f8E5M2'}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, version = 2>
    ins(%v, %m, %l, %o, %x : memref<1024xf8E5M2>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x32xf8E5M2>)
    outs(%y : memref<32x32xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = warp_specialized, tile_m = 32, tile_n = 64, tile_k = 64, stages = 3, warps_m = 1, warps_n = 4>
func.func @bytes_warp_specialized(%v: memref<1024xi8>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x32xi8>, %y: memref<32x32xi32>) {
  // expected-error @below {{the warp-specialised kernel multiplies 16-bit elements, not 'i8'}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, version = 2>
    ins(%v, %m, %l, %o, %x : memref<1024xi8>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x32xi8>)
    outs(%y : memref<32x32xi32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<tile_m = 32, tile_n = 8, tile_k = 64, stages = 2, warps_m = 1, warps_n = 1>
func.func @grid(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<64x524288xf16>, %y: memref<32x524288xf32>) {
  // expected-error @below {{has 524288 tokens, a grid holds 524280 with this schedule: cut them (TilingInterface)}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 64, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<64x524288xf16>)
    outs(%y : memref<32x524288xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = slab, tile_m = 64, tile_n = 16, tile_k = 64, stages = 2, warps_m = 2, warps_n = 1>
func.func @slab_window(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<32x16xf32>) {
  // expected-error @below {{schedule: the slab kernel needs 'slabs' of the 2 tiles of a thread block: hinm-select-kernels makes them of a constant 'column_list' whose format has a 'window'}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<32x16xf32>) {schedule = #s}
  return
}

// -----

// Of two tiles, as many as a block has; but there are two blocks.
#s = #hinm.schedule<kernel = slab, tile_m = 64, tile_n = 16, tile_k = 64, stages = 2, warps_m = 2, warps_n = 1>
func.func @slab_tiles(%v: memref<3072xf16>, %m: memref<192xi32>, %l: memref<192xi32>, %o: memref<4xi32>, %x: memref<128x16xf16>, %sr: memref<96xi16>, %sp: memref<192xi16>, %y: memref<96x16xf32>) {
  // expected-error @below {{schedule: the slab kernel needs 'slabs' of the 2 tiles of a thread block}}
  hinm.spmm as #hinm.packed<rows = 96, columns = 128, tile = 32, nm = 2:4, window = 128>
    ins(%v, %m, %l, %o, %x : memref<3072xf16>, memref<192xi32>, memref<192xi32>, memref<4xi32>, memref<128x16xf16>)
    slabs(%sr, %sp : memref<96xi16>, memref<192xi16>)
    outs(%y : memref<96x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<tile_m = 32, tile_n = 16, tile_k = 64, stages = 2, warps_m = 2, warps_n = 1>
func.func @slab_unread(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %sr: memref<64xi16>, %sp: memref<64xi16>, %y: memref<32x16xf32>) {
  // expected-error @below {{schedule: the multistage kernel reads no 'slabs': drop them, or use kernel = slab}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, window = 128>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    slabs(%sr, %sp : memref<64xi16>, memref<64xi16>)
    outs(%y : memref<32x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = slab, tile_m = 64, tile_n = 16, tile_k = 64, stages = 2, warps_m = 2, warps_n = 1>
func.func @slab_list(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<?xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %sr: memref<128xi16>, %sp: memref<?xi16>, %y: memref<32x16xf32>) {
  // expected-error @below {{schedule: the slab kernel needs a 'column_list' of static size}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, window = 128>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<?xi32>, memref<2xi32>, memref<128x16xf16>)
    slabs(%sr, %sp : memref<128xi16>, memref<?xi16>)
    outs(%y : memref<32x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = slab, tile_m = 64, tile_n = 16, tile_k = 64, stages = 1, warps_m = 2, warps_n = 1>
func.func @slab_stages(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<32x16xf32>) {
  // expected-error @below {{schedule: the kernel needs at least 2 stages}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, window = 128>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<32x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = slab, tile_m = 64, tile_n = 16, tile_k = 64, stages = 2, warps_m = 2, warps_n = 1, split_k = 2>
func.func @slab_split(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<32x16xf32>) {
  // expected-error @below {{schedule: the slab kernel is for many tokens, it splits no sums: split_k must be 1, found 2}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, window = 128>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<32x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = slab, tile_m = 64, tile_n = 16, tile_k = 64, stages = 2, warps_m = 1, warps_n = 1>
func.func @slab_warps(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<32x16xf32>) {
  // expected-error @below {{schedule: the 64 rows of a warp do not divide the 32 rows of a tile, whose list it gathers by}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, window = 128>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<32x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = slab, tile_m = 48, tile_n = 16, tile_k = 64, stages = 2, warps_m = 3, warps_n = 1>
func.func @slab_tile_m(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<32x16xf32>) {
  // expected-error @below {{schedule: tile_m = 48 does not divide the 32 rows of a tile, and is no multiple of them}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, window = 128>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<32x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = slab, tile_m = 64, tile_n = 16, tile_k = 64, stages = 2, warps_m = 2, warps_n = 1>
func.func @slab_token_major(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<16x128xf16>, %y: memref<32x16xf32>) {
  // expected-error @below {{schedule: the slab kernel copies rows of tokens, not from a token-major X: use kernel = resident}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, window = 128>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<16x128xf16>)
    outs(%y : memref<32x16xf32>) {token_major_input, schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = slab, tile_m = 64, tile_n = 256, tile_k = 64, stages = 4, warps_m = 2, warps_n = 1>
func.func @slab_shared(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %sr: memref<128xi16>, %sp: memref<64xi16>, %y: memref<32x16xf32>) {
  // expected-error @below {{schedule: the stages take 262144 bytes of shared memory, more than 232432 of any chip}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, window = 128>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    slabs(%sr, %sp : memref<128xi16>, memref<64xi16>)
    outs(%y : memref<32x16xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = slab, tile_m = 32, tile_n = 16, tile_k = 64, stages = 2, warps_m = 1, warps_n = 1>
func.func @slab_convolution(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<8x36xf16>, %y: memref<32x16xf32>) {
  // expected-error @below {{schedule: the slab kernel takes no convolution: use kernel = multistage}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 72, tile = 32, nm = 2:4, window = 72>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<8x36xf16>)
    outs(%y : memref<32x16xf32>) {convolution = #hinm.convolution<image = [1, 6, 6], kernel = [3, 3], strides = [1, 1], dilations = [1, 1]>, schedule = #s}
  return
}

// -----

#s = #hinm.schedule<tile_m = 32, tile_n = 16, tile_k = 64, stages = 2, warps_m = 1, warps_n = 1>
func.func @tf32_tile_k(%v: memref<512xf32>, %m: memref<64xi32>, %l: memref<32xi32>, %o: memref<2xi32>, %x: memref<128x64xf32>, %y: memref<32x64xf32>) {
  // expected-error @below {{schedule: the kernel takes tile_k = 32 kept columns a step, found 64}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 1:2, version = 3>
    ins(%v, %m, %l, %o, %x : memref<512xf32>, memref<64xi32>, memref<32xi32>, memref<2xi32>, memref<128x64xf32>)
    outs(%y : memref<32x64xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = slab, tile_m = 32, tile_n = 16, tile_k = 32, stages = 2, warps_m = 1, warps_n = 1>
func.func @tf32_slab(%v: memref<512xf32>, %m: memref<64xi32>, %l: memref<32xi32>, %o: memref<2xi32>, %x: memref<128x64xf32>, %y: memref<32x64xf32>) {
  // expected-error @below {{schedule: the slab kernel reads X by ldmatrix, which does not transpose 'f32': use kernel = multistage}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 1:2, version = 3, window = 128>
    ins(%v, %m, %l, %o, %x : memref<512xf32>, memref<64xi32>, memref<32xi32>, memref<2xi32>, memref<128x64xf32>)
    outs(%y : memref<32x64xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = warp_specialized, tile_m = 32, tile_n = 64, tile_k = 32, stages = 2, warps_m = 2, warps_n = 1>
func.func @tf32_warp_specialized(%v: memref<512xf32>, %m: memref<64xi32>, %l: memref<32xi32>, %o: memref<2xi32>, %x: memref<128x64xf32>, %y: memref<32x64xf32>) {
  // expected-error @below {{schedule: the warp-specialised kernel multiplies 16-bit elements, not 'f32'}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 1:2, version = 3>
    ins(%v, %m, %l, %o, %x : memref<512xf32>, memref<64xi32>, memref<32xi32>, memref<2xi32>, memref<128x64xf32>)
    outs(%y : memref<32x64xf32>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<tile_m = 64, tile_n = 64, tile_k = 64, stages = 2, warps_m = 4, warps_n = 1, stores = bulk>
func.func @bulk_multistage(%v: memref<2048xf16>, %m: memref<128xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<64x16xf16>) {
  // expected-error @below {{schedule: only the warp-specialised kernel stores by bulk copies: use stores = direct}}
  hinm.spmm as #hinm.packed<rows = 64, columns = 128, tile = 64, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<2048xf16>, memref<128xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<64x16xf16>) {schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = warp_specialized, tile_m = 64, tile_n = 64, tile_k = 64, stages = 2, warps_m = 4, warps_n = 1, stores = bulk>
func.func @bulk_token_major(%v: memref<2048xf16>, %m: memref<128xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<16x64xf16>) {
  // expected-error @below {{schedule: bulk copies store rows of tokens, not a token-major Y: use stores = direct}}
  hinm.spmm as #hinm.packed<rows = 64, columns = 128, tile = 64, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<2048xf16>, memref<128xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<16x64xf16>) {token_major_output, schedule = #s}
  return
}

// -----

#s = #hinm.schedule<kernel = warp_specialized, tile_m = 64, tile_n = 64, tile_k = 64, stages = 2, warps_m = 4, warps_n = 1, stores = bulk>
func.func @bulk_bytes(%v: memref<2048xf16>, %m: memref<128xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %b: memref<64xf32>, %y: memref<64x16xi8>) {
  // expected-error @below {{schedule: bulk copies move 16 bytes, which rows of 'i8' need not be a multiple of: use stores = direct}}
  hinm.spmm as #hinm.packed<rows = 64, columns = 128, tile = 64, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<2048xf16>, memref<128xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<64x16xi8>) epilogue(%b : memref<64xf32>) {
  ^bb0(%sum: f32, %bias: f32):
    %s = arith.addf %sum, %bias : f32
    %z = arith.fptosi %s : f32 to i8
    hinm.yield %z : i8
  } {schedule = #s}
  return
}

// -----

// What is on its way out takes shared memory, too.
#s = #hinm.schedule<kernel = warp_specialized, tile_m = 128, tile_n = 256, tile_k = 64, stages = 5, warps_m = 8, warps_n = 1, stores = bulk>
func.func @bulk_shared(%v: memref<4096xf16>, %m: memref<256xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<128x16xf16>) {
  // expected-error @below {{schedule: the stages take 244816 bytes of shared memory, more than 232432 of any chip}}
  hinm.spmm as #hinm.packed<rows = 128, columns = 128, tile = 128, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<4096xf16>, memref<256xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<128x16xf16>) {schedule = #s}
  return
}
