// Where an archive is written to: a file, a string, a compressor.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/error.h"

namespace rescue {

class Sink {
 public:
  Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  virtual ~Sink() = default;

  virtual Result<> write(std::string_view bytes) = 0;
};

class StringSink : public Sink {
 public:
  explicit StringSink(std::string& text) : text_(text) {}
  Result<> write(std::string_view bytes) override {
    text_ += bytes;
    return {};
  }

 private:
  std::string& text_;
};

// Writes through at once; give it large pieces. The descriptor stays the caller's, who syncs and closes it.
class FdSink : public Sink {
 public:
  FdSink(int fd, std::string_view path) : fd_(fd), path_(path) {}
  Result<> write(std::string_view bytes) override;

 private:
  int fd_;
  std::string path_;
};

}  // namespace rescue
