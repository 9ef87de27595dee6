//===- CudaDeviceTest.cpp - What is asked of the CUDA driver --------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm-c/Runtime.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cstdint>
#include <cstring>
#include <dlfcn.h>
#include <string>
#include <vector>

extern "C" {
void *mgpuModuleLoad(void *data, size_t size);
void *mgpuModuleLoadJIT(void *text, int level);
void *mgpuModuleGetFunction(void *module, const char *name);
void mgpuLaunchKernel(void *function, intptr_t gridX, intptr_t gridY,
                      intptr_t gridZ, intptr_t blockX, intptr_t blockY,
                      intptr_t blockZ, int32_t sharedBytes, void *stream,
                      void **params, void **extra, size_t paramsCount);
void *mgpuStreamCreate();
void mgpuStreamDestroy(void *stream);
void *mgpuMemAlloc(uint64_t bytes, void *stream, bool isHostShared);
void mgpuMemFree(void *pointer, void *stream);
void mgpuMemcpy(void *to, void *from, size_t bytes, void *stream);
}

using ::testing::HasSubstr;
using ::testing::StrEq;

namespace {

std::string error() {
  const char *text = hinmRuntimeLastError();
  return text ? text : "";
}

class CudaDeviceTest : public ::testing::Test {
protected:
  static void SetUpTestSuite() {
    // The loader then takes this library for libcuda.so.1, by its soname.
    void *driver = dlopen(HINM_FAKE_CUDA_DRIVER, RTLD_NOW | RTLD_GLOBAL);
    ASSERT_NE(driver, nullptr) << dlerror();
    log = static_cast<std::string *>(dlsym(driver, "fakeCudaLog"));
    ASSERT_NE(log, nullptr);
    ASSERT_EQ(hinmRuntimeSelectDevice("cuda"), 0) << error();
  }
  void SetUp() override {
    ASSERT_NE(log, nullptr);
    hinmRuntimeClearError();
    hinmRuntimeResetLaunches();
    log->clear();
  }

  static void *load() {
    std::vector<char> cubin(64);
    memcpy(cubin.data(), "\177ELF\2\1\1", 7);
    cubin[18] = char(190);
    return mgpuModuleLoad(cubin.data(), cubin.size());
  }
  static void launch(void *kernel, int threads, int sharedBytes) {
    mgpuLaunchKernel(kernel, 3, 2, 1, threads, 1, 1, sharedBytes, nullptr,
                     nullptr, nullptr, 0);
  }

  static std::string *log;
};

std::string *CudaDeviceTest::log = nullptr;

TEST_F(CudaDeviceTest, Name) {
  EXPECT_THAT(hinmRuntimeDeviceName(), StrEq("cuda: Fake GPU"));
}

TEST_F(CudaDeviceTest, TimesEachLaunchWithItsOwnEvents) {
  void *kernel = mgpuModuleGetFunction(load(), "kernel");
  launch(kernel, 32, 0);
  EXPECT_EQ(*log, "load\nevent +\nevent +\nrecord\nlaunch 3 2 1 32 1 1 0\n"
                  "record\n");
  ASSERT_EQ(hinmRuntimeLaunchCount(), 1);
  EXPECT_THAT(hinmRuntimeLaunchName(0), StrEq("kernel"));
  log->clear();
  EXPECT_EQ(hinmRuntimeLaunchMilliseconds(0), 1.5);
  EXPECT_EQ(hinmRuntimeLaunchMilliseconds(0), 1.5);
  EXPECT_EQ(*log, "event -\nevent -\n");
}

TEST_F(CudaDeviceTest, RaisesTheLimitOfSharedMemoryOnlyWhenNeeded) {
  void *kernel = mgpuModuleGetFunction(load(), "kernel");
  auto raised = [&](int bytes) {
    log->clear();
    launch(kernel, 32, bytes);
    EXPECT_THAT(*log,
                HasSubstr("launch 3 2 1 32 1 1 " + std::to_string(bytes)));
    const std::string text = "attribute 8 = " + std::to_string(bytes) + "\n";
    return log->compare(0, text.size(), text) == 0;
  };
  EXPECT_FALSE(raised(48 * 1024));
  EXPECT_TRUE(raised(100000));
  EXPECT_FALSE(raised(100000));
  EXPECT_FALSE(raised(90000));
  EXPECT_TRUE(raised(200000));
}

TEST_F(CudaDeviceTest, CompilesPtx) {
  std::string ptx = ".version 8.2\n.target sm_90a\n";
  EXPECT_NE(mgpuModuleLoadJIT(ptx.data(), 2), nullptr);
  EXPECT_EQ(*log, "compile " + ptx + " O2\n");
}

TEST_F(CudaDeviceTest, RefusesObjectsOfTheEmulator) {
  std::vector<char> object(64);
  memcpy(object.data(), "\177ELF\2\1\1", 7);
#if defined(__x86_64__)
  object[18] = 62;
#else
  object[18] = char(183);
#endif
  EXPECT_EQ(mgpuModuleLoad(object.data(), object.size()), nullptr);
  EXPECT_THAT(error(),
              HasSubstr("a GPU cannot load the module: it is an object "
                        "for this processor"));
  EXPECT_EQ(*log, "");
}

TEST_F(CudaDeviceTest, MemoryAndErrors) {
  void *stream = mgpuStreamCreate();
  int32_t from = 42, to = 0;
  void *memory = mgpuMemAlloc(4, stream, false);
  mgpuMemcpy(memory, &from, 4, stream);
  mgpuMemcpy(&to, memory, 4, stream);
  EXPECT_EQ(to, 42);
  mgpuMemFree(memory, stream);
  EXPECT_EQ(*log, "");
  mgpuMemFree(mgpuMemAlloc(4, stream, true), stream);
  EXPECT_EQ(*log, "managed\n");
  EXPECT_EQ(mgpuMemAlloc(0, stream, false), nullptr);
  EXPECT_EQ(error(), "");
  EXPECT_EQ(mgpuMemAlloc(uint64_t(1) << 50, stream, false), nullptr);
  EXPECT_THAT(error(), HasSubstr("bytes failed: out of memory"));
  hinmRuntimeClearError();

  void *module = load();
  EXPECT_EQ(mgpuModuleGetFunction(module, "missing"), nullptr);
  EXPECT_EQ(error(),
            "cuModuleGetFunction of missing failed: named symbol not found");
  hinmRuntimeClearError();
  log->clear();
  launch(mgpuModuleGetFunction(module, "large"), 2048, 0);
  EXPECT_EQ(error(), "cuLaunchKernel of large failed: invalid argument");
  EXPECT_EQ(hinmRuntimeLaunchCount(), 0);
  EXPECT_THAT(*log, HasSubstr("event -\nevent -\n")); // not leaked
  mgpuStreamDestroy(stream);
  hinmRuntimeClearError();
}

} // namespace
