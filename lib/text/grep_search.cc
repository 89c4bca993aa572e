#include "lib/text/grep_search.h"

#include <algorithm>
#include <cstring>

#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/utf8.h"

namespace rescue::grep {
namespace {

constexpr size_t block_size = 131072;

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    if (static_cast<uint8_t>(text[0]) < 0x80) {
      text.remove_prefix(1);
      continue;
    }
    const Character c = first_character(text);
    if (!c.valid)
      return false;
    text.remove_prefix(c.length);
  }
  return true;
}

}  // namespace

// Once, at the start: in no hurry.
[[clang::minsize]] void Colors::parse(std::string_view text) {
  while (!text.empty()) {
    const size_t end = std::min(text.find(':'), text.size());
    const std::string_view entry = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t equals = entry.find('=');
    const std::string_view name = entry.substr(0, equals);
    if (equals == npos) {
      reversed = reversed || name == "rv";
      no_erase = no_erase || name == "ne";
      continue;
    }
    const std::string value(entry.substr(equals + 1));
    if (value.find_first_not_of("0123456789;") != npos)
      return;
    if (name == "mt" || name == "ms")
      selected_match = value;
    if (name == "mt" || name == "mc")
      context_match = value;
    struct Named {
      std::string_view name;
      std::string Colors::* member;
    };
    for (const Named& known :
         {Named{"fn", &Colors::file}, Named{"ln", &Colors::line}, Named{"bn", &Colors::byte},
          Named{"se", &Colors::separator}, Named{"sl", &Colors::selected_line}, Named{"cx", &Colors::context_line}})
      if (name == known.name)
        this->*known.member = value;
  }
}

// Offsets are into the buffer, which holds a part of the file.
struct Search::File {
  int fd = -1;
  std::string_view shown;
  uint64_t size = 0;  // of a regular file
  bool is_regular = false;
  uint64_t read = 0;  // bytes of the file so far
  uint64_t base = 0;  // where in the file the buffer begins
  size_t filled = 0;
  size_t at = 0;              // what is before was searched
  size_t printed = 0;         // what is before was printed, or is no context any more
  bool printed_line = false;  // `printed` is the end of a line that was printed
  size_t counted = 0;         // newlines before this are in `lines`
  uint64_t lines = 0;
  uint64_t selected = 0;
  uint64_t left = UINT64_MAX;  // how many more may be selected
  uint64_t pending = 0;        // lines of context to be printed yet
  uint64_t before = 0;
  uint64_t after = 0;
  size_t last_end = 0;  // the end of the line that was selected last
  unsigned width = 0;   // of numbers, with -T
  bool quiet = false;
  bool first_only = false;
  bool binary = false;
  bool bad_encoding = false;
  uint64_t selected_before_binary = 0;
  bool ended = false;
};

bool Search::fill(File& file, size_t& added) {
  // Of what was searched, only what may be printed as context yet is kept.
  size_t keep = file.at;
  for (uint64_t i = 0; i < file.before && keep > file.printed; ++i) {
    const char separator = opt_.zero ? '\0' : '\n';
    const char* const last = find_last_byte(buffer_.get() + file.printed, buffer_.get() + keep - 1, separator);
    keep = last == nullptr ? file.printed : static_cast<size_t>(last - buffer_.get()) + 1;
  }
  if (file.pending > 0)
    keep = std::min(keep, file.printed);
  if (opt_.numbers && file.counted < keep) {
    file.lines += count_byte({buffer_.get() + file.counted, keep - file.counted}, opt_.zero ? '\0' : '\n');
    file.counted = keep;
  }
  if (file.filled - keep + block_size > capacity_) {
    capacity_ = std::max(2 * capacity_, file.filled - keep + block_size);
    auto larger = std::make_unique_for_overwrite<char[]>(capacity_);
    if (file.filled > keep)
      std::memcpy(larger.get(), buffer_.get() + keep, file.filled - keep);
    buffer_ = std::move(larger);
  } else if (keep > 0) {
    std::memmove(buffer_.get(), buffer_.get() + keep, file.filled - keep);
  }
  file.base += keep;
  file.filled -= keep;
  file.at -= keep;
  file.printed_line = file.printed_line && file.printed >= keep;
  file.printed -= std::min(file.printed, keep);
  file.counted -= std::min(file.counted, keep);
  added = 0;
  // A file that gave all that it had when it was opened is not asked again.
  if (file.is_regular && file.size > 0 && file.read == file.size) {
    file.ended = true;
    return true;
  }
  const auto count = read_some(file.fd, {buffer_.get() + file.filled, capacity_ - file.filled}, file.shown);
  if (!count) {
    if (!opt_.silent)
      io_.warn(count.error());
    else
      (void)io_.out.flush();
    return false;
  }
  added = *count;
  file.read += added;
  file.filled += added;
  file.ended = added == 0;
  return true;
}

// Zero bytes end lines in what is binary.
bool Search::is_binary(File& file, size_t added, bool first) {
  const std::string_view fresh(buffer_.get() + file.filled - added, added);
  bool holes = false;
  if (first && file.is_regular && file.read < file.size) {
    const off_t here = ::lseek(file.fd, 0, SEEK_CUR);
    const off_t hole = here < 0 ? here : ::lseek(file.fd, here, SEEK_HOLE);
    holes = hole >= 0 && static_cast<uint64_t>(hole) < file.size;
    if (here >= 0)
      (void)::lseek(file.fd, here, SEEK_SET);
  }
  return holes || place_of(fresh, '\0') != npos;
}

void Search::search(int fd, std::string_view shown, const struct stat& info) {
  File file;
  file.fd = fd;
  file.shown = shown;
  file.is_regular = S_ISREG(info.st_mode);
  file.size = file.is_regular ? static_cast<uint64_t>(info.st_size) : 0;
  const off_t start = file.is_regular ? ::lseek(fd, 0, SEEK_CUR) : -1;
  file.read = start > 0 ? static_cast<uint64_t>(start) : 0;
  const uint64_t began = file.read;
  file.left = opt_.max_count.value_or(UINT64_MAX);
  file.quiet = opt_.quiet || opt_.list || opt_.count;
  file.first_only = opt_.quiet || opt_.list;
  if (!file.quiet && !opt_.only_matching) {
    const uint64_t both = opt_.context.value_or(0);
    file.before = opt_.before.value_or(both);
    file.after = opt_.after.value_or(both);
  }
  if (opt_.tab) {
    uint64_t number = file.is_regular ? file.size : UINT64_MAX;
    number += opt_.numbers && number < UINT64_MAX ? 1 : 0;
    for (; number > 0 || file.width == 0; number /= 10)
      ++file.width;
  }
  bool first = true;
  while (!file.ended) {
    size_t added = 0;
    if (!fill(file, added))
      break;
    if (added > 0 && !file.binary && !opt_.zero && opt_.binary != Binary::text && is_binary(file, added, first)) {
      if (opt_.binary == Binary::skip)
        return;
      file.binary = true;
      file.selected_before_binary = file.selected;
      if (!opt_.count)
        file.first_only = file.quiet = true;
    }
    first = false;
    const char separator = opt_.zero ? '\0' : '\n';
    if (file.binary && added > 0)
      std::replace(buffer_.get() + file.filled - added, buffer_.get() + file.filled, '\0', '\n');
    size_t end = file.filled;
    if (!file.ended) {
      const char* const last = find_last_byte(buffer_.get() + file.at, buffer_.get() + file.filled, separator);
      if (last == nullptr)
        continue;
      end = static_cast<size_t>(last - buffer_.get()) + 1;
    } else if (file.filled > file.at) {
      // There is room: what is read next has none to find.
      if (file.filled == capacity_)
        continue;
      buffer_[file.filled] = separator;
      end = ++file.filled;
    }
    search_lines(file, end);
    if (file.left == 0 || (file.first_only && file.selected > 0))
      break;
  }
  print_after(file, file.filled);
  if (file.left == 0 && fd == io_.in && start >= 0)
    (void)::lseek(fd, static_cast<off_t>(began + file.base + file.last_end), SEEK_SET);
  summarize(file);
}

// From `at` on; the last byte before `end` ends a line.
void Search::search_lines(File& file, size_t end) {
  const char separator = opt_.zero ? '\0' : '\n';
  const char* const data = buffer_.get();
  while (file.at < end && file.left > 0 && !(file.first_only && file.selected > 0)) {
    const size_t found = regex_ ? regex_->find_record({data + file.at, end - 1 - file.at}) : npos;
    if (found == npos) {
      if (opt_.invert)
        select_range(file, file.at, end);
      file.at = end;
      break;
    }
    const size_t place = file.at + found;
    const char* const before = find_last_byte(data + file.at, data + place, separator);
    const size_t line = before == nullptr ? file.at : static_cast<size_t>(before - data) + 1;
    const size_t line_end = static_cast<size_t>(find_byte(data + place, data + end, separator) - data) + 1;
    if (opt_.invert)
      select_range(file, file.at, line);
    else
      select(file, line, line_end);
    file.at = line_end;
  }
}

// Selects each line of a range.
void Search::select_range(File& file, size_t begin, size_t end) {
  const char separator = opt_.zero ? '\0' : '\n';
  while (begin < end && file.left > 0 && !(file.first_only && file.selected > 0)) {
    const auto next =
        static_cast<size_t>(find_byte(buffer_.get() + begin, buffer_.get() + end, separator) - buffer_.get());
    select(file, begin, next + 1);
    begin = next + 1;
  }
}

void Search::select(File& file, size_t begin, size_t end) {
  ++file.selected;
  --file.left;
  file.last_end = end;
  any_selected_ = true;
  if (opt_.quiet)
    done_ = true;
  if (file.quiet)
    return;
  print_after(file, begin);
  print_before(file, begin);
  print_line(file, begin, end, true);
  file.printed = end;
  file.printed_line = true;
  file.pending = file.after;
  printed_any_ = true;
}

// Context behind the line that was printed last.
void Search::print_after(File& file, size_t end) {
  while (file.pending > 0 && file.printed < end) {
    const char* const data = buffer_.get();
    const size_t next =
        static_cast<size_t>(find_byte(data + file.printed, data + end, opt_.zero ? '\0' : '\n') - data) + 1;
    if (next > end)
      return;
    print_line(file, file.printed, next, false);
    file.printed = next;
    --file.pending;
  }
}

void Search::print_before(File& file, size_t begin) {
  const char separator = opt_.zero ? '\0' : '\n';
  size_t from = begin;
  for (uint64_t i = 0; i < file.before && from > file.printed; ++i) {
    const char* const last = find_last_byte(buffer_.get() + file.printed, buffer_.get() + from - 1, separator);
    from = last == nullptr ? file.printed : static_cast<size_t>(last - buffer_.get()) + 1;
  }
  const bool context = (opt_.before || opt_.after || opt_.context) && !opt_.no_separator;
  if (context && printed_any_ && !(file.printed_line && from == file.printed)) {
    paint(colors_.separator, opt_.separator);
    io_.out.put('\n');
  }
  while (from < begin) {
    const size_t next =
        static_cast<size_t>(find_byte(buffer_.get() + from, buffer_.get() + begin, separator) - buffer_.get()) + 1;
    print_line(file, from, next, false);
    from = next;
  }
}

void Search::print_line(File& file, size_t begin, size_t end, bool selected) {
  if (!opt_.only_matching && !print_head(file, begin, end - begin - 1, selected))
    return;
  const bool matching = selected != opt_.invert;
  const std::string& line_color =
      selected != (opt_.invert && colors_.reversed) ? colors_.selected_line : colors_.context_line;
  const std::string& match_color = selected ? colors_.selected_match : colors_.context_match;
  if ((opt_.only_matching && matching) || (opt_.color && (!line_color.empty() || !match_color.empty()))) {
    if (matching && regex_ && (opt_.only_matching || !match_color.empty()))
      begin = print_matches(file, begin, end, selected, line_color);
    if (!opt_.only_matching && !line_color.empty() && begin < end) {
      size_t tail = end - 1;
      if (tail > begin && buffer_[tail - 1] == '\r')
        --tail;
      if (tail > begin)
        paint(line_color, {buffer_.get() + begin, tail - begin});
      begin = tail;
    }
  }
  if (!opt_.only_matching && begin < end)
    io_.out.write({buffer_.get() + begin, end - begin});
  if (opt_.line_buffered)
    (void)io_.out.flush();
}

// Up to the last match in a line, whose ending is at `end` - 1; gives where the rest begins.
size_t Search::print_matches(File& file, size_t begin, size_t end, bool selected, const std::string& line_color) {
  const std::string_view line(buffer_.get() + begin, end - 1 - begin);
  size_t shown = 0;
  Span match;
  for (size_t at = 0; at < line.size() && regex_->find(line, match, at);) {
    if (match.begin >= line.size())
      break;
    if (match.size() == 0) {
      at = match.begin + 1;
      continue;
    }
    if (opt_.only_matching) {
      if (!print_head(file, begin + match.begin, match.size(), selected))
        return end;
    } else {
      if (opt_.color)
        start(line_color);
      io_.out.write(line.substr(shown, match.begin - shown));
    }
    paint(selected ? colors_.selected_match : colors_.context_match, match.of(line));
    if (opt_.only_matching)
      io_.out.put(opt_.zero ? '\0' : '\n');
    shown = at = match.end;
  }
  return opt_.only_matching ? end : begin + shown;
}

// False where the line is not fit to be printed, and counts as binary.
bool Search::print_head(File& file, size_t begin, size_t length, bool selected) {
  if (opt_.binary != Binary::text && !bytes_ && !is_utf8({buffer_.get() + begin, length})) {
    file.bad_encoding = true;
    return false;
  }
  const char separator = selected ? ':' : '-';
  if (names_) {
    print_name(file.shown);
    if (opt_.zero_names)
      io_.out.put('\0');
    else
      print_separator(separator);
  }
  const auto number = [&](uint64_t value, const std::string& color) {
    const Part part(value);
    std::string text(part.view());
    if (text.size() < file.width)
      text.insert(0, file.width - text.size(), ' ');
    paint(color, text);
    print_separator(separator);
  };
  if (opt_.numbers) {
    if (begin > file.counted) {
      file.lines += count_byte({buffer_.get() + file.counted, begin - file.counted}, opt_.zero ? '\0' : '\n');
      file.counted = begin;
    }
    number(file.lines + 1, colors_.line);
  }
  if (opt_.offsets)
    number(file.base + begin, colors_.byte);
  if (opt_.tab && (names_ || opt_.numbers || opt_.offsets) && length > 0)
    io_.out.put('\t');
  return true;
}

void Search::print_separator(char separator) {
  paint(colors_.separator, std::string_view(&separator, 1));
}

void Search::print_name(std::string_view name) {
  paint(colors_.file, name);
}

void Search::paint(const std::string& color, std::string_view text) {
  if (opt_.color)
    start(color);
  io_.out.write(text);
  if (opt_.color && !color.empty())
    stop();
}

void Search::start(const std::string& color) {
  if (!color.empty())
    io_.out.put("\033[", color, colors_.no_erase ? "m" : "m\033[K");
}

void Search::stop() {
  io_.out.put(colors_.no_erase ? "\033[m" : "\033[m\033[K");
}

void Search::nothing(std::string_view shown) {
  File file;
  file.shown = shown;
  summarize(file);
}

void Search::summarize(File& file) {
  if (opt_.count && !opt_.quiet && !opt_.list) {
    if (names_) {
      print_name(file.shown);
      if (opt_.zero_names)
        io_.out.put('\0');
      else
        print_separator(':');
    }
    io_.out.put(file.selected, '\n');
    if (opt_.line_buffered)
      (void)io_.out.flush();
  }
  if (opt_.list && !opt_.quiet && *opt_.list == (file.selected > 0)) {
    print_name(file.shown);
    io_.out.put(opt_.zero_names ? '\0' : '\n');
  }
  const bool hidden = file.binary && file.selected > file.selected_before_binary;
  if (!opt_.quiet && !opt_.list && !opt_.count && (hidden || file.bad_encoding))
    io_.note(file.shown, ": binary file matches");
}

}  // namespace rescue::grep
