// RUN: hinm-opt %s --verify-roundtrip | FileCheck %s
// RUN: hinm-opt %s --emit-bytecode | hinm-opt | FileCheck %s

// CHECK-DAG: #[[$KEPT:.*]] = #hinm.pattern<tile = 32, nm = 2:4, kept = 192>
// CHECK-DAG: #[[$ALL:.*]] = #hinm.pattern<tile = 1, nm = 2:4, policy = all>
// CHECK-DAG: #[[$BLOCK:.*]] = #hinm.pattern<tile = 64, nm = 1:4, policy = per_block, vector_sparsity = 5.000000e-01>
// CHECK-DAG: #[[$GLOBAL:.*]] = #hinm.pattern<tile = 256, nm = 2:4, policy = global, vector_sparsity = 7.500000e-01>
// CHECK-DAG: #[[$LIST:.*]] = #hinm.pattern<tile = 32, nm = 2:4, vector_sparsity = 5.000000e-01, list_rows = 128>
// CHECK-DAG: #[[$WINDOW:.*]] = #hinm.pattern<tile = 32, nm = 2:4, vector_sparsity = 5.000000e-01, list_rows = 64, window = 64>
// CHECK-DAG: #[[$INDEX:.*]] = #hinm.column_index<columns = dense<[0, 3, 1, 6, 2, 4, 5, 7]> : tensor<8xi32>, offsets = dense<[0, 4, 8]> : tensor<3xi32>>
// CHECK-DAG: #[[$EMPTY:.*]] = #hinm.column_index<columns = dense<> : tensor<0xi32>, offsets = dense<0> : tensor<3xi32>>
// CHECK-DAG: #[[$PACKED:.*]] = #hinm.packed<rows = 1536, columns = 384, tile = 64, nm = 2:4>
// CHECK-DAG: #[[$BYTES:.*]] = #hinm.packed<rows = 1536, columns = 384, tile = 64, nm = 2:4, version = 2>
// CHECK-DAG: #[[$WINDOWS:.*]] = #hinm.packed<rows = 1536, columns = 384, tile = 64, nm = 2:4, window = 128>
// CHECK-DAG: #[[$BOTH:.*]] = #hinm.packed<rows = 1536, columns = 384, tile = 64, nm = 2:4, version = 2, window = 384>
// CHECK-DAG: #[[$TF32:.*]] = #hinm.packed<rows = 1536, columns = 384, tile = 64, nm = 1:2, version = 3>

// CHECK-LABEL: func private @pattern
// CHECK-SAME: a = #[[$KEPT]], b = #[[$ALL]], c = #[[$BLOCK]], d = #[[$GLOBAL]], e = #[[$LIST]], f = #[[$WINDOW]]
func.func private @pattern() attributes {
  a = #hinm.pattern<tile = 32, nm = 2:4, kept = 192>,
  b = #hinm.pattern<tile = 1, nm = 2:4, policy = all>,
  c = #hinm.pattern<tile = 64, nm = 1:4, policy = per_block, vector_sparsity = 0.5>,
  d = #hinm.pattern<tile = 256, nm = 2:4, policy = global, vector_sparsity = 0.75>,
  e = #hinm.pattern<tile = 32, nm = 2:4, vector_sparsity = 0.5, list_rows = 128>,
  f = #hinm.pattern<tile = 32, nm = 2:4, window = 64, list_rows = 64, vector_sparsity = 0.5>}

// CHECK-LABEL: func private @permutation
// CHECK-SAME: a = #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>>, b = #hinm.permutation<dense_resource<order> : tensor<3xi32>>
func.func private @permutation() attributes {
  a = #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>>,
  b = #hinm.permutation<dense_resource<order> : tensor<3xi32>>}

// CHECK-LABEL: func private @column_index
// CHECK-SAME: a = #[[$INDEX]], b = #[[$EMPTY]]
func.func private @column_index() attributes {
  a = #hinm.column_index<columns = dense<[0, 3, 1, 6, 2, 4, 5, 7]> : tensor<8xi32>, offsets = dense<[0, 4, 8]> : tensor<3xi32>>,
  b = #hinm.column_index<columns = dense<[]> : tensor<0xi32>, offsets = dense<0> : tensor<3xi32>>}

// CHECK-LABEL: func private @others
// CHECK-SAME: a = #[[$PACKED]], a2 = #[[$BYTES]], a3 = #[[$WINDOWS]], a4 = #[[$BOTH]], a5 = #[[$TF32]], b = #hinm.schedule<tile_m = 64, tile_n = 32, tile_k = 128, stages = 3, warps_m = 2, warps_n = 4>
// CHECK-SAME: c = #hinm.emulator, d = #hinm.emulator<O = 0>
// CHECK-SAME: e = #hinm.schedule<kernel = resident, tile_m = 128, tile_n = 8, tile_k = 64, stages = 1, warps_m = 4, warps_n = 1, prefetch = 2, split_k = 4>
// CHECK-SAME: f = #hinm.schedule<kernel = slab, tile_m = 256, tile_n = 64, tile_k = 64, stages = 3, warps_m = 8, warps_n = 1, prefetch = 1>
// CHECK-SAME: g = #hinm.schedule<kernel = warp_specialized, tile_m = 128, tile_n = 256, tile_k = 64, stages = 4, warps_m = 8, warps_n = 1, cluster = 2>
// CHECK-SAME: h = #hinm.schedule<kernel = warp_specialized, tile_m = 128, tile_n = 256, tile_k = 64, stages = 4, warps_m = 8, warps_n = 1, stream_k = 2>
// CHECK-SAME: i = #hinm.schedule<tile_m = 128, tile_n = 8, tile_k = 64, stages = 4, warps_m = 8, warps_n = 1, weights = streamed>
// CHECK-SAME: j = #hinm.schedule<kernel = warp_specialized, tile_m = 128, tile_n = 64, tile_k = 64, stages = 4, warps_m = 8, warps_n = 1, weights = streamed, stores = bulk>
func.func private @others() attributes {
  a = #hinm.packed<rows = 1536, columns = 384, tile = 64, nm = 2:4, version = 1>,
  a2 = #hinm.packed<rows = 1536, columns = 384, tile = 64, nm = 2:4, version = 2>,
  a3 = #hinm.packed<rows = 1536, columns = 384, tile = 64, nm = 2:4, window = 128>,
  a4 = #hinm.packed<rows = 1536, columns = 384, tile = 64, nm = 2:4, version = 2, window = 384>,
  a5 = #hinm.packed<rows = 1536, columns = 384, tile = 64, nm = 1:2, version = 3>,
  b = #hinm.schedule<tile_m = 64, tile_n = 32, tile_k = 128, stages = 3, warps_m = 2, warps_n = 4>,
  c = #hinm.emulator<O = 2>, d = #hinm.emulator<O = 0>,
  e = #hinm.schedule<kernel = resident, tile_m = 128, tile_n = 8, tile_k = 64, stages = 1, warps_m = 4, warps_n = 1, prefetch = 2, split_k = 4>,
  f = #hinm.schedule<kernel = slab, tile_m = 256, tile_n = 64, tile_k = 64, stages = 3, warps_m = 8, warps_n = 1, prefetch = 1>,
  g = #hinm.schedule<kernel = warp_specialized, tile_m = 128, tile_n = 256, tile_k = 64, stages = 4, warps_m = 8, warps_n = 1, cluster = 2>,
  h = #hinm.schedule<kernel = warp_specialized, tile_m = 128, tile_n = 256, tile_k = 64, stages = 4, warps_m = 8, warps_n = 1, stream_k = 2>,
  i = #hinm.schedule<tile_m = 128, tile_n = 8, tile_k = 64, stages = 4, warps_m = 8, warps_n = 1, weights = streamed>,
  j = #hinm.schedule<kernel = warp_specialized, tile_m = 128, tile_n = 64, tile_k = 64, stages = 4, warps_m = 8, warps_n = 1, weights = streamed, stores = bulk>}

{-#
  dialect_resources: {
    builtin: {
      order: "0x04000000020000000000000001000000"
    }
  }
#-}
