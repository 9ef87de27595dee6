//===- CudaDevice.cpp - Kernels on an NVIDIA GPU --------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The device over the CUDA driver, which is opened when it is first wanted, so
/// that one build of the library serves machines with and without a GPU. Uses
/// the primary context of device 0, as other CUDA libraries do.
///
//===----------------------------------------------------------------------===//

#include "Runtime/Device.h"
#include "Runtime/Image.h"

#include <dlfcn.h>
#include <unordered_map>
#include <vector>

using namespace hinm::runtime;

namespace {

// Values of the driver's header, cuda.h.
constexpr int success = 0;                         // CUDA_SUCCESS
constexpr int maxDynamicSharedSizeBytes = 8;       // CU_FUNC_ATTRIBUTE_...
constexpr int jitOptimizationLevel = 7;            // CU_JIT_OPTIMIZATION_LEVEL
constexpr int jitErrorLogBuffer = 5;               // CU_JIT_ERROR_LOG_BUFFER
constexpr int jitErrorLogBufferSizeBytes = 6;      // ..._SIZE_BYTES
constexpr unsigned streamNonBlocking = 1;          // CU_STREAM_NON_BLOCKING
constexpr unsigned eventDisableTiming = 2;         // CU_EVENT_DISABLE_TIMING
constexpr unsigned attachGlobal = 1;               // CU_MEM_ATTACH_GLOBAL
constexpr uint32_t defaultSharedBytes = 48 * 1024; // more must be asked for

struct Driver {
#define HINM_CUDA_SYMBOL(name, symbol, parameters) int(*name) parameters;
#include "Runtime/CudaSymbols.def"

  /// False, with \p why, when the library or a function is missing.
  bool load(std::string &why);
};

class CudaDevice : public Device {
public:
  bool open(std::string &why);

  std::string name() override { return "cuda: " + gpuName; }

  void *loadModule(const void *image, size_t bytes) override;
  void *loadModuleJit(const void *text, size_t bytes, int level) override;
  void unloadModule(void *module) override {
    check(driver.moduleUnload(module), "cuModuleUnload");
    // The next module may get the same handles for functions of its own.
    for (void *function : functionsOf[module]) {
      functionNames.erase(function);
      allowedSharedBytes.erase(function);
    }
    functionsOf.erase(module);
  }
  void *getFunction(void *module, const char *name) override;
  bool launch(void *function, const LaunchShape &shape, void *stream,
              void **params, LaunchRecord &record) override;
  void resolve(LaunchRecord &record) override;

  void *createStream() override {
    void *stream = nullptr;
    enter();
    check(driver.streamCreate(&stream, streamNonBlocking), "cuStreamCreate");
    return stream;
  }
  void destroyStream(void *stream) override {
    check(driver.streamDestroy(stream), "cuStreamDestroy");
  }
  void synchronizeStream(void *stream) override {
    check(driver.streamSynchronize(stream), "cuStreamSynchronize");
  }
  void waitEvent(void *stream, void *event) override {
    check(driver.streamWaitEvent(stream, event, 0), "cuStreamWaitEvent");
  }
  void *createEvent() override { return newEvent(eventDisableTiming); }
  void destroyEvent(void *event) override {
    check(driver.eventDestroy(event), "cuEventDestroy");
  }
  void synchronizeEvent(void *event) override {
    check(driver.eventSynchronize(event), "cuEventSynchronize");
  }
  void recordEvent(void *event, void *stream) override {
    check(driver.eventRecord(event, stream), "cuEventRecord");
  }

  void *allocate(uint64_t bytes, void *stream, bool hostShared) override;
  void deallocate(void *pointer, void *stream) override {
    // Copies and kernels that were queued may still use the memory;
    // cuMemFree waits for them.
    enter();
    check(driver.memFree(reinterpret_cast<uint64_t>(pointer)), "cuMemFree");
  }
  void copy(void *to, const void *from, size_t bytes, void *stream) override {
    enter();
    check(driver.memcpyAsync(reinterpret_cast<uint64_t>(to),
                             reinterpret_cast<uint64_t>(from), bytes, stream),
          "cuMemcpyAsync");
  }
  void fill32(void *to, uint32_t value, size_t count, void *stream) override {
    enter();
    check(driver.memsetD32Async(reinterpret_cast<uint64_t>(to), value, count,
                                stream),
          "cuMemsetD32Async");
  }
  void fill16(void *to, uint16_t value, size_t count, void *stream) override {
    enter();
    check(driver.memsetD16Async(reinterpret_cast<uint64_t>(to), value, count,
                                stream),
          "cuMemsetD16Async");
  }
  void registerHost(void *pointer, uint64_t bytes) override {
    enter();
    check(driver.memHostRegister(pointer, bytes, 0), "cuMemHostRegister");
  }
  void unregisterHost(void *pointer) override {
    enter();
    check(driver.memHostUnregister(pointer), "cuMemHostUnregister");
  }

private:
  /// Contexts are current per thread, and callers may change threads.
  void enter() { driver.contextSetCurrent(context); }
  bool check(int result, const std::string &what);
  std::string text(int result);
  void *newEvent(unsigned flags);

  Driver driver;
  void *context = nullptr;
  std::string gpuName;
  std::unordered_map<void *, std::string> functionNames;
  std::unordered_map<void *, uint32_t> allowedSharedBytes;
  std::unordered_map<void *, std::vector<void *>> functionsOf; // a module
};

} // namespace

//===----------------------------------------------------------------------===//
// The driver
//===----------------------------------------------------------------------===//

bool Driver::load(std::string &why) {
  void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    why = std::string("no CUDA driver: ") + dlerror();
    return false;
  }
#define HINM_CUDA_SYMBOL(name, symbol, parameters)                             \
  name = reinterpret_cast<int(*) parameters>(dlsym(library, symbol));          \
  if (!name) {                                                                 \
    why = "the CUDA driver lacks " symbol;                                     \
    dlclose(library);                                                          \
    return false;                                                              \
  }
#include "Runtime/CudaSymbols.def"
  return true;
}

std::string CudaDevice::text(int result) {
  const char *message = nullptr;
  if (driver.getErrorString(result, &message) != success || !message)
    return "error " + std::to_string(result);
  return message;
}

bool CudaDevice::check(int result, const std::string &what) {
  if (result == success)
    return true;
  setError(what + " failed: " + text(result));
  return false;
}

bool CudaDevice::open(std::string &why) {
  if (!driver.load(why))
    return false;
  int count = 0, device = 0;
  char buffer[256] = "";
  auto step = [&](int result, const char *what) {
    if (result != success)
      why = std::string(what) + " failed: " + text(result);
    return result == success;
  };
  if (!step(driver.init(0), "cuInit") ||
      !step(driver.deviceGetCount(&count), "cuDeviceGetCount"))
    return false;
  if (count == 0) {
    why = "the CUDA driver finds no GPU";
    return false;
  }
  if (!step(driver.deviceGet(&device, 0), "cuDeviceGet") ||
      !step(driver.deviceGetName(buffer, sizeof(buffer), device),
            "cuDeviceGetName") ||
      !step(driver.primaryContextRetain(&context, device),
            "cuDevicePrimaryCtxRetain") ||
      !step(driver.contextSetCurrent(context), "cuCtxSetCurrent"))
    return false;
  gpuName = buffer;
  return true;
}

std::unique_ptr<Device> hinm::runtime::createCudaDevice(std::string &why) {
  auto device = std::make_unique<CudaDevice>();
  if (!device->open(why))
    return nullptr;
  return device;
}

//===----------------------------------------------------------------------===//
// Modules and launches
//===----------------------------------------------------------------------===//

void *CudaDevice::loadModule(const void *image, size_t bytes) {
  const ImageKind kind = classifyImage(image, bytes);
  if (kind == ImageKind::Ptx)
    return loadModuleJit(image, bytes, /*level=*/4);
  if (kind != ImageKind::Cubin && kind != ImageKind::Fatbin) {
    setError(std::string("a GPU cannot load the module: it is ") +
             describe(kind));
    return nullptr;
  }
  void *module = nullptr;
  enter();
  check(driver.moduleLoadData(&module, image), "cuModuleLoadData");
  return module;
}

void *CudaDevice::loadModuleJit(const void *image, size_t bytes, int level) {
  const ImageKind kind = classifyImage(image, bytes);
  if (kind != ImageKind::Ptx) {
    setError(std::string("a GPU's compiler cannot load the module: it is ") +
             describe(kind));
    return nullptr;
  }
  const std::string source(static_cast<const char *>(image), bytes);
  char log[4096] = "";
  int options[] = {jitOptimizationLevel, jitErrorLogBuffer,
                   jitErrorLogBufferSizeBytes};
  void *values[] = {reinterpret_cast<void *>(intptr_t(level)), log,
                    reinterpret_cast<void *>(sizeof(log))};
  void *module = nullptr;
  enter();
  const int result =
      driver.moduleLoadDataEx(&module, source.c_str(), 3, options, values);
  if (result != success)
    setError("cuModuleLoadDataEx failed: " + text(result) + ": " + log);
  return module;
}

void *CudaDevice::getFunction(void *module, const char *name) {
  void *function = nullptr;
  enter();
  if (!check(driver.moduleGetFunction(&function, module, name),
             std::string("cuModuleGetFunction of ") + name))
    return nullptr;
  functionNames[function] = name;
  functionsOf[module].push_back(function);
  return function;
}

void *CudaDevice::newEvent(unsigned flags) {
  void *event = nullptr;
  enter();
  check(driver.eventCreate(&event, flags), "cuEventCreate");
  return event;
}

bool CudaDevice::launch(void *function, const LaunchShape &shape, void *stream,
                        void **params, LaunchRecord &record) {
  enter();
  record.name = functionNames[function];
  uint32_t &allowed = allowedSharedBytes[function];
  if (shape.dynamicSharedBytes > defaultSharedBytes &&
      shape.dynamicSharedBytes > allowed) {
    if (!check(driver.functionSetAttribute(function, maxDynamicSharedSizeBytes,
                                           shape.dynamicSharedBytes),
               "cuFuncSetAttribute of " + record.name + " to " +
                   std::to_string(shape.dynamicSharedBytes) +
                   " bytes of shared memory"))
      return false;
    allowed = shape.dynamicSharedBytes;
  }
  record.start = newEvent(0);
  record.stop = newEvent(0);
  if (record.start)
    recordEvent(record.start, stream);
  const int result = driver.launchKernel(
      function, shape.grid[0], shape.grid[1], shape.grid[2], shape.block[0],
      shape.block[1], shape.block[2], shape.dynamicSharedBytes, stream, params,
      /*extra=*/nullptr);
  if (check(result, "cuLaunchKernel of " + record.name)) {
    if (record.stop)
      recordEvent(record.stop, stream);
    return true;
  }
  for (void *event : {record.start, record.stop})
    if (event)
      driver.eventDestroy(event);
  return false;
}

void CudaDevice::resolve(LaunchRecord &record) {
  if (!record.start || !record.stop)
    return;
  enter();
  float milliseconds = 0;
  // A kernel that faults is first noticed here or in a synchronisation.
  if (check(driver.eventSynchronize(record.stop), "kernel " + record.name) &&
      check(driver.eventElapsedTime(&milliseconds, record.start, record.stop),
            "cuEventElapsedTime"))
    record.milliseconds = milliseconds;
  driver.eventDestroy(record.start);
  driver.eventDestroy(record.stop);
  record.start = record.stop = nullptr;
}

void *CudaDevice::allocate(uint64_t bytes, void *stream, bool hostShared) {
  if (bytes == 0)
    return nullptr;
  uint64_t pointer = 0;
  enter();
  check(hostShared ? driver.memAllocManaged(&pointer, bytes, attachGlobal)
                   : driver.memAlloc(&pointer, bytes),
        "cuMemAlloc of " + std::to_string(bytes) + " bytes");
  return reinterpret_cast<void *>(pointer);
}
