//===- Runtime.cpp - The device in use, errors and timings ----------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm-c/Runtime.h"

#include "Runtime/Device.h"

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <vector>

using namespace hinm::runtime;

namespace {

struct State {
  // Errors may be set while a call is under way, hence recursive.
  std::recursive_mutex mutex;
  std::unique_ptr<Device> device;
  std::string selected; // "emulator" or "cuda"
  std::string error;
  std::vector<LaunchRecord> launches;
  size_t resolved = 0; // launches before this have their milliseconds
  std::string returnedName, returnedError, returnedLaunch;
};

using Lock = std::lock_guard<std::recursive_mutex>;

} // namespace

// Never destroyed: compiled code unloads its modules when the process exits.
static State &state() {
  static State *instance = new State;
  return *instance;
}

void hinm::runtime::setError(const std::string &text) {
  State &s = state();
  Lock lock(s.mutex);
  if (!s.error.empty())
    return;
  s.error = text;
  // mlir-runner and the like never ask for the error.
  fprintf(stderr, "hinm_runtime: error: %s\n", text.c_str());
}

bool hinm::runtime::hasError() {
  State &s = state();
  Lock lock(s.mutex);
  return !s.error.empty();
}

//===----------------------------------------------------------------------===//
// Selection
//===----------------------------------------------------------------------===//

static bool select(State &s, const std::string &name) {
  if (s.device) {
    if (s.selected == name)
      return true;
    setError("cannot select the device '" + name + "': '" + s.selected +
             "' is in use");
    return false;
  }
  if (name == "emulator") {
    s.device = createEmulatorDevice();
  } else if (name == "cuda") {
    std::string why;
    s.device = createCudaDevice(why);
    if (!s.device)
      setError("cannot use the device 'cuda': " + why);
  } else {
    setError("unknown device '" + name + "': it is 'emulator' or 'cuda'");
  }
  if (!s.device)
    return false;
  s.selected = name;
  return true;
}

Device *hinm::runtime::currentDevice() {
  State &s = state();
  Lock lock(s.mutex);
  if (s.device)
    return s.device.get();
  const char *wanted = std::getenv("HINM_DEVICE");
  if (wanted && *wanted) {
    select(s, wanted);
    return s.device.get();
  }
  std::string why;
  s.device = createCudaDevice(why);
  if (s.device)
    s.selected = "cuda";
  else
    select(s, "emulator");
  return s.device.get();
}

int hinmRuntimeSelectDevice(const char *name) {
  State &s = state();
  Lock lock(s.mutex);
  return select(s, name ? name : "") ? 0 : 1;
}

const char *hinmRuntimeDeviceName(void) {
  State &s = state();
  Lock lock(s.mutex);
  Device *device = currentDevice();
  s.returnedName = device ? device->name() : "none";
  return s.returnedName.c_str();
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

const char *hinmRuntimeLastError(void) {
  State &s = state();
  Lock lock(s.mutex);
  if (s.error.empty())
    return nullptr;
  s.returnedError = s.error;
  return s.returnedError.c_str();
}

void hinmRuntimeClearError(void) {
  State &s = state();
  Lock lock(s.mutex);
  s.error.clear();
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

static void resolveAll(State &s) {
  for (; s.resolved < s.launches.size(); ++s.resolved)
    s.device->resolve(s.launches[s.resolved]);
}

void hinm::runtime::addLaunch(LaunchRecord record) {
  State &s = state();
  Lock lock(s.mutex);
  s.launches.push_back(std::move(record));
  // Bounds the events that are alive at a time.
  constexpr size_t maxUnresolved = 4096;
  if (s.launches.size() - s.resolved >= maxUnresolved)
    resolveAll(s);
}

int64_t hinmRuntimeLaunchCount(void) {
  State &s = state();
  Lock lock(s.mutex);
  return s.launches.size();
}

const char *hinmRuntimeLaunchName(int64_t index) {
  State &s = state();
  Lock lock(s.mutex);
  if (index < 0 || uint64_t(index) >= s.launches.size())
    return nullptr;
  s.returnedLaunch = s.launches[index].name;
  return s.returnedLaunch.c_str();
}

double hinmRuntimeLaunchMilliseconds(int64_t index) {
  State &s = state();
  Lock lock(s.mutex);
  if (index < 0 || uint64_t(index) >= s.launches.size())
    return -1;
  resolveAll(s);
  return s.launches[index].milliseconds;
}

void hinmRuntimeResetLaunches(void) {
  State &s = state();
  Lock lock(s.mutex);
  resolveAll(s);
  s.launches.clear();
  s.resolved = 0;
}
