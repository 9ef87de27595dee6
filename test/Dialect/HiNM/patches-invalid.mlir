// RUN: hinm-opt %s --split-input-file --verify-diagnostics

// Each function is named after the constraint that it breaks.

func.func @patches_c1(%x: tensor<3x39xf16>) -> tensor<18x4xf16> {
  // expected-error@+1 {{the image is 'tensor<3x39xf16>', but the convolution takes one of C x 40}}
  %p = hinm.patches #hinm.convolution<image = [2, 5, 4], kernel = [3, 2], strides = [1, 2], dilations = [2, 1]> of %x : tensor<3x39xf16> -> tensor<18x4xf16>
  return %p : tensor<18x4xf16>
}

// -----

func.func @patches_c2(%x: tensor<3x40xf16>) -> tensor<18x6xf16> {
  // expected-error@+1 {{the result is 'tensor<18x6xf16>', the patches are 'tensor<18x4xf16>'}}
  %p = hinm.patches #hinm.convolution<image = [2, 5, 4], kernel = [3, 2], strides = [1, 2], dilations = [2, 1]> of %x : tensor<3x40xf16> -> tensor<18x6xf16>
  return %p : tensor<18x6xf16>
}

// -----

// expected-error@+1 {{'image' needs one size more than 'kernel', 'strides' and 'dilations', found 2, 2, 2 and 2}}
func.func private @convolution_c1() attributes {a = #hinm.convolution<image = [5, 4], kernel = [3, 2], strides = [1, 2], dilations = [2, 1]>}

// -----

// expected-error@+1 {{a size, stride or dilation of 0, it must be at least 1}}
func.func private @convolution_c2() attributes {a = #hinm.convolution<image = [1, 5, 4], kernel = [3, 2], strides = [1, 0], dilations = [2, 1]>}

// -----

// expected-error@+1 {{a window of 7 does not fit in an image of 5}}
func.func private @convolution_c3() attributes {a = #hinm.convolution<image = [1, 5, 4], kernel = [4, 2], strides = [1, 1], dilations = [2, 1]>}

// -----

func.func @spmm_c2_channels(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<3x16xf16>, %i: tensor<32x4xf32>) -> tensor<32x4xf32> {
  // expected-error@+1 {{the input has 3 channels of windows of 9, but the format says 18 columns}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 18, tile = 32, nm = 2:4>
      ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<3x16xf16>) outs(%i : tensor<32x4xf32>)
      {convolution = #hinm.convolution<image = [1, 4, 4], kernel = [3, 3], strides = [1, 1], dilations = [1, 1]>} -> tensor<32x4xf32>
  return %y : tensor<32x4xf32>
}

// -----

func.func @spmm_c2_image(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<2x17xf16>, %i: tensor<32x4xf32>) -> tensor<32x4xf32> {
  // expected-error@+1 {{the input has 17 pixels, but the convolution takes 16}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 18, tile = 32, nm = 2:4>
      ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<2x17xf16>) outs(%i : tensor<32x4xf32>)
      {convolution = #hinm.convolution<image = [1, 4, 4], kernel = [3, 3], strides = [1, 1], dilations = [1, 1]>} -> tensor<32x4xf32>
  return %y : tensor<32x4xf32>
}

// -----

func.func @spmm_c2_pixels(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<2x16xf16>, %i: tensor<32x3xf32>) -> tensor<32x3xf32> {
  // expected-error@+1 {{the convolution gives 4 pixels, but the destination has 3}}
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 18, tile = 32, nm = 2:4>
      ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<2x16xf16>) outs(%i : tensor<32x3xf32>)
      {convolution = #hinm.convolution<image = [1, 4, 4], kernel = [3, 3], strides = [1, 1], dilations = [1, 1]>} -> tensor<32x3xf32>
  return %y : tensor<32x3xf32>
}
