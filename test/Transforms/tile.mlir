// RUN: hinm-opt %s --transform-interpreter --canonicalize --split-input-file --verify-diagnostics | FileCheck %s

// One loop over N: the weight and the row index stay whole, the last slice is
// cut short.
// CHECK-LABEL: func.func @tile_matmul(
// CHECK-SAME: %[[X:.*]]: tensor<8x20xf32>, %[[E:.*]]: tensor<4x20xf32>
// CHECK: %[[W:.*]] = arith.constant {{.*}} : tensor<4x8xf32>
// CHECK: scf.for %[[J:.*]] = %{{.*}} iter_args(%[[Y:.*]] = %[[E]])
// CHECK: %[[SIZE:.*]] = affine.min
// CHECK: %[[XS:.*]] = tensor.extract_slice %[[X]][0, %[[J]]] [8, %[[SIZE]]] [1, 1] : tensor<8x20xf32> to tensor<8x?xf32>
// CHECK: %[[YS:.*]] = tensor.extract_slice %[[Y]][0, %[[J]]] [4, %[[SIZE]]] [1, 1] : tensor<4x20xf32> to tensor<4x?xf32>
// CHECK: %[[R:.*]] = hinm.matmul ins(%[[W]], %[[XS]] : tensor<4x8xf32>, tensor<8x?xf32>) outs(%[[YS]] : tensor<4x?xf32>)
// CHECK-SAME: layer = "up"
// CHECK-SAME: row_index = #hinm.permutation
// CHECK: tensor.insert_slice %[[R]] into %[[Y]][0, %[[J]]] [4, %[[SIZE]]] [1, 1]
module attributes {transform.with_named_sequence} {
  func.func @tile_matmul(%x: tensor<8x20xf32>, %e: tensor<4x20xf32>) -> tensor<4x20xf32> {
    %w = arith.constant dense<1.0> : tensor<4x8xf32>
    %y = hinm.matmul ins(%w, %x : tensor<4x8xf32>, tensor<8x20xf32>) outs(%e : tensor<4x20xf32>)
      {layer = "up", row_index = #hinm.permutation<dense<[1, 0, 3, 2]> : tensor<4xi32>>} -> tensor<4x20xf32>
    return %y : tensor<4x20xf32>
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %product = transform.structured.match ops{["hinm.matmul"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_for %product tile_sizes [8] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// A packed product is shared out over parallel iterations, N unknown.
// CHECK-LABEL: func.func @tile_spmm(
// CHECK-SAME: %[[X:[^,]*]]: tensor<128x?xf16>
// CHECK: scf.forall (%[[J:.*]]) in
// CHECK: tensor.extract_slice %[[X]][0, %{{.*}}] [128, %{{.*}}] [1, 1]
// CHECK: hinm.spmm
// CHECK-SAME: tensor<128x?xf16>) outs(%{{.*}} : tensor<32x?xf32>) -> tensor<32x?xf32>
// CHECK: tensor.parallel_insert_slice
module attributes {transform.with_named_sequence} {
  func.func @tile_spmm(%x: tensor<128x?xf16>, %e: tensor<32x?xf32>, %v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>) -> tensor<32x?xf32> {
    %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
      ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x?xf16>)
      outs(%e : tensor<32x?xf32>) -> tensor<32x?xf32>
    return %y : tensor<32x?xf32>
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %product = transform.structured.match ops{["hinm.spmm"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_forall %product tile_sizes [64] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// A product fuses into the loop of its elementwise consumer when that one is cut
// along N.
// CHECK-LABEL: func.func @fuse_producer(
// CHECK: scf.for
// CHECK: %[[SLICE:.*]] = hinm.matmul
// CHECK-SAME: tensor<8x8xf32>) outs(%{{.*}} : tensor<4x8xf32>)
// CHECK: linalg.generic
// CHECK-SAME: ins(%[[SLICE]] : tensor<4x8xf32>)
// CHECK: scf.yield
module attributes {transform.with_named_sequence} {
  func.func @fuse_producer(%x: tensor<8x16xf32>, %e: tensor<4x16xf32>) -> tensor<4x16xf32> {
    %w = arith.constant dense<1.0> : tensor<4x8xf32>
    %y = hinm.matmul ins(%w, %x : tensor<4x8xf32>, tensor<8x16xf32>) outs(%e : tensor<4x16xf32>) -> tensor<4x16xf32>
    %z = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                         iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<4x16xf32>) outs(%e : tensor<4x16xf32>) {
    ^bb0(%a: f32, %b: f32):
      %n = arith.negf %a : f32
      linalg.yield %n : f32
    } -> tensor<4x16xf32>
    return %z : tensor<4x16xf32>
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %consumer = transform.structured.match ops{["linalg.generic"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.fuse %consumer tile_sizes [0, 8] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Cut along its rows, the consumer needs the whole product: a row index may
// have put any row there. The product stays outside of the loop.
// CHECK-LABEL: func.func @rows_do_not_fuse(
// CHECK: %[[Y:.*]] = hinm.matmul
// CHECK-SAME: -> tensor<4x16xf32>
// CHECK: scf.for
// CHECK-NOT: hinm.matmul
// CHECK: tensor.extract_slice %[[Y]]
module attributes {transform.with_named_sequence} {
  func.func @rows_do_not_fuse(%x: tensor<8x16xf32>, %e: tensor<4x16xf32>) -> tensor<4x16xf32> {
    %w = arith.constant dense<1.0> : tensor<4x8xf32>
    %y = hinm.matmul ins(%w, %x : tensor<4x8xf32>, tensor<8x16xf32>) outs(%e : tensor<4x16xf32>) -> tensor<4x16xf32>
    %z = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                         iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<4x16xf32>) outs(%e : tensor<4x16xf32>) {
    ^bb0(%a: f32, %b: f32):
      %n = arith.negf %a : f32
      linalg.yield %n : f32
    } -> tensor<4x16xf32>
    return %z : tensor<4x16xf32>
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %consumer = transform.structured.match ops{["linalg.generic"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.fuse %consumer tile_sizes [2, 0] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

module attributes {transform.with_named_sequence} {
  func.func @memrefs(%x: memref<128x64xf16>, %y: memref<32x64xf32>, %v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>) {
    // expected-error @below {{is tiled on tensors only: tile it before bufferization}}
    // expected-error @below {{tile operation}}
    // expected-error @below {{failed to generate tiling loops}}
    hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
      ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x64xf16>)
      outs(%y : memref<32x64xf32>)
    return
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %product = transform.structured.match ops{["hinm.spmm"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_for %product tile_sizes [8] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// The operands of an epilogue are cut with the product: matrices, not the column.
// CHECK-LABEL: func.func @tile_epilogue(
// CHECK-SAME: %[[B:[^,]*]]: tensor<32xf32>, %[[R:[^,]*]]: tensor<32x64xf16>, %[[U:[^,]*]]: tensor<1x64xf32>
// CHECK: scf.for %[[J:[a-z0-9]*]] =
// CHECK: %[[RS:.*]] = tensor.extract_slice %[[R]][0, %[[J]]] [32, 16] [1, 1]
// CHECK: %[[US:.*]] = tensor.extract_slice %[[U]][0, %[[J]]] [1, 16] [1, 1]
// CHECK: hinm.spmm
// CHECK-SAME: outs(%{{.*}} : tensor<32x16xf32>) epilogue(%[[B]], %[[RS]], %[[US]] : tensor<32xf32>, tensor<32x16xf16>, tensor<1x16xf32>)
// CHECK: hinm.yield
module attributes {transform.with_named_sequence} {
  func.func @tile_epilogue(%b: tensor<32xf32>, %r: tensor<32x64xf16>, %u: tensor<1x64xf32>, %x: tensor<128x64xf16>, %e: tensor<32x64xf32>, %v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>) -> tensor<32x64xf32> {
    %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
      ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x64xf16>)
      outs(%e : tensor<32x64xf32>)
      epilogue(%b, %r, %u : tensor<32xf32>, tensor<32x64xf16>, tensor<1x64xf32>) {
    ^bb0(%sum: f32, %p: f32, %q: f16, %c: f32):
      %d = arith.mulf %sum, %c : f32
      %s = arith.addf %d, %p : f32
      %w = arith.extf %q : f16 to f32
      %t = arith.addf %s, %w : f32
      hinm.yield %t : f32
    } -> tensor<32x64xf32>
    return %y : tensor<32x64xf32>
  }
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %product = transform.structured.match ops{["hinm.spmm"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_for %product tile_sizes [16] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
