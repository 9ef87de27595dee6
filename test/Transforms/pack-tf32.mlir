// RUN: hinm-opt %s --hinm-pack=dtype=tf32 --split-input-file --verify-diagnostics | FileCheck %s

// The weight is rounded to 10 bits of fraction, to even where it lies between two: 1 + 3 · 2⁻¹¹
// to 1 + 2⁻⁹. The input is f32, and the kernel's to round.
// CHECK: #[[$PACKED:.*]] = #hinm.packed<rows = 1, columns = 4, tile = 1, nm = 1:2, version = 3>
// CHECK-LABEL: func @one_of_two
// CHECK-SAME: %[[X:.*]]: tensor<4x2xf32>
// CHECK-DAG: %[[V:.*]] = arith.constant dense<"0x000000C00000000000000000000000000040803F{{0*}}"> : tensor<256xf32>
// CHECK-DAG: %[[M:.*]] = arith.constant dense<[1145324622, 1145324612, {{.*}}]> : tensor<32xi32>
// CHECK-DAG: %[[L:.*]] = arith.constant dense<[0, 1, 2, 3, 0, {{.*}}]> : tensor<32xi16>
// CHECK: hinm.spmm as #[[$PACKED]] ins(%[[V]], %[[M]], %[[L]], %{{.*}}, %[[X]] : tensor<256xf32>, tensor<32xi32>, tensor<32xi16>, tensor<2xi32>, tensor<4x2xf32>) outs(%{{.*}} : tensor<1x2xf32>)
func.func @one_of_two(%x: tensor<4x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[0.0, -2.0, 1.00146484375, 0.0]]> : tensor<1x4xf32>
  %y = hinm.matmul ins(%w, %x : tensor<1x4xf32>, tensor<4x2xf32>) outs(%e : tensor<1x2xf32>)
    {pattern = #hinm.pattern<tile = 1, nm = 1:2, policy = all>,
     columns = #hinm.column_index<columns = dense<[0, 1, 2, 3]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>} -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// -----

// What the model computes in is cast to f32 and back.
// CHECK-LABEL: func @half
// CHECK: %[[F:.*]] = arith.extf %{{.*}} : tensor<4x2xf16> to tensor<4x2xf32>
// CHECK: %[[Y:.*]] = hinm.spmm {{.*}} tensor<4x2xf32>) outs(%{{.*}} : tensor<1x2xf32>)
// CHECK: arith.truncf %[[Y]] : tensor<1x2xf32> to tensor<1x2xf16>
func.func @half(%x: tensor<4x2xf16>, %e: tensor<1x2xf16>) -> tensor<1x2xf16> {
  %w = arith.constant dense<[[0.0, 2.0, 1.0, 0.0]]> : tensor<1x4xf16>
  %y = hinm.matmul ins(%w, %x : tensor<1x4xf16>, tensor<4x2xf16>) outs(%e : tensor<1x2xf16>)
    {pattern = #hinm.pattern<tile = 1, nm = 1:2, policy = all>,
     columns = #hinm.column_index<columns = dense<[0, 1, 2, 3]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>} -> tensor<1x2xf16>
  return %y : tensor<1x2xf16>
}

// -----

// A k-block is 32 columns, and so is a share of a window.
// CHECK: #[[$WINDOWS:.*]] = #hinm.packed<rows = 1, columns = 64, tile = 1, nm = 1:2, version = 3, window = 32>
// CHECK-LABEL: func @windows
// CHECK: hinm.spmm as #[[$WINDOWS]]
func.func @windows(%x: tensor<64x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<0.0> : tensor<1x64xf32>
  %y = hinm.matmul ins(%w, %x : tensor<1x64xf32>, tensor<64x2xf32>) outs(%e : tensor<1x2xf32>)
    {pattern = #hinm.pattern<tile = 1, nm = 1:2, vector_sparsity = 0.0, window = 32>,
     columns = #hinm.column_index<columns = dense<[31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40, 39, 38, 37, 36, 35, 34, 33, 32]> : tensor<64xi32>, offsets = dense<[0, 64]> : tensor<2xi32>>} -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// -----

#all = #hinm.pattern<tile = 1, nm = 2:4, policy = all>
#columns = #hinm.column_index<columns = dense<[0, 1, 2, 3]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>
func.func @two_of_four(%x: tensor<4x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 0.0, 0.0]]> : tensor<1x4xf32>
  // expected-error@+1 {{of layer 'fc' cannot be packed: the packed format holds 1:2 groups of tf32, its pattern has 2:4 (hinm-assign-patterns{nm=1:2})}}
  %y = hinm.matmul ins(%w, %x : tensor<1x4xf32>, tensor<4x2xf32>) outs(%e : tensor<1x2xf32>)
    {layer = "fc", pattern = #all, columns = #columns} -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// -----

#all = #hinm.pattern<tile = 1, nm = 1:2, policy = all>
#columns = #hinm.column_index<columns = dense<[0, 1]> : tensor<2xi32>, offsets = dense<[0, 2]> : tensor<2xi32>>
func.func @overflow(%x: tensor<2x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[0.0, 3.4028e38]]> : tensor<1x2xf32>
  // expected-error@+1 {{is not finite in tf32}}
  %y = hinm.matmul ins(%w, %x : tensor<1x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x2xf32>)
    {layer = "fc", pattern = #all, columns = #columns} -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}
