// RUN: hinm-opt %s --hinm-pack --split-input-file --verify-diagnostics
// RUN: not hinm-opt %s --hinm-pack=dtype=f8 --split-input-file -o /dev/null 2>&1 | FileCheck %s --check-prefix=DTYPE
// DTYPE: unknown dtype 'f8', expected f16, bf16 or tf32 (hinm-quantize makes 8 bits)

#all = #hinm.pattern<tile = 1, nm = 2:4, policy = all>
#columns = #hinm.column_index<columns = dense<[0, 1, 2, 3]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>
func.func @overflow(%x: tensor<4x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 70000.0, 0.0, 0.0]]> : tensor<1x4xf32>
  // expected-error@+1 {{of layer 'fc' cannot be packed: weight 70000.000000 is not finite in f16; dtype=bf16 has the range of f32}}
  %y = hinm.matmul ins(%w, %x : tensor<1x4xf32>, tensor<4x2xf32>) outs(%e : tensor<1x2xf32>)
    {layer = "fc", pattern = #all, columns = #columns} -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// -----

#all = #hinm.pattern<tile = 1, nm = 2:4, policy = all>
#columns = #hinm.column_index<columns = dense<[0, 1, 2, 3]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>
func.func @not_pruned(%x: tensor<4x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 1.0, 1.0, 0.0]]> : tensor<1x4xf32>
  // expected-error@+1 {{(run hinm-prune before hinm-pack)}}
  %y = hinm.matmul ins(%w, %x : tensor<1x4xf32>, tensor<4x2xf32>) outs(%e : tensor<1x2xf32>)
    {layer = "fc", pattern = #all, columns = #columns} -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// -----

#all = #hinm.pattern<tile = 1, nm = 2:4, policy = all>
func.func @no_columns(%x: tensor<4x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 1.0, 0.0, 0.0]]> : tensor<1x4xf32>
  // expected-error@+1 {{of layer 'fc' cannot be packed: it has no kept columns (run hinm-prune before hinm-pack)}}
  %y = hinm.matmul ins(%w, %x : tensor<1x4xf32>, tensor<4x2xf32>) outs(%e : tensor<1x2xf32>)
    {layer = "fc", pattern = #all} -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// -----

#one = #hinm.pattern<tile = 1, nm = 1:4, policy = all>
#columns = #hinm.column_index<columns = dense<[0, 1, 2, 3]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>
func.func @one_of_four(%x: tensor<4x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 0.0, 0.0, 0.0]]> : tensor<1x4xf32>
  // expected-error@+1 {{the packed format holds 2:4 groups of f16, its pattern has 1:4 (hinm-assign-patterns{nm=2:4})}}
  %y = hinm.matmul ins(%w, %x : tensor<1x4xf32>, tensor<4x2xf32>) outs(%e : tensor<1x2xf32>)
    {layer = "fc", pattern = #one, columns = #columns} -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// -----

#all = #hinm.pattern<tile = 1, nm = 2:4, policy = all>
#columns = #hinm.column_index<columns = dense<[0, 1, 2, 3]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>
func.func @computed(%w: tensor<1x4xf32>, %x: tensor<4x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  // expected-error@+1 {{its weight is no constant with data}}
  %y = hinm.matmul ins(%w, %x : tensor<1x4xf32>, tensor<4x2xf32>) outs(%e : tensor<1x2xf32>)
    {layer = "fc", pattern = #all, columns = #columns} -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// -----

#all = #hinm.pattern<tile = 1, nm = 2:4, policy = all>
#columns = #hinm.column_index<columns = dense<[0, 1, 2, 3]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>
func.func @half_quantized(%x: tensor<4x2xf16>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 1.0, 0.0, 0.0]]> : tensor<1x4xf8E4M3FN>
  // expected-error@+1 {{its weight holds f8E4M3FN, but its input f16 (hinm-quantize quantizes both)}}
  %y = hinm.matmul ins(%w, %x : tensor<1x4xf8E4M3FN>, tensor<4x2xf16>) outs(%e : tensor<1x2xf32>)
    {layer = "fc", pattern = #all, columns = #columns} -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}
