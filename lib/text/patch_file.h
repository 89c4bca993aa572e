// Patches as diff writes them: unified, context and normal ones, read into one form.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"

namespace rescue::patch {

enum class Form : uint8_t { unknown, unified, context, normal, ed };

// A line of a hunk, with its newline unless the patch says that it has none.
struct Line {
  char kind = ' ';  // ' ' in both texts, '-' in the old one, '+' in the new one
  std::string_view text;
};

struct Hunk {
  size_t old_at = 0;  // the first line, counted from 1; where there is none, the one before
  size_t old_count = 0;
  size_t new_at = 0;
  size_t new_count = 0;
  std::string_view heading;  // what stands behind @@ or ***************
  std::vector<Line> lines;

  // Lines that both texts have, at the start and at the end.
  size_t prefix() const;
  size_t suffix() const;
  void reverse();
};

struct Name {
  std::string path;         // as it is written; empty where there is none
  std::string_view rest;    // what is behind it: a tab and a time
  bool is_missing = false;  // /dev/null, or the time of nothing: this side has no such file
};

// What is for one file.
struct FilePatch {
  Form form = Form::unknown;
  Name old_name;
  Name new_name;
  std::string index;  // of a line `Index: NAME`
  std::vector<Hunk> hunks;
  size_t begin = 0;  // of its header in the patch
  size_t end = 0;
  size_t line = 0;  // the number of the line where the hunks begin

  void reverse();
};

struct Parsed {
  std::vector<FilePatch> files;
  bool garbage_only = false;  // there was text, and none of it a patch
};

// Reads a whole patch; the views in the result are into `text`. `form` is what it is to be taken for.
Result<Parsed> parse(std::string_view text, Form form);

}  // namespace rescue::patch
