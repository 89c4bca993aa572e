// The marks in front of a tree that join the members of a group to what lies on all of them, as util-linux draws them:
//
//   ┌┈▶ sda1
//   └┬▶ sdb1
//    └┈┈md0
//
// They take three columns for each group that goes on, of which the one that began last is leftmost.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace rescue {

class GroupArt {
 public:
  struct Size {
    size_t members = 0;
    size_t children = 0;  // what lies on them: at least one
  };

  struct Marks {
    std::string text;   // before the name
    std::string below;  // and in further lines of it
  };

  // Groups are known by their place in `sizes`, of which the first is none.
  GroupArt(std::vector<Size> sizes, bool ascii) : sizes_(sizes), left_(std::move(sizes)), ascii_(ascii) {}

  // Those of the next line, which is a member of one group and lies on another; or on none, 0.
  Marks step(size_t member_of, size_t lies_on);

  // A group of which all members were seen, but not what lies on them: it comes next, where a tree ends. Or 0.
  size_t ready() const;

  // How wide they are at last, and marks of an earlier line made as wide.
  size_t width() const { return sizes_.size() == 1 ? 0 : slots_.size() * 3 + 1; }
  void widen(Marks& marks) const;

 private:
  std::vector<Size> sizes_;
  std::vector<Size> left_;     // to come, of each group
  std::vector<size_t> slots_;  // the group that is drawn there or 0, from the right
  bool ascii_;
};

}  // namespace rescue
