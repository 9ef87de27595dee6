//===- CoreConversion.h - Attributes to Core and back -----------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Translates the dialect's attributes and constants to the plain structures
/// of Core, and results of Core back.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_DIALECT_HINM_UTILS_CORECONVERSION_H
#define HINM_DIALECT_HINM_UTILS_CORECONVERSION_H

#include "hinm/Core/Matrix.h"
#include "hinm/Core/PackedFormat.h"
#include "hinm/Core/Pattern.h"
#include "hinm/Dialect/HiNM/IR/HiNMAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include <array>
#include <optional>
#include <vector>

namespace hinm {

core::Pattern toCore(PatternAttr pattern);

/// Empty optional for an unresolved resource blob.
std::optional<core::ColumnIndex> toCore(ColumnIndexAttr index);
ColumnIndexAttr fromCore(mlir::MLIRContext *context,
                         const core::ColumnIndex &index);

/// A constant of rank 2 as an f32 matrix; empty optional as for readFloats.
std::optional<core::Matrix<float>> readMatrix(mlir::ElementsAttr attr);

/// The bits of \p values rounded to nearest even in \p element, f16 or bf16.
core::Matrix<uint16_t> roundMatrix(core::MatrixView<float> values,
                                   mlir::FloatType element);

/// The bits of \p values rounded to nearest even in tf32.
core::Matrix<uint32_t> roundToTF32(core::MatrixView<float> values);

/// What a mask is computed from: the saliency, R×C, the pattern, and the kept
/// columns of its tiles.
struct MaskArguments {
  core::Matrix<float> saliency;
  core::Pattern pattern;
  core::ColumnIndex columns;
};

/// Reads and checks the arguments of a `hinm.prune`: \p saliency is |weight|
/// if it is null, and without \p columns the pattern chooses them. Refuses
/// constants without data, entries that are not finite (or negative, in a
/// saliency), a pattern that does not fit, and columns that do not fit it.
llvm::Expected<MaskArguments> readMaskArguments(mlir::ElementsAttr weight,
                                                mlir::ElementsAttr saliency,
                                                PatternAttr pattern,
                                                ColumnIndexAttr columns);

/// The mask of \p pattern on a constant \p weight, by |w| or by \p saliency (of
/// the weight's shape; may be null). Without \p columns the policy chooses
/// them.
llvm::Expected<core::Matrix<uint8_t>> computeMask(mlir::ElementsAttr weight,
                                                  mlir::ElementsAttr saliency,
                                                  PatternAttr pattern,
                                                  ColumnIndexAttr columns);

/// The elements of the constant \p weight, zero where \p mask is; empty
/// optional if it has no data, or elements of less than a byte.
std::optional<std::vector<char>> applyMask(mlir::ElementsAttr weight,
                                           const core::Matrix<uint8_t> &mask);

/// A constant like \p weight with the elements \p bytes; \p weight itself if it
/// has them already.
mlir::ElementsAttr replaceElements(mlir::ElementsAttr weight,
                                   llvm::ArrayRef<char> bytes);

/// The constant \p weight packed in the format of its element type, of 8 or 16
/// bits, or tf32 in f32. Refuses what core::pack refuses, and a weight without
/// data.
llvm::Expected<core::PackedWeight>
packConstant(mlir::ElementsAttr weight, const core::ColumnIndex &columns,
             int64_t tile);

/// The weight of element type \p type.getElementType() that four constants hold
/// in \p format. Refuses what core::unpack refuses, and constants without data.
llvm::Expected<mlir::ElementsAttr>
unpackConstants(PackedAttr format, mlir::ElementsAttr values,
                mlir::ElementsAttr metadata, mlir::ElementsAttr columnList,
                mlir::ElementsAttr tileOffsets, mlir::RankedTensorType type);

/// The four operands of \p packed as constants: values of \p element, metadata,
/// column list of \p listElement (i16 or i32) and tile offsets. \p name is a
/// hint for their resources.
std::array<mlir::ElementsAttr, 4>
makePackedConstants(core::PackedWeight &&packed, mlir::Type element,
                    mlir::Type listElement, llvm::StringRef name);

} // namespace hinm

#endif // HINM_DIALECT_HINM_UTILS_CORECONVERSION_H
