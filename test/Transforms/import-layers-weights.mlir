// RUN: rm -rf %t && split-file %s %t && %python %S/Inputs/make_safetensors.py %t
// RUN: hinm-opt %t/elided.mlir --hinm-import-layers=weights=%t/good.safetensors | FileCheck %t/elided.mlir
// RUN: hinm-opt %t/argument.mlir --hinm-import-layers='weights=%t/good.safetensors bind=main:2:half' | FileCheck %t/argument.mlir
// RUN: not hinm-opt %t/argument.mlir --hinm-import-layers='weights=%t/good.safetensors bind=main:2:none' 2>&1 | FileCheck %t/argument.mlir --check-prefix=NONE
// RUN: not hinm-opt %t/argument.mlir --hinm-import-layers='weights=%t/good.safetensors bind=main:9:half' 2>&1 | FileCheck %t/argument.mlir --check-prefix=INDEX
// RUN: not hinm-opt %t/argument.mlir --hinm-import-layers='weights=%t/good.safetensors bind=main=half' 2>&1 | FileCheck %t/argument.mlir --check-prefix=FORM
// RUN: not hinm-opt %t/shape.mlir --hinm-import-layers=weights=%t/good.safetensors 2>&1 | FileCheck %t/shape.mlir
// RUN: not hinm-opt %t/type.mlir --hinm-import-layers=weights=%t/good.safetensors 2>&1 | FileCheck %t/type.mlir
// RUN: not hinm-opt %t/missing.mlir --hinm-import-layers=weights=%t/good.safetensors 2>&1 | FileCheck %t/missing.mlir

// Files that are not safetensors, or lie, are refused with a reason.
// RUN: not hinm-opt %t/elided.mlir --hinm-import-layers=weights=%t/outside.safetensors 2>&1 | FileCheck %s --check-prefix=OUTSIDE
// RUN: not hinm-opt %t/elided.mlir --hinm-import-layers=weights=%t/negative.safetensors 2>&1 | FileCheck %s --check-prefix=OUTSIDE
// RUN: not hinm-opt %t/elided.mlir --hinm-import-layers=weights=%t/wrong-size.safetensors 2>&1 | FileCheck %s --check-prefix=SIZE
// RUN: not hinm-opt %t/elided.mlir --hinm-import-layers=weights=%t/overflow.safetensors 2>&1 | FileCheck %s --check-prefix=OVERFLOW
// RUN: not hinm-opt %t/elided.mlir --hinm-import-layers=weights=%t/negative-shape.safetensors 2>&1 | FileCheck %s --check-prefix=SHAPE
// RUN: not hinm-opt %t/elided.mlir --hinm-import-layers=weights=%t/no-dtype.safetensors 2>&1 | FileCheck %s --check-prefix=DTYPE
// RUN: not hinm-opt %t/elided.mlir --hinm-import-layers=weights=%t/no-shape.safetensors 2>&1 | FileCheck %s --check-prefix=NOSHAPE
// RUN: not hinm-opt %t/elided.mlir --hinm-import-layers=weights=%t/no-offsets.safetensors 2>&1 | FileCheck %s --check-prefix=OFFSETS
// RUN: not hinm-opt %t/elided.mlir --hinm-import-layers=weights=%t/not-an-entry.safetensors 2>&1 | FileCheck %s --check-prefix=ENTRY
// RUN: not hinm-opt %t/elided.mlir --hinm-import-layers=weights=%t/not-json.safetensors 2>&1 | FileCheck %s --check-prefix=JSON
// RUN: not hinm-opt %t/elided.mlir --hinm-import-layers=weights=%t/not-object.safetensors 2>&1 | FileCheck %s --check-prefix=OBJECT
// RUN: not hinm-opt %t/elided.mlir --hinm-import-layers=weights=%t/deep.safetensors 2>&1 | FileCheck %s --check-prefix=DEEP
// RUN: not hinm-opt %t/elided.mlir --hinm-import-layers=weights=%t/not-utf8.safetensors 2>&1 | FileCheck %s --check-prefix=UTF8
// RUN: not hinm-opt %t/elided.mlir --hinm-import-layers=weights=%t/long-header.safetensors 2>&1 | FileCheck %s --check-prefix=LONG
// RUN: not hinm-opt %t/elided.mlir --hinm-import-layers=weights=%t/short.safetensors 2>&1 | FileCheck %s --check-prefix=SHORT
// RUN: not hinm-opt %t/elided.mlir --hinm-import-layers=weights=%t/empty.safetensors 2>&1 | FileCheck %s --check-prefix=SHORT
// RUN: not hinm-opt %t/elided.mlir --hinm-import-layers=weights=%t/absent.safetensors 2>&1 | FileCheck %s --check-prefix=ABSENT

// OUTSIDE: is not a valid safetensors file: tensor 'a' has 'data_offsets' outside the 4 bytes of data
// SIZE: tensor 'a' has 4 bytes, which is not what its shape and dtype 'F32' need
// OVERFLOW: tensor 'a' has more elements than fit in 64 bits
// SHAPE: tensor 'a' has a shape that is not of sizes
// DTYPE: tensor 'a' has no 'dtype'
// NOSHAPE: tensor 'a' has no 'shape'
// OFFSETS: tensor 'a' has no pair of 'data_offsets'
// ENTRY: tensor 'a' is not described by an object
// JSON: its header is not JSON
// OBJECT: its header is not an object
// DEEP: its header nests too deeply
// UTF8: its header is not UTF-8
// LONG: its header would have 9223372036854775808 bytes
// SHORT: the length of the header alone takes 8
// ABSENT: cannot read '{{.*}}absent.safetensors'

//--- elided.mlir
// By the resource's name, by attribute and by location; the bias gets its data too.
// CHECK-LABEL: func @main
// CHECK-DAG: arith.constant dense<[7.000000e+00, 8.000000e+00, 9.000000e+00]> : tensor<3xf32>
// CHECK-DAG: arith.constant dense<{{\[}}[1.000000e+00, 2.000000e+00], [3.000000e+00, 4.000000e+00], [5.000000e+00, 6.000000e+00]]> : tensor<3x2xf32>
// CHECK: hinm.matmul {{.*}} {layer = "fc.weight"}
// CHECK: hinm.matmul {{.*}} {layer = "fc.weight.2"}
// CHECK: arith.constant dense<{{\[}}[5.000000e-01, 2.000000e+00], [2.500000e-01, 4.000000e+00]]> : tensor<2x2xf32>
// CHECK: hinm.matmul {{.*}} {layer = "half"}
func.func @main(%x: tensor<4x2xf32>, %v: tensor<4x2xf32>) -> (tensor<4x3xf32>, tensor<4x3xf32>, tensor<4x2xf32>, tensor<3xf32>) {
  %w0 = arith.constant dense_resource<fc.weight> : tensor<3x2xf32>
  %w1 = arith.constant {hinm.name = "fc.weight"} dense_resource<__elided__> : tensor<3x2xf32>
  %w2 = arith.constant dense_resource<__elided__> : tensor<2x2xf32> loc("half")
  %b = arith.constant dense_resource<fc.bias> : tensor<3xf32>
  %z3 = arith.constant dense<0.0> : tensor<4x3xf32>
  %z2 = arith.constant dense<0.0> : tensor<4x2xf32>
  %e = tensor.empty() : tensor<2x3xf32>
  %t = linalg.transpose ins(%w0 : tensor<3x2xf32>) outs(%e : tensor<2x3xf32>) permutation = [1, 0]
  %y0 = linalg.matmul ins(%x, %t : tensor<4x2xf32>, tensor<2x3xf32>) outs(%z3 : tensor<4x3xf32>) -> tensor<4x3xf32>
  %t1 = linalg.transpose ins(%w1 : tensor<3x2xf32>) outs(%e : tensor<2x3xf32>) permutation = [1, 0]
  %y1 = linalg.matmul ins(%x, %t1 : tensor<4x2xf32>, tensor<2x3xf32>) outs(%z3 : tensor<4x3xf32>) -> tensor<4x3xf32>
  %y2 = linalg.matmul ins(%x, %w2 : tensor<4x2xf32>, tensor<2x2xf32>) outs(%z2 : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y0, %y1, %y2, %b : tensor<4x3xf32>, tensor<4x3xf32>, tensor<4x2xf32>, tensor<3xf32>
}

//--- argument.mlir
// An argument by its attribute, and one by the option; f16 widens exactly.
// CHECK-LABEL: func @main
// CHECK: arith.constant dense<{{\[}}[1.000000e+00, 2.000000e+00], [3.000000e+00, 4.000000e+00], [5.000000e+00, 6.000000e+00]]> : tensor<3x2xf32>
// CHECK: hinm.matmul {{.*}} {layer = "fc.weight"}
// CHECK: arith.constant dense<{{\[}}[5.000000e-01, 2.000000e+00], [2.500000e-01, 4.000000e+00]]> : tensor<2x2xf32>
// CHECK: hinm.matmul {{.*}} {layer = "half"}
// NONE: error: '{{.*}}good.safetensors' has no tensor 'none', to which an argument is bound
// INDEX: error: binding 'main:9:half' names no argument of a function in the module
// FORM: error: binding 'main=half' is not of the form function:argument:name
func.func @main(%x: tensor<4x2xf32>, %w: tensor<3x2xf32> {hinm.name = "fc.weight"}, %v: tensor<2x2xf32>) -> (tensor<4x3xf32>, tensor<4x2xf32>) {
  %z3 = arith.constant dense<0.0> : tensor<4x3xf32>
  %z2 = arith.constant dense<0.0> : tensor<4x2xf32>
  %e = tensor.empty() : tensor<2x3xf32>
  %t = linalg.transpose ins(%w : tensor<3x2xf32>) outs(%e : tensor<2x3xf32>) permutation = [1, 0]
  %y0 = linalg.matmul ins(%x, %t : tensor<4x2xf32>, tensor<2x3xf32>) outs(%z3 : tensor<4x3xf32>) -> tensor<4x3xf32>
  %y1 = linalg.matmul ins(%x, %v : tensor<4x2xf32>, tensor<2x2xf32>) outs(%z2 : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y0, %y1 : tensor<4x3xf32>, tensor<4x2xf32>
}

//--- shape.mlir
// CHECK: error: tensor 'fc.weight' in '{{.*}}good.safetensors' has shape [3, 2], but the module needs [2, 3]
func.func @main(%x: tensor<4x2xf32>) -> tensor<4x3xf32> {
  %w = arith.constant dense_resource<fc.weight> : tensor<2x3xf32>
  %z = arith.constant dense<0.0> : tensor<4x3xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x2xf32>, tensor<2x3xf32>) outs(%z : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

//--- type.mlir
// CHECK: error: tensor 'fc.weight' in '{{.*}}good.safetensors' holds F32, which is not exactly representable in 'f16'
func.func @main(%x: tensor<4x3xf16>) -> tensor<4x2xf16> {
  %w = arith.constant dense_resource<fc.weight> : tensor<3x2xf16>
  %z = arith.constant dense<0.0> : tensor<4x2xf16>
  %y = linalg.matmul ins(%x, %w : tensor<4x3xf16>, tensor<3x2xf16>) outs(%z : tensor<4x2xf16>) -> tensor<4x2xf16>
  return %y : tensor<4x2xf16>
}

//--- missing.mlir
// CHECK: error: weight 'other' was printed without its data, and '{{.*}}good.safetensors' has no tensor of that name
func.func @main(%x: tensor<4x3xf16>) -> tensor<4x2xf16> {
  %w = arith.constant dense_resource<other> : tensor<3x2xf16>
  %z = arith.constant dense<0.0> : tensor<4x2xf16>
  %y = linalg.matmul ins(%x, %w : tensor<4x3xf16>, tensor<3x2xf16>) outs(%z : tensor<4x2xf16>) -> tensor<4x2xf16>
  return %y : tensor<4x2xf16>
}
