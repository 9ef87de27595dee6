// RUN: hinm-opt %s --convert-hinm-to-gpu --canonicalize --cse | FileCheck %s

#s = #hinm.schedule<tile_m = 32, tile_n = 16, tile_k = 64, stages = 3, warps_m = 2, warps_n = 1>
#packed = #hinm.packed<rows = 60, columns = 128, tile = 32, nm = 2:4>

// CHECK: module attributes {gpu.container_module}
// Two layers share the kernel; the one with a row index has its own.
// CHECK: gpu.module @hinm_kernels
// CHECK-LABEL: gpu.func @hinm_spmm_f16_v32_m32n16k64s3w2x1(
// CHECK-SAME: %[[VALUES:[^:]+]]: memref<?xf16>, %[[META:[^:]+]]: memref<?xi32>, %[[LIST:[^:]+]]: memref<?xi32>, %[[OFFSETS:[^:]+]]: memref<?xi32>, %[[X:[^:]+]]: memref<?x?xf16>, %[[Y:[^:]+]]: memref<?x?xf32>)
// CHECK-SAME: workgroup(%[[SHARED:[^:]+]] : memref<6144xi8, #gpu.address_space<workgroup>> {llvm.align = 16 : i64})
// CHECK-SAME: kernel attributes {known_block_size = array<i32: 64, 1, 1>}
// CHECK: %[[RING:.*]] = memref.view %[[SHARED]][%{{.*}}][] : {{.*}} to memref<3x64x16xf16, #gpu.address_space<workgroup>>
// The tile's first k-block and their number.
// CHECK: memref.load %[[OFFSETS]]
// CHECK: memref.load %[[OFFSETS]]
// Each thread copies from its tokens on.
// CHECK: %[[MINE:.*]] = memref.reinterpret_cast %[[X]] to offset: [%{{.*}}], sizes: [%{{.*}}], strides: [1]
// Nothing is loaded where there is no k-block. Two stages ahead of the loop; a
// group is committed even when it is empty.
// CHECK: scf.if {{.*}} -> (f32, f32, f32, f32, f32, f32, f32, f32)
// CHECK: memref.load %[[LIST]]
// CHECK: scf.if
// CHECK:   nvgpu.device_async_copy %[[MINE]]{{.*}}, %[[RING]]{{.*}}, 8 {bypassL1}
// CHECK: nvvm.cp.async.commit.group
// CHECK: scf.if
// CHECK: nvvm.cp.async.commit.group
// CHECK: scf.for
// One metadata word for 64 kept columns, 16 bytes of values for 32.
// CHECK:   %[[E:.*]] = memref.load %[[META]]
// CHECK:   vector.load %[[VALUES]]{{.*}} {alignment = 16 : i64} : memref<?xf16>, vector<8xf16>
// CHECK:   vector.load %[[VALUES]]{{.*}} {alignment = 16 : i64} : memref<?xf16>, vector<8xf16>
// The columns of the next copies.
// CHECK:   memref.load %[[LIST]]
// CHECK:   nvvm.cp.async.wait.group 1
// CHECK:   gpu.barrier
// CHECK:   scf.if
// CHECK:     nvgpu.device_async_copy %[[MINE]]
// CHECK:   nvvm.cp.async.commit.group
// k-step 0 with selector 0, two column fragments; then k-step 1 with selector 1.
// CHECK:   nvgpu.ldmatrix %[[RING]]{{.*}} {numTiles = 4 : i32, transpose = true}
// CHECK:   nvvm.mma.sp.sync {{.*}} sparseMetadata[%[[E]]] selector[%[[S0:.*]]] {{.*}}orderedMetadata{{.*}}shape = #nvvm.shape<m = 16, n = 8, k = 32>
// CHECK:   nvgpu.ldmatrix
// CHECK:   nvvm.mma.sp.sync {{.*}} sparseMetadata[%[[E]]] selector[%[[S0]]]
// CHECK:   nvgpu.ldmatrix
// CHECK:   nvvm.mma.sp.sync {{.*}} sparseMetadata[%[[E]]] selector[%[[S1:.*]]] {
// CHECK:   nvgpu.ldmatrix
// CHECK:   nvvm.mma.sp.sync {{.*}} sparseMetadata[%[[E]]] selector[%[[S1]]]
// CHECK:   scf.yield
// Rows beyond R and tokens beyond N are not stored.
// CHECK: scf.if
// CHECK:   scf.if
// CHECK:     vector.store %{{.*}}, %[[Y]]{{.*}} {alignment = 8 : i64} : memref<?x?xf32>, vector<2xf32>
// CHECK: gpu.return

// CHECK-LABEL: gpu.func @hinm_spmm_bf16_to_bf16_v32_m32n16k64s3w2x1_rows(
// CHECK-SAME: %[[INDEX:[^:]+]]: memref<?xi32>, %[[Y:[^:]+]]: memref<?x?xbf16>)
// CHECK: nvvm.mma.sp.sync {{.*}} {multiplicandAPtxType = #nvvm.mma_type<bf16>, multiplicandBPtxType = #nvvm.mma_type<bf16>, orderedMetadata{{.*}} : (i32, i32, f32)
// Neighbouring lanes exchange one of two words, so that each stores eight bytes. All of
// them take part, whether they have a row or not.
// CHECK: %[[ISROW:.*]] = arith.cmpi ult, %[[ROW:.*]], %[[R:.*]] : index
// CHECK: %[[LAST:.*]] = arith.subi %[[R]], %{{.*}} : index
// CHECK: %[[EXISTING:.*]] = arith.minui %[[ROW]], %[[LAST]]
// CHECK: %[[TARGET:.*]] = memref.load %[[INDEX]][%[[EXISTING]]]
// CHECK: arith.truncf %{{.*}} : vector<2xf32> to vector<2xbf16>
// CHECK: arith.truncf %{{.*}} : vector<2xf32> to vector<2xbf16>
// CHECK: %[[GIVEN:.*]] = arith.select %[[ISODD:.*]], %[[FIRST:.*]], %[[SECOND:.*]] : i32
// CHECK: %[[TAKEN:.*]] = nvvm.shfl.sync bfly %{{.*}}, %[[GIVEN]], %{{.*}}, %{{.*}} : i32 -> i32
// CHECK: arith.select %[[ISODD]], %[[TAKEN]], %[[FIRST]] : i32
// CHECK: arith.select %[[ISODD]], %[[SECOND]], %[[TAKEN]] : i32
// CHECK: %[[ISTOKEN:.*]] = arith.cmpi ult
// CHECK: %[[ISINSIDE:.*]] = arith.andi %[[ISROW]], %[[ISTOKEN]]
// CHECK: scf.if %[[ISINSIDE]]
// CHECK:   vector.store %{{.*}}, %[[Y]]{{.*}} {alignment = 8 : i64} : memref<?x?xbf16>, vector<4xbf16>
// CHECK-NOT: gpu.func

// CHECK-LABEL: func.func @static(
// CHECK-SAME: %[[HX:[^:]+]]: memref<128x32xf16>, %[[HY:[^:]+]]: memref<60x32xf32>)
func.func @static(%v: memref<2048xf16>, %m: memref<128xi32>, %l: memref<128xi32>, %o: memref<3xi32>, %x: memref<128x32xf16>, %y: memref<60x32xf32>) {
  // CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
  // CHECK-DAG: %[[C64:.*]] = arith.constant 64 : index
  // CHECK: gpu.wait async
  // CHECK-COUNT-5: gpu.memcpy async
  // CHECK: %[[DY:.*]], %{{.*}} = gpu.alloc async {{.*}} : memref<?x?xf32>
  // CHECK: gpu.launch_func async {{.*}} @hinm_kernels::@hinm_spmm_f16_v32_m32n16k64s3w2x1 blocks in (%[[C2]], %[[C2]], %{{.*}}) threads in (%[[C64]], {{.*}} args({{.*}}, %[[DY]] : memref<?x?xf32>)
  // CHECK: gpu.memcpy async {{.*}}, %[[DY]]
  // CHECK-COUNT-6: gpu.dealloc async
  // CHECK: gpu.wait [
  // CHECK-NOT: hinm.spmm
  hinm.spmm as #packed
    ins(%v, %m, %l, %o, %x : memref<2048xf16>, memref<128xi32>, memref<128xi32>, memref<3xi32>, memref<128x32xf16>)
    outs(%y : memref<60x32xf32>) {schedule = #s}
  return
}

// The number of tokens is known only at run time: it is checked, and an empty
// product launches nothing.
// CHECK-LABEL: func.func @dynamic(
// CHECK: cf.assert
// CHECK: scf.if
// CHECK:   gpu.launch_func async {{.*}} @hinm_kernels::@hinm_spmm_bf16_to_bf16_v32_m32n16k64s3w2x1_rows
func.func @dynamic(%v: memref<2048xbf16>, %m: memref<128xi32>, %l: memref<128xi32>, %o: memref<3xi32>, %x: memref<128x?xbf16>, %r: memref<60xi32>, %y: memref<60x?xbf16>) {
  hinm.spmm as #packed
    ins(%v, %m, %l, %o, %x : memref<2048xbf16>, memref<128xi32>, memref<128xi32>, memref<3xi32>, memref<128x?xbf16>)
    row_index(%r : memref<60xi32>)
    outs(%y : memref<60x?xbf16>) {schedule = #s}
  return
}

// A strided operand or destination goes through a dense copy; a weight that
// keeps nothing is not copied.
// CHECK-LABEL: func.func @strided_and_empty(
// CHECK: %[[DENSE:.*]] = memref.alloc
// CHECK: memref.copy %{{.*}}, %[[DENSE]]
// CHECK: %[[OUT:.*]] = memref.alloc
// CHECK: gpu.launch_func async {{.*}} @hinm_kernels::@hinm_spmm_f16_v32_m32n16k64s3w2x1
// CHECK: gpu.memcpy async {{.*}} %[[OUT]],
// CHECK: gpu.wait [
// CHECK: memref.copy %[[OUT]], %{{.*}} : memref<60x32xf32> to memref<60x32xf32, strided<[40, 1]>>
// CHECK: memref.dealloc %[[DENSE]]
// CHECK: memref.dealloc %[[OUT]]
func.func @strided_and_empty(%v: memref<0xf16>, %m: memref<0xi32>, %l: memref<0xi32>, %o: memref<3xi32>, %x: memref<128x32xf16, strided<[40, 1]>>, %y: memref<60x32xf32, strided<[40, 1]>>) {
  hinm.spmm as #packed
    ins(%v, %m, %l, %o, %x : memref<0xf16>, memref<0xi32>, memref<0xi32>, memref<3xi32>, memref<128x32xf16, strided<[40, 1]>>)
    outs(%y : memref<60x32xf32, strided<[40, 1]>>) {schedule = #s}
  return
}

// CHECK-LABEL: func.func @skipped(
// CHECK: hinm.spmm
func.func @skipped(%v: memref<512xf16>, %m: memref<32xi32>, %l: memref<64xi32>, %o: memref<3xi32>, %x: memref<128x16xf16>, %y: memref<32x16xf32>) {
  hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 16, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<512xf16>, memref<32xi32>, memref<64xi32>, memref<3xi32>, memref<128x16xf16>)
    outs(%y : memref<32x16xf32>) {hinm.skipped = "no kernel for tiles of 16 rows"}
  return
}
