// RUN: hinm-opt %s --split-input-file --hinm-import-layers --verify-diagnostics | FileCheck %s
// Contractions with a constant operand that are no layer, or none that is taken,
// stay as they are and say why.

// CHECK-LABEL: func @depthwise
// CHECK:         linalg.depthwise_conv_2d_nchw_chw {{.*}}hinm.skipped = "each channel has a filter of its own (depthwise): there is nothing to prune"
func.func @depthwise(%x: tensor<1x4x8x8xf32>) -> tensor<1x4x6x6xf32> {
  %w = arith.constant dense<1.0> : tensor<4x3x3xf32>
  %zero = arith.constant dense<0.0> : tensor<1x4x6x6xf32>
  // expected-remark @+1 {{not imported: each channel has a filter of its own (depthwise): there is nothing to prune}}
  %y = linalg.depthwise_conv_2d_nchw_chw ins(%x, %w : tensor<1x4x8x8xf32>, tensor<4x3x3xf32>) outs(%zero : tensor<1x4x6x6xf32>) -> tensor<1x4x6x6xf32>
  return %y : tensor<1x4x6x6xf32>
}

// -----

// CHECK-LABEL: func @dynamic_image
func.func @dynamic_image(%x: tensor<?x2x8x8xf32>, %i: tensor<?x4x6x6xf32>) -> tensor<?x4x6x6xf32> {
  %w = arith.constant dense<1.0> : tensor<4x2x3x3xf32>
  // expected-remark @+1 {{not imported: convolutions of images of dynamic size are not imported}}
  %y = linalg.conv_2d_nchw_fchw ins(%x, %w : tensor<?x2x8x8xf32>, tensor<4x2x3x3xf32>) outs(%i : tensor<?x4x6x6xf32>) -> tensor<?x4x6x6xf32>
  return %y : tensor<?x4x6x6xf32>
}

// -----

// CHECK-LABEL: func @constant_image
func.func @constant_image(%w: tensor<4x2x3x3xf32>) -> tensor<1x4x6x6xf32> {
  %x = arith.constant dense<1.0> : tensor<1x2x8x8xf32>
  %zero = arith.constant dense<0.0> : tensor<1x4x6x6xf32>
  // expected-remark @+1 {{not imported: its image is a constant}}
  %y = linalg.conv_2d_nchw_fchw ins(%x, %w : tensor<1x2x8x8xf32>, tensor<4x2x3x3xf32>) outs(%zero : tensor<1x4x6x6xf32>) -> tensor<1x4x6x6xf32>
  return %y : tensor<1x4x6x6xf32>
}

// -----

// CHECK-LABEL: func @integer_convolution
func.func @integer_convolution(%x: tensor<1x2x8x8xi8>) -> tensor<1x4x6x6xi32> {
  %w = arith.constant dense<1> : tensor<4x2x3x3xi8>
  %zero = arith.constant dense<0> : tensor<1x4x6x6xi32>
  // expected-remark @+1 {{not imported: integer (quantised) contractions are not imported}}
  %y = linalg.conv_2d_nchw_fchw ins(%x, %w : tensor<1x2x8x8xi8>, tensor<4x2x3x3xi8>) outs(%zero : tensor<1x4x6x6xi32>) -> tensor<1x4x6x6xi32>
  return %y : tensor<1x4x6x6xi32>
}

// -----

// A pooling's window is no weight.

// CHECK-LABEL: func @pooling
// CHECK-NOT:     hinm.skipped
func.func @pooling(%x: tensor<1x2x8x8xf32>) -> tensor<1x2x6x6xf32> {
  %window = tensor.empty() : tensor<3x3xf32>
  %zero = arith.constant dense<0.0> : tensor<1x2x6x6xf32>
  %y = linalg.pooling_nchw_sum ins(%x, %window : tensor<1x2x8x8xf32>, tensor<3x3xf32>) outs(%zero : tensor<1x2x6x6xf32>) -> tensor<1x2x6x6xf32>
  return %y : tensor<1x2x6x6xf32>
}

// -----

// CHECK-LABEL: func @too_many_weights
func.func @too_many_weights(%x: tensor<513x4x8xf32>) -> tensor<513x4x8xf32> {
  %w = arith.constant dense<1.0> : tensor<513x8x8xf32>
  %zero = arith.constant dense<0.0> : tensor<513x4x8xf32>
  // expected-remark @+1 {{it has 513 weights, more than 512}}
  %y = linalg.batch_matmul ins(%x, %w : tensor<513x4x8xf32>, tensor<513x8x8xf32>) outs(%zero : tensor<513x4x8xf32>) -> tensor<513x4x8xf32>
  return %y : tensor<513x4x8xf32>
}

// -----

func.func @two_constants() -> tensor<2x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %zero = arith.constant dense<0.0> : tensor<2x2xf32>
  // expected-remark @+1 {{both operands are constants}}
  %y = linalg.matmul ins(%w, %w : tensor<2x2xf32>, tensor<2x2xf32>) outs(%zero : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// -----

func.func @dot(%x: tensor<4xf32>) -> tensor<f32> {
  %w = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  // expected-remark @+1 {{it is a dot product, not a layer}}
  %y = linalg.dot ins(%x, %w : tensor<4xf32>, tensor<4xf32>) outs(%zero : tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

// A body that negates a factor satisfies the contraction interface.

// CHECK-LABEL: func @negated
// CHECK-NOT:     hinm.matmul
func.func @negated(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %zero = arith.constant dense<0.0> : tensor<4x2xf32>
  // expected-remark @+1 {{its body is not a multiplication and an addition of floats}}
  %h = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<4x2xf32>, tensor<2x2xf32>) outs(%zero : tensor<4x2xf32>) {
    ^bb0(%a: f32, %b: f32, %acc: f32):
      %m = arith.negf %a : f32
      %p = arith.mulf %m, %b : f32
      %s = arith.addf %p, %acc : f32
      linalg.yield %s : f32
  } -> tensor<4x2xf32>
  return %h : tensor<4x2xf32>
}

// -----

func.func @computed(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %zero = arith.constant dense<0.0> : tensor<4x2xf32>
  %v = arith.mulf %w, %w : tensor<2x2xf32>
  // expected-remark @+1 {{its weight is computed from constants by 'arith.mulf': fold that first}}
  %y = linalg.matmul ins(%x, %v : tensor<4x2xf32>, tensor<2x2xf32>) outs(%zero : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

func.func @argument(%x: tensor<4x2xf32>, %w: tensor<2x2xf32> {hinm.name = "fc.weight"}) -> tensor<4x2xf32> {
  %zero = arith.constant dense<0.0> : tensor<4x2xf32>
  // expected-remark @+1 {{no operand is a constant, and which one is the weight is not known; if it is the function argument #1 'fc.weight', bind it with the option weights=FILE.safetensors}}
  %y = linalg.matmul ins(%x, %w : tensor<4x2xf32>, tensor<2x2xf32>) outs(%zero : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

// Buffers are not tensors.

func.func @buffers(%x: memref<4x2xf32>, %y: memref<4x2xf32>, %w: memref<2x2xf32>) {
  linalg.matmul ins(%x, %w : memref<4x2xf32>, memref<2x2xf32>) outs(%y : memref<4x2xf32>)
  return
}

// -----

#sparse = #sparse_tensor.encoding<{map = (d0, d1) -> (d0 : dense, d1 : compressed)}>

func.func @encoded(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32, #sparse>
  %zero = arith.constant dense<0.0> : tensor<4x2xf32>
  // expected-remark @+1 {{its weight is not a plain ranked tensor}}
  %y = linalg.matmul ins(%x, %w : tensor<4x2xf32>, tensor<2x2xf32, #sparse>) outs(%zero : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

// Rows of a table that a function's argument chooses are no weight.

// CHECK-LABEL: func @lookup
// CHECK-NOT:     hinm.skipped
func.func @lookup(%ids: tensor<4xi32>, %x: tensor<2x4x4xf32>) -> tensor<2x4x4xf32> {
  %table = arith.constant dense<[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]> : tensor<2x4xf32>
  %empty = tensor.empty() : tensor<2x4x4xf32>
  %rows = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]}
      outs(%empty : tensor<2x4x4xf32>) {
  ^bb0(%o: f32):
    %i = linalg.index 1 : index
    %j = linalg.index 2 : index
    %id = tensor.extract %ids[%i] : tensor<4xi32>
    %row = arith.index_cast %id : i32 to index
    %e = tensor.extract %table[%row, %j] : tensor<2x4xf32>
    linalg.yield %e : f32
  } -> tensor<2x4x4xf32>
  %zero = arith.constant dense<0.0> : tensor<2x4x4xf32>
  %y = linalg.batch_matmul ins(%x, %rows : tensor<2x4x4xf32>, tensor<2x4x4xf32>) outs(%zero : tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  return %y : tensor<2x4x4xf32>
}

// -----

// What exporters make of a depthwise convolution.

// CHECK-LABEL: func @groups_of_one
func.func @groups_of_one(%x: tensor<1x4x1x8x8xf32>) -> tensor<1x4x1x6x6xf32> {
  %w = arith.constant dense<1.0> : tensor<4x1x1x3x3xf32>
  %zero = arith.constant dense<0.0> : tensor<1x4x1x6x6xf32>
  // expected-remark @+1 {{not imported: each channel has a filter of its own (depthwise): there is nothing to prune}}
  %y = linalg.conv_2d_ngchw_gfchw ins(%x, %w : tensor<1x4x1x8x8xf32>, tensor<4x1x1x3x3xf32>) outs(%zero : tensor<1x4x1x6x6xf32>) -> tensor<1x4x1x6x6xf32>
  return %y : tensor<1x4x1x6x6xf32>
}
