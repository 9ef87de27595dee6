// RUN: hinm-opt %s --hinm-print-channel-orders --allow-unregistered-dialect --split-input-file -o /dev/null 2>&1 | FileCheck %s
// RUN: hinm-opt %s --hinm-print-channel-orders=all --allow-unregistered-dialect --split-input-file -o /dev/null 2>&1 | FileCheck %s --check-prefix=ALL
// RUN: not hinm-opt %s --hinm-print-channel-orders=format=html --allow-unregistered-dialect --split-input-file -o /dev/null 2>&1 | FileCheck %s --check-prefix=FORMAT

// FORMAT: error: unknown format 'html', expected text or dot

// gate and up of a gated unit, and the layer that reads their product.
// CHECK: class {{[0-9]+}}: 4 units, 1 values, 0 constants, pinned
// CHECK-NEXT: consumed by 'hinm.matmul' "gate" operand 1 dim 0
// CHECK-NEXT: consumed by 'hinm.matmul' "up" operand 1 dim 0
// CHECK-NEXT: pinned at 'func.func' "main" argument 0 dim 0: 'func.func' "main": its arguments come from outside
// CHECK: class {{[0-9]+}}: 4 units, 1 values, 0 constants, pinned
// CHECK-NEXT: produced by 'hinm.matmul' "down" result 0 dim 0
// CHECK-NEXT: pinned at 'func.return' operand 0 dim 0: 'func.func' "main": its results go outside
// CHECK: class {{[0-9]+}}: 8 units, 4 values, 1 constants, free
// CHECK-NEXT: produced by 'hinm.matmul' "gate" result 0 dim 0
// CHECK-NEXT: produced by 'hinm.matmul' "up" result 0 dim 0
// CHECK-NEXT: consumed by 'hinm.matmul' "down" operand 1 dim 0
// ALL: class {{[0-9]+}}: 2 units, {{.*}}pinned
func.func @main(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w = arith.constant dense<1.0> : tensor<8x4xf32>
  %v = arith.constant dense<1.0> : tensor<4x8xf32>
  %b = arith.constant dense<[[1.0, 2.0], [1.0, 2.0], [1.0, 2.0], [1.0, 2.0], [1.0, 2.0], [1.0, 2.0], [1.0, 2.0], [1.0, 2.0]]> : tensor<8x2xf32>
  %e = tensor.empty() : tensor<8x2xf32>
  %f = tensor.empty() : tensor<4x2xf32>
  %g = hinm.matmul ins(%w, %x : tensor<8x4xf32>, tensor<4x2xf32>) outs(%e : tensor<8x2xf32>) {layer = "gate"} -> tensor<8x2xf32>
  %u = hinm.matmul ins(%w, %x : tensor<8x4xf32>, tensor<4x2xf32>) outs(%e : tensor<8x2xf32>) {layer = "up"} -> tensor<8x2xf32>
  %p = linalg.mul ins(%g, %u : tensor<8x2xf32>, tensor<8x2xf32>) outs(%e : tensor<8x2xf32>) -> tensor<8x2xf32>
  %q = linalg.add ins(%p, %b : tensor<8x2xf32>, tensor<8x2xf32>) outs(%e : tensor<8x2xf32>) -> tensor<8x2xf32>
  %y = hinm.matmul ins(%v, %q : tensor<4x8xf32>, tensor<8x2xf32>) outs(%f : tensor<4x2xf32>) {layer = "down"} -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

// Depthwise convolution and pooling keep the channels apart; what they do to the
// pixels is no matter of theirs.
// CHECK: class {{[0-9]+}}: 8 units, 4 values, 1 constants, free
// CHECK-NEXT: produced by 'hinm.matmul' "expand" result 0 dim 0
// CHECK-NEXT: consumed by 'hinm.matmul' "project" operand 1 dim 0
func.func @depthwise(%x: tensor<4x16xf32>, %y: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %w = arith.constant dense<1.0> : tensor<8x4xf32>
  %v = arith.constant dense<1.0> : tensor<4x8xf32>
  %k = arith.constant dense<[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]], [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]], [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]], [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]], [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]], [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]], [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]], [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]]> : tensor<8x3x3xf32>
  %e = tensor.empty() : tensor<8x16xf32>
  %f = tensor.empty() : tensor<1x8x2x2xf32>
  %g = hinm.matmul ins(%w, %x : tensor<8x4xf32>, tensor<4x16xf32>) outs(%e : tensor<8x16xf32>) {layer = "expand"} -> tensor<8x16xf32>
  %i = tensor.expand_shape %g [[0, 1], [2, 3]] output_shape [1, 8, 4, 4] : tensor<8x16xf32> into tensor<1x8x4x4xf32>
  %d = linalg.depthwise_conv_2d_nchw_chw ins(%i, %k : tensor<1x8x4x4xf32>, tensor<8x3x3xf32>) outs(%f : tensor<1x8x2x2xf32>) -> tensor<1x8x2x2xf32>
  %m = tensor.collapse_shape %d [[0, 1], [2, 3]] : tensor<1x8x2x2xf32> into tensor<8x4xf32>
  %z = hinm.matmul ins(%v, %m : tensor<4x8xf32>, tensor<8x4xf32>) outs(%y : tensor<4x4xf32>) {layer = "project"} -> tensor<4x4xf32>
  return %z : tensor<4x4xf32>
}

// -----

// Parts of a dimension have orders of their own; what pins one, and why.
// CHECK: class [[CONCAT:[0-9]+]]: 8 units, 2 values, 0 constants, free
// CHECK-NEXT: produced by 'hinm.matmul' "concat" result 0 dim 0{{$}}
// CHECK: class [[LOW:[0-9]+]]: 2 units, 1 values, 0 constants, free
// CHECK-NEXT: produced by 'hinm.matmul' "slice" result 0 dim 0 = (c[[LOW]] + c[[MIDDLE:[0-9]+]] + c[[HIGH:[0-9]+]])
// CHECK: class [[MIDDLE]]: 4 units, 2 values, 0 constants, free
// CHECK: class [[HIGH]]: 2 units, 1 values, 0 constants, free
// CHECK: class {{[0-9]+}}: 2 units, 2 values, 0 constants, free
// CHECK-NEXT: produced by 'hinm.matmul' "insert" result 0 dim 0 = (c{{[0-9]+}} + c[[REPLACED:[0-9]+]] + c{{[0-9]+}})
// CHECK: class [[REPLACED]]: 4 units, 1 values, 0 constants, free
// CHECK: class {{[0-9]+}}: 8 units, 2 values, 0 constants, free
// CHECK-NEXT: produced by 'hinm.matmul' "pad" result 0 dim 0{{$}}
// CHECK: produced by 'hinm.matmul' "moving" result 0 dim 0
// CHECK-NEXT: pinned at 'tensor.extract_slice' operand 0 dim 0: 'tensor.extract_slice': it takes a part of the dimension that is known only at run time
// CHECK: produced by 'hinm.matmul' "index" result 0 dim 0
// CHECK-NEXT: pinned at 'linalg.generic' operand 0 dim 0: 'linalg.generic': its body reads the index
// CHECK: produced by 'hinm.matmul' "unknown" result 0 dim 0
// CHECK-NEXT: pinned at 'test.op' operand 0 dim 0: 'test.op': hinm does not know what an order does to it (see ChannelOrderOpInterface)
// CHECK: produced by 'hinm.matmul' "elided" result 0 dim 0
// CHECK-NEXT: pinned at 'arith.addf' operand 1 dim 0: 'arith.addf': it reads a constant without data
func.func @pins(%x: tensor<4x2xf32>, %at: index) {
  %w = arith.constant dense<1.0> : tensor<8x4xf32>
  %e = tensor.empty() : tensor<8x2xf32>
  %a = hinm.matmul ins(%w, %x : tensor<8x4xf32>, tensor<4x2xf32>) outs(%e : tensor<8x2xf32>) {layer = "concat"} -> tensor<8x2xf32>
  %a1 = tensor.concat dim(0) %a, %x : (tensor<8x2xf32>, tensor<4x2xf32>) -> tensor<12x2xf32>
  %b = hinm.matmul ins(%w, %x : tensor<8x4xf32>, tensor<4x2xf32>) outs(%e : tensor<8x2xf32>) {layer = "slice"} -> tensor<8x2xf32>
  %b1 = tensor.extract_slice %b[2, 0] [4, 2] [1, 1] : tensor<8x2xf32> to tensor<4x2xf32>
  %c = hinm.matmul ins(%w, %x : tensor<8x4xf32>, tensor<4x2xf32>) outs(%e : tensor<8x2xf32>) {layer = "insert"} -> tensor<8x2xf32>
  %c1 = tensor.insert_slice %x into %c[2, 0] [4, 2] [1, 1] : tensor<4x2xf32> into tensor<8x2xf32>
  %d = hinm.matmul ins(%w, %x : tensor<8x4xf32>, tensor<4x2xf32>) outs(%e : tensor<8x2xf32>) {layer = "pad"} -> tensor<8x2xf32>
  %zero = arith.constant 0.0 : f32
  %d1 = tensor.pad %d low[1, 0] high[0, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  } : tensor<8x2xf32> to tensor<9x2xf32>
  %v = hinm.matmul ins(%w, %x : tensor<8x4xf32>, tensor<4x2xf32>) outs(%e : tensor<8x2xf32>) {layer = "moving"} -> tensor<8x2xf32>
  %v1 = tensor.extract_slice %v[%at, 0] [4, 2] [1, 1] : tensor<8x2xf32> to tensor<4x2xf32>
  %f = hinm.matmul ins(%w, %x : tensor<8x4xf32>, tensor<4x2xf32>) outs(%e : tensor<8x2xf32>) {layer = "index"} -> tensor<8x2xf32>
  %g = tensor.empty() : tensor<8x2xindex>
  %f1 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>],
                        iterator_types = ["parallel", "parallel"]}
      ins(%f : tensor<8x2xf32>) outs(%g : tensor<8x2xindex>) {
  ^bb0(%p: f32, %o: index):
    %k = linalg.index 0 : index
    %q = arith.fptosi %p : f32 to i32
    %r = arith.index_cast %q : i32 to index
    %s = arith.addi %k, %r : index
    linalg.yield %s : index
  } -> tensor<8x2xindex>
  %h = hinm.matmul ins(%w, %x : tensor<8x4xf32>, tensor<4x2xf32>) outs(%e : tensor<8x2xf32>) {layer = "unknown"} -> tensor<8x2xf32>
  "test.op"(%h) : (tensor<8x2xf32>) -> ()
  %l = hinm.matmul ins(%w, %x : tensor<8x4xf32>, tensor<4x2xf32>) outs(%e : tensor<8x2xf32>) {layer = "elided"} -> tensor<8x2xf32>
  %m = arith.constant dense_resource<__elided__> : tensor<8x2xf32>
  %l1 = arith.addf %l, %m : tensor<8x2xf32>
  return
}

// -----

// Heads: whole ones may change places, and the channels in all of them alike.
// CHECK: class [[HEADS:[0-9]+]]: 2 units, {{.*}} free
// CHECK-NEXT: produced by 'hinm.matmul' "q" result 0 dim 0 = (c[[HEADS]] x c[[INSIDE:[0-9]+]])
// CHECK-NEXT: produced by 'hinm.matmul' "k" result 0 dim 0 = (c[[HEADS]] x c[[INSIDE]])
// CHECK: class [[INSIDE]]: 4 units, {{.*}} free
func.func @heads(%x: tensor<4x3xf32>) -> tensor<3x3xf32> {
  %w = arith.constant dense<1.0> : tensor<8x4xf32>
  %e = tensor.empty() : tensor<8x3xf32>
  %s = tensor.empty() : tensor<2x3x3xf32>
  %r = tensor.empty() : tensor<3x3xf32>
  %q = hinm.matmul ins(%w, %x : tensor<8x4xf32>, tensor<4x3xf32>) outs(%e : tensor<8x3xf32>) {layer = "q"} -> tensor<8x3xf32>
  %k = hinm.matmul ins(%w, %x : tensor<8x4xf32>, tensor<4x3xf32>) outs(%e : tensor<8x3xf32>) {layer = "k"} -> tensor<8x3xf32>
  %q1 = tensor.expand_shape %q [[0, 1], [2]] output_shape [2, 4, 3] : tensor<8x3xf32> into tensor<2x4x3xf32>
  %k1 = tensor.expand_shape %k [[0, 1], [2]] output_shape [2, 4, 3] : tensor<8x3xf32> into tensor<2x4x3xf32>
  %qk = linalg.generic {indexing_maps = [affine_map<(h, i, j, c) -> (h, c, i)>, affine_map<(h, i, j, c) -> (h, c, j)>, affine_map<(h, i, j, c) -> (h, i, j)>],
                        iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%q1, %k1 : tensor<2x4x3xf32>, tensor<2x4x3xf32>) outs(%s : tensor<2x3x3xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %m = arith.mulf %a, %b : f32
    %n = arith.addf %m, %o : f32
    linalg.yield %n : f32
  } -> tensor<2x3x3xf32>
  %t = linalg.reduce ins(%qk : tensor<2x3x3xf32>) outs(%r : tensor<3x3xf32>) dimensions = [0]
    (%a: f32, %b: f32) {
      %n = arith.addf %a, %b : f32
      linalg.yield %n : f32
    }
  return %t : tensor<3x3xf32>
}

// -----

// cos · x + sin · (−x₁, x₀): the halves of a head have one order.
// CHECK: class [[PAIRS:[0-9]+]]: 4 units, {{.*}} 2 constants, free
// CHECK-NEXT: produced by 'hinm.matmul' "rotary" result 0 dim 0 = (c[[PAIRS]] + c[[PAIRS]])
func.func @rotary(%x: tensor<4x3xf32>) -> tensor<3xf32> {
  %w = arith.constant dense<1.0> : tensor<8x4xf32>
  %c = arith.constant dense<[[1.0], [2.0], [3.0], [4.0], [1.0], [2.0], [3.0], [4.0]]> : tensor<8x1xf32>
  %s = arith.constant dense<[[5.0], [6.0], [7.0], [8.0], [5.0], [6.0], [7.0], [8.0]]> : tensor<8x1xf32>
  %e = tensor.empty() : tensor<8x3xf32>
  %r = arith.constant dense<0.0> : tensor<3xf32>
  %q = hinm.matmul ins(%w, %x : tensor<8x4xf32>, tensor<4x3xf32>) outs(%e : tensor<8x3xf32>) {layer = "rotary"} -> tensor<8x3xf32>
  %a = tensor.extract_slice %q[0, 0] [4, 3] [1, 1] : tensor<8x3xf32> to tensor<4x3xf32>
  %b = tensor.extract_slice %q[4, 0] [4, 3] [1, 1] : tensor<8x3xf32> to tensor<4x3xf32>
  %n = arith.negf %b : tensor<4x3xf32>
  %t = tensor.concat dim(0) %n, %a : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<8x3xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, 0)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, 0)>, affine_map<(i, j) -> (j)>],
                       iterator_types = ["reduction", "parallel"]}
      ins(%q, %c, %t, %s : tensor<8x3xf32>, tensor<8x1xf32>, tensor<8x3xf32>, tensor<8x1xf32>) outs(%r : tensor<3xf32>) {
  ^bb0(%q0: f32, %c0: f32, %t0: f32, %s0: f32, %o: f32):
    %l = arith.mulf %q0, %c0 : f32
    %m = arith.mulf %t0, %s0 : f32
    %u = arith.addf %l, %m : f32
    %v = arith.addf %o, %u : f32
    linalg.yield %v : f32
  } -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

// A shuffle of channels between grouped layers: 2 groups of 4, transposed.
// CHECK: class [[GROUPS:[0-9]+]]: 2 units, {{.*}} free
// CHECK-NEXT: produced by 'hinm.matmul' "before" result 0 dim 0 = (c[[GROUPS]] x c[[INSIDE:[0-9]+]])
// CHECK-NEXT: consumed by 'hinm.matmul' "behind" operand 1 dim 0 = (c[[INSIDE]] x c[[GROUPS]])
func.func @shuffle(%x: tensor<4x3xf32>, %y: tensor<4x3xf32>) -> tensor<4x3xf32> {
  %w = arith.constant dense<1.0> : tensor<8x4xf32>
  %v = arith.constant dense<1.0> : tensor<4x8xf32>
  %e = tensor.empty() : tensor<8x3xf32>
  %f = tensor.empty() : tensor<4x2x3xf32>
  %q = hinm.matmul ins(%w, %x : tensor<8x4xf32>, tensor<4x3xf32>) outs(%e : tensor<8x3xf32>) {layer = "before"} -> tensor<8x3xf32>
  %g = tensor.expand_shape %q [[0, 1], [2]] output_shape [2, 4, 3] : tensor<8x3xf32> into tensor<2x4x3xf32>
  %t = linalg.transpose ins(%g : tensor<2x4x3xf32>) outs(%f : tensor<4x2x3xf32>) permutation = [1, 0, 2]
  %c = tensor.collapse_shape %t [[0, 1], [2]] : tensor<4x2x3xf32> into tensor<8x3xf32>
  %z = hinm.matmul ins(%v, %c : tensor<4x8xf32>, tensor<8x3xf32>) outs(%y : tensor<4x3xf32>) {layer = "behind"} -> tensor<4x3xf32>
  return %z : tensor<4x3xf32>
}

// -----

// Reshapes that cut a dimension at different places.
// CHECK: class [[BLOCKS:[0-9]+]]: 2 units, {{.*}} free
// CHECK-NEXT: produced by 'hinm.matmul' "both" result 0 dim 0 = (c[[BLOCKS]] x c[[THREE:[0-9]+]] x c[[TWO:[0-9]+]])
// CHECK: class [[THREE]]: 3 units, {{.*}} pinned
// CHECK: 'tensor.expand_shape': it cuts the dimension in blocks that do not fit its others
func.func @misfit(%x: tensor<4x3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %w = arith.constant dense<1.0> : tensor<12x4xf32>
  %e = tensor.empty() : tensor<12x3xf32>
  %r = arith.constant dense<0.0> : tensor<3xf32>
  %q = hinm.matmul ins(%w, %x : tensor<12x4xf32>, tensor<4x3xf32>) outs(%e : tensor<12x3xf32>) {layer = "both"} -> tensor<12x3xf32>
  %a = tensor.expand_shape %q [[0, 1], [2]] output_shape [6, 2, 3] : tensor<12x3xf32> into tensor<6x2x3xf32>
  %b = tensor.expand_shape %q [[0, 1], [2]] output_shape [4, 3, 3] : tensor<12x3xf32> into tensor<4x3x3xf32>
  %s = linalg.reduce ins(%a : tensor<6x2x3xf32>) outs(%r : tensor<3xf32>) dimensions = [0, 1]
    (%p: f32, %o: f32) {
      %n = arith.maximumf %p, %o : f32
      linalg.yield %n : f32
    }
  %t = linalg.reduce ins(%b : tensor<4x3x3xf32>) outs(%r : tensor<3xf32>) dimensions = [0, 1]
    (%p: f32, %o: f32) {
      %n = arith.minimumf %p, %o : f32
      linalg.yield %n : f32
    }
  return %s, %t : tensor<3xf32>, tensor<3xf32>
}

// -----

// Padding by less than nothing cuts.
// CHECK: produced by 'hinm.matmul' "cropped" result 0 dim 0
// CHECK-NEXT: pinned at 'tensor.pad' operand 0 dim 0: 'tensor.pad': it pads the dimension
func.func @crop(%x: tensor<4x2xf32>) {
  %w = arith.constant dense<1.0> : tensor<8x4xf32>
  %e = tensor.empty() : tensor<8x2xf32>
  %d = hinm.matmul ins(%w, %x : tensor<8x4xf32>, tensor<4x2xf32>) outs(%e : tensor<8x2xf32>) {layer = "cropped"} -> tensor<8x2xf32>
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %d low[0, 0] high[-1, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  } : tensor<8x2xf32> to tensor<7x2xf32>
  return
}
