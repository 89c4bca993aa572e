// The streams of an applet: buffered output that remembers its first failure, and warnings.
//
// A test gives an applet strings in place of descriptors and reads what it wrote.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/error.h"
#include "lib/base/text.h"

namespace rescue {

// Collects text and writes it in large pieces. The first error sticks, later writes are dropped, and flush()
// reports it: a full disk is never a silent success.
class Output {
 public:
  // Buffered when `buffered`; otherwise each call to put() or write() is one write(2).
  Output(int fd, std::string_view name, bool buffered) : fd_(fd), name_(name), buffered_(buffered) {}
  explicit Output(std::string& sink) : sink_(&sink), name_("output") {}

  void write(std::string_view bytes);
  void write(const String auto& bytes);
  template <typename... T>
  [[gnu::always_inline]] void put(const T&... parts) {
    if constexpr (sizeof...(T) == 1 && (std::convertible_to<const T&, std::string_view> && ...))
      write(parts...);
    else
      put_parts(detail::part_kinds<T...>(), detail::passed(parts)...);
  }

  Result<> flush();
  // False once something could not be written: an endless producer stops here.
  bool ok() const { return !error_; }
  int fd() const { return fd_; }
  // Whether a person watches: output goes to a terminal.
  bool is_terminal() const;

 private:
  static constexpr size_t buffer_size = 32768;
  void put_parts(uint64_t kinds, ...);
  void send(std::string_view bytes);

  int fd_ = -1;
  std::string* sink_ = nullptr;
  std::string_view name_;
  bool buffered_ = true;
  size_t used_ = 0;
  std::optional<Error> error_;
  std::unique_ptr<char[]> buffer_;  // made at the first write, so that a silent applet costs nothing
};

// What an applet's `run` gets: its streams, its name for messages, and the status that warnings leave behind.
class Io {
 public:
  Io(std::string_view name, int failure_status)
      : name(name), failure_status(failure_status), out(1, "standard output", true), err(2, "standard error", false) {}
  Io(std::string_view name, int failure_status, std::string& out_text, std::string& err_text)
      : name(name), failure_status(failure_status), out(out_text), err(err_text) {}

  std::string_view name;
  int failure_status;
  Output out;
  Output err;
  int in = 0;

  // Prints "NAME: ERROR" and remembers a failing status; the applet goes on with its other operands.
  void warn(const Error& error);
  // Remembers a failing status, and says nothing: for those who were told to be quiet.
  void fail_silently() { status_ = failure_status; }
  // Prints "NAME: TEXT" without failing.
  void note(std::string_view text);
  template <typename... T>
    requires(sizeof...(T) > 1)
  [[gnu::always_inline]] void note(const T&... parts) {
    note_parts(detail::part_kinds<T...>(), detail::passed(parts)...);
  }
  // Prints the error and gives the exit status it asks for.
  int report(const Error& error);
  // The exit status: 0, or the failure status if anything was warned of.
  int status() const { return status_; }

 private:
  void note_parts(uint64_t kinds, ...);

  int status_ = 0;
};

}  // namespace rescue
