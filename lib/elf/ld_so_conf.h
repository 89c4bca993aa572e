// Reads /etc/ld.so.conf: the directories that ldconfig looks at, in its order, includes and their globs followed
// within the root.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/fs/root.h"

namespace rescue::elf {

struct ConfLine {
  enum class Kind : uint8_t { directory, include, hwcap };
  Kind kind = Kind::directory;
  std::string text;  // the directory as written, or one pattern
  unsigned number = 0;
};

// The lines that say something.
std::vector<ConfLine> parse_ld_so_conf(std::string_view text);

struct ConfDirectory {
  std::string path;  // as written, without the blanks and slashes behind it
  std::string type;  // of `path=TYPE`, before glibc 2.37
  std::string from;
  unsigned line = 0;
};

struct LdSoConf {
  std::vector<ConfDirectory> directories;
  std::vector<std::string> warnings;
};

// Never fails: a file that cannot be read is warned of and left out, as ldconfig does. `typed` reads `path=TYPE`.
LdSoConf read_ld_so_conf(const Root& root, std::string_view path, bool typed);

// As a name is cut down before it is looked up; empty if nothing is left.
std::string_view trim_directory(std::string_view text);

// Paths of the root that match a pattern, sorted; `*` does not match a leading dot.
std::vector<std::string> glob_in_root(const Root& root, std::string_view pattern);

}  // namespace rescue::elf
