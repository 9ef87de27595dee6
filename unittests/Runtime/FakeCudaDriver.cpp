//===- FakeCudaDriver.cpp - A CUDA driver that only takes notes -----------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Built with the soname of the real driver. It keeps device memory on the host
/// and does nothing for a launch but record its shape, so that what the CUDA
/// device asks of a driver can be checked where there is none.
///
//===----------------------------------------------------------------------===//

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

// The calls so far, one per line, for the test to read and to empty.
extern "C" {
std::string fakeCudaLog;
}

static void note(const std::string &line) { fakeCudaLog += line + "\n"; }

static uint64_t handles = 0x1000;
static void *newHandle() { return reinterpret_cast<void *>(handles += 16); }

extern "C" {

int cuInit(unsigned) { return 0; }
int cuDeviceGetCount(int *count) { return *count = 1, 0; }
int cuDeviceGet(int *device, int ordinal) { return *device = ordinal, 0; }
int cuDeviceGetName(char *name, int size, int) {
  snprintf(name, size, "Fake GPU");
  return 0;
}
int cuDeviceGetAttribute(int *value, int attribute, int) {
  switch (attribute) {
  case 16: // Multiprocessors.
    return *value = 2, 0;
  case 38: // Bytes of L2.
    return *value = 1 << 20, 0;
  case 97: // Shared memory that a block may ask for.
    return *value = 227 * 1024, 0;
  }
  return 1;
}
int cuDevicePrimaryCtxRetain(void **context, int) {
  return *context = newHandle(), 0;
}
int cuCtxSetCurrent(void *) { return 0; }
int cuModuleLoadData(void **module, const void *) {
  note("load");
  return *module = newHandle(), 0;
}
int cuModuleLoadDataEx(void **module, const void *text, unsigned count,
                       int *options, void **values) {
  std::string line = "compile " + std::string(static_cast<const char *>(text));
  for (unsigned i = 0; i < count; ++i)
    if (options[i] == 7)
      line += " O" + std::to_string(reinterpret_cast<intptr_t>(values[i]));
  note(line);
  return *module = newHandle(), 0;
}
int cuModuleUnload(void *) { return 0; }
int cuModuleGetFunction(void **function, void *, const char *name) {
  if (strcmp(name, "missing") == 0)
    return 500; // CUDA_ERROR_NOT_FOUND
  return *function = newHandle(), 0;
}
int cuFuncSetAttribute(void *, int attribute, int value) {
  note("attribute " + std::to_string(attribute) + " = " +
       std::to_string(value));
  return 0;
}
int cuLaunchKernel(void *, unsigned gridX, unsigned gridY, unsigned gridZ,
                   unsigned blockX, unsigned blockY, unsigned blockZ,
                   unsigned shared, void *, void **, void **) {
  std::string line = "launch";
  for (unsigned value : {gridX, gridY, gridZ, blockX, blockY, blockZ, shared})
    line += " " + std::to_string(value);
  note(line);
  return blockX > 1024 ? 1 : 0; // CUDA_ERROR_INVALID_VALUE
}
int cuStreamCreate(void **stream, unsigned) { return *stream = newHandle(), 0; }
int cuStreamDestroy_v2(void *) { return 0; }
int cuStreamSynchronize(void *) { return 0; }
int cuStreamWaitEvent(void *, void *, unsigned) { return 0; }
int cuEventCreate(void **event, unsigned) {
  note("event +");
  return *event = newHandle(), 0;
}
int cuEventDestroy_v2(void *) { return note("event -"), 0; }
int cuEventSynchronize(void *) { return 0; }
int cuEventRecord(void *, void *) { return note("record"), 0; }
int cuEventElapsedTime(float *milliseconds, void *, void *) {
  return *milliseconds = 1.5f, 0;
}
int cuMemAlloc_v2(uint64_t *pointer, size_t bytes) {
  if (bytes > size_t(1) << 40)
    return 2; // CUDA_ERROR_OUT_OF_MEMORY
  return *pointer = reinterpret_cast<uint64_t>(malloc(bytes)), 0;
}
int cuMemAllocManaged(uint64_t *pointer, size_t bytes, unsigned) {
  note("managed");
  return cuMemAlloc_v2(pointer, bytes);
}
int cuMemFree_v2(uint64_t pointer) {
  return free(reinterpret_cast<void *>(pointer)), 0;
}
int cuMemcpyAsync(uint64_t to, uint64_t from, size_t bytes, void *) {
  memcpy(reinterpret_cast<void *>(to), reinterpret_cast<void *>(from), bytes);
  return 0;
}
int cuMemsetD32Async(uint64_t pointer, unsigned word, size_t count, void *) {
  auto *words = reinterpret_cast<unsigned *>(pointer);
  for (size_t i = 0; i < count; ++i)
    words[i] = word;
  return 0;
}
// The rules of a swizzle by 128 bytes that a caller can break.
int cuTensorMapEncodeTiled(void *map, int, unsigned rank, uint64_t address,
                           const uint64_t *sizes, const uint64_t *strides,
                           const unsigned *box, const unsigned *, int,
                           int swizzle, int, int) {
  bool sound = reinterpret_cast<uintptr_t>(map) % 64 == 0 &&
               address % 16 == 0 && rank == 2 && strides[0] % 16 == 0 &&
               strides[0] >= 2 * sizes[0] && box[0] * 2 <= 128 &&
               box[1] <= 256 && swizzle == 3;
  note("map " + std::to_string(sizes[0]) + " " + std::to_string(sizes[1]) +
       " by " + std::to_string(box[0]) + " " + std::to_string(box[1]));
  memset(map, 0x5a, 128);
  return sound ? 0 : 1;
}
int cuMemsetD16Async(uint64_t, unsigned short, size_t, void *) { return 0; }
int cuMemHostRegister_v2(void *, size_t, unsigned) { return 0; }
int cuMemHostUnregister(void *) { return 0; }
int cuGetErrorString(int error, const char **text) {
  *text = error == 1     ? "invalid argument"
          : error == 2   ? "out of memory"
          : error == 500 ? "named symbol not found"
                         : "unknown error";
  return 0;
}

} // extern "C"
