#include "lib/text/output_files.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/quote.h"
#include "lib/sys/process.h"

namespace rescue {

Result<std::string> SuffixedNames::next() {
  const auto last = alphabet_.size() - 1;
  if (places_.empty()) {
    places_.assign(length_, 0);
    for (size_t i = 0; i < start_.size() && i < length_; ++i)
      places_[length_ - 1 - i] = alphabet_.find(start_[start_.size() - 1 - i]);
  } else {
    size_t i = places_.size();
    while (i > 0 && places_[i - 1] == last)
      places_[--i] = 0;
    if (i == 0)
      return fail("name a file", "", "output file suffixes exhausted");
    ++places_[i - 1];
    // The last letter in front is kept for longer suffixes.
    if (grows_ && i == 1 && places_[0] == last) {
      prefix_ += alphabet_[last];
      places_.assign(places_.size() + 1, 0);
    }
  }
  std::string name = prefix_;
  for (const size_t place : places_)
    name += alphabet_[place];
  return name + ending_;
}

OutputFiles::~OutputFiles() {
  for (Target& target : targets_)
    if (target.filter > 0) {
      target.fd.reset();
      ::waitpid(target.filter, nullptr, 0);
    }
}

Result<OutputFiles::Target> OutputFiles::start_filter(std::string name) {
  if (opt_.verbose)
    io_.out.put("executing with FILE=", quoted(name, QuotingStyle::shell_escape), '\n');
  (void)io_.out.flush();
  int fds[2] = {-1, -1};
  if (::pipe2(fds, O_CLOEXEC) < 0)
    return fail("make a pipe", "");
  UniqueFd reading(fds[0]);
  UniqueFd writing(fds[1]);
  const char* const wanted = ::getenv("SHELL");
  const std::string shell = wanted != nullptr && *wanted != '\0' ? wanted : "/bin/sh";
  const pid_t pid = fork_child();
  if (pid < 0)
    return fail("start", shell);
  if (pid == 0) {
    ::setenv("FILE", name.c_str(), 1);
    std::signal(SIGPIPE, SIG_DFL);
    ::dup2(reading.get(), 0);
    ::execl(shell.c_str(), std::string(base_name(shell)).c_str(), "-c", opt_.filter.c_str(), nullptr);
    ::_exit(127);
  }
  return Target{std::move(writing), pid, std::move(name)};
}

Result<OutputFiles::Target> OutputFiles::make() {
  std::string name = TRY(names_.next());
  if (!opt_.filter.empty())
    return start_filter(std::move(name));
  if (opt_.verbose)
    io_.out.put("creating file ", Quoted(name), '\n');
  UniqueFd file = TRY(open_somehow(name, O_WRONLY | O_CREAT));
  struct stat info{};
  if (::fstat(file.get(), &info) < 0)
    return fail("look at", name);
  if (info.st_dev == opt_.input_dev && info.st_ino == opt_.input_ino)
    return fail("write", name, "would overwrite the input");
  if (S_ISREG(info.st_mode) && ::ftruncate(file.get(), 0) < 0)
    return fail("truncate", name);
  return Target{std::move(file), -1, std::move(name)};
}

// Where no more files may be open, one that is gives way. It is opened again when more is written to it.
Result<UniqueFd> OutputFiles::open_somehow(const std::string& name, int flags) {
  while (true) {
    auto file = open_file(name, flags, 0666);
    if (file || (file.error().code() != EMFILE && file.error().code() != ENFILE))
      return file;
    if (!TRY(close_another()))
      return file;
  }
}

Result<bool> OutputFiles::close_another() {
  for (size_t tried = 0; tried < targets_.size(); ++tried) {
    next_to_close_ = (next_to_close_ + 1) % targets_.size();
    Target& target = targets_[next_to_close_];
    if (target.fd && target.filter < 0) {
      TRY(target.fd.close(target.name));
      return true;
    }
  }
  return false;
}

Result<> OutputFiles::finish(Target& target) {
  if (target.fd)
    TRY(target.fd.close(target.name));
  if (target.filter < 0)
    return {};
  int status = 0;
  while (::waitpid(target.filter, &status, 0) < 0 && errno == EINTR) {
  }
  target.filter = -1;
  if (WIFSIGNALED(status) && WTERMSIG(status) != SIGPIPE)
    return fail(str("with FILE=", target.name), opt_.filter, "was ended by signal ", WTERMSIG(status));
  if (WIFEXITED(status))
    filter_status_ = WEXITSTATUS(status);
  if (filter_status_ != 0)
    return fail(str("with FILE=", target.name), opt_.filter, "ended with status ", WEXITSTATUS(status));
  return {};
}

Result<> OutputFiles::write(Target& target, std::string_view text) {
  if (target.deaf)
    return {};
  if (!target.fd)
    target.fd = TRY(open_somehow(target.name, O_WRONLY | O_APPEND));
  const auto done = write_all(target.fd.get(), text, target.name);
  // A filter may stop reading when it has enough.
  if (!done && done.error().code() == EPIPE && target.filter > 0) {
    target.deaf = true;
    return {};
  }
  return done;
}

Result<> OutputFiles::begin() {
  TRY(end());
  targets_.push_back(TRY(make()));
  deaf_ = false;
  return {};
}

Result<> OutputFiles::write(std::string_view text) {
  TRY(write(targets_.back(), text));
  deaf_ = targets_.back().deaf;
  return {};
}

Result<> OutputFiles::end() {
  if (targets_.empty())
    return {};
  const auto done = finish(targets_.back());
  targets_.pop_back();
  return done;
}

Result<size_t> OutputFiles::open() {
  targets_.push_back(TRY(make()));
  return targets_.size() - 1;
}

Result<bool> OutputFiles::write_to(size_t number, std::string_view text) {
  TRY(write(targets_[number], text));
  return !targets_[number].deaf;
}

Result<> OutputFiles::end_all() {
  for (Target& target : targets_)
    TRY(finish(target));
  targets_.clear();
  return {};
}

}  // namespace rescue
