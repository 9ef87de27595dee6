//===- Device.h - What runs the kernels -------------------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The interface between the `mgpu*` entry points and a device. Handles are
/// opaque to the callers; an operation that fails calls setError() and returns
/// nullptr or does nothing.
///
//===----------------------------------------------------------------------===//

#ifndef LIB_RUNTIME_DEVICE_H
#define LIB_RUNTIME_DEVICE_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace hinm::runtime {

struct LaunchShape {
  uint32_t grid[3];
  uint32_t block[3];
  uint32_t dynamicSharedBytes;
};

/// One launch. Until it is resolved, its time is that between two events.
struct LaunchRecord {
  std::string name;
  double milliseconds = 0;
  void *start = nullptr, *stop = nullptr;
};

class Device {
public:
  virtual ~Device() = default;

  /// As hinmRuntimeDeviceName.
  virtual std::string name() = 0;

  virtual void *loadModule(const void *image, size_t bytes) = 0;
  /// PTX text, to be compiled with this optimisation level (0 to 4).
  virtual void *loadModuleJit(const void *text, size_t bytes, int level) = 0;
  virtual void unloadModule(void *module) = 0;
  virtual void *getFunction(void *module, const char *name) = 0;
  /// Fills \p record unless the launch fails.
  virtual bool launch(void *function, const LaunchShape &shape, void *stream,
                      void **params, LaunchRecord &record) = 0;
  /// Waits for the end of the launch and writes its milliseconds.
  virtual void resolve(LaunchRecord &record) = 0;

  virtual void *createStream() = 0;
  virtual void destroyStream(void *stream) = 0;
  virtual void synchronizeStream(void *stream) = 0;
  virtual void waitEvent(void *stream, void *event) = 0;
  virtual void *createEvent() = 0;
  virtual void destroyEvent(void *event) = 0;
  virtual void synchronizeEvent(void *event) = 0;
  virtual void recordEvent(void *event, void *stream) = 0;

  virtual void *allocate(uint64_t bytes, void *stream, bool hostShared) = 0;
  virtual void deallocate(void *pointer, void *stream) = 0;
  virtual void copy(void *to, const void *from, size_t bytes, void *stream) = 0;
  virtual void fill32(void *to, uint32_t value, size_t count, void *stream) = 0;
  virtual void fill16(void *to, uint16_t value, size_t count, void *stream) = 0;
  virtual void registerHost(void *pointer, uint64_t bytes) = 0;
  virtual void unregisterHost(void *pointer) = 0;
};

std::unique_ptr<Device> createEmulatorDevice();
/// nullptr when there is no driver or no GPU; \p why then says so.
std::unique_ptr<Device> createCudaDevice(std::string &why);

/// The device in use, selected now if it was not before; nullptr after an
/// error, which is set.
Device *currentDevice();

/// Keeps \p text as the runtime's error unless there is one, and prints it.
void setError(const std::string &text);
bool hasError();

/// Counts a launch for hinmRuntimeLaunchCount.
void addLaunch(LaunchRecord record);

} // namespace hinm::runtime

#endif // LIB_RUNTIME_DEVICE_H
