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

// Of two orders (a gated unit) one passes, and the other becomes the difference.
// CHECK-LABEL: func @two_orders
// CHECK: %[[Q:.*]] = hinm.permute %arg0 by #hinm.permutation<dense<[2, 1, 0]> : tensor<3xi32>>
// CHECK: %[[S:.*]] = arith.mulf %[[Q]], %arg1
// CHECK-NEXT: %[[P:.*]] = hinm.permute %[[S]] by #hinm.permutation<dense<[0, 2, 1]> : tensor<3xi32>>
// CHECK-NEXT: hinm.matmul ins(%{{.*}}, %[[P]]
func.func @two_orders(%y: tensor<3x2xf32>, %g: tensor<3x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32>
  %p = hinm.permute %y by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  %q = hinm.permute %g by #hinm.permutation<dense<[0, 2, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  %s = arith.mulf %p, %q : tensor<3x2xf32>
  %z = hinm.matmul ins(%w, %s : tensor<1x3xf32>, tensor<3x2xf32>) outs(%e : tensor<1x2xf32>) -> tensor<1x2xf32>
  return %z : tensor<1x2xf32>
}

// A use that needs the outside order, an operand that has it, a weight that is no
// constant: stays.
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

// An order of tokens goes through a layer, to where fewer bytes are permuted.
// CHECK-LABEL: func @tokens
// CHECK: math.tanh %arg0
// CHECK: %[[Y:.*]] = hinm.matmul
// CHECK: %[[P:.*]] = hinm.permute %[[Y]] by #hinm.permutation<dense<[1, 0]> : tensor<2xi32>> dim 1 : tensor<1x2xf32>
// CHECK: return %[[P]]
func.func @tokens(%y: tensor<3x2xf32>, %e: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32>
  %p = hinm.permute %y by #hinm.permutation<dense<[1, 0]> : tensor<2xi32>> dim 1 : tensor<3x2xf32>
  %h = math.tanh %p : tensor<3x2xf32>
  %z = hinm.matmul ins(%w, %h : tensor<1x3xf32>, tensor<3x2xf32>) outs(%e : tensor<1x2xf32>) -> tensor<1x2xf32>
  return %z : tensor<1x2xf32>
}

// -----

// An operation that knows its index does not let the order through.
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

// A sum does not care.
// CHECK-LABEL: func @reduction
// CHECK-NOT: hinm.permute
// CHECK: linalg.generic {{.*}} ins(%arg0 :
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

// -----

// A residual stream: two layers write to it, one reads it, a norm scales it, and
// its first value is a table. All of it takes one order; the constants are
// copied, as the other user of %g is in none.
// CHECK-LABEL: func @stream
// CHECK-DAG: %[[SCALE:.*]] = arith.constant dense<[2.000000e+00, 3.000000e+00, 1.000000e+00]>
// CHECK-DAG: %[[PLAIN:.*]] = arith.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]>
// CHECK-DAG: %[[TABLE:.*]] = arith.constant dense<{{\[}}[2.000000e+00, 2.000000e+01], [3.000000e+00, 3.000000e+01], [1.000000e+00, 1.000000e+01]]>
// CHECK: %[[A:.*]] = hinm.matmul
// CHECK-NEXT: arith.addf %[[TABLE]], %[[A]]
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[SCALE]] :
// CHECK: %[[B:.*]] = hinm.matmul
// CHECK-NEXT: %[[SUM:.*]] = arith.addf %{{.*}}, %[[B]]
// CHECK-NEXT: %[[P:.*]] = hinm.permute %[[SUM]] by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>>
// CHECK-NEXT: hinm.matmul ins(%{{.*}}, %[[P]]
// CHECK: return %{{.*}}, %[[PLAIN]]
#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
func.func @stream(%x: tensor<3x2xf32>, %e: tensor<1x2xf32>) -> (tensor<1x2xf32>, tensor<3xf32>) {
  %w = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]> : tensor<3x3xf32>
  %h = arith.constant dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32>
  %t = arith.constant dense<[[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]> : tensor<3x2xf32>
  %g = arith.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %i = tensor.empty() : tensor<3x2xf32>
  %a = hinm.matmul ins(%w, %x : tensor<3x3xf32>, tensor<3x2xf32>) outs(%i : tensor<3x2xf32>)
      {pattern = #hinm.pattern<tile = 1, nm = 2:4, policy = all>} -> tensor<3x2xf32>
  %pa = hinm.permute %a by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  %r = arith.addf %t, %pa : tensor<3x2xf32>
  %n = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%r, %g : tensor<3x2xf32>, tensor<3xf32>) outs(%i : tensor<3x2xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %m = arith.mulf %p, %q : f32
    linalg.yield %m : f32
  } -> tensor<3x2xf32>
  %b = hinm.matmul ins(%w, %x : tensor<3x3xf32>, tensor<3x2xf32>) outs(%i : tensor<3x2xf32>)
      {pattern = #hinm.pattern<tile = 1, nm = 2:4, policy = all>} -> tensor<3x2xf32>
  %pb = hinm.permute %b by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  %s = arith.addf %n, %pb : tensor<3x2xf32>
  %z = hinm.matmul ins(%h, %s : tensor<1x3xf32>, tensor<3x2xf32>) outs(%e : tensor<1x2xf32>) -> tensor<1x2xf32>
  return %z, %g : tensor<1x2xf32>, tensor<3xf32>
}

// -----

// Blocks: the layer reads channel after channel of two pixels each.
// CHECK-LABEL: func @flatten
// CHECK: %[[F:.*]] = tensor.collapse_shape %arg0
// CHECK: %[[X:.*]] = tensor.expand_shape %[[F]]
// CHECK: %[[P:.*]] = hinm.permute %[[X]] by #hinm.permutation<dense<[4, 5, 0, 1, 2, 3]> : tensor<6xi32>> dim 0
// CHECK: hinm.matmul ins(%{{.*}}, %[[P]]
func.func @flatten(%y: tensor<3x2xf32>, %e: tensor<1x1xf32>) -> tensor<1x1xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]> : tensor<1x6xf32>
  %p = hinm.permute %y by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  %f = tensor.collapse_shape %p [[0, 1]] : tensor<3x2xf32> into tensor<6xf32>
  %x = tensor.expand_shape %f [[0, 1]] output_shape [6, 1] : tensor<6xf32> into tensor<6x1xf32>
  %z = hinm.matmul ins(%w, %x : tensor<1x6xf32>, tensor<6x1xf32>) outs(%e : tensor<1x1xf32>) -> tensor<1x1xf32>
  return %z : tensor<1x1xf32>
}

// -----

// Up, to the layer that can store its rows in another order.
// CHECK-LABEL: func @up
// CHECK: %[[A:.*]] = hinm.matmul
// CHECK-NEXT: %[[P:.*]] = hinm.permute %[[A]]
// CHECK-NEXT: %[[H:.*]] = math.tanh %[[P]]
// CHECK-NEXT: return %[[H]]
func.func @up(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]> : tensor<3x3xf32>
  %i = tensor.empty() : tensor<3x2xf32>
  %a = hinm.matmul ins(%w, %x : tensor<3x3xf32>, tensor<3x2xf32>) outs(%i : tensor<3x2xf32>) -> tensor<3x2xf32>
  %h = math.tanh %a : tensor<3x2xf32>
  %p = hinm.permute %h by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  return %p : tensor<3x2xf32>
}

// -----

// Through a private function and a loop; not through one that others may call.
// CHECK-LABEL: func @calls
// CHECK-NOT: hinm.permute
// CHECK: %[[C:.*]] = call @inner(%arg0)
// CHECK: %[[L:.*]] = scf.for {{.*}} iter_args(%[[S:.*]] = %[[C]])
// CHECK: math.tanh %[[S]]
// CHECK: %[[P:.*]] = hinm.permute %[[L]]
// CHECK: hinm.matmul ins(%{{.*}}, %[[P]]
// CHECK-LABEL: func @outer
// CHECK: %[[P:.*]] = hinm.permute %arg0
// CHECK: call @public(%[[P]])
func.func @calls(%y: tensor<3x2xf32>, %e: tensor<1x2xf32>, %n: index) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %p = hinm.permute %y by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  %c = func.call @inner(%p) : (tensor<3x2xf32>) -> tensor<3x2xf32>
  %l = scf.for %i = %zero to %n step %one iter_args(%s = %c) -> (tensor<3x2xf32>) {
    %t = math.tanh %s : tensor<3x2xf32>
    scf.yield %t : tensor<3x2xf32>
  }
  %z = hinm.matmul ins(%w, %l : tensor<1x3xf32>, tensor<3x2xf32>) outs(%e : tensor<1x2xf32>) -> tensor<1x2xf32>
  return %z : tensor<1x2xf32>
}
func.func @outer(%y: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %p = hinm.permute %y by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  %c = func.call @public(%p) : (tensor<3x2xf32>) -> tensor<3x2xf32>
  return %c : tensor<3x2xf32>
}
func.func private @inner(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %e = math.exp %x : tensor<3x2xf32>
  return %e : tensor<3x2xf32>
}
func.func @public(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %e = math.exp %x : tensor<3x2xf32>
  return %e : tensor<3x2xf32>
}

// -----

// The columns of an embedding table.
// CHECK-LABEL: func @embedding
// CHECK: %[[TABLE:.*]] = arith.constant dense<{{\[}}[2.000000e+00, 3.000000e+00, 1.000000e+00], [5.000000e+00, 6.000000e+00, 4.000000e+00]]>
// CHECK: tensor.extract %[[TABLE]]
// CHECK-NOT: hinm.permute
func.func @embedding(%ids: tensor<4xi64>) -> tensor<4xf32> {
  %table = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %i = tensor.empty() : tensor<4x3xf32>
  %zero = arith.constant dense<0.0> : tensor<4xf32>
  %x = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%ids : tensor<4xi64>) outs(%i : tensor<4x3xf32>) {
  ^bb0(%t: i64, %o: f32):
    %r = arith.index_cast %t : i64 to index
    %c = linalg.index 1 : index
    %e = tensor.extract %table[%r, %c] : tensor<2x3xf32>
    linalg.yield %e : f32
  } -> tensor<4x3xf32>
  %p = hinm.permute %x by #hinm.permutation<dense<[1, 2, 0]> : tensor<3xi32>> dim 1 : tensor<4x3xf32>
  %h = math.tanh %p : tensor<4x3xf32>
  %q = hinm.permute %h by #hinm.permutation<dense<[0, 2, 1]> : tensor<3xi32>> dim 1 : tensor<4x3xf32>
  %w = arith.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %s = linalg.matvec ins(%q, %w : tensor<4x3xf32>, tensor<3xf32>) outs(%zero : tensor<4xf32>) -> tensor<4xf32>
  return %s : tensor<4xf32>
}

// -----

// A slice that cuts off the rounds of a stride pins all of the dimension, in
// several parts: one permute gives it back, once.
// CHECK-LABEL: func @cut
// CHECK: %[[R:.*]] = linalg.{{reduce|generic}}{{.*}}ins(%arg0 :
// CHECK: %[[P:.*]] = hinm.permute %[[R]] by #hinm.permutation<dense<[1, 2, 3, 4, 5, 6, 0]> : tensor<7xi32>> dim 0 : tensor<7xf32>
// CHECK-NOT: hinm.permute
// CHECK: tensor.extract_slice %[[P]][0] [4] [2]
func.func @cut(%x: tensor<7x64xf32>) -> tensor<4xf32> {
  %p = hinm.permute %x by #hinm.permutation<dense<[1, 2, 3, 4, 5, 6, 0]> : tensor<7xi32>> dim 0 : tensor<7x64xf32>
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<7xf32>
  %i = linalg.fill ins(%z : f32) outs(%e : tensor<7xf32>) -> tensor<7xf32>
  %r = linalg.reduce { arith.addf } ins(%p : tensor<7x64xf32>) outs(%i : tensor<7xf32>) dimensions = [1]
  %s = tensor.extract_slice %r[0] [4] [2] : tensor<7xf32> to tensor<4xf32>
  return %s : tensor<4xf32>
}

// -----

// Two orders that a permute wants gone at once, and another permute from the one
// class to the other: what that would save cannot be foreseen.
// CHECK-LABEL: func @between
// CHECK: %[[P:.*]] = hinm.permute %arg0 by #hinm.permutation<dense<[1, 0, 2, 5, 3, 4]>
// CHECK: %[[S:.*]] = tensor.extract_slice %[[P]][0, 0]
// CHECK: %[[T:.*]] = tensor.extract_slice %[[P]][3, 0]
// CHECK: %[[Q:.*]] = hinm.permute %[[S]] by #hinm.permutation<dense<[2, 0, 1]>
// CHECK: arith.addf %[[Q]], %[[T]]
func.func @between(%x: tensor<6x8xf32>) -> tensor<3x8xf32> {
  %p = hinm.permute %x by #hinm.permutation<dense<[1, 0, 2, 5, 3, 4]> : tensor<6xi32>> dim 0 : tensor<6x8xf32>
  %s = tensor.extract_slice %p[0, 0] [3, 8] [1, 1] : tensor<6x8xf32> to tensor<3x8xf32>
  %t = tensor.extract_slice %p[3, 0] [3, 8] [1, 1] : tensor<6x8xf32> to tensor<3x8xf32>
  %q = hinm.permute %s by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x8xf32>
  %r = arith.addf %q, %t : tensor<3x8xf32>
  return %r : tensor<3x8xf32>
}

// -----

// Two orders at once, of the parts of a dimension, into two layers.
// CHECK-LABEL: func @parts
// CHECK: %[[H:.*]] = math.tanh %arg0
// CHECK: %[[S:.*]] = tensor.extract_slice %[[H]][0, 0]
// CHECK: hinm.permute %[[S]] by #hinm.permutation<dense<[1, 0, 2]>
// CHECK: %[[T:.*]] = tensor.extract_slice %[[H]][3, 0]
// CHECK: hinm.permute %[[T]] by #hinm.permutation<dense<[2, 0, 1]>
// CHECK: return
func.func @parts(%x: tensor<6x8xf32>, %e: tensor<1x8xf32>) -> (tensor<1x8xf32>, tensor<1x8xf32>) {
  %w = arith.constant dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32>
  %p = hinm.permute %x by #hinm.permutation<dense<[1, 0, 2, 5, 3, 4]> : tensor<6xi32>> dim 0 : tensor<6x8xf32>
  %h = math.tanh %p : tensor<6x8xf32>
  %s = tensor.extract_slice %h[0, 0] [3, 8] [1, 1] : tensor<6x8xf32> to tensor<3x8xf32>
  %t = tensor.extract_slice %h[3, 0] [3, 8] [1, 1] : tensor<6x8xf32> to tensor<3x8xf32>
  %y = hinm.matmul ins(%w, %s : tensor<1x3xf32>, tensor<3x8xf32>) outs(%e : tensor<1x8xf32>) -> tensor<1x8xf32>
  %z = hinm.matmul ins(%w, %t : tensor<1x3xf32>, tensor<3x8xf32>) outs(%e : tensor<1x8xf32>) -> tensor<1x8xf32>
  return %y, %z : tensor<1x8xf32>, tensor<1x8xf32>
}
