// find's expressions: tests and actions, and what joins them. What they do is in tools/find.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>
#include <time.h>

#include "lib/base/error.h"
#include "lib/fs/names.h"
#include "lib/text/regex.h"

namespace rescue::find {

enum class Kind : uint8_t {
  both,    // left and right
  either,  // left or right
  list,    // left, then right
  negate,  // not left
  // tests
  yes,
  no,
  name,
  path,
  link_name,
  regex,
  type,
  target_type,
  size,
  empty,
  permissions,
  inode,
  links,
  user_id,
  group_id,
  no_user,
  no_group,
  same_file,
  file_system,
  readable,
  writable,
  executable,
  age,
  newer,
  used,
  // actions
  print,
  print_zero,
  formatted,
  list_long,
  prune,
  quit,
  remove,
  execute,
};

enum class Compare : uint8_t { equal, more, less };

// A piece of -printf: a text, or a directive.
struct Format {
  std::string text;
  std::string flags;  // of "-0+ #"
  std::optional<unsigned> width;
  std::optional<unsigned> precision;
  char directive = 0;  // 0: only the text
  char detail = 0;     // k of %Tk
  bool stop = false;   // \c
};

struct Node {
  Kind kind = Kind::yes;
  uint32_t left = 0;
  uint32_t right = 0;
  std::string text;  // a pattern; letters of types; a type of file system
  bool ignore_case = false;
  Compare compare = Compare::equal;
  uint64_t number = 0;
  uint64_t unit = 1;         // of -size: bytes; of -perm: what is asked of a directory
  char which = 0;            // of which time: a, B, c, m; of -perm: what precedes the mode
  struct timespec time{};    // for age, the bound; for newer, what it is compared to
  struct timespec window{};  // for age that is to be equal: until when
  dev_t device = 0;          // of -samefile
  uint32_t regex = 0;
  uint32_t output = 0;  // 0 for standard output, else one of `outputs`
  std::vector<Format> format;
  std::vector<std::string> words;  // of a command
  bool many = false;               // for many files at once: +
  bool in_directory = false;       // -execdir
  bool ask = false;                // -ok
};

enum class Links : uint8_t { keep, follow_named, follow };

struct Expression {
  std::vector<Node> nodes;
  uint32_t root = 0;
  std::vector<Regex> regexes;
  std::vector<std::string> outputs;  // files that are written, from 1 on
  std::vector<std::string> starts;
  std::optional<std::string> starts_from;  // -files0-from
  Links links = Links::keep;
  bool depth_first = false;
  bool one_file_system = false;
  bool ignore_races = false;
  uint64_t max_depth = UINT64_MAX;
  uint64_t min_depth = 0;
  bool asked_help = false;
  bool asked_version = false;
};

// Reads the words of a command line; `now` is when the search starts. Warnings are for who has not said -nowarn.
Result<Expression> parse(std::span<const std::string_view> words, Names& names, const struct timespec& now,
                         std::vector<std::string>& warnings);

}  // namespace rescue::find
