#include "lib/sys/output_of.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/kit.h"
#include "lib/sys/process.h"

namespace rescue {

Result<std::string> output_of(const std::string& command) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0)
    return fail("make a pipe for", command);
  UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  const pid_t child = fork_child();
  if (child < 0)
    return fail("start", command);
  if (child == 0) {
    ::dup2(writing.get(), 1);
    reset_signals();
    char* const words[] = {const_cast<char*>("sh"), const_cast<char*>("-c"), const_cast<char*>(command.c_str()),
                           nullptr};
    ::execv("/bin/sh", words);
    ::execv(kit_path("bin/sh").c_str(), words);
    ::_exit(127);
  }
  writing.reset();
  auto text = read_all(reading.get(), uint64_t{1} << 32, command);
  wait_for(child);
  return text;
}

}  // namespace rescue
