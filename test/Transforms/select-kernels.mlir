// RUN: hinm-opt %s --hinm-select-kernels --split-input-file | FileCheck %s
// RUN: hinm-opt %s --hinm-select-kernels --split-input-file | hinm-opt --hinm-select-kernels --split-input-file | FileCheck %s
// RUN: hinm-opt %s --hinm-select-kernels="schedule=\"tile_m = 32, tile_n = 16, tile_k = 64, stages = 2, warps_m = 1, warps_n = 2\"" --split-input-file | FileCheck %s --check-prefix=GIVEN
// RUN: hinm-opt %s --hinm-select-kernels --split-input-file --remarks-filter=hinm -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: not hinm-opt %s --hinm-select-kernels=schedule=nonsense 2>&1 | FileCheck %s --check-prefix=BAD

// RUN: split-file %S/Inputs/schedules.txt %t
// RUN: hinm-opt %s --hinm-select-kernels="table=%t/good.json chip=sm_90a" --split-input-file --remarks-filter=hinm 2>&1 | FileCheck %s --check-prefix=TABLE
// RUN: hinm-opt %s --hinm-select-kernels="table=%t/good.json chip=sm_86" --split-input-file | FileCheck %s
// RUN: hinm-opt %s --hinm-select-kernels="table=%t/slab.json chip=sm_90a" --split-input-file | FileCheck %s --check-prefix=SLAB
// RUN: hinm-opt %s --hinm-select-kernels="table=%t/windows.json chip=sm_90a" --split-input-file | FileCheck %s --check-prefix=WINDOWS
// RUN: not hinm-opt %s --hinm-select-kernels=table=%t/window.json 2>&1 | FileCheck %s --check-prefix=WINDOW
// RUN: not hinm-opt %s --hinm-select-kernels=table=%t/missing.json 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: not hinm-opt %s --hinm-select-kernels=table=%t/version.json 2>&1 | FileCheck %s --check-prefix=VERSION
// RUN: not hinm-opt %s --hinm-select-kernels=table=%t/range.json 2>&1 | FileCheck %s --check-prefix=RANGE
// RUN: not hinm-opt %s --hinm-select-kernels=table=%t/lacks.json 2>&1 | FileCheck %s --check-prefix=LACKS
// RUN: not hinm-opt %s --hinm-select-kernels=table=%t/schedule.json 2>&1 | FileCheck %s --check-prefix=SCHEDULE
// RUN: not hinm-opt %s --hinm-select-kernels=table=%t/kernel.json 2>&1 | FileCheck %s --check-prefix=KERNEL

// MISSING: error: schedule table '{{.*}}missing.json': No such file
// VERSION: error: schedule table '{{.*}}': expected an object of version 1 with 'entries'
// RANGE: error: schedule table '{{.*}}': entry 0: 'tokens' is no [first, last) of integers
// WINDOW: error: schedule table '{{.*}}': entry 0: 'window' is no positive integer
// LACKS: error: schedule table '{{.*}}': entry 1: its schedule lacks 'stages'
// SCHEDULE: error: schedule table '{{.*}}': entry 0: every parameter of a schedule must be at least 1
// RUN: not hinm-opt %s --hinm-select-kernels=table=%t/integer.json 2>&1 | FileCheck %s --check-prefix=INTEGER
// INTEGER: error: schedule table '{{.*}}': entry 0: the 'split_k' of its schedule is no integer
// RUN: not hinm-opt %s --hinm-select-kernels=table=%t/weights.json 2>&1 | FileCheck %s --check-prefix=WEIGHTS
// WEIGHTS: error: schedule table '{{.*}}': entry 0: the 'weights' of its schedule is 'kept', none of 'cached', 'streamed'
// RUN: not hinm-opt %s --hinm-select-kernels=table=%t/stores.json 2>&1 | FileCheck %s --check-prefix=STORES
// STORES: error: schedule table '{{.*}}': entry 0: the 'stores' of its schedule is 'late', none of 'direct', 'bulk'
// KERNEL: error: schedule table '{{.*}}': entry 0: the 'kernel' of its schedule is 'other', none of 'multistage',{{.*}}'slab'

// The first entry that fits; where none does, the heuristic.
// TABLE-DAG: remark: {{.*}}by the table
// TABLE-DAG: remark: {{.*}}by the heuristic
// TABLE-LABEL: func.func @aligned(
// TABLE: schedule = #hinm.schedule<tile_m = 32, tile_n = 16, tile_k = 64, stages = 4, warps_m = 1, warps_n = 2, prefetch = 1, split_k = 2, weights = streamed>
// TABLE-LABEL: func.func @padded(
// TABLE: schedule = #hinm.schedule<tile_m = 256, tile_n = 128, tile_k = 64, stages = 3, warps_m = 8, warps_n = 2>

// BAD: error: option 'schedule' is not the body of a #hinm.schedule: 'nonsense'

// A multiple of 8: only the schedule.
// CHECK-LABEL: func.func @aligned(
// CHECK-NOT: tensor.pad
// CHECK: hinm.spmm {{.*}} {schedule = #hinm.schedule<tile_m = 32, tile_n = 16, tile_k = 64, stages = 4, warps_m = 2, warps_n = 1, prefetch = 2, weights = streamed>} -> tensor<32x16xf32>
// CHECK-NEXT: return
// GIVEN-LABEL: func.func @aligned(
// GIVEN: schedule = #hinm.schedule<tile_m = 32, tile_n = 16, tile_k = 64, stages = 2, warps_m = 1, warps_n = 2>
// REMARK: picked a kernel
// REMARK-SAME: tile_m=32
func.func @aligned(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %y: tensor<32x16xf32>) -> tensor<32x16xf32> {
  %r = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>)
    outs(%y : tensor<32x16xf32>) -> tensor<32x16xf32>
  return %r : tensor<32x16xf32>
}

// -----

// CHECK-LABEL: func.func @padded(
// CHECK: %[[X:.*]] = tensor.pad %{{.*}} low[0, 0] high[0, 7]
// CHECK: tensor<128x1001xbf16> to tensor<128x1008xbf16>
// CHECK: %[[E:.*]] = tensor.empty() : tensor<250x1008xbf16>
// CHECK: %[[Y:.*]] = hinm.spmm
// CHECK-SAME: %[[X]] :
// CHECK-SAME: outs(%[[E]] : tensor<250x1008xbf16>) {layer = "ffn.up", schedule = #hinm.schedule<tile_m = 256, tile_n = 128, tile_k = 64, stages = 3, warps_m = 8, warps_n = 2>}
// CHECK: %[[CUT:.*]] = tensor.extract_slice %[[Y]][0, 0] [250, 1001] [1, 1]
// CHECK-NOT: tensor.extract_slice
// CHECK: return %[[CUT]]
func.func @padded(%v: tensor<8192xbf16>, %m: tensor<512xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x1001xbf16>, %r: tensor<250xi32>, %y: tensor<250x1001xbf16>) -> tensor<250x1001xbf16> {
  %0 = hinm.spmm as #hinm.packed<rows = 250, columns = 128, tile = 256, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<8192xbf16>, tensor<512xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x1001xbf16>)
    row_index(%r : tensor<250xi32>)
    outs(%y : tensor<250x1001xbf16>) {layer = "ffn.up"} -> tensor<250x1001xbf16>
  return %0 : tensor<250x1001xbf16>
}

// -----

// CHECK-LABEL: func.func @dynamic(
// CHECK: %[[N:.*]] = tensor.dim %{{.*}}, %{{.*}} : tensor<128x?xf16>
// CHECK: %[[CHUNKS:.*]] = arith.ceildivui %[[N]]
// CHECK: %[[WIDE:.*]] = arith.muli %[[CHUNKS]]
// CHECK: %[[ADDED:.*]] = arith.subi %[[WIDE]], %[[N]]
// CHECK: tensor.pad %{{.*}} low[0, 0] high[0, %[[ADDED]]]
// CHECK: tensor.empty(%[[WIDE]])
// CHECK: schedule = #hinm.schedule<tile_m = 64, tile_n = 64, tile_k = 64, stages = 3, warps_m = 2, warps_n = 2, prefetch = 1>
// CHECK: %[[CUT:.*]] = tensor.extract_slice %{{.*}}[0, 0] [64, %[[N]]] [1, 1]
// A copy: bufferization would take the view for a dense buffer.
// CHECK: %[[Y:.*]] = bufferization.alloc_tensor() copy(%[[CUT]])
// CHECK: return %[[Y]]
func.func @dynamic(%v: tensor<2048xf16>, %m: tensor<128xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x?xf16>, %y: tensor<64x?xf32>) -> tensor<64x?xf32> {
  %r = hinm.spmm as #hinm.packed<rows = 64, columns = 128, tile = 64, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<2048xf16>, tensor<128xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x?xf16>)
    outs(%y : tensor<64x?xf32>) -> tensor<64x?xf32>
  return %r : tensor<64x?xf32>
}

// -----

// CHECK-LABEL: func.func @skipped(
// CHECK-NOT: tensor.pad
// CHECK: hinm.skipped = "no kernel for tiles of 16 rows (32, 64, 128 or 256): convert-hinm-to-linalg runs it on the CPU"
// CHECK-NOT: schedule
// REMARK: no kernel for tiles of 16 rows
func.func @skipped(%v: tensor<512xf16>, %m: tensor<32xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x3xf16>, %y: tensor<5x3xf32>) -> tensor<5x3xf32> {
  %r = hinm.spmm as #hinm.packed<rows = 5, columns = 128, tile = 16, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<512xf16>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x3xf16>)
    outs(%y : tensor<5x3xf32>) -> tensor<5x3xf32>
  return %r : tensor<5x3xf32>
}

// -----

// 32 tokens: two tiles share their 64 k-blocks out to 16 thread blocks each.
// CHECK-LABEL: func.func @split(
// CHECK: schedule = #hinm.schedule<tile_m = 128, tile_n = 32, tile_k = 64, stages = 4, warps_m = 8, warps_n = 1, prefetch = 2, split_k = 16, weights = streamed>
func.func @split(%v: tensor<524288xf16>, %m: tensor<32768xi32>, %l: tensor<8192xi32>, %o: tensor<3xi32>, %x: tensor<8192x32xf16>, %y: tensor<256x32xf32>) -> tensor<256x32xf32> {
  %r = hinm.spmm as #hinm.packed<rows = 256, columns = 8192, tile = 128, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<524288xf16>, tensor<32768xi32>, tensor<8192xi32>, tensor<3xi32>, tensor<8192x32xf16>)
    outs(%y : tensor<256x32xf32>) -> tensor<256x32xf32>
  return %r : tensor<256x32xf32>
}

// -----

// Few tokens that are transposed before and after: the kernel reads and writes
// them as they are, whatever their number. The epilogue's matrix follows.
// CHECK-LABEL: func.func @token_major(
// CHECK-SAME: %[[X:[^:]+]]: tensor<3x128xf16>, %[[E:[^:]+]]: tensor<3x32xf16>)
// CHECK-NOT: linalg.transpose
// CHECK-NOT: tensor.pad
// CHECK: %[[INIT:.*]] = tensor.empty() : tensor<3x32xf16>
// CHECK: %[[Y:.*]] = hinm.spmm
// CHECK-SAME: %[[X]] :
// CHECK-SAME: outs(%[[INIT]] : tensor<3x32xf16>)
// CHECK-SAME: epilogue(%[[E]] : tensor<3x32xf16>)
// CHECK: schedule = #hinm.schedule<kernel = resident, tile_m = 32, tile_n = 8, tile_k = 64, stages = 1, warps_m = 2, warps_n = 1, prefetch = 3, weights = streamed>, token_major_input, token_major_output}
// CHECK: return %[[Y]]
func.func @token_major(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<3x128xf16>, %e: tensor<3x32xf16>) -> tensor<3x32xf16> {
  %xe = tensor.empty() : tensor<128x3xf16>
  %xt = linalg.transpose ins(%x : tensor<3x128xf16>) outs(%xe : tensor<128x3xf16>) permutation = [1, 0]
  %ee = tensor.empty() : tensor<32x3xf16>
  %et = linalg.transpose ins(%e : tensor<3x32xf16>) outs(%ee : tensor<32x3xf16>) permutation = [1, 0]
  %r = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %xt : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x3xf16>)
    outs(%ee : tensor<32x3xf16>)
    epilogue(%et : tensor<32x3xf16>) {
  ^bb0(%sum: f32, %a: f16):
    %w = arith.extf %a : f16 to f32
    %s = arith.addf %sum, %w : f32
    %h = arith.truncf %s : f32 to f16
    hinm.yield %h : f16
  } -> tensor<32x3xf16>
  %ye = tensor.empty() : tensor<3x32xf16>
  %y = linalg.transpose ins(%r : tensor<32x3xf16>) outs(%ye : tensor<3x32xf16>) permutation = [1, 0]
  return %y : tensor<3x32xf16>
}

// -----

// One token lies alike either way.
// CHECK-LABEL: func.func @one_token(
// CHECK-NOT: tensor.pad
// CHECK: %[[FLAT:.*]] = tensor.collapse_shape %{{.*}} {{\[\[}}0, 1]] : tensor<128x1xf16> into tensor<128xf16>
// CHECK: %[[X:.*]] = tensor.expand_shape %[[FLAT]] {{\[\[}}0, 1]] output_shape [1, 128] : tensor<128xf16> into tensor<1x128xf16>
// CHECK: hinm.spmm
// CHECK-SAME: %[[X]] :
// CHECK-SAME: token_major_input, token_major_output} -> tensor<1x32xf32>
// CHECK: tensor.expand_shape {{.*}} into tensor<32x1xf32>
func.func @one_token(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x1xf16>, %y: tensor<32x1xf32>) -> tensor<32x1xf32> {
  %r = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x1xf16>)
    outs(%y : tensor<32x1xf32>) -> tensor<32x1xf32>
  return %r : tensor<32x1xf32>
}

// -----

// Y is read as it is: only X is taken token-major, and padded so.
// CHECK-LABEL: func.func @token_major_input(
// CHECK: tensor.pad %{{.*}} low[0, 0] high[5, 0]
// CHECK: tensor<3x128xf16> to tensor<8x128xf16>
// CHECK: hinm.spmm {{.*}} token_major_input} -> tensor<32x8xf32>
// CHECK: tensor.extract_slice %{{.*}}[0, 0] [32, 3] [1, 1]
func.func @token_major_input(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<3x128xf16>, %y: tensor<32x3xf32>) -> tensor<32x3xf32> {
  %xe = tensor.empty() : tensor<128x3xf16>
  %xt = linalg.transpose ins(%x : tensor<3x128xf16>) outs(%xe : tensor<128x3xf16>) permutation = [1, 0]
  %r = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %xt : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x3xf16>)
    outs(%y : tensor<32x3xf32>) -> tensor<32x3xf32>
  return %r : tensor<32x3xf32>
}

// -----

// Too much for the shared memory of any chip: padded, and gathered.
// CHECK-LABEL: func.func @too_large(
// CHECK: tensor.pad
// CHECK: schedule = #hinm.schedule<tile_m = 32, tile_n = 8,
// CHECK-NOT: token_major
func.func @too_large(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<16384x1xf16>, %y: tensor<32x1xf32>) -> tensor<32x1xf32> {
  %r = hinm.spmm as #hinm.packed<rows = 32, columns = 16384, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<16384x1xf16>)
    outs(%y : tensor<32x1xf32>) -> tensor<32x1xf32>
  return %r : tensor<32x1xf32>
}

// -----

// Of the kernels only one takes convolutions, and only one a token-major X, whatever the
// table says.
// CHECK-LABEL: func.func @few_turned(
// TABLE-LABEL: func.func @few_turned(
// TABLE: {schedule = #hinm.schedule<kernel = resident,
// TABLE-LABEL: func.func @many_tokens(
// TABLE: schedule = #hinm.schedule<kernel = warp_specialized, tile_m = 128, tile_n = 256, tile_k = 64, stages = 4, warps_m = 8, warps_n = 1, cluster = 2, stores = bulk>
// TABLE-LABEL: func.func @wide_results(
// TABLE: {schedule = #hinm.schedule<tile_m = 128,
// TABLE-LABEL: func.func @narrow_results(
// TABLE: {schedule = #hinm.schedule<tile_m = 128,
// TABLE-LABEL: func.func @many_pixels(
// TABLE: schedule = #hinm.schedule<tile_m = 128,
func.func @few_turned(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<16x128xf16>, %y: tensor<32x16xf32>) -> tensor<32x16xf32> {
  %r = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<16x128xf16>)
    outs(%y : tensor<32x16xf32>) {token_major_input} -> tensor<32x16xf32>
  return %r : tensor<32x16xf32>
}
func.func @many_tokens(%v: tensor<4096xf16>, %m: tensor<256xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<72x512xf16>, %y: tensor<128x512xf16>) -> tensor<128x512xf16> {
  %r = hinm.spmm as #hinm.packed<rows = 128, columns = 72, tile = 128, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<4096xf16>, tensor<256xi32>, tensor<64xi32>, tensor<2xi32>, tensor<72x512xf16>)
    outs(%y : tensor<128x512xf16>) -> tensor<128x512xf16>
  return %r : tensor<128x512xf16>
}
// There may be no room for bulk copies of f32, as what was measured stores f16.
func.func @wide_results(%v: tensor<4096xf16>, %m: tensor<256xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<72x512xf16>, %y: tensor<128x512xf32>) -> tensor<128x512xf32> {
  %r = hinm.spmm as #hinm.packed<rows = 128, columns = 72, tile = 128, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<4096xf16>, tensor<256xi32>, tensor<64xi32>, tensor<2xi32>, tensor<72x512xf16>)
    outs(%y : tensor<128x512xf32>) -> tensor<128x512xf32>
  return %r : tensor<128x512xf32>
}
// Bulk copies do not store rows of bytes.
func.func @narrow_results(%v: tensor<4096xf16>, %m: tensor<256xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<72x512xf16>, %b: tensor<128xf32>, %y: tensor<128x512xi8>) -> tensor<128x512xi8> {
  %0 = hinm.spmm as #hinm.packed<rows = 128, columns = 72, tile = 128, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<4096xf16>, tensor<256xi32>, tensor<64xi32>, tensor<2xi32>, tensor<72x512xf16>)
    outs(%y : tensor<128x512xi8>) epilogue(%b : tensor<128xf32>) {
  ^bb0(%sum: f32, %bias: f32):
    %s = arith.addf %sum, %bias : f32
    %z = arith.fptosi %s : f32 to i8
    hinm.yield %z : i8
  } -> tensor<128x512xi8>
  return %0 : tensor<128x512xi8>
}
func.func @many_pixels(%v: tensor<4096xf16>, %m: tensor<256xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<8x340xf16>, %y: tensor<128x270xf16>) -> tensor<128x270xf16> {
  %r = hinm.spmm as #hinm.packed<rows = 128, columns = 72, tile = 128, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<4096xf16>, tensor<256xi32>, tensor<64xi32>, tensor<2xi32>, tensor<8x340xf16>)
    outs(%y : tensor<128x270xf16>) {convolution = #hinm.convolution<image = [1, 20, 17], kernel = [3, 3], strides = [1, 1], dilations = [1, 1]>} -> tensor<128x270xf16>
  return %r : tensor<128x270xf16>
}

// -----

// 16 bytes are 16 tokens of 8-bit elements. The scales of the tokens are padded, too.
// CHECK-LABEL: func.func @bytes(
// CHECK: tensor.pad {{.*}} high[0, 12]
// CHECK: : tensor<128x20xi8> to tensor<128x32xi8>
// CHECK: tensor.pad {{.*}} high[0, 12]
// CHECK: : tensor<1x20xf32> to tensor<1x32xf32>
// CHECK: hinm.spmm {{.*}} outs(%{{.*}} : tensor<32x32xf32>)
// CHECK: schedule = #hinm.schedule<tile_m = 32, tile_n = 32,
func.func @bytes(%v: tensor<1024xi8>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x20xi8>, %y: tensor<32x20xf32>, %t: tensor<1x20xf32>) -> tensor<32x20xf32> {
  %r = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, version = 2>
    ins(%v, %m, %l, %o, %x : tensor<1024xi8>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x20xi8>)
    outs(%y : tensor<32x20xf32>) epilogue(%t : tensor<1x20xf32>) {
    ^bb0(%sum: i32, %s: f32):
      %f = arith.sitofp %sum : i32 to f32
      %g = arith.mulf %f, %s : f32
      hinm.yield %g : f32
  } -> tensor<32x20xf32>
  return %r : tensor<32x20xf32>
}

// -----

// Fewer rows and tokens a block, as registers are scarce.
// CHECK-LABEL: func.func @small_floats(
// CHECK: schedule = #hinm.schedule<tile_m = 128, tile_n = 64, tile_k = 64, stages = 3, warps_m = 4, warps_n = 2
func.func @small_floats(%v: tensor<8192xf8E4M3FN>, %m: tensor<512xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x256xf8E4M3FN>, %y: tensor<256x256xf32>) -> tensor<256x256xf32> {
  %r = hinm.spmm as #hinm.packed<rows = 256, columns = 128, tile = 256, nm = 2:4, version = 2>
    ins(%v, %m, %l, %o, %x : tensor<8192xf8E4M3FN>, tensor<512xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x256xf8E4M3FN>)
    outs(%y : tensor<256x256xf32>) -> tensor<256x256xf32>
  return %r : tensor<256x256xf32>
}

// -----

// A transpose that only writes over Y is none of Y.
// CHECK-LABEL: func.func @overwritten(
// CHECK: hinm.spmm {{.*}} token_major_input} -> tensor<16x16xf32>
// CHECK: %[[T:.*]] = linalg.transpose ins(%arg5
// CHECK: return %[[T]]
func.func @overwritten(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<16x64xf16>, %z: tensor<16x16xf32>) -> tensor<16x16xf32> {
  %xe = tensor.empty() : tensor<64x16xf16>
  %xt = linalg.transpose ins(%x : tensor<16x64xf16>) outs(%xe : tensor<64x16xf16>) permutation = [1, 0]
  %e = tensor.empty() : tensor<16x16xf32>
  %y = hinm.spmm as #hinm.packed<rows = 16, columns = 64, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %xt : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<64x16xf16>)
    outs(%e : tensor<16x16xf32>) -> tensor<16x16xf32>
  %t = linalg.transpose ins(%z : tensor<16x16xf32>) outs(%y : tensor<16x16xf32>) permutation = [1, 0]
  return %t : tensor<16x16xf32>
}

// -----

// Transposes that have been merged with what is computed of the elements, and a
// conversion on the way: everything is computed token-major.
#id = affine_map<(d0, d1) -> (d0, d1)>
#turned = affine_map<(d0, d1) -> (d1, d0)>
// CHECK: #[[$ID:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-LABEL: func.func @merged(
// CHECK-NOT: tensor.pad
// CHECK: %[[H:.*]] = linalg.generic {indexing_maps = [#[[$ID]], #[[$ID]]], {{.*}}} ins(%arg4 : tensor<3x128xf32>) outs(%{{.*}} : tensor<3x128xf32>)
// CHECK: %[[X:.*]] = arith.truncf %[[H]] : tensor<3x128xf32> to tensor<3x128xf16>
// CHECK: %[[Y:.*]] = hinm.spmm
// CHECK-SAME: %[[X]] :
// CHECK-SAME: token_major_input, token_major_output} -> tensor<3x32xf32>
// CHECK: linalg.generic {indexing_maps = [#[[$ID]], #[[$ID]]], {{.*}}} ins(%[[Y]] : tensor<3x32xf32>) outs(%{{.*}} : tensor<3x32xf32>)
func.func @merged(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<3x128xf32>) -> tensor<3x32xf32> {
  %xe = tensor.empty() : tensor<128x3xf32>
  %h = linalg.generic {indexing_maps = [#turned, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<3x128xf32>) outs(%xe : tensor<128x3xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.negf %a : f32
    linalg.yield %s : f32
  } -> tensor<128x3xf32>
  %xt = arith.truncf %h : tensor<128x3xf32> to tensor<128x3xf16>
  %e = tensor.empty() : tensor<32x3xf32>
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %xt : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x3xf16>)
    outs(%e : tensor<32x3xf32>) -> tensor<32x3xf32>
  %ye = tensor.empty() : tensor<3x32xf32>
  %t = linalg.generic {indexing_maps = [#turned, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<32x3xf32>) outs(%ye : tensor<3x32xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = math.absf %a : f32
    linalg.yield %s : f32
  } -> tensor<3x32xf32>
  return %t : tensor<3x32xf32>
}

// -----

// Sizes that the format says, and the type of Y does not.
// CHECK-LABEL: func.func @dynamic_rows(
// CHECK: %[[I:.*]] = tensor.cast %{{.*}} : tensor<?x8xf32> to tensor<32x8xf32>
// CHECK: outs(%[[I]] : tensor<32x8xf32>)
// CHECK: tensor.cast %{{.*}} : tensor<32x8xf32> to tensor<?x8xf32>
func.func @dynamic_rows(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x8xf16>, %i: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x8xf16>)
    outs(%i : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// Only by a table or an option, and only where the format has windows and the list is
// a constant: else the entry is passed over.
// SLAB-LABEL: func.func @aligned(
// SLAB-NOT: kernel = slab
// SLAB-LABEL: func.func @windows(
// SLAB: %[[ROWS:.*]] = arith.constant dense<{{.*}}> : tensor<96xi16>
// SLAB: hinm.spmm {{.*}} slabs(%[[ROWS]], %{{.*}} : tensor<96xi16>, tensor<128xi16>)
// SLAB-SAME: schedule = #hinm.schedule<kernel = slab, tile_m = 64, tile_n = 16, tile_k = 64, stages = 3, warps_m = 2, warps_n = 1>
// CHECK-LABEL: func.func @windows(
// CHECK-NOT: slabs
// CHECK: schedule = #hinm.schedule<tile_m = 32,

// The entry for its window, after one for which there is no room.
// WINDOWS-LABEL: func.func @aligned(
// WINDOWS: schedule = #hinm.schedule<tile_m = 32, tile_n = 64, tile_k = 64, stages = 2,
// WINDOWS-LABEL: func.func @windows(
// WINDOWS: schedule = #hinm.schedule<kernel = slab, tile_m = 64, tile_n = 32,
func.func @windows(%v: tensor<2048xf16>, %m: tensor<128xi32>, %o: tensor<3xi32>, %x: tensor<128x16xf16>, %y: tensor<64x16xf32>) -> tensor<64x16xf32> {
  %l = arith.constant dense<"0x000005000A000F00140019001E00230028002D00320037003C00410046004B00500055005A005F00640069006E00730078007D00020007000C00110016001B00200025002A002F00340039003E00430048004D00520057005C00610066006B00700075007A007F00040009000E00130018001D00220027002C00310036003B00200025002A002F00340039003E00430048004D00520057005C00610066006B00700075007A007F00040009000E00130018001D00220027002C00310036003B00400045004A004F00540059005E00630068006D00720077007C00010006000B00100015001A001F00240029002E00330038003D00420047004C00510056005B00"> : tensor<128xi16>
  %r = hinm.spmm as #hinm.packed<rows = 64, columns = 128, tile = 32, nm = 2:4, window = 128>
    ins(%v, %m, %l, %o, %x : tensor<2048xf16>, tensor<128xi32>, tensor<128xi16>, tensor<3xi32>, tensor<128x16xf16>)
    outs(%y : tensor<64x16xf32>) -> tensor<64x16xf32>
  return %r : tensor<64x16xf32>
}

// -----

// What was scheduled by hand gets its slabs; lists that are no constant have none.
// CHECK-LABEL: func.func @by_hand(
// CHECK: hinm.spmm {{.*}} slabs(%{{.*}} : tensor<64xi16>, tensor<64xi16>)
// CHECK-NOT: slabs
// SLAB-LABEL: func.func @by_hand(
// WINDOWS-LABEL: func.func @by_hand(
#s = #hinm.schedule<kernel = slab, tile_m = 64, tile_n = 16, tile_k = 64, stages = 3, warps_m = 2, warps_n = 1>
func.func @by_hand(%v: tensor<1024xf16>, %m: tensor<64xi32>, %a: tensor<64xi16>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %y: tensor<32x16xf32>) -> (tensor<32x16xf32>, tensor<32x16xf32>) {
  %l = arith.constant dense<"0x000005000A000F00140019001E00230028002D00320037003C00410046004B00500055005A005F00640069006E00730078007D00020007000C00110016001B00200025002A002F00340039003E00430048004D00520057005C00610066006B00700075007A007F00040009000E00130018001D00220027002C00310036003B00"> : tensor<64xi16>
  %r = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, window = 128>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi16>, tensor<2xi32>, tensor<128x16xf16>)
    outs(%y : tensor<32x16xf32>) {schedule = #s} -> tensor<32x16xf32>
  %q = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, window = 128>
    ins(%v, %m, %a, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi16>, tensor<2xi32>, tensor<128x16xf16>)
    outs(%y : tensor<32x16xf32>) {schedule = #s} -> tensor<32x16xf32>
  return %r, %q : tensor<32x16xf32>, tensor<32x16xf32>
}
