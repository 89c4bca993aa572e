// Fuzzes what `file` says: of any bytes it says something, and nothing that could disturb a terminal.
#include <cstdlib>

#include "lib/archive/file_format.h"
#include "lib/base/text.h"
#include "lib/elf/file_words.h"
#include "lib/sys/disk_words.h"
#include "lib/text/text_kind.h"

namespace {

void check(std::string_view words) {
  for (const char c : words)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f')
      std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rescue;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Bytes bytes(text, "fuzz");
  if (const auto format = file_format(bytes)) {
    check(format->words);
    check(format->mime);
  }
  if (const auto image = elf::Image::salvage(bytes)) {
    elf::FileView view(bytes);
    check(elf::file_words(view, *image).text);
  }
  TextDisk disk(text);
  if (const auto words = disk_words(disk))
    check(*words);
  for (const bool whole : {true, false})
    check(line_words(text_kind(text, whole)));
  check(script_kind(text).words);
  return 0;
}
