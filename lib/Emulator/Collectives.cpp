//===- Collectives.cpp - What a warp does together ------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The lanes of a warp, or the threads of a warpgroup, meet; the last one to
/// arrive does the work of all.
///
//===----------------------------------------------------------------------===//

#include "Emulator/Block.h"
#include "Emulator/SparseMma.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

using namespace hinm::emulator;

void Block::meet(Thread &thread, const Arrival &arrival) {
  const bool isWarpgroup = arrival.kind == Collective::SparseWgmma;
  const uint32_t size = isWarpgroup ? 128 : 32;
  const uint32_t team = thread.index / size;
  Team &all = isWarpgroup ? warpgroups[team] : warps[team];
  thread.arrival = arrival;
  if (++all.arrived < all.threads) {
    thread.state = Thread::AtCollective;
    return suspend(thread);
  }
  all.arrived = 0;
  Thread *members = &threads[team * size];
  execute(members, all.threads);
  for (uint32_t i = 0; i < all.threads; ++i)
    members[i].state = Thread::Ready;
  suspend(thread);
}

void Block::execute(Thread *members, uint32_t count) {
  const Arrival &first = members[0].arrival;
  for (uint32_t i = 0; i < count; ++i) {
    const Arrival &mine = members[i].arrival;
    // Places are compared as text: two copies of the code are one instruction.
    if (mine.kind != first.kind || strcmp(mine.where, first.where) != 0) {
      report(members[i], mine.where,
             std::string("divergent: lane 0 of the warp waits at ") +
                 first.where);
      leave();
    }
    if (mine.kind != Collective::Shuffle &&
        (mine.first != first.first || mine.second != first.second ||
         mine.descriptor != first.descriptor ||
         mine.columns != first.columns)) {
      report(members[i], mine.where,
             "divergent: lanes differ in an operand that must be uniform");
      leave();
    }
  }
  const bool needsFullWarp = first.kind == Collective::LdMatrix ||
                             first.kind == Collective::StMatrix ||
                             first.kind == Collective::SparseMma;
  if (needsFullWarp && count != 32) {
    report(members[0], first.where,
           "needs a warp of 32 lanes; this one has " + std::to_string(count));
    leave();
  }
  switch (first.kind) {
  case Collective::WarpSync: {
    warpMembers.clear();
    for (uint32_t i = 0; i < count; ++i)
      warpMembers.push_back(members[i].party);
    return order.order(warpMembers);
  }
  case Collective::LdMatrix:
    return executeLdMatrix(members);
  case Collective::StMatrix:
    return executeStMatrix(members);
  case Collective::SparseMma:
    return executeSparseMma(members);
  case Collective::Shuffle:
    return executeShuffle(members, count);
  case Collective::Elect:
    return executeElect(members, count);
  case Collective::SparseWgmma:
    return executeSparseWgmma(members, count);
  }
}

/// Turns in which the banks take or give eight rows of 16 bytes: a row takes
/// four of the 32, and rows that lie in the same ones wait for each other.
static uint64_t countTurns(const size_t *offsets) {
  uint64_t turns = 0;
  for (size_t i = 0; i < 8; ++i) {
    uint64_t same = 0;
    for (size_t j = 0; j < 8; ++j) {
      // One address is read once.
      if (std::find(offsets, offsets + j, offsets[j]) != offsets + j)
        continue;
      same += offsets[j] / 16 % 8 == offsets[i] / 16 % 8;
    }
    turns = std::max(turns, same);
  }
  return turns;
}

/// Where in shared memory the row of a matrix is to which \p lane points.
size_t Block::matrixRow(const Thread &lane, const char *verb) {
  const Arrival &mine = lane.arrival;
  if (reinterpret_cast<uintptr_t>(mine.row) % 16) {
    report(lane, mine.where,
           std::string("misaligned: ") +
               (mine.kind == Collective::LdMatrix ? "ldmatrix" : "stmatrix") +
               " rows must start at multiples of 16 bytes");
    leave();
  }
  return sharedOffset(lane, mine.row, 16, verb, mine.where);
}

void Block::executeLdMatrix(Thread *lanes) {
  const Arrival &first = lanes[0].arrival;
  const int count = first.first;
  const bool transposed = first.second != 0;
  if (count != 1 && count != 2 && count != 4) {
    report(lanes[0], first.where,
           "ldmatrix loads 1, 2 or 4 matrices, not " + std::to_string(count));
    leave();
  }

  // Lane 8m+i holds the address of row i of matrix m.
  uint16_t elements[4][8][8];
  size_t offsets[4][8];
  for (int lane = 0; lane < 8 * count; ++lane) {
    const Thread &thread = lanes[lane];
    const size_t offset = matrixRow(thread, "reads");
    checkShared(thread, shared.read(offset, 16, thread.party), first.where);
    memcpy(elements[lane / 8][lane % 8], shared.data() + offset, 16);
    offsets[lane / 8][lane % 8] = offset;
  }
  if (launch.counts)
    for (int m = 0; m < count; ++m) {
      ++launch.matrices;
      launch.turns += countTurns(offsets[m]);
    }
  for (int lane = 0; lane < 32; ++lane) {
    uint32_t *result = static_cast<uint32_t *>(lanes[lane].arrival.result);
    const int g = lane / 4, q = lane % 4;
    for (int m = 0; m < count; ++m) {
      const uint16_t low =
          transposed ? elements[m][2 * q][g] : elements[m][g][2 * q];
      const uint16_t high =
          transposed ? elements[m][2 * q + 1][g] : elements[m][g][2 * q + 1];
      result[m] = low | uint32_t(high) << 16;
    }
  }
}

void Block::executeStMatrix(Thread *lanes) {
  const Arrival &first = lanes[0].arrival;
  const int count = first.first;
  const bool transposed = first.second != 0;
  if (count != 1 && count != 2 && count != 4) {
    report(lanes[0], first.where,
           "stmatrix stores 1, 2 or 4 matrices, not " + std::to_string(count));
    leave();
  }
  uint16_t elements[4][8][8];
  for (int lane = 0; lane < 32; ++lane) {
    const int g = lane / 4, q = lane % 4;
    for (int m = 0; m < count; ++m)
      for (int half = 0; half < 2; ++half) {
        const int column = 2 * q + half;
        const auto element = uint16_t(lanes[lane].arrival.a[m] >> (16 * half));
        (transposed ? elements[m][column][g] : elements[m][g][column]) =
            element;
      }
  }
  // Lane 8m+i holds the address of row i of matrix m.
  size_t offsets[4][8];
  for (int lane = 0; lane < 8 * count; ++lane) {
    const Thread &thread = lanes[lane];
    const size_t offset = matrixRow(thread, "writes");
    checkShared(thread, shared.write(offset, 16, thread.party), first.where);
    memcpy(shared.data() + offset, elements[lane / 8][lane % 8], 16);
    offsets[lane / 8][lane % 8] = offset;
  }
  if (launch.counts)
    for (int m = 0; m < count; ++m) {
      ++launch.written;
      launch.writtenTurns += countTurns(offsets[m]);
    }
}

void Block::reportMetadata(const Thread &culprit, const char *where,
                           const MetadataError &error, bool isOneOfTwo) {
  report(culprit, where,
         "illegal metadata: nibble " + std::to_string(error.nibble) + " is " +
             std::to_string(error.value) +
             (isOneOfTwo ? "; one of two columns is 4 or 14"
                         : "; two ascending columns are 4, 8, 9, 12, 13 or "
                           "14"));
}

/// The registers of a tf32 mma.sp hold that and no f32.
void Block::checkOperands(Thread *lanes) {
  for (int lane = 0; lane < 32; ++lane)
    for (const uint32_t *fragment :
         {lanes[lane].arrival.a, lanes[lane].arrival.b})
      for (int i = 0; i < 4; ++i) {
        if (isTF32(fragment[i]))
          continue;
        char bits[16];
        snprintf(bits, sizeof(bits), "0x%08x", fragment[i]);
        report(lanes[lane], lanes[lane].arrival.where,
               std::string("register ") + std::to_string(i) + " of " +
                   (fragment == lanes[lane].arrival.a ? "A" : "B") + " is " +
                   bits +
                   ", which is no tf32: its 13 low bits are not zero "
                   "(cvt.rna.tf32 rounds it)");
        leave();
      }
}

void Block::executeSparseMma(Thread *lanes) {
  const Arrival &first = lanes[0].arrival;
  const auto type = static_cast<MmaType>(first.second);
  const int selectors = selectorsOf(type);
  if (first.first < 0 || first.first >= selectors) {
    report(lanes[0], first.where,
           std::string("the selector of mma.sp ") +
               (type == MmaType::TF32 ? "m16n8k16 is 0 or 1"
                : selectors == 2      ? "m16n8k32 is 0 or 1"
                                      : "m16n8k64 is 0") +
               ", not " + std::to_string(first.first));
    leave();
  }
  if (type == MmaType::TF32)
    checkOperands(lanes);
  SparseMmaLane operands[32];
  for (int i = 0; i < 32; ++i) {
    const Arrival &mine = lanes[i].arrival;
    operands[i] = {mine.result, mine.a, mine.b, mine.c, mine.value};
  }
  const MetadataError error = sparseMma(operands, first.first, type);
  if (error.lane >= 0) {
    reportMetadata(lanes[error.lane], first.where, error,
                   /*isOneOfTwo=*/type == MmaType::TF32);
    leave();
  }
}

void Block::executeShuffle(Thread *lanes, uint32_t count) {
  enum { Index = 0, Up, Down, Butterfly };
  for (uint32_t lane = 0; lane < count; ++lane) {
    const Arrival &mine = lanes[lane].arrival;
    const uint32_t operand = mine.second & 31;
    uint32_t source = lane;
    switch (mine.first) {
    case Index:
      source = operand;
      break;
    case Up:
      source = lane >= operand ? lane - operand : lane;
      break;
    case Down:
      source = lane + operand < 32 ? lane + operand : lane;
      break;
    case Butterfly:
      source = lane ^ operand;
      break;
    default:
      report(lanes[lane], mine.where,
             "unknown kind of shuffle: " + std::to_string(mine.first));
      leave();
    }
    if (source >= count) {
      report(lanes[lane], mine.where,
             "shuffles from lane " + std::to_string(source) +
                 ", which this warp does not have");
      leave();
    }
    *static_cast<uint32_t *>(mine.result) = lanes[source].arrival.value;
  }
}

/// Which lane is elected is not specified, only that it is always the same.
void Block::executeElect(Thread *lanes, uint32_t count) {
  const uint32_t elected = launch.seed % count;
  for (uint32_t lane = 0; lane < count; ++lane)
    *static_cast<uint32_t *>(lanes[lane].arrival.result) = lane == elected;
}
