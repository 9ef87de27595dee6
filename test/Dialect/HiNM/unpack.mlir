// RUN: hinm-opt %s --verify-roundtrip | FileCheck %s
// RUN: hinm-opt %s --emit-bytecode | hinm-opt | FileCheck %s

// Two tiles of 20 rows: two slabs each, the second half empty.
// CHECK-LABEL: func @unpack
// CHECK: hinm.unpack as #packed from(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) : tensor<2048xf16>, tensor<128xi32>, tensor<128xi32>, tensor<3xi32> -> tensor<40x8xf16>
func.func @unpack(%v: tensor<2048xf16>, %m: tensor<128xi32>, %l: tensor<128xi32>, %o: tensor<3xi32>) -> tensor<40x8xf16> {
  %w = hinm.unpack as #hinm.packed<rows = 40, columns = 8, tile = 20, nm = 2:4>
      from (%v, %m, %l, %o) : tensor<2048xf16>, tensor<128xi32>, tensor<128xi32>, tensor<3xi32> -> tensor<40x8xf16>
  return %w : tensor<40x8xf16>
}
