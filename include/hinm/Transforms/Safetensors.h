//===- Safetensors.h - Reader of safetensors files --------------*- C++ -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Reads weights from a safetensors file: eight bytes of little-endian header
/// length, a JSON header of named tensors, then their bytes. The file comes
/// from elsewhere and is not trusted: whatever is wrong with it becomes an
/// error that names the tensor and the number, never a read outside the file.
///
//===----------------------------------------------------------------------===//

#ifndef HINM_TRANSFORMS_SAFETENSORS_H
#define HINM_TRANSFORMS_SAFETENSORS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cstdint>
#include <memory>
#include <string>

namespace hinm {

class SafetensorsFile {
public:
  struct Tensor {
    /// As the file spells it: "F64", "F32", "F16", "BF16", "I64" …
    std::string dtype;
    llvm::SmallVector<int64_t> shape;
    /// Row-major, little-endian; points into the file, not aligned.
    llvm::ArrayRef<char> data;
  };

  /// Opens and checks the file at \p path.
  static llvm::Expected<SafetensorsFile> open(llvm::StringRef path);

  /// Checks \p buffer as the contents of a file: the header lies inside it and
  /// is a JSON object; each tensor has dtype, shape and data_offsets; its bytes
  /// lie inside the file and, for a known dtype, are as many as its shape
  /// needs.
  static llvm::Expected<SafetensorsFile>
  parse(std::unique_ptr<llvm::MemoryBuffer> buffer);

  /// The tensor called \p name, or null.
  const Tensor *find(llvm::StringRef name) const;

  size_t size() const { return tensors.size(); }

private:
  std::unique_ptr<llvm::MemoryBuffer> buffer;
  llvm::StringMap<Tensor> tensors;
};

} // namespace hinm

#endif // HINM_TRANSFORMS_SAFETENSORS_H
