// RUN: hinm-opt %s --hinm-quantize --split-input-file --verify-diagnostics
// RUN: not hinm-opt %s --hinm-quantize=element-type=i4 --split-input-file -o /dev/null 2>&1 | FileCheck %s --check-prefix=TYPE
// RUN: not hinm-opt %s --hinm-quantize=activation-scales=channel --split-input-file -o /dev/null 2>&1 | FileCheck %s --check-prefix=SCALES
// TYPE: unknown element type 'i4', expected i8, f8E4M3FN or f8E5M2
// SCALES: unknown activation scales 'channel', expected token or tensor

#all = #hinm.pattern<tile = 1, nm = 2:4, policy = all>
func.func @variable(%w: tensor<1x4xf32>, %x: tensor<4x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  // expected-error@+1 {{of layer 'fc' cannot be quantized: its weight is no constant with data}}
  %y = hinm.matmul ins(%w, %x : tensor<1x4xf32>, tensor<4x2xf32>) outs(%e : tensor<1x2xf32>)
    {layer = "fc", pattern = #all} -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// -----

#all = #hinm.pattern<tile = 1, nm = 2:4, policy = all>
func.func @infinite(%x: tensor<4x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 0x7F800000, 0.0, 0.0]]> : tensor<1x4xf32>
  // expected-error@+1 {{a weight is not finite}}
  %y = hinm.matmul ins(%w, %x : tensor<1x4xf32>, tensor<4x2xf32>) outs(%e : tensor<1x2xf32>)
    {layer = "fc", pattern = #all} -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}
