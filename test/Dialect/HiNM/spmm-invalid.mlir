// RUN: hinm-opt %s --split-input-file --verify-diagnostics

// Each function is named after the constraint that it breaks.

func.func @spmm_c1(%v: tensor<512xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %i: tensor<32x16xf32>) {
  // expected-error@+1 {{'values' has 512 elements, but the format needs 1024}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
      ins(%v, %m, %l, %o, %x : tensor<512xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>) outs(%i : tensor<32x16xf32>) -> tensor<32x16xf32>
  return
}

// -----

func.func @spmm_c1_metadata(%v: tensor<1024xf16>, %m: tensor<32xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %i: tensor<32x16xf32>) {
  // expected-error@+1 {{'metadata' has 32 elements, but the format needs 64}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
      ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>) outs(%i : tensor<32x16xf32>) -> tensor<32x16xf32>
  return
}

// -----

func.func @spmm_c1_offsets(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<3xi32>, %x: tensor<128x16xf16>, %i: tensor<32x16xf32>) {
  // expected-error@+1 {{'tile_offsets' has 3 elements, but the format needs 2}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
      ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<3xi32>, tensor<128x16xf16>) outs(%i : tensor<32x16xf32>) -> tensor<32x16xf32>
  return
}

// -----

func.func @spmm_c2_channels(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<64x16xf16>, %i: tensor<32x16xf32>) {
  // expected-error@+1 {{the input has 64 channels, but the format says 128 columns}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
      ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<64x16xf16>) outs(%i : tensor<32x16xf32>) -> tensor<32x16xf32>
  return
}

// -----

func.func @spmm_c2_rows(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %i: tensor<16x16xf32>) {
  // expected-error@+1 {{the destination has 16 channels, but the format says 32 rows}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
      ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>) outs(%i : tensor<16x16xf32>) -> tensor<16x16xf32>
  return
}

// -----

func.func @spmm_c2_tokens(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %i: tensor<32x8xf32>) {
  // expected-error@+1 {{the input has 16 tokens, but the destination has 8}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
      ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>) outs(%i : tensor<32x8xf32>) -> tensor<32x8xf32>
  return
}

// -----

func.func @spmm_c2_type(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xbf16>, %i: tensor<32x16xf32>) {
  // expected-error@+1 {{the input holds 'bf16', but 'values' holds 'f16'}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
      ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xbf16>) outs(%i : tensor<32x16xf32>) -> tensor<32x16xf32>
  return
}

// -----

func.func @spmm_c2_result(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %i: tensor<32x16xbf16>) {
  // expected-error@+1 {{the destination holds 'bf16', it must hold 'f32' or 'f16'}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
      ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>) outs(%i : tensor<32x16xbf16>) -> tensor<32x16xbf16>
  return
}

// -----

func.func @spmm_c3(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %i: tensor<32x16xf32>, %r: tensor<16xi32>) {
  // expected-error@+1 {{'row_index' has 16 elements, but the format needs 32}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
      ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>) row_index(%r : tensor<16xi32>) outs(%i : tensor<32x16xf32>) -> tensor<32x16xf32>
  return
}

// -----

func.func @spmm_c4_mixed(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: memref<128x16xf16>, %i: tensor<32x16xf32>) {
  // expected-error@+1 {{operands and destination must be all tensors or all memrefs}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
      ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, memref<128x16xf16>) outs(%i : tensor<32x16xf32>) -> tensor<32x16xf32>
  return
}

// -----

func.func @spmm_c4_no_result(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %i: tensor<32x16xf32>) {
  // expected-error@+1 {{has a result exactly when it works on tensors, of the destination's type}}
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
      ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>) outs(%i : tensor<32x16xf32>)
  return
}

// -----

func.func @spmm_c4_result_type(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %i: tensor<32x16xf32>) {
  // expected-error@+1 {{has a result exactly when it works on tensors, of the destination's type}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
      ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>) outs(%i : tensor<32x16xf32>) -> tensor<32x16xf16>
  return
}

// -----

func.func @spmm_c4_memref_result(%v: memref<1024xf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>, %x: memref<128x16xf16>, %i: memref<32x16xf32>) {
  // expected-error@+1 {{has a result exactly when it works on tensors, of the destination's type}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
      ins(%v, %m, %l, %o, %x : memref<1024xf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xf16>) outs(%i : memref<32x16xf32>) -> tensor<32x16xf32>
  return
}

// -----

func.func @spmm_c5_arguments(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %b: tensor<32xf32>, %i: tensor<32x16xf32>) {
  // expected-error @+1 {{has an epilogue that does not take 'f32' and an element of each of its operands}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>)
    outs(%i : tensor<32x16xf32>)
    epilogue(%b : tensor<32xf32>) {
  ^bb0(%sum: f32):
    hinm.yield %sum : f32
  } -> tensor<32x16xf32>
  return
}

// -----

func.func @spmm_c5_element(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %b: tensor<32xf16>, %i: tensor<32x16xf32>) {
  // expected-error @+1 {{has an epilogue that takes 'f32' of operand 0, which holds 'f16'}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>)
    outs(%i : tensor<32x16xf32>)
    epilogue(%b : tensor<32xf16>) {
  ^bb0(%sum: f32, %p: f32):
    hinm.yield %sum : f32
  } -> tensor<32x16xf32>
  return
}

// -----

func.func @spmm_c5_rows(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %b: tensor<16xf32>, %i: tensor<32x16xf32>) {
  // expected-error @+1 {{has an operand 0 of the epilogue with other rows or tokens than the destination}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>)
    outs(%i : tensor<32x16xf32>)
    epilogue(%b : tensor<16xf32>) {
  ^bb0(%sum: f32, %p: f32):
    hinm.yield %sum : f32
  } -> tensor<32x16xf32>
  return
}

// -----

func.func @spmm_c5_tokens(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %b: tensor<32x8xf32>, %i: tensor<32x16xf32>) {
  // expected-error @+1 {{has an operand 0 of the epilogue with other rows or tokens than the destination}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>)
    outs(%i : tensor<32x16xf32>)
    epilogue(%b : tensor<32x8xf32>) {
  ^bb0(%sum: f32, %p: f32):
    hinm.yield %sum : f32
  } -> tensor<32x16xf32>
  return
}

// -----

func.func @spmm_c5_yield(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %i: tensor<32x16xf16>) {
  // expected-error @+1 {{has an epilogue that does not yield an element of the destination}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>)
    outs(%i : tensor<32x16xf16>)
    epilogue {
  ^bb0(%sum: f32):
    hinm.yield %sum : f32
  } -> tensor<32x16xf16>
  return
}

// -----

func.func @spmm_c5_effects(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %i: tensor<32x16xf32>) {
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>)
    outs(%i : tensor<32x16xf32>)
    epilogue {
  ^bb0(%sum: f32):
    // expected-error @+1 {{has side effects or a region, and is in an epilogue}}
    %m1 = memref.alloc() : memref<1xf32>
    hinm.yield %sum : f32
  } -> tensor<32x16xf32>
  return
}

// -----

func.func @spmm_c2_token_major(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %i: tensor<32x16xf32>) {
  // expected-error @below {{the input has 16 channels, but the format says 128 columns}}
  %0 = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>)
    outs(%i : tensor<32x16xf32>) {token_major_input} -> tensor<32x16xf32>
  return
}

// -----

func.func @spmm_c2_token_major_output(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<16x128xf16>, %i: tensor<8x32xf32>) {
  // expected-error @below {{the input has 16 tokens, but the destination has 8}}
  %0 = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<16x128xf16>)
    outs(%i : tensor<8x32xf32>) {token_major_input, token_major_output} -> tensor<8x32xf32>
  return
}

// -----

func.func @spmm_c5_token_major(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<16x128xf16>, %b: tensor<32x16xf32>, %i: tensor<16x32xf32>) {
  // expected-error @below {{has an operand 0 of the epilogue with other rows or tokens than the destination}}
  %0 = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<16x128xf16>)
    outs(%i : tensor<16x32xf32>)
    epilogue(%b : tensor<32x16xf32>) {
  ^bb0(%s: f32, %p: f32):
    hinm.yield %s : f32
  } {token_major_input, token_major_output} -> tensor<16x32xf32>
  return
}

// -----

func.func @spmm_c6(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<36x8xf16>, %i: tensor<32x16xf32>) {
  // expected-error @below {{takes the windows of an image of channels by pixels, not token-major}}
  %0 = hinm.spmm as #hinm.packed<rows = 32, columns = 72, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<36x8xf16>)
    outs(%i : tensor<32x16xf32>) {token_major_input, convolution = #hinm.convolution<image = [1, 6, 6], kernel = [3, 3], strides = [1, 1], dilations = [1, 1]>} -> tensor<32x16xf32>
  return
}

// -----

func.func @spmm_c1_version(%v: tensor<1024xi8>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xi8>, %i: tensor<32x16xi32>) {
  // expected-error@+1 {{'values' holds 'i8', but version 1 of the format holds elements of 16 bits: 'i8' needs nm = 2:4, version = 2}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
      ins(%v, %m, %l, %o, %x : tensor<1024xi8>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xi8>) outs(%i : tensor<32x16xi32>) -> tensor<32x16xi32>
  return
}

// -----

func.func @spmm_c1_version_2(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %i: tensor<32x16xf32>) {
  // expected-error@+1 {{'values' holds 'f16', but version 2 of the format holds elements of 8 bits}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, version = 2>
      ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>) outs(%i : tensor<32x16xf32>) -> tensor<32x16xf32>
  return
}

// -----

func.func @spmm_c1_tf32(%v: tensor<512xf32>, %m: tensor<64xi32>, %l: tensor<32xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf32>, %i: tensor<32x16xf32>) {
  // expected-error@+1 {{'values' holds 'f32', but version 1 of the format holds elements of 16 bits: 'f32' needs nm = 1:2, version = 3}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
      ins(%v, %m, %l, %o, %x : tensor<512xf32>, tensor<64xi32>, tensor<32xi32>, tensor<2xi32>, tensor<128x16xf32>) outs(%i : tensor<32x16xf32>) -> tensor<32x16xf32>
  return
}

// -----

func.func @spmm_c1_one_of_two(%v: tensor<512xf16>, %m: tensor<64xi32>, %l: tensor<32xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %i: tensor<32x16xf32>) {
  // expected-error@+1 {{'values' holds 'f16', but version 3 of the format holds elements of 32 bits: 'f16' needs nm = 2:4, version = 1}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 1:2, version = 3>
      ins(%v, %m, %l, %o, %x : tensor<512xf16>, tensor<64xi32>, tensor<32xi32>, tensor<2xi32>, tensor<128x16xf16>) outs(%i : tensor<32x16xf32>) -> tensor<32x16xf32>
  return
}

// -----

func.func @spmm_c1_tf32_list(%v: tensor<512xf32>, %m: tensor<64xi32>, %l: tensor<48xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf32>, %i: tensor<32x16xf32>) {
  // expected-error@+1 {{'column_list' has 48 elements, the format pads each tile to a multiple of 32}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 1:2, version = 3>
      ins(%v, %m, %l, %o, %x : tensor<512xf32>, tensor<64xi32>, tensor<48xi32>, tensor<2xi32>, tensor<128x16xf32>) outs(%i : tensor<32x16xf32>) -> tensor<32x16xf32>
  return
}

// -----

func.func @spmm_c2_tf32(%v: tensor<512xf32>, %m: tensor<64xi32>, %l: tensor<32xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf32>, %i: tensor<32x16xf16>) {
  // expected-error@+1 {{the destination holds 'f16', it must hold 'f32'}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 1:2, version = 3>
      ins(%v, %m, %l, %o, %x : tensor<512xf32>, tensor<64xi32>, tensor<32xi32>, tensor<2xi32>, tensor<128x16xf32>) outs(%i : tensor<32x16xf16>) -> tensor<32x16xf16>
  return
}

// -----

func.func @spmm_c2_integers(%v: tensor<1024xi8>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xi8>, %i: tensor<32x16xf32>) {
  // expected-error@+1 {{the destination holds 'f32', it must hold 'i32'}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, version = 2>
      ins(%v, %m, %l, %o, %x : tensor<1024xi8>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xi8>) outs(%i : tensor<32x16xf32>) -> tensor<32x16xf32>
  return
}

// -----

func.func @spmm_c2_small_floats(%v: tensor<1024xf8E4M3FN>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf8E4M3FN>, %i: tensor<32x16xf16>) {
  // expected-error@+1 {{the destination holds 'f16', it must hold 'f32'}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, version = 2>
      ins(%v, %m, %l, %o, %x : tensor<1024xf8E4M3FN>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf8E4M3FN>) outs(%i : tensor<32x16xf16>) -> tensor<32x16xf16>
  return
}

// -----

func.func @spmm_c2_small_types(%v: tensor<1024xf8E4M3FN>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf8E5M2>, %i: tensor<32x16xf32>) {
  // expected-error@+1 {{the input holds 'f8E5M2', but 'values' holds 'f8E4M3FN'}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, version = 2>
      ins(%v, %m, %l, %o, %x : tensor<1024xf8E4M3FN>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf8E5M2>) outs(%i : tensor<32x16xf32>) -> tensor<32x16xf32>
  return
}

// -----

func.func @spmm_c5_sum(%v: tensor<1024xi8>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xi8>, %i: tensor<32x16xf32>) {
  // expected-error@+1 {{has an epilogue that does not take 'i32' and an element of each of its operands}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, version = 2>
      ins(%v, %m, %l, %o, %x : tensor<1024xi8>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xi8>) outs(%i : tensor<32x16xf32>) epilogue {
    ^bb0(%s: f32):
      hinm.yield %s : f32
  } -> tensor<32x16xf32>
  return
}

// -----

func.func @spmm_c5_tokens(%v: tensor<1024xi8>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xi8>, %i: tensor<32x16xf32>, %t: tensor<1x8xf32>) {
  // expected-error@+1 {{has an operand 0 of the epilogue with other rows or tokens than the destination}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, version = 2>
      ins(%v, %m, %l, %o, %x : tensor<1024xi8>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xi8>) outs(%i : tensor<32x16xf32>) epilogue(%t : tensor<1x8xf32>) {
    ^bb0(%s: i32, %p: f32):
      hinm.yield %p : f32
  } -> tensor<32x16xf32>
  return
}

// -----

func.func @spmm_c1_windows(%v: tensor<3072xf16>, %m: tensor<192xi32>, %l: tensor<192xi32>, %o: tensor<2xi32>, %x: tensor<128x8xf16>, %y: tensor<32x8xf32>) -> tensor<32x8xf32> {
  // expected-error@+1 {{'column_list' has 192 elements, but 1 tiles list a multiple of 64 of each of 2 windows}}
  %r = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, window = 64>
    ins(%v, %m, %l, %o, %x : tensor<3072xf16>, tensor<192xi32>, tensor<192xi32>, tensor<2xi32>, tensor<128x8xf16>)
    outs(%y : tensor<32x8xf32>) -> tensor<32x8xf32>
  return %r : tensor<32x8xf32>
}

// -----

func.func @spmm_c7_window(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %sr: tensor<64xi16>, %sp: tensor<64xi16>, %i: tensor<32x16xf32>) {
  // expected-error @below {{has slabs, which its format's lists do not share: it has no 'window'}}
  %0 = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>)
    slabs(%sr, %sp : tensor<64xi16>, tensor<64xi16>)
    outs(%i : tensor<32x16xf32>) -> tensor<32x16xf32>
  return
}

// -----

func.func @spmm_c7_short(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<65536x16xf16>, %sr: tensor<64xi16>, %sp: tensor<64xi16>, %i: tensor<32x16xf32>) {
  // expected-error @below {{'slab_rows' holds i16, which do not reach 65536 columns and none}}
  %0 = hinm.spmm as #hinm.packed<rows = 32, columns = 65536, tile = 32, nm = 2:4, window = 65536>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<65536x16xf16>)
    slabs(%sr, %sp : tensor<64xi16>, tensor<64xi16>)
    outs(%i : tensor<32x16xf32>) -> tensor<32x16xf32>
  return
}

// -----

func.func @spmm_c7_rows(%v: tensor<2048xf16>, %m: tensor<128xi32>, %l: tensor<128xi32>, %o: tensor<2xi32>, %x: tensor<256x16xf16>, %sr: tensor<72xi16>, %sp: tensor<128xi16>, %i: tensor<32x16xf32>) {
  // expected-error @below {{'slab_rows' has 72 elements, no multiple of 32 for each of 2 windows}}
  %0 = hinm.spmm as #hinm.packed<rows = 32, columns = 256, tile = 32, nm = 2:4, window = 128>
    ins(%v, %m, %l, %o, %x : tensor<2048xf16>, tensor<128xi32>, tensor<128xi32>, tensor<2xi32>, tensor<256x16xf16>)
    slabs(%sr, %sp : tensor<72xi16>, tensor<128xi16>)
    outs(%i : tensor<32x16xf32>) -> tensor<32x16xf32>
  return
}

// -----

func.func @spmm_c7_places(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %sr: tensor<64xi16>, %sp: tensor<32xi16>, %i: tensor<32x16xf32>) {
  // expected-error @below {{'slab_places' has 32 elements, but the format needs 64}}
  %0 = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, window = 128>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>)
    slabs(%sr, %sp : tensor<64xi16>, tensor<32xi16>)
    outs(%i : tensor<32x16xf32>) -> tensor<32x16xf32>
  return
}

// -----

func.func @spmm_c7_alone(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %sr: tensor<64xi16>, %i: tensor<32x16xf32>) {
  // expected-error @below {{has 'slab_rows' or 'slab_places' without the other}}
  %0 = "hinm.spmm"(%v, %m, %l, %o, %x, %sr, %i) <{format = #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, window = 128>, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 0, 0, 0, 1>}> ({
  }) : (tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>, tensor<64xi16>, tensor<32x16xf32>) -> tensor<32x16xf32>
  return
}
