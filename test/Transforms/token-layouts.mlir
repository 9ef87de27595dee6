// Products in other places than in a row, and in layouts that they have already.
// RUN: hinm-opt %s --hinm-select-kernels | FileCheck %s

#p = #hinm.packed<rows = 64, columns = 64, tile = 32, nm = 2:4>

// Blocks need not stand in the order in which they run.
// CHECK-LABEL: func.func @blocks_in_another_order(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<5x64xf16>)
// CHECK: ^bb1:
// CHECK: tensor.pad %[[Y:[0-9]+]] low
// CHECK: hinm.spmm {{.*}}, token_major_input}
// CHECK: ^bb2:
// CHECK: %[[Y]] = hinm.spmm {{.*}}, %[[X]] : {{.*}} token_major_input, token_major_output}
func.func @blocks_in_another_order(%v: tensor<2048xf16>, %m: tensor<128xi32>, %l: tensor<128xi32>, %o: tensor<3xi32>, %xt: tensor<5x64xf16>) -> tensor<64x5xf16> {
  %e = tensor.empty() : tensor<64x5xf16>
  %x = linalg.transpose ins(%xt : tensor<5x64xf16>) outs(%e : tensor<64x5xf16>) permutation = [1, 0]
  cf.br ^bb2
^bb1:
  %z = hinm.spmm as #p ins(%v, %m, %l, %o, %y : tensor<2048xf16>, tensor<128xi32>, tensor<128xi32>, tensor<3xi32>, tensor<64x5xf16>) outs(%e : tensor<64x5xf16>) -> tensor<64x5xf16>
  cf.br ^bb3
^bb2:
  %y = hinm.spmm as #p ins(%v, %m, %l, %o, %x : tensor<2048xf16>, tensor<128xi32>, tensor<128xi32>, tensor<3xi32>, tensor<64x5xf16>) outs(%e : tensor<64x5xf16>) -> tensor<64x5xf16>
  cf.br ^bb1
^bb3:
  return %z : tensor<64x5xf16>
}

// A Y that is token-major stays so.
// CHECK-LABEL: func.func @token_major_before(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<5x64xf16>)
// CHECK: %[[Y:.*]] = hinm.spmm {{.*}}, %[[X]] : {{.*}} -> tensor<5x64xf16>
// CHECK: %[[Z:.*]] = hinm.spmm {{.*}}, %[[Y]] : {{.*}} -> tensor<5x64xf16>
// CHECK: return %[[Z]]
func.func @token_major_before(%v: tensor<2048xf16>, %m: tensor<128xi32>, %l: tensor<128xi32>, %o: tensor<3xi32>, %xt: tensor<5x64xf16>) -> tensor<5x64xf16> {
  %e = tensor.empty() : tensor<5x64xf16>
  %f = tensor.empty() : tensor<64x5xf16>
  %x = linalg.transpose ins(%xt : tensor<5x64xf16>) outs(%f : tensor<64x5xf16>) permutation = [1, 0]
  %y = hinm.spmm as #p ins(%v, %m, %l, %o, %x : tensor<2048xf16>, tensor<128xi32>, tensor<128xi32>, tensor<3xi32>, tensor<64x5xf16>) outs(%e : tensor<5x64xf16>) {token_major_output} -> tensor<5x64xf16>
  %w = linalg.transpose ins(%y : tensor<5x64xf16>) outs(%f : tensor<64x5xf16>) permutation = [1, 0]
  %z = hinm.spmm as #p ins(%v, %m, %l, %o, %w : tensor<2048xf16>, tensor<128xi32>, tensor<128xi32>, tensor<3xi32>, tensor<64x5xf16>) outs(%e : tensor<5x64xf16>) {token_major_output} -> tensor<5x64xf16>
  return %z : tensor<5x64xf16>
}
