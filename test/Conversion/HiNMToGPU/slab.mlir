// The slab kernel: windows of X, which several tiles share.
// RUN: hinm-opt %s --convert-hinm-to-gpu | FileCheck %s
// RUN: hinm-opt %s --pass-pipeline="builtin.module(convert-hinm-to-gpu,hinm-lower-gpu{chip=sm_90a},gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)" | %python %src/scripts/extract_ptx.py | FileCheck %s --check-prefix=PTX

#several = #hinm.schedule<kernel = slab, tile_m = 256, tile_n = 64, tile_k = 64, stages = 3, warps_m = 8, warps_n = 1, prefetch = 1>
#narrow = #hinm.schedule<kernel = slab, tile_m = 256, tile_n = 128, tile_k = 64, stages = 2, warps_m = 8, warps_n = 1, prefetch = 1>
#wide = #hinm.schedule<kernel = slab, tile_m = 256, tile_n = 64, tile_k = 64, stages = 3, warps_m = 4, warps_n = 2, prefetch = 2>
#crowded = #hinm.schedule<kernel = slab, tile_m = 256, tile_n = 128, tile_k = 64, stages = 2, warps_m = 8, warps_n = 2, prefetch = 0>
#part = #hinm.schedule<kernel = slab, tile_m = 64, tile_n = 64, tile_k = 64, stages = 4, warps_m = 2, warps_n = 2, prefetch = 1>

func.func @several(%v: memref<90112xf16>, %m: memref<5632xi32>, %l: memref<2816xi32>, %o: memref<12xi32>, %x: memref<512x264xf16>, %sr: memref<1536xi16>, %sp: memref<2816xi16>, %y: memref<700x264xf32>) {
  hinm.spmm as #hinm.packed<rows = 700, columns = 512, tile = 64, nm = 2:4, window = 128>
    ins(%v, %m, %l, %o, %x : memref<90112xf16>, memref<5632xi32>, memref<2816xi32>, memref<12xi32>, memref<512x264xf16>)
    slabs(%sr, %sp : memref<1536xi16>, memref<2816xi16>)
    outs(%y : memref<700x264xf32>) {schedule = #several}
  return
}

func.func @narrow(%v: memref<28672xbf16>, %m: memref<1792xi32>, %l: memref<1792xi32>, %o: memref<8xi32>, %x: memref<512x264xbf16>, %sr: memref<512xi16>, %sp: memref<1792xi16>, %y: memref<200x264xf32>) {
  hinm.spmm as #hinm.packed<rows = 200, columns = 512, tile = 32, nm = 2:4, window = 256>
    ins(%v, %m, %l, %o, %x : memref<28672xbf16>, memref<1792xi32>, memref<1792xi32>, memref<8xi32>, memref<512x264xbf16>)
    slabs(%sr, %sp : memref<512xi16>, memref<1792xi16>)
    outs(%y : memref<200x264xf32>) {schedule = #narrow}
  return
}

func.func @wide(%v: memref<45056xf16>, %m: memref<2816xi32>, %l: memref<1408xi32>, %o: memref<12xi32>, %x: memref<512x264xf16>, %sr: memref<1152xi32>, %sp: memref<1408xi16>, %r: memref<700xi32>, %y: memref<700x264xf32>) {
  hinm.spmm as #hinm.packed<rows = 700, columns = 512, tile = 64, nm = 2:4, window = 256>
    ins(%v, %m, %l, %o, %x : memref<45056xf16>, memref<2816xi32>, memref<1408xi32>, memref<12xi32>, memref<512x264xf16>)
    slabs(%sr, %sp : memref<1152xi32>, memref<1408xi16>)
    row_index(%r : memref<700xi32>)
    outs(%y : memref<700x264xf32>) {schedule = #wide}
  return
}

func.func @crowded(%v: memref<45056xbf16>, %m: memref<2816xi32>, %l: memref<1408xi32>, %o: memref<12xi32>, %x: memref<512x264xbf16>, %sr: memref<1152xi16>, %sp: memref<1408xi16>, %y: memref<700x264xf32>) {
  hinm.spmm as #hinm.packed<rows = 700, columns = 512, tile = 64, nm = 2:4, window = 256>
    ins(%v, %m, %l, %o, %x : memref<45056xbf16>, memref<2816xi32>, memref<1408xi32>, memref<12xi32>, memref<512x264xbf16>)
    slabs(%sr, %sp : memref<1152xi16>, memref<1408xi16>)
    outs(%y : memref<700x264xf32>) {schedule = #crowded}
  return
}

func.func @part(%v: memref<98304xf16>, %m: memref<6144xi32>, %l: memref<1536xi32>, %o: memref<7xi32>, %x: memref<512x264xf16>, %sr: memref<1536xi16>, %sp: memref<1536xi16>, %y: memref<700x264xf32>) {
  hinm.spmm as #hinm.packed<rows = 700, columns = 512, tile = 128, nm = 2:4, window = 128>
    ins(%v, %m, %l, %o, %x : memref<98304xf16>, memref<6144xi32>, memref<1536xi32>, memref<7xi32>, memref<512x264xf16>)
    slabs(%sr, %sp : memref<1536xi16>, memref<1536xi16>)
    outs(%y : memref<700x264xf32>) {schedule = #part}
  return
}

// Eleven tiles of 64 rows, by four a block: what lies behind the last one reads its
// list and weights, and stores nothing. The lists of all are as long.
// CHECK-LABEL: gpu.func @hinm_spmm_f16_v64_m256n64k64s3w8x1p1_slab128x1(
// CHECK-SAME: %{{[^:]*}}: memref<?xf16>, %{{[^:]*}}: memref<?xi32>, %{{[^:]*}}: memref<?xi32>, %[[TILES:[^:]*]]: memref<?xi32>, %{{[^:]*}}: memref<?x?xf16>, %[[ROWS:[^:]*]]: memref<?xi16>, %[[PLACES:[^:]*]]: memref<?xi16>
// CHECK: %[[WARP_ROW:.*]] = arith.muli %{{.*}}, %c32{{.*}} : index
// CHECK: %[[FIRST:.*]] = arith.muli %block_id_x, %c4
// CHECK: %[[IN_BLOCK:.*]] = arith.divui %[[WARP_ROW]], %c64
// CHECK: %[[TILE:.*]] = arith.addi %[[FIRST]], %[[IN_BLOCK]]
// CHECK: %[[COUNT:.*]] = memref.dim %[[TILES]], %c0
// CHECK: %[[LAST:.*]] = arith.subi %[[COUNT]], %c2
// CHECK: %[[READ:.*]] = arith.minui %[[TILE]], %[[LAST]]
// CHECK: memref.load %[[TILES]][%[[READ]]]

// The rows of the first windows, the first places and weights, then the copies: 16
// bytes of each row and eight tokens. A thread copies four rows, whose numbers it loads
// at once, to places eight apart, which have one swizzle.
// CHECK-COUNT-3: vector.load %[[ROWS]][{{.*}} : memref<?xi16>, vector<4xi16>
// CHECK-NOT: vector.load %[[ROWS]]
// CHECK: memref.load %[[PLACES]]
// CHECK-COUNT-8: nvgpu.device_async_copy %{{.*}} to memref<3x128x64xf16, #gpu.address_space<workgroup>>
// CHECK-NOT: nvgpu.device_async_copy
// CHECK: scf.for %[[WINDOW:.*]] = %{{.*}} to %{{.*}} step %{{.*}} iter_args({{.*}}, %[[NEXT:[^ ]*]] = %{{[^ ]*}}, %[[PLACE:[^ ]*]] = %{{[^ ]*}}, %{{[^ ]*}} = %{{[^ ]*}}, %{{.*}}) -> (i32, i32, vector<4xi16>, i32, i32
// CHECK: memref.load %[[PLACES]]
// CHECK: vector.load %[[ROWS]]
// CHECK: nvvm.cp.async.wait.group 1
// CHECK: gpu.barrier
// CHECK: %[[ROW:.*]] = vector.extract %{{.*}}[0] : i16 from vector<4xi16>
// CHECK: arith.cmpi ne, %[[ROW]], %c-1
// CHECK: nvgpu.device_async_copy %{{.*}}, %{{.*}}[%[[SLOT:[^,]*]], %{{[^,]*}}, %[[SWIZZLED:[^,]*]]], 8 {bypassL1}
// CHECK: nvgpu.device_async_copy %{{.*}}, %{{.*}}[%[[SLOT]], %{{[^,]*}}, %[[SWIZZLED]]], 8 {bypassL1}
// CHECK-COUNT-2: nvgpu.device_async_copy
// CHECK: nvvm.cp.async.commit.group
// CHECK-COUNT-32: nvvm.mma.sp.sync
// CHECK: scf.yield

// Two k-blocks a window: one wait, places and weights of the second between the
// products.
// CHECK-LABEL: gpu.func @hinm_spmm_bf16_v32_m256n128k64s2w8x1p1_slab256x2(
// CHECK: scf.for
// CHECK: nvvm.cp.async.wait.group 0
// CHECK: gpu.barrier
// CHECK-COUNT-16: nvgpu.device_async_copy
// CHECK-COUNT-64: nvvm.mma.sp.sync
// CHECK: memref.load %arg6
// CHECK-COUNT-64: nvvm.mma.sp.sync
// CHECK-NOT: nvvm.cp.async.wait.group
// CHECK: scf.yield

// 48 runs of rows by eight chunks are no multiple of the threads: the last have none to
// load or copy.
// CHECK-LABEL: gpu.func @hinm_spmm_f16_v64_m256n64k64s3w4x2p2_slab192x1_long_rows(
// CHECK-SAME: %[[LONG:[^:,]*]]: memref<?xi32>, %{{[^:,]*}}: memref<?xi16>, %{{[^:,]*}}: memref<?xi32>, %{{[^:,]*}}: memref<?x?xf32>)
// CHECK: vector.load %[[LONG]][{{.*}} : memref<?xi32>, vector<4xi32>
// CHECK: arith.minui %{{.*}}, %c47
// CHECK: vector.load %[[LONG]]

// The loads ahead are not moved into the next turn.
// PTX-LABEL: .entry hinm_spmm_f16_v64_m256n64k64s3w8x1p1_slab128x1(
// PTX: mma.sp::ordered_metadata
// PTX-NOT: cp.async
// PTX: ld.global.v4.b32
// PTX-NOT: mma.sp
// PTX: cp.async.wait_group 1
// PTX: bar.sync
// PTX-LABEL: .entry
