// y = relu(x · W1ᵀ + b) · W2ᵀ: two linear layers as an exporter writes them,
// three tokens, weights stored [out, in].
func.func @main(%x: tensor<3x8xf32>) -> tensor<3x4xf32> {
  %w1 = arith.constant {hinm.name = "up"} dense<[
    [9., 0., 8., 1., 0., 2., 0., 1.], [0., 9., 1., 0., 8., 0., 1., 7.],
    [8., 1., 9., 0., 1., 0., 7., 0.], [1., 8., 0., 2., 9., 1., 0., 9.]]> : tensor<4x8xf32>
  %w2 = arith.constant {hinm.name = "down"} dense<[
    [5., 1., 0., 4.], [0., 3., 6., 1.], [2., 7., 1., 0.], [1., 0., 5., 8.]]> : tensor<4x4xf32>
  %b = arith.constant dense<[1., -2., 3., -4.]> : tensor<4xf32>
  %zero = arith.constant 0.0 : f32
  %e84 = tensor.empty() : tensor<8x4xf32>
  %e44 = tensor.empty() : tensor<4x4xf32>
  %e34 = tensor.empty() : tensor<3x4xf32>
  %f34 = linalg.fill ins(%zero : f32) outs(%e34 : tensor<3x4xf32>) -> tensor<3x4xf32>
  %t1 = linalg.transpose ins(%w1 : tensor<4x8xf32>) outs(%e84 : tensor<8x4xf32>) permutation = [1, 0]
  %m1 = linalg.matmul ins(%x, %t1 : tensor<3x8xf32>, tensor<8x4xf32>) outs(%f34 : tensor<3x4xf32>) -> tensor<3x4xf32>
  %r = linalg.generic {
      indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%m1, %b : tensor<3x4xf32>, tensor<4xf32>) outs(%e34 : tensor<3x4xf32>) {
  ^bb0(%m: f32, %bias: f32, %o: f32):
    %s = arith.addf %m, %bias : f32
    %p = arith.maximumf %s, %zero : f32
    linalg.yield %p : f32
  } -> tensor<3x4xf32>
  %t2 = linalg.transpose ins(%w2 : tensor<4x4xf32>) outs(%e44 : tensor<4x4xf32>) permutation = [1, 0]
  %m2 = linalg.matmul ins(%r, %t2 : tensor<3x4xf32>, tensor<4x4xf32>) outs(%f34 : tensor<3x4xf32>) -> tensor<3x4xf32>
  return %m2 : tensor<3x4xf32>
}
