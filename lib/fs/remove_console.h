// What a remover says and asks, at the console.
#pragma once

#include "lib/base/confirm.h"
#include "lib/base/io.h"
#include "lib/fs/tree_remove.h"

namespace rescue {

class RemoveConsole final : public RemoveEvents {
 public:
  explicit RemoveConsole(Io& io) : io_(io) {}

  void failed(const Error& error) override { io_.warn(error); }
  void said(const std::string& line) override { io_.out.put(line, '\n'); }
  bool agrees(const std::string& question) override { return confirm(io_, question); }

 private:
  Io& io_;
};

}  // namespace rescue
