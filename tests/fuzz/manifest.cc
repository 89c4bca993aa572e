// Fuzzes the reader of the manifest: what it accepts must stay within a root, and print to what reads back the same.
#include <cstdlib>

#include "lib/base/text.h"
#include "lib/bundle/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rescue;
  // Almost nothing passes without the first line, so it need not be found.
  const std::string text = str("#mtree\n", std::string_view(reinterpret_cast<const char*>(data), size));
  const auto manifest = Manifest::parse(Bytes(text, "fuzz"));
  if (!manifest)
    return 0;
  for (const ManifestEntry& entry : manifest->entries)
    for (const std::string_view part : split(entry.path, '/'))
      if (part.empty() || part == "." || part == ".." || part.contains('\n'))
        std::abort();
  const std::string printed = manifest->print();
  const auto again = Manifest::parse(Bytes(printed, "fuzz"));
  if (!again || again->print() != printed)
    std::abort();
  return 0;
}
