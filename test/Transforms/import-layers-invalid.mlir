// RUN: hinm-opt %s --split-input-file --hinm-import-layers --verify-diagnostics

func.func @elided(%x: tensor<4x8xf32>) -> tensor<4x16xf32> {
  // expected-error @+1 {{weight 'fc.weight' was printed without its data; give the option weights=FILE.safetensors with a tensor of that name, or print the module without eliding resources}}
  %w = arith.constant dense_resource<fc.weight> : tensor<8x16xf32>
  %zero = arith.constant dense<0.0> : tensor<4x16xf32>
  // expected-note @+1 {{the layer is here}}
  %y = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x16xf32>) outs(%zero : tensor<4x16xf32>) -> tensor<4x16xf32>
  return %y : tensor<4x16xf32>
}

// -----

func.func @elided_nameless(%x: tensor<4x8xf32>) -> tensor<4x16xf32> {
  // expected-error @+1 {{a layer's weight was printed without its data and has no name; print the module without eliding constants, or name the constant by an attribute 'hinm.name' and give the option weights=FILE.safetensors}}
  %w = arith.constant dense_resource<__elided__> : tensor<8x16xf32>
  %zero = arith.constant dense<0.0> : tensor<4x16xf32>
  // expected-note @+1 {{the layer is here}}
  %y = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x16xf32>) outs(%zero : tensor<4x16xf32>) -> tensor<4x16xf32>
  return %y : tensor<4x16xf32>
}

// -----

func.func @short_blob(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  // expected-error @+1 {{resource 'short' has 4 bytes, which is not what 'tensor<2x2xf32>' needs}}
  %w = arith.constant dense_resource<short> : tensor<2x2xf32>
  %zero = arith.constant dense<0.0> : tensor<4x2xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x2xf32>, tensor<2x2xf32>) outs(%zero : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}
{-#
  dialect_resources: {
    builtin: {
      short: "0x040000000000803F"
    }
  }
#-}
