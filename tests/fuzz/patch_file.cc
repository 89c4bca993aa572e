// Fuzzes the reader of patches. Each hunk that it accepts has as many lines as its head says, also when it is reversed;
// it can be merged into any text, here the patch itself, and no line of that is lost where nothing was taken out.
#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "lib/text/line_diff.h"
#include "lib/text/patch_file.h"
#include "lib/text/patch_merge.h"

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

void merge(const rescue::patch::FilePatch& file, std::string_view text, rescue::patch::MergeStyle style) {
  using namespace rescue;
  patch::Progress to{.lines = lines_of(text)};
  bool takes_out = false;
  for (const patch::Hunk& hunk : file.hunks) {
    const size_t before = to.done;
    const auto report = patch::merge_hunk(hunk, 0, style, true, to);
    takes_out |= std::ranges::any_of(hunk.lines, [](const patch::Line& line) { return line.kind == '-'; });
    if (to.done < before || report.conflict != report.text.contains("NOT MERGED"))
      std::abort();
  }
  to.copy_until(to.lines.size());
  if (!takes_out && to.out.size() < text.size())
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
    merge(file, text, patch::MergeStyle::merge);
    merge(file, text, patch::MergeStyle::diff3);
    file.reverse();
    std::ranges::for_each(file.hunks, check);
  }
  return 0;
}
