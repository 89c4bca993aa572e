// Errors as values: what was attempted, on what, and why it failed.
//
// lib/ returns errors and never prints or exits; tools/ decide. An Error prints as
// "PATH: ATTEMPT: REASON"; the dispatcher puts the applet's name before it.
#pragma once

#include <concepts>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "lib/base/text.h"

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

// One pointer, which a move takes over: every TRY moves and destroys one, and a result that is not an error pays for
// no more than that.
class [[nodiscard]] Error {
 public:
  Error() noexcept = default;
  Error(std::string_view attempt, std::string_view path, int code, std::string_view detail, Status status);
  Error(const Error& other);
  Error(Error&& other) noexcept : parts_(std::exchange(other.parts_, nullptr)) {}
  Error& operator=(Error other) noexcept {
    std::swap(parts_, other.parts_);
    return *this;
  }
  // One that was moved from costs nothing where the compiler sees it.
  ~Error() {
    if (!__builtin_constant_p(parts_ == nullptr) || parts_ != nullptr)
      destroy(parts_);
  }

  // "enter new root"
  std::string_view attempt() const;
  // "/mnt/sysroot"; empty where there is none.
  std::string_view path() const;
  // errno; 0 when the bytes or words themselves are wrong.
  int code() const;
  // For code 0: "string table ends past the file".
  std::string_view detail() const;
  // The exit status it asks for.
  Status status() const;
  void set_status(Status status);

 private:
  struct Parts;
  static void destroy(Parts* parts);
  const Parts& parts() const;

  Parts* parts_ = nullptr;  // owned; none for an error that says nothing
};

template <typename T = void>
using Result = std::expected<T, Error>;

namespace detail {

// `kinds` and what follows are as join() takes them: the attempt, the path, and the parts of the detail.
[[gnu::cold]] std::unexpected<Error> fail_parts(uint64_t kinds, ...);
[[gnu::cold]] std::unexpected<Error> usage_error_parts(uint64_t kinds, ...);

}  // namespace detail

// An error of the system call before it, of whose errno it tells.
[[gnu::cold]] std::unexpected<Error> fail(const char* attempt, const std::string& path);
[[gnu::cold]] std::unexpected<Error> fail(const char* attempt, const char* path);
[[gnu::cold]] std::unexpected<Error> fail(std::string_view attempt, std::string_view path);

// The same with a number that was kept.
[[gnu::cold]] std::unexpected<Error> fail(const char* attempt, const std::string& path, int code);
[[gnu::cold]] std::unexpected<Error> fail(const char* attempt, const char* path, int code);
[[gnu::cold]] std::unexpected<Error> fail(std::string_view attempt, std::string_view path, int code);

// An error that is no system call's: `attempt` on `path` did not work because of `detail`, which is joined as str()
// does.
template <typename Attempt, typename Path, typename... Detail>
  requires(sizeof...(Detail) > 1 || (sizeof...(Detail) == 1 && (!std::integral<Detail> && ...)))
[[gnu::always_inline]] inline std::unexpected<Error> fail(const Attempt& attempt, const Path& path,
                                                          const Detail&... parts) {
  return detail::fail_parts(detail::part_kinds<Attempt, Path, Detail...>(), detail::passed(attempt),
                            detail::passed(path), detail::passed(parts)...);
}

// Bytes that are not what they should be: "PATH: WHAT: DETAIL".
template <typename What, typename Path, typename... Detail>
[[gnu::always_inline]] inline std::unexpected<Error> corrupt(const What& what, const Path& path,
                                                             const Detail&... detail) {
  return fail(what, path, detail...);
}

// Wrong usage; the dispatcher adds the hint at --help. The detail is joined as str() does.
[[gnu::cold]] std::unexpected<Error> usage_error(const std::string& detail);
[[gnu::cold]] std::unexpected<Error> usage_error(std::string_view detail);
[[gnu::cold]] std::unexpected<Error> usage_error(const char* detail);
template <typename... Detail>
  requires(sizeof...(Detail) > 1)
[[gnu::always_inline]] inline std::unexpected<Error> usage_error(const Detail&... parts) {
  return detail::usage_error_parts(detail::part_kinds<Detail...>(), detail::passed(parts)...);
}

// The same error, asking for another exit status.
[[gnu::cold]] std::unexpected<Error> with_status(Error error, Status status);

// One line without a newline. Bytes of a path that could disturb a terminal are escaped.
std::string message(const Error& error);

// The text of an errno value, without touching global state.
std::string_view errno_text(int code);

namespace detail {

// Moves the value out and ends the life of what it was in: nothing is left to destroy.
template <typename T>
[[gnu::always_inline]] inline T taken(T& value) {
  T result = std::move(value);
  std::destroy_at(&value);
  return result;
}

// The same as a function of its own where it is more than a few instructions: every other line of the kit has one.
template <typename T>
[[gnu::noinline]] T taken_far(T& value) {
  return taken(value);
}

// What TRY holds. It is not destroyed with its scope: either the error or the value is taken out of it.
template <typename R>
union Tried {
  R result;
  ~Tried() {}

  bool ok() const { return result.has_value(); }
  Error error() { return std::move(result).error(); }
  [[gnu::always_inline]] typename R::value_type value() {
    if constexpr (std::is_void_v<typename R::value_type>)
      return;
    else if constexpr (std::is_trivially_copyable_v<typename R::value_type>)
      return *result;
    else if constexpr (sizeof(R) <= 2 * sizeof(void*))
      return taken(*result);
    else
      return taken_far(*result);
  }
};

// A result that has a name, and an owner.
template <typename R>
union Tried<R&> {
  R* result;
  Tried(R& named) : result(&named) {}

  bool ok() const { return result->has_value(); }
  Error error() { return std::move(*result).error(); }
  typename R::value_type value() { return *std::move(*result); }
};

template <typename R>
Tried(R&&) -> Tried<R>;

}  // namespace detail

}  // namespace rescue

// Unwraps a Result, or returns its error from the enclosing function.
#define TRY(...)                               \
  ({                                           \
    rescue::detail::Tried tried_{__VA_ARGS__}; \
    if (!tried_.ok()) [[unlikely]]             \
      return std::unexpected(tried_.error());  \
    tried_.value();                            \
  })
