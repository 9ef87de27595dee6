//===- Image.cpp - What a module image is made of -------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Runtime/Image.h"

#include <cstdint>
#include <cstring>
#include <elf.h>
#include <string>

using namespace hinm::runtime;

#if defined(__x86_64__)
static constexpr unsigned hostMachine = EM_X86_64;
#elif defined(__aarch64__)
static constexpr unsigned hostMachine = EM_AARCH64;
#else
#error "name the ELF machine of this processor"
#endif
static constexpr unsigned cudaMachine = 190; // EM_CUDA, not in every elf.h

ImageKind hinm::runtime::classifyImage(const void *image, size_t bytes) {
  if (!image)
    return ImageKind::Unknown;
  constexpr uint32_t fatbinMagic = 0xBA55ED50;
  uint32_t magic = 0;
  if (bytes >= sizeof(magic))
    memcpy(&magic, image, sizeof(magic));
  if (magic == fatbinMagic)
    return ImageKind::Fatbin;

  Elf64_Ehdr header;
  if (bytes >= sizeof(header) && memcmp(image, ELFMAG, SELFMAG) == 0) {
    memcpy(&header, image, sizeof(header));
    if (header.e_machine == cudaMachine)
      return ImageKind::Cubin;
    return header.e_machine == hostMachine &&
                   header.e_ident[EI_CLASS] == ELFCLASS64
               ? ImageKind::HostObject
               : ImageKind::OtherElf;
  }
  const std::string text(static_cast<const char *>(image),
                         bytes < 4096 ? bytes : 4096);
  if (text.find(".version") != std::string::npos &&
      text.find(".target") != std::string::npos)
    return ImageKind::Ptx;
  return ImageKind::Unknown;
}

bool hinm::runtime::isComplete(const void *image, size_t bytes) {
  Elf64_Ehdr header;
  memcpy(&header, image, sizeof(header));
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phoff > bytes ||
      header.e_phnum > (bytes - header.e_phoff) / sizeof(Elf64_Phdr))
    return false;
  const char *table = static_cast<const char *>(image) + header.e_phoff;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    memcpy(&segment, table + i * sizeof(segment), sizeof(segment));
    if (segment.p_type == PT_LOAD &&
        (segment.p_offset > bytes ||
         segment.p_filesz > bytes - segment.p_offset))
      return false;
  }
  return true;
}

const char *hinm::runtime::describe(ImageKind kind) {
  switch (kind) {
  case ImageKind::HostObject:
    return "an object for this processor (compiled for the emulator)";
  case ImageKind::Cubin:
    return "a cubin (compiled for an NVIDIA GPU)";
  case ImageKind::Fatbin:
    return "a fat binary (compiled for NVIDIA GPUs)";
  case ImageKind::Ptx:
    return "PTX text (compiled for NVIDIA GPUs)";
  case ImageKind::OtherElf:
    return "an ELF object for another processor";
  case ImageKind::Unknown:
    break;
  }
  return "no image of a known format";
}
