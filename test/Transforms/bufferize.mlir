// RUN: hinm-opt %s --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" --split-input-file | FileCheck %s

#packed = #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>

// CHECK-LABEL: func.func @empty_destination(
// CHECK-SAME: %[[V:.*]]: memref<1024xf16>, %[[M:.*]]: memref<64xi32>, %[[L:.*]]: memref<64xi32>, %[[O:.*]]: memref<2xi32>, %[[X:.*]]: memref<128x?xf16>, %[[R:.*]]: memref<32xi32>
// CHECK: %[[Y:.*]] = memref.alloc(%{{.*}}) {{.*}} : memref<32x?xf32>
// CHECK-NEXT: hinm.spmm as #{{packed|hinm.packed}}
// CHECK-SAME: ins(%[[V]], %[[M]], %[[L]], %[[O]], %[[X]] :
// CHECK-SAME: row_index(%[[R]] : memref<32xi32>) outs(%[[Y]] : memref<32x?xf32>) {layer = "up", note = 1 : i64}
// CHECK-NEXT: return %[[Y]]
func.func @empty_destination(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x?xf16>, %r: tensor<32xi32>, %n: index) -> tensor<32x?xf32> {
  %e = tensor.empty(%n) : tensor<32x?xf32>
  %y = hinm.spmm as #packed
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x?xf16>)
    row_index(%r : tensor<32xi32>)
    outs(%e : tensor<32x?xf32>) {layer = "up", note = 1} -> tensor<32x?xf32>
  return %y : tensor<32x?xf32>
}

// -----

// A destination that is needed afterwards gets memory of its own, but its old
// values are not copied: spmm does not read them.
// CHECK-LABEL: func.func @destination_not_read(
// CHECK-NOT: memref.copy
// CHECK: hinm.spmm
// CHECK-NOT: memref.copy
// CHECK: return
func.func @destination_not_read(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %y: tensor<32x16xf32>) -> (tensor<32x16xf32>, tensor<32x16xf32>) {
  %r = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>)
    outs(%y : tensor<32x16xf32>) -> tensor<32x16xf32>
  return %r, %y : tensor<32x16xf32>, tensor<32x16xf32>
}

// -----

// X is read while Y is written: they must not share memory.
// CHECK-LABEL: func.func @no_alias(
// CHECK-SAME: %[[X:[^:]+]]: memref<32x16xf16>)
// CHECK: %[[Y:.*]] = memref.alloc() {{.*}} : memref<32x16xf16>
// CHECK: hinm.spmm
// CHECK-SAME: %[[X]] :
// CHECK-SAME: outs(%[[Y]] : memref<32x16xf16>)
func.func @no_alias(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<32x16xf16>) -> tensor<32x16xf16> {
  %r = hinm.spmm as #hinm.packed<rows = 32, columns = 32, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<32x16xf16>)
    outs(%x : tensor<32x16xf16>) -> tensor<32x16xf16>
  return %r : tensor<32x16xf16>
}
