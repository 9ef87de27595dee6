// RUN: hinm-opt %s --hinm-pack --cse --split-input-file | FileCheck %s
// RUN: hinm-opt %s --hinm-pack=dtype=bf16 --cse --split-input-file | FileCheck %s --check-prefix=BF16
// RUN: hinm-opt %s --hinm-pack --split-input-file --remarks-filter=hinm -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// CHECK: #[[$PACKED:.*]] = #hinm.packed<rows = 2, columns = 8, tile = 2, nm = 2:4>
// CHECK-LABEL: func @layer
// CHECK-SAME: %[[X:.*]]: tensor<8x?xf32>
// CHECK-DAG: %[[LIST:.*]] = arith.constant dense<[7, 3, 4, 0, 0, {{.*}}> : tensor<64xi16>
// CHECK-DAG: %[[TILES:.*]] = arith.constant dense<[0, 64]> : tensor<2xi32>
// CHECK-DAG: %[[ROWS:.*]] = arith.constant dense<[1, 0]> : tensor<2xi32>
// CHECK-DAG: %[[H:.*]] = arith.truncf %[[X]] : tensor<8x?xf32> to tensor<8x?xf16>
// CHECK-DAG: %[[E:.*]] = tensor.empty(%{{.*}}) : tensor<2x?xf32>
// CHECK: %[[Y:.*]] = hinm.spmm as #[[$PACKED]] ins(%{{.*}}, %{{.*}}, %[[LIST]], %[[TILES]], %[[H]] : tensor<512xf16>, tensor<32xi32>, tensor<64xi16>, tensor<2xi32>, tensor<8x?xf16>) row_index(%[[ROWS]] : tensor<2xi32>) outs(%[[E]] : tensor<2x?xf32>)
// CHECK-SAME: hinm.stats = {retained = 9.000000e-01 : f64}
// CHECK-SAME: layer = "fc"
// CHECK: return %[[Y]]
// BF16-LABEL: func @layer
// BF16: hinm.spmm {{.*}} tensor<512xbf16>, tensor<32xi32>, tensor<64xi16>, tensor<2xi32>, tensor<8x?xbf16>
func.func @layer(%x: tensor<8x?xf32>, %e: tensor<2x?xf32>) -> tensor<2x?xf32> {
  %w = arith.constant dense<[[0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0, -4.0],
                             [5.0, 0.0, 0.0, 0.0, 6.0, 0.0, 0.0, 0.0]]> : tensor<2x8xf32>
  %y = hinm.matmul ins(%w, %x : tensor<2x8xf32>, tensor<8x?xf32>) outs(%e : tensor<2x?xf32>)
    {layer = "fc", pattern = #hinm.pattern<tile = 2, nm = 2:4, vector_sparsity = 0.5>,
     columns = #hinm.column_index<columns = dense<[7, 3, 4, 0]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>,
     row_index = #hinm.permutation<dense<[1, 0]> : tensor<2xi32>>,
     hinm.stats = {retained = 0.9 : f64}} -> tensor<2x?xf32>
  return %y : tensor<2x?xf32>
}

// -----

// The kernel rounds its sums itself when the result is of its operand type;
// else they are cast. f16 and bf16 meet in f32.
// CHECK-LABEL: func @narrow
// CHECK-NOT: arith.truncf
// CHECK: %[[Y:.*]] = hinm.spmm {{.*}} -> tensor<1x2xf16>
// CHECK: return %[[Y]]
// BF16-LABEL: func @narrow
// BF16: %[[WIDE:.*]] = arith.extf %{{.*}} : tensor<4x2xf16> to tensor<4x2xf32>
// BF16: arith.truncf %[[WIDE]] : tensor<4x2xf32> to tensor<4x2xbf16>
// BF16: %[[Y:.*]] = hinm.spmm {{.*}} -> tensor<1x2xf32>
// BF16: arith.truncf %[[Y]] : tensor<1x2xf32> to tensor<1x2xf16>
func.func @narrow(%x: tensor<4x2xf16>, %e: tensor<1x2xf16>) -> tensor<1x2xf16> {
  %w = arith.constant dense<[[1.0, 2.0, 0.0, 0.0]]> : tensor<1x4xf16>
  %y = hinm.matmul ins(%w, %x : tensor<1x4xf16>, tensor<4x2xf16>) outs(%e : tensor<1x2xf16>)
    {pattern = #hinm.pattern<tile = 1, nm = 2:4, policy = all>,
     columns = #hinm.column_index<columns = dense<[0, 1, 2, 3]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>} -> tensor<1x2xf16>
  return %y : tensor<1x2xf16>
}

// -----

// A result of f64 is widened, a layer without a pattern stays.
// CHECK-LABEL: func @wide
// CHECK: %[[Y:.*]] = hinm.spmm
// CHECK: arith.extf %[[Y]] : tensor<1x2xf32> to tensor<1x2xf64>
// CHECK: hinm.matmul
func.func @wide(%x: tensor<4x2xf64>, %e: tensor<1x2xf64>) -> (tensor<1x2xf64>, tensor<1x2xf64>) {
  %w = arith.constant dense<[[1.0, 2.0, 0.0, 0.0]]> : tensor<1x4xf64>
  %y = hinm.matmul ins(%w, %x : tensor<1x4xf64>, tensor<4x2xf64>) outs(%e : tensor<1x2xf64>)
    {pattern = #hinm.pattern<tile = 1, nm = 2:4, policy = all>,
     columns = #hinm.column_index<columns = dense<[0, 1, 2, 3]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>} -> tensor<1x2xf64>
  %z = hinm.matmul ins(%w, %x : tensor<1x4xf64>, tensor<4x2xf64>) outs(%e : tensor<1x2xf64>) -> tensor<1x2xf64>
  return %y, %z : tensor<1x2xf64>, tensor<1x2xf64>
}

// -----

// A quantised weight stays what it is, whatever the dtype.
// CHECK-LABEL: func @quantized
// CHECK: %[[Y:.*]] = hinm.spmm as #{{.*}} ins({{.*}} : tensor<512xi8>, tensor<32xi32>, tensor<64xi16>, tensor<2xi32>, tensor<4x2xi8>) outs(%{{.*}} : tensor<1x2xi32>)
// CHECK: hinm.spmm {{.*}} tensor<4x2xf8E5M2>) outs(%{{.*}} : tensor<1x2xf32>)
// BF16-LABEL: func @quantized
// BF16: hinm.spmm {{.*}} tensor<4x2xi8>)
func.func @quantized(%x: tensor<4x2xi8>, %e: tensor<1x2xi32>, %f: tensor<4x2xf8E5M2>, %g: tensor<1x2xf16>) -> (tensor<1x2xi32>, tensor<1x2xf16>) {
  %w = arith.constant dense<[[1, 2, 0, 0]]> : tensor<1x4xi8>
  %y = hinm.matmul ins(%w, %x : tensor<1x4xi8>, tensor<4x2xi8>) outs(%e : tensor<1x2xi32>)
    {pattern = #hinm.pattern<tile = 1, nm = 2:4, policy = all>,
     columns = #hinm.column_index<columns = dense<[0, 1, 2, 3]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>} -> tensor<1x2xi32>
  %v = arith.constant dense<[[1.0, 2.0, 0.0, 0.0]]> : tensor<1x4xf8E5M2>
  %z = hinm.matmul ins(%v, %f : tensor<1x4xf8E5M2>, tensor<4x2xf8E5M2>) outs(%g : tensor<1x2xf16>)
    {pattern = #hinm.pattern<tile = 1, nm = 2:4, policy = all>,
     columns = #hinm.column_index<columns = dense<[0, 1, 2, 3]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>} -> tensor<1x2xf16>
  return %y, %z : tensor<1x2xi32>, tensor<1x2xf16>
}

// -----

// Every k-block lies in a window: the format says so. The order in a window is free.
// CHECK: #[[$WINDOWS:.*]] = #hinm.packed<rows = 1, columns = 128, tile = 1, nm = 2:4, window = 64>
// CHECK-LABEL: func @windows
// CHECK: hinm.spmm as #[[$WINDOWS]]
// BF16-LABEL: func @windows
func.func @windows(%x: tensor<128x2xf16>, %e: tensor<1x2xf16>) -> tensor<1x2xf16> {
  %w = arith.constant dense<0.0> : tensor<1x128xf16>
  %y = hinm.matmul ins(%w, %x : tensor<1x128xf16>, tensor<128x2xf16>) outs(%e : tensor<1x2xf16>)
    {pattern = #hinm.pattern<tile = 1, nm = 2:4, vector_sparsity = 0.0, window = 64>,
     columns = #hinm.column_index<columns = dense<[32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127]> : tensor<128xi32>, offsets = dense<[0, 128]> : tensor<2xi32>>} -> tensor<1x2xf16>
  return %y : tensor<1x2xf16>
}

// -----

// Half a k-block of each window: the format cannot say so.
// CHECK: #[[$PLAIN:.*]] = #hinm.packed<rows = 1, columns = 128, tile = 1, nm = 2:4>
// CHECK-LABEL: func @half_windows
// CHECK: hinm.spmm as #[[$PLAIN]]
// BF16-LABEL: func @half_windows
// REMARK: remark: {{.*}}window-dropped{{.*}}tile 0 lists 64 columns, which gives each of the 2 windows no multiple of 64
func.func @half_windows(%x: tensor<128x2xf16>, %e: tensor<1x2xf16>) -> tensor<1x2xf16> {
  %w = arith.constant dense<0.0> : tensor<1x128xf16>
  %y = hinm.matmul ins(%w, %x : tensor<1x128xf16>, tensor<128x2xf16>) outs(%e : tensor<1x2xf16>)
    {layer = "half", pattern = #hinm.pattern<tile = 1, nm = 2:4, vector_sparsity = 0.5, window = 64>,
     columns = #hinm.column_index<columns = dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95]> : tensor<64xi32>, offsets = dense<[0, 64]> : tensor<2xi32>>} -> tensor<1x2xf16>
  return %y : tensor<1x2xf16>
}
