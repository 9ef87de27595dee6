//===- KernelTest.h - Runs kernels written in C++ ---------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// A fixture that launches C++ functions as kernels of the emulator. Such a
/// kernel calls DeviceApi.h as compiled ones do, and says itself what it
/// accesses.
///
//===----------------------------------------------------------------------===//

#ifndef UNITTESTS_EMULATOR_KERNELTEST_H
#define UNITTESTS_EMULATOR_KERNELTEST_H

#include "Emulator/DeviceApi.h"
#include "Emulator/Emulator.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cstdlib>
#include <string>

namespace hinm::emulator {

class KernelTest : public ::testing::Test {
protected:
  // Tests say which thread meets an error first, so they choose the order of
  // the threads themselves, whatever the environment of the caller says.
  void SetUp() override {
    clearError();
    unsetenv("HINM_EMULATOR_SEED");
  }
  void TearDown() override {
    clearError();
    unsetenv("HINM_EMULATOR_SEED");
  }

  /// Launches a kernel whose only argument is a struct; the error, if any.
  template <typename Arguments>
  std::string run(Kernel kernel, Arguments &arguments, uint32_t threads,
                  size_t sharedBytes, uint32_t blocks = 1,
                  uint32_t clusterBlocks = 1) {
    void *params[] = {&arguments};
    Dim3 grid, block, cluster;
    grid.x = blocks;
    block.x = threads;
    cluster.x = clusterBlocks;
    const bool succeeded =
        launch(kernel, grid, block, cluster, sharedBytes, 0, params, "tested");
    EXPECT_EQ(succeeded, lastError().empty());
    return lastError();
  }
};

template <typename Arguments>
Arguments &argument(void **params) {
  return *static_cast<Arguments *>(params[0]);
}

inline int thread() { return hinm_emu_register(HINM_EMU_TID_X); }

template <typename T>
T load(const T *address, const char *where) {
  hinm_emu_access(address, sizeof(T), alignof(T), 0, where);
  return *address;
}

template <typename T>
void store(T *address, T value, const char *where) {
  hinm_emu_access(address, sizeof(T), alignof(T), 1, where);
  *address = value;
}

template <typename T>
T *shared(int64_t index = 0) {
  return static_cast<T *>(hinm_emu_shared(index * int64_t(sizeof(T))));
}

} // namespace hinm::emulator

#endif // UNITTESTS_EMULATOR_KERNELTEST_H
