//===- Image.h - What a module image is made of -----------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Tells the images apart that mgpuModuleLoad may be given.
///
//===----------------------------------------------------------------------===//

#ifndef LIB_RUNTIME_IMAGE_H
#define LIB_RUNTIME_IMAGE_H

#include <cstddef>

namespace hinm::runtime {

enum class ImageKind {
  HostObject, // ELF for this processor: kernels of the emulator
  Cubin,      // ELF for NVIDIA GPUs
  Fatbin,     // several cubins or PTX texts
  Ptx,
  OtherElf, // for another processor
  Unknown
};

ImageKind classifyImage(const void *image, size_t bytes);

/// Whether the bytes of every segment of a host object are there: the dynamic
/// loader does not look, and dies of a signal when they are not.
bool isComplete(const void *image, size_t bytes);

/// For error messages, with an article.
const char *describe(ImageKind kind);

} // namespace hinm::runtime

#endif // LIB_RUNTIME_IMAGE_H
