// RUN: hinm-opt %s --split-input-file --verify-diagnostics

// Each function is named after the constraint that it breaks.

func.func @pack_c1(%w: tensor<16x12xf16>) {
  // expected-error@+1 {{the weight is 'tensor<16x12xf16>', but the format says 16 x 8}}
  %v, %m, %l, %o = hinm.pack %w as #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4>
      columns(#hinm.column_index<columns = dense<[0, 3, 1, 6]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>)
      : tensor<16x12xf16> -> tensor<512xf16>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32>
  return
}

// -----

func.func @pack_c2_tiles(%w: tensor<16x8xf16>) {
  // expected-error@+1 {{the column index has 2 tiles, but 16 rows in tiles of 16 make 1}}
  %v, %m, %l, %o = hinm.pack %w as #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4>
      columns(#hinm.column_index<columns = dense<[0, 3, 1, 6]> : tensor<4xi32>, offsets = dense<[0, 4, 4]> : tensor<3xi32>>)
      : tensor<16x8xf16> -> tensor<512xf16>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32>
  return
}

// -----

func.func @pack_c2_range(%w: tensor<16x8xf16>) {
  // expected-error@+1 {{kept column 8 is outside [0, 8)}}
  %v, %m, %l, %o = hinm.pack %w as #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4>
      columns(#hinm.column_index<columns = dense<[0, 3, 1, 8]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>)
      : tensor<16x8xf16> -> tensor<512xf16>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32>
  return
}

// -----

func.func @pack_c2_groups(%w: tensor<16x8xf16>) {
  // expected-error@+1 {{tile 0 lists 3 columns, which is not a multiple of M = 4}}
  %v, %m, %l, %o = hinm.pack %w as #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4>
      columns(#hinm.column_index<columns = dense<[0, 3, 1]> : tensor<3xi32>, offsets = dense<[0, 3]> : tensor<2xi32>>)
      : tensor<16x8xf16> -> tensor<512xf16>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32>
  return
}

// -----

func.func @pack_c3_type(%w: tensor<16x8xf16>) {
  // expected-error@+1 {{'values' holds 'bf16', but the weight holds 'f16'}}
  %v, %m, %l, %o = hinm.pack %w as #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4>
      columns(#hinm.column_index<columns = dense<[0, 3, 1, 6]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>)
      : tensor<16x8xf16> -> tensor<512xbf16>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32>
  return
}

// -----

func.func @pack_c3_values(%w: tensor<16x8xf16>) {
  // expected-error@+1 {{'values' has 256 elements, but the format needs 512}}
  %v, %m, %l, %o = hinm.pack %w as #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4>
      columns(#hinm.column_index<columns = dense<[0, 3, 1, 6]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>)
      : tensor<16x8xf16> -> tensor<256xf16>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32>
  return
}

// -----

func.func @pack_c3_metadata(%w: tensor<16x8xf16>) {
  // expected-error@+1 {{'metadata' has 64 elements, but the format needs 32}}
  %v, %m, %l, %o = hinm.pack %w as #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4>
      columns(#hinm.column_index<columns = dense<[0, 3, 1, 6]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>)
      : tensor<16x8xf16> -> tensor<512xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>
  return
}

// -----

func.func @pack_c3_list(%w: tensor<16x8xf16>) {
  // expected-error@+1 {{'column_list' has 128 elements, but the format needs 64}}
  %v, %m, %l, %o = hinm.pack %w as #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4>
      columns(#hinm.column_index<columns = dense<[0, 3, 1, 6]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>)
      : tensor<16x8xf16> -> tensor<512xf16>, tensor<32xi32>, tensor<128xi32>, tensor<2xi32>
  return
}

// -----

func.func @pack_c3_offsets(%w: tensor<16x8xf16>) {
  // expected-error@+1 {{'tile_offsets' has 3 elements, but the format needs 2}}
  %v, %m, %l, %o = hinm.pack %w as #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4>
      columns(#hinm.column_index<columns = dense<[0, 3, 1, 6]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>)
      : tensor<16x8xf16> -> tensor<512xf16>, tensor<32xi32>, tensor<64xi32>, tensor<3xi32>
  return
}

// -----

func.func @pack_c3_version(%w: tensor<16x8xi8>) {
  // expected-error@+1 {{'values' holds 'i8', but version 1 of the format holds elements of 16 bits}}
  %v, %m, %l, %o = hinm.pack %w as #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4>
      columns(#hinm.column_index<columns = dense<[0, 3, 1, 6]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>)
      : tensor<16x8xi8> -> tensor<512xi8>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32>
  return
}
