#include "lib/boot/config.h"

#include <cerrno>

#include <fcntl.h>

#include "lib/base/fd.h"
#include "lib/base/kit.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

std::string_view without_quotes(std::string_view value) {
  const bool quoted =
      value.size() > 1 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front();
  return quoted ? value.substr(1, value.size() - 2) : value;
}

bool take_line(BootConfig& config, std::string_view line) {
  const size_t equals = line.find('=');
  if (equals == std::string_view::npos)
    return false;
  const std::string_view name = trim(line.substr(0, equals));
  const std::string_view value = without_quotes(trim(line.substr(equals + 1)));
  if (name == "require_password" && (value == "yes" || value == "no"))
    config.require_password = value == "yes";
  else if (name == "password_hash" && value.starts_with('$'))
    config.password_hash = value;
  else
    return false;
  return true;
}

}  // namespace

BootConfig parse_boot_config(std::string_view text) {
  BootConfig config;
  for (std::string_view line : split(text, '\n')) {
    line = trim(line);
    if (!line.empty() && !line.starts_with('#') && !take_line(config, line))
      config.problem = str("not understood: ", Printable(line));
  }
  if (!config.problem.empty())
    config.require_password = true;
  return config;
}

BootConfig read_boot_config() {
  const std::string path = kit_path("etc/rescue.conf");
  const auto fd = open_file(path, O_RDONLY);
  if (!fd && fd.error().code() == ENOENT)
    return {};
  const auto text = fd ? read_all(fd->get(), 1 << 16, path) : Result<std::string>(std::unexpected(fd.error()));
  if (text)
    return parse_boot_config(*text);
  return {.require_password = true, .password_hash = {}, .problem = message(text.error())};
}

}  // namespace rescue
