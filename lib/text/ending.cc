#include "lib/text/ending.h"

#include <algorithm>

#include "lib/base/fd.h"
#include "lib/text/scan.h"

namespace rescue {

size_t Ending::start_in(std::string_view text) const {
  if (!lines)
    return count < text.size() ? text.size() - static_cast<size_t>(count) : 0;
  if (count == 0)
    return text.size();
  const char* const start = text.data();
  // The ending of the last line begins no new one.
  const char* at = start + text.size() - (text.ends_with(line_end) ? 1 : 0);
  for (uint64_t left = count; left > 0; --left) {
    at = find_last_byte(start, at, line_end);
    if (at == nullptr)
      return 0;
  }
  return static_cast<size_t>(at - start) + 1;
}

size_t after_lines(std::string_view text, uint64_t& count, char line_end) {
  const uint64_t have = count_byte(text, line_end);
  if (have < count) {
    count -= have;
    return text.size();
  }
  const char* at = text.data();
  for (; count > 0; --count)
    at = find_byte(at, text.data() + text.size(), line_end) + 1;
  return static_cast<size_t>(at - text.data());
}

Result<std::string> read_ending(int fd, std::string_view path, const Ending& ending, Output* before) {
  constexpr size_t piece = 65536;
  std::string held;
  size_t limit = 2 * piece;
  const auto let_go = [&] {
    const size_t start = ending.start_in(held);
    if (before != nullptr)
      before->write(std::string_view(held).substr(0, start));
    held.erase(0, start);
    limit = std::max(2 * piece, 2 * held.size());
  };
  while (before == nullptr || before->ok()) {
    const size_t had = held.size();
    Result<size_t> count = 0;
    held.resize_and_overwrite(had + piece, [&](char* data, size_t) {
      count = read_some(fd, {data + had, piece}, path);
      return had + count.value_or(0);
    });
    if (TRY(std::move(count)) == 0)
      break;
    if (held.size() >= limit)
      let_go();
  }
  let_go();
  return held;
}

}  // namespace rescue
