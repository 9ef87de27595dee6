//===- PackedEncoding.h - Packed weights as bytes ---------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The serialised form of a packed weight. All numbers are little-endian. The
/// header has 64 bytes:
///
///   0  magic "HINMPACK"      40  u32 N (2; in version 3 it is 1)
///   8  u32 version (1, 2, 3) 44  u32 M (4; in version 3 it is 2)
///  12  u32 header bytes (64) 48  u32 bits of an element (16 in version 1,
///  16  i64 rows                  8 in version 2, 32 in version 3)
///  24  i64 columns           52  u32 1 for integers, 0 for floats
///  32  i64 tile              56  i64 listed columns, Σ Kp_t
///
/// The sections follow in this order, each filled up with zero bytes to a
/// multiple of 16; their lengths follow from the header: tileOffsets (i32),
/// columns (i32), metadata (u32), values. One packed weight has one encoding.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_CORE_PACKEDENCODING_H
#define HINM_CORE_PACKEDENCODING_H

#include "hinm/Core/PackedFormat.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <vector>

namespace hinm::core {

/// The bytes of \p packed, which must pass checkPacked; else its error.
llvm::Expected<std::vector<uint8_t>> encodePacked(const PackedWeight &packed);

/// The packed weight of \p bytes, checked by checkPacked. Safe on any bytes:
/// nothing is allocated before the length is known to match the header.
llvm::Expected<PackedWeight> decodePacked(llvm::ArrayRef<uint8_t> bytes);

} // namespace hinm::core

#endif // HINM_CORE_PACKEDENCODING_H
