// Receiving a file as text: lines of base64, and behind them what `sha256sum` prints. Any terminal can send that.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/error.h"
#include "lib/crypto/digest.h"

namespace rescue {

class PastedFile {
 public:
  // Takes a line without its end. What does not belong (an echo, a message of the kernel) is counted, and the file is
  // not whole then. Adds what it decodes to `bytes`.
  void take(std::string_view line, std::string& bytes);

  // The line of sha256sum has come.
  bool finished() const { return !wanted_.empty(); }
  const std::string& wanted_digest() const { return wanted_; }  // hex
  const std::string& name() const { return name_; }
  size_t bad_lines() const { return bad_lines_; }

 private:
  std::string wanted_;
  std::string name_;
  size_t bad_lines_ = 0;
  bool ended_ = false;  // a line with padding was the last
};

}  // namespace rescue
