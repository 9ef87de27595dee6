// RUN: hinm-opt %s --split-input-file --verify-diagnostics

// Each function is named after the constraint that it breaks.

func.func @permute_c1(%x: tensor<3x8xf32>) -> tensor<3x8xf32> {
  // expected-error@+1 {{'dim' is 2, but the input has rank 2}}
  %y = hinm.permute %x by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 2 : tensor<3x8xf32>
  return %y : tensor<3x8xf32>
}

// -----

func.func @permute_c1_negative(%x: tensor<3x8xf32>) -> tensor<3x8xf32> {
  // expected-error@+1 {{attribute 'dim' failed to satisfy constraint: 64-bit signless integer attribute whose value is non-negative}}
  %y = hinm.permute %x by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim -1 : tensor<3x8xf32>
  return %y : tensor<3x8xf32>
}

// -----

func.func @permute_c2(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-error@+1 {{dimension 0 is dynamic, only a static one can be permuted}}
  %y = hinm.permute %x by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

func.func @permute_c2_size(%x: tensor<3x8xf32>) -> tensor<3x8xf32> {
  // expected-error@+1 {{'permutation' has 3 entries, but dimension 1 has size 8}}
  %y = hinm.permute %x by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 1 : tensor<3x8xf32>
  return %y : tensor<3x8xf32>
}

// -----

func.func @permute_c3(%x: tensor<3x8xf32>) -> tensor<3x8xf32> {
  // expected-error@+1 {{the permutation has no data: its resource is missing or elided}}
  %y = hinm.permute %x by #hinm.permutation<dense_resource<gone> : tensor<3xi32>> dim 0 : tensor<3x8xf32>
  return %y : tensor<3x8xf32>
}

// -----

func.func @permute_c3_bijection(%x: tensor<3x8xf32>) -> tensor<3x8xf32> {
  // expected-error@+1 {{index 3 at position 2 is outside [0, 3)}}
  %y = hinm.permute %x by #hinm.permutation<dense_resource<far> : tensor<3xi32>> dim 0 : tensor<3x8xf32>
  return %y : tensor<3x8xf32>
}

{-# dialect_resources: { builtin: { far: "0x04000000000000000100000003000000" } } #-}
