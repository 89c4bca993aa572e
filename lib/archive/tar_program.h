// The program of tar -I, which stands between us and the archive.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "lib/base/error.h"
#include "lib/base/fd.h"

namespace rescue {

class TarProgram {
 public:
  ~TarProgram();
  // Starts it with the archive `fd` as its input (and -d) or as its output; the other end is ours.
  Result<UniqueFd> start(std::vector<std::string> words, int fd, bool reads);
  // Waits for its end, which must be a good one. Our end must be closed by then.
  Result<> finish();

 private:
  std::string name_;
  pid_t child_ = -1;
};

}  // namespace rescue
