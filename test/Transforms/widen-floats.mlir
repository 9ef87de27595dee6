// RUN: hinm-opt %s --hinm-widen-floats --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: func @constants(
// CHECK-SAME: %[[X:.*]]: tensor<2xf64>) -> tensor<2xf64>
func.func @constants(%x: tensor<2xf32>) -> tensor<2xf32> {
  // CHECK: %[[C:.*]] = arith.constant dense<[1.000000e+00, 2.500000e+00]> : tensor<2xf64>
  %c = arith.constant dense<[1.0, 2.5]> : tensor<2xf32>
  // 0.1 stays the f32 nearest to 0.1: only the arithmetic is widened.
  // CHECK: %[[S:.*]] = arith.constant dense<0.10000000149011612> : tensor<2xf64>
  %s = arith.constant dense<0.1> : tensor<2xf32>
  // CHECK: %[[SUM:.*]] = arith.addf %[[X]], %[[C]] : tensor<2xf64>
  %sum = arith.addf %x, %c : tensor<2xf32>
  // CHECK: arith.mulf %[[SUM]], %[[S]] : tensor<2xf64>
  %p = arith.mulf %sum, %s : tensor<2xf32>
  return %p : tensor<2xf32>
}

// CHECK-LABEL: func @casts_vanish(
// CHECK-SAME: %[[X:.*]]: tensor<2xf64>
// CHECK-NEXT: return %[[X]]
func.func @casts_vanish(%x: tensor<2xf32>) -> tensor<2xf32> {
  %h = arith.truncf %x : tensor<2xf32> to tensor<2xf16>
  %w = arith.extf %h : tensor<2xf16> to tensor<2xf32>
  return %w : tensor<2xf32>
}

// CHECK-LABEL: func @generic(
// CHECK: ^bb0(%{{.*}}: f64, %{{.*}}: f64):
// CHECK: arith.constant 1.500000e+00 : f64
func.func @generic(%x: tensor<4xf16>, %o: tensor<4xf16>) -> tensor<4xf16> {
  %y = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
                       iterator_types = ["parallel"]}
      ins(%x : tensor<4xf16>) outs(%o : tensor<4xf16>) {
  ^bb0(%in: f16, %out: f16):
    %k = arith.constant 1.5 : f16
    %m = arith.mulf %in, %k : f16
    linalg.yield %m : f16
  } -> tensor<4xf16>
  return %y : tensor<4xf16>
}

// CHECK-LABEL: func @vectors(
func.func @vectors() -> (vector<2xf32>, vector<2xf32>) {
  // CHECK-DAG: arith.constant dense<0.000000e+00> : vector<2xf64>
  %s = arith.constant dense<0.0> : vector<2xf32>
  // CHECK-DAG: arith.constant dense<[1.000000e+00, 2.000000e+00]> : vector<2xf64>
  %c = arith.constant dense<[1.0, 2.0]> : vector<2xf32>
  return %s, %c : vector<2xf32>, vector<2xf32>
}

// -----

func.func @elided() -> tensor<2xf32> {
  // expected-error @below {{has no data to evaluate with}}
  %c = arith.constant dense_resource<__elided__> : tensor<2xf32>
  return %c : tensor<2xf32>
}

// -----

func.func @bits(%x: tensor<2xf32>) -> tensor<2xi32> {
  // expected-error @below {{reads the bits of a float}}
  %b = arith.bitcast %x : tensor<2xf32> to tensor<2xi32>
  return %b : tensor<2xi32>
}
