// RUN: hinm-opt %s --hinm-fold-permutations=require-no-permutes --split-input-file --verify-diagnostics

func.func @argument(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  // expected-error@+1 {{remains at run time: it stands behind a function or block argument and before 'func.return'}}
  %p = hinm.permute %x by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  return %p : tensor<3x2xf32>
}

// -----

// Tokens have no order that a layer could take in.
func.func @tokens(%x: tensor<4x3xf32>, %e: tensor<1x3xf32>) -> tensor<1x3xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32>
  %s = math.exp %x : tensor<4x3xf32>
  // expected-error@+1 {{remains at run time: it stands behind 'math.exp' and before 'hinm.matmul'}}
  %p = hinm.permute %s by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 1 : tensor<4x3xf32>
  %y = hinm.matmul ins(%w, %p : tensor<1x4xf32>, tensor<4x3xf32>) outs(%e : tensor<1x3xf32>) -> tensor<1x3xf32>
  return %y : tensor<1x3xf32>
}
