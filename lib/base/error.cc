#include "lib/base/error.h"

#include <cstring>

#include "lib/base/text.h"

namespace rescue {

Error::Error() = default;
Error::Error(std::string a, std::string p, int c, std::string d, Status s)
    : attempt(std::move(a)), path(std::move(p)), code(c), detail(std::move(d)), status(s) {}
Error::Error(const Error&) = default;
Error::Error(Error&&) noexcept = default;
Error& Error::operator=(const Error&) = default;
Error& Error::operator=(Error&&) noexcept = default;
Error::~Error() = default;

std::unexpected<Error> fail(std::string_view attempt, std::string_view path, int code) {
  return std::unexpected(Error{std::string(attempt), std::string(path), code, {}, Status::unset});
}

std::unexpected<Error> fail(std::string_view attempt, std::string_view path, std::string_view detail) {
  return std::unexpected(Error{std::string(attempt), std::string(path), 0, std::string(detail), Status::unset});
}

std::unexpected<Error> corrupt(std::string_view what, std::string_view path, std::string_view detail) {
  return fail(what, path, detail);
}

std::unexpected<Error> usage_error(std::string_view detail) {
  return std::unexpected(Error{{}, {}, 0, std::string(detail), Status::usage});
}

std::unexpected<Error> with_status(Error error, Status status) {
  error.status = status;
  return std::unexpected(std::move(error));
}

std::string message(const Error& error) {
  std::string text;
  const auto add = [&text](std::string_view part) {
    if (part.empty())
      return;
    if (!text.empty())
      text += ": ";
    text += part;
  };
  add(printable(error.path));
  add(error.attempt);
  add(error.code != 0 ? errno_text(error.code) : std::string_view(error.detail));
  return text;
}

std::string_view errno_text(int code) {
  // Only musl's and glibc's messages for known numbers are returned; both are constants.
  return ::strerror(code);
}

}  // namespace rescue
