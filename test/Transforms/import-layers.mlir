// RUN: hinm-opt %s --split-input-file --hinm-import-layers | FileCheck %s
// Importing twice is importing once.
// RUN: hinm-opt %s --split-input-file --hinm-import-layers --hinm-import-layers | FileCheck %s
// RUN: hinm-opt %s --split-input-file --hinm-import-layers --verify-roundtrip -o %t

// PyTorch's [out, in], transposed by a named operation.

// CHECK-LABEL: func @transposed
// CHECK-SAME:    %[[X:.*]]: tensor<4x2xf32>
// CHECK-DAG:     %[[W:.*]] = arith.constant dense<{{\[}}[1.000000e+00, 2.000000e+00], [3.000000e+00, 4.000000e+00], [5.000000e+00, 6.000000e+00]]> : tensor<3x2xf32>
// CHECK:         %[[XT:.*]] = linalg.transpose ins(%[[X]] : tensor<4x2xf32>) outs(%{{.*}} : tensor<2x4xf32>) permutation = [1, 0]
// CHECK:         %[[P:.*]] = hinm.matmul ins(%[[W]], %[[XT]] : tensor<3x2xf32>, tensor<2x4xf32>) outs(%{{.*}} : tensor<3x4xf32>) {layer = "transposed.layer0"} -> tensor<3x4xf32>
// CHECK:         %[[Y:.*]] = linalg.transpose ins(%[[P]] : tensor<3x4xf32>) outs(%{{.*}} : tensor<4x3xf32>) permutation = [1, 0]
// CHECK:         return %[[Y]]
func.func @transposed(%x: tensor<4x2xf32>) -> tensor<4x3xf32> {
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x3xf32>
  %t = linalg.transpose ins(%w : tensor<3x2xf32>) outs(%e : tensor<2x3xf32>) permutation = [1, 0]
  %f = tensor.empty() : tensor<4x3xf32>
  %z = linalg.fill ins(%zero : f32) outs(%f : tensor<4x3xf32>) -> tensor<4x3xf32>
  %y = linalg.matmul ins(%x, %t : tensor<4x2xf32>, tensor<2x3xf32>) outs(%z : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

// The older transposing generic.

// CHECK-LABEL: func @transposing_generic
// CHECK-NOT:     linalg.generic
// CHECK:         arith.constant dense<{{\[}}[1.000000e+00, 2.000000e+00], [3.000000e+00, 4.000000e+00], [5.000000e+00, 6.000000e+00]]> : tensor<3x2xf32>
// CHECK-NOT:     linalg.generic
// CHECK:         hinm.matmul
func.func @transposing_generic(%x: tensor<4x2xf32>) -> tensor<4x3xf32> {
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %zero = arith.constant dense<0.0> : tensor<4x3xf32>
  %e = tensor.empty() : tensor<2x3xf32>
  %t = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1, d0)>], iterator_types = ["parallel", "parallel"]}
      ins(%w : tensor<3x2xf32>) outs(%e : tensor<2x3xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
  } -> tensor<2x3xf32>
  %y = linalg.matmul ins(%x, %t : tensor<4x2xf32>, tensor<2x3xf32>) outs(%zero : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

// GPT-2's [in, out]: the constant is transposed; the resource's name is kept.

// CHECK-LABEL: func @conv1d
// CHECK:         %[[W:.*]] = arith.constant dense<{{\[}}[1.000000e+00, 4.000000e+00], [2.000000e+00, 5.000000e+00], [3.000000e+00, 6.000000e+00]]> : tensor<3x2xf32>
// CHECK:         hinm.matmul ins(%[[W]], {{.*}} {layer = "h.0.attn"}
func.func @conv1d(%x: tensor<4x2xf32>) -> tensor<4x3xf32> {
  %w = arith.constant dense_resource<h.0.attn> : tensor<2x3xf32>
  %zero = arith.constant dense<0.0> : tensor<4x3xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x2xf32>, tensor<2x3xf32>) outs(%zero : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}
{-#
  dialect_resources: {
    builtin: {
      h.0.attn: "0x040000000000803F0000004000004040000080400000A0400000C040"
    }
  }
#-}

// -----

// linalg.matmul with transposed maps, of the right and of the left operand.

// CHECK-LABEL: func @matmul_maps
// CHECK:         hinm.matmul ins(%{{.*}}, %{{.*}} : tensor<3x2xf32>, tensor<2x4xf32>) {{.*}} {layer = "matmul_maps.layer0"}
// CHECK-NOT:     linalg.transpose ins(%{{.*}} : tensor<2x4xf32>)
// CHECK:         hinm.matmul ins(%{{.*}}, %{{.*}} : tensor<5x3xf32>, tensor<3x4xf32>) {{.*}} {layer = "matmul_maps.layer1"}
func.func @matmul_maps(%x: tensor<4x2xf32>) -> tensor<4x5xf32> {
  %w = arith.constant dense<1.0> : tensor<3x2xf32>
  %v = arith.constant dense<2.0> : tensor<3x5xf32>
  %z0 = arith.constant dense<0.0> : tensor<4x3xf32>
  %z1 = arith.constant dense<0.0> : tensor<4x5xf32>
  %h = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<4x2xf32>, tensor<3x2xf32>) outs(%z0 : tensor<4x3xf32>) -> tensor<4x3xf32>
  %y = linalg.matmul ins(%h, %v : tensor<4x3xf32>, tensor<3x5xf32>) outs(%z1 : tensor<4x5xf32>) -> tensor<4x5xf32>
  return %y : tensor<4x5xf32>
}

// -----

// W · X, the weight on the left: feature-major as it is, nothing is moved.

// CHECK-LABEL: func @weight_left
// CHECK-SAME:    %[[X:.*]]: tensor<2x4xf32>
// CHECK-NOT:     linalg.transpose
// CHECK:         %[[Y:.*]] = hinm.matmul ins(%{{.*}}, %[[X]] : tensor<3x2xf32>, tensor<2x4xf32>)
// CHECK-NEXT:    return %[[Y]]
func.func @weight_left(%x: tensor<2x4xf32>) -> tensor<3x4xf32> {
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %zero = arith.constant dense<0.0> : tensor<3x4xf32>
  %y = linalg.matmul ins(%w, %x : tensor<3x2xf32>, tensor<2x4xf32>) outs(%zero : tensor<3x4xf32>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// -----

// A contraction written as linalg.generic, and as linalg.contract.

// CHECK-LABEL: func @generic_and_contract
// CHECK-COUNT-2: hinm.matmul ins(%{{.*}}, %{{.*}} : tensor<2x2xf32>, tensor<2x4xf32>)
func.func @generic_and_contract(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %zero = arith.constant dense<0.0> : tensor<4x2xf32>
  %h = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>, affine_map<(d0, d1, d2) -> (d0, d2)>],
                       iterator_types = ["parallel", "reduction", "parallel"]}
      ins(%w, %x : tensor<2x2xf32>, tensor<4x2xf32>) outs(%zero : tensor<4x2xf32>) {
    ^bb0(%a: f32, %b: f32, %acc: f32):
      %p = arith.mulf %b, %a : f32
      %s = arith.addf %p, %acc : f32
      linalg.yield %s : f32
  } -> tensor<4x2xf32>
  %y = linalg.contract indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%h, %w : tensor<4x2xf32>, tensor<2x2xf32>) outs(%zero : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

// 3-D: transpose, broadcast over the batch by a generic, batch_matmul; the batch
// and the sequence are the tokens.

// CHECK-LABEL: func @batch_matmul
// CHECK-SAME:    %[[X:.*]]: tensor<2x4x2xf32>
// CHECK:         %[[C:.*]] = tensor.collapse_shape %[[X]] {{\[\[}}0, 1], [2]] : tensor<2x4x2xf32> into tensor<8x2xf32>
// CHECK:         %[[T:.*]] = linalg.transpose ins(%[[C]] {{.*}} permutation = [1, 0]
// CHECK:         %[[P:.*]] = hinm.matmul ins(%{{.*}}, %[[T]] : tensor<3x2xf32>, tensor<2x8xf32>)
// CHECK:         %[[U:.*]] = linalg.transpose ins(%[[P]] : tensor<3x8xf32>) {{.*}} permutation = [1, 0]
// CHECK:         tensor.expand_shape %[[U]] {{\[\[}}0, 1], [2]] output_shape [2, 4, 3] : tensor<8x3xf32> into tensor<2x4x3xf32>
func.func @batch_matmul(%x: tensor<2x4x2xf32>) -> tensor<2x4x3xf32> {
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %zero = arith.constant dense<0.0> : tensor<2x4x3xf32>
  %e = tensor.empty() : tensor<2x3xf32>
  %t = linalg.transpose ins(%w : tensor<3x2xf32>) outs(%e : tensor<2x3xf32>) permutation = [1, 0]
  %be = tensor.empty() : tensor<2x2x3xf32>
  %b = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%t : tensor<2x3xf32>) outs(%be : tensor<2x2x3xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
  } -> tensor<2x2x3xf32>
  %y = linalg.batch_matmul ins(%x, %b : tensor<2x4x2xf32>, tensor<2x2x3xf32>) outs(%zero : tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
  return %y : tensor<2x4x3xf32>
}

// -----

// Dynamic batch and sequence, the weight broadcast by the named operation.

// CHECK-LABEL: func @dynamic
// CHECK-SAME:    %[[X:.*]]: tensor<?x?x2xf32>
// CHECK:         tensor.collapse_shape %[[X]] {{\[\[}}0, 1], [2]] : tensor<?x?x2xf32> into tensor<?x2xf32>
// CHECK:         hinm.matmul ins(%{{.*}}, %{{.*}} : tensor<3x2xf32>, tensor<2x?xf32>) outs(%{{.*}} : tensor<3x?xf32>)
// CHECK:         tensor.expand_shape %{{.*}} {{\[\[}}0, 1], [2]] output_shape [%{{.*}}, %{{.*}}, 3] : tensor<?x3xf32> into tensor<?x?x3xf32>
func.func @dynamic(%x: tensor<?x?x2xf32>) -> tensor<?x?x3xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %w = arith.constant dense<[[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]]> : tensor<2x3xf32>
  %zero = arith.constant 0.0 : f32
  %b = tensor.dim %x, %c0 : tensor<?x?x2xf32>
  %s = tensor.dim %x, %c1 : tensor<?x?x2xf32>
  %be = tensor.empty(%b) : tensor<?x2x3xf32>
  %wb = linalg.broadcast ins(%w : tensor<2x3xf32>) outs(%be : tensor<?x2x3xf32>) dimensions = [0]
  %e = tensor.empty(%b, %s) : tensor<?x?x3xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x?x3xf32>) -> tensor<?x?x3xf32>
  %y = linalg.batch_matmul ins(%x, %wb : tensor<?x?x2xf32>, tensor<?x2x3xf32>) outs(%z : tensor<?x?x3xf32>) -> tensor<?x?x3xf32>
  return %y : tensor<?x?x3xf32>
}

// -----

// A matrix times a vector: one token. A vector times a matrix likewise.

// CHECK-LABEL: func @matvec
// CHECK:         tensor.expand_shape %{{.*}} {{\[\[}}0, 1]] output_shape [2, 1] : tensor<2xf32> into tensor<2x1xf32>
// CHECK:         %[[P:.*]] = hinm.matmul ins(%{{.*}}, %{{.*}} : tensor<3x2xf32>, tensor<2x1xf32>)
// CHECK:         tensor.collapse_shape %[[P]] {{\[\[}}0, 1]] : tensor<3x1xf32> into tensor<3xf32>
// CHECK:         hinm.matmul ins(%{{.*}}, %{{.*}} : tensor<2x3xf32>, tensor<3x1xf32>)
func.func @matvec(%x: tensor<2xf32>) -> tensor<2xf32> {
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %z0 = arith.constant dense<0.0> : tensor<3xf32>
  %z1 = arith.constant dense<0.0> : tensor<2xf32>
  %h = linalg.matvec ins(%w, %x : tensor<3x2xf32>, tensor<2xf32>) outs(%z0 : tensor<3xf32>) -> tensor<3xf32>
  %y = linalg.vecmat ins(%h, %w : tensor<3xf32>, tensor<3x2xf32>) outs(%z1 : tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

// What the product is added to is added afterwards: here a bias in the init.

// CHECK-LABEL: func @bias_in_init
// CHECK:         %[[INIT:.*]] = linalg.broadcast
// CHECK:         hinm.matmul
// CHECK:         %[[Y:.*]] = linalg.transpose
// CHECK:         linalg.add ins(%[[Y]], %[[INIT]] : tensor<4x3xf32>, tensor<4x3xf32>)
func.func @bias_in_init(%x: tensor<4x2xf32>) -> tensor<4x3xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %bias = arith.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %e = tensor.empty() : tensor<4x3xf32>
  %init = linalg.broadcast ins(%bias : tensor<3xf32>) outs(%e : tensor<4x3xf32>) dimensions = [0]
  %y = linalg.matmul ins(%x, %w : tensor<4x2xf32>, tensor<2x3xf32>) outs(%init : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

// A weight in f64 that is cast to f32, and one in f16 that is widened.

// CHECK-LABEL: func @casts
// CHECK:         %[[W:.*]] = arith.constant dense<{{\[}}[1.500000e+00, 3.500000e+00], [2.500000e+00, 4.500000e+00]]> : tensor<2x2xf32>
// CHECK:         hinm.matmul ins(%[[W]],
// CHECK:         %[[V:.*]] = arith.constant dense<{{\[}}[5.000000e-01, 2.500000e-01], [1.250000e-01, 2.000000e+00]]> : tensor<2x2xf32>
// CHECK:         hinm.matmul ins(%[[V]],
func.func @casts(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w64 = arith.constant dense<[[1.5, 2.5], [3.5, 4.5]]> : tensor<2x2xf64>
  %w16 = arith.constant dense<[[0.5, 0.25], [0.125, 2.0]]> : tensor<2x2xf16>
  %zero = arith.constant dense<0.0> : tensor<4x2xf32>
  %e = tensor.empty() : tensor<2x2xf32>
  %w = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
      ins(%w64 : tensor<2x2xf64>) outs(%e : tensor<2x2xf32>) {
    ^bb0(%in: f64, %out: f32):
      %c = arith.truncf %in : f64 to f32
      linalg.yield %c : f32
  } -> tensor<2x2xf32>
  %v = arith.extf %w16 : tensor<2x2xf16> to tensor<2x2xf32>
  %h = linalg.matmul ins(%x, %w : tensor<4x2xf32>, tensor<2x2xf32>) outs(%zero : tensor<4x2xf32>) -> tensor<4x2xf32>
  %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%h, %v : tensor<4x2xf32>, tensor<2x2xf32>) outs(%zero : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

// Half-precision operands that the body widens.

// CHECK-LABEL: func @mixed_precision
// CHECK:         hinm.matmul ins(%{{.*}}, %{{.*}} : tensor<3x2xf16>, tensor<2x4xf16>) outs(%{{.*}} : tensor<3x4xf32>)
func.func @mixed_precision(%x: tensor<4x2xf16>) -> tensor<4x3xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf16>
  %zero = arith.constant dense<0.0> : tensor<4x3xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x2xf16>, tensor<2x3xf16>) outs(%zero : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

// One fused QKV weight in three slices, and a weight behind reshapes.

// CHECK-LABEL: func @slices_and_reshapes
// CHECK:         arith.constant dense<{{\[}}[5.000000e+00, 6.000000e+00], [7.000000e+00, 8.000000e+00]]> : tensor<2x2xf32>
// CHECK:         hinm.matmul
// CHECK:         arith.constant dense<{{\[}}[1.000000e+00, 3.000000e+00], [2.000000e+00, 4.000000e+00]]> : tensor<2x2xf32>
// CHECK:         hinm.matmul
func.func @slices_and_reshapes(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %qkv = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]> : tensor<4x2xf32>
  %zero = arith.constant dense<0.0> : tensor<4x2xf32>
  %k = tensor.extract_slice %qkv[2, 0] [2, 2] [1, 1] : tensor<4x2xf32> to tensor<2x2xf32>
  %h = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %k : tensor<4x2xf32>, tensor<2x2xf32>) outs(%zero : tensor<4x2xf32>) -> tensor<4x2xf32>
  %flat = arith.constant dense<[[[1.0], [2.0], [3.0], [4.0]]]> : tensor<1x4x1xf32>
  %c = tensor.collapse_shape %flat [[0, 1, 2]] : tensor<1x4x1xf32> into tensor<4xf32>
  %w = tensor.expand_shape %c [[0, 1]] output_shape [2, 2] : tensor<4xf32> into tensor<2x2xf32>
  %y = linalg.matmul ins(%h, %w : tensor<4x2xf32>, tensor<2x2xf32>) outs(%zero : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

// One weight, two layers: both names are unique.

// CHECK-LABEL: func @shared
// CHECK:         {layer = "tied"}
// CHECK:         {layer = "tied.2"}
func.func @shared(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w = arith.constant dense_resource<tied> : tensor<2x2xf32>
  %zero = arith.constant dense<0.0> : tensor<4x2xf32>
  %h = linalg.matmul ins(%x, %w : tensor<4x2xf32>, tensor<2x2xf32>) outs(%zero : tensor<4x2xf32>) -> tensor<4x2xf32>
  %y = linalg.matmul ins(%h, %w : tensor<4x2xf32>, tensor<2x2xf32>) outs(%zero : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}
{-#
  dialect_resources: {
    builtin: {
      tied: "0x040000000000803F000000400000404000008040"
    }
  }
#-}

// -----

// Several contracted and several output dimensions (an attention's output
// projection before its reshapes are merged): two columns' dimensions, tokens
// between them.

// CHECK-LABEL: func @multi_dim
// CHECK:         linalg.transpose ins(%{{.*}} : tensor<2x4x2xf32>) outs(%{{.*}} : tensor<2x2x4xf32>) permutation = [0, 2, 1]
// CHECK:         tensor.collapse_shape %{{.*}} {{\[\[}}0, 1], [2]] : tensor<2x2x4xf32> into tensor<4x4xf32>
// CHECK:         hinm.matmul ins(%{{.*}}, %{{.*}} : tensor<3x4xf32>, tensor<4x4xf32>)
func.func @multi_dim(%x: tensor<2x4x2xf32>) -> tensor<4x3xf32> {
  %w = arith.constant dense<[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [[7.0, 8.0, 9.0], [10.0, 11.0, 12.0]]]> : tensor<2x2x3xf32>
  %zero = arith.constant dense<0.0> : tensor<4x3xf32>
  %y = linalg.contract indexing_maps = [affine_map<(h, s, d, n) -> (h, s, d)>, affine_map<(h, s, d, n) -> (h, d, n)>, affine_map<(h, s, d, n) -> (s, n)>]
      ins(%x, %w : tensor<2x4x2xf32>, tensor<2x2x3xf32>) outs(%zero : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

// Products of activations (QKᵀ, PV) are left alone, without a word.

// CHECK-LABEL: func @attention
// CHECK-NOT:     hinm
func.func @attention(%a: tensor<2x4x8xf32>) -> tensor<2x4x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<2x4x4xf32>
  %zero2 = arith.constant dense<0.0> : tensor<2x4x8xf32>
  %e = tensor.empty() : tensor<2x4x8xf32>
  %q = linalg.exp ins(%a : tensor<2x4x8xf32>) outs(%e : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %k = linalg.abs ins(%a : tensor<2x4x8xf32>) outs(%e : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %v = linalg.tanh ins(%a : tensor<2x4x8xf32>) outs(%e : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %s = linalg.batch_matmul indexing_maps = [affine_map<(b, m, n, k) -> (b, m, k)>, affine_map<(b, m, n, k) -> (b, n, k)>, affine_map<(b, m, n, k) -> (b, m, n)>]
      ins(%q, %k : tensor<2x4x8xf32>, tensor<2x4x8xf32>) outs(%zero : tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  %p = linalg.batch_matmul ins(%s, %v : tensor<2x4x4xf32>, tensor<2x4x8xf32>) outs(%zero2 : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  return %p : tensor<2x4x8xf32>
}

// CHECK-LABEL: func @end
func.func @end() {
  return
}
