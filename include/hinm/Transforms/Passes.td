//===- Passes.td - Passes of hinm (Transforms) -------------*- tablegen -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HINM_TRANSFORMS_PASSES_TD
#define HINM_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// hinm-import-layers
//===----------------------------------------------------------------------===//

//===----------------------------------------------------------------------===//
// hinm-propagate-transposes
//===----------------------------------------------------------------------===//

//===----------------------------------------------------------------------===//
// hinm-gyro-permute
//===----------------------------------------------------------------------===//

//===----------------------------------------------------------------------===//
// hinm-propagate-permutations
//===----------------------------------------------------------------------===//

//===----------------------------------------------------------------------===//
// hinm-fold-permutations
//===----------------------------------------------------------------------===//

//===----------------------------------------------------------------------===//
// hinm-prune
//===----------------------------------------------------------------------===//

//===----------------------------------------------------------------------===//
// hinm-pack
//===----------------------------------------------------------------------===//

//===----------------------------------------------------------------------===//
// hinm-report
//===----------------------------------------------------------------------===//

//===----------------------------------------------------------------------===//
// hinm-widen-floats
//===----------------------------------------------------------------------===//

def WidenFloats : Pass<"hinm-widen-floats", "::mlir::ModuleOp"> {
  let summary = "evaluates a module in f64: the reference of every check";
  let description = [{
    Replaces f16, bf16 and f32 by f64 in every type and constant, and drops the
    casts between them. The values of constants stay as they are, exactly; only
    the arithmetic gets wider. `hinm-run` lowers the result to plain loops and
    compares a compiled network with it.

    A module that reads the bits of a float (`arith.bitcast`) is refused.

    ```mlir
    %c = arith.constant dense<[1.0, 2.5]> : tensor<2xf32>
    %s = arith.addf %x, %c : tensor<2xf32>
    ```
    becomes
    ```mlir
    %c = arith.constant dense<[1.0, 2.5]> : tensor<2xf64>
    %s = arith.addf %x, %c : tensor<2xf64>
    ```
  }];
}

#endif // HINM_TRANSFORMS_PASSES_TD
