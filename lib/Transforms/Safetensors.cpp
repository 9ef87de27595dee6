//===- Safetensors.cpp - Reader of safetensors files ----------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Transforms/Safetensors.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace hinm {

/// The reference implementation's limit on the header, in bytes.
static constexpr uint64_t maxHeaderBytes = 100'000'000;
/// Objects and arrays of a well-formed header nest no deeper.
static constexpr unsigned maxNesting = 8;

static Error makeError(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

/// Whether \p text nests objects and arrays at most maxNesting deep. Asked
/// before parsing: the JSON parser recurses, so that a header of brackets would
/// overflow the stack.
static bool isShallow(StringRef text) {
  unsigned depth = 0;
  bool inString = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (inString) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        inString = false;
    } else if (c == '"') {
      inString = true;
    } else if (c == '{' || c == '[') {
      if (++depth > maxNesting)
        return false;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return true;
}

/// Bits of one element, or 0 for a dtype that this reader does not know.
static int64_t getBits(StringRef dtype) {
  return StringSwitch<int64_t>(dtype)
      .Cases({"F64", "I64", "U64", "C64"}, 64)
      .Cases({"F32", "I32", "U32"}, 32)
      .Cases({"F16", "BF16", "I16", "U16"}, 16)
      .Cases({"F8_E4M3", "F8_E5M2", "I8", "U8", "BOOL"}, 8)
      .Default(0);
}

static Expected<SafetensorsFile::Tensor>
parseTensor(const json::Value &entry, StringRef name, ArrayRef<char> data) {
  auto fail = [&](const Twine &what) {
    return makeError("tensor '" + name + "' " + what);
  };
  const json::Object *object = entry.getAsObject();
  if (!object)
    return fail("is not described by an object");
  std::optional<StringRef> dtype = object->getString("dtype");
  const json::Array *shape = object->getArray("shape");
  const json::Array *offsets = object->getArray("data_offsets");
  if (!dtype)
    return fail("has no 'dtype'");
  if (!shape)
    return fail("has no 'shape'");
  if (!offsets || offsets->size() != 2)
    return fail("has no pair of 'data_offsets'");

  SafetensorsFile::Tensor tensor;
  tensor.dtype = dtype->str();
  int64_t elements = 1;
  for (const json::Value &value : *shape) {
    std::optional<int64_t> size = value.getAsInteger();
    if (!size || *size < 0)
      return fail("has a shape that is not of sizes");
    if (MulOverflow(elements, *size, elements))
      return fail("has more elements than fit in 64 bits");
    tensor.shape.push_back(*size);
  }
  std::optional<int64_t> begin = (*offsets)[0].getAsInteger();
  std::optional<int64_t> end = (*offsets)[1].getAsInteger();
  if (!begin || !end || *begin < 0 || *end < *begin ||
      static_cast<uint64_t>(*end) > data.size())
    return fail("has 'data_offsets' outside the " + Twine(data.size()) +
                " bytes of data");
  tensor.data = data.slice(*begin, *end - *begin);
  if (int64_t bits = getBits(tensor.dtype)) {
    int64_t bytes;
    if (MulOverflow(elements, bits / 8, bytes) ||
        static_cast<uint64_t>(bytes) != tensor.data.size())
      return fail("has " + Twine(tensor.data.size()) +
                  " bytes, which is not what its shape and dtype '" +
                  tensor.dtype + "' need");
  }
  return tensor;
}

Expected<SafetensorsFile> SafetensorsFile::open(StringRef path) {
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer = MemoryBuffer::getFile(
      path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return makeError("cannot read '" + path +
                     "': " + buffer.getError().message());
  Expected<SafetensorsFile> file = parse(std::move(*buffer));
  if (!file)
    return makeError("'" + path + "' is not a valid safetensors file: " +
                     toString(file.takeError()));
  return file;
}

Expected<SafetensorsFile>
SafetensorsFile::parse(std::unique_ptr<MemoryBuffer> buffer) {
  StringRef bytes = buffer->getBuffer();
  if (bytes.size() < 8)
    return makeError("it has " + Twine(bytes.size()) +
                     " bytes, and the length of the header alone takes 8");
  uint64_t length = support::endian::read64le(bytes.data());
  if (length > maxHeaderBytes || length > bytes.size() - 8)
    return makeError("its header would have " + Twine(length) +
                     " bytes, and the file has " + Twine(bytes.size()));
  StringRef header = bytes.substr(8, length);
  StringRef rest = bytes.drop_front(8 + length);
  if (!isShallow(header))
    return makeError("its header nests too deeply");
  if (!json::isUTF8(header))
    return makeError("its header is not UTF-8");
  Expected<json::Value> parsed = json::parse(header);
  if (!parsed)
    return makeError("its header is not JSON: " + toString(parsed.takeError()));
  const json::Object *object = parsed->getAsObject();
  if (!object)
    return makeError("its header is not an object");

  SafetensorsFile file;
  ArrayRef<char> data(rest.data(), rest.size());
  for (const auto &[key, value] : *object) {
    StringRef name = key;
    if (name == "__metadata__")
      continue;
    Expected<Tensor> tensor = parseTensor(value, name, data);
    if (!tensor)
      return tensor.takeError();
    file.tensors.try_emplace(name, std::move(*tensor));
  }
  file.buffer = std::move(buffer);
  return file;
}

const SafetensorsFile::Tensor *SafetensorsFile::find(StringRef name) const {
  auto it = tensors.find(name);
  return it == tensors.end() ? nullptr : &it->second;
}

} // namespace hinm
