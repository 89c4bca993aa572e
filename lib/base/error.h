// Errors as values: what was attempted, on what, and why it failed.
//
// lib/ returns errors and never prints or exits; tools/ decide. An Error prints as
// "PATH: ATTEMPT: REASON"; the dispatcher puts the applet's name before it.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace rescue {

// Exit codes that an Error may ask for (design: exit codes of the rescue-* commands).
enum class Status : uint8_t {
  unset = 0,      // the applet's own failure status
  failed = 1,     // failed; nothing changed, or rolled back
  usage = 2,      // wrong usage
  refused = 3,    // a safety check said no; nothing changed
  bad_data = 4,   // the bundle or package is corrupt, truncated or not trusted
  unhealthy = 5,  // done as far as possible, and it still does not work
};

// Its special members are not inline: every TRY moves and destroys one, and three strings' worth of code at each of
// them would be a third of the executable.
struct [[nodiscard]] Error {
  Error();
  Error(std::string attempt, std::string path, int code, std::string detail, Status status);
  Error(const Error&);
  Error(Error&&) noexcept;
  Error& operator=(const Error&);
  Error& operator=(Error&&) noexcept;
  ~Error();

  std::string attempt;            // "enter new root"
  std::string path;               // "/mnt/sysroot"; empty where there is none
  int code = 0;                   // errno; 0 when the bytes or words themselves are wrong
  std::string detail;             // for code 0: "string table ends past the file"
  Status status = Status::unset;  // the exit status it asks for
};

template <typename T = void>
using Result = std::expected<T, Error>;

// An error of a system call. Takes views, so that building the arguments cannot disturb errno.
[[gnu::cold]] std::unexpected<Error> fail(std::string_view attempt, std::string_view path, int code);

// An error that is no system call's: `attempt` on `path` did not work because of `detail`.
[[gnu::cold]] std::unexpected<Error> fail(std::string_view attempt, std::string_view path, std::string_view detail);

// Bytes that are not what they should be: "PATH: WHAT: DETAIL".
[[gnu::cold]] std::unexpected<Error> corrupt(std::string_view what, std::string_view path, std::string_view detail);

// Wrong usage; the dispatcher adds the hint at --help.
[[gnu::cold]] std::unexpected<Error> usage_error(std::string_view detail);

// The same error, asking for another exit status.
[[gnu::cold]] std::unexpected<Error> with_status(Error error, Status status);

// One line without a newline. Bytes of a path that could disturb a terminal are escaped.
std::string message(const Error& error);

// The text of an errno value, without touching global state.
std::string_view errno_text(int code);

}  // namespace rescue

// Unwraps a Result, or returns its error from the enclosing function.
#define TRY(...)                                              \
  ({                                                          \
    auto&& try_result_ = (__VA_ARGS__);                       \
    if (!try_result_) [[unlikely]]                            \
      return std::unexpected(std::move(try_result_).error()); \
    *std::move(try_result_);                                  \
  })
