// Fuzzes the reader of RPM headers, and of the lists of files in them.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lib/archive/rpm_files.h"
#include "lib/archive/rpm_header.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rescue;
  const auto header = rpm::Header::parse(Bytes({reinterpret_cast<const char*>(data), size}, "fuzz"));
  if (!header)
    return 0;
  for (uint32_t tag = 1000; tag < 1130; ++tag) {
    (void)header->text(rpm::Tag{tag});
    const bool is_number = header->number(rpm::Tag{tag}).has_value();
    if (is_number == header->numbers(rpm::Tag{tag}).empty() || (is_number && !header->texts(rpm::Tag{tag}).empty()))
      std::abort();
  }
  const auto files = rpm::read_files(*header, "fuzz");
  if (files && files->size() != rpm::read_file_names(*header, "fuzz")->size())
    std::abort();
  return 0;
}
