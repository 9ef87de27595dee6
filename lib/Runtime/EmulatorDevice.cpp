//===- EmulatorDevice.cpp - Kernels on the processor ----------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emulator/Emulator.h"
#include "Runtime/Device.h"
#include "Runtime/Image.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <dlfcn.h>
#include <link.h>
#include <map>
#include <mutex>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

using namespace hinm;
using namespace hinm::runtime;

namespace {

struct EmulatorFunction {
  std::string name;
  emulator::Kernel kernel;
  emulator::Dim3 cluster;
  size_t staticSharedBytes;
};

struct EmulatorModule {
  void *handle = nullptr;
  // Open as long as the module: glibc takes equal /proc paths for one library.
  int file = -1;
  std::vector<const void *> ranges;
  std::map<std::string, std::unique_ptr<EmulatorFunction>> functions;
};

class EmulatorDevice : public Device {
public:
  std::string name() override { return "emulator (CPU)"; }

  void *loadModule(const void *image, size_t bytes) override;
  void *loadModuleJit(const void *text, size_t bytes, int level) override {
    return loadModule(text, bytes);
  }
  void unloadModule(void *module) override;
  void *getFunction(void *module, const char *name) override;
  bool launch(void *function, const LaunchShape &shape, void *stream,
              void **params, LaunchRecord &record) override;
  void resolve(LaunchRecord &record) override {}

  // Everything is done when its call returns, so that streams and events only
  // have to be something other than nullptr.
  void *createStream() override { return this; }
  void destroyStream(void *stream) override {}
  void synchronizeStream(void *stream) override {}
  void waitEvent(void *stream, void *event) override {}
  void *createEvent() override { return this; }
  void destroyEvent(void *event) override {}
  void synchronizeEvent(void *event) override {}
  void recordEvent(void *event, void *stream) override {}

  void *allocate(uint64_t bytes, void *stream, bool hostShared) override {
    void *pointer = emulator::allocate(bytes);
    adopt(pointer != nullptr || bytes == 0);
    return pointer;
  }
  void deallocate(void *pointer, void *stream) override {
    adopt(emulator::deallocate(pointer));
  }
  void copy(void *to, const void *from, size_t bytes, void *stream) override;
  void fill32(void *to, uint32_t value, size_t count, void *stream) override;
  void fill16(void *to, uint16_t value, size_t count, void *stream) override;
  void registerHost(void *pointer, uint64_t bytes) override {
    adopt(emulator::registerRange(pointer, bytes, /*writable=*/true,
                                  "registered host memory"));
  }
  void unregisterHost(void *pointer) override {
    adopt(emulator::unregisterRange(pointer));
  }

private:
  /// Makes the emulator's error the runtime's; returns \p succeeded.
  bool adopt(bool succeeded) {
    if (!succeeded) {
      setError(emulator::lastError());
      emulator::clearError();
    }
    return succeeded;
  }
};

} // namespace

std::unique_ptr<Device> hinm::runtime::createEmulatorDevice() {
  return std::make_unique<EmulatorDevice>();
}

//===----------------------------------------------------------------------===//
// Modules
//===----------------------------------------------------------------------===//

/// Makes hinm_emu_* visible to libraries that are loaded later, also when this
/// one was loaded privately, as Python does.
static void exportDeviceApi() {
  static std::once_flag once;
  std::call_once(once, [] {
    Dl_info info;
    if (dladdr(reinterpret_cast<void *>(&createEmulatorDevice), &info))
      dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL);
  });
}

static bool writeAll(int file, const void *image, size_t bytes) {
  const char *next = static_cast<const char *>(image);
  while (bytes != 0) {
    const ssize_t written = write(file, next, bytes);
    if (written <= 0)
      return false;
    next += written;
    bytes -= written;
  }
  return true;
}

/// Lets kernels access the constants and globals of their own module.
static void registerSegments(EmulatorModule &module) {
  struct link_map *map = nullptr;
  if (dlinfo(module.handle, RTLD_DI_LINKMAP, &map) != 0)
    return;
  struct Search {
    ElfW(Addr) base;
    std::vector<const void *> &ranges;
  } search{map->l_addr, module.ranges};
  dl_iterate_phdr(
      [](struct dl_phdr_info *info, size_t, void *data) -> int {
        Search &search = *static_cast<Search *>(data);
        if (info->dlpi_addr != search.base)
          return 0;
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          const ElfW(Phdr) &header = info->dlpi_phdr[i];
          if (header.p_type != PT_LOAD || header.p_memsz == 0)
            continue;
          const void *begin =
              reinterpret_cast<const void *>(search.base + header.p_vaddr);
          if (emulator::registerRange(begin, header.p_memsz,
                                      header.p_flags & PF_W, "module data"))
            search.ranges.push_back(begin);
        }
        return 1;
      },
      &search);
}

void *EmulatorDevice::loadModule(const void *image, size_t bytes) {
  const ImageKind kind = classifyImage(image, bytes);
  if (kind != ImageKind::HostObject) {
    setError(std::string("the emulator cannot load the module: it is ") +
             describe(kind));
    return nullptr;
  }
  if (!isComplete(image, bytes)) {
    setError("the emulator cannot load the module: its " +
             std::to_string(bytes) + " bytes are not all of it");
    return nullptr;
  }
  exportDeviceApi();
  auto module = std::make_unique<EmulatorModule>();
  module->file = memfd_create("hinm-kernels", MFD_CLOEXEC);
  if (module->file < 0 || !writeAll(module->file, image, bytes)) {
    setError(std::string("the emulator cannot store the module: ") +
             strerror(errno));
    if (module->file >= 0)
      close(module->file);
    return nullptr;
  }
  const std::string path = "/proc/self/fd/" + std::to_string(module->file);
  module->handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!module->handle) {
    setError(std::string("the emulator cannot load the module: ") + dlerror());
    close(module->file);
    return nullptr;
  }
  registerSegments(*module);
  return module.release();
}

void EmulatorDevice::unloadModule(void *opaque) {
  std::unique_ptr<EmulatorModule> module(static_cast<EmulatorModule *>(opaque));
  for (const void *begin : module->ranges)
    emulator::unregisterRange(begin);
  dlclose(module->handle);
  close(module->file);
}

void *EmulatorDevice::getFunction(void *opaque, const char *name) {
  EmulatorModule &module = *static_cast<EmulatorModule *>(opaque);
  std::unique_ptr<EmulatorFunction> &slot = module.functions[name];
  if (slot)
    return slot.get();
  const std::string symbol = std::string("__hinm_emu_") + name;
  void *kernel = dlsym(module.handle, symbol.c_str());
  void *shared = dlsym(module.handle, (symbol + "_shared").c_str());
  if (!kernel || !shared) {
    setError(std::string("the module has no kernel ") + name +
             " for the emulator (symbols " + symbol + " and " + symbol +
             "_shared)");
    return nullptr;
  }
  slot = std::make_unique<EmulatorFunction>();
  slot->name = name;
  slot->kernel = reinterpret_cast<emulator::Kernel>(kernel);
  slot->staticSharedBytes = *static_cast<const uint64_t *>(shared);
  // Of kernels with clusters only.
  if (void *cluster = dlsym(module.handle, (symbol + "_cluster").c_str())) {
    const uint32_t *sizes = static_cast<const uint32_t *>(cluster);
    slot->cluster.x = sizes[0];
    slot->cluster.y = sizes[1];
    slot->cluster.z = sizes[2];
  }
  return slot.get();
}

bool EmulatorDevice::launch(void *opaque, const LaunchShape &shape,
                            void *stream, void **params, LaunchRecord &record) {
  const EmulatorFunction &function = *static_cast<EmulatorFunction *>(opaque);
  emulator::Dim3 grid, block;
  grid.x = shape.grid[0];
  grid.y = shape.grid[1];
  grid.z = shape.grid[2];
  block.x = shape.block[0];
  block.y = shape.block[1];
  block.z = shape.block[2];
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  if (!adopt(emulator::launch(function.kernel, grid, block, function.cluster,
                              shape.dynamicSharedBytes,
                              function.staticSharedBytes, params,
                              function.name.c_str())))
    return false;
  const std::chrono::duration<double, std::milli> time = Clock::now() - start;
  record.name = function.name;
  record.milliseconds = time.count();
  return true;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

void EmulatorDevice::copy(void *to, const void *from, size_t bytes,
                          void *stream) {
  if (bytes != 0 &&
      adopt(emulator::checkHostAccess(to, bytes, "destination of a copy")) &&
      adopt(emulator::checkHostAccess(from, bytes, "source of a copy")))
    memmove(to, from, bytes);
}

void EmulatorDevice::fill32(void *to, uint32_t value, size_t count,
                            void *stream) {
  if (adopt(emulator::checkHostAccess(to, count * sizeof(value),
                                      "destination of a fill")))
    std::fill_n(static_cast<uint32_t *>(to), count, value);
}

void EmulatorDevice::fill16(void *to, uint16_t value, size_t count,
                            void *stream) {
  if (adopt(emulator::checkHostAccess(to, count * sizeof(value),
                                      "destination of a fill")))
    std::fill_n(static_cast<uint16_t *>(to), count, value);
}
