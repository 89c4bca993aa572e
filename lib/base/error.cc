#include "lib/base/error.h"

#include <cerrno>
#include <cstdarg>
#include <cstring>
#include <memory>

#include "lib/base/text.h"

namespace rescue {

struct Error::Parts {
  std::string attempt;
  std::string path;
  std::string detail;
  int code;
  Status status;
};

Error::Error(std::string_view attempt, std::string_view path, int code, std::string_view detail, Status status)
    : parts_(std::make_unique<Parts>(std::string(attempt), std::string(path), std::string(detail), code, status)
                 .release()) {}

Error::Error(const Error& other)
    : parts_(other.parts_ != nullptr ? std::make_unique<Parts>(*other.parts_).release() : nullptr) {}

void Error::destroy(Parts* parts) {
  const std::unique_ptr<Parts> owned(parts);
}

const Error::Parts& Error::parts() const {
  static constexpr Parts nothing{};
  return parts_ != nullptr ? *parts_ : nothing;
}

std::string_view Error::attempt() const {
  return parts().attempt;
}

std::string_view Error::path() const {
  return parts().path;
}

int Error::code() const {
  return parts().code;
}

std::string_view Error::detail() const {
  return parts().detail;
}

Status Error::status() const {
  return parts().status;
}

void Error::set_status(Status status) {
  *this = Error(attempt(), path(), code(), detail(), status);
}

namespace {

std::unexpected<Error> failed(std::string_view attempt, std::string_view path, int code, std::string_view detail) {
  return std::unexpected(Error(attempt, path, code, detail, Status::unset));
}

}  // namespace

namespace detail {

std::unexpected<Error> fail_parts(uint64_t kinds, ...) {
  struct Texts {
    std::string attempt, path, detail;
    size_t taken = 0;
  } texts;
  va_list parts;
  va_start(parts, kinds);
  each_part(
      kinds, parts,
      [](void* to, std::string_view part) {
        auto& t = *static_cast<Texts*>(to);
        (t.taken == 0 ? t.attempt : t.taken == 1 ? t.path : t.detail) += part;
        ++t.taken;
      },
      &texts);
  va_end(parts);
  return failed(texts.attempt, texts.path, 0, texts.detail);
}

std::unexpected<Error> usage_error_parts(uint64_t kinds, ...) {
  va_list parts;
  va_start(parts, kinds);
  const std::string text = join_parts(kinds, parts);
  va_end(parts);
  return usage_error(text);
}

}  // namespace detail

std::unexpected<Error> fail(const char* attempt, const std::string& path) {
  return failed(attempt, path, errno, {});
}

std::unexpected<Error> fail(const char* attempt, const char* path) {
  return failed(attempt, path, errno, {});
}

std::unexpected<Error> fail(std::string_view attempt, std::string_view path) {
  return failed(attempt, path, errno, {});
}

std::unexpected<Error> fail(const char* attempt, const std::string& path, int code) {
  return failed(attempt, path, code, {});
}

std::unexpected<Error> fail(const char* attempt, const char* path, int code) {
  return failed(attempt, path, code, {});
}

std::unexpected<Error> fail(std::string_view attempt, std::string_view path, int code) {
  return failed(attempt, path, code, {});
}

std::unexpected<Error> usage_error(std::string_view detail) {
  return std::unexpected(Error({}, {}, 0, detail, Status::usage));
}

[[gnu::noinline]] std::unexpected<Error> usage_error(const std::string& detail) {
  return usage_error(std::string_view(detail));
}

[[gnu::noinline]] std::unexpected<Error> usage_error(const char* detail) {
  return usage_error(std::string_view(detail));
}

std::unexpected<Error> with_status(Error error, Status status) {
  error.set_status(status);
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
  add(printable(error.path()));
  add(error.attempt());
  add(error.code() != 0 ? errno_text(error.code()) : error.detail());
  return text;
}

std::string_view errno_text(int code) {
  // Only musl's and glibc's messages for known numbers are returned; both are constants.
  return ::strerror(code);
}

}  // namespace rescue
