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

// -----

func.func @pack_c4_share(%w: tensor<32x128xf16>) {
  // expected-error@+1 {{tile 1 lists 64 columns, which gives each of the 2 windows no multiple of 64}}
  %v, %m, %l, %o = hinm.pack %w as #hinm.packed<rows = 32, columns = 128, tile = 16, nm = 2:4, window = 64>
      columns(#hinm.column_index<columns = dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63]> : tensor<192xi32>, offsets = dense<[0, 128, 192]> : tensor<3xi32>>)
      : tensor<32x128xf16> -> tensor<1536xf16>, tensor<96xi32>, tensor<192xi32>, tensor<3xi32>
  return
}

// -----

func.func @pack_c4_empty(%w: tensor<32x128xf16>) {
  // expected-error@+1 {{tile 0 lists 0 columns, which gives each of the 2 windows no multiple of 64}}
  %v, %m, %l, %o = hinm.pack %w as #hinm.packed<rows = 32, columns = 128, tile = 16, nm = 2:4, window = 64>
      columns(#hinm.column_index<columns = dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127]> : tensor<128xi32>, offsets = dense<[0, 0, 128]> : tensor<3xi32>>)
      : tensor<32x128xf16> -> tensor<1024xf16>, tensor<64xi32>, tensor<128xi32>, tensor<3xi32>
  return
}

// -----

func.func @pack_c4_order(%w: tensor<32x128xf16>) {
  // expected-error@+1 {{tile 0 lists column 64 among those of window 0}}
  %v, %m, %l, %o = hinm.pack %w as #hinm.packed<rows = 32, columns = 128, tile = 16, nm = 2:4, window = 64>
      columns(#hinm.column_index<columns = dense<[64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127]> : tensor<256xi32>, offsets = dense<[0, 128, 256]> : tensor<3xi32>>)
      : tensor<32x128xf16> -> tensor<2048xf16>, tensor<128xi32>, tensor<256xi32>, tensor<3xi32>
  return
}

// -----

func.func @pack_c4_unequal(%w: tensor<32x128xf16>) {
  // expected-error@+1 {{tile 1 lists 256 columns, but tile 0 lists 128}}
  %v, %m, %l, %o = hinm.pack %w as #hinm.packed<rows = 32, columns = 128, tile = 16, nm = 2:4, window = 64>
      columns(#hinm.column_index<columns = dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127]> : tensor<384xi32>, offsets = dense<[0, 128, 384]> : tensor<3xi32>>)
      : tensor<32x128xf16> -> tensor<3072xf16>, tensor<192xi32>, tensor<384xi32>, tensor<3xi32>
  return
}
