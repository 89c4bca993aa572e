// The words that the kernel was started with (/proc/cmdline).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rescue {

class KernelLine {
 public:
  // Words are divided by blanks; within double quotes a blank is part of the word.
  explicit KernelLine(std::string_view text);

  // That of this machine; empty where /proc is not there.
  static KernelLine read();

  bool has(std::string_view name) const { return value(name).has_value(); }
  // Of `name=value` the last one counts; a word alone has the value "".
  std::optional<std::string> value(std::string_view name) const;
  std::vector<std::string> values(std::string_view name) const;

 private:
  std::vector<std::string> words_;
};

}  // namespace rescue
