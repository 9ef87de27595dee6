// toy-opt examples/compiler/reverse.mlir --hinm-propagate-permutations

#p = #hinm.pattern<tile = 1, nm = 2:4, policy = all>

// The order of the channels goes through toy.reverse to the next layer.
func.func @known(%x: tensor<4x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [4.0, 3.0, 2.0, 1.0], [8.0, 7.0, 6.0, 5.0]]> : tensor<4x4xf32>
  %v = arith.constant dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32>
  %i = tensor.empty() : tensor<4x2xf32>
  %y = hinm.matmul ins(%w, %x : tensor<4x4xf32>, tensor<4x2xf32>) outs(%i : tensor<4x2xf32>) {pattern = #p} -> tensor<4x2xf32>
  %q = hinm.permute %y by #hinm.permutation<dense<[2, 0, 1, 3]> : tensor<4xi32>> dim 0 : tensor<4x2xf32>
  %r = toy.reverse %q : tensor<4x2xf32>
  %z = hinm.matmul ins(%v, %r : tensor<1x4xf32>, tensor<4x2xf32>) outs(%e : tensor<1x2xf32>) -> tensor<1x2xf32>
  return %z : tensor<1x2xf32>
}

// Here it has to be restored before: the layer stores its rows in that order.
func.func @unknown(%x: tensor<4x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [4.0, 3.0, 2.0, 1.0], [8.0, 7.0, 6.0, 5.0]]> : tensor<4x4xf32>
  %v = arith.constant dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32>
  %i = tensor.empty() : tensor<4x2xf32>
  %y = hinm.matmul ins(%w, %x : tensor<4x4xf32>, tensor<4x2xf32>) outs(%i : tensor<4x2xf32>) {pattern = #p} -> tensor<4x2xf32>
  %q = hinm.permute %y by #hinm.permutation<dense<[2, 0, 1, 3]> : tensor<4xi32>> dim 0 : tensor<4x2xf32>
  %r = toy.opaque %q : tensor<4x2xf32>
  %z = hinm.matmul ins(%v, %r : tensor<1x4xf32>, tensor<4x2xf32>) outs(%e : tensor<1x2xf32>) -> tensor<1x2xf32>
  return %z : tensor<1x2xf32>
}
