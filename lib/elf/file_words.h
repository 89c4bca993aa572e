// An ELF file in the words of file(1): "ELF 64-bit LSB pie executable, x86-64, version 1 (SYSV), ..., stripped".
#pragma once

#include <string>
#include <string_view>

#include "lib/elf/file_view.h"
#include "lib/elf/image.h"

namespace rescue::elf {

struct FileWords {
  std::string text;
  std::string_view mime;
};

// `image` is what Image::salvage() made of `file`. What is damaged or missing is left out.
FileWords file_words(FileView& file, const Image& image);

}  // namespace rescue::elf
