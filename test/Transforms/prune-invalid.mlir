// RUN: hinm-opt %s --hinm-prune --split-input-file --verify-diagnostics

// Both are reported at once.
func.func @computed(%w: tensor<1x4xf32>, %x: tensor<4x2xf32>, %e: tensor<1x2xf32>) {
  // expected-error@+1 {{of layer 'first' cannot be pruned: its weight is no constant}}
  %y = hinm.matmul ins(%w, %x : tensor<1x4xf32>, tensor<4x2xf32>) outs(%e : tensor<1x2xf32>)
    {layer = "first", pattern = #hinm.pattern<tile = 1, nm = 2:4, policy = all>} -> tensor<1x2xf32>
  %n = arith.constant dense<[[1.0, 0x7F800000, 3.0, 4.0]]> : tensor<1x4xf32>
  // expected-error@+1 {{of layer 'second' cannot be pruned: }}
  %z = hinm.matmul ins(%n, %x : tensor<1x4xf32>, tensor<4x2xf32>) outs(%e : tensor<1x2xf32>)
    {layer = "second", pattern = #hinm.pattern<tile = 1, nm = 2:4, policy = all>} -> tensor<1x2xf32>
  return
}

// -----

func.func @elided(%x: tensor<4x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense_resource<__elided__> : tensor<1x4xf32>
  // expected-error@+1 {{cannot be pruned: the weight has no data}}
  %y = hinm.matmul ins(%w, %x : tensor<1x4xf32>, tensor<4x2xf32>) outs(%e : tensor<1x2xf32>)
    {pattern = #hinm.pattern<tile = 1, nm = 2:4, policy = all>} -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// -----

func.func @too_many(%x: tensor<4x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<1.0> : tensor<1x4xf32>
  // expected-error@+1 {{cannot be pruned: }}
  %y = hinm.matmul ins(%w, %x : tensor<1x4xf32>, tensor<4x2xf32>) outs(%e : tensor<1x2xf32>)
    {pattern = #hinm.pattern<tile = 1, nm = 2:4, kept = 8>} -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// -----

func.func @saliency(%x: tensor<4x2xf32>, %e: tensor<1x2xf32>, %s: tensor<1x4xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<1.0> : tensor<1x4xf32>
  // expected-error@+1 {{cannot be pruned: its saliency is no constant}}
  %y = hinm.matmul ins(%w, %x : tensor<1x4xf32>, tensor<4x2xf32>) outs(%e : tensor<1x2xf32>) saliency(%s : tensor<1x4xf32>)
    {pattern = #hinm.pattern<tile = 1, nm = 2:4, policy = all>} -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}
