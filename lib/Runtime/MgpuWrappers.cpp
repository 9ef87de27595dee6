//===- MgpuWrappers.cpp - Entry points of compiled host code --------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The functions that code lowered by MLIR's `gpu-to-llvm` and
/// `gpu.launch_func` translation calls, with the names and signatures of MLIR
/// 22 (mlir/lib/ExecutionEngine/CudaRuntimeWrappers.cpp). An error is kept for
/// hinmRuntimeLastError; the caller gets nullptr or an operation that did
/// nothing. No kernel starts while an error is pending: its inputs may never
/// have been written.
///
//===----------------------------------------------------------------------===//

#include "Runtime/Device.h"

#include <cstdint>
#include <cstring>
#include <string>

using namespace hinm::runtime;

namespace {

/// A memref of any rank: the sizes are followed by as many strides.
struct MemRefDescriptor {
  char *allocated;
  char *aligned;
  int64_t offset; // elements
  int64_t sizesAndStrides[1];
};

} // namespace

static bool fitsDimension(intptr_t value) {
  return value >= 0 && uint64_t(value) <= UINT32_MAX;
}

/// The first byte of a dense memref, and its size in \p bytes; nullptr with an
/// error when it is not dense.
static char *denseBytes(int64_t rank, const MemRefDescriptor *memref,
                        int64_t elementBytes, uint64_t &bytes) {
  const int64_t *sizes = memref->sizesAndStrides;
  const int64_t *strides = sizes + rank;
  int64_t elements = 1;
  for (int64_t i = rank; i-- > 0;) {
    if (sizes[i] != 1 && strides[i] != elements) {
      setError("cannot register a memref that is not dense");
      return nullptr;
    }
    elements *= sizes[i];
  }
  bytes = uint64_t(elements) * elementBytes;
  return memref->aligned + memref->offset * elementBytes;
}

extern "C" {

//===----------------------------------------------------------------------===//
// Modules and launches
//===----------------------------------------------------------------------===//

void *mgpuModuleLoad(void *data, size_t size) {
  Device *device = currentDevice();
  return device ? device->loadModule(data, size) : nullptr;
}

// MLIR 22 passes no size here: the text ends with a null character.
void *mgpuModuleLoadJIT(void *text, int level) {
  Device *device = currentDevice();
  if (!device)
    return nullptr;
  return device->loadModuleJit(text, strlen(static_cast<char *>(text)), level);
}

void mgpuModuleUnload(void *module) {
  Device *device = currentDevice();
  if (device && module)
    device->unloadModule(module);
}

void *mgpuModuleGetFunction(void *module, const char *name) {
  Device *device = currentDevice();
  if (device && module)
    return device->getFunction(module, name);
  setError(std::string("kernel ") + name + ": its module was not loaded");
  return nullptr;
}

void mgpuLaunchKernel(void *function, intptr_t gridX, intptr_t gridY,
                      intptr_t gridZ, intptr_t blockX, intptr_t blockY,
                      intptr_t blockZ, int32_t sharedBytes, void *stream,
                      void **params, void **extra, size_t paramsCount) {
  Device *device = currentDevice();
  if (!device || hasError())
    return;
  if (!function)
    return setError("launch of a kernel that was not loaded");
  for (intptr_t value : {gridX, gridY, gridZ, blockX, blockY, blockZ})
    if (!fitsDimension(value))
      return setError("launch with a grid or block dimension of " +
                      std::to_string(value));
  if (sharedBytes < 0)
    return setError("launch with " + std::to_string(sharedBytes) +
                    " bytes of shared memory");
  const LaunchShape shape = {
      {uint32_t(gridX), uint32_t(gridY), uint32_t(gridZ)},
      {uint32_t(blockX), uint32_t(blockY), uint32_t(blockZ)},
      uint32_t(sharedBytes)};
  // Empty work is legal in MLIR (a dynamic dimension of 0), not in a driver.
  if (gridX == 0 || gridY == 0 || gridZ == 0)
    return;
  LaunchRecord record;
  if (device->launch(function, shape, stream, params, record))
    addLaunch(std::move(record));
}

//===----------------------------------------------------------------------===//
// Streams and events
//===----------------------------------------------------------------------===//

void *mgpuStreamCreate() {
  Device *device = currentDevice();
  return device ? device->createStream() : nullptr;
}

void mgpuStreamDestroy(void *stream) {
  if (Device *device = currentDevice())
    device->destroyStream(stream);
}

void mgpuStreamSynchronize(void *stream) {
  if (Device *device = currentDevice())
    device->synchronizeStream(stream);
}

void mgpuStreamWaitEvent(void *stream, void *event) {
  if (Device *device = currentDevice())
    device->waitEvent(stream, event);
}

void *mgpuEventCreate() {
  Device *device = currentDevice();
  return device ? device->createEvent() : nullptr;
}

void mgpuEventDestroy(void *event) {
  if (Device *device = currentDevice())
    device->destroyEvent(event);
}

void mgpuEventSynchronize(void *event) {
  if (Device *device = currentDevice())
    device->synchronizeEvent(event);
}

void mgpuEventRecord(void *event, void *stream) {
  if (Device *device = currentDevice())
    device->recordEvent(event, stream);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

void *mgpuMemAlloc(uint64_t bytes, void *stream, bool isHostShared) {
  Device *device = currentDevice();
  return device ? device->allocate(bytes, stream, isHostShared) : nullptr;
}

void mgpuMemFree(void *pointer, void *stream) {
  Device *device = currentDevice();
  if (device && pointer)
    device->deallocate(pointer, stream);
}

void mgpuMemcpy(void *to, void *from, size_t bytes, void *stream) {
  if (Device *device = currentDevice())
    device->copy(to, from, bytes, stream);
}

void mgpuMemset32(void *to, unsigned value, size_t count, void *stream) {
  if (Device *device = currentDevice())
    device->fill32(to, value, count, stream);
}

void mgpuMemset16(void *to, unsigned short value, size_t count, void *stream) {
  if (Device *device = currentDevice())
    device->fill16(to, value, count, stream);
}

void mgpuMemHostRegister(void *pointer, uint64_t bytes) {
  if (Device *device = currentDevice())
    device->registerHost(pointer, bytes);
}

void mgpuMemHostUnregister(void *pointer) {
  if (Device *device = currentDevice())
    device->unregisterHost(pointer);
}

void mgpuMemHostRegisterMemRef(int64_t rank, MemRefDescriptor *memref,
                               int64_t elementBytes) {
  uint64_t bytes = 0;
  if (char *begin = denseBytes(rank, memref, elementBytes, bytes))
    mgpuMemHostRegister(begin, bytes);
}

void mgpuMemHostUnregisterMemRef(int64_t rank, MemRefDescriptor *memref,
                                 int64_t elementBytes) {
  uint64_t bytes = 0;
  if (char *begin = denseBytes(rank, memref, elementBytes, bytes))
    mgpuMemHostUnregister(begin);
}

void mgpuSetDefaultDevice(int32_t device) {
  if (device != 0)
    setError("hinm uses device 0 only, not " + std::to_string(device));
}

} // extern "C"
