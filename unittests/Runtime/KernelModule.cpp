//===- KernelModule.cpp - A module of kernels for the emulator ------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// What a compiled `#hinm.emulator` object contains: kernels under the names
/// that the runtime looks up, with the size of their static shared memory.
///
//===----------------------------------------------------------------------===//

#include "Emulator/DeviceApi.h"

#include <cstddef>

// The module's own data, which kernels may read.
static const int32_t weights[4] = {1, 10, 100, 1000};

extern "C" {

extern const uint64_t __hinm_emu_scale_shared = 64;

/// out[i] = in[i ^ 1] * weights[i % 4], through 64 bytes of static and as many
/// of dynamic shared memory; 16 threads.
void __hinm_emu_scale(void **params) {
  int32_t *out = *static_cast<int32_t **>(params[0]);
  const int32_t *in = *static_cast<const int32_t **>(params[1]);
  const int32_t t = hinm_emu_register(HINM_EMU_TID_X);
  int32_t *fixed = static_cast<int32_t *>(hinm_emu_shared(4 * t));
  int32_t *dynamic = static_cast<int32_t *>(hinm_emu_shared(64 + 4 * t));
  hinm_emu_access(in + t, 4, 4, 0, "load in");
  hinm_emu_access(fixed, 4, 4, 1, "store static");
  *fixed = in[t];
  hinm_emu_barrier(0, 0, "barrier");
  const int32_t *other = static_cast<int32_t *>(hinm_emu_shared(4 * (t ^ 1)));
  hinm_emu_access(other, 4, 4, 0, "load static");
  hinm_emu_access(&weights[t % 4], 4, 4, 0, "load weight");
  hinm_emu_access(dynamic, 4, 4, 1, "store dynamic");
  *dynamic = *other * weights[t % 4];
  hinm_emu_access(out + t, 4, 4, 1, "store out");
  out[t] = *dynamic;
}

} // extern "C"
