// RUN: hinm-opt %s --hinm-quantize --split-input-file | FileCheck %s
// RUN: hinm-opt %s --hinm-quantize=element-type=f8E4M3FN --split-input-file | FileCheck %s --check-prefix=E4M3
// RUN: hinm-opt %s --hinm-quantize="element-type=f8E5M2 activation-scales=tensor" --split-input-file | FileCheck %s --check-prefix=E5M2
// RUN: hinm-opt %s --hinm-quantize --split-input-file -o %t.mlir
// RUN: hinm-opt %t.mlir --hinm-quantize --split-input-file | cmp - %t.mlir
// RUN: hinm-opt %s --hinm-quantize --hinm-pack --hinm-fuse-epilogues --cse --split-input-file | FileCheck %s --check-prefix=PACKED
// RUN: hinm-opt %s --hinm-quantize --remarks-filter=hinm --split-input-file -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// REMARK: layer-quantized{{.*}}element-type=i8, layer=fc, weight-error=2.809294e-03

// The scale of a row stands where row_index stores it.
// CHECK: #[[$ID:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK: #[[$TOKEN:.*]] = affine_map<(d0, d1) -> (d1)>
// CHECK-LABEL: func @layer
// CHECK-SAME: %[[X:.*]]: tensor<4x?xf32>, %[[E:.*]]: tensor<2x?xf32>
// CHECK: %[[W:.*]] = arith.constant dense<{{\[}}[127, 0, 64, 0], [0, -127, 0, 64]]> : tensor<2x4xi8>
// CHECK: %[[LARGEST:.*]] = linalg.generic {indexing_maps = [#[[$ID]], #[[$TOKEN]]], iterator_types = ["reduction", "parallel"]} ins(%[[X]]
// CHECK: math.absf
// CHECK: arith.maximumf
// CHECK: %[[SCALES:.*]] = linalg.generic {{.*}} ins(%[[LARGEST]] : tensor<?xf32>)
// CHECK: arith.constant 1.270000e+02
// CHECK: %[[Q:.*]] = linalg.generic {indexing_maps = [#[[$ID]], #[[$TOKEN]], #[[$ID]]]{{.*}} ins(%[[X]], %[[SCALES]]
// CHECK: arith.divf
// CHECK: math.roundeven
// CHECK: arith.fptosi %{{.*}} : f32 to i8
// CHECK: %[[Y:.*]] = hinm.matmul ins(%[[W]], %[[Q]] : tensor<2x4xi8>, tensor<4x?xi8>) outs(%{{.*}} : tensor<2x?xi32>)
// CHECK-SAME: weight_error = 0.0028
// CHECK: %[[ROWS:.*]] = arith.constant dense<[0.0157480314, 1.000000e+00]> : tensor<2xf32>
// CHECK: %[[R:.*]] = linalg.generic {{.*}} ins(%[[Y]], %[[ROWS]], %[[SCALES]] : tensor<2x?xi32>, tensor<2xf32>, tensor<?xf32>) outs(%[[E]] : tensor<2x?xf32>)
// CHECK: arith.sitofp
// CHECK: return %[[R]]

// E4M3-LABEL: func @layer
// E4M3: arith.constant dense<{{\[}}[4.480000e+02, 0.000000e+00, 2.240000e+02, 0.000000e+00], [0.000000e+00, -4.480000e+02, 0.000000e+00, 2.240000e+02]]> : tensor<2x4xf8E4M3FN>
// E4M3: arith.truncf %{{.*}} : f32 to f8E4M3FN
// E4M3: hinm.matmul {{.*}} outs(%{{.*}} : tensor<2x?xf32>)
// E4M3-NOT: arith.sitofp

// E5M2-LABEL: func @layer
// E5M2: iterator_types = ["reduction", "reduction"]
// E5M2: arith.constant 5.734400e+04
// E5M2: arith.truncf %{{.*}} : f32 to f8E5M2
// E5M2: linalg.broadcast ins(%{{.*}} : tensor<f32>) outs(%{{.*}} : tensor<?xf32>) dimensions = [0]

// Both scales are the kernel's.
// PACKED-LABEL: func @layer
// PACKED: %[[TOKENS:.*]] = tensor.expand_shape %{{.*}} {{\[\[}}0, 1]] output_shape [1, %{{.*}}] : tensor<?xf32> into tensor<1x?xf32>
// PACKED: hinm.spmm {{.*}} epilogue(%{{.*}}, %[[TOKENS]] : tensor<2xf32>, tensor<1x?xf32>) {
// PACKED-NEXT: ^bb0(%{{.*}}: i32, %{{.*}}: f32, %{{.*}}: f32):
func.func @layer(%x: tensor<4x?xf32>, %e: tensor<2x?xf32>) -> tensor<2x?xf32> {
  %w = arith.constant dense<[[127.0, 0.0, 64.4, 0.0], [0.0, -2.0, 0.0, 1.0]]> : tensor<2x4xf32>
  %y = hinm.matmul ins(%w, %x : tensor<2x4xf32>, tensor<4x?xf32>) outs(%e : tensor<2x?xf32>)
    {layer = "fc", pattern = #hinm.pattern<tile = 2, nm = 2:4, policy = all>, row_index = #hinm.permutation<dense<[1, 0]> : tensor<2xi32>>,
     columns = #hinm.column_index<columns = dense<[0, 1, 2, 3]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>} -> tensor<2x?xf32>
  return %y : tensor<2x?xf32>
}

// -----

// An image has one scale; other widths are cast; rows of zeros stay so.
// CHECK-LABEL: func @convolution
// CHECK-SAME: %[[X:.*]]: tensor<1x9xf16>
// CHECK: arith.constant dense<{{\[}}[127, 0, 0, -64], [0, 0, 0, 0]]> : tensor<2x4xi8>
// CHECK: linalg.generic {{.*}} iterator_types = ["reduction", "reduction"]} ins(%[[X]]
// CHECK: arith.extf %{{.*}} : f16 to f32
// CHECK: %[[P:.*]] = hinm.patches #{{.*}} of %{{.*}} : tensor<1x9xi8> -> tensor<4x4xi8>
// CHECK: hinm.matmul ins(%{{.*}}, %[[P]] : tensor<2x4xi8>, tensor<4x4xi8>)
// CHECK: arith.constant dense<[0.00787401571, 1.000000e+00]> : tensor<2xf32>
// CHECK: arith.truncf %{{.*}} : f32 to f16
// PACKED-LABEL: func @convolution
// PACKED: hinm.spmm {{.*}} tensor<1x9xi8>) {{.*}} epilogue(%{{.*}}, %{{.*}} : tensor<2xf32>, tensor<1x4xf32>)
func.func @convolution(%x: tensor<1x9xf16>, %e: tensor<2x4xf16>) -> tensor<2x4xf16> {
  %w = arith.constant dense<[[1.0, 0.0, 0.0, -0.5], [0.0, 0.0, 0.0, 0.0]]> : tensor<2x4xf16>
  %p = hinm.patches #hinm.convolution<image = [1, 3, 3], kernel = [2, 2], strides = [1, 1], dilations = [1, 1]>
      of %x : tensor<1x9xf16> -> tensor<4x4xf16>
  %y = hinm.matmul ins(%w, %p : tensor<2x4xf16>, tensor<4x4xf16>) outs(%e : tensor<2x4xf16>)
    {pattern = #hinm.pattern<tile = 2, nm = 2:4, policy = all>,
     columns = #hinm.column_index<columns = dense<[0, 1, 2, 3]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>} -> tensor<2x4xf16>
  return %y : tensor<2x4xf16>
}

// -----

// A layer without a pattern stays.
// CHECK-LABEL: func @dense
// CHECK-NEXT: hinm.matmul
// CHECK-NEXT: return
func.func @dense(%w: tensor<1x4xf32>, %x: tensor<4x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %y = hinm.matmul ins(%w, %x : tensor<1x4xf32>, tensor<4x2xf32>) outs(%e : tensor<1x2xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}
