// RUN: hinm-opt %s --hinm-floats-to-integers --split-input-file --verify-diagnostics | FileCheck %s

// Integers are themselves, and minus infinity is the smallest.
// CHECK-LABEL: func @arithmetic(
// CHECK-SAME: %[[A:.*]]: i32, %[[B:.*]]: i32) -> (i32, i1)
func.func @arithmetic(%a: f32, %b: f16) -> (f32, i1) {
  // CHECK-DAG: %[[C:.*]] = arith.constant 3 : i32
  // CHECK-DAG: %[[LOW:.*]] = arith.constant -2147483648 : i32
  %c = arith.constant 3.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %w = arith.extf %b : f16 to f32
  // CHECK: %[[P:.*]] = arith.muli %[[A]], %[[B]]
  %p = arith.mulf %a, %w : f32
  // CHECK: %[[S:.*]] = arith.addi %[[P]], %[[C]]
  %s = arith.addf %p, %c : f32
  // CHECK: %[[M:.*]] = arith.maxsi %[[S]], %[[LOW]]
  %m = arith.maximumf %s, %low : f32
  // CHECK: %[[L:.*]] = arith.cmpi slt, %[[M]], %[[A]]
  %l = arith.cmpf olt, %m, %a : f32
  // CHECK: return %[[M]], %[[L]]
  return %m, %l : f32, i1
}

// CHECK-LABEL: func @constants
// CHECK: arith.constant dense<[1, [[HALF:[0-9]+]], -[[HALF]]]> : tensor<3xi32>
// CHECK: arith.constant dense<1> : tensor<2xi32>
func.func @constants() -> (tensor<3xf32>, tensor<2xbf16>) {
  %a = arith.constant dense<[1.0, 0.5, -0.5]> : tensor<3xf32>
  %b = arith.constant dense<1.0> : tensor<2xbf16>
  return %a, %b : tensor<3xf32>, tensor<2xbf16>
}

// A quotient is a product with a hash of the divisor, and a function a hash.
// CHECK-LABEL: func @functions(
// CHECK-SAME: %[[A:.*]]: i32, %[[B:.*]]: i32
// CHECK: %[[H:.*]] = arith.xori %{{.*}}, %[[B]]
// CHECK: %[[Q:.*]] = arith.muli %[[A]], %{{.*}}
// CHECK: arith.xori %{{.*}}, %[[Q]]
// CHECK-NOT: math.exp
func.func @functions(%a: f32, %b: f32) -> f32 {
  %q = arith.divf %a, %b : f32
  %e = math.exp %q : f32
  return %e : f32
}

// Named operations become generic ones: their bodies are not what their names say.
// CHECK-LABEL: func @named
// CHECK: linalg.generic
// CHECK: arith.muli
// CHECK: arith.addi
func.func @named(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>, %c: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %y = linalg.matmul ins(%a, %b : tensor<2x3xf32>, tensor<3x4xf32>) outs(%c : tensor<2x4xf32>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// -----

func.func @bits(%a: f32) -> i32 {
  // expected-error @+1 {{'arith.bitcast' op reads the bits of a float}}
  %b = arith.bitcast %a : f32 to i32
  return %b : i32
}

// -----

func.func @tensors(%a: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{'arith.addf' op is on tensors; run convert-elementwise-to-linalg before}}
  %b = arith.addf %a, %a : tensor<2xf32>
  return %b : tensor<2xf32>
}

// -----

func.func @elided() -> tensor<2xf32> {
  // expected-error @+1 {{'arith.constant' op has no data to compute with: its resource is elided, missing, or of another size than its type}}
  %b = arith.constant dense_resource<__elided__> : tensor<2xf32>
  return %b : tensor<2xf32>
}

// -----

func.func @layer(%x: tensor<2x3xf32>, %i: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %w = arith.constant dense<1.0> : tensor<2x2xf32>
  // expected-error @+1 {{'hinm.matmul' op computes with floats in a way that is not written out; lower it to linalg before}}
  %y = hinm.matmul ins(%w, %x : tensor<2x2xf32>, tensor<2x3xf32>) outs(%i : tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
