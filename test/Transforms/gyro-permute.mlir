// RUN: hinm-opt %s --hinm-gyro-permute=algorithm=gyro --split-input-file | FileCheck %s
// RUN: hinm-opt %s --hinm-gyro-permute --split-input-file | FileCheck %s --check-prefix=EXCHANGE
// RUN: hinm-opt %s --hinm-gyro-permute=saliency=squared --split-input-file | FileCheck %s --check-prefix=SQUARED
// RUN: hinm-opt %s --hinm-gyro-permute="algorithm=gyro icp=false" --split-input-file | FileCheck %s --check-prefix=OCP
// RUN: hinm-opt %s --hinm-gyro-permute="algorithm=gyro ocp=false" --split-input-file | FileCheck %s --check-prefix=ICP
// RUN: hinm-opt %s --hinm-gyro-permute=algorithm=none --split-input-file | FileCheck %s --check-prefix=NONE

// The order depends on the seed, not on the threads.
// RUN: %python %S/Inputs/two_layers.py > %t.mlir
// RUN: hinm-opt %t.mlir --hinm-gyro-permute="threads=1 seed=3" -o %t.1.mlir
// RUN: hinm-opt %t.mlir --hinm-gyro-permute="threads=4 seed=3" -o %t.4.mlir
// RUN: cmp %t.1.mlir %t.4.mlir
// RUN: hinm-opt %t.mlir --hinm-gyro-permute="threads=1 seed=4" -o %t.5.mlir
// RUN: not cmp -s %t.1.mlir %t.5.mlir

// RUN: hinm-opt %t.mlir --hinm-gyro-permute --remarks-filter="hinm" --remark-policy=all 2>&1 \
// RUN:   | FileCheck %s --check-prefix=REMARK
// REMARK: layer-permuted
// REMARK-SAME: layer=up
// REMARK: layer-permuted
// REMARK-SAME: layer=down

// Rows 0 and 2 weigh in columns 0 to 3, rows 1 and 3 in columns 4 to 7: a tile of
// two such rows keeps half of both (20 of 40 in all), a tile of neighbours half
// of the heavier one (12 of 40). The best 8 of all weights are worth 28.
// CHECK-LABEL: func @order
// CHECK: %[[Y:.*]] = hinm.matmul
// CHECK-SAME: columns = #{{.*}}, hinm.stats = {retained = 5.000000e-01 : f64, retained_no_permutation = 3.000000e-01 : f64, retained_unstructured = 0.69999999999999996 : f64}
// CHECK: %[[Z:.*]] = hinm.permute %[[Y]] by {{.*}} dim 0
// CHECK: return %[[Z]]
// With two columns of each row in the group a tile of neighbours keeps as much,
// which a search of vectors alone does not see.
// EXCHANGE-LABEL: func @order
// EXCHANGE: hinm.matmul
// EXCHANGE-SAME: hinm.stats = {retained = 5.000000e-01 : f64, retained_no_permutation = 3.000000e-01 : f64
// SQUARED-LABEL: func @order
// SQUARED: hinm.stats = {retained = 5.000000e-01 : f64, retained_no_permutation = 0.33333333333333331 : f64
// OCP-LABEL: func @order
// OCP: hinm.matmul
// OCP-SAME: columns = #[[$COLUMNS:.*]], hinm.stats
// OCP: hinm.permute
// ICP-LABEL: func @order
// ICP: hinm.matmul
// ICP-NOT: hinm.permute
// ICP: return
// NONE-LABEL: func @order
// NONE: %[[Y:.*]] = hinm.matmul
// NONE-SAME: hinm.stats = {retained = 3.000000e-01 : f64, retained_no_permutation = 3.000000e-01 : f64
// NONE-NOT: hinm.permute
// NONE: return %[[Y]]
func.func @order(%x: tensor<8x2xf32>, %e: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w = arith.constant dense<[[1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
                             [0.0, 0.0, 0.0, 0.0, 2.0, 2.0, 2.0, 2.0],
                             [3.0, 3.0, 3.0, 3.0, 0.0, 0.0, 0.0, 0.0],
                             [0.0, 0.0, 0.0, 0.0, 4.0, 4.0, 4.0, 4.0]]> : tensor<4x8xf32>
  %y = hinm.matmul ins(%w, %x : tensor<4x8xf32>, tensor<8x2xf32>) outs(%e : tensor<4x2xf32>)
    {pattern = #hinm.pattern<tile = 2, nm = 2:4, vector_sparsity = 0.5>} -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

// An index by which rows are stored takes the new order in.
// CHECK-LABEL: func @row_index
// CHECK: hinm.matmul
// CHECK-SAME: row_index
// CHECK-NOT: hinm.permute
func.func @row_index(%x: tensor<8x2xf32>, %e: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w = arith.constant dense<[[1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
                             [0.0, 0.0, 0.0, 0.0, 2.0, 2.0, 2.0, 2.0],
                             [3.0, 3.0, 3.0, 3.0, 0.0, 0.0, 0.0, 0.0],
                             [0.0, 0.0, 0.0, 0.0, 4.0, 4.0, 4.0, 4.0]]> : tensor<4x8xf32>
  %y = hinm.matmul ins(%w, %x : tensor<4x8xf32>, tensor<8x2xf32>) outs(%e : tensor<4x2xf32>)
    {pattern = #hinm.pattern<tile = 2, nm = 2:4, vector_sparsity = 0.5>,
     row_index = #hinm.permutation<dense<[3, 1, 0, 2]> : tensor<4xi32>>} -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

// Nothing to do: columns are there, or there is no pattern.
// CHECK-LABEL: func @settled
// CHECK-NOT: hinm.stats
func.func @settled(%x: tensor<4x2xf32>, %e: tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>) {
  %w = arith.constant dense<1.0> : tensor<2x4xf32>
  %y = hinm.matmul ins(%w, %x : tensor<2x4xf32>, tensor<4x2xf32>) outs(%e : tensor<2x2xf32>)
    {pattern = #hinm.pattern<tile = 2, nm = 2:4, vector_sparsity = 0.0>,
     columns = #hinm.column_index<columns = dense<[3, 2, 1, 0]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>} -> tensor<2x2xf32>
  %z = hinm.matmul ins(%w, %x : tensor<2x4xf32>, tensor<4x2xf32>) outs(%e : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %y, %z : tensor<2x2xf32>, tensor<2x2xf32>
}
