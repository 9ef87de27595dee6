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
