// RUN: hinm-opt %s --hinm-print-channel-orders=format=dot -o /dev/null 2>&1 | FileCheck %s

// CHECK: digraph channel_orders {
// CHECK-DAG: op[[A:[0-9]+]] [label="'hinm.matmul' \"up\"", shape=ellipse];
// CHECK-DAG: op[[B:[0-9]+]] [label="'hinm.matmul' \"down\"", shape=ellipse];
// CHECK-DAG: class[[C:[0-9]+]] [label="8 units"];
// CHECK-DAG: op[[A]] -> class[[C]];
// CHECK-DAG: class[[C]] -> op[[B]];
// CHECK-DAG: -> class[[D:[0-9]+]] [style=dashed, label="its results go outside"];
// CHECK-DAG: class[[D]] [label="4 units", style=filled];
// CHECK: }
func.func @main(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w = arith.constant dense<1.0> : tensor<8x4xf32>
  %v = arith.constant dense<1.0> : tensor<4x8xf32>
  %e = tensor.empty() : tensor<8x2xf32>
  %f = tensor.empty() : tensor<4x2xf32>
  %u = hinm.matmul ins(%w, %x : tensor<8x4xf32>, tensor<4x2xf32>) outs(%e : tensor<8x2xf32>) {layer = "up"} -> tensor<8x2xf32>
  %t = math.tanh %u : tensor<8x2xf32>
  %y = hinm.matmul ins(%v, %t : tensor<4x8xf32>, tensor<8x2xf32>) outs(%f : tensor<4x2xf32>) {layer = "down"} -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}
