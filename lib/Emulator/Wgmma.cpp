//===- Wgmma.cpp - What a warpgroup multiplies ----------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// A wgmma is computed when it is issued, but what it reads stays read by its
/// agent until the thread has waited for its group: a write before that is a
/// race.
///
//===----------------------------------------------------------------------===//

#include "Emulator/Block.h"
#include "Emulator/SparseWgmma.h"

#include <cstring>

using namespace hinm::emulator;

void Block::executeSparseWgmma(Thread *members, uint32_t count) {
  const Arrival &first = members[0].arrival;
  if (count != 128) {
    report(members[0], first.where,
           "needs a warpgroup of 128 threads; this one has " +
               std::to_string(count));
    leave();
  }
  const int columns = first.columns;
  if (columns < 8 || columns > 256 || columns % 8 != 0) {
    report(members[0], first.where,
           "a wgmma of " + std::to_string(columns) +
               " columns: 8 to 256 in steps of 8 are possible");
    leave();
  }
  if (first.first != 0 && first.first != 1) {
    report(members[0], first.where,
           "the selector of wgmma.sp m64k32 is 0 or 1, not " +
               std::to_string(first.first));
    leave();
  }
  for (uint32_t i = 0; i < count; ++i) {
    if (members[i].mayUseRegisters)
      continue;
    report(members[i], first.where,
           "its registers are not ordered: a wgmma.fence must lie between the "
           "begin of the kernel, or a wgmma.wait_group, and the wgmma");
    leave();
  }

  const MatrixDescriptor descriptor(first.descriptor);
  if (descriptor.baseOffset != 0) {
    report(members[0], first.where,
           "a matrix descriptor with a base offset is not known to the "
           "emulator");
    leave();
  }
  common = order.common(members[0].party, count);
  const Stamp by = order.next(wgmmaAgents[members[0].warpgroup()]);
  uint16_t b[32 * 256];
  for (int k = 0; k < 32; ++k)
    for (int chunk = 0; chunk < columns / 8; ++chunk) {
      // The descriptor holds 18 bits of the address.
      constexpr uint32_t window = 1 << 18;
      const uint32_t offset =
          (descriptor.place(k, chunk) - uint32_t(shared.address())) % window;
      if (offset + 16 > shared.size()) {
        report(members[0], first.where,
               "out of bounds: its descriptor names 16 bytes at byte offset " +
                   std::to_string(offset) + " of the shared memory of " +
                   std::to_string(shared.size()) + " bytes");
        leave();
      }
      checkShared(members[0], shared.readAsync(offset, 16, by, common),
                  first.where);
      memcpy(b + k * columns + 8 * chunk, shared.data() + offset, 16);
    }

  SparseWgmmaThread operands[128];
  for (uint32_t i = 0; i < count; ++i) {
    const Arrival &mine = members[i].arrival;
    operands[i] = {static_cast<float *>(mine.result), mine.a, mine.value};
    members[i].wgmmas.open = by;
  }
  const bool accumulate = first.second & 1, isBfloat = first.second & 2;
  const MetadataError error =
      sparseWgmma(operands, b, columns, first.first, accumulate, isBfloat);
  if (error.lane >= 0) {
    reportMetadata(members[error.lane], first.where, error);
    leave();
  }
}

void Block::waitForWgmma(Thread &thread, int32_t pending) {
  // Registers may change now.
  thread.mayUseRegisters = false;
  thread.wgmmas.wait(pending < 0 ? 0 : pending, order, thread.party);
}
