// RUN: hinm-opt %s --split-input-file --hinm-import-layers | FileCheck %s
// RUN: hinm-opt %s --split-input-file --hinm-import-layers --hinm-import-layers | FileCheck %s

// One image: the layouts differ by reshapes alone.
// CHECK-LABEL: func @nchw
// CHECK-SAME: %[[X:[^ ]*]]: tensor<1x2x8x8xf32>
// CHECK: %[[W:.*]] = arith.constant dense<2.000000e+00> : tensor<4x18xf32>
// CHECK: %[[I:.*]] = tensor.collapse_shape %[[X]] {{\[}}[0, 1], [2, 3]] : tensor<1x2x8x8xf32> into tensor<2x64xf32>
// CHECK: %[[P:.*]] = hinm.patches #hinm.convolution<image = [1, 8, 8], kernel = [3, 3], strides = [1, 1], dilations = [1, 1]> of %[[I]] : tensor<2x64xf32> -> tensor<18x36xf32>
// CHECK: %[[Y:.*]] = hinm.matmul ins(%[[W]], %[[P]]
// CHECK: %[[E:.*]] = tensor.expand_shape %[[Y]] {{\[}}[0, 1], [2, 3]] output_shape [1, 4, 6, 6] : tensor<4x36xf32> into tensor<1x4x6x6xf32>
// CHECK: return %[[E]]
func.func @nchw(%x: tensor<1x2x8x8xf32>) -> tensor<1x4x6x6xf32> {
  %w = arith.constant dense<2.0> : tensor<4x2x3x3xf32>
  %zero = arith.constant dense<0.0> : tensor<1x4x6x6xf32>
  %y = linalg.conv_2d_nchw_fchw ins(%x, %w : tensor<1x2x8x8xf32>, tensor<4x2x3x3xf32>) outs(%zero : tensor<1x4x6x6xf32>) -> tensor<1x4x6x6xf32>
  return %y : tensor<1x4x6x6xf32>
}

// -----

// Several images change places with their channels; the bias in the destination
// is added.
// CHECK-LABEL: func @batch
// CHECK: linalg.transpose ins(%{{.*}} : tensor<3x2x9x9xf32>) outs(%{{.*}} : tensor<2x3x9x9xf32>) permutation = [1, 0, 2, 3]
// CHECK: hinm.patches #hinm.convolution<image = [3, 9, 9], kernel = [2, 3], strides = [2, 1], dilations = [1, 2]> of %{{.*}} : tensor<2x243xf32> -> tensor<12x60xf32>
// CHECK: hinm.matmul
// CHECK: linalg.transpose ins(%{{.*}} : tensor<4x3x4x5xf32>) outs(%{{.*}} : tensor<3x4x4x5xf32>) permutation = [1, 0, 2, 3]
// CHECK: linalg.add
func.func @batch(%x: tensor<3x2x9x9xf32>, %i: tensor<3x4x4x5xf32>) -> tensor<3x4x4x5xf32> {
  %w = arith.constant dense<2.0> : tensor<4x2x2x3xf32>
  %y = linalg.conv_2d_nchw_fchw {strides = dense<[2, 1]> : vector<2xi64>, dilations = dense<[1, 2]> : vector<2xi64>}
      ins(%x, %w : tensor<3x2x9x9xf32>, tensor<4x2x2x3xf32>) outs(%i : tensor<3x4x4x5xf32>) -> tensor<3x4x4x5xf32>
  return %y : tensor<3x4x4x5xf32>
}

// -----

// The filter [kh, kw, in, out] becomes [out, in · kh · kw].
// CHECK-LABEL: func @nhwc
// CHECK: arith.constant dense<{{\[}}[1.000000e+00, 5.000000e+00, 3.000000e+00, 7.000000e+00], [2.000000e+00, 6.000000e+00, 4.000000e+00, 8.000000e+00]]> : tensor<2x4xf32>
// CHECK: linalg.transpose {{.*}} permutation = [3, 0, 1, 2]
// CHECK: hinm.patches #hinm.convolution<image = [1, 4, 4], kernel = [2, 1], strides = [1, 1], dilations = [1, 1]>
// CHECK: hinm.matmul
// CHECK: linalg.transpose {{.*}} permutation = [1, 2, 3, 0]
func.func @nhwc(%x: tensor<1x4x4x2xf32>) -> tensor<1x3x4x2xf32> {
  %w = arith.constant dense<[[[[1.0, 2.0], [3.0, 4.0]]], [[[5.0, 6.0], [7.0, 8.0]]]]> : tensor<2x1x2x2xf32>
  %zero = arith.constant dense<0.0> : tensor<1x3x4x2xf32>
  %y = linalg.conv_2d_nhwc_hwcf ins(%x, %w : tensor<1x4x4x2xf32>, tensor<2x1x2x2xf32>) outs(%zero : tensor<1x3x4x2xf32>) -> tensor<1x3x4x2xf32>
  return %y : tensor<1x3x4x2xf32>
}

// -----

// Windows of one pixel are the image itself; with a stride they are not.
// CHECK-LABEL: func @pointwise
// CHECK-NOT: hinm.patches
// CHECK: hinm.matmul {{.*}} tensor<2x16xf32>
// CHECK: hinm.patches #hinm.convolution<image = [1, 4, 4], kernel = [1, 1], strides = [2, 2], dilations = [1, 1]>
// CHECK: hinm.matmul
func.func @pointwise(%x: tensor<1x2x4x4xf32>) -> (tensor<1x4x4x4xf32>, tensor<1x4x2x2xf32>) {
  %w = arith.constant dense<2.0> : tensor<4x2x1x1xf32>
  %zero = arith.constant dense<0.0> : tensor<1x4x4x4xf32>
  %zero2 = arith.constant dense<0.0> : tensor<1x4x2x2xf32>
  %y = linalg.conv_2d_nchw_fchw ins(%x, %w : tensor<1x2x4x4xf32>, tensor<4x2x1x1xf32>) outs(%zero : tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  %z = linalg.conv_2d_nchw_fchw {strides = dense<2> : vector<2xi64>, dilations = dense<1> : vector<2xi64>}
      ins(%x, %w : tensor<1x2x4x4xf32>, tensor<4x2x1x1xf32>) outs(%zero2 : tensor<1x4x2x2xf32>) -> tensor<1x4x2x2xf32>
  return %y, %z : tensor<1x4x4x4xf32>, tensor<1x4x2x2xf32>
}

// -----

// One dimension.
// CHECK-LABEL: func @sequence
// CHECK: hinm.patches #hinm.convolution<image = [1, 10], kernel = [3], strides = [1], dilations = [1]>
func.func @sequence(%x: tensor<1x2x10xf32>) -> tensor<1x4x8xf32> {
  %w = arith.constant dense<2.0> : tensor<4x2x3xf32>
  %zero = arith.constant dense<0.0> : tensor<1x4x8xf32>
  %y = linalg.conv_1d_ncw_fcw ins(%x, %w : tensor<1x2x10xf32>, tensor<4x2x3xf32>) outs(%zero : tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  return %y : tensor<1x4x8xf32>
}

// -----

// Each group is a layer of its own, and so is each expert.
// CHECK-LABEL: func @groups
// CHECK: tensor.extract_slice %{{.*}}[0, 0, 0, 0, 0] [1, 1, 2, 4, 4]
// CHECK: hinm.matmul {{.*}} {layer = "groups.layer0"} -> tensor<3x16xf32>
// CHECK: tensor.insert_slice
// CHECK: tensor.extract_slice %{{.*}}[0, 1, 0, 0, 0] [1, 1, 2, 4, 4]
// CHECK: %[[W:.*]] = arith.constant dense<{{\[}}[7.000000e+00, 8.000000e+00], [9.000000e+00, 1.000000e+01], [1.100000e+01, 1.200000e+01]]>
// CHECK: hinm.matmul ins(%[[W]], {{.*}} {layer = "groups.layer1"} -> tensor<3x16xf32>
// CHECK: %[[Y:.*]] = tensor.insert_slice
// CHECK: return %[[Y]]
func.func @groups(%x: tensor<1x2x2x4x4xf32>) -> tensor<1x2x3x4x4xf32> {
  %w = arith.constant dense<[[[[[1.0]], [[2.0]]], [[[3.0]], [[4.0]]], [[[5.0]], [[6.0]]]],
                             [[[[7.0]], [[8.0]]], [[[9.0]], [[10.0]]], [[[11.0]], [[12.0]]]]]> : tensor<2x3x2x1x1xf32>
  %zero = arith.constant dense<0.0> : tensor<1x2x3x4x4xf32>
  %y = linalg.conv_2d_ngchw_gfchw ins(%x, %w : tensor<1x2x2x4x4xf32>, tensor<2x3x2x1x1xf32>) outs(%zero : tensor<1x2x3x4x4xf32>) -> tensor<1x2x3x4x4xf32>
  return %y : tensor<1x2x3x4x4xf32>
}

// -----

// CHECK-LABEL: func @experts
// CHECK: hinm.matmul {{.*}} {layer = "experts.layer0"} -> tensor<4x3xf32>
// CHECK: hinm.matmul {{.*}} {layer = "experts.layer1"} -> tensor<4x3xf32>
// CHECK-NOT: linalg.batch_matmul
func.func @experts(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %w = arith.constant dense<[[[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]],
                             [[5.0, 6.0, 7.0, 8.0], [5.0, 6.0, 7.0, 8.0], [5.0, 6.0, 7.0, 8.0], [5.0, 6.0, 7.0, 8.0]]]> : tensor<2x4x4xf32>
  %zero = arith.constant dense<0.0> : tensor<2x3x4xf32>
  %y = linalg.batch_matmul ins(%x, %w : tensor<2x3x4xf32>, tensor<2x4x4xf32>) outs(%zero : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %y : tensor<2x3x4xf32>
}

// -----

// Several images of one channel: where the 1 goes is ambiguous.
// CHECK-LABEL: func @one_channel
// CHECK-NOT: linalg.transpose
// CHECK: hinm.patches {{.*}} : tensor<1x64xf32> -> tensor<4x36xf32>
func.func @one_channel(%x: tensor<4x1x4x4xf32>) -> tensor<4x1x3x3xf32> {
  %w = arith.constant dense<[[[[1.0, 2.0], [3.0, 4.0]]]]> : tensor<1x1x2x2xf32>
  %zero = arith.constant dense<0.0> : tensor<4x1x3x3xf32>
  %y = linalg.conv_2d_nchw_fchw ins(%x, %w : tensor<4x1x4x4xf32>, tensor<1x1x2x2xf32>) outs(%zero : tensor<4x1x3x3xf32>) -> tensor<4x1x3x3xf32>
  return %y : tensor<4x1x3x3xf32>
}
