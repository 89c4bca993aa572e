#include "lib/text/lines.h"

#include <cstring>

#include "lib/base/fd.h"

namespace rescue {

namespace {

constexpr size_t first_capacity = 65536;

}  // namespace

// Makes room behind what is pending, and reads once. False where nothing came.
bool LineReader::fill() {
  const size_t pending = filled_ - at_;
  if (pending == capacity_) {
    const size_t larger = capacity_ == 0 ? first_capacity : 2 * capacity_;
    auto buffer = std::make_unique_for_overwrite<char[]>(larger);
    if (pending > 0)
      std::memcpy(buffer.get(), buffer_.get() + at_, pending);
    buffer_ = std::move(buffer);
    capacity_ = larger;
  } else if (pending > 0) {
    std::memmove(buffer_.get(), buffer_.get() + at_, pending);
  }
  at_ = 0;
  filled_ = pending;
  auto count = read_some(fd_, {buffer_.get() + filled_, capacity_ - filled_}, path_);
  const size_t got = count.value_or(0);
  filled_ += got;
  if (!count)
    error_ = std::move(count).error();
  return got > 0;
}

// The line whose ending has not been read yet. What was searched already is not searched again.
bool LineReader::next_beyond(std::string_view& line) {
  while (!finished_) {
    const size_t searched = filled_ - at_;
    if (!fill()) {
      finished_ = true;
      break;
    }
    const char* const start = buffer_.get() + at_;
    const char* const stop = buffer_.get() + filled_;
    if (const char* const found = find_byte(start + searched, stop, ending_); found != stop) {
      line = {start, found};
      at_ += line.size() + 1;
      return true;
    }
  }
  // Text without an ending is a line too; that a read failed behind it shows in end().
  line = pending();
  at_ = filled_;
  ended_ = line.empty();
  return !line.empty();
}

Result<> LineReader::end() {
  if (error_)
    return std::unexpected(*error_);
  return {};
}

void put_line(const LineReader& lines, std::string_view line, Output& out) {
  if (lines.ended())
    out.write(lines.whole(line));
  else
    out.put(line, '\n');
}

}  // namespace rescue
