// RUN: hinm-opt %s --hinm-fold-permutations --split-input-file | FileCheck %s
// RUN: hinm-opt %s --hinm-fold-permutations --split-input-file --remarks-filter=hinm -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// permute(x, p)[c] = x[p[c]], so column c of W goes to p[c], and so do the kept
// columns' numbers. Their order, which is the order of the groups, stays.
// CHECK: #[[$COLUMNS:.*]] = #hinm.column_index<columns = dense<[2, 0, 3, 1]> : tensor<4xi32>
// CHECK: module attributes {hinm.permutations_folded = 1 : i64}
// CHECK-LABEL: func @into_columns
// CHECK: %[[W:.*]] = arith.constant dense<{{\[}}[2.000000e+00, 4.000000e+00, 1.000000e+00, 3.000000e+00]]>
// CHECK: hinm.matmul ins(%[[W]], %arg0 :
// CHECK-SAME: columns = #[[$COLUMNS]]
func.func @into_columns(%x: tensor<4x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32>
  %p = hinm.permute %x by #hinm.permutation<dense<[2, 0, 3, 1]> : tensor<4xi32>> dim 0 : tensor<4x2xf32>
  %y = hinm.matmul ins(%w, %p : tensor<1x4xf32>, tensor<4x2xf32>) outs(%e : tensor<1x2xf32>)
    {pattern = #hinm.pattern<tile = 1, nm = 2:4, policy = all>,
     columns = #hinm.column_index<columns = dense<[0, 1, 2, 3]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>} -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// -----

// permute(Y, q)[i] = Y[q[i]]: row r of the product is stored at q⁻¹[r].
// CHECK-LABEL: func @into_rows
// CHECK: %[[Y:.*]] = hinm.matmul
// CHECK-SAME: row_index = #hinm.permutation<dense<[1, 2, 0]> : tensor<3xi32>>
// CHECK-NEXT: return %[[Y]]
func.func @into_rows(%w: tensor<3x4xf32>, %x: tensor<4x2xf32>, %e: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %y = hinm.matmul ins(%w, %x : tensor<3x4xf32>, tensor<4x2xf32>) outs(%e : tensor<3x2xf32>) -> tensor<3x2xf32>
  %p = hinm.permute %y by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  return %p : tensor<3x2xf32>
}

// -----

// After an index that is there already: q⁻¹[row_index[r]].
// CHECK-LABEL: func @into_row_index
// CHECK: hinm.matmul
// CHECK-SAME: row_index = #hinm.permutation<dense<[2, 1, 0]> : tensor<3xi32>>
func.func @into_row_index(%w: tensor<3x4xf32>, %x: tensor<4x2xf32>, %e: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %y = hinm.matmul ins(%w, %x : tensor<3x4xf32>, tensor<4x2xf32>) outs(%e : tensor<3x2xf32>)
    {row_index = #hinm.permutation<dense<[1, 0, 2]> : tensor<3xi32>>} -> tensor<3x2xf32>
  %p = hinm.permute %y by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  return %p : tensor<3x2xf32>
}

// -----

// An index that comes to nothing is dropped.
// CHECK-LABEL: func @back
// CHECK: hinm.matmul
// CHECK-NOT: row_index
// CHECK: return
func.func @back(%w: tensor<3x4xf32>, %x: tensor<4x2xf32>, %e: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %y = hinm.matmul ins(%w, %x : tensor<3x4xf32>, tensor<4x2xf32>) outs(%e : tensor<3x2xf32>)
    {row_index = #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>>} -> tensor<3x2xf32>
  %p = hinm.permute %y by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  return %p : tensor<3x2xf32>
}

// -----

// Between two layers the consumer takes it; the producer stores as it did.
// CHECK-LABEL: func @between
// CHECK: %[[Y:.*]] = hinm.matmul ins(%arg0,
// CHECK-NOT: row_index
// CHECK: hinm.matmul ins(%{{.*}}, %[[Y]]
// CHECK-NOT: row_index
// CHECK: return
func.func @between(%w: tensor<3x4xf32>, %x: tensor<4x2xf32>, %e: tensor<3x2xf32>, %f: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %v = arith.constant dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32>
  %y = hinm.matmul ins(%w, %x : tensor<3x4xf32>, tensor<4x2xf32>) outs(%e : tensor<3x2xf32>) -> tensor<3x2xf32>
  %p = hinm.permute %y by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  %z = hinm.matmul ins(%v, %p : tensor<1x3xf32>, tensor<3x2xf32>) outs(%f : tensor<1x2xf32>) -> tensor<1x2xf32>
  return %z : tensor<1x2xf32>
}

// -----

// What cannot be folded stays, and is named.
// CHECK-NOT: hinm.permutations_folded
// CHECK-LABEL: func @left
// CHECK: hinm.permute %arg2
// CHECK: %[[Y:.*]] = hinm.matmul
// CHECK: hinm.permute %[[Y]]
// REMARK-DAG: stands behind a function or block argument and before 'func.return'
// REMARK-DAG: stands behind a 'hinm.matmul' whose result has other users and before 'func.return'
func.func @left(%w: tensor<3x4xf32>, %x: tensor<4x2xf32>, %e: tensor<3x2xf32>) -> (tensor<3x2xf32>, tensor<3x2xf32>, tensor<3x2xf32>) {
  %a = hinm.permute %e by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  %y = hinm.matmul ins(%w, %x : tensor<3x4xf32>, tensor<4x2xf32>) outs(%e : tensor<3x2xf32>) -> tensor<3x2xf32>
  %p = hinm.permute %y by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  return %a, %y, %p : tensor<3x2xf32>, tensor<3x2xf32>, tensor<3x2xf32>
}

// -----

// The rows of a weight that is not pruned are reordered themselves; no row index
// is needed.
// CHECK-LABEL: func @rows
// CHECK: %[[W:.*]] = arith.constant dense<{{\[}}[5.000000e+00, 6.000000e+00], [1.000000e+00, 2.000000e+00], [3.000000e+00, 4.000000e+00]]>
// CHECK: %[[Y:.*]] = hinm.matmul ins(%[[W]], %arg0
// CHECK-NOT: row_index
// CHECK: return %[[Y]]
func.func @rows(%x: tensor<2x2xf32>, %e: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %y = hinm.matmul ins(%w, %x : tensor<3x2xf32>, tensor<2x2xf32>) outs(%e : tensor<3x2xf32>) -> tensor<3x2xf32>
  %p = hinm.permute %y by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  return %p : tensor<3x2xf32>
}
