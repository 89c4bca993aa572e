#include "lib/boot/kernel_line.h"

#include <fcntl.h>

#include "lib/base/fd.h"

namespace rescue {

KernelLine::KernelLine(std::string_view text) {
  std::string word;
  bool quoted = false;
  bool any = false;
  for (const char c : text) {
    if (c == '"') {
      quoted = !quoted;
      any = true;
    } else if (!quoted && (c == ' ' || c == '\t' || c == '\n')) {
      if (any)
        words_.push_back(std::move(word));
      word.clear();
      any = false;
    } else {
      word += c;
      any = true;
    }
  }
  if (any)
    words_.push_back(std::move(word));
}

KernelLine KernelLine::read() {
  const auto fd = open_file("/proc/cmdline", O_RDONLY);
  return KernelLine(fd ? read_all(fd->get(), 1 << 16, "/proc/cmdline").value_or("") : "");
}

std::vector<std::string> KernelLine::values(std::string_view name) const {
  std::vector<std::string> found;
  for (const std::string_view word : words_) {
    if (word == "--")  // what follows is init's
      break;
    if (word == name)
      found.emplace_back();
    else if (word.starts_with(name) && word.substr(name.size()).starts_with('='))
      found.emplace_back(word.substr(name.size() + 1));
  }
  return found;
}

std::optional<std::string> KernelLine::value(std::string_view name) const {
  auto found = values(name);
  if (found.empty())
    return std::nullopt;
  return std::move(found.back());
}

}  // namespace rescue
