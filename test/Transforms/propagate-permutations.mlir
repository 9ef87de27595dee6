// RUN: hinm-opt %s --hinm-propagate-permutations --split-input-file | FileCheck %s

// Through a bias, an activation and a transpose there and back; the bias takes
// the inverse order, [b, c, a] read by [2, 0, 1] being [a, b, c].
// CHECK-LABEL: func @down
// CHECK-DAG: %[[BIAS:.*]] = arith.constant dense<[2.000000e+00, 3.000000e+00, 1.000000e+00]>
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}} ins(%arg0, %[[BIAS]] :
// CHECK: %[[T:.*]] = linalg.transpose ins(%[[SUM]] :
// CHECK: %[[TANH:.*]] = math.tanh %[[T]]
// CHECK: %[[B:.*]] = linalg.transpose ins(%[[TANH]] :
// CHECK: %[[P:.*]] = hinm.permute %[[B]] by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0
// CHECK: hinm.matmul ins(%{{.*}}, %[[P]]
func.func @down(%y: tensor<3x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32>
  %bias = arith.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %i = tensor.empty() : tensor<3x2xf32>
  %j = tensor.empty() : tensor<2x3xf32>
  %p = hinm.permute %y by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%p, %bias : tensor<3x2xf32>, tensor<3xf32>) outs(%i : tensor<3x2xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %c = arith.addf %a, %b : f32
    linalg.yield %c : f32
  } -> tensor<3x2xf32>
  %t = linalg.transpose ins(%s : tensor<3x2xf32>) outs(%j : tensor<2x3xf32>) permutation = [1, 0]
  %h = math.tanh %t : tensor<2x3xf32>
  %u = linalg.transpose ins(%h : tensor<2x3xf32>) outs(%i : tensor<3x2xf32>) permutation = [1, 0]
  %z = hinm.matmul ins(%w, %u : tensor<1x3xf32>, tensor<3x2xf32>) outs(%e : tensor<1x2xf32>) -> tensor<1x2xf32>
  return %z : tensor<1x2xf32>
}

// -----

// Two operands in the same order pass together.
// CHECK-LABEL: func @same_order
// CHECK: %[[S:.*]] = arith.mulf %arg0, %arg1
// CHECK: %[[P:.*]] = hinm.permute %[[S]]
// CHECK: hinm.matmul ins(%{{.*}}, %[[P]]
func.func @same_order(%y: tensor<3x2xf32>, %g: tensor<3x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32>
  %p = hinm.permute %y by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  %q = hinm.permute %g by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  %s = arith.mulf %p, %q : tensor<3x2xf32>
  %z = hinm.matmul ins(%w, %s : tensor<1x3xf32>, tensor<3x2xf32>) outs(%e : tensor<1x2xf32>) -> tensor<1x2xf32>
  return %z : tensor<1x2xf32>
}

// -----

// Two orders (a gated unit), a use that needs the outside order, an operand
// that is no constant, a weight that is none, and the order of tokens: stays.
// CHECK-LABEL: func @two_orders
// CHECK: hinm.permute %arg0
// CHECK: hinm.permute %arg1
// CHECK: arith.mulf
// CHECK-NEXT: hinm.matmul
func.func @two_orders(%y: tensor<3x2xf32>, %g: tensor<3x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32>
  %p = hinm.permute %y by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  %q = hinm.permute %g by #hinm.permutation<dense<[0, 2, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  %s = arith.mulf %p, %q : tensor<3x2xf32>
  %z = hinm.matmul ins(%w, %s : tensor<1x3xf32>, tensor<3x2xf32>) outs(%e : tensor<1x2xf32>) -> tensor<1x2xf32>
  return %z : tensor<1x2xf32>
}

// CHECK-LABEL: func @returned
// CHECK: %[[P:.*]] = hinm.permute %arg0
// CHECK: math.tanh %[[P]]
func.func @returned(%y: tensor<3x2xf32>, %e: tensor<1x2xf32>) -> (tensor<1x2xf32>, tensor<3x2xf32>) {
  %w = arith.constant dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32>
  %p = hinm.permute %y by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  %h = math.tanh %p : tensor<3x2xf32>
  %z = hinm.matmul ins(%w, %h : tensor<1x3xf32>, tensor<3x2xf32>) outs(%e : tensor<1x2xf32>) -> tensor<1x2xf32>
  return %z, %h : tensor<1x2xf32>, tensor<3x2xf32>
}

// CHECK-LABEL: func @residual
// CHECK: %[[P:.*]] = hinm.permute %arg0
// CHECK: arith.addf %[[P]], %arg1
func.func @residual(%y: tensor<3x2xf32>, %r: tensor<3x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32>
  %p = hinm.permute %y by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  %h = arith.addf %p, %r : tensor<3x2xf32>
  %z = hinm.matmul ins(%w, %h : tensor<1x3xf32>, tensor<3x2xf32>) outs(%e : tensor<1x2xf32>) -> tensor<1x2xf32>
  return %z : tensor<1x2xf32>
}

// CHECK-LABEL: func @computed_weight
// CHECK: %[[P:.*]] = hinm.permute %arg0
// CHECK: math.tanh %[[P]]
func.func @computed_weight(%y: tensor<3x2xf32>, %w: tensor<1x3xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %p = hinm.permute %y by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  %h = math.tanh %p : tensor<3x2xf32>
  %z = hinm.matmul ins(%w, %h : tensor<1x3xf32>, tensor<3x2xf32>) outs(%e : tensor<1x2xf32>) -> tensor<1x2xf32>
  return %z : tensor<1x2xf32>
}

// CHECK-LABEL: func @tokens
// CHECK: %[[P:.*]] = hinm.permute %arg0 {{.*}} dim 1
// CHECK: math.tanh %[[P]]
func.func @tokens(%y: tensor<3x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32>
  %p = hinm.permute %y by #hinm.permutation<dense<[1, 0]> : tensor<2xi32>> dim 1 : tensor<3x2xf32>
  %h = math.tanh %p : tensor<3x2xf32>
  %z = hinm.matmul ins(%w, %h : tensor<1x3xf32>, tensor<3x2xf32>) outs(%e : tensor<1x2xf32>) -> tensor<1x2xf32>
  return %z : tensor<1x2xf32>
}

// -----

// An operation that knows its index, or sums over the channels, does not let the
// order through.
// CHECK-LABEL: func @index
// CHECK: %[[P:.*]] = hinm.permute %arg0
// CHECK: linalg.generic {{.*}} ins(%[[P]] :
func.func @index(%y: tensor<3x2xindex>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32>
  %i = tensor.empty() : tensor<3x2xf32>
  %p = hinm.permute %y by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xindex>
  %s = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%p : tensor<3x2xindex>) outs(%i : tensor<3x2xf32>) {
  ^bb0(%a: index, %o: f32):
    %d = linalg.index 0 : index
    %c = arith.addi %a, %d : index
    %n = arith.index_cast %c : index to i32
    %f = arith.sitofp %n : i32 to f32
    linalg.yield %f : f32
  } -> tensor<3x2xf32>
  %z = hinm.matmul ins(%w, %s : tensor<1x3xf32>, tensor<3x2xf32>) outs(%e : tensor<1x2xf32>) -> tensor<1x2xf32>
  return %z : tensor<1x2xf32>
}

// CHECK-LABEL: func @reduction
// CHECK: %[[P:.*]] = hinm.permute %arg0
// CHECK: linalg.generic {{.*}} ins(%[[P]] :
func.func @reduction(%y: tensor<3x2xf32>, %i: tensor<2xf32>) -> tensor<2xf32> {
  %p = hinm.permute %y by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>],
                       iterator_types = ["reduction", "parallel"]}
      ins(%p : tensor<3x2xf32>) outs(%i : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %c = arith.addf %a, %o : f32
    linalg.yield %c : f32
  } -> tensor<2xf32>
  return %s : tensor<2xf32>
}
