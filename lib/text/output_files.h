// The files that `split` fills one after another, and their names: xaa, xab, ...
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "lib/base/error.h"
#include "lib/base/fd.h"
#include "lib/base/io.h"

namespace rescue {

// Names with a suffix that counts up. Where its length is not fixed, it grows before it is used up: xyz is followed by
// xzaaa, so that names stay in order.
class SuffixedNames {
 public:
  SuffixedNames(std::string prefix, std::string_view alphabet, size_t length, bool grows, std::string ending)
      : prefix_(std::move(prefix)), alphabet_(alphabet), length_(length), grows_(grows), ending_(std::move(ending)) {}

  // Digits of the alphabet that the first suffix ends with.
  void start_at(std::string_view digits) { start_ = digits; }

  // An error when all are used up.
  Result<std::string> next();

 private:
  std::string prefix_;
  std::string_view alphabet_;
  size_t length_;
  bool grows_;
  std::string ending_;
  std::string start_;
  std::vector<size_t> places_;
};

// One file at a time, or the standard input of a command.
class OutputFiles {
 public:
  struct Options {
    std::string filter;  // a shell command; $FILE is the name
    bool verbose = false;
    bool skip_empty = false;  // make no files that would be empty
    dev_t input_dev = 0;      // the input, which must not be written over
    ino_t input_ino = 0;
  };

  OutputFiles(const Options& opt, SuffixedNames names, Io& io) : opt_(opt), names_(std::move(names)), io_(io) {}
  ~OutputFiles();

  // Begins the next one, and ends the one before.
  Result<> begin();
  Result<> write(std::string_view text);
  Result<> end();

  // What is to be opened is opened at once, for several that are written in turn: open() gives a number for write_to().
  Result<size_t> open();
  Result<bool> write_to(size_t number, std::string_view text);
  Result<> end_all();

  // Whether the reader of the file that is being written, a filter, went away: then there is no use in more.
  bool deaf() const { return deaf_; }

  // What a filter that failed ended with, or 0.
  int filter_status() const { return filter_status_; }

 private:
  struct Target {
    UniqueFd fd;
    pid_t filter = -1;
    std::string name;
    bool deaf = false;
  };

  Result<Target> make();
  Result<UniqueFd> open_somehow(const std::string& name, int flags);
  Result<bool> close_another();
  Result<Target> start_filter(std::string name);
  Result<> finish(Target& target);
  Result<> write(Target& target, std::string_view text);

  const Options& opt_;
  SuffixedNames names_;
  Io& io_;
  std::vector<Target> targets_;
  size_t next_to_close_ = 0;
  bool deaf_ = false;
  int filter_status_ = 0;
};

}  // namespace rescue
