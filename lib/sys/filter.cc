#include "lib/sys/filter.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/sys/process.h"

namespace rescue {

Filter& Filter::operator=(Filter&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(pid_, other.pid_);
  std::swap(name_, other.name_);
  return *this;
}

Filter::~Filter() {
  fd_.reset();
  if (pid_ > 0)
    (void)wait_for(pid_);
}

Result<Filter> Filter::start(const std::vector<std::string>& words, int file, bool writes) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0)
    return fail("make a pipe", "");
  UniqueFd theirs(ends[writes ? 0 : 1]);
  Filter filter;
  filter.fd_ = UniqueFd(ends[writes ? 1 : 0]);
  filter.name_ = words[0];
  filter.pid_ = fork_child();
  if (filter.pid_ < 0)
    return fail("start a process", words[0]);
  if (filter.pid_ > 0)
    return filter;
  const int in = writes ? theirs.get() : file;
  const int out = writes ? file : theirs.get();
  if (::dup2(in, STDIN_FILENO) >= 0 && ::dup2(out, STDOUT_FILENO) >= 0)
    (void)execute_found(words);
  ::_exit(127);
}

Result<Filter> Filter::into(const std::vector<std::string>& words, int file) {
  return start(words, file, true);
}

Result<Filter> Filter::from(const std::vector<std::string>& words, int file) {
  return start(words, file, false);
}

Result<> Filter::finish() {
  fd_.reset();
  if (pid_ <= 0)
    return {};
  const int status = wait_for(std::exchange(pid_, -1));
  if (status != 0)
    return fail("run", name_, "ended with status ", status);
  return {};
}

}  // namespace rescue
