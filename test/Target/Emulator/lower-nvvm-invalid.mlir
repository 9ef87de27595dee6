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
    // expected-error@+1 {{it runs mma.sp::ordered_metadata m16n8k32 of f16 and bf16 with f32 accumulators}}
    %d = nvvm.mma.sp.sync A[%a, %a, %a, %a] B[%a, %a, %a, %a] C[%c, %c, %c, %c] sparseMetadata[%e] selector[%s] {shape = #nvvm.shape<m = 16, n = 8, k = 32>} : (vector<2xf16>, vector<2xf16>, f32) -> !llvm.struct<(f32, f32, f32, f32)>
    llvm.return
  }
}
