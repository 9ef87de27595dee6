// RUN: hinm-opt %s --verify-roundtrip | FileCheck %s
// RUN: hinm-opt %s --emit-bytecode | hinm-opt | FileCheck %s

// CHECK-LABEL: func @tensors
// CHECK: hinm.spmm as #packed ins(%{{.*}} : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x?xf16>) row_index(%{{.*}} : tensor<32xi32>) outs(%{{.*}} : tensor<32x?xf32>)
// CHECK-SAME: {layer = "fc", schedule = #hinm.schedule<tile_m = 32, tile_n = 32, tile_k = 64, stages = 3, warps_m = 1, warps_n = 4>} -> tensor<32x?xf32>
func.func @tensors(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>,
                   %x: tensor<128x?xf16>, %r: tensor<32xi32>, %i: tensor<32x?xf32>) -> tensor<32x?xf32> {
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
      ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x?xf16>)
      row_index(%r : tensor<32xi32>) outs(%i : tensor<32x?xf32>)
      {layer = "fc", schedule = #hinm.schedule<tile_m = 32, tile_n = 32, tile_k = 64, stages = 3, warps_m = 1, warps_n = 4>} -> tensor<32x?xf32>
  return %y : tensor<32x?xf32>
}

// On memrefs the op writes its destination, so it is not dead.
// CHECK-LABEL: func @memrefs
// CHECK: hinm.spmm as #packed ins(%{{.*}} : memref<1024xbf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xbf16, strided<[16, 1]>>) outs(%{{.*}} : memref<32x16xbf16>){{$}}
func.func @memrefs(%v: memref<1024xbf16>, %m: memref<64xi32>, %l: memref<64xi32>, %o: memref<2xi32>,
                   %x: memref<128x16xbf16, strided<[16, 1]>>, %i: memref<32x16xbf16>) {
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
      ins(%v, %m, %l, %o, %x : memref<1024xbf16>, memref<64xi32>, memref<64xi32>, memref<2xi32>, memref<128x16xbf16, strided<[16, 1]>>)
      outs(%i : memref<32x16xbf16>)
  return
}

// CHECK-LABEL: func @epilogue
// CHECK: hinm.spmm {{.*}} outs(%{{.*}} : tensor<32x16xf16>) epilogue(%{{.*}}, %{{.*}} : tensor<32xf32>, tensor<32x16xbf16>) {
// CHECK-NEXT: ^bb0(%[[SUM:.*]]: f32, %[[B:.*]]: f32, %[[R:.*]]: bf16):
// CHECK: %[[H:.*]] = arith.truncf
// CHECK-NEXT: hinm.yield %[[H]] : f16
// CHECK-NEXT: } {{.*}}layer = "up"{{.*}} -> tensor<32x16xf16>
func.func @epilogue(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %b: tensor<32xf32>, %r: tensor<32x16xbf16>, %i: tensor<32x16xf16>) -> tensor<32x16xf16> {
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>)
    outs(%i : tensor<32x16xf16>)
    epilogue(%b, %r : tensor<32xf32>, tensor<32x16xbf16>) {
  ^bb0(%sum: f32, %p: f32, %q: bf16):
    %s = arith.addf %sum, %p : f32
    %w = arith.extf %q : bf16 to f32
    %t = arith.addf %s, %w : f32
    %h = arith.truncf %t : f32 to f16
    hinm.yield %h : f16
  } {layer = "up"} -> tensor<32x16xf16>
  return %y : tensor<32x16xf16>
}

// Without operands.
// CHECK-LABEL: func @relu
// CHECK: epilogue {
func.func @relu(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xf16>, %i: tensor<32x16xf32>) -> tensor<32x16xf32> {
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>)
    outs(%i : tensor<32x16xf32>)
    epilogue {
  ^bb0(%sum: f32):
    %zero = arith.constant 0.0 : f32
    %s = arith.maximumf %sum, %zero : f32
    hinm.yield %s : f32
  } -> tensor<32x16xf32>
  return %y : tensor<32x16xf32>
}

// Integers are summed in i32. The scales of rows and of tokens.
// CHECK-LABEL: func @quantized
// CHECK: hinm.spmm as #packed{{.*}} outs(%{{.*}} : tensor<32x16xi32>) -> tensor<32x16xi32>
// CHECK: hinm.spmm as #packed{{.*}} epilogue(%{{.*}}, %{{.*}} : tensor<32xf32>, tensor<1x16xf32>) {
// CHECK-NEXT: ^bb0(%{{.*}}: i32, %{{.*}}: f32, %{{.*}}: f32):
func.func @quantized(%v: tensor<1024xi8>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x16xi8>,
                     %i: tensor<32x16xi32>, %j: tensor<32x16xf16>, %rows: tensor<32xf32>, %tokens: tensor<1x16xf32>)
    -> (tensor<32x16xi32>, tensor<32x16xf16>) {
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, version = 2>
      ins(%v, %m, %l, %o, %x : tensor<1024xi8>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xi8>)
      outs(%i : tensor<32x16xi32>) -> tensor<32x16xi32>
  %z = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, version = 2>
      ins(%v, %m, %l, %o, %x : tensor<1024xi8>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xi8>)
      outs(%j : tensor<32x16xf16>) epilogue(%rows, %tokens : tensor<32xf32>, tensor<1x16xf32>) {
    ^bb0(%sum: i32, %r: f32, %t: f32):
      %f = arith.sitofp %sum : i32 to f32
      %g = arith.mulf %f, %r : f32
      %h = arith.mulf %g, %t : f32
      %k = arith.truncf %h : f32 to f16
      hinm.yield %k : f16
  } -> tensor<32x16xf16>
  return %y, %z : tensor<32x16xi32>, tensor<32x16xf16>
}

// Elements of f32 are multiplied as tf32, one of two.
// CHECK-LABEL: func @tf32
// CHECK: hinm.spmm as #packed{{.*}} tensor<512xf32>{{.*}} -> tensor<32x?xf32>
func.func @tf32(%v: tensor<512xf32>, %m: tensor<64xi32>, %l: tensor<32xi32>, %o: tensor<2xi32>, %x: tensor<128x?xf32>, %i: tensor<32x?xf32>) -> tensor<32x?xf32> {
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 1:2, version = 3>
      ins(%v, %m, %l, %o, %x : tensor<512xf32>, tensor<64xi32>, tensor<32xi32>, tensor<2xi32>, tensor<128x?xf32>)
      outs(%i : tensor<32x?xf32>) -> tensor<32x?xf32>
  return %y : tensor<32x?xf32>
}

// CHECK-LABEL: func @small_floats
// CHECK: hinm.spmm as #packed{{.*}} tensor<1024xf8E5M2>{{.*}} -> tensor<32x?xf32>
func.func @small_floats(%v: tensor<1024xf8E5M2>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>, %x: tensor<128x?xf8E5M2>, %i: tensor<32x?xf32>) -> tensor<32x?xf32> {
  %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4, version = 2>
      ins(%v, %m, %l, %o, %x : tensor<1024xf8E5M2>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x?xf8E5M2>)
      outs(%i : tensor<32x?xf32>) -> tensor<32x?xf32>
  return %y : tensor<32x?xf32>
}

// CHECK-LABEL: func @slabs
// CHECK: hinm.spmm {{.*}} slabs(%{{.*}}, %{{.*}} : memref<128xi16>, memref<128xi16>) row_index(%{{.*}}) outs(
func.func @slabs(%v: memref<2048xf16>, %m: memref<128xi32>, %l: memref<128xi16>, %o: memref<2xi32>, %x: memref<256x16xf16>, %sr: memref<128xi16>, %sp: memref<128xi16>, %r: memref<32xi32>, %i: memref<32x16xf32>) {
  hinm.spmm as #hinm.packed<rows = 32, columns = 256, tile = 32, nm = 2:4, window = 128>
      ins(%v, %m, %l, %o, %x : memref<2048xf16>, memref<128xi32>, memref<128xi16>, memref<2xi32>, memref<256x16xf16>)
      slabs(%sr, %sp : memref<128xi16>, memref<128xi16>)
      row_index(%r : memref<32xi32>)
      outs(%i : memref<32x16xf32>)
  return
}
