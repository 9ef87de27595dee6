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

// Between layers, too: the layers of a gated network hand on what they write, by
// way of the epilogue of the second.
// CHECK-LABEL: func.func @gated(
// CHECK-SAME: %[[X:.*]]: tensor<5x64xf16>)
// CHECK-NOT: tensor.pad
// CHECK-NOT: linalg
// CHECK: %[[GATE:.*]] = hinm.spmm {{.*}}, %[[X]] :
// CHECK: token_major_input, token_major_output}
// CHECK-NOT: tensor.extract_slice
// CHECK-NOT: linalg
// CHECK: %[[UP:.*]] = hinm.spmm {{.*}}, %[[X]] :
// CHECK-SAME: epilogue(%[[GATE]] : tensor<5x128xf16>)
// CHECK: token_major_input, token_major_output}
// CHECK-NOT: linalg
// CHECK: %[[DOWN:.*]] = hinm.spmm {{.*}}, %[[UP]] :
// CHECK-SAME: outs(%{{.*}} : tensor<5x64xf16>)
// CHECK: token_major_input, token_major_output}
// CHECK-NOT: linalg
// CHECK: return %[[DOWN]]
#id = affine_map<(i, j) -> (i, j)>
func.func @gated(%x: tensor<5x64xf16>) -> tensor<5x64xf16> {
  %zero = arith.constant 0.0 : f16
  %w0 = arith.constant dense<0.0625> : tensor<64x128xf16>
  %w1 = arith.constant dense<0.125> : tensor<64x128xf16>
  %w2 = arith.constant dense<0.25> : tensor<128x64xf16>
  %hidden = tensor.empty() : tensor<5x128xf16>
  %zeros = linalg.fill ins(%zero : f16) outs(%hidden : tensor<5x128xf16>) -> tensor<5x128xf16>
  %g = linalg.matmul ins(%x, %w0 : tensor<5x64xf16>, tensor<64x128xf16>) outs(%zeros : tensor<5x128xf16>) -> tensor<5x128xf16>
  %u = linalg.matmul ins(%x, %w1 : tensor<5x64xf16>, tensor<64x128xf16>) outs(%zeros : tensor<5x128xf16>) -> tensor<5x128xf16>
  %h = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%g, %u : tensor<5x128xf16>, tensor<5x128xf16>) outs(%hidden : tensor<5x128xf16>) {
  ^bb0(%a: f16, %b: f16, %out: f16):
    %r = arith.maximumf %a, %zero : f16
    %p = arith.mulf %r, %b : f16
    linalg.yield %p : f16
  } -> tensor<5x128xf16>
  %out = tensor.empty() : tensor<5x64xf16>
  %none = linalg.fill ins(%zero : f16) outs(%out : tensor<5x64xf16>) -> tensor<5x64xf16>
  %y = linalg.matmul ins(%h, %w2 : tensor<5x128xf16>, tensor<128x64xf16>) outs(%none : tensor<5x64xf16>) -> tensor<5x64xf16>
  return %y : tensor<5x64xf16>
}
