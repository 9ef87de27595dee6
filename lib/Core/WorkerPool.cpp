//===- WorkerPool.cpp - Threads that share a loop -------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WorkerPool.h"

#include <algorithm>

using namespace hinm::core;

WorkerPool::WorkerPool(unsigned threads) {
  if (threads == 0)
    threads = std::max(1u, std::thread::hardware_concurrency());
  for (unsigned i = 1; i < threads; ++i)
    helpers.emplace_back([this, i] { help(i); });
}

WorkerPool::~WorkerPool() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    ending = true;
  }
  started.notify_all();
  for (std::thread &helper : helpers)
    helper.join();
}

void WorkerPool::forEach(int64_t count,
                         llvm::function_ref<void(int64_t, unsigned)> task) {
  if (helpers.empty() || count <= 1) {
    for (int64_t i = 0; i < count; ++i)
      task(i, 0);
    return;
  }
  {
    std::lock_guard<std::mutex> lock(mutex);
    body = task;
    nextTask = 0;
    endTask = count;
    busy = helpers.size();
    ++generation;
  }
  started.notify_all();
  work(0);
  std::unique_lock<std::mutex> lock(mutex);
  finished.wait(lock, [&] { return busy == 0; });
}

void WorkerPool::work(unsigned worker) {
  for (;;) {
    int64_t task;
    {
      std::lock_guard<std::mutex> lock(mutex);
      if (nextTask == endTask)
        return;
      task = nextTask++;
    }
    body(task, worker);
  }
}

void WorkerPool::help(unsigned worker) {
  uint64_t seen = 0;
  for (;;) {
    {
      std::unique_lock<std::mutex> lock(mutex);
      started.wait(lock, [&] { return ending || generation != seen; });
      if (ending)
        return;
      seen = generation;
    }
    work(worker);
    std::lock_guard<std::mutex> lock(mutex);
    if (--busy == 0)
      finished.notify_one();
  }
}
