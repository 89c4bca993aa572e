// Names of users and groups, from passwd(5) and group(5) files that we parse ourselves: the C library would ask a
// running nscd, or modules of a broken glibc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rescue {

// One such file: its first field is the name, the third the number. It is read when it is first asked for; a file
// that is not there has no names.
class NameFile {
 public:
  explicit NameFile(std::string path) : path_(std::move(path)) {}
  // One whose text is at hand: that of another root.
  static NameFile of_text(std::string text);

  // The name of a number; empty where there is none.
  std::string_view name_of(uint32_t id);
  // The number of a name.
  std::optional<uint32_t> id_of(std::string_view name);
  // The fields of the line with that name; empty where there is none.
  std::string_view line_of(std::string_view name);
  // Calls f(number, line) for each entry, in the file's order.
  template <typename F>
  void each_line(F f) {
    load();
    for (const std::string_view line : lines_)
      f(number_in(line), line);
  }

 private:
  struct Entry {
    uint32_t id;
    std::string_view line;
    std::string_view name() const { return line.substr(0, line.find(':')); }
  };
  void load();
  static uint32_t number_in(std::string_view line);
  void parse();

  std::string path_;
  std::string text_;
  std::vector<Entry> entries_;  // by number, and in the file's order where numbers are equal: the first one counts
  std::vector<std::string_view> lines_;
  bool loaded_ = false;
  uint32_t last_id_ = 0;  // most files in a listing have the same owner
  std::string_view last_name_;
  bool has_last_ = false;
};

struct Names {
  NameFile users{"/etc/passwd"};
  NameFile groups{"/etc/group"};
};

}  // namespace rescue
