//===- SafetensorsTest.cpp - Files from elsewhere, good and damaged -------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Transforms/Safetensors.h"

#include "llvm/Support/Endian.h"
#include "gtest/gtest.h"
#include <random>

using namespace hinm;

namespace {

std::string makeFile(llvm::StringRef header, llvm::StringRef data) {
  std::string bytes(8, '\0');
  llvm::support::endian::write64le(bytes.data(), header.size());
  return bytes + header.str() + data.str();
}

llvm::Expected<SafetensorsFile> parse(llvm::StringRef bytes) {
  return SafetensorsFile::parse(llvm::MemoryBuffer::getMemBufferCopy(bytes));
}

const char *goodHeader =
    R"({"__metadata__": {"format": "pt"},)"
    R"( "a\"[{": {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]},)"
    R"( "s": {"dtype": "BF16", "shape": [], "data_offsets": [8, 10]},)"
    R"( "e": {"dtype": "F64", "shape": [0, 7], "data_offsets": [10, 10]}})";

TEST(SafetensorsTest, ReadsTensors) {
  llvm::Expected<SafetensorsFile> file =
      parse(makeFile(goodHeader, "0123456789"));
  ASSERT_TRUE(static_cast<bool>(file)) << llvm::toString(file.takeError());
  EXPECT_EQ(file->size(), 3u);
  const SafetensorsFile::Tensor *a = file->find("a\"[{");
  ASSERT_TRUE(a);
  EXPECT_EQ(a->dtype, "F32");
  EXPECT_EQ(llvm::ArrayRef<int64_t>(a->shape), llvm::ArrayRef<int64_t>({1, 2}));
  EXPECT_EQ(llvm::StringRef(a->data.data(), a->data.size()), "01234567");
  ASSERT_TRUE(file->find("s"));
  EXPECT_TRUE(file->find("s")->shape.empty());
  ASSERT_TRUE(file->find("e"));
  EXPECT_TRUE(file->find("e")->data.empty());
  EXPECT_FALSE(file->find("__metadata__"));
}

TEST(SafetensorsTest, RefusesEveryTruncation) {
  std::string whole = makeFile(goodHeader, "0123456789");
  for (size_t size = 0; size < whole.size(); ++size) {
    llvm::Expected<SafetensorsFile> file =
        parse(llvm::StringRef(whole).take_front(size));
    EXPECT_FALSE(static_cast<bool>(file)) << "of " << size << " bytes";
    llvm::consumeError(file.takeError());
  }
}

// Whatever a damaged file says, each tensor that is found lies inside it. (The
// sanitizer preset turns a read outside into a failure.)
TEST(SafetensorsTest, SurvivesDamage) {
  std::string whole = makeFile(goodHeader, "0123456789");
  std::mt19937_64 random(1);
  unsigned refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string damaged = whole;
    for (int change = random() % 4; change >= 0; --change) {
      static const char tokens[] = "0123456789-{}[]\":,.eE\\ \xff";
      size_t position = random() % damaged.size();
      char token = tokens[random() % (sizeof(tokens) - 1)];
      switch (random() % 3) {
      case 0:
        damaged[position] = token;
        break;
      case 1:
        damaged.insert(position, 1, token);
        break;
      case 2:
        damaged.erase(position, 1);
        break;
      }
    }
    llvm::Expected<SafetensorsFile> file = parse(damaged);
    if (!file) {
      llvm::consumeError(file.takeError());
      ++refused;
      continue;
    }
    for (llvm::StringRef name : {"a\"[{", "s", "e"})
      if (const SafetensorsFile::Tensor *tensor = file->find(name)) {
        unsigned sum = 0;
        for (char byte : tensor->data)
          sum += static_cast<unsigned char>(byte);
        EXPECT_LE(sum, 255u * damaged.size());
      }
  }
  EXPECT_GT(refused, 10000u);
}

} // namespace
