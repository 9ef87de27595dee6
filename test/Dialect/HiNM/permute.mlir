// RUN: hinm-opt %s --verify-roundtrip | FileCheck %s
// RUN: hinm-opt %s --emit-bytecode | hinm-opt | FileCheck %s

// CHECK-LABEL: func @dense
// CHECK: hinm.permute %{{.*}} by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x8xf32>
func.func @dense(%x: tensor<3x8xf32>) -> tensor<3x8xf32> {
  %y = hinm.permute %x by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x8xf32>
  return %y : tensor<3x8xf32>
}

// CHECK-LABEL: func @resource
// CHECK: hinm.permute %{{.*}} by #hinm.permutation<dense_resource<order> : tensor<3xi32>> dim 1 : tensor<?x3xf16>
func.func @resource(%x: tensor<?x3xf16>) -> tensor<?x3xf16> {
  %y = hinm.permute %x by #hinm.permutation<dense_resource<order> : tensor<3xi32>> dim 1 : tensor<?x3xf16>
  return %y : tensor<?x3xf16>
}

{-#
  dialect_resources: {
    builtin: {
      order: "0x04000000020000000000000001000000"
    }
  }
#-}
