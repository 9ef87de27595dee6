// RUN: hinm-opt %s --convert-hinm-to-gpu --canonicalize --cse | FileCheck %s

// Three blocks share the kept columns of a tile: each takes its part of the
// k-blocks, leaves its sums, and the last to arrive adds up those of all.
// CHECK-LABEL: gpu.func @hinm_spmm_f16_v32_m32n16k64s3w2x1z3(
// CHECK-SAME: %[[Y:[^:]+]]: memref<?x?xf32>, %[[PARTIALS:[^:]+]]: memref<?xf32>, %[[ARRIVALS:[^:]+]]: memref<?xi32>)
// CHECK-SAME: workgroup(%[[SHARED:[^:]+]] : memref<6144xi8, #gpu.address_space<workgroup>>
// CHECK-DAG: %[[C0_I32:.*]] = arith.constant 0 : i32
// CHECK-DAG: %[[C1_I32:.*]] = arith.constant 1 : i32
// CHECK-DAG: %[[C2_I32:.*]] = arith.constant 2 : i32
// CHECK-DAG: %[[C3_I32:.*]] = arith.constant 3 : i32
// CHECK: %[[FLAG:.*]] = memref.view %[[SHARED]][%{{.*}}][] : {{.*}} to memref<1xi32, #gpu.address_space<workgroup>>
// CHECK: %[[BLOCKS:.*]] = arith.subi
// CHECK: %[[Z:.*]] = gpu.block_id z
// CHECK: %[[ZW:.*]] = arith.index_castui %[[Z]]
// CHECK: %[[MUL:.*]] = arith.muli %[[ZW]], %[[BLOCKS]]
// CHECK: arith.divui %[[MUL]], %[[C3_I32]]
// CHECK: scf.if
// CHECK: scf.for
// CHECK: vector.store %{{.*}}, %[[PARTIALS]]{{.*}} {alignment = 16 : i64} : memref<?xf32>, vector<4xf32>
// CHECK: vector.store %{{.*}}, %[[PARTIALS]]
// CHECK: gpu.barrier
// CHECK: scf.if
// CHECK:   llvm.fence syncscope("device") acq_rel
// CHECK:   %[[BEFORE:.*]] = memref.atomic_rmw addi %[[C1_I32]], %[[ARRIVALS]]
// CHECK:   llvm.fence syncscope("device") acq_rel
// CHECK:   %[[LAST:.*]] = arith.cmpi eq, %[[BEFORE]], %[[C2_I32]]
// The count is as it was for the next launch.
// CHECK:   scf.if %[[LAST]]
// CHECK:     memref.store %[[C0_I32]], %[[ARRIVALS]]
// CHECK:   memref.store %{{.*}}, %[[FLAG]]
// CHECK: gpu.barrier
// CHECK: scf.if
// CHECK:   scf.for
// CHECK:     vector.load %[[PARTIALS]]
// CHECK:     arith.addf
// CHECK:   vector.store %{{.*}}, %[[Y]]

// Four blocks of Y: 2 tiles by 2 · 16 tokens.
// CHECK-LABEL: func.func @split(
// CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG: %[[C3:.*]] = arith.constant 3 : index
// CHECK-DAG: %[[C4:.*]] = arith.constant 4 : index
// CHECK-DAG: %[[SUMS:.*]] = arith.constant 6144 : index
// CHECK: gpu.alloc async [%{{.*}}] (%[[SUMS]]) : memref<?xf32>
// CHECK: %[[COUNTS:.*]], %{{.*}} = gpu.alloc async [%{{.*}}] (%[[C4]]) : memref<?xi32>
// CHECK: gpu.memset async [%{{.*}}] %[[COUNTS]], %{{.*}} : memref<?xi32>, i32
// CHECK: gpu.launch_func async [%{{.*}}] @hinm_kernels::@hinm_spmm_f16_v32_m32n16k64s3w2x1z3 blocks in (%[[C2]], %[[C2]], %[[C3]])
func.func @split(%v: memref<8192xf16>, %m: memref<512xi32>, %l: memref<512xi32>, %o: memref<3xi32>, %x: memref<512x32xf16>, %y: memref<60x32xf32>) {
  hinm.spmm as #hinm.packed<rows = 60, columns = 512, tile = 32, nm = 2:4>
    ins(%v, %m, %l, %o, %x : memref<8192xf16>, memref<512xi32>, memref<512xi32>, memref<3xi32>, memref<512x32xf16>)
    outs(%y : memref<60x32xf32>)
    {schedule = #hinm.schedule<tile_m = 32, tile_n = 16, tile_k = 64, stages = 3, warps_m = 2, warps_n = 1, split_k = 3>}
  return
}
