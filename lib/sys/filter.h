// A program that what is written, or read, goes through: what --compress-program means.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "lib/base/error.h"
#include "lib/base/fd.h"

namespace rescue {

class Filter {
 public:
  Filter() = default;
  Filter(Filter&& other) noexcept
      : fd_(std::move(other.fd_)), pid_(std::exchange(other.pid_, -1)), name_(std::move(other.name_)) {}
  Filter& operator=(Filter&& other) noexcept;
  ~Filter();

  // Starts the program between us and `file`: what is written to fd() comes out in `file`, or what is read from fd() is
  // what it makes of `file`.
  static Result<Filter> into(const std::vector<std::string>& words, int file);
  static Result<Filter> from(const std::vector<std::string>& words, int file);

  bool runs() const { return pid_ > 0; }
  int fd() const { return fd_.get(); }
  UniqueFd take_fd() { return std::move(fd_); }

  // Closes our end where it is still here, and waits: an error where the program failed. Fine where none runs.
  Result<> finish();

 private:
  static Result<Filter> start(const std::vector<std::string>& words, int file, bool writes);

  UniqueFd fd_;
  pid_t pid_ = -1;
  std::string name_;
};

}  // namespace rescue
