// Fuzzes the reader of patches. Each hunk that it accepts has as many lines as its head says, also when it is reversed.
#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "lib/text/patch_file.h"

namespace {

void check(const rescue::patch::Hunk& hunk) {
  using rescue::patch::Line;
  const auto count = [&](char kind) {
    return static_cast<size_t>(std::ranges::count_if(hunk.lines, [=](const Line& line) { return line.kind == kind; }));
  };
  if (count(' ') + count('-') != hunk.old_count || count(' ') + count('+') != hunk.new_count)
    std::abort();
  if (hunk.prefix() > hunk.lines.size() || hunk.suffix() > hunk.lines.size())
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rescue;
  if (size == 0)
    return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto parsed = patch::parse(text, static_cast<patch::Form>(data[0] % 5));
  if (!parsed)
    return 0;
  for (patch::FilePatch& file : parsed->files) {
    std::ranges::for_each(file.hunks, check);
    file.reverse();
    std::ranges::for_each(file.hunks, check);
  }
  return 0;
}
