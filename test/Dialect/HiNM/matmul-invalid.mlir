// RUN: hinm-opt %s --split-input-file --verify-diagnostics

// Each function is named after the constraint that it breaks.

func.func @matmul_c1_columns(%w: tensor<4x8xf32>, %x: tensor<6x2xf32>, %i: tensor<4x2xf32>) -> tensor<4x2xf32> {
  // expected-error@+1 {{'hinm.matmul' op the weight has 8 columns, but the input has 6 channels}}
  %y = hinm.matmul ins(%w, %x : tensor<4x8xf32>, tensor<6x2xf32>) outs(%i : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

func.func @matmul_c1_rows(%w: tensor<4x8xf32>, %x: tensor<8x2xf32>, %i: tensor<5x2xf32>) -> tensor<5x2xf32> {
  // expected-error@+1 {{the weight has 4 rows, but the destination has 5 channels}}
  %y = hinm.matmul ins(%w, %x : tensor<4x8xf32>, tensor<8x2xf32>) outs(%i : tensor<5x2xf32>) -> tensor<5x2xf32>
  return %y : tensor<5x2xf32>
}

// -----

func.func @matmul_c1_tokens(%w: tensor<4x8xf32>, %x: tensor<8x2xf32>, %i: tensor<4x3xf32>) -> tensor<4x3xf32> {
  // expected-error@+1 {{the input has 2 tokens, but the destination has 3}}
  %y = hinm.matmul ins(%w, %x : tensor<4x8xf32>, tensor<8x2xf32>) outs(%i : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

func.func @matmul_c1_dynamic(%w: tensor<?x8xf32>, %x: tensor<8x2xf32>, %i: tensor<4x2xf32>) -> tensor<4x2xf32> {
  // expected-error@+1 {{needs a weight of static shape}}
  %y = hinm.matmul ins(%w, %x : tensor<?x8xf32>, tensor<8x2xf32>) outs(%i : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

func.func @matmul_c2_pattern(%w: tensor<4x8xf32>, %x: tensor<8x2xf32>, %i: tensor<4x2xf32>) -> tensor<4x2xf32> {
  // expected-error@+1 {{'columns' needs a 'pattern'}}
  %y = hinm.matmul ins(%w, %x : tensor<4x8xf32>, tensor<8x2xf32>) outs(%i : tensor<4x2xf32>) {columns = #hinm.column_index<columns = dense<[0, 1, 2, 3, 4, 5, 6, 7]> : tensor<8xi32>, offsets = dense<[0, 4, 8]> : tensor<3xi32>>} -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

func.func @matmul_c2_tiles(%w: tensor<4x8xf32>, %x: tensor<8x2xf32>, %i: tensor<4x2xf32>) -> tensor<4x2xf32> {
  // expected-error@+1 {{the column index has 1 tiles, but 4 rows in tiles of 2 make 2}}
  %y = hinm.matmul ins(%w, %x : tensor<4x8xf32>, tensor<8x2xf32>) outs(%i : tensor<4x2xf32>) {pattern = #hinm.pattern<tile = 2, nm = 2:4, vector_sparsity = 0.5>, columns = #hinm.column_index<columns = dense<[0, 1, 2, 3]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>} -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

func.func @matmul_c2_range(%w: tensor<4x8xf32>, %x: tensor<8x2xf32>, %i: tensor<4x2xf32>) -> tensor<4x2xf32> {
  // expected-error@+1 {{kept column 8 is outside [0, 8)}}
  %y = hinm.matmul ins(%w, %x : tensor<4x8xf32>, tensor<8x2xf32>) outs(%i : tensor<4x2xf32>) {pattern = #hinm.pattern<tile = 2, nm = 2:4, vector_sparsity = 0.5>, columns = #hinm.column_index<columns = dense<[0, 1, 2, 3, 4, 5, 6, 8]> : tensor<8xi32>, offsets = dense<[0, 4, 8]> : tensor<3xi32>>} -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

func.func @matmul_c2_groups(%w: tensor<4x8xf32>, %x: tensor<8x2xf32>, %i: tensor<4x2xf32>) -> tensor<4x2xf32> {
  // expected-error@+1 {{tile 0 lists 3 columns, which is not a multiple of M = 4}}
  %y = hinm.matmul ins(%w, %x : tensor<4x8xf32>, tensor<8x2xf32>) outs(%i : tensor<4x2xf32>) {pattern = #hinm.pattern<tile = 2, nm = 2:4, vector_sparsity = 0.5>, columns = #hinm.column_index<columns = dense<[0, 1, 2, 3, 4, 5, 6]> : tensor<7xi32>, offsets = dense<[0, 3, 7]> : tensor<3xi32>>} -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

func.func @matmul_c3_size(%w: tensor<4x8xf32>, %x: tensor<8x2xf32>, %i: tensor<4x2xf32>) -> tensor<4x2xf32> {
  // expected-error@+1 {{'row_index' has 3 entries, but the weight has 4 rows}}
  %y = hinm.matmul ins(%w, %x : tensor<4x8xf32>, tensor<8x2xf32>) outs(%i : tensor<4x2xf32>) {row_index = #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>>} -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

func.func @matmul_c3_bijection(%w: tensor<4x8xf32>, %x: tensor<8x2xf32>, %i: tensor<4x2xf32>) -> tensor<4x2xf32> {
  // expected-error@+1 {{index 0 stands twice, so this is no permutation}}
  %y = hinm.matmul ins(%w, %x : tensor<4x8xf32>, tensor<8x2xf32>) outs(%i : tensor<4x2xf32>) {row_index = #hinm.permutation<dense_resource<twice> : tensor<4xi32>>} -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

{-# dialect_resources: { builtin: { twice: "0x0400000000000000000000000100000002000000" } } #-}

// -----

func.func @matmul_c4(%w: tensor<4x8xf32>, %x: tensor<8x2xf32>, %i: tensor<4x2xf32>) -> tensor<4x2xf32> {
  // expected-error@+1 {{the permutation has no data: its resource is missing or elided}}
  %y = hinm.matmul ins(%w, %x : tensor<4x8xf32>, tensor<8x2xf32>) outs(%i : tensor<4x2xf32>) {row_index = #hinm.permutation<dense_resource<gone> : tensor<4xi32>>} -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

func.func @matmul_c4_columns(%w: tensor<4x8xf32>, %x: tensor<8x2xf32>, %i: tensor<4x2xf32>) -> tensor<4x2xf32> {
  // expected-error@+1 {{the column index has no data: its resource is missing or elided}}
  %y = hinm.matmul ins(%w, %x : tensor<4x8xf32>, tensor<8x2xf32>) outs(%i : tensor<4x2xf32>) {pattern = #hinm.pattern<tile = 2, nm = 2:4, vector_sparsity = 0.5>, columns = #hinm.column_index<columns = dense_resource<gone> : tensor<8xi32>, offsets = dense<[0, 4, 8]> : tensor<3xi32>>} -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

func.func @matmul_c5(%w: tensor<4x8xf32>, %x: tensor<8x2xf32>, %i: tensor<4x2xf32>, %s: tensor<8x4xf32>) -> tensor<4x2xf32> {
  // expected-error@+1 {{the weight is 'tensor<4x8xf32>', but the saliency is 'tensor<8x4xf32>'}}
  %y = hinm.matmul ins(%w, %x : tensor<4x8xf32>, tensor<8x2xf32>) outs(%i : tensor<4x2xf32>) saliency(%s : tensor<8x4xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

func.func @matmul_c6_mixed(%w: tensor<4x8xi8>, %x: tensor<8x2xf16>, %i: tensor<4x2xi32>) -> tensor<4x2xi32> {
  // expected-error@+1 {{multiplies 'i8' with 'f16' to 'i32'; i8 with i8 makes i32, floats make floats}}
  %y = hinm.matmul ins(%w, %x : tensor<4x8xi8>, tensor<8x2xf16>) outs(%i : tensor<4x2xi32>) -> tensor<4x2xi32>
  return %y : tensor<4x2xi32>
}

// -----

func.func @matmul_c6_sums(%w: tensor<4x8xi8>, %x: tensor<8x2xi8>, %i: tensor<4x2xf32>) -> tensor<4x2xf32> {
  // expected-error@+1 {{multiplies 'i8' with 'i8' to 'f32'}}
  %y = hinm.matmul ins(%w, %x : tensor<4x8xi8>, tensor<8x2xi8>) outs(%i : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

func.func @matmul_c6_floats(%w: tensor<4x8xf16>, %x: tensor<8x2xf16>, %i: tensor<4x2xi32>) -> tensor<4x2xi32> {
  // expected-error@+1 {{multiplies 'f16' with 'f16' to 'i32'}}
  %y = hinm.matmul ins(%w, %x : tensor<4x8xf16>, tensor<8x2xf16>) outs(%i : tensor<4x2xi32>) -> tensor<4x2xi32>
  return %y : tensor<4x2xi32>
}
