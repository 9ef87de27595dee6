//===- PrivateLoadTest.cpp - The runtime loaded as Python loads it --------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "gtest/gtest.h"

#include <cstdint>
#include <cstdlib>
#include <dlfcn.h>
#include <fstream>
#include <iterator>
#include <vector>

namespace {

// This program does not link the runtime: with RTLD_LOCAL its symbols are
// hidden from modules until it promotes itself.
TEST(PrivateLoadTest, ModulesFindTheDeviceApi) {
  ASSERT_EQ(dlsym(RTLD_DEFAULT, "hinm_emu_barrier"), nullptr);
  void *runtime = dlopen(HINM_RUNTIME_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(runtime, nullptr) << dlerror();
  auto find = [&](const char *name) { return dlsym(runtime, name); };
  auto *select =
      reinterpret_cast<int (*)(const char *)>(find("hinmRuntimeSelectDevice"));
  auto *error =
      reinterpret_cast<const char *(*)(void)>(find("hinmRuntimeLastError"));
  auto *load =
      reinterpret_cast<void *(*)(void *, size_t)>(find("mgpuModuleLoad"));
  auto *unload = reinterpret_cast<void (*)(void *)>(find("mgpuModuleUnload"));
  auto *function = reinterpret_cast<void *(*)(void *, const char *)>(
      find("mgpuModuleGetFunction"));
  ASSERT_TRUE(select && error && load && unload && function);

  ASSERT_EQ(select("emulator"), 0);
  std::ifstream file(HINM_KERNEL_MODULE, std::ios::binary);
  std::vector<char> image{std::istreambuf_iterator<char>(file), {}};
  void *module = load(image.data(), image.size());
  ASSERT_NE(module, nullptr) << error();
  EXPECT_NE(function(module, "scale"), nullptr);
  EXPECT_EQ(error(), nullptr);
  unload(module);
}

} // namespace
