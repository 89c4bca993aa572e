// Fuzzes the comparison of texts. Input: a byte of options, the first text, a zero byte, the second text. Applied to
// the first one, the changes must give the second one; what is between them is the same in both.
#include <cstdlib>
#include <string_view>

#include "lib/text/line_diff.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rescue;
  if (size == 0)
    return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t middle = text.find('\0');
  const auto before = lines_of(text.substr(0, middle));
  const auto after = lines_of(middle == std::string_view::npos ? "" : text.substr(middle + 1));
  LineDiffOptions options{
      .minimal = (data[0] & 1) != 0, .shift = (data[0] & 4) == 0, .horizon = static_cast<size_t>(data[0] >> 4)};
  const bool exact = (data[0] & 2) == 0;
  if (!exact) {
    options.space = static_cast<LineDiffOptions::Space>((data[0] >> 2) % 6);
    options.ignore_case = true;
  }
  size_t i = 0;
  size_t j = 0;
  const auto same = [&](size_t end) {
    for (; i < end; ++i, ++j)
      if (i >= before.size() || j >= after.size() || (exact && before[i] != after[j]))
        std::abort();
  };
  for (const LineChange& change : compare_lines(before, after, options)) {
    same(change.old_at);
    if (j != change.new_at || change.old_count + change.new_count == 0)
      std::abort();
    i += change.old_count;
    j += change.new_count;
  }
  same(before.size());
  if (j != after.size())
    std::abort();
  return 0;
}
