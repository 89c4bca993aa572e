#include "lib/archive/tar_program.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/sys/process.h"

namespace rescue {

Result<UniqueFd> TarProgram::start(std::vector<std::string> words, int fd, bool reads) {
  name_ = words.front();
  if (reads)
    words.emplace_back("-d");
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0)
    return fail("make a pipe for", name_);
  UniqueFd ours(ends[reads ? 0 : 1]);
  const UniqueFd its(ends[reads ? 1 : 0]);
  child_ = fork_child();
  if (child_ < 0)
    return fail("start", name_);
  if (child_ == 0) {
    ::dup2(reads ? fd : its.get(), 0);
    ::dup2(reads ? its.get() : fd, 1);
    const auto failed = execute_found(words);
    const std::string text = str("tar: ", message(failed.error()), '\n');
    (void)write_all(2, text, "standard error");
    ::_exit(127);
  }
  return ours;
}

Result<> TarProgram::finish() {
  if (child_ < 0)
    return {};
  const int status = wait_for(std::exchange(child_, -1));
  return status == 0 ? Result<>() : fail("run", name_, "it ended with status ", status);
}

TarProgram::~TarProgram() {
  (void)finish();
}

}  // namespace rescue
