#include "lib/base/group_art.h"

#include <algorithm>
#include <string_view>

#include "lib/base/text.h"
#include "lib/base/utf8.h"

namespace rescue {

namespace {

struct Signs {
  char first[10], middle[10], last[10];  // members
  char child[7], last_child[7];
  char upright[4], level[4];
};

constexpr Signs plain_signs = {",->", "|->", "'->", "|-", "`-", "|", "-"};
constexpr Signs drawn_signs = {"┌┈▶", "├┈▶", "└┬▶", "├┈", "└┈", "┆", "┈"};

// To its other members, or from them down to what lies on them.
std::string going_on(const GroupArt::Size& left, std::string_view fill, const Signs& signs) {
  return left.members > 0    ? str(signs.upright, fill, fill)
         : left.children > 0 ? str(fill, signs.upright, fill)
                             : str(fill, fill, fill);
}

}  // namespace

GroupArt::Marks GroupArt::step(size_t member_of, size_t lies_on) {
  if (sizes_.size() == 1)
    return {};
  for (size_t& slot : slots_)
    slot = left_[slot].children == 0 ? 0 : slot;
  if (const size_t left = left_[member_of].members; left > 0 && left == sizes_[member_of].members) {
    if (!std::ranges::contains(slots_, size_t{0}))
      slots_.push_back(0);
    *std::ranges::find(slots_, size_t{0}) = member_of;
  }
  const Signs& signs = ascii_ ? plain_signs : drawn_signs;
  Marks marks;
  std::string_view fill = " ";
  std::string_view empty = " ";
  for (size_t i = slots_.size(); i-- > 0;) {
    const size_t group = slots_[i];
    Size& left = left_[group];
    if (group != 0 && group == member_of && left.members > 0) {
      const bool first = left.members-- == sizes_[group].members;
      marks.text += left.members == 0 ? signs.last : first ? signs.first : signs.middle;
    } else if (group != 0 && group == lies_on) {
      const bool last = --left.children == 0;
      marks.text += str(last ? " " : fill, last ? signs.last_child : signs.child);
      // Its line leads on to the name, unless others are in between.
      fill = signs.level;
      if (std::all_of(slots_.begin(), slots_.begin() + static_cast<ptrdiff_t>(i),
                      [](size_t slot) { return slot == 0; }))
        empty = fill;
    } else {
      marks.text += going_on(left, group == 0 ? empty : fill, signs);
    }
    marks.below += going_on(left, " ", signs);
  }
  marks.text += fill;
  marks.below += ' ';
  return marks;
}

size_t GroupArt::ready() const {
  for (const size_t group : slots_)
    if (left_[group].members == 0 && left_[group].children == sizes_[group].children && group != 0)
      return group;
  return 0;
}

void GroupArt::widen(Marks& marks) const {
  const std::string before(width() - display_width(marks.text), ' ');
  marks.text.insert(0, before);
  marks.below.insert(0, before);
}

}  // namespace rescue
