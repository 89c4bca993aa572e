// Reading text line by line, of any length, without copying.
//
//   LineReader lines(fd, path);
//   for (std::string_view line; lines.next(line);)
//     ...
//   TRY(lines.end());
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/error.h"
#include "lib/base/io.h"
#include "lib/text/scan.h"

namespace rescue {

class LineReader {
 public:
  // Reads from `fd`, which stays the caller's; `path` names it in errors. Lines end with `ending`: '\n', or 0 for -z.
  LineReader(int fd, std::string_view path, char ending = '\n') : fd_(fd), ending_(ending), path_(path) {}

  // Takes the next line, without its ending. It is valid until the next call. False at the end of the input, and where
  // it could not be read: end() tells which.
  bool next(std::string_view& line) {
    const char* const start = buffer_.get() + at_;
    const char* const stop = buffer_.get() + filled_;
    const char* const found = find_byte(start, stop, ending_);
    if (found == stop) [[unlikely]]
      return next_beyond(line);
    line = {start, found};
    at_ += line.size() + 1;
    return true;
  }

  // Whether the line that next() gave last had an ending: false at most for the last one of a file.
  bool ended() const { return ended_; }

  // The line that next() gave last, with its ending if it has one.
  std::string_view whole(std::string_view line) const { return {line.data(), line.size() + (ended_ ? 1 : 0)}; }

  // What was read but not taken yet, and taking it: for those who copy the rest as it is.
  std::string_view pending() const { return {buffer_.get() + at_, filled_ - at_}; }
  void take(size_t count) { at_ += count; }

  // After next() said false: the error that ended it, if it was one.
  Result<> end();

 private:
  bool next_beyond(std::string_view& line);
  bool fill();

  int fd_;
  char ending_;
  bool ended_ = true;
  bool finished_ = false;
  size_t at_ = 0;
  size_t filled_ = 0;
  size_t capacity_ = 0;
  std::unique_ptr<char[]> buffer_;
  std::string path_;
  std::optional<Error> error_;
};

// Prints the line that `lines` gave last, with a newline also where it had none.
void put_line(const LineReader& lines, std::string_view line, Output& out);

}  // namespace rescue
