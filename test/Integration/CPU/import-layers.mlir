// A network of many forms of layer computes the same, to the last bit, as it is
// and with its layers imported and its transposes moved: weights and inputs are
// small integers, so that no sum is rounded.

// DEFINE: %{lower} = --convert-hinm-to-linalg --convert-elementwise-to-linalg --one-shot-bufferize=bufferize-function-boundaries --convert-linalg-to-loops --convert-scf-to-cf --expand-strided-metadata --lower-affine --finalize-memref-to-llvm --convert-arith-to-llvm --convert-func-to-llvm --convert-cf-to-llvm --reconcile-unrealized-casts
// DEFINE: %{run} = mlir-runner -e main --entry-point-result=void --shared-libs=%mlir_lib_dir/libmlir_runner_utils.so,%mlir_lib_dir/libmlir_c_runner_utils.so

// RUN: hinm-opt %s %{lower} | %{run} | grep -v Unranked > %t.original
// RUN: hinm-opt %s --hinm-import-layers %{lower} | %{run} | grep -v Unranked > %t.imported
// RUN: hinm-opt %s --hinm-import-layers --hinm-propagate-transposes -o %t.moved.mlir
// RUN: hinm-opt %t.moved.mlir %{lower} | %{run} | grep -v Unranked > %t.moved
// RUN: diff %t.original %t.imported
// RUN: diff %t.original %t.moved
// RUN: FileCheck %s --check-prefix=VALUES < %t.original
// RUN: FileCheck %s < %t.moved.mlir

// The values are there, and not all zero.
// VALUES-COUNT-4: {{\[\[.*[1-9]}}

// CHECK-LABEL: func @batched
// CHECK-COUNT-2: hinm.matmul
// CHECK-LABEL: func @block
// CHECK-COUNT-3: hinm.matmul
// CHECK-LABEL: func @left
// CHECK-COUNT-2: hinm.matmul
// CHECK-LABEL: func @heads
// CHECK:         hinm.matmul
// CHECK-LABEL: func @main

#id2 = affine_map<(d0, d1) -> (d0, d1)>
#row2 = affine_map<(d0, d1) -> (d1)>
#id3 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#unit3 = affine_map<(d0, d1, d2) -> (0, 0, d2)>
#last3 = affine_map<(d0, d1, d2) -> (d2)>
#tail3 = affine_map<(d0, d1, d2) -> (d1, d2)>
#mean3 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>

// 3-D layers over a dynamic batch, weights broadcast; bias by (0, 0, d2), ReLU.
func.func @batched(%x: tensor<?x3x2xf32>) -> tensor<?x3x2xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense<[[1.0, -2.0], [3.0, 4.0], [-5.0, 6.0], [2.0, 1.0]]> : tensor<4x2xf32>
  %v = arith.constant dense<[[1.0, 2.0], [-3.0, 4.0], [5.0, 6.0], [7.0, -8.0]]> : tensor<4x2xf32>
  %bias = arith.constant dense<[[[3.0, -7.0, 11.0, 13.0]]]> : tensor<1x1x4xf32>
  %b = tensor.dim %x, %c0 : tensor<?x3x2xf32>
  %te = tensor.empty() : tensor<2x4xf32>
  %t = linalg.transpose ins(%w : tensor<4x2xf32>) outs(%te : tensor<2x4xf32>) permutation = [1, 0]
  %we = tensor.empty(%b) : tensor<?x2x4xf32>
  %wb = linalg.generic {indexing_maps = [#tail3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%t : tensor<2x4xf32>) outs(%we : tensor<?x2x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
  } -> tensor<?x2x4xf32>
  %he = tensor.empty(%b) : tensor<?x3x4xf32>
  %hz = linalg.fill ins(%zero : f32) outs(%he : tensor<?x3x4xf32>) -> tensor<?x3x4xf32>
  %h = linalg.batch_matmul ins(%x, %wb : tensor<?x3x2xf32>, tensor<?x2x4xf32>) outs(%hz : tensor<?x3x4xf32>) -> tensor<?x3x4xf32>
  %hb = linalg.generic {indexing_maps = [#id3, #unit3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%h, %bias : tensor<?x3x4xf32>, tensor<1x1x4xf32>) outs(%he : tensor<?x3x4xf32>) {
    ^bb0(%a: f32, %c: f32, %out: f32):
      %s = arith.addf %a, %c : f32
      linalg.yield %s : f32
  } -> tensor<?x3x4xf32>
  %hr = linalg.generic {indexing_maps = [#id3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%hb : tensor<?x3x4xf32>) outs(%he : tensor<?x3x4xf32>) {
    ^bb0(%a: f32, %out: f32):
      %p = arith.cmpf ugt, %a, %zero : f32
      %s = arith.select %p, %a, %zero : f32
      linalg.yield %s : f32
  } -> tensor<?x3x4xf32>
  %ve = tensor.empty(%b) : tensor<?x4x2xf32>
  %vb = linalg.broadcast ins(%v : tensor<4x2xf32>) outs(%ve : tensor<?x4x2xf32>) dimensions = [0]
  %ye = tensor.empty(%b) : tensor<?x3x2xf32>
  %yz = linalg.fill ins(%zero : f32) outs(%ye : tensor<?x3x2xf32>) -> tensor<?x3x2xf32>
  %y = linalg.batch_matmul ins(%hr, %vb : tensor<?x3x4xf32>, tensor<?x4x2xf32>) outs(%yz : tensor<?x3x2xf32>) -> tensor<?x3x2xf32>
  return %y : tensor<?x3x2xf32>
}

// A gated block with a residual: two layers of one input, multiplied, a third,
// its bias in the init, added to the input; the sum over the channels as well.
func.func @block(%x: tensor<5x2xf32>) -> (tensor<5x2xf32>, tensor<5xf32>) {
  %zero = arith.constant 0.0 : f32
  %gate = arith.constant dense<[[1.0, 2.0, -3.0], [4.0, -5.0, 6.0]]> : tensor<2x3xf32>
  %up = arith.constant dense<[[2.0, -1.0], [1.0, 3.0], [-2.0, 1.0]]> : tensor<3x2xf32>
  %down = arith.constant dense<[[1.0, 2.0], [3.0, -4.0], [-5.0, 6.0]]> : tensor<3x2xf32>
  %bias = arith.constant dense<[10.0, -20.0]> : tensor<2xf32>
  %he = tensor.empty() : tensor<5x3xf32>
  %hz = linalg.fill ins(%zero : f32) outs(%he : tensor<5x3xf32>) -> tensor<5x3xf32>
  %g = linalg.matmul ins(%x, %gate : tensor<5x2xf32>, tensor<2x3xf32>) outs(%hz : tensor<5x3xf32>) -> tensor<5x3xf32>
  %u = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %up : tensor<5x2xf32>, tensor<3x2xf32>) outs(%hz : tensor<5x3xf32>) -> tensor<5x3xf32>
  %n = arith.negf %g : tensor<5x3xf32>
  %m = linalg.mul ins(%n, %u : tensor<5x3xf32>, tensor<5x3xf32>) outs(%he : tensor<5x3xf32>) -> tensor<5x3xf32>
  %ye = tensor.empty() : tensor<5x2xf32>
  %init = linalg.broadcast ins(%bias : tensor<2xf32>) outs(%ye : tensor<5x2xf32>) dimensions = [0]
  %y = linalg.contract indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%m, %down : tensor<5x3xf32>, tensor<3x2xf32>) outs(%init : tensor<5x2xf32>) -> tensor<5x2xf32>
  %r = arith.addf %x, %y : tensor<5x2xf32>
  %se = tensor.empty() : tensor<5xf32>
  %sz = linalg.fill ins(%zero : f32) outs(%se : tensor<5xf32>) -> tensor<5xf32>
  %s = linalg.generic {indexing_maps = [#id2, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%y : tensor<5x2xf32>) outs(%sz : tensor<5xf32>) {
    ^bb0(%a: f32, %acc: f32):
      %p = arith.addf %a, %acc : f32
      linalg.yield %p : f32
  } -> tensor<5xf32>
  return %r, %s : tensor<5x2xf32>, tensor<5xf32>
}

// The weight on the left, then a vector.
func.func @left(%x: tensor<2x3xf32>, %v: tensor<4xf32>) -> (tensor<4x3xf32>, tensor<2xf32>) {
  %w = arith.constant dense<[[1.0, -2.0], [3.0, 4.0], [-5.0, 6.0], [2.0, 1.0]]> : tensor<4x2xf32>
  %z = arith.constant dense<0.0> : tensor<4x3xf32>
  %z2 = arith.constant dense<0.0> : tensor<2xf32>
  %y = linalg.matmul ins(%w, %x : tensor<4x2xf32>, tensor<2x3xf32>) outs(%z : tensor<4x3xf32>) -> tensor<4x3xf32>
  %u = linalg.vecmat ins(%v, %w : tensor<4xf32>, tensor<4x2xf32>) outs(%z2 : tensor<2xf32>) -> tensor<2xf32>
  return %y, %u : tensor<4x3xf32>, tensor<2xf32>
}

// An attention's output projection with its heads not yet merged, written in an
// unusual order.
func.func @heads(%x: tensor<2x3x2xf32>) -> tensor<2x3xf32> {
  %w = arith.constant dense<[[[1.0, 2.0], [4.0, -5.0]], [[7.0, 8.0], [-10.0, 11.0]]]> : tensor<2x2x2xf32>
  %z = arith.constant dense<0.0> : tensor<2x3xf32>
  %y = linalg.contract indexing_maps = [affine_map<(h, s, d, n) -> (h, s, d)>, affine_map<(h, s, d, n) -> (h, d, n)>, affine_map<(h, s, d, n) -> (n, s)>]
      ins(%x, %w : tensor<2x3x2xf32>, tensor<2x2x2xf32>) outs(%z : tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

func.func private @printMemrefF32(tensor<*xf32>)

func.func @main() {
  %a = arith.constant dense<[[[1.0, 2.0], [3.0, -4.0], [5.0, 6.0]], [[-1.0, 0.0], [2.0, 2.0], [7.0, -3.0]]]> : tensor<2x3x2xf32>
  %ad = tensor.cast %a : tensor<2x3x2xf32> to tensor<?x3x2xf32>
  %r0 = call @batched(%ad) : (tensor<?x3x2xf32>) -> tensor<?x3x2xf32>
  %p0 = tensor.cast %r0 : tensor<?x3x2xf32> to tensor<*xf32>
  call @printMemrefF32(%p0) : (tensor<*xf32>) -> ()
  %b = arith.constant dense<[[1.0, 2.0], [3.0, -4.0], [5.0, 6.0], [-1.0, 0.0], [2.0, 2.0]]> : tensor<5x2xf32>
  %r1:2 = call @block(%b) : (tensor<5x2xf32>) -> (tensor<5x2xf32>, tensor<5xf32>)
  %p1 = tensor.cast %r1#0 : tensor<5x2xf32> to tensor<*xf32>
  call @printMemrefF32(%p1) : (tensor<*xf32>) -> ()
  %p2 = tensor.cast %r1#1 : tensor<5xf32> to tensor<*xf32>
  call @printMemrefF32(%p2) : (tensor<*xf32>) -> ()
  %c = arith.constant dense<[[1.0, 2.0, 3.0], [-4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %v = arith.constant dense<[1.0, -2.0, 3.0, 4.0]> : tensor<4xf32>
  %r3:2 = call @left(%c, %v) : (tensor<2x3xf32>, tensor<4xf32>) -> (tensor<4x3xf32>, tensor<2xf32>)
  %p3 = tensor.cast %r3#0 : tensor<4x3xf32> to tensor<*xf32>
  call @printMemrefF32(%p3) : (tensor<*xf32>) -> ()
  %p4 = tensor.cast %r3#1 : tensor<2xf32> to tensor<*xf32>
  call @printMemrefF32(%p4) : (tensor<*xf32>) -> ()
  %r5 = call @heads(%a) : (tensor<2x3x2xf32>) -> tensor<2x3xf32>
  %p5 = tensor.cast %r5 : tensor<2x3xf32> to tensor<*xf32>
  call @printMemrefF32(%p5) : (tensor<*xf32>) -> ()
  return
}
