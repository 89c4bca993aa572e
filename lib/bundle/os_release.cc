#include "lib/bundle/os_release.h"

#include "lib/base/text.h"

namespace rescue {

namespace {

// The value without the shell's quotes and backslashes.
std::string unquoted(std::string_view value) {
  std::string text;
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '"' || value[i] == '\'')
      continue;
    if (value[i] == '\\' && i + 1 < value.size())
      ++i;
    text += value[i];
  }
  return text;
}

}  // namespace

OsRelease parse_os_release(std::string_view text) {
  OsRelease os;
  for (const std::string_view line : split(text, '\n')) {
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos)
      continue;
    const std::string_view key = trim(line.substr(0, equals));
    const std::string value = unquoted(trim(line.substr(equals + 1)));
    if (key == "ID")
      os.id = value;
    else if (key == "VERSION_ID")
      os.version_id = value;
    else if (key == "PRETTY_NAME")
      os.pretty_name = value;
  }
  return os;
}

OsRelease read_os_release(const Root& root) {
  for (const std::string_view path : {"etc/os-release", "usr/lib/os-release"})
    if (const auto text = root.read_file(path, 1 << 16))
      return parse_os_release(*text);
  return {};
}

}  // namespace rescue
