//===- Fiber.cpp - Stacks that take turns on one thread -------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emulator/Fiber.h"

#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef HINM_EMULATOR_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

using namespace hinm::emulator;

// The fiber being switched to, for start(), which takes no argument.
static thread_local Fiber *entering = nullptr;

#ifndef HINM_EMULATOR_UCONTEXT
// Callee-saved registers go on the old stack and come from the new one. The
// floating-point control words are not switched: no kernel changes them.
extern "C" void hinmEmulatorSwitchStack(void **save, void *load);
asm(R"(
  .text
  .p2align 4
  .globl hinmEmulatorSwitchStack
  .hidden hinmEmulatorSwitchStack
  .type hinmEmulatorSwitchStack, @function
hinmEmulatorSwitchStack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .size hinmEmulatorSwitchStack, .-hinmEmulatorSwitchStack
)");
#endif

//===----------------------------------------------------------------------===//
// StackPool
//===----------------------------------------------------------------------===//

size_t StackPool::stackSize() {
#ifdef HINM_EMULATOR_ASAN
  return 256 * 1024; // red zones and unmerged frames take more
#else
  return 128 * 1024;
#endif
}

StackPool::StackPool(size_t count) {
  const size_t page = sysconf(_SC_PAGESIZE);
  bytes = count * (stackSize() + page);
  void *mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED)
    return;
  memory = static_cast<uint8_t *>(mapped);
  for (size_t i = 0; i < count; ++i)
    mprotect(memory + i * (stackSize() + page), page, PROT_NONE);
}

StackPool::~StackPool() {
  if (!memory)
    return;
#ifdef HINM_EMULATOR_ASAN
  // Abandoned frames left poison that a later mapping here would inherit.
  __asan_unpoison_memory_region(memory, bytes);
#endif
  munmap(memory, bytes);
}

uint8_t *StackPool::stack(size_t index) const {
  const size_t page = sysconf(_SC_PAGESIZE);
  return memory + index * (stackSize() + page) + page;
}

//===----------------------------------------------------------------------===//
// Fiber
//===----------------------------------------------------------------------===//

void Fiber::adoptCurrentThread() {
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0)
    return;
  void *address = nullptr;
  pthread_attr_getstack(&attributes, &address, &size);
  pthread_attr_destroy(&attributes);
  low = static_cast<uint8_t *>(address);
}

void Fiber::start() {
  Fiber *self = entering;
#ifdef HINM_EMULATOR_ASAN
  __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
  self->entry(self->argument);
  abort(); // the entry of a fiber does not return
}

void Fiber::prepare(uint8_t *stackLow, size_t stackSize, Entry newEntry,
                    void *newArgument) {
  low = stackLow;
  size = stackSize;
  entry = newEntry;
  argument = newArgument;
  fakeStack = nullptr;
#ifdef HINM_EMULATOR_ASAN
  __asan_unpoison_memory_region(low, size);
#endif
#ifdef HINM_EMULATOR_UCONTEXT
  getcontext(&context);
  context.uc_stack.ss_sp = low;
  context.uc_stack.ss_size = size;
  context.uc_link = nullptr;
  makecontext(&context, &Fiber::start, 0);
#else
  // Six registers, the address that `ret` takes, and a null return address for
  // start(), which leaves the stack pointer 8 modulo 16 as after a call.
  uint8_t *top = low + (size & ~size_t(15));
  void **frame = reinterpret_cast<void **>(top - 64);
  memset(frame, 0, 64);
  frame[6] = reinterpret_cast<void *>(&Fiber::start);
  stackPointer = frame;
#endif
}

bool Fiber::ownsAddress(uintptr_t address) const {
#ifdef HINM_EMULATOR_ASAN
  // Where instrumented code keeps its variables, to find uses after return.
  if (__asan_addr_is_in_fake_stack(__asan_get_current_fake_stack(),
                                   reinterpret_cast<void *>(address), nullptr,
                                   nullptr))
    return true;
#endif
  return address - reinterpret_cast<uintptr_t>(low) < size;
}

void Fiber::switchTo(Fiber &next, bool forGood) {
  entering = &next;
#ifdef HINM_EMULATOR_ASAN
  __sanitizer_start_switch_fiber(forGood ? nullptr : &fakeStack, next.low,
                                 next.size);
#endif
#ifdef HINM_EMULATOR_UCONTEXT
  swapcontext(&context, &next.context);
#else
  hinmEmulatorSwitchStack(&stackPointer, next.stackPointer);
#endif
#ifdef HINM_EMULATOR_ASAN
  __sanitizer_finish_switch_fiber(fakeStack, nullptr, nullptr);
#endif
}
