// The colours of file names: LS_COLORS as dircolors(1) writes it, or GNU's built-in ones.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace rescue {

// What a colour is for, in the order of `color_codes` in the .cc file.
enum class ColorFor : uint8_t {
  left,
  right,
  end,
  reset,
  normal,
  file,
  directory,
  link,
  fifo,
  socket,
  block_device,
  char_device,
  missing,
  orphan,
  executable,
  door,
  setuid,
  setgid,
  sticky,
  other_writable,
  sticky_other_writable,
  capability,
  multi_link,
  clear_to_end_of_line,
};
constexpr size_t color_count = static_cast<size_t>(ColorFor::clear_to_end_of_line) + 1;

// A file as far as its colour goes.
struct ColoredFile {
  std::string_view name;
  mode_t mode = 0;  // type and permissions, or the type alone
  bool permissions_known = true;
  nlink_t links = 1;
  bool has_capability = false;
  bool missing = false;  // a link's target that is not there
  bool orphan = false;   // a link whose target is not there
};

class FileColors {
 public:
  enum class Problem : uint8_t { none, unknown_terminal, unreadable };

  // Reads LS_COLORS. Without it, the built-in colours, where TERM or COLORTERM names a terminal that has colours.
  static FileColors from_environment(Problem& problem);
  static std::optional<FileColors> parse(std::string_view text);

  std::string_view sequence(ColorFor what) const {
    const auto& code = codes_[static_cast<size_t>(what)];
    return code ? std::string_view(*code) : std::string_view();
  }
  bool is_set(ColorFor what) const { return codes_[static_cast<size_t>(what)].has_value(); }
  // Whether it is a colour: neither empty nor 0.
  bool is_colored(ColorFor what) const;

  // The colour of a name; nothing where it has none of its own.
  std::optional<std::string_view> color_of(const ColoredFile& file) const;

  // ln=target: a link is shown in the colour of what it points to.
  bool links_as_target() const { return links_as_target_; }

 private:
  struct Ending {
    std::string text;
    std::string sequence;
  };
  FileColors();
  bool parse_entry(std::string_view& text);
  ColorFor kind_of(const ColoredFile& file) const;
  ColorFor kind_of_regular(const ColoredFile& file) const;
  ColorFor kind_of_directory(mode_t mode) const;

  std::array<std::optional<std::string>, color_count> codes_;
  std::vector<Ending> endings_;  // the last one that fits counts
  bool links_as_target_ = false;
};

}  // namespace rescue
