// RUN: hinm-opt %s --split-input-file --verify-diagnostics --pass-pipeline="builtin.module(gpu.module(hinm-lower-nvvm-to-emulator))"

gpu.module @kernels {
  llvm.func @clock() attributes {gpu.kernel} {
    // expected-error@+1 {{'nvvm.read.ptx.sreg.clock' op is not known to the emulator}}
    %0 = nvvm.read.ptx.sreg.clock : i32
    // Every one of them is named, not the first alone.
    // expected-error@+1 {{'nvvm.fence.proxy' op is not known to the emulator}}
    nvvm.fence.proxy {kind = #nvvm.proxy_kind<alias>}
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @half_warp(%mask: i32) attributes {gpu.kernel} {
    // expected-error@+1 {{'nvvm.bar.warp.sync' op is not known to the emulator}}
    nvvm.bar.warp.sync %mask : i32
    llvm.return
  }
}

// -----

// Shared memory's checks know barriers only.
gpu.module @kernels {
  llvm.func @atomic(%p: !llvm.ptr<3>, %v: i32) attributes {gpu.kernel} {
    // expected-error@+1 {{'llvm.atomicrmw' op is not known to the emulator}}
    %0 = llvm.atomicrmw add %p, %v monotonic : !llvm.ptr<3>, i32
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.mlir.global internal @a() {addr_space = 3 : i32} : !llvm.array<8 x i8>
  llvm.func @callee() {
    // expected-error@+1 {{of shared memory outside of a kernel is not known to the emulator}}
    %0 = llvm.mlir.addressof @a : !llvm.ptr<3>
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @standard(%a: vector<2xf16>, %c: f32, %e: i32) attributes {gpu.kernel} {
    %s = llvm.mlir.constant(0 : i32) : i32
    // expected-error@+1 {{it runs mma.sp::ordered_metadata m16n8k32 of f16 and bf16 and m16n8k16 of tf32 with f32 accumulators, and m16n8k64 of s8 with s32}}
    %d = nvvm.mma.sp.sync A[%a, %a, %a, %a] B[%a, %a, %a, %a] C[%c, %c, %c, %c] sparseMetadata[%e] selector[%s] {shape = #nvvm.shape<m = 16, n = 8, k = 32>} : (vector<2xf16>, vector<2xf16>, f32) -> !llvm.struct<(f32, f32, f32, f32)>
    llvm.return
  }
}

// -----

gpu.module @kernels {
  // The emulator knows an instruction by its text, which is not quite that one:
  // B is not transposed.
  llvm.func @inline_asm(%a: i32, %d: i64, %c: f32) attributes {gpu.kernel} {
    // expected-error@+1 {{is not known to the emulator: of inline PTX it knows the wgmma.mma_async.sp}}
    %r = llvm.inline_asm has_side_effects asm_dialect = att "{ .reg .pred p; setp.ne.b32 p, $10, 0; wgmma.mma_async.sp.sync.aligned.m64n8k32.f32.bf16.bf16 {$0, $1, $2, $3}, {$4, $5, $6, $7}, $8, $9, 1, p, 1, 1, 0; }", "=f,=f,=f,=f,r,r,r,r,l,r,r,0,1,2,3" %a, %a, %a, %a, %d, %a, %a, %c, %c, %c, %c : (i32, i32, i32, i32, i64, i32, i32, f32, f32, f32, f32) -> !llvm.struct<(f32, f32, f32, f32)>
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @late_register(%p: !llvm.ptr<1>, %d: i64, %c: f32) attributes {gpu.kernel} {
    nvvm.wgmma.fence.aligned
    %v = llvm.load %p : !llvm.ptr<1> -> vector<2xf16>
    %a = llvm.bitcast %v : vector<2xf16> to i32
    // expected-error@+1 {{takes a register that 'llvm.load' writes behind the wgmma.fence}}
    %r = llvm.inline_asm has_side_effects asm_dialect = att "{ .reg .pred p; setp.ne.b32 p, $10, 0; wgmma.mma_async.sp.sync.aligned.m64n8k32.f32.bf16.bf16 {$0, $1, $2, $3}, {$4, $5, $6, $7}, $8, $9, 1, p, 1, 1, 1; }", "=f,=f,=f,=f,r,r,r,r,l,r,r,0,1,2,3" %a, %a, %a, %a, %d, %a, %a, %c, %c, %c, %c : (i32, i32, i32, i32, i64, i32, i32, f32, f32, f32, f32) -> !llvm.struct<(f32, f32, f32, f32)>
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @cluster(%b: !llvm.ptr<3>, %n: i32) attributes {gpu.kernel} {
    // expected-error@+1 {{'nvvm.mbarrier.arrive' op is not known to the emulator}}
    %s = nvvm.mbarrier.arrive %b {scope = #nvvm.mem_scope<cluster>} : !llvm.ptr<3> -> i64
    // expected-error@+1 {{'nvvm.mbarrier.arrive.expect_tx' op is not known to the emulator}}
    nvvm.mbarrier.arrive.expect_tx %b, %n {relaxed = true} : !llvm.ptr<3>, i32
    // expected-error@+1 {{'nvvm.cluster.arrive.relaxed' op is not known to the emulator}}
    nvvm.cluster.arrive.relaxed {aligned}
    // expected-error@+1 {{'nvvm.elect.sync' op is not known to the emulator}}
    %e = nvvm.elect.sync %n -> i1
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @early_sum(%p: !llvm.ptr<1>, %a: i32, %d: i64, %c: f32) attributes {gpu.kernel} {
    nvvm.wgmma.fence.aligned
    %r = llvm.inline_asm has_side_effects asm_dialect = att "{ .reg .pred p; setp.ne.b32 p, $10, 0; wgmma.mma_async.sp.sync.aligned.m64n8k32.f32.bf16.bf16 {$0, $1, $2, $3}, {$4, $5, $6, $7}, $8, $9, 1, p, 1, 1, 1; }", "=f,=f,=f,=f,r,r,r,r,l,r,r,0,1,2,3" %a, %a, %a, %a, %d, %a, %a, %c, %c, %c, %c : (i32, i32, i32, i32, i64, i32, i32, f32, f32, f32, f32) -> !llvm.struct<(f32, f32, f32, f32)>
    nvvm.wgmma.commit.group.sync.aligned
    %s = llvm.extractvalue %r[2] : !llvm.struct<(f32, f32, f32, f32)>
    // expected-error@+1 {{'llvm.store' op reads the sums of a wgmma before a wgmma.wait_group}}
    llvm.store %s, %p : f32, !llvm.ptr<1>
    nvvm.wgmma.wait.group.sync.aligned 0
    llvm.store %s, %p : f32, !llvm.ptr<1>
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @saturates(%a: i32, %c: i32, %e: i32) attributes {gpu.kernel} {
    %s = llvm.mlir.constant(0 : i32) : i32
    // expected-error@+1 {{is not known to the emulator: it runs}}
    %d = nvvm.mma.sp.sync A[%a, %a, %a, %a] B[%a, %a, %a, %a] C[%c, %c, %c, %c] sparseMetadata[%e] selector[%s] {orderedMetadata, intOverflowBehavior = #nvvm.mma_int_overflow<satfinite>, multiplicandAPtxType = #nvvm.mma_type<s8>, multiplicandBPtxType = #nvvm.mma_type<s8>, shape = #nvvm.shape<m = 16, n = 8, k = 64>} : (i32, i32, i32) -> !llvm.struct<(i32, i32, i32, i32)>
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @mixed(%a: i32, %c: f32) attributes {gpu.kernel} {
    %s = llvm.mlir.constant(0 : i32) : i32
    // expected-error@+1 {{of 'llvm.nvvm.mma.sp.ordered.metadata.m16n8k64.row.col.f32.e4m3.e5m2.f32' is not known to the emulator}}
    %d = llvm.call_intrinsic "llvm.nvvm.mma.sp.ordered.metadata.m16n8k64.row.col.f32.e4m3.e5m2.f32"(%a, %a, %a, %a, %a, %a, %a, %a, %c, %c, %c, %c, %a, %s) : (i32, i32, i32, i32, i32, i32, i32, i32, f32, f32, f32, f32, i32, i32) -> !llvm.struct<(f32, f32, f32, f32)>
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @streams(%p: !llvm.ptr<1>, %c: i64) attributes {gpu.kernel} {
    %r = llvm.inline_asm has_side_effects asm_dialect = att "ld.global.L1::no_allocate.L2::cache_hint.b32 $0, [$1], $2;", "=r,l,l" %p, %c : (!llvm.ptr<1>, i64) -> i32
    // expected-error@+1 {{is not known to the emulator: of inline PTX it knows the wgmma.mma_async.sp of SparseWgmma.h, the createpolicy and the ld.global of StreamedLoad.h}}
    %s = llvm.inline_asm has_side_effects asm_dialect = att "ld.global.L2::cache_hint.v2.b32 {$0, $1}, [$2], $3;", "=r,=r,l,l" %p, %c : (!llvm.ptr<1>, i64) -> !llvm.struct<(i32, i32)>
    // A load without side effects would be another one.
    // expected-error@+1 {{is not known to the emulator}}
    %t = llvm.inline_asm asm_dialect = att "ld.global.L2::cache_hint.b32 $0, [$1], $2;", "=r,l,l" %p, %c : (!llvm.ptr<1>, i64) -> i32
    // expected-error@+1 {{is not known to the emulator}}
    %u = llvm.inline_asm asm_dialect = att "createpolicy.fractional.L2::evict_last.b64 $0, 1.0;", "=l" : () -> i64
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @masked(%g: !llvm.ptr<1>, %s: !llvm.ptr<3>, %n: i32, %mask: i16) attributes {gpu.kernel} {
    // expected-error@+1 {{is not known to the emulator}}
    nvvm.cp.async.bulk.global.shared.cta %g, %s, %n byte_mask = %mask : !llvm.ptr<1>, !llvm.ptr<3>
    %policy = llvm.mlir.constant(0 : i64) : i64
    // expected-error@+1 {{is not known to the emulator}}
    nvvm.cp.async.bulk.global.shared.cta %g, %s, %n l2_cache_hint = %policy : !llvm.ptr<1>, !llvm.ptr<3>
    // expected-error@+1 {{is not known to the emulator}}
    nvvm.stmatrix %s, %n {layout = #nvvm.mma_layout<col>, shape = #nvvm.ld_st_matrix_shape<m = 16, n = 8>, eltType = #nvvm.ld_st_matrix_elt_type<b8>} : !llvm.ptr<3>, i32
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @bytes(%a: i32) attributes {gpu.kernel} {
    // The selector is not constant.
    // expected-error@+1 {{is not known to the emulator}}
    %d = nvvm.prmt <default> %a, %a, %a : i32
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @half_tf32(%a: i32, %c: f32) attributes {gpu.kernel} {
    %s = llvm.mlir.constant(0 : i32) : i32
    // expected-error@+1 {{'nvvm.mma.sp.sync' op is not known to the emulator: it runs mma.sp::ordered_metadata}}
    %d = nvvm.mma.sp.sync A[%a, %a] B[%a, %a] C[%c, %c, %c, %c] sparseMetadata[%a] selector[%s] {orderedMetadata, multiplicandAPtxType = #nvvm.mma_type<tf32>, multiplicandBPtxType = #nvvm.mma_type<tf32>, shape = #nvvm.shape<m = 16, n = 8, k = 8>} : (i32, i32, f32) -> !llvm.struct<(f32, f32, f32, f32)>
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @nearest_even(%f: f32) attributes {gpu.kernel} {
    // expected-error@+1 {{'nvvm.convert.float.to.tf32' op is not known to the emulator}}
    %r = nvvm.convert.float.to.tf32 %f {rnd = #nvvm.fp_rnd_mode<rn>}
    llvm.return
  }
}
