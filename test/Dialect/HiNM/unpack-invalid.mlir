// RUN: hinm-opt %s --split-input-file --verify-diagnostics

// Each function is named after the constraint that it breaks.

func.func @unpack_c1_values(%v: tensor<256xf16>, %m: tensor<32xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>) -> tensor<16x8xf16> {
  // expected-error@+1 {{'values' has 256 elements, but the format needs 512}}
  %w = hinm.unpack as #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4> from (%v, %m, %l, %o)
      : tensor<256xf16>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32> -> tensor<16x8xf16>
  return %w : tensor<16x8xf16>
}

// -----

func.func @unpack_c1_metadata(%v: tensor<512xf16>, %m: tensor<16xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>) -> tensor<16x8xf16> {
  // expected-error@+1 {{'metadata' has 16 elements, but the format needs 32}}
  %w = hinm.unpack as #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4> from (%v, %m, %l, %o)
      : tensor<512xf16>, tensor<16xi32>, tensor<64xi32>, tensor<2xi32> -> tensor<16x8xf16>
  return %w : tensor<16x8xf16>
}

// -----

func.func @unpack_c1_list(%v: tensor<512xf16>, %m: tensor<32xi32>, %l: tensor<60xi32>, %o: tensor<2xi32>) -> tensor<16x8xf16> {
  // expected-error@+1 {{'column_list' has 60 elements, the format pads each tile to a multiple of 64}}
  %w = hinm.unpack as #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4> from (%v, %m, %l, %o)
      : tensor<512xf16>, tensor<32xi32>, tensor<60xi32>, tensor<2xi32> -> tensor<16x8xf16>
  return %w : tensor<16x8xf16>
}

// -----

func.func @unpack_c1_offsets(%v: tensor<512xf16>, %m: tensor<32xi32>, %l: tensor<64xi32>, %o: tensor<1xi32>) -> tensor<16x8xf16> {
  // expected-error@+1 {{'tile_offsets' has 1 elements, but the format needs 2}}
  %w = hinm.unpack as #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4> from (%v, %m, %l, %o)
      : tensor<512xf16>, tensor<32xi32>, tensor<64xi32>, tensor<1xi32> -> tensor<16x8xf16>
  return %w : tensor<16x8xf16>
}

// -----

func.func @unpack_c2_shape(%v: tensor<512xf16>, %m: tensor<32xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>) -> tensor<16x16xf16> {
  // expected-error@+1 {{the result is 'tensor<16x16xf16>', but the format says 16 x 8}}
  %w = hinm.unpack as #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4> from (%v, %m, %l, %o)
      : tensor<512xf16>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32> -> tensor<16x16xf16>
  return %w : tensor<16x16xf16>
}

// -----

func.func @unpack_c2_type(%v: tensor<512xf16>, %m: tensor<32xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>) -> tensor<16x8xbf16> {
  // expected-error@+1 {{the result holds 'bf16', but 'values' holds 'f16'}}
  %w = hinm.unpack as #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4> from (%v, %m, %l, %o)
      : tensor<512xf16>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32> -> tensor<16x8xbf16>
  return %w : tensor<16x8xbf16>
}

// -----

func.func @unpack_c1_version(%v: tensor<512xf16>, %m: tensor<32xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>) -> tensor<16x8xf16> {
  // expected-error@+1 {{'values' holds 'f16', but version 2 of the format holds elements of 8 bits}}
  %w = hinm.unpack as #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4, version = 2> from (%v, %m, %l, %o)
      : tensor<512xf16>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32> -> tensor<16x8xf16>
  return %w : tensor<16x8xf16>
}

// -----

func.func @unpack_c1_short(%v: tensor<512xf16>, %m: tensor<32xi32>, %l: tensor<64xi16>, %o: tensor<2xi32>) -> tensor<16x65537xf16> {
  // expected-error@+1 {{'column_list' holds i16, which do not reach 65537 columns}}
  %w = hinm.unpack as #hinm.packed<rows = 16, columns = 65537, tile = 16, nm = 2:4> from (%v, %m, %l, %o)
      : tensor<512xf16>, tensor<32xi32>, tensor<64xi16>, tensor<2xi32> -> tensor<16x65537xf16>
  return %w : tensor<16x65537xf16>
}
