//===- NpyFile.cpp - Arrays in .npy files ---------------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NpyFile.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace hinm::run {

llvm::Expected<Tensor> readNpy(StringRef path, MLIRContext *context) {
  auto refuse = [&](const llvm::Twine &reason) {
    return llvm::createStringError(path + ": " + reason);
  };
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> buffer =
      llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return refuse(buffer.getError().message());
  StringRef data = (*buffer)->getBuffer();
  if (!data.starts_with("\x93NUMPY") || data.size() < 10)
    return refuse("is no .npy file");
  if (data[6] != 1)
    return refuse("has .npy version " + llvm::Twine(int(data[6])) +
                  ", this tool reads version 1");
  const size_t headerSize = llvm::support::endian::read16le(data.data() + 8);
  if (data.size() < 10 + headerSize)
    return refuse("ends within its header");
  StringRef header = data.substr(10, headerSize);
  SmallVector<StringRef, 2> match;
  if (!llvm::Regex("'descr': *'([^']*)'").match(header, &match))
    return refuse("has no 'descr' in its header");
  Builder builder(context);
  const std::pair<StringRef, Type> types[] = {
      {"<f2", builder.getF16Type()}, {"<f4", builder.getF32Type()},
      {"<f8", builder.getF64Type()}, {"|i1", builder.getI8Type()},
      {"<i4", builder.getI32Type()}, {"<i8", builder.getI64Type()},
      {"|b1", builder.getI1Type()}};
  Type type;
  for (auto [name, candidate] : types)
    if (match[1] == name)
      type = candidate;
  if (!type)
    return refuse("holds '" + match[1] +
                  "'; f2, f4, f8, i1, i4, i8 and b1 can be read");
  if (!header.contains("'fortran_order': False"))
    return refuse("is in Fortran order; save it with numpy.ascontiguousarray");
  if (!llvm::Regex("'shape': *\\(([^)]*)\\)").match(header, &match))
    return refuse("has no 'shape' in its header");
  std::vector<int64_t> shape;
  uint64_t count = 1;
  SmallVector<StringRef> sizes;
  match[1].split(sizes, ',', -1, /*KeepEmpty=*/false);
  for (StringRef text : sizes) {
    int64_t size;
    if (text.trim().empty())
      continue;
    if (text.trim().getAsInteger(10, size) || size < 0)
      return refuse("has the size '" + text + "' in its shape");
    shape.push_back(size);
    count *= size;
  }
  data = data.drop_front(10 + headerSize);
  if (count > data.size() || data.size() != count * getByteWidth(type))
    return refuse("holds " + llvm::Twine(data.size()) +
                  " bytes, its shape of " + llvm::Twine(count) +
                  " elements needs " + llvm::Twine(count * getByteWidth(type)));
  return fromBytes(data.data(), shape, type);
}

llvm::Error writeNpy(StringRef path, const Tensor &tensor,
                     MLIRContext *context) {
  std::error_code error;
  llvm::raw_fd_ostream os(path, error);
  if (error)
    return llvm::createStringError(path + ": " + error.message());
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
  for (int64_t size : tensor.shape)
    header += std::to_string(size) + ",";
  header += "), }";
  // Magic, version and length are 10 bytes; the data start on a multiple of 64.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  os << "\x93NUMPY" << '\x01' << '\x00'
     << static_cast<char>(header.size() & 0xff)
     << static_cast<char>(header.size() >> 8) << header;
  std::vector<char> bytes = toBytes(tensor, Builder(context).getF32Type());
  os.write(bytes.data(), bytes.size());
  os.close();
  if (os.has_error()) {
    std::error_code failed = os.error();
    os.clear_error();
    return llvm::createStringError(path + ": " + failed.message());
  }
  return llvm::Error::success();
}

} // namespace hinm::run
