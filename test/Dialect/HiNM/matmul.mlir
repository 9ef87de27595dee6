// RUN: hinm-opt %s --verify-roundtrip | FileCheck %s
// RUN: hinm-opt %s --emit-bytecode | hinm-opt | FileCheck %s

// CHECK-LABEL: func @dense
// CHECK: hinm.matmul ins(%{{.*}}, %{{.*}} : tensor<4x8xf32>, tensor<8x?xf16>) outs(%{{.*}} : tensor<4x?xf64>) -> tensor<4x?xf64>
func.func @dense(%w: tensor<4x8xf32>, %x: tensor<8x?xf16>, %i: tensor<4x?xf64>) -> tensor<4x?xf64> {
  %y = hinm.matmul ins(%w, %x : tensor<4x8xf32>, tensor<8x?xf16>) outs(%i : tensor<4x?xf64>) -> tensor<4x?xf64>
  return %y : tensor<4x?xf64>
}

// CHECK-LABEL: func @whole
// CHECK: hinm.matmul
// CHECK-SAME: {columns = #column_index, layer = "ffn.up", pattern = #pattern, row_index = #hinm.permutation<dense<[1, 2, 0, 3]> : tensor<4xi32>>}
func.func @whole(%w: tensor<4x8xf32>, %x: tensor<8x2xf32>, %i: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %y = hinm.matmul ins(%w, %x : tensor<4x8xf32>, tensor<8x2xf32>) outs(%i : tensor<4x2xf32>)
    {layer = "ffn.up",
     pattern = #hinm.pattern<tile = 2, nm = 2:4, vector_sparsity = 0.5>,
     columns = #hinm.column_index<columns = dense<[7, 0, 1, 2, 3, 4, 5, 6]> : tensor<8xi32>, offsets = dense<[0, 4, 8]> : tensor<3xi32>>,
     row_index = #hinm.permutation<dense<[1, 2, 0, 3]> : tensor<4xi32>>} -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// CHECK-LABEL: func @saliency
// CHECK-SAME: %[[S:[^ ]*]]: tensor<4x8xf64>
// CHECK: hinm.matmul {{.*}} saliency(%[[S]] : tensor<4x8xf64>) {layer = "fc"} -> tensor<4x2xf32>
func.func @saliency(%s: tensor<4x8xf64>, %w: tensor<4x8xf32>, %x: tensor<8x2xf32>, %i: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %y = hinm.matmul ins(%w, %x : tensor<4x8xf32>, tensor<8x2xf32>) outs(%i : tensor<4x2xf32>) saliency(%s : tensor<4x8xf64>) {layer = "fc"} -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}
