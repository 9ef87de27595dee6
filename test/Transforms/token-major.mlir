// A few tokens through the whole pipeline: their transposes, which are merged with the
// conversion to f16 before kernels are selected, do not come back as padding.
// RUN: hinm-opt %s --hinm-sparsify=vector-size=32 | FileCheck %s

// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[X:.*]]: tensor<5x64xf32>)
// CHECK-NOT: tensor.pad
// CHECK: linalg.generic {{.*}} ins(%[[X]] : tensor<5x64xf32>) outs(%{{.*}} : tensor<5x64xf16>)
// CHECK: hinm.spmm
// CHECK-SAME: outs(%{{.*}} : tensor<5x64xf32>)
// CHECK-SAME: kernel = resident
// CHECK-SAME: token_major_input, token_major_output}
// CHECK-NOT: tensor.extract_slice
func.func @main(%x: tensor<5x64xf32>) -> tensor<5x64xf32> {
  %zero = arith.constant dense<0.0> : tensor<5x64xf32>
  %w = arith.constant dense<0.0625> : tensor<64x64xf32>
  %p = linalg.matmul ins(%x, %w : tensor<5x64xf32>, tensor<64x64xf32>) outs(%zero : tensor<5x64xf32>) -> tensor<5x64xf32>
  return %p : tensor<5x64xf32>
}
