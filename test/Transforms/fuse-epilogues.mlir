// RUN: hinm-opt %s --hinm-fuse-epilogues | FileCheck %s
// RUN: hinm-opt %s --hinm-fuse-epilogues -o %t.mlir
// RUN: hinm-opt %t.mlir --hinm-fuse-epilogues | cmp %t.mlir -
// RUN: hinm-opt %s --hinm-fuse-epilogues --remarks-filter=hinm -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// REMARK: epilogue-fused{{.*}}operands=2, operations=

// A cast, a bias, an activation, a residual and a cast: one kernel.
// CHECK-LABEL: func @chain
// CHECK-SAME: %[[B:[a-z0-9]*]]: tensor<32xf32>, %[[R:[a-z0-9]*]]: tensor<32x16xf32>
// CHECK: %[[Y:.*]] = hinm.spmm {{.*}} epilogue(%[[B]], %[[R]] : tensor<32xf32>, tensor<32x16xf32>) {
// CHECK-NEXT: ^bb0(%[[SUM:.*]]: f32, %[[BIAS:.*]]: f32, %[[REST:.*]]: f32):
// CHECK-NEXT: %[[CUT:.*]] = arith.truncf %[[SUM]] : f32 to f16
// CHECK-NEXT: %[[WIDE:.*]] = arith.extf %[[CUT]] : f16 to f32
// CHECK-NEXT: %[[S:.*]] = arith.addf %[[WIDE]], %[[BIAS]] : f32
// CHECK-NEXT: %[[T:.*]] = math.tanh %[[S]] : f32
// CHECK-NEXT: %[[TWO:.*]] = arith.constant 2.000000e+00 : f32
// CHECK-NEXT: %[[M:.*]] = arith.mulf %[[T]], %[[TWO]] : f32
// CHECK-NEXT: %[[A:.*]] = arith.addf %[[M]], %[[REST]] : f32
// CHECK-NEXT: %[[H:.*]] = arith.truncf %[[A]] : f32 to bf16
// CHECK-NEXT: hinm.yield %[[H]] : bf16
// CHECK-NOT: linalg.generic
// CHECK: return %[[Y]]
#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#token = affine_map<(d0, d1) -> (d1)>
#first = affine_map<(d0, d1) -> (0, d1)>
#turned = affine_map<(d0, d1) -> (d1, d0)>
func.func @chain(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %b: tensor<32xf32>, %r: tensor<32x16xf32>) -> tensor<32x16xbf16> {
  %i = tensor.empty() : tensor<32x16xf16>
  %j = tensor.empty() : tensor<32x16xf32>
  %two = arith.constant 2.0 : f32
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>)
    outs(%i : tensor<32x16xf16>) -> tensor<32x16xf16>
  %w = arith.extf %y : tensor<32x16xf16> to tensor<32x16xf32>
  %s = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w, %b : tensor<32x16xf32>, tensor<32xf32>) outs(%j : tensor<32x16xf32>) {
  ^bb0(%p: f32, %q: f32, %o0: f32):
    %z = arith.addf %p, %q : f32
    linalg.yield %z : f32
  } -> tensor<32x16xf32>
  %t = math.tanh %s : tensor<32x16xf32>
  %u = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%t : tensor<32x16xf32>) outs(%j : tensor<32x16xf32>) {
  ^bb0(%p: f32, %o0: f32):
    %z = arith.mulf %p, %two : f32
    linalg.yield %z : f32
  } -> tensor<32x16xf32>
  %a = linalg.add ins(%u, %r : tensor<32x16xf32>, tensor<32x16xf32>) outs(%j : tensor<32x16xf32>) -> tensor<32x16xf32>
  %h = arith.truncf %a : tensor<32x16xf32> to tensor<32x16xbf16>
  return %h : tensor<32x16xbf16>
}

// What is read twice, needs a library, or is of another shape stays outside.
// CHECK-LABEL: func @apart
// CHECK: hinm.spmm
// CHECK-NOT: epilogue
// CHECK: linalg.generic
// CHECK: hinm.spmm
// CHECK-NOT: epilogue
// CHECK: math.sin
// CHECK: hinm.spmm
// CHECK-NOT: epilogue
// CHECK: return
func.func @apart(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %b: tensor<16x32xf32>) -> (tensor<32x16xf32>, tensor<32x16xf32>, tensor<32x16xf32>, tensor<32x16xf32>) {
  %i = tensor.empty() : tensor<32x16xf32>
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>)
    outs(%i : tensor<32x16xf32>) -> tensor<32x16xf32>
  %n = arith.negf %y : tensor<32x16xf32>
  %z = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>)
    outs(%i : tensor<32x16xf32>) -> tensor<32x16xf32>
  %s = math.sin %z : tensor<32x16xf32>
  %u = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>)
    outs(%i : tensor<32x16xf32>) -> tensor<32x16xf32>
  %t = linalg.generic {indexing_maps = [#id, #turned, #id], iterator_types = ["parallel", "parallel"]}
      ins(%u, %b : tensor<32x16xf32>, tensor<16x32xf32>) outs(%i : tensor<32x16xf32>) {
  ^bb0(%p: f32, %q: f32, %o0: f32):
    %a = arith.addf %p, %q : f32
    linalg.yield %a : f32
  } -> tensor<32x16xf32>
  return %y, %n, %s, %t : tensor<32x16xf32>, tensor<32x16xf32>, tensor<32x16xf32>, tensor<32x16xf32>
}

// The scales of tokens, as a vector and as a matrix of one row. Integers are summed
// in i32.
// CHECK-LABEL: func @tokens
// CHECK-SAME: %[[B:[a-z0-9]*]]: tensor<?xf32>, %[[C:[a-z0-9]*]]: tensor<1x?xf32>
// CHECK: %[[N:.*]] = tensor.dim %[[B]]
// CHECK: %[[ROW:.*]] = tensor.expand_shape %[[B]] {{\[\[}}0, 1]] output_shape [1, %[[N]]]
// CHECK: hinm.spmm {{.*}} epilogue(%[[ROW]], %[[C]] : tensor<1x?xf32>, tensor<1x?xf32>) {
// CHECK-NEXT: ^bb0(%[[SUM:.*]]: i32, %[[P:.*]]: f32, %[[Q:.*]]: f32):
// CHECK-NEXT: %[[F:.*]] = arith.sitofp %[[SUM]] : i32 to f32
// CHECK-NEXT: %[[G:.*]] = arith.mulf %[[F]], %[[P]]
// CHECK-NEXT: arith.mulf %[[G]], %[[Q]]
func.func @tokens(%v: tensor<1024xi8>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x?xi8>, %b: tensor<?xf32>, %c: tensor<1x?xf32>, %i: tensor<32x?xi32>, %f: tensor<32x?xf32>) -> tensor<32x?xf32> {
  %u = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, version = 2>
    ins(%v, %m, %l, %o, %x : tensor<1024xi8>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x?xi8>)
    outs(%i : tensor<32x?xi32>) -> tensor<32x?xi32>
  %t = linalg.generic {indexing_maps = [#id, #token, #first, #id], iterator_types = ["parallel", "parallel"]}
      ins(%u, %b, %c : tensor<32x?xi32>, tensor<?xf32>, tensor<1x?xf32>) outs(%f : tensor<32x?xf32>) {
  ^bb0(%p: i32, %q: f32, %r: f32, %o0: f32):
    %w = arith.sitofp %p : i32 to f32
    %y = arith.mulf %w, %q : f32
    %z = arith.mulf %y, %r : f32
    linalg.yield %z : f32
  } -> tensor<32x?xf32>
  return %t : tensor<32x?xf32>
}

// Both operands: the product with itself.
// CHECK-LABEL: func @square
// CHECK: epilogue {
// CHECK-NEXT: ^bb0(%[[SUM:.*]]: f32):
// CHECK-NEXT: arith.mulf %[[SUM]], %[[SUM]]
func.func @square(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>) -> tensor<32x16xf32> {
  %i = tensor.empty() : tensor<32x16xf32>
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>)
    outs(%i : tensor<32x16xf32>) -> tensor<32x16xf32>
  %s = arith.mulf %y, %y : tensor<32x16xf32>
  return %s : tensor<32x16xf32>
}

// A constant that is the same everywhere, of whatever shape, is a scalar.
// CHECK-LABEL: func @splat
// CHECK: epilogue {
// CHECK-NEXT: ^bb0(%[[SUM:.*]]: f32):
// CHECK-NEXT: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT: arith.maximumf %[[SUM]], %[[ZERO]]
func.func @splat(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>) -> tensor<32x16xf32> {
  %i = tensor.empty() : tensor<32x16xf32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>)
    outs(%i : tensor<32x16xf32>) -> tensor<32x16xf32>
  %r = linalg.generic {indexing_maps = [#id, affine_map<(d0, d1) -> ()>, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y, %zero : tensor<32x16xf32>, tensor<f32>) outs(%i : tensor<32x16xf32>) {
  ^bb0(%p: f32, %q: f32, %o0: f32):
    %a = arith.maximumf %p, %q : f32
    linalg.yield %a : f32
  } -> tensor<32x16xf32>
  return %r : tensor<32x16xf32>
}

// SiLU reads the product twice, in operations of their own.
// CHECK-LABEL: func @silu
// CHECK: epilogue {
// CHECK-NEXT: ^bb0(%[[SUM:.*]]: f32):
// CHECK: math.exp
// CHECK: arith.divf
// CHECK: arith.mulf
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @silu(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>) -> tensor<32x16xf32> {
  %i = tensor.empty() : tensor<32x16xf32>
  %one = arith.constant dense<1.0> : tensor<32x16xf32>
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>)
    outs(%i : tensor<32x16xf32>) -> tensor<32x16xf32>
  %n = arith.negf %y : tensor<32x16xf32>
  %e = math.exp %n : tensor<32x16xf32>
  %d = arith.addf %e, %one : tensor<32x16xf32>
  %s = arith.divf %one, %d : tensor<32x16xf32>
  %r = arith.mulf %y, %s : tensor<32x16xf32>
  return %r : tensor<32x16xf32>
}

// A product before a loop is computed once, and one of known shape keeps it.
// CHECK-LABEL: func @outside
// CHECK: hinm.spmm
// CHECK-NOT: epilogue
// CHECK: scf.for
// CHECK: hinm.spmm
// CHECK-NOT: epilogue
// CHECK: return
func.func @outside(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %n: index, %a: tensor<32x16xf32>, %d: tensor<32x?xf32>) -> (tensor<32x16xf32>, tensor<32x?xf32>) {
  %i = tensor.empty() : tensor<32x16xf32>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>)
    outs(%i : tensor<32x16xf32>) -> tensor<32x16xf32>
  %r = scf.for %k = %zero to %n step %one iter_args(%s = %a) -> (tensor<32x16xf32>) {
    %t = arith.addf %s, %y : tensor<32x16xf32>
    scf.yield %t : tensor<32x16xf32>
  }
  %z = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>)
    outs(%i : tensor<32x16xf32>) -> tensor<32x16xf32>
  %u = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%z : tensor<32x16xf32>) outs(%d : tensor<32x?xf32>) {
  ^bb0(%p: f32, %o0: f32):
    %q = arith.negf %p : f32
    linalg.yield %q : f32
  } -> tensor<32x?xf32>
  return %r, %u : tensor<32x16xf32>, tensor<32x?xf32>
}
