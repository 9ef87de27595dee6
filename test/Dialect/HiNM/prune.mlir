// RUN: hinm-opt %s --verify-roundtrip | FileCheck %s
// RUN: hinm-opt %s --emit-bytecode | hinm-opt | FileCheck %s

// CHECK-LABEL: func @prune
// CHECK: %[[P:.*]] = hinm.prune %{{.*}} {pattern = #{{.*}}} : tensor<4x8xf32>
// CHECK: hinm.prune %[[P]] saliency(%{{.*}} : tensor<4x8xf64>) {columns = #{{.*}}, pattern = #{{.*}}} : tensor<4x8xf32>
func.func @prune(%w: tensor<4x8xf32>, %s: tensor<4x8xf64>) -> tensor<4x8xf32> {
  %p = hinm.prune %w {pattern = #hinm.pattern<tile = 2, nm = 2:4, vector_sparsity = 0.5>} : tensor<4x8xf32>
  %q = hinm.prune %p saliency(%s : tensor<4x8xf64>)
    {pattern = #hinm.pattern<tile = 4, nm = 2:4, kept = 4>,
     columns = #hinm.column_index<columns = dense<[0, 3, 1, 6]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>} : tensor<4x8xf32>
  return %q : tensor<4x8xf32>
}
