//===- Fiber.h - Stacks that take turns on one thread -----------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// A fiber is a suspended call stack. On x86-64 a switch is twelve moves; other
/// processors, and builds with AddressSanitizer (which must be told of stacks
/// and intercepts this function), use ucontext.
///
//===----------------------------------------------------------------------===//

#ifndef LIB_EMULATOR_FIBER_H
#define LIB_EMULATOR_FIBER_H

#include <cstddef>
#include <cstdint>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HINM_EMULATOR_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define HINM_EMULATOR_ASAN 1
#endif

#if !defined(__x86_64__) || defined(HINM_EMULATOR_ASAN)
#define HINM_EMULATOR_UCONTEXT 1
#include <ucontext.h>
#endif

namespace hinm::emulator {

/// Memory for the stacks of \p count fibers, each with a guard page below it.
class StackPool {
public:
  explicit StackPool(size_t count);
  ~StackPool();
  StackPool(const StackPool &) = delete;
  StackPool &operator=(const StackPool &) = delete;

  /// False when the operating system gave no memory.
  bool valid() const { return memory != nullptr; }
  uint8_t *stack(size_t index) const;
  static size_t stackSize();

private:
  uint8_t *memory = nullptr;
  size_t bytes = 0;
};

class Fiber {
public:
  using Entry = void (*)(void *);

  /// Makes this fiber stand for the calling thread, to be switched away from.
  void adoptCurrentThread();

  /// Forgets what ran on the stack; the next switch to this fiber calls
  /// \p entry, which must not return.
  void prepare(uint8_t *stackLow, size_t stackSize, Entry entry,
               void *argument);

  /// Suspends this fiber, which must be the running one, and runs \p next.
  /// \p forGood says that this fiber will not be resumed.
  void switchTo(Fiber &next, bool forGood = false);

  /// Whether a local variable of this fiber, the running one, may be there.
  bool ownsAddress(uintptr_t address) const;

private:
  [[noreturn]] static void start();

  uint8_t *low = nullptr;
  size_t size = 0;
  Entry entry = nullptr;
  void *argument = nullptr;
#ifdef HINM_EMULATOR_UCONTEXT
  ucontext_t context;
#else
  void *stackPointer = nullptr;
#endif
  void *fakeStack = nullptr; // AddressSanitizer's
};

} // namespace hinm::emulator

#endif // LIB_EMULATOR_FIBER_H
