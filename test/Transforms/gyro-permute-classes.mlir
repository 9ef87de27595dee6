// RUN: hinm-opt %s --hinm-gyro-permute -o %t.mlir && FileCheck %s --input-file=%t.mlir
// RUN: hinm-opt %t.mlir --hinm-propagate-permutations --hinm-fold-permutations=require-no-permutes | FileCheck %s --check-prefix=FOLDED
// RUN: hinm-opt %s --hinm-gyro-permute=orders=layer -o %t.layer.mlir && FileCheck %s --check-prefix=LAYER --input-file=%t.layer.mlir
// RUN: hinm-opt %t.layer.mlir --hinm-propagate-permutations --hinm-fold-permutations=require-no-permutes | FileCheck %s --check-prefix=STORED
// RUN: hinm-opt %s --hinm-gyro-permute=algorithm=gyro | FileCheck %s --check-prefix=LAYER
// RUN: hinm-opt %s --hinm-gyro-permute=algorithm=none | FileCheck %s --check-prefix=NATURAL
// RUN: not hinm-opt %s --hinm-gyro-permute=orders=some 2>&1 | FileCheck %s --check-prefix=WRONG

// NATURAL: columns = #{{.*}} layer = "gate"
// NATURAL: columns = #{{.*}} layer = "up"
// NATURAL-NOT: hinm.permute
// WRONG: error: unknown orders 'some', expected class or layer

// A row has two weights, and a tile of four rows keeps four columns. Rows that
// weigh in the same columns are others in gate than in up, which weighs more:
// an order for both keeps all of up and three quarters of gate.
// CHECK-LABEL: func @gated
// CHECK: hinm.matmul {{.*}} hinm.stats = {retained = 7.500000e-01 : f64, {{.*}} layer = "gate"
// CHECK: hinm.permute
// CHECK: hinm.matmul {{.*}} hinm.stats = {retained = 1.000000e+00 : f64, {{.*}} layer = "up"
// CHECK: hinm.permute
// CHECK: linalg.mul
// CHECK: hinm.matmul {{.*}}layer = "down"
// FOLDED-LABEL: func @gated
// FOLDED-NOT: row_index
// FOLDED: linalg.mul
// FOLDED: hinm.matmul {{.*}}layer = "down"

// Each by itself, gate stores its rows elsewhere.
// LAYER-LABEL: func @gated
// LAYER: %[[G:.*]] = hinm.matmul {{.*}} hinm.stats = {retained = 1.000000e+00 : f64, {{.*}} layer = "gate"
// LAYER: hinm.permute %[[G]]
// LAYER: hinm.matmul {{.*}} hinm.stats = {retained = 1.000000e+00 : f64, {{.*}} layer = "up"
// STORED-LABEL: func @gated
// STORED: hinm.matmul {{.*}} row_index
// STORED: linalg.mul
#p = #hinm.pattern<tile = 4, nm = 2:4, kept = 4>
func.func @gated(%x: tensor<8x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %gw = arith.constant dense<[[1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
                              [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0],
                              [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
                              [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0]]> : tensor<8x8xf32>
  %uw = arith.constant dense<[[9.0, 9.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                              [9.0, 9.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 9.0, 9.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 9.0, 9.0, 0.0, 0.0],
                              [0.0, 0.0, 9.0, 9.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 9.0, 9.0],
                              [0.0, 0.0, 0.0, 0.0, 9.0, 9.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 9.0, 9.0]]> : tensor<8x8xf32>
  %dw = arith.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]]> : tensor<1x8xf32>
  %i = tensor.empty() : tensor<8x2xf32>
  %g = hinm.matmul ins(%gw, %x : tensor<8x8xf32>, tensor<8x2xf32>) outs(%i : tensor<8x2xf32>) {layer = "gate", pattern = #p} -> tensor<8x2xf32>
  %u = hinm.matmul ins(%uw, %x : tensor<8x8xf32>, tensor<8x2xf32>) outs(%i : tensor<8x2xf32>) {layer = "up", pattern = #p} -> tensor<8x2xf32>
  %h = linalg.mul ins(%g, %u : tensor<8x2xf32>, tensor<8x2xf32>) outs(%i : tensor<8x2xf32>) -> tensor<8x2xf32>
  %y = hinm.matmul ins(%dw, %h : tensor<1x8xf32>, tensor<8x2xf32>) outs(%e : tensor<1x2xf32>) {layer = "down"} -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// Two heads of eight channels and tiles of four rows: what is inside both heads,
// of q and of k, takes one order. v keeps its channels apart from theirs.
// CHECK-LABEL: func @heads
// CHECK: hinm.matmul {{.*}} hinm.stats = {retained = 1.000000e+00 : f64, {{.*}} layer = "q"
// CHECK: hinm.permute {{.*}} tensor<16x2xf32>
// CHECK: hinm.matmul {{.*}} hinm.stats = {retained = 1.000000e+00 : f64, {{.*}} layer = "k"
// FOLDED-LABEL: func @heads
// FOLDED-NOT: row_index
// FOLDED: return
func.func @heads(%x: tensor<8x2xf32>, %s: tensor<2x2x2xf32>) -> tensor<2x2x2xf32> {
  %qw = arith.constant dense<[[1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0],
                              [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0],
                              [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0],
                              [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
                              [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
                              [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0],
                              [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
                              [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
                              [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]> : tensor<16x8xf32>
  %kw = arith.constant dense<[[0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0],
                              [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
                              [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0],
                              [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
                              [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0],
                              [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
                              [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0],
                              [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]]> : tensor<16x8xf32>
  %i = tensor.empty() : tensor<16x2xf32>
  %q = hinm.matmul ins(%qw, %x : tensor<16x8xf32>, tensor<8x2xf32>) outs(%i : tensor<16x2xf32>) {layer = "q", pattern = #p} -> tensor<16x2xf32>
  %k = hinm.matmul ins(%kw, %x : tensor<16x8xf32>, tensor<8x2xf32>) outs(%i : tensor<16x2xf32>) {layer = "k", pattern = #p} -> tensor<16x2xf32>
  %qh = tensor.expand_shape %q [[0, 1], [2]] output_shape [2, 8, 2] : tensor<16x2xf32> into tensor<2x8x2xf32>
  %kh = tensor.expand_shape %k [[0, 1], [2]] output_shape [2, 8, 2] : tensor<16x2xf32> into tensor<2x8x2xf32>
  %y = linalg.contract indexing_maps = [affine_map<(h, i, j, c) -> (h, c, i)>, affine_map<(h, i, j, c) -> (h, c, j)>, affine_map<(h, i, j, c) -> (h, i, j)>]
      ins(%qh, %kh : tensor<2x8x2xf32>, tensor<2x8x2xf32>) outs(%s : tensor<2x2x2xf32>) -> tensor<2x2x2xf32>
  return %y : tensor<2x2x2xf32>
}

// Four heads of two channels: whole heads share a tile.
// CHECK-LABEL: func @small_heads
// CHECK: hinm.matmul {{.*}} hinm.stats = {retained = 1.000000e+00 : f64, {{.*}} layer = "v"
// CHECK: hinm.permute
// FOLDED-LABEL: func @small_heads
// FOLDED: linalg.generic {{.*}} ins(%{{.*}}, %[[SCALES:.*]] :
// FOLDED-NOT: row_index
// FOLDED: return
func.func @small_heads(%x: tensor<8x2xf32>) -> tensor<2xf32> {
  %vw = arith.constant dense<[[1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0],
                              [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0]]> : tensor<8x8xf32>
  %scales = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %i = tensor.empty() : tensor<8x2xf32>
  %s = arith.constant dense<0.0> : tensor<2xf32>
  %v = hinm.matmul ins(%vw, %x : tensor<8x8xf32>, tensor<8x2xf32>) outs(%i : tensor<8x2xf32>) {layer = "v", pattern = #p} -> tensor<8x2xf32>
  %h = tensor.expand_shape %v [[0, 1], [2]] output_shape [4, 2, 2] : tensor<8x2xf32> into tensor<4x2x2xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(h, c, n) -> (h, c, n)>, affine_map<(h, c, n) -> (h)>, affine_map<(h, c, n) -> (n)>],
                       iterator_types = ["reduction", "reduction", "parallel"]}
      ins(%h, %scales : tensor<4x2x2xf32>, tensor<4xf32>) outs(%s : tensor<2xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %m = arith.mulf %a, %b : f32
    %n = arith.addf %m, %o : f32
    linalg.yield %n : f32
  } -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// Gate and up in one weight.
// CHECK-LABEL: func @fused
// CHECK: hinm.matmul {{.*}} hinm.stats = {retained = 1.000000e+00 : f64, {{.*}} layer = "gate_up"
// CHECK: hinm.permute {{.*}} tensor<16x2xf32>
// FOLDED-LABEL: func @fused
// FOLDED-NOT: row_index
// FOLDED: return
func.func @fused(%x: tensor<8x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0],
                              [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0],
                              [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0],
                              [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
                              [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
                              [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0],
                              [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
                              [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
                              [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]> : tensor<16x8xf32>
  %dw = arith.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]]> : tensor<1x8xf32>
  %i = tensor.empty() : tensor<16x2xf32>
  %j = tensor.empty() : tensor<8x2xf32>
  %a = hinm.matmul ins(%w, %x : tensor<16x8xf32>, tensor<8x2xf32>) outs(%i : tensor<16x2xf32>) {layer = "gate_up", pattern = #p} -> tensor<16x2xf32>
  %g = tensor.extract_slice %a[0, 0] [8, 2] [1, 1] : tensor<16x2xf32> to tensor<8x2xf32>
  %u = tensor.extract_slice %a[8, 0] [8, 2] [1, 1] : tensor<16x2xf32> to tensor<8x2xf32>
  %h = linalg.mul ins(%g, %u : tensor<8x2xf32>, tensor<8x2xf32>) outs(%j : tensor<8x2xf32>) -> tensor<8x2xf32>
  %y = hinm.matmul ins(%dw, %h : tensor<1x8xf32>, tensor<8x2xf32>) outs(%e : tensor<1x2xf32>) {layer = "down"} -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// Two orders at once: of the two layers that are joined, each its own, and a
// permutation of the whole vanishes only if both do.
// CHECK-LABEL: func @joined
// CHECK: hinm.matmul {{.*}} layer = "a"
// CHECK: hinm.permute
// CHECK: hinm.matmul {{.*}} layer = "b"
// CHECK: hinm.permute
// FOLDED-LABEL: func @joined
// FOLDED-NOT: row_index
// FOLDED: tensor.concat
// FOLDED-NOT: hinm.permute
// FOLDED: return
func.func @joined(%x: tensor<8x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %aw = arith.constant dense<[[1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0],
                              [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0]]> : tensor<8x8xf32>
  %bw = arith.constant dense<[[1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
                              [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0],
                              [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0],
                              [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
                              [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]> : tensor<8x8xf32>
  %dw = arith.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0]]> : tensor<1x16xf32>
  %i = tensor.empty() : tensor<8x2xf32>
  %a = hinm.matmul ins(%aw, %x : tensor<8x8xf32>, tensor<8x2xf32>) outs(%i : tensor<8x2xf32>) {layer = "a", pattern = #p} -> tensor<8x2xf32>
  %b = hinm.matmul ins(%bw, %x : tensor<8x8xf32>, tensor<8x2xf32>) outs(%i : tensor<8x2xf32>) {layer = "b", pattern = #p} -> tensor<8x2xf32>
  %c = tensor.concat dim(0) %a, %b : (tensor<8x2xf32>, tensor<8x2xf32>) -> tensor<16x2xf32>
  %y = hinm.matmul ins(%dw, %c : tensor<1x16xf32>, tensor<16x2xf32>) outs(%e : tensor<1x2xf32>) {layer = "down"} -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}
