#include "lib/text/joined_input.h"

#include <algorithm>

#include <sys/stat.h>
#include <unistd.h>

namespace rescue {

bool JoinedInput::open_next() {
  while (!input_) {
    const size_t count = names_.empty() ? 1 : names_.size();
    if (next_ == count)
      return false;
    auto input = Input::open(names_.empty() ? "-" : names_[next_], io_);
    ++next_;
    if (input)
      input_ = std::move(*input);
    else
      io_.warn(input.error());
  }
  return true;
}

size_t JoinedInput::read(std::span<char> buffer) {
  size_t filled = 0;
  while (filled < buffer.size() && open_next()) {
    const auto count = read_some(input_->fd(), buffer.subspan(filled), input_->name());
    if (!count)
      io_.warn(count.error());
    filled += count.value_or(0);
    if (count.value_or(0) == 0)
      input_.reset();
  }
  return filled;
}

uint64_t JoinedInput::skip(uint64_t count) {
  uint64_t left = count;
  while (left > 0 && open_next()) {
    struct stat info{};
    const off_t here = ::lseek(input_->fd(), 0, SEEK_CUR);
    // What the kernel makes up has less in it than the page that it says.
    if (here >= 0 && ::fstat(input_->fd(), &info) == 0 && S_ISREG(info.st_mode) &&
        info.st_size > std::max<off_t>(here, info.st_blksize)) {
      const uint64_t step = std::min(left, static_cast<uint64_t>(info.st_size - here));
      if (::lseek(input_->fd(), static_cast<off_t>(step), SEEK_CUR) >= 0) {
        left -= step;
        continue;
      }
    }
    char scratch[4096];
    const size_t got = read({scratch, static_cast<size_t>(std::min<uint64_t>(left, sizeof scratch))});
    left -= got;
    if (got == 0)
      break;
  }
  return count - left;
}

}  // namespace rescue
