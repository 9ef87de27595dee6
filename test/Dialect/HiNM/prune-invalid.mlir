// RUN: hinm-opt %s --split-input-file --verify-diagnostics

// Each function is named after the constraint that it breaks.

func.func @prune_c1(%w: tensor<4x8xf32>, %s: tensor<8x4xf32>) -> tensor<4x8xf32> {
  // expected-error@+1 {{'saliency' is 'tensor<8x4xf32>', it needs the shape of the weight, 'tensor<4x8xf32>'}}
  %p = hinm.prune %w saliency(%s : tensor<8x4xf32>) {pattern = #hinm.pattern<tile = 2, nm = 2:4, vector_sparsity = 0.5>} : tensor<4x8xf32>
  return %p : tensor<4x8xf32>
}

// -----

func.func @prune_c2_tiles(%w: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error@+1 {{the column index has 1 tiles, but 4 rows in tiles of 2 make 2}}
  %p = hinm.prune %w {pattern = #hinm.pattern<tile = 2, nm = 2:4, vector_sparsity = 0.5>, columns = #hinm.column_index<columns = dense<[0, 1, 2, 3]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>} : tensor<4x8xf32>
  return %p : tensor<4x8xf32>
}

// -----

func.func @prune_c2_range(%w: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error@+1 {{kept column -1 is outside [0, 8)}}
  %p = hinm.prune %w {pattern = #hinm.pattern<tile = 2, nm = 2:4, vector_sparsity = 0.5>, columns = #hinm.column_index<columns = dense<[0, 1, 2, 3, 4, 5, 6, -1]> : tensor<8xi32>, offsets = dense<[0, 4, 8]> : tensor<3xi32>>} : tensor<4x8xf32>
  return %p : tensor<4x8xf32>
}

// -----

func.func @prune_c2_groups(%w: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error@+1 {{tile 1 lists 2 columns, which is not a multiple of M = 4}}
  %p = hinm.prune %w {pattern = #hinm.pattern<tile = 2, nm = 2:4, vector_sparsity = 0.5>, columns = #hinm.column_index<columns = dense<[0, 1, 2, 3, 4, 5]> : tensor<6xi32>, offsets = dense<[0, 4, 6]> : tensor<3xi32>>} : tensor<4x8xf32>
  return %p : tensor<4x8xf32>
}

// -----

func.func @prune_c3(%w: tensor<4x?xf32>) -> tensor<4x?xf32> {
  // expected-error@+1 {{needs a weight of static shape, found 'tensor<4x?xf32>'}}
  %p = hinm.prune %w {pattern = #hinm.pattern<tile = 2, nm = 2:4, vector_sparsity = 0.5>} : tensor<4x?xf32>
  return %p : tensor<4x?xf32>
}
