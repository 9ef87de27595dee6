// RUN: hinm-opt %s --split-input-file --hinm-propagate-transposes | FileCheck %s
// RUN: hinm-opt %s --split-input-file --hinm-propagate-transposes --hinm-propagate-transposes | FileCheck %s
// RUN: hinm-opt %s --split-input-file --hinm-propagate-transposes --remarks-filter=hinm 2>&1 | FileCheck %s --check-prefix=REMARK

// Between two layers of a 3-D network nothing is left but bias and activation.

// REMARK: [Passed] transposes-moved | Category:hinm | Function=feed_forward | transposes-after=2, transposes-before=4
// CHECK-DAG:   #[[$ID:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG:   #[[$ROW:.*]] = affine_map<(d0, d1) -> (d0)>
// CHECK-LABEL: func @feed_forward
// CHECK:         linalg.transpose
// CHECK:         %[[UP:.*]] = hinm.matmul
// CHECK-NOT:     {{linalg.transpose|tensor\.(expand|collapse)}}
// CHECK:         %[[B:.*]] = linalg.generic {indexing_maps = [#[[$ID]], #[[$ROW]], #[[$ID]]], {{.*}} ins(%[[UP]], %{{.*}} : tensor<8x6xf32>, tensor<8xf32>)
// CHECK-NOT:     {{linalg.transpose|tensor\.(expand|collapse)}}
// CHECK:         %[[E:.*]] = linalg.generic {indexing_maps = [#[[$ID]], #[[$ID]]], {{.*}} ins(%[[B]] : tensor<8x6xf32>)
// CHECK:           math.erf
// CHECK-NOT:     {{linalg.transpose|tensor\.(expand|collapse)}}
// CHECK:         hinm.matmul ins(%{{.*}}, %[[E]] : tensor<4x8xf32>, tensor<8x6xf32>)
func.func @feed_forward(%x: tensor<2x3x4xf32>, %up: tensor<8x4xf32>, %down: tensor<4x8xf32>, %bias: tensor<8xf32>) -> tensor<2x3x4xf32> {
  %c = tensor.collapse_shape %x [[0, 1], [2]] : tensor<2x3x4xf32> into tensor<6x4xf32>
  %e0 = tensor.empty() : tensor<4x6xf32>
  %t0 = linalg.transpose ins(%c : tensor<6x4xf32>) outs(%e0 : tensor<4x6xf32>) permutation = [1, 0]
  %e1 = tensor.empty() : tensor<8x6xf32>
  %p = hinm.matmul ins(%up, %t0 : tensor<8x4xf32>, tensor<4x6xf32>) outs(%e1 : tensor<8x6xf32>) -> tensor<8x6xf32>
  %e2 = tensor.empty() : tensor<6x8xf32>
  %t1 = linalg.transpose ins(%p : tensor<8x6xf32>) outs(%e2 : tensor<6x8xf32>) permutation = [1, 0]
  %h = tensor.expand_shape %t1 [[0, 1], [2]] output_shape [2, 3, 8] : tensor<6x8xf32> into tensor<2x3x8xf32>
  %e3 = tensor.empty() : tensor<2x3x8xf32>
  %b = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%bias : tensor<8xf32>) outs(%e3 : tensor<2x3x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
  } -> tensor<2x3x8xf32>
  %hb = linalg.add ins(%h, %b : tensor<2x3x8xf32>, tensor<2x3x8xf32>) outs(%e3 : tensor<2x3x8xf32>) -> tensor<2x3x8xf32>
  %g = math.erf %hb : tensor<2x3x8xf32>
  %gc = tensor.collapse_shape %g [[0, 1], [2]] : tensor<2x3x8xf32> into tensor<6x8xf32>
  %t2 = linalg.transpose ins(%gc : tensor<6x8xf32>) outs(%e1 : tensor<8x6xf32>) permutation = [1, 0]
  %q = hinm.matmul ins(%down, %t2 : tensor<4x8xf32>, tensor<8x6xf32>) outs(%e0 : tensor<4x6xf32>) -> tensor<4x6xf32>
  %e4 = tensor.empty() : tensor<6x4xf32>
  %t3 = linalg.transpose ins(%q : tensor<4x6xf32>) outs(%e4 : tensor<6x4xf32>) permutation = [1, 0]
  %y = tensor.expand_shape %t3 [[0, 1], [2]] output_shape [2, 3, 4] : tensor<6x4xf32> into tensor<2x3x4xf32>
  return %y : tensor<2x3x4xf32>
}

// -----

// Two branches of one layer's result (SiLU: x · σ(x)) are sunk together.

// CHECK-LABEL: func @two_readers
// CHECK:         hinm.matmul
// CHECK-NOT:     linalg.transpose
// CHECK:         hinm.matmul
// CHECK:         linalg.transpose
// CHECK-NOT:     linalg.transpose
func.func @two_readers(%x: tensor<4x6xf32>, %up: tensor<8x4xf32>, %down: tensor<4x8xf32>) -> tensor<6x4xf32> {
  %e0 = tensor.empty() : tensor<4x6xf32>
  %e1 = tensor.empty() : tensor<8x6xf32>
  %p = hinm.matmul ins(%up, %x : tensor<8x4xf32>, tensor<4x6xf32>) outs(%e1 : tensor<8x6xf32>) -> tensor<8x6xf32>
  %e2 = tensor.empty() : tensor<6x8xf32>
  %t1 = linalg.transpose ins(%p : tensor<8x6xf32>) outs(%e2 : tensor<6x8xf32>) permutation = [1, 0]
  %s = math.exp %t1 : tensor<6x8xf32>
  %m = arith.mulf %t1, %s : tensor<6x8xf32>
  %t2 = linalg.transpose ins(%m : tensor<6x8xf32>) outs(%e1 : tensor<8x6xf32>) permutation = [1, 0]
  %q = hinm.matmul ins(%down, %t2 : tensor<4x8xf32>, tensor<8x6xf32>) outs(%e0 : tensor<4x6xf32>) -> tensor<4x6xf32>
  %e4 = tensor.empty() : tensor<6x4xf32>
  %t3 = linalg.transpose ins(%q : tensor<4x6xf32>) outs(%e4 : tensor<6x4xf32>) permutation = [1, 0]
  return %t3 : tensor<6x4xf32>
}

// -----

// A transposed value that is also returned stays; its elementwise reader reads
// across instead of adding a transpose below.

// CHECK-LABEL: func @also_returned
// CHECK:         %[[P:.*]] = hinm.matmul
// CHECK:         %[[T:.*]] = linalg.transpose ins(%[[P]]
// CHECK:         %[[G:.*]] = linalg.generic {{.*}} ins(%[[P]] : tensor<8x6xf32>)
// CHECK-NOT:     linalg.transpose
// CHECK:         return %[[T]], %[[G]]
func.func @also_returned(%x: tensor<4x6xf32>, %up: tensor<8x4xf32>) -> (tensor<6x8xf32>, tensor<6x8xf32>) {
  %e1 = tensor.empty() : tensor<8x6xf32>
  %p = hinm.matmul ins(%up, %x : tensor<8x4xf32>, tensor<4x6xf32>) outs(%e1 : tensor<8x6xf32>) -> tensor<8x6xf32>
  %e2 = tensor.empty() : tensor<6x8xf32>
  %t1 = linalg.transpose ins(%p : tensor<8x6xf32>) outs(%e2 : tensor<6x8xf32>) permutation = [1, 0]
  %s = math.exp %t1 : tensor<6x8xf32>
  return %t1, %s : tensor<6x8xf32>, tensor<6x8xf32>
}

// -----

// An operation that reads its loop indices does not move; an assertion between
// the operations is in nobody's way.

// CHECK-LABEL: func @index_semantics
// CHECK:         hinm.matmul
// CHECK:         cf.assert
// CHECK:         linalg.generic {{.*}} ins(%{{.*}} : tensor<8x6xf32>)
// CHECK:           linalg.index 0
func.func @index_semantics(%x: tensor<4x6xf32>, %up: tensor<8x4xf32>, %ok: i1) -> tensor<6x8xi1> {
  %e1 = tensor.empty() : tensor<8x6xf32>
  %p = hinm.matmul ins(%up, %x : tensor<8x4xf32>, tensor<4x6xf32>) outs(%e1 : tensor<8x6xf32>) -> tensor<8x6xf32>
  %e2 = tensor.empty() : tensor<6x8xf32>
  %t1 = linalg.transpose ins(%p : tensor<8x6xf32>) outs(%e2 : tensor<6x8xf32>) permutation = [1, 0]
  cf.assert %ok, "sizes differ"
  %e3 = tensor.empty() : tensor<6x8xi1>
  %g = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
      ins(%t1 : tensor<6x8xf32>) outs(%e3 : tensor<6x8xi1>) {
    ^bb0(%in: f32, %out: i1):
      %i = linalg.index 0 : index
      %j = arith.index_cast %i : index to i32
      %f = arith.sitofp %j : i32 to f32
      %c = arith.cmpf ogt, %in, %f : f32
      linalg.yield %c : i1
  } -> tensor<6x8xi1>
  return %g : tensor<6x8xi1>
}

// -----

// A function without a layer is not touched.

// CHECK-LABEL: func @no_layer
// CHECK:         linalg.transpose
// CHECK:         math.exp %{{.*}} : tensor<6x8xf32>
// CHECK:         linalg.transpose
func.func @no_layer(%x: tensor<8x6xf32>) -> tensor<8x6xf32> {
  %e1 = tensor.empty() : tensor<8x6xf32>
  %e2 = tensor.empty() : tensor<6x8xf32>
  %t = linalg.transpose ins(%x : tensor<8x6xf32>) outs(%e2 : tensor<6x8xf32>) permutation = [1, 0]
  %s = math.exp %t : tensor<6x8xf32>
  %u = linalg.transpose ins(%s : tensor<6x8xf32>) outs(%e1 : tensor<8x6xf32>) permutation = [1, 0]
  return %u : tensor<8x6xf32>
}
