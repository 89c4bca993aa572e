// Fuzzes the ELF reader: any bytes give an image or an error, and reading twice gives the same.
#include <cstdlib>

#include "lib/elf/arch.h"
#include "lib/elf/glibc.h"
#include "lib/elf/image.h"

namespace {

void expect(bool fine) {
  if (!fine)
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rescue;
  using namespace rescue::elf;
  const Bytes file(std::span(data, size), "fuzz");
  const auto strict = Image::parse(file);
  const auto tolerant = Image::salvage(file);
  expect(!strict || (tolerant && !tolerant->damage));
  expect(!tolerant || strict || tolerant->damage);
  if (tolerant) {
    (void)tolerant->linkage();
    (void)tolerant->c_library();
    (void)architecture_of(*tolerant);
    (void)newest_glibc_needed(*tolerant);
    expect(tolerant->segments.size() <= size / 32);
  }
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const std::string& dir : loader_facts_in(text).default_dirs)
    expect(dir.starts_with('/') && !dir.ends_with('/'));
  if (const auto banner = find_banner(text))
    expect(!banner->version.empty());
  return 0;
}
