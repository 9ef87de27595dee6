//===- ChannelOrderModels.h - Rules of upstream's operations ----*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// ChannelOrderOpInterface for the operations of the tensor dialect and others
/// of upstream's that are not structured.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_ANALYSIS_CHANNELORDERMODELS_H
#define HINM_ANALYSIS_CHANNELORDERMODELS_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace hinm {

/// Adds the models to \p registry; they come with the dialects that they are
/// for.
void registerChannelOrderExternalModels(mlir::DialectRegistry &registry);

} // namespace hinm

#endif // HINM_ANALYSIS_CHANNELORDERMODELS_H
