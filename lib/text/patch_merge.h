// Merging a hunk into a text that is not the one it was made for: what only one side changed is taken over, what both
// changed is left to a person, between marks as diff3 and version control set them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/text/patch_file.h"

namespace rescue::patch {

enum class MergeStyle : uint8_t { none, merge, diff3 };  // diff3: the hunk's old text stands between the marks too

// A text, and how far it is patched.
struct Progress {
  std::vector<std::string_view> lines;
  bool ignore_blanks = false;
  std::string out;
  size_t done = 0;         // lines that were copied or replaced
  int64_t in_offset = 0;   // how far hunks were from where they said
  int64_t out_offset = 0;  // lines that came in, less those that went

  // Whether that line, counted from 0, is there and like `text`.
  bool has(size_t index, std::string_view text) const;
  // Up to that many lines are done; those that were not are copied.
  void copy_until(size_t end);
  // A line behind one that had no newline gives it one.
  void put(std::string_view line);
};

// What became of the parts of a hunk, in words: "merged at 3,7, NOT MERGED at 9-14".
struct MergeReport {
  std::string text;
  std::string_view last;
  bool conflict = false;

  void add(std::string_view what, int64_t at, size_t count);
};

// `where` is the line, counted from 1, at which the hunk's old text stands; 0 where it stands nowhere: then what is
// most like it is looked for. With `tell_merged` the report names what went in without conflict too.
MergeReport merge_hunk(const Hunk& hunk, size_t where, MergeStyle style, bool tell_merged, Progress& to);

}  // namespace rescue::patch
