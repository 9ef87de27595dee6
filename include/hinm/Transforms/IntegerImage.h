//===- IntegerImage.h - Floats as integers modulo 2^32 ----------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// How hinm-floats-to-integers represents a float.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_TRANSFORMS_INTEGERIMAGE_H
#define HINM_TRANSFORMS_INTEGERIMAGE_H

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace hinm {

/// What stands for \p value: an integer for itself (so that 0 and 1 stay
/// neutral), any other number for a hash of its bits, −v for the negative of
/// v's. The infinities are the extremes, neutral to maximum and minimum.
inline int32_t getIntegerImage(double value) {
  constexpr int32_t largest = std::numeric_limits<int32_t>::max();
  if (std::isinf(value))
    return value > 0 ? largest : std::numeric_limits<int32_t>::min();
  if (value == std::trunc(value) && std::fabs(value) < largest)
    return static_cast<int32_t>(value);
  const double magnitude = std::fabs(value);
  uint64_t bits;
  std::memcpy(&bits, &magnitude, sizeof(bits));
  // The finaliser of MurmurHash3.
  bits = (bits ^ (bits >> 33)) * 0xff51afd7ed558ccdull;
  bits = (bits ^ (bits >> 33)) * 0xc4ceb9fe1a85ec53ull;
  const auto hash = static_cast<int32_t>((bits ^ (bits >> 33)) >> 33);
  return std::signbit(value) ? -hash : hash;
}

} // namespace hinm

#endif // HINM_TRANSFORMS_INTEGERIMAGE_H
