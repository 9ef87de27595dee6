//===- Runtime.h - C interface of the hinm runtime --------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// What a host program asks of libhinm_runtime beyond the `mgpu*` entry points
/// that compiled code calls: which device runs the kernels, what went wrong,
/// and how long each launch took. All functions are safe to call from one
/// thread at a time. Strings stay valid until the next call of the same
/// function.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_C_RUNTIME_H
#define HINM_C_RUNTIME_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Selects the device: "emulator" or "cuda". Returns 0, or 1 when the device
/// cannot be had (see hinmRuntimeLastError). Must precede the first mgpu call;
/// otherwise the environment variable HINM_DEVICE decides, else "cuda" if a
/// driver and a GPU are present, else "emulator".
int hinmRuntimeSelectDevice(const char *name);

/// The device in use: "emulator (CPU)" or "cuda: <name of the GPU>".
const char *hinmRuntimeDeviceName(void);

/// The first error since the last clear, or NULL when there was none. An
/// emulator error names the op, its source location, block and thread.
const char *hinmRuntimeLastError(void);
void hinmRuntimeClearError(void);

/// Launches are timed one by one: their count since the last reset, and the
/// name and milliseconds of launch \p index (CUDA events; wall clock on the
/// emulator, where a time says nothing about a GPU).
int64_t hinmRuntimeLaunchCount(void);
const char *hinmRuntimeLaunchName(int64_t index);
double hinmRuntimeLaunchMilliseconds(int64_t index);
void hinmRuntimeResetLaunches(void);

#ifdef __cplusplus
} // extern "C"
#endif

#endif // HINM_C_RUNTIME_H
