#include "lib/elf/file_words.h"

#include <string>

#include <doctest/doctest.h>

namespace rescue::elf {
namespace {

std::string words_of(std::string_view bytes) {
  const Bytes file(bytes, "file");
  const auto image = Image::salvage(file);
  if (!image)
    return "";
  FileView view(file);
  return file_words(view, *image).text;
}

// A program of sections: none, one note with a build-id, symbols, and the names of the sections.
std::string object() {
  std::string bytes(
      "\x7f"
      "ELF\x02\x01\x01",
      7);
  const auto put = [&](uint64_t value, size_t size) {
    for (size_t i = 0; i < size; ++i)
      bytes += static_cast<char>(i < sizeof value ? value >> (8 * i) : 0);
  };
  const auto section = [&](uint32_t name, uint32_t type, uint64_t offset, uint64_t size) {
    put(name, 4);
    put(type, 4);
    put(0, 16);
    put(offset, 8);
    put(size, 8);
    put(0, 8);
    put(4, 8);
    put(0, 8);
  };
  bytes.resize(16);
  put(ET_REL, 2);
  put(EM_X86_64, 2);
  put(1, 4);
  put(0, 16);
  put(64 + 36 + 16, 8);
  put(0, 4);
  put(64, 2);
  put(0, 4);
  put(64, 2);
  put(4, 2);
  put(3, 2);
  put(4, 4);
  put(20, 4);
  put(NT_GNU_BUILD_ID, 4);
  bytes += std::string("GNU\0", 4) + std::string(20, '\xab');
  bytes += std::string("\0.debug_info\0\0\0\0", 16);
  section(0, 0, 0, 0);
  section(0, 7, 64, 36);
  section(1, 2, 0, 0);
  section(0, 3, 64 + 36, 16);
  return bytes;
}

}  // namespace

TEST_CASE("file words: notes, symbols and debugging information are told from the sections") {
  const std::string file = object();
  const std::string id = "BuildID[sha1]=abababababababababababababababababababab";
  CHECK(words_of(file) ==
        "ELF 64-bit LSB relocatable, x86-64, version 1 (SYSV), " + id + ", with debug_info, not stripped");
  // The headers of the sections stand last.
  CHECK(words_of(file.substr(0, file.size() - 1)) ==
        "ELF 64-bit LSB relocatable, x86-64, version 1 (SYSV), missing section headers at 308");
}

TEST_CASE("file words: every shorter length and every flipped byte is told or is nothing") {
  const std::string whole = object();
  for (size_t i = 0; i < whole.size(); ++i) {
    (void)words_of(std::string_view(whole).substr(0, i));
    std::string flipped = whole;
    flipped[i] = static_cast<char>(~flipped[i]);
    for (const char c : words_of(flipped))
      CHECK(static_cast<unsigned char>(c) >= ' ');
  }
}

}  // namespace rescue::elf
