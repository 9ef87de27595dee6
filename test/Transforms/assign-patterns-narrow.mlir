// RUN: hinm-opt %s --hinm-assign-patterns --verify-diagnostics | FileCheck %s

// A layer too narrow for one group stays dense: rounding down to whole groups
// would drop all of its weights.
// CHECK-LABEL: func @narrow
// CHECK: hinm.matmul
// CHECK-NOT: pattern =
// CHECK-SAME: hinm.skipped = "of its 4 input channels the sparsity would keep fewer than one group of 4"
func.func @narrow(%w: tensor<4x4xf32>, %x: tensor<4x3xf32>, %i: tensor<4x3xf32>) -> tensor<4x3xf32> {
  // expected-remark @below {{layer 'down' stays dense: of its 4 input channels}}
  %y = hinm.matmul ins(%w, %x : tensor<4x4xf32>, tensor<4x3xf32>) outs(%i : tensor<4x3xf32>) {layer = "down"} -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// CHECK-LABEL: func @wide_enough
// CHECK: hinm.matmul
// CHECK-SAME: pattern = #
func.func @wide_enough(%w: tensor<4x8xf32>, %x: tensor<8x3xf32>, %i: tensor<4x3xf32>) -> tensor<4x3xf32> {
  %y = hinm.matmul ins(%w, %x : tensor<4x8xf32>, tensor<8x3xf32>) outs(%i : tensor<4x3xf32>) {layer = "up"} -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}
