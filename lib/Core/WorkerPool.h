//===- WorkerPool.h - Threads that share a loop -----------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// A loop of many short rounds over independent tasks. The threads live as long
/// as the pool: starting them anew would cost more than a round.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_LIB_CORE_WORKERPOOL_H
#define HINM_LIB_CORE_WORKERPOOL_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace hinm::core {

class WorkerPool {
public:
  /// 0 threads: as many as the machine has.
  explicit WorkerPool(unsigned threads);
  ~WorkerPool();
  WorkerPool(const WorkerPool &) = delete;
  WorkerPool &operator=(const WorkerPool &) = delete;

  unsigned getNumWorkers() const { return helpers.size() + 1; }

  /// Calls \p body(task, worker) for every task in [0, \p count), and returns
  /// when all are done. The caller is worker 0. Not to be nested.
  void forEach(int64_t count,
               llvm::function_ref<void(int64_t task, unsigned worker)> body);

private:
  void work(unsigned worker);
  void help(unsigned worker);

  std::vector<std::thread> helpers;
  std::mutex mutex;
  std::condition_variable started, finished;
  uint64_t generation = 0;
  unsigned busy = 0;
  bool ending = false;
  int64_t nextTask = 0, endTask = 0;
  llvm::function_ref<void(int64_t, unsigned)> body;
};

} // namespace hinm::core

#endif // HINM_LIB_CORE_WORKERPOOL_H
