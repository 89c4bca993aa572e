#include "lib/text/ranges.h"

#include <algorithm>
#include <limits>

#include "lib/base/sort.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr uint64_t endless = std::numeric_limits<uint64_t>::max();

Result<Range> parse_range(std::string_view item, std::string_view what) {
  const auto bad = [&](std::string_view why) { return fail(str("invalid ", what), item, why); };
  const size_t dash = item.find('-');
  const std::string_view low = item.substr(0, dash);
  const std::string_view high = dash == std::string_view::npos ? low : item.substr(dash + 1);
  if (low.empty() && high.empty())
    return bad("has neither a beginning nor an end");
  const auto first = low.empty() ? 1 : to_number<uint64_t>(low);
  const auto last = high.empty() ? endless : to_number<uint64_t>(high);
  if (!first || !last || (*last == endless && !high.empty()))
    return bad("is not a number or a range");
  if (*first == 0)
    return bad("they are counted from 1");
  if (*last < *first)
    return bad("ends before it begins");
  return Range{*first, *last};
}

}  // namespace

Result<std::vector<Range>> parse_ranges(std::string_view list, std::string_view what) {
  std::vector<Range> ranges;
  while (true) {
    const size_t end = list.find_first_of(", \t");
    ranges.push_back(TRY(parse_range(list.substr(0, end), what)));
    if (end == std::string_view::npos)
      break;
    list.remove_prefix(end + 1);
  }
  rescue::sort(ranges, {}, &Range::first);
  size_t kept = 0;
  for (size_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i].first <= ranges[kept].last)
      ranges[kept].last = std::max(ranges[kept].last, ranges[i].last);
    else
      ranges[++kept] = ranges[i];
  }
  ranges.resize(kept + 1);
  return ranges;
}

std::vector<Range> complement(const std::vector<Range>& ranges) {
  std::vector<Range> others;
  uint64_t next = 1;
  for (const Range& range : ranges) {
    if (range.first > next)
      others.push_back({next, range.first - 1});
    if (range.last == endless)
      return others;
    next = range.last + 1;
  }
  others.push_back({next, endless});
  return others;
}

}  // namespace rescue
