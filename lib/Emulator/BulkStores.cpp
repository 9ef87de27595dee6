//===- BulkStores.cpp - Bulk copies out of shared memory ------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// A cp.async.bulk to global memory reads shared memory by the async proxy. It
/// copies when it is issued, but what it reads stays read by its thread's agent
/// until the thread has waited for its group: a write before that is a race.
///
//===----------------------------------------------------------------------===//

#include "Emulator/Cluster.h"

#include <cstring>

using namespace hinm::emulator;

void Block::beginBulkStore(Thread &thread, void *global,
                           const void *sharedAddress, int32_t bytes,
                           const char *where) {
  checkBulkCopy(thread, sharedAddress, global, bytes, where);
  const size_t offset =
      sharedOffset(thread, sharedAddress, bytes, "reads", where);
  if (cluster.findOwner(global)) {
    report(thread, where, "a bulk copy writes shared memory as its target");
    leave();
  }
  if (!thread.storeAgent)
    thread.storeAgent = order.addAgent();
  common = order.common(thread.party, 1);
  const Stamp by = order.next(*thread.storeAgent);
  checkShared(thread, shared.readAsync(offset, bytes, by, common), where);
  thread.bulkStores.open = by;
  access(thread, global, bytes, /*isStore=*/true, where);
  memcpy(global, shared.data() + offset, bytes);
}

void Block::waitForBulkStores(Thread &thread, int32_t pending) {
  thread.bulkStores.wait(pending, order, thread.party);
}
