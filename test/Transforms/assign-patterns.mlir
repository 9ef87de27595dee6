// RUN: hinm-opt %s --hinm-assign-patterns 2>/dev/null | FileCheck %s
// RUN: hinm-opt %s --hinm-assign-patterns --hinm-assign-patterns 2>/dev/null | FileCheck %s
// RUN: hinm-opt %s --hinm-assign-patterns='sparsity=0.85 vector-size=64 nm=1:4 policy=global layers=ffn\..* skip=.*down min-rows=8 min-columns=8' 2>&1 \
// RUN:   | FileCheck %s --check-prefix=OPTIONS
// RUN: not hinm-opt %s --hinm-assign-patterns=sparsity=0.4 2>&1 | FileCheck %s --check-prefix=RANGE
// RUN: not hinm-opt %s --hinm-assign-patterns='sparsity=0.75 policy=all' 2>&1 | FileCheck %s --check-prefix=ALL
// RUN: not hinm-opt %s --hinm-assign-patterns=nm=4:2 2>&1 | FileCheck %s --check-prefix=NM
// RUN: not hinm-opt %s --hinm-assign-patterns=vector-size=0 2>&1 | FileCheck %s --check-prefix=SIZE
// RUN: not hinm-opt %s --hinm-assign-patterns=policy=some 2>&1 | FileCheck %s --check-prefix=POLICY
// RUN: not hinm-opt %s --hinm-assign-patterns='layers=a(' 2>&1 | FileCheck %s --check-prefix=REGEX
// RUN: hinm-opt %s --hinm-assign-patterns='sparsity=0.5 policy=all' 2>/dev/null | FileCheck %s --check-prefix=PLAIN

// RUN: hinm-opt %s --hinm-assign-patterns='list-rows=128 window=64' 2>/dev/null | FileCheck %s --check-prefix=SHARED
// RUN: not hinm-opt %s --hinm-assign-patterns=list-rows=48 2>&1 | FileCheck %s --check-prefix=LIST
// RUN: not hinm-opt %s --hinm-assign-patterns='window=64 policy=global' 2>&1 | FileCheck %s --check-prefix=WINDOW

// SHARED: #hinm.pattern<tile = 32, nm = 2:4, vector_sparsity = 5.000000e-01, list_rows = 128, window = 64>
// LIST: error: 'list_rows' is 48, it must be a positive multiple of 'tile' = 32
// WINDOW: error: 'window' needs the policy 'per_tile'
// RANGE: error: option sparsity=0.4{{0*}} is not possible with 2:4: it can be from 0.5{{0*}} to 1
// ALL: error: option sparsity=0.75{{0*}} is not possible with policy=all and 2:4: it is 0.5
// NM: error: option nm=4:2 is not of the form N:M with 1 <= N <= M
// SIZE: error: option vector-size=0 is less than 1
// POLICY: error: option policy=some is none of per_tile, all, per_block, global
// REGEX: error: option layers=a( is not a regular expression

// CHECK:         #[[P:.*]] = #hinm.pattern<tile = 32, nm = 2:4, vector_sparsity = 5.000000e-01>
// CHECK:         #[[GIVEN:.*]] = #hinm.pattern<tile = 16, nm = 2:4, kept = 8>
// CHECK:         layer = "ffn.up", pattern = #[[P]]}
// CHECK:         layer = "ffn.down", pattern = #[[P]]}
// CHECK:         hinm.skipped = "it has 2 input channels, fewer than 4"
// CHECK:         layer = "given", pattern = #[[GIVEN]]}

// PLAIN:         #[[P:.*]] = #hinm.pattern<tile = 32, nm = 2:4, policy = all>
// PLAIN:         layer = "ffn.up", pattern = #[[P]]}

// OPTIONS:       remark: layer 'ffn.down' stays dense: its name matches '.*down'
// OPTIONS:       remark: layer 'tiny' stays dense: its name does not match 'ffn
// OPTIONS:       #[[P:.*]] = #hinm.pattern<tile = 64, nm = 1:4, policy = global, vector_sparsity = {{4.0000|0.4000|3.9999|0.3999}}
// OPTIONS:       layer = "ffn.up", pattern = #[[P]]}
// OPTIONS:       hinm.skipped = "its name matches '.*down'"
func.func @layers(%x: tensor<8x4xf32>, %w0: tensor<16x8xf32>, %w1: tensor<8x16xf32>, %w2: tensor<16x2xf32>, %x2: tensor<2x4xf32>)
    -> (tensor<16x4xf32>, tensor<8x4xf32>, tensor<16x4xf32>, tensor<16x4xf32>) {
  %e16 = tensor.empty() : tensor<16x4xf32>
  %e8 = tensor.empty() : tensor<8x4xf32>
  %up = hinm.matmul ins(%w0, %x : tensor<16x8xf32>, tensor<8x4xf32>) outs(%e16 : tensor<16x4xf32>) {layer = "ffn.up"} -> tensor<16x4xf32>
  %down = hinm.matmul ins(%w1, %up : tensor<8x16xf32>, tensor<16x4xf32>) outs(%e8 : tensor<8x4xf32>) {layer = "ffn.down"} -> tensor<8x4xf32>
  %tiny = hinm.matmul ins(%w2, %x2 : tensor<16x2xf32>, tensor<2x4xf32>) outs(%e16 : tensor<16x4xf32>) {layer = "tiny"} -> tensor<16x4xf32>
  %given = hinm.matmul ins(%w0, %x : tensor<16x8xf32>, tensor<8x4xf32>) outs(%e16 : tensor<16x4xf32>)
      {layer = "given", pattern = #hinm.pattern<tile = 16, nm = 2:4, kept = 8>} -> tensor<16x4xf32>
  return %up, %down, %tiny, %given : tensor<16x4xf32>, tensor<8x4xf32>, tensor<16x4xf32>, tensor<16x4xf32>
}
