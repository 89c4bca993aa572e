// Fuzzes the reader of `.rescue/info`: what it accepts must print to something that reads back the same.
#include <cstdlib>

#include "lib/bundle/info.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rescue;
  const auto info = BundleInfo::parse(Bytes({data, size}, "fuzz"));
  if (!info)
    return 0;
  const std::string text = info->print();
  const auto again = BundleInfo::parse(Bytes(text, "fuzz"));
  if (!again || again->print() != text)
    std::abort();
  return 0;
}
