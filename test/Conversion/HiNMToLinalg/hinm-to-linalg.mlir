// RUN: hinm-opt %s --convert-hinm-to-linalg --split-input-file | FileCheck %s
// RUN: hinm-opt %s --convert-hinm-to-linalg=only-skipped --split-input-file | FileCheck %s --check-prefix=SKIPPED

// CHECK-LABEL: func.func @matmul(
// CHECK-SAME: %[[W:.*]]: tensor<4x8xf32>, %[[X:.*]]: tensor<8x?xf32>, %[[INIT:.*]]: tensor<4x?xf32>)
// CHECK: %[[ZERO:.*]] = linalg.fill ins(%{{.*}} : f32) outs(%[[INIT]] : tensor<4x?xf32>)
// CHECK: %[[Y:.*]] = linalg.matmul ins(%[[W]], %[[X]] : tensor<4x8xf32>, tensor<8x?xf32>) outs(%[[ZERO]] : tensor<4x?xf32>)
// CHECK: return %[[Y]]
func.func @matmul(%w: tensor<4x8xf32>, %x: tensor<8x?xf32>, %init: tensor<4x?xf32>) -> tensor<4x?xf32> {
  %y = hinm.matmul ins(%w, %x : tensor<4x8xf32>, tensor<8x?xf32>) outs(%init : tensor<4x?xf32>) -> tensor<4x?xf32>
  return %y : tensor<4x?xf32>
}

// -----

// Row r of the product is row row_index[r] of Y: a gather by the inverse.
// CHECK-LABEL: func.func @matmul_row_index(
// CHECK-SAME: %{{.*}}: tensor<3x8xf32>, %{{.*}}: tensor<8x2xf32>, %[[INIT:.*]]: tensor<3x2xf32>)
// CHECK: %[[PRODUCT:.*]] = linalg.matmul
// CHECK: %[[INVERSE:.*]] = arith.constant dense<[2, 0, 1]> : tensor<3xi32>
// CHECK: linalg.generic {{.*}} ins(%[[INVERSE]] : tensor<3xi32>) outs(%[[INIT]] : tensor<3x2xf32>)
// CHECK:   tensor.extract %[[PRODUCT]]
func.func @matmul_row_index(%w: tensor<3x8xf32>, %x: tensor<8x2xf32>, %init: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %y = hinm.matmul ins(%w, %x : tensor<3x8xf32>, tensor<8x2xf32>) outs(%init : tensor<3x2xf32>)
    {row_index = #hinm.permutation<dense<[1, 2, 0]> : tensor<3xi32>>} -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

// CHECK: #[[$ALONG:.*]] = affine_map<(d0, d1, d2) -> (d1)>
// CHECK-LABEL: func.func @permute(
// CHECK-SAME: %[[X:.*]]: tensor<?x3x2xi8>)
// CHECK: %[[P:.*]] = arith.constant dense<[2, 0, 1]> : tensor<3xi32>
// CHECK: linalg.generic {indexing_maps = [#[[$ALONG]], #{{.*}}]{{.*}} ins(%[[P]] : tensor<3xi32>)
// CHECK: ^bb0(%[[I:.*]]: i32
// CHECK-DAG: %[[D0:.*]] = linalg.index 0
// CHECK-DAG: %[[D1:.*]] = arith.index_cast %[[I]]
// CHECK-DAG: %[[D2:.*]] = linalg.index 2
// CHECK: tensor.extract %[[X]][%[[D0]], %[[D1]], %[[D2]]]
func.func @permute(%x: tensor<?x3x2xi8>) -> tensor<?x3x2xi8> {
  %y = hinm.permute %x by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 1 : tensor<?x3x2xi8>
  return %y : tensor<?x3x2xi8>
}

// -----

// Sums in f32, one rounding at the end. only-skipped leaves what has a kernel.
// CHECK-LABEL: func.func @spmm(
// CHECK: linalg.fill ins(%{{.*}} : f32) outs(%{{.*}} : tensor<32x?xf32>)
// CHECK: scf.for
// CHECK: arith.cmpf une
// CHECK: arith.extf %{{.*}} : bf16 to f32
// CHECK: arith.truncf %{{.*}} : f32 to bf16
// CHECK-NOT: hinm.spmm
// CHECK: return
// SKIPPED-LABEL: func.func @spmm(
// SKIPPED: hinm.spmm
func.func @spmm(%v: tensor<1024xbf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x?xbf16>, %y: tensor<32x?xbf16>) -> tensor<32x?xbf16> {
  %r = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xbf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x?xbf16>)
    outs(%y : tensor<32x?xbf16>) -> tensor<32x?xbf16>
  return %r : tensor<32x?xbf16>
}

// -----

// SKIPPED-LABEL: func.func @skipped(
// SKIPPED-NOT: hinm.spmm
// SKIPPED: scf.for
// CHECK-LABEL: func.func @skipped(
// CHECK-NOT: hinm.spmm
func.func @skipped(%v: tensor<512xf16>, %m: tensor<32xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x3xf16>, %y: tensor<5x3xf32>) -> tensor<5x3xf32> {
  %r = hinm.spmm as #hinm.packed<rows = 5, columns = 128, tile = 5, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<512xf16>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x3xf16>)
    outs(%y : tensor<5x3xf32>) {hinm.skipped = "no kernel"} -> tensor<5x3xf32>
  return %r : tensor<5x3xf32>
}

// -----

// Bufferized spmm and compile-time operations are left.
// CHECK-LABEL: func.func @left(
// CHECK: hinm.spmm
// CHECK: hinm.prune
func.func @left(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %y: memref<32x16xf32>, %w: tensor<4x8xf32>) -> tensor<4x8xf32> {
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>)
    outs(%y : memref<32x16xf32>)
  %p = hinm.prune %w {pattern = #hinm.pattern<tile = 2, nm = 2:4, vector_sparsity = 0.5>} : tensor<4x8xf32>
  return %p : tensor<4x8xf32>
}

// -----

// 8-bit integers are summed in i32; the scale of a token is one of a row of them.
// CHECK: #[[$TOKEN:.*]] = affine_map<(d0, d1) -> (0, d1)>
// CHECK-LABEL: func.func @spmm_integers(
// CHECK: linalg.fill ins(%{{.*}} : i32) outs(%{{.*}} : tensor<32x4xi32>)
// CHECK: arith.cmpi ne
// CHECK: arith.extsi %{{.*}} : i8 to i32
// CHECK: arith.muli
// CHECK: arith.addi
// CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[$TOKEN]], #{{.*}}]
// CHECK: arith.sitofp
func.func @spmm_integers(%v: tensor<1024xi8>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x4xi8>, %y: tensor<32x4xf32>, %t: tensor<1x4xf32>) -> tensor<32x4xf32> {
  %r = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, version = 2>
    ins(%v, %m, %l, %o, %x : tensor<1024xi8>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x4xi8>)
    outs(%y : tensor<32x4xf32>) epilogue(%t : tensor<1x4xf32>) {
    ^bb0(%sum: i32, %s: f32):
      %f = arith.sitofp %sum : i32 to f32
      %g = arith.mulf %f, %s : f32
      hinm.yield %g : f32
  } -> tensor<32x4xf32>
  return %r : tensor<32x4xf32>
}

// -----

// CHECK-LABEL: func.func @matmul_integers(
// CHECK: linalg.matmul ins(%{{.*}}, %{{.*}} : tensor<4x8xi8>, tensor<8x2xi8>) outs(%{{.*}} : tensor<4x2xi32>)
func.func @matmul_integers(%w: tensor<4x8xi8>, %x: tensor<8x2xi8>, %i: tensor<4x2xi32>) -> tensor<4x2xi32> {
  %y = hinm.matmul ins(%w, %x : tensor<4x8xi8>, tensor<8x2xi8>) outs(%i : tensor<4x2xi32>) -> tensor<4x2xi32>
  return %y : tensor<4x2xi32>
}
