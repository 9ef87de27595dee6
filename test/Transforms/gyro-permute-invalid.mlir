// RUN: hinm-opt %s --hinm-gyro-permute --split-input-file --verify-diagnostics
// RUN: not hinm-opt %s --hinm-gyro-permute=algorithm=best -o /dev/null 2>&1 | FileCheck %s --check-prefix=ALGORITHM
// RUN: not hinm-opt %s --hinm-gyro-permute=saliency=loud -o /dev/null 2>&1 | FileCheck %s --check-prefix=SALIENCY
// SALIENCY: unknown saliency 'loud', expected magnitude or squared
// RUN: not hinm-opt %s --hinm-gyro-permute=time-budget=-1 -o /dev/null 2>&1 | FileCheck %s --check-prefix=BUDGET
// ALGORITHM: unknown algorithm 'best', expected exchange, gyro or none
// RUN: not hinm-opt %s --hinm-gyro-permute=time-budget=0 -o /dev/null 2>&1 | FileCheck %s --check-prefix=BUDGET
// BUDGET: the time budget is {{.*}} s, it must be positive

func.func @computed(%w: tensor<2x4xf32>, %x: tensor<4x2xf32>, %e: tensor<2x2xf32>) -> tensor<2x2xf32> {
  // expected-error@+1 {{of layer 'fc' cannot be searched: its weight is no constant with data}}
  %y = hinm.matmul ins(%w, %x : tensor<2x4xf32>, tensor<4x2xf32>) outs(%e : tensor<2x2xf32>)
    {layer = "fc", pattern = #hinm.pattern<tile = 2, nm = 2:4, policy = all>} -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// -----

func.func @elided(%x: tensor<4x2xf32>, %e: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %w = arith.constant dense_resource<__elided__> : tensor<2x4xf32>
  // expected-error@+1 {{its weight is no constant with data}}
  %y = hinm.matmul ins(%w, %x : tensor<2x4xf32>, tensor<4x2xf32>) outs(%e : tensor<2x2xf32>)
    {layer = "fc", pattern = #hinm.pattern<tile = 2, nm = 2:4, policy = all>} -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// -----

func.func @nan(%x: tensor<4x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 0x7FC00000, 4.0]]> : tensor<1x4xf32>
  // expected-error@+1 {{of layer 'fc' cannot be searched: }}
  %y = hinm.matmul ins(%w, %x : tensor<1x4xf32>, tensor<4x2xf32>) outs(%e : tensor<1x2xf32>)
    {layer = "fc", pattern = #hinm.pattern<tile = 2, nm = 2:4, policy = all>} -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// -----

// More kept columns than there are.
func.func @too_many(%x: tensor<4x2xf32>, %e: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %w = arith.constant dense<1.0> : tensor<2x4xf32>
  // expected-error@+1 {{of layer '<unnamed>' cannot be searched: }}
  %y = hinm.matmul ins(%w, %x : tensor<2x4xf32>, tensor<4x2xf32>) outs(%e : tensor<2x2xf32>)
    {pattern = #hinm.pattern<tile = 2, nm = 2:4, kept = 8>} -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// -----

func.func @saliency(%x: tensor<4x2xf32>, %e: tensor<2x2xf32>, %s: tensor<2x4xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>) {
  %w = arith.constant dense<1.0> : tensor<2x4xf32>
  // expected-error@+1 {{of layer 'first' cannot be searched: its saliency is no constant with data}}
  %y = hinm.matmul ins(%w, %x : tensor<2x4xf32>, tensor<4x2xf32>) outs(%e : tensor<2x2xf32>) saliency(%s : tensor<2x4xf32>)
    {layer = "first", pattern = #hinm.pattern<tile = 2, nm = 2:4, policy = all>} -> tensor<2x2xf32>
  return %y, %y : tensor<2x2xf32>, tensor<2x2xf32>
}

// -----

func.func @negative(%x: tensor<4x2xf32>, %e: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %w = arith.constant dense<1.0> : tensor<2x4xf32>
  %s = arith.constant dense<-1.0> : tensor<2x4xf32>
  // expected-error@+1 {{cannot be searched: }}
  %y = hinm.matmul ins(%w, %x : tensor<2x4xf32>, tensor<4x2xf32>) outs(%e : tensor<2x2xf32>) saliency(%s : tensor<2x4xf32>)
    {pattern = #hinm.pattern<tile = 2, nm = 2:4, policy = all>} -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}
