// What a copier says and asks, at the console.
#pragma once

#include "lib/base/io.h"
#include "lib/fs/tree_copy.h"

namespace rescue {

class CopyConsole final : public CopyEvents {
 public:
  // `replaces`: a target without write permission is replaced all the same, not written into.
  CopyConsole(Io& io, bool replaces) : io_(io), replaces_(replaces) {}

  void failed(const Error& error) override { io_.warn(error); }
  void warned(const std::string& text) override { io_.note(text); }
  void said(const std::string& line) override { io_.out.put(line, '\n'); }
  bool may_replace(const std::string& target, mode_t mode, bool writable) override;

 private:
  Io& io_;
  bool replaces_;
};

}  // namespace rescue
