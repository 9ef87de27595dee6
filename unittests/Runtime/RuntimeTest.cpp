//===- RuntimeTest.cpp - Devices, modules and memory ----------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm-c/Runtime.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fstream>
#include <iterator>
#include <numeric>
#include <vector>

extern "C" {
void *mgpuModuleLoad(void *data, size_t size);
void *mgpuModuleLoadJIT(void *text, int level);
void mgpuModuleUnload(void *module);
void *mgpuModuleGetFunction(void *module, const char *name);
void mgpuLaunchKernel(void *function, intptr_t gridX, intptr_t gridY,
                      intptr_t gridZ, intptr_t blockX, intptr_t blockY,
                      intptr_t blockZ, int32_t sharedBytes, void *stream,
                      void **params, void **extra, size_t paramsCount);
void *mgpuStreamCreate();
void mgpuStreamSynchronize(void *stream);
void mgpuStreamDestroy(void *stream);
void *mgpuMemAlloc(uint64_t bytes, void *stream, bool isHostShared);
void mgpuMemFree(void *pointer, void *stream);
void mgpuMemcpy(void *to, void *from, size_t bytes, void *stream);
void mgpuMemset32(void *to, unsigned value, size_t count, void *stream);
void mgpuMemset16(void *to, unsigned short value, size_t count, void *stream);
void mgpuMemHostRegisterMemRef(int64_t rank, void *memref, int64_t bytes);
void mgpuMemHostUnregisterMemRef(int64_t rank, void *memref, int64_t bytes);
}

using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::StrEq;

namespace {

std::string error() {
  const char *text = hinmRuntimeLastError();
  return text ? text : "";
}

class RuntimeTest : public ::testing::Test {
protected:
  void SetUp() override {
    hinmRuntimeClearError();
    ASSERT_EQ(hinmRuntimeSelectDevice("emulator"), 0) << error();
    hinmRuntimeResetLaunches();
  }
  void TearDown() override { hinmRuntimeClearError(); }

  static std::vector<char> image() {
    std::ifstream file(HINM_KERNEL_MODULE, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

//===----------------------------------------------------------------------===//
// Selection: each in a process of its own, because a choice is for good
//===----------------------------------------------------------------------===//

[[noreturn]] void exitWith(bool good) { std::_Exit(good ? 0 : 1); }

TEST(SelectionDeathTest, CudaWithoutDriverFailsWithAMessage) {
  if (void *driver = dlopen("libcuda.so.1", RTLD_LAZY)) {
    dlclose(driver);
    GTEST_SKIP() << "this machine has a CUDA driver";
  }
  EXPECT_EXIT(
      {
        const bool refused = hinmRuntimeSelectDevice("cuda") == 1;
        const bool told = error().find("cannot use the device 'cuda': no CUDA "
                                       "driver") == 0;
        // Nothing was selected, so that the emulator still can be.
        hinmRuntimeClearError();
        exitWith(refused && told && hinmRuntimeSelectDevice("emulator") == 0);
      },
      ::testing::ExitedWithCode(0), "no CUDA driver");
}

TEST(SelectionDeathTest, CudaFromTheEnvironmentWithoutDriver) {
  if (void *driver = dlopen("libcuda.so.1", RTLD_LAZY)) {
    dlclose(driver);
    GTEST_SKIP() << "this machine has a CUDA driver";
  }
  EXPECT_EXIT(
      {
        setenv("HINM_DEVICE", "cuda", 1);
        char data[4] = "";
        void *stream = mgpuStreamCreate();
        void *memory = mgpuMemAlloc(64, stream, false);
        void *module = mgpuModuleLoad(data, sizeof(data));
        mgpuLaunchKernel(nullptr, 1, 1, 1, 1, 1, 1, 0, stream, nullptr, nullptr,
                         0);
        mgpuStreamSynchronize(stream);
        mgpuMemFree(memory, stream);
        exitWith(!stream && !memory && !module && !error().empty() &&
                 std::string(hinmRuntimeDeviceName()) == "none");
      },
      ::testing::ExitedWithCode(0), "no CUDA driver");
}

TEST(SelectionDeathTest, UnknownDevice) {
  EXPECT_EXIT(exitWith(hinmRuntimeSelectDevice("abacus") == 1),
              ::testing::ExitedWithCode(0), "unknown device 'abacus'");
}

TEST(SelectionDeathTest, ChoiceIsForGood) {
  EXPECT_EXIT(exitWith(hinmRuntimeSelectDevice("emulator") == 0 &&
                       hinmRuntimeSelectDevice("emulator") == 0 &&
                       hinmRuntimeSelectDevice("cuda") == 1),
              ::testing::ExitedWithCode(0), "'emulator' is in use");
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

TEST_F(RuntimeTest, DeviceName) {
  EXPECT_THAT(hinmRuntimeDeviceName(), StrEq("emulator (CPU)"));
}

TEST_F(RuntimeTest, CopiesThereAndBack) {
  std::vector<int32_t> from(100), to(100);
  std::iota(from.begin(), from.end(), 5);
  void *stream = mgpuStreamCreate();
  ASSERT_NE(stream, nullptr);
  void *memory = mgpuMemAlloc(400, stream, false);
  ASSERT_NE(memory, nullptr);
  mgpuMemcpy(memory, from.data(), 400, stream);
  mgpuMemcpy(to.data(), memory, 400, stream);
  EXPECT_EQ(from, to);
  mgpuMemset32(memory, 7, 100, stream);
  mgpuMemset16(memory, 1, 2, stream);
  mgpuMemcpy(to.data(), memory, 400, stream);
  EXPECT_EQ(to[0], 0x10001);
  EXPECT_EQ(to[99], 7);
  EXPECT_EQ(error(), "");

  mgpuMemcpy(to.data(), static_cast<char *>(memory) + 4, 400, stream);
  EXPECT_THAT(error(),
              HasSubstr("source of a copy: out of bounds, 400 bytes at "
                        "byte offset 4 of an allocation of 400"));
  hinmRuntimeClearError();
  mgpuMemset32(memory, 0, 101, stream);
  EXPECT_THAT(error(), HasSubstr("destination of a fill: out of bounds"));
  hinmRuntimeClearError();

  mgpuMemFree(memory, stream);
  EXPECT_EQ(error(), "");
  mgpuMemFree(memory, stream);
  EXPECT_THAT(error(), HasSubstr("freed twice"));
  mgpuStreamDestroy(stream);
}

TEST_F(RuntimeTest, FirstErrorIsKept) {
  int host = 0;
  mgpuMemFree(&host, nullptr);
  const std::string first = error();
  EXPECT_NE(mgpuModuleLoad(&host, sizeof(host)), &host);
  EXPECT_EQ(error(), first);
}

TEST_F(RuntimeTest, RegistersDenseMemRefs) {
  int32_t data[2][3] = {};
  struct {
    void *allocated, *aligned;
    int64_t offset, sizes[2], strides[2];
  } memref = {data, data, 0, {2, 3}, {3, 1}};
  mgpuMemHostRegisterMemRef(2, &memref, 4);
  mgpuMemHostUnregisterMemRef(2, &memref, 4);
  EXPECT_EQ(error(), "");
  mgpuMemHostUnregisterMemRef(2, &memref, 4);
  EXPECT_THAT(error(), HasSubstr("not registered"));
  hinmRuntimeClearError();
  memref.strides[0] = 4;
  mgpuMemHostRegisterMemRef(2, &memref, 4);
  EXPECT_THAT(error(), HasSubstr("not dense"));
}

//===----------------------------------------------------------------------===//
// Modules
//===----------------------------------------------------------------------===//

struct Scale {
  Scale() {
    out = mgpuMemAlloc(64, nullptr, false);
    in = mgpuMemAlloc(64, nullptr, false);
    for (int i = 0; i < 16; ++i)
      static_cast<int32_t *>(in)[i] = i + 1;
  }
  ~Scale() {
    mgpuMemFree(out, nullptr);
    mgpuMemFree(in, nullptr);
  }
  void launch(void *kernel, int threads, int dynamicBytes) {
    void *params[] = {&out, &in};
    mgpuLaunchKernel(kernel, 1, 1, 1, threads, 1, 1, dynamicBytes, nullptr,
                     params, nullptr, 2);
  }
  void *out, *in;
};

TEST_F(RuntimeTest, RunsAKernelOfAModule) {
  std::vector<char> bytes = image();
  ASSERT_FALSE(bytes.empty());
  // Twice: a second module must not be taken for the first.
  for (int round = 0; round < 2; ++round) {
    void *module = mgpuModuleLoad(bytes.data(), bytes.size());
    ASSERT_NE(module, nullptr) << error();
    void *kernel = mgpuModuleGetFunction(module, "scale");
    ASSERT_NE(kernel, nullptr) << error();
    Scale scale;
    scale.launch(kernel, 16, 64);
    ASSERT_EQ(error(), "");
    const int32_t weights[] = {1, 10, 100, 1000};
    for (int i = 0; i < 16; ++i)
      EXPECT_EQ(static_cast<int32_t *>(scale.out)[i],
                ((i ^ 1) + 1) * weights[i % 4]);
    EXPECT_EQ(hinmRuntimeLaunchCount(), round + 1);
    EXPECT_THAT(hinmRuntimeLaunchName(round), StrEq("scale"));
    EXPECT_GT(hinmRuntimeLaunchMilliseconds(round), 0);
    mgpuModuleUnload(module);
  }
  EXPECT_EQ(hinmRuntimeLaunchName(2), nullptr);
  EXPECT_LT(hinmRuntimeLaunchMilliseconds(2), 0);
  hinmRuntimeResetLaunches();
  EXPECT_EQ(hinmRuntimeLaunchCount(), 0);
}

TEST_F(RuntimeTest, KernelErrors) {
  std::vector<char> bytes = image();
  void *module = mgpuModuleLoad(bytes.data(), bytes.size());
  void *kernel = mgpuModuleGetFunction(module, "scale");
  Scale scale;
  scale.launch(kernel, 17, 128);
  EXPECT_THAT(error(), StartsWith("load in: out of bounds: reads 4 bytes at "
                                  "byte offset 64 of an allocation of 64"));
  // Later launches do not start, the count stays.
  scale.launch(kernel, 16, 64);
  EXPECT_EQ(hinmRuntimeLaunchCount(), 0);
  hinmRuntimeClearError();
  scale.launch(kernel, 16, 32);
  EXPECT_THAT(error(), HasSubstr("of the shared memory of 96 bytes"));
  hinmRuntimeClearError();
  EXPECT_EQ(mgpuModuleGetFunction(module, "shrink"), nullptr);
  EXPECT_THAT(error(), HasSubstr("no kernel shrink"));
  hinmRuntimeClearError();
  scale.launch(nullptr, 16, 64);
  EXPECT_THAT(error(), HasSubstr("a kernel that was not loaded"));
  mgpuModuleUnload(module);
}

TEST_F(RuntimeTest, ForeignImages) {
  auto load = [&](std::vector<char> bytes) {
    hinmRuntimeClearError();
    EXPECT_EQ(mgpuModuleLoad(bytes.data(), bytes.size()), nullptr);
    return error();
  };
  std::vector<char> bytes = image();
  ASSERT_GT(bytes.size(), 64u);
  bytes[18] = char(190); // e_machine
  bytes[19] = 0;
  EXPECT_THAT(load(bytes), HasSubstr("it is a cubin"));
  bytes[18] = 8; // MIPS
  EXPECT_THAT(load(bytes), HasSubstr("another processor"));
  std::string ptx = "//\n.version 8.2\n.target sm_90a\n";
  EXPECT_THAT(load({ptx.begin(), ptx.end()}), HasSubstr("PTX"));
  hinmRuntimeClearError();
  EXPECT_EQ(mgpuModuleLoadJIT(ptx.data(), 2), nullptr);
  EXPECT_THAT(error(), HasSubstr("it is PTX text"));
  EXPECT_THAT(load({1, 2, 3}), HasSubstr("no image of a known format"));
  bytes = image();
  bytes.resize(1000); // cut off
  EXPECT_THAT(load(bytes), HasSubstr("its 1000 bytes are not all of it"));
}

} // namespace
