#include "lib/fs/names.h"

#include <algorithm>

#include <fcntl.h>

#include "lib/base/fd.h"
#include "lib/base/sort.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr uint64_t size_limit = 64 << 20;

std::string contents(const std::string& path) {
  const auto file = open_file(path, O_RDONLY | O_NONBLOCK);
  if (!file)
    return {};
  return read_all(file->get(), size_limit, path).value_or(std::string());
}

}  // namespace

NameFile NameFile::of_text(std::string text) {
  NameFile file("");
  file.text_ = std::move(text);
  file.loaded_ = true;
  // Views of a short text would not survive a move of the object.
  file.text_.reserve(sizeof(std::string) + 1);
  file.parse();
  return file;
}

void NameFile::load() {
  if (loaded_)
    return;
  loaded_ = true;
  text_ = contents(path_);
  parse();
}

void NameFile::parse() {
  for (const std::string_view line : split(text_, '\n')) {
    const size_t first = line.find(':');
    const size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (first == 0 || second == std::string_view::npos)
      continue;
    const std::string_view number = line.substr(second + 1, line.find(':', second + 1) - second - 1);
    if (const auto id = to_number<uint32_t>(number)) {
      entries_.push_back({*id, line});
      lines_.push_back(line);
    }
  }
  rescue::sort(entries_, {}, &Entry::id);
}

uint32_t NameFile::number_in(std::string_view line) {
  const size_t first = line.find(':');
  const size_t second = line.find(':', first + 1);
  return to_number<uint32_t>(line.substr(second + 1, line.find(':', second + 1) - second - 1)).value_or(0);
}

std::string_view NameFile::name_of(uint32_t id) {
  if (has_last_ && last_id_ == id)
    return last_name_;
  load();
  const auto entry = std::ranges::lower_bound(entries_, id, {}, &Entry::id);
  last_name_ = entry != entries_.end() && entry->id == id ? entry->name() : std::string_view();
  last_id_ = id;
  has_last_ = true;
  return last_name_;
}

std::string_view NameFile::line_of(std::string_view name) {
  load();
  const auto entry = std::ranges::find(entries_, name, &Entry::name);
  return entry != entries_.end() ? entry->line : std::string_view();
}

std::optional<uint32_t> NameFile::id_of(std::string_view name) {
  load();
  const auto entry = std::ranges::find(entries_, name, &Entry::name);
  return entry != entries_.end() ? std::optional(entry->id) : std::nullopt;
}

}  // namespace rescue
