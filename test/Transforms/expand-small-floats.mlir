// RUN: hinm-opt %s --hinm-expand-small-floats | FileCheck %s

// (What the arithmetic gives is tested in Integration/CPU/small-float-casts.test.)

// CHECK-LABEL: func @extension
// CHECK-SAME: %[[X:.*]]: f8E5M2
// CHECK: %[[BYTE:.*]] = arith.bitcast %[[X]] : f8E5M2 to i8
// CHECK: arith.extui %[[BYTE]] : i8 to i32
// CHECK: arith.select
// CHECK: %[[BITS:.*]] = arith.ori
// CHECK: %[[F:.*]] = arith.bitcast %[[BITS]] : i32 to f32
// CHECK-NEXT: %[[H:.*]] = arith.truncf %[[F]] : f32 to f16
// CHECK: return %[[H]]
func.func @extension(%x: f8E5M2) -> f16 {
  %y = arith.extf %x : f8E5M2 to f16
  return %y : f16
}

// CHECK-LABEL: func @truncation
// CHECK-SAME: %[[X:.*]]: bf16
// CHECK: %[[F:.*]] = arith.extf %[[X]] : bf16 to f32
// CHECK: arith.bitcast %[[F]] : f32 to i32
// CHECK: %[[BYTE:.*]] = arith.trunci %{{.*}} : i32 to i8
// CHECK: %[[Y:.*]] = arith.bitcast %[[BYTE]] : i8 to f8E4M3FN
// CHECK: return %[[Y]]
func.func @truncation(%x: bf16) -> f8E4M3FN {
  %y = arith.truncf %x : bf16 to f8E4M3FN
  return %y : f8E4M3FN
}

// An f64 would be rounded twice, other types have instructions, tensors loops.
// CHECK-LABEL: func @left
// CHECK-NEXT: arith.truncf %{{.*}} : f64 to f8E5M2
// CHECK-NEXT: arith.extf %{{.*}} : f16 to f32
// CHECK-NEXT: arith.extf %{{.*}} : tensor<4xf8E5M2> to tensor<4xf32>
// CHECK-NEXT: return
func.func @left(%x: f64, %y: f16, %z: tensor<4xf8E5M2>) -> (f8E5M2, f32, tensor<4xf32>) {
  %a = arith.truncf %x : f64 to f8E5M2
  %b = arith.extf %y : f16 to f32
  %c = arith.extf %z : tensor<4xf8E5M2> to tensor<4xf32>
  return %a, %b, %c : f8E5M2, f32, tensor<4xf32>
}
