// For unit tests: a directory of their own, files in it, and other programs run in it.
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/text.h"

namespace rescue {

class Scratch {
 public:
  Scratch() {
    const char* place = std::getenv("TMPDIR");
    path_ = str(place != nullptr ? place : "/tmp", "/rescue-unit.XXXXXX");
    REQUIRE(::mkdtemp(path_.data()) != nullptr);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { (void)std::system(str("rm -rf '", path_, "'").c_str()); }

  std::string path(std::string_view name) const { return str(path_, '/', name); }

  void write(std::string_view name, std::string_view content) const {
    const auto fd = open_file(path(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    REQUIRE(fd);
    REQUIRE(write_all(fd->get(), content, name));
  }

  std::string read(std::string_view name) const {
    const auto fd = open_file(path(name), O_RDONLY);
    REQUIRE(fd);
    auto content = read_all(fd->get(), uint64_t{1} << 30, name);
    REQUIRE(content);
    return *std::move(content);
  }

  // The exit status of a shell command that runs in the directory; what it prints is in the files "output" and
  // "errors".
  int run(std::string_view command) const {
    const int status = std::system(str("cd '", path_, "' && { ", command, "; } >output 2>errors").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  // Runs it, insists that it succeeds, and gives its output.
  std::string output_of(std::string_view command) const {
    const int status = run(command);
    std::string text = read("output");
    INFO(command, "\n", text, read("errors"));
    REQUIRE(status == 0);
    return text;
  }

 private:
  std::string path_;
};

}  // namespace rescue
