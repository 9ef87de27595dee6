// RUN: hinm-opt %s --canonicalize --split-input-file | FileCheck %s

// CHECK-LABEL: func @permute_identity
// CHECK-NEXT: return %arg0
func.func @permute_identity(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %y = hinm.permute %x by #hinm.permutation<dense<[0, 1, 2]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// permute(permute(x, p), q)[i] = x[p[q[i]]].
// CHECK-LABEL: func @permute_twice
// CHECK-NEXT: %[[Y:.*]] = hinm.permute %arg0 by #hinm.permutation<dense<[1, 2, 0, 3]> : tensor<4xi32>> dim 0
// CHECK-NEXT: return %[[Y]]
func.func @permute_twice(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %y = hinm.permute %x by #hinm.permutation<dense<[2, 0, 3, 1]> : tensor<4xi32>> dim 0 : tensor<4x2xf32>
  %z = hinm.permute %y by #hinm.permutation<dense<[3, 0, 1, 2]> : tensor<4xi32>> dim 0 : tensor<4x2xf32>
  return %z : tensor<4x2xf32>
}

// CHECK-LABEL: func @permute_and_back
// CHECK-NEXT: return %arg0
func.func @permute_and_back(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %y = hinm.permute %x by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  %z = hinm.permute %y by #hinm.permutation<dense<[1, 2, 0]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  return %z : tensor<3x2xf32>
}

// The one of dimension 1 in between moves out of the way.
// CHECK-LABEL: func @permute_sorted
// CHECK-NEXT: %[[Y:.*]] = hinm.permute %arg0 by {{.*}} dim 1
// CHECK-NEXT: return %[[Y]]
func.func @permute_sorted(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %y = hinm.permute %x by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  %z = hinm.permute %y by #hinm.permutation<dense<[1, 0]> : tensor<2xi32>> dim 1 : tensor<3x2xf32>
  %t = hinm.permute %z by #hinm.permutation<dense<[1, 2, 0]> : tensor<3xi32>> dim 0 : tensor<3x2xf32>
  return %t : tensor<3x2xf32>
}

// CHECK-LABEL: func @permute_constant
// CHECK-NEXT: %[[C:.*]] = arith.constant dense<{{\[}}[3, 1, 2], [6, 4, 5]]> : tensor<2x3xi8>
// CHECK-NEXT: return %[[C]]
func.func @permute_constant() -> tensor<2x3xi8> {
  %x = arith.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi8>
  %y = hinm.permute %x by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 1 : tensor<2x3xi8>
  return %y : tensor<2x3xi8>
}

// -----

// Tile {0, 1} weighs most in columns 1, 2, 5, 6: each row keeps the two largest
// of them, the first of equals. Tile {2} (a short one) in 0, 3, 4, 7.
// CHECK-LABEL: func @prune
// CHECK-NEXT: arith.constant dense<{{\[}}[0.000000e+00, 5.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, -6.000000e+00, 0.000000e+00, 0.000000e+00],
// CHECK-SAME: [0.000000e+00, 3.000000e+00, 3.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00],
// CHECK-SAME: [0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 4.000000e+00, 0.000000e+00, 0.000000e+00, -5.000000e+00]]> : tensor<3x8xf32>
func.func @prune() -> tensor<3x8xf32> {
  %w = arith.constant dense<[[1.0, 5.0, 2.0, 1.0, 0.0, -6.0, 2.0, 1.0],
                             [1.0, 3.0, 3.0, -1.0, 1.0, 3.0, 3.0, 0.0],
                             [2.0, 1.0, 1.0, 3.0, 4.0, 1.0, 1.0, -5.0]]> : tensor<3x8xf32>
  %p = hinm.prune %w {pattern = #hinm.pattern<tile = 2, nm = 2:4, vector_sparsity = 0.5>} : tensor<3x8xf32>
  return %p : tensor<3x8xf32>
}

// -----

// The saliency decides, not the weight.
// CHECK-LABEL: func @prune_saliency
// CHECK-NEXT: arith.constant dense<{{\[}}[1.000000e+00, 0.000000e+00, 3.000000e+00, 0.000000e+00]]> : tensor<1x4xf16>
func.func @prune_saliency() -> tensor<1x4xf16> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf16>
  %s = arith.constant dense<[[9.0, 0.0, 8.0, 7.0]]> : tensor<1x4xf32>
  %p = hinm.prune %w saliency(%s : tensor<1x4xf32>) {pattern = #hinm.pattern<tile = 1, nm = 2:4, policy = all>} : tensor<1x4xf16>
  return %p : tensor<1x4xf16>
}

// -----

// What Core refuses stays: NaN, a negative saliency, more kept columns than
// there are.
// CHECK-LABEL: func @prune_refused
// CHECK-COUNT-3: hinm.prune
func.func @prune_refused() -> (tensor<1x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>) {
  %n = arith.constant dense<[[1.0, 0x7FC00000, 3.0, 4.0]]> : tensor<1x4xf32>
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32>
  %s = arith.constant dense<[[9.0, -1.0, 8.0, 7.0]]> : tensor<1x4xf32>
  %p = hinm.prune %n {pattern = #hinm.pattern<tile = 1, nm = 2:4, policy = all>} : tensor<1x4xf32>
  %q = hinm.prune %w saliency(%s : tensor<1x4xf32>) {pattern = #hinm.pattern<tile = 1, nm = 2:4, policy = all>} : tensor<1x4xf32>
  %r = hinm.prune %w {pattern = #hinm.pattern<tile = 1, nm = 2:4, kept = 8>} : tensor<1x4xf32>
  return %p, %q, %r : tensor<1x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>
}

// -----

// Only the saliency has its data.
// CHECK-LABEL: func @prune_elided
// CHECK: hinm.prune
func.func @prune_elided() -> tensor<1x4xf32> {
  %w = arith.constant dense_resource<__elided__> : tensor<1x4xf32>
  %s = arith.constant dense<[[9.0, 1.0, 8.0, 7.0]]> : tensor<1x4xf32>
  %q = hinm.prune %w saliency(%s : tensor<1x4xf32>) {pattern = #hinm.pattern<tile = 1, nm = 2:4, policy = all>} : tensor<1x4xf32>
  return %q : tensor<1x4xf32>
}

// -----

// Pack and unpack fold one after the other, through constants. -0 is nothing.
// CHECK-LABEL: func @pack_unpack
// CHECK-NOT: hinm.
// CHECK-DAG: %[[W:.*]] = arith.constant dense<{{\[}}[1.000000e+00, 0.000000e+00, 0.000000e+00, 2.000000e+00, 0.000000e+00], [0.000000e+00, 3.000000e+00, 0.000000e+00, 0.000000e+00, -4.000000e+00]]> : tensor<2x5xf16>
// CHECK-DAG: %[[L:.*]] = arith.constant dense<[0, 4, 1, 3, 0, {{.*}}]> : tensor<64xi32>
// CHECK-DAG: %[[O:.*]] = arith.constant dense<[0, 64]> : tensor<2xi32>
// CHECK: return %[[W]], %[[L]], %[[O]]
func.func @pack_unpack() -> (tensor<2x5xf16>, tensor<64xi32>, tensor<2xi32>) {
  %w = arith.constant dense<[[1.0, -0.0, 0.0, 2.0, 0.0], [0.0, 3.0, 0.0, 0.0, -4.0]]> : tensor<2x5xf16>
  %v, %m, %l, %o = hinm.pack %w as #hinm.packed<rows = 2, columns = 5, tile = 16, nm = 2:4>
      columns(#hinm.column_index<columns = dense<[0, 4, 1, 3]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>)
      : tensor<2x5xf16> -> tensor<512xf16>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32>
  %u = hinm.unpack as #hinm.packed<rows = 2, columns = 5, tile = 16, nm = 2:4>
      from (%v, %m, %l, %o) : tensor<512xf16>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32> -> tensor<2x5xf16>
  return %u, %l, %o : tensor<2x5xf16>, tensor<64xi32>, tensor<2xi32>
}

// -----

// The same of 8 bits. Of an i8 the sign bit alone is -128; of a float it is nothing.
// CHECK-LABEL: func @pack_unpack_bytes
// CHECK-NOT: hinm.
// CHECK-DAG: %[[I:.*]] = arith.constant dense<{{\[}}[1, -128, 0, 0, 0], [0, 3, 0, 0, -4]]> : tensor<2x5xi8>
// CHECK-DAG: %[[F:.*]] = arith.constant dense<{{\[}}[1.000000e+00, 0.000000e+00, 0.000000e+00, 2.000000e+00, 0.000000e+00]]> : tensor<1x5xf8E4M3FN>
// CHECK: return %[[I]], %[[F]]
func.func @pack_unpack_bytes() -> (tensor<2x5xi8>, tensor<1x5xf8E4M3FN>) {
  %w = arith.constant dense<[[1, -128, 0, 0, 0], [0, 3, 0, 0, -4]]> : tensor<2x5xi8>
  %v, %m, %l, %o = hinm.pack %w as #hinm.packed<rows = 2, columns = 5, tile = 16, nm = 2:4, version = 2>
      columns(#hinm.column_index<columns = dense<[0, 4, 1, 3]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>)
      : tensor<2x5xi8> -> tensor<512xi8>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32>
  %u = hinm.unpack as #hinm.packed<rows = 2, columns = 5, tile = 16, nm = 2:4, version = 2>
      from (%v, %m, %l, %o) : tensor<512xi8>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32> -> tensor<2x5xi8>
  %x = arith.constant dense<[[1.0, -0.0, 0.0, 2.0, 0.0]]> : tensor<1x5xf8E4M3FN>
  %xv, %xm, %xl, %xo = hinm.pack %x as #hinm.packed<rows = 1, columns = 5, tile = 16, nm = 2:4, version = 2>
      columns(#hinm.column_index<columns = dense<[0, 4, 1, 3]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>)
      : tensor<1x5xf8E4M3FN> -> tensor<512xf8E4M3FN>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32>
  %z = hinm.unpack as #hinm.packed<rows = 1, columns = 5, tile = 16, nm = 2:4, version = 2>
      from (%xv, %xm, %xl, %xo) : tensor<512xf8E4M3FN>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32> -> tensor<1x5xf8E4M3FN>
  return %u, %z : tensor<2x5xi8>, tensor<1x5xf8E4M3FN>
}

// -----

// CHECK-LABEL: func @unpack_of_pack
// CHECK-NEXT: return %arg0
func.func @unpack_of_pack(%w: tensor<16x8xf16>) -> tensor<16x8xf16> {
  %v, %m, %l, %o = hinm.pack %w as #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4>
      columns(#hinm.column_index<columns = dense<[0, 3, 1, 6]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>)
      : tensor<16x8xf16> -> tensor<512xf16>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32>
  %u = hinm.unpack as #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4>
      from (%v, %m, %l, %o) : tensor<512xf16>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32> -> tensor<16x8xf16>
  return %u : tensor<16x8xf16>
}

// The values of one weight with the columns of another are neither.
// CHECK-LABEL: func @unpack_of_two_packs
// CHECK: hinm.unpack
func.func @unpack_of_two_packs(%w: tensor<16x8xf16>, %x: tensor<16x8xf16>) -> tensor<16x8xf16> {
  %v, %m, %l, %o = hinm.pack %w as #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4>
      columns(#hinm.column_index<columns = dense<[0, 3, 1, 6]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>)
      : tensor<16x8xf16> -> tensor<512xf16>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32>
  %v2, %m2, %l2, %o2 = hinm.pack %x as #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4>
      columns(#hinm.column_index<columns = dense<[2, 3, 1, 6]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>)
      : tensor<16x8xf16> -> tensor<512xf16>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32>
  %u = hinm.unpack as #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4>
      from (%v, %m, %l2, %o) : tensor<512xf16>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32> -> tensor<16x8xf16>
  return %u : tensor<16x8xf16>
}

// -----

// Three of a row in one group, and one outside the kept columns: refused.
// CHECK-LABEL: func @pack_refused
// CHECK-COUNT-2: hinm.pack
func.func @pack_refused() -> (tensor<512xf16>, tensor<512xf16>) {
  %w = arith.constant dense<[[1.0, 1.0, 0.0, 1.0, 0.0]]> : tensor<1x5xf16>
  %v, %m, %l, %o = hinm.pack %w as #hinm.packed<rows = 1, columns = 5, tile = 16, nm = 2:4>
      columns(#hinm.column_index<columns = dense<[0, 1, 2, 3]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>)
      : tensor<1x5xf16> -> tensor<512xf16>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32>
  %x = arith.constant dense<[[1.0, 0.0, 0.0, 0.0, 1.0]]> : tensor<1x5xf16>
  %v2, %m2, %l2, %o2 = hinm.pack %x as #hinm.packed<rows = 1, columns = 5, tile = 16, nm = 2:4>
      columns(#hinm.column_index<columns = dense<[0, 1, 2, 3]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>)
      : tensor<1x5xf16> -> tensor<512xf16>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32>
  return %v, %v2 : tensor<512xf16>, tensor<512xf16>
}

// -----

// One of two. What is no tf32 is refused, and so are two of a pair.
// CHECK-LABEL: func @pack_tf32
// CHECK-DAG: %[[W:.*]] = arith.constant dense<{{.}}[0.000000e+00, 3.000000e+00, 1.000000e+00, 0.000000e+00]]> : tensor<1x4xf32>
// CHECK: %[[INEXACT:.*]], %{{.*}}, %{{.*}}, %{{.*}} = hinm.pack
// CHECK: %[[TWO:.*]], %{{.*}}, %{{.*}}, %{{.*}} = hinm.pack
// CHECK: return %[[W]], %[[INEXACT]], %[[TWO]]
func.func @pack_tf32() -> (tensor<1x4xf32>, tensor<256xf32>, tensor<256xf32>) {
  %w = arith.constant dense<[[0.0, 3.0, 1.0, 0.0]]> : tensor<1x4xf32>
  %v, %m, %l, %o = hinm.pack %w as #hinm.packed<rows = 1, columns = 4, tile = 16, nm = 1:2, version = 3>
      columns(#hinm.column_index<columns = dense<[0, 1, 2, 3]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>)
      : tensor<1x4xf32> -> tensor<256xf32>, tensor<32xi32>, tensor<32xi32>, tensor<2xi32>
  %u = hinm.unpack as #hinm.packed<rows = 1, columns = 4, tile = 16, nm = 1:2, version = 3>
      from (%v, %m, %l, %o) : tensor<256xf32>, tensor<32xi32>, tensor<32xi32>, tensor<2xi32> -> tensor<1x4xf32>
  %x = arith.constant dense<[[0.0, 3.0, 1.0001, 0.0]]> : tensor<1x4xf32>
  %v2, %m2, %l2, %o2 = hinm.pack %x as #hinm.packed<rows = 1, columns = 4, tile = 16, nm = 1:2, version = 3>
      columns(#hinm.column_index<columns = dense<[0, 1, 2, 3]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>)
      : tensor<1x4xf32> -> tensor<256xf32>, tensor<32xi32>, tensor<32xi32>, tensor<2xi32>
  %y = arith.constant dense<[[2.0, 3.0, 1.0, 0.0]]> : tensor<1x4xf32>
  %v3, %m3, %l3, %o3 = hinm.pack %y as #hinm.packed<rows = 1, columns = 4, tile = 16, nm = 1:2, version = 3>
      columns(#hinm.column_index<columns = dense<[0, 1, 2, 3]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>)
      : tensor<1x4xf32> -> tensor<256xf32>, tensor<32xi32>, tensor<32xi32>, tensor<2xi32>
  return %u, %v2, %v3 : tensor<1x4xf32>, tensor<256xf32>, tensor<256xf32>
}

// -----

// Metadata that puts both weights of a group in one place is refused.
// CHECK-LABEL: func @unpack_refused
// CHECK: hinm.unpack
func.func @unpack_refused() -> tensor<2x5xf16> {
  %v = arith.constant dense<1.0> : tensor<512xf16>
  %m = arith.constant dense<0> : tensor<32xi32>
  %l = arith.constant dense<0> : tensor<64xi32>
  %o = arith.constant dense<[0, 64]> : tensor<2xi32>
  %u = hinm.unpack as #hinm.packed<rows = 2, columns = 5, tile = 16, nm = 2:4>
      from (%v, %m, %l, %o) : tensor<512xf16>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32> -> tensor<2x5xf16>
  return %u : tensor<2x5xf16>
}
