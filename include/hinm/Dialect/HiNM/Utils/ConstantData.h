//===- ConstantData.h - Constant tensors as plain arrays --------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Reads and makes constant tensors, whatever attribute holds them (`dense`,
/// splat or `dense_resource`), in the plain arrays that the algorithms of Core
/// work on. Constants of more than a few hundred elements are made as resource
/// blobs: those are not hashed and compared by MLIR, and print elided.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_DIALECT_HINM_UTILS_CONSTANTDATA_H
#define HINM_DIALECT_HINM_UTILS_CONSTANTDATA_H

#include "hinm/Core/Slabs.h"
#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <vector>

namespace hinm {

/// The bytes of a constant, row-major, and whether they hold one element that
/// stands for all. Empty optional when there is no data: an elided or
/// unresolved resource, or a kind of attribute without raw storage.
struct RawConstant {
  llvm::ArrayRef<char> bytes;
  bool isSplat;
};
std::optional<RawConstant> getRawConstant(mlir::ElementsAttr attr);

/// The elements of an f16, bf16, f32, f64, f8E4M3FN, f8E5M2 or i8 constant as
/// f32 (f64 is rounded), row-major. Empty optional when there is no data or
/// another element type.
std::optional<std::vector<float>> readFloats(mlir::ElementsAttr attr);

/// The elements of an i32 constant, or of an i16 one, which have no sign. Empty
/// optional when there is no data or another element type.
std::optional<llvm::SmallVector<int32_t>> readInts(mlir::ElementsAttr attr);

/// The slabs of \p size places whose `slab_rows` and `slab_places` these
/// constants are. Empty optional when either is null or has no data.
std::optional<core::Slabs> readSlabs(mlir::ElementsAttr rows,
                                     mlir::ElementsAttr places, int64_t size);

/// \p value rounded to nearest even in the 16-bit format \p semantics, f16 or
/// bf16.
uint16_t roundTo16(float value, const llvm::fltSemantics &semantics);

/// \p value rounded to nearest even in the 8-bit format \p semantics,
/// f8E4M3FN or f8E5M2.
uint8_t roundTo8(float value, const llvm::fltSemantics &semantics);

/// A constant of \p type (static shape; f16, bf16, f32, f64, f8E4M3FN or
/// f8E5M2) holding \p values rounded to nearest even. \p name is a hint for the
/// resource.
mlir::ElementsAttr makeFloats(mlir::RankedTensorType type,
                              llvm::ArrayRef<float> values,
                              llvm::StringRef name);

/// A one-dimensional i32 constant.
mlir::ElementsAttr makeInts(mlir::MLIRContext *context,
                            llvm::ArrayRef<int32_t> values,
                            llvm::StringRef name);

/// A constant of \p type with the raw row-major \p bytes of its elements.
mlir::ElementsAttr makeRaw(mlir::RankedTensorType type,
                           llvm::ArrayRef<char> bytes, llvm::StringRef name);

/// \p attr with dimension \p dim reordered: element i along it is element
/// permutation[i] of \p attr. A splat is returned as it is. Null when \p attr
/// has no data or elements of less than a byte.
mlir::ElementsAttr permuteConstant(mlir::ElementsAttr attr, int64_t dim,
                                   llvm::ArrayRef<int32_t> permutation);

/// Whether permuteConstant can reorder \p attr.
bool isPermutable(mlir::ElementsAttr attr);

/// The resource key of a `dense_resource` constant, else an empty string.
llvm::StringRef getResourceName(mlir::ElementsAttr attr);

} // namespace hinm

#endif // HINM_DIALECT_HINM_UTILS_CONSTANTDATA_H
