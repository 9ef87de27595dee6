// RUN: hinm-opt %s --hinm-raise-concatenations | FileCheck %s
// RUN: hinm-opt %s --hinm-raise-concatenations -o %t.mlir
// RUN: hinm-opt %t.mlir --hinm-raise-concatenations | cmp %t.mlir -

// CHECK-LABEL: func @three
// CHECK: %[[C:.*]] = tensor.concat dim(1) %arg0, %arg1, %arg0 : (tensor<4x2xf32>, tensor<4x3xf32>, tensor<4x2xf32>) -> tensor<4x7xf32>
// CHECK: return %[[C]]
#id = affine_map<(d0, d1) -> (d0, d1)>
func.func @three(%a: tensor<4x2xf32>, %b: tensor<4x3xf32>) -> tensor<4x7xf32> {
  %c2 = arith.constant 2 : index
  %c5 = arith.constant 5 : index
  %e = tensor.empty() : tensor<4x7xf32>
  %y = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<4x7xf32>) {
  ^bb0(%out: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %first = arith.cmpi ult, %j, %c2 : index
    %v = scf.if %first -> (f32) {
      %p = tensor.extract %a[%i, %j] : tensor<4x2xf32>
      scf.yield %p : f32
    } else {
      %second = arith.cmpi ult, %j, %c5 : index
      %w = scf.if %second -> (f32) {
        %k = arith.subi %j, %c2 : index
        %p = tensor.extract %b[%i, %k] : tensor<4x3xf32>
        scf.yield %p : f32
      } else {
        %k = arith.subi %j, %c5 : index
        %p = tensor.extract %a[%i, %k] : tensor<4x2xf32>
        scf.yield %p : f32
      }
      scf.yield %w : f32
    }
    linalg.yield %v : f32
  } -> tensor<4x7xf32>
  return %y : tensor<4x7xf32>
}

// The second part begins elsewhere: it is rotated.
// CHECK-LABEL: func @rotated
// CHECK: linalg.generic
func.func @rotated(%a: tensor<4x2xf32>, %b: tensor<4x3xf32>) -> tensor<4x5xf32> {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %e = tensor.empty() : tensor<4x5xf32>
  %y = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<4x5xf32>) {
  ^bb0(%out: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %first = arith.cmpi ult, %j, %c2 : index
    %v = scf.if %first -> (f32) {
      %p = tensor.extract %a[%i, %j] : tensor<4x2xf32>
      scf.yield %p : f32
    } else {
      %k = arith.subi %j, %c1 : index
      %p = tensor.extract %b[%i, %k] : tensor<4x3xf32>
      scf.yield %p : f32
    }
    linalg.yield %v : f32
  } -> tensor<4x5xf32>
  return %y : tensor<4x5xf32>
}

// More than the part is there: a slice of it is taken.
// CHECK-LABEL: func @part
// CHECK: linalg.generic
func.func @part(%a: tensor<4x2xf32>, %b: tensor<4x9xf32>) -> tensor<4x5xf32> {
  %c2 = arith.constant 2 : index
  %e = tensor.empty() : tensor<4x5xf32>
  %y = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<4x5xf32>) {
  ^bb0(%out: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %first = arith.cmpi ult, %j, %c2 : index
    %v = scf.if %first -> (f32) {
      %p = tensor.extract %a[%i, %j] : tensor<4x2xf32>
      scf.yield %p : f32
    } else {
      %k = arith.subi %j, %c2 : index
      %p = tensor.extract %b[%i, %k] : tensor<4x9xf32>
      scf.yield %p : f32
    }
    linalg.yield %v : f32
  } -> tensor<4x5xf32>
  return %y : tensor<4x5xf32>
}

// Transposed on the way.
// CHECK-LABEL: func @turned
// CHECK: linalg.generic
func.func @turned(%a: tensor<4x2xf32>, %b: tensor<4x2xf32>) -> tensor<4x4xf32> {
  %c2 = arith.constant 2 : index
  %e = tensor.empty() : tensor<4x4xf32>
  %y = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<4x4xf32>) {
  ^bb0(%out: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %first = arith.cmpi ult, %i, %c2 : index
    %v = scf.if %first -> (f32) {
      %p = tensor.extract %a[%j, %i] : tensor<4x2xf32>
      scf.yield %p : f32
    } else {
      %k = arith.subi %i, %c2 : index
      %p = tensor.extract %b[%j, %k] : tensor<4x2xf32>
      scf.yield %p : f32
    }
    linalg.yield %v : f32
  } -> tensor<4x4xf32>
  return %y : tensor<4x4xf32>
}
