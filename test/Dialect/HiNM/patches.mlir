// RUN: hinm-opt %s --verify-roundtrip | FileCheck %s
// RUN: hinm-opt %s --emit-bytecode | hinm-opt | FileCheck %s

// CHECK-LABEL: func @patches
// CHECK: hinm.patches #hinm.convolution<image = [2, 5, 4], kernel = [3, 2], strides = [1, 2], dilations = [2, 1]> of %{{.*}} : tensor<3x40xf16> -> tensor<18x4xf16>
func.func @patches(%x: tensor<3x40xf16>) -> tensor<18x4xf16> {
  %p = hinm.patches #hinm.convolution<image = [2, 5, 4], kernel = [3, 2], strides = [1, 2], dilations = [2, 1]>
      of %x : tensor<3x40xf16> -> tensor<18x4xf16>
  return %p : tensor<18x4xf16>
}

// CHECK-LABEL: func @spmm
// CHECK: hinm.spmm {{.*}} {convolution = #hinm.convolution<image = [1, 4, 4], kernel = [3, 3], strides = [1, 1], dilations = [1, 1]>} -> tensor<32x8xf32>
func.func @spmm(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>,
                %x: tensor<2x16xf16>, %i: tensor<32x8xf32>) -> tensor<32x8xf32> {
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 18, tile = 32, nm = 2:4>
      ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<2x16xf16>)
      outs(%i : tensor<32x8xf32>)
      {convolution = #hinm.convolution<image = [1, 4, 4], kernel = [3, 3], strides = [1, 1], dilations = [1, 1]>} -> tensor<32x8xf32>
  return %y : tensor<32x8xf32>
}
