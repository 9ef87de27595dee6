// RUN: hinm-opt %s --verify-roundtrip | FileCheck %s
// RUN: hinm-opt %s --emit-bytecode | hinm-opt | FileCheck %s

// CHECK-LABEL: func @pack
// CHECK: hinm.pack %{{.*}} as #packed columns(#column_index) : tensor<16x8xbf16> -> tensor<512xbf16>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32>
func.func @pack(%w: tensor<16x8xbf16>) -> tensor<512xbf16> {
  %v, %m, %l, %o = hinm.pack %w as #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4>
      columns(#hinm.column_index<columns = dense<[0, 3, 1, 6]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>)
      : tensor<16x8xbf16> -> tensor<512xbf16>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32>
  return %v : tensor<512xbf16>
}
