#include "lib/text/tab_stops.h"

#include <algorithm>

#include "lib/base/text.h"

namespace rescue {

Result<> TabStops::add(std::string_view list) {
  char mark = '\0';  // stays until a number comes: '/,5' is '/5'
  while (!list.empty()) {
    const size_t end = list.find_first_of(", \t");
    std::string_view item = list.substr(0, end);
    list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
    for (; !item.empty() && (item[0] == '/' || item[0] == '+'); item.remove_prefix(1))
      mark = item[0];
    if (item.empty())
      continue;
    const auto number = to_number<uint64_t>(item);
    if (!number)
      return fail("tab stops", item, "is not a number");
    if (multiples_ != 0 || further_ != 0)
      return fail("tab stops", item, "nothing can follow '/' or '+'");
    if (mark == '/')
      multiples_ = *number;
    else if (mark == '+')
      further_ = *number;
    else
      places_.push_back(*number);
    mark = '\0';
  }
  return {};
}

Result<> TabStops::finish() {
  for (size_t i = 0; i < places_.size(); ++i) {
    if (places_[i] == 0)
      return fail("tab stops", "0", "cannot be one");
    if (i > 0 && places_[i] <= places_[i - 1])
      return fail("tab stops", str(places_[i]), "they must ascend");
  }
  // One number alone is a distance, and so is what follows nothing.
  if (places_.size() == 1 && multiples_ == 0 && further_ == 0) {
    every_ = places_[0];
    places_.clear();
  } else if (places_.empty()) {
    every_ = multiples_ != 0 ? multiples_ : further_ != 0 ? further_ : 8;
  }
  return {};
}

TabStops::Stop TabStops::next(uint64_t column) const {
  if (every_ != 0)
    return {column + every_ - column % every_, false};
  const auto place = std::ranges::upper_bound(places_, column);
  if (place != places_.end())
    return {*place, false};
  if (multiples_ != 0)
    return {column + multiples_ - column % multiples_, false};
  if (further_ != 0)
    return {column + further_ - (column - places_.back()) % further_, false};
  return {column + 1, true};
}

}  // namespace rescue
