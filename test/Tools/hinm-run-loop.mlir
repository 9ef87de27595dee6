// A layer in a loop: every iteration launches the kernel into a buffer of its own.
// RUN: hinm-run %s --vector-size=32 | FileCheck %s
// CHECK: layer0
// CHECK: relative error
func.func @main(%x: tensor<64x8xf32>) -> tensor<64x8xf32> {
  %lb = arith.constant 0 : index
  %ub = arith.constant 3 : index
  %step = arith.constant 1 : index
  %zero = arith.constant dense<0.0> : tensor<64x8xf32>
  %w = arith.constant dense<0.0625> : tensor<64x64xf32>
  %y = scf.for %i = %lb to %ub step %step iter_args(%a = %x) -> (tensor<64x8xf32>) {
    %p = linalg.matmul ins(%w, %a : tensor<64x64xf32>, tensor<64x8xf32>) outs(%zero : tensor<64x8xf32>) -> tensor<64x8xf32>
    %n = arith.negf %p : tensor<64x8xf32>
    scf.yield %n : tensor<64x8xf32>
  }
  return %y : tensor<64x8xf32>
}
