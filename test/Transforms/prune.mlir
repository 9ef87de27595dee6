// RUN: hinm-opt %s --hinm-prune --split-input-file | FileCheck %s
// Pruning twice changes nothing.
// RUN: hinm-opt %s --hinm-prune --canonicalize --split-input-file -o %t.once
// RUN: hinm-opt %s --hinm-prune --hinm-prune --canonicalize --split-input-file -o %t.twice
// RUN: cmp %t.once %t.twice

// Columns 0, 3, 4 and 7 are the heaviest of the tile; what was chosen is noted.
// Kept: 2 + 4 of 1 + 2 + 3 + 4 = 10, and 5 + 6 of 11.
// CHECK: #[[$COLUMNS:.*]] = #hinm.column_index<columns = dense<[0, 3, 4, 7]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>
// CHECK-LABEL: func @chosen
// CHECK: %[[W:.*]] = arith.constant dense<{{\[}}[0.000000e+00, 0.000000e+00, 0.000000e+00, 3.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, -4.000000e+00],
// CHECK-SAME: [5.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 6.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00]]>
// CHECK: hinm.matmul ins(%[[W]],
// CHECK-SAME: columns = #[[$COLUMNS]], hinm.stats = {retained = 9.000000e-01 : f64, sparsity = 7.500000e-01 : f64}
func.func @chosen(%x: tensor<8x2xf32>, %e: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %w = arith.constant dense<[[0.0, 1.0, 0.0, 3.0, 1.0, 0.0, 0.0, -4.0],
                             [5.0, 0.0, 0.0, 0.0, 6.0, 0.0, 0.0, 0.0]]> : tensor<2x8xf32>
  %y = hinm.matmul ins(%w, %x : tensor<2x8xf32>, tensor<8x2xf32>) outs(%e : tensor<2x2xf32>)
    {layer = "fc", pattern = #hinm.pattern<tile = 2, nm = 2:4, vector_sparsity = 0.5>} -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// -----

// Columns that are there are taken, and so are figures of the search. The other
// user of the constant keeps the dense weight.
// CHECK-LABEL: func @given
// CHECK-DAG: %[[DENSE:.*]] = arith.constant dense<{{\[}}[1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00, 5.000000e+00]]>
// CHECK-DAG: %[[W:.*]] = arith.constant dense<{{\[}}[0.000000e+00, 0.000000e+00, 3.000000e+00, 4.000000e+00, 0.000000e+00]]>
// CHECK: hinm.matmul ins(%[[W]],
// CHECK-SAME: hinm.stats = {retained = 2.500000e-01 : f64, sparsity = 6.000000e-01 : f64}
// CHECK: hinm.matmul ins(%[[DENSE]],
func.func @given(%x: tensor<5x2xf32>, %e: tensor<1x2xf32>) -> (tensor<1x2xf32>, tensor<1x2xf32>) {
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0]]> : tensor<1x5xf32>
  %y = hinm.matmul ins(%w, %x : tensor<1x5xf32>, tensor<5x2xf32>) outs(%e : tensor<1x2xf32>)
    {pattern = #hinm.pattern<tile = 1, nm = 2:4, kept = 4>, hinm.stats = {retained = 0.25 : f64},
     columns = #hinm.column_index<columns = dense<[3, 2, 1, 0]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>} -> tensor<1x2xf32>
  %z = hinm.matmul ins(%w, %x : tensor<1x5xf32>, tensor<5x2xf32>) outs(%e : tensor<1x2xf32>) -> tensor<1x2xf32>
  return %y, %z : tensor<1x2xf32>, tensor<1x2xf32>
}
