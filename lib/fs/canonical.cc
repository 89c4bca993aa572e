#include "lib/fs/canonical.h"

#include <algorithm>
#include <cerrno>
#include <set>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/fs/root.h"

namespace rescue {

namespace {

// What stands behind a component makes it a directory: a slash at the end, or one before a dot or two.
bool must_be_directory(std::string_view rest) {
  while (rest.starts_with('/')) {
    rest.remove_prefix(std::min(rest.find_first_not_of('/'), rest.size()));
    if (rest.empty())
      return true;
    if (rest[0] != '.')
      return false;
    rest.remove_prefix(1);
    if (rest.empty() || (rest[0] == '.' && (rest.size() == 1 || rest[1] == '/')))
      return true;
  }
  return false;
}

class Canonical {
 public:
  Canonical(std::string_view path, const CanonicalOptions& options) : shown_(path), rest_(path), opt_(options) {}

  Result<std::string> run() {
    if (rest_.empty())
      return fail("resolve", shown_, ENOENT);
    done_ = rest_.starts_with('/') ? "/" : TRY(working_directory());
    while (true) {
      const size_t start = rest_.find_first_not_of('/', at_);
      if (start == std::string::npos)
        return std::move(done_);
      const size_t end = std::min(rest_.find('/', start), rest_.size());
      const std::string name = rest_.substr(start, end - start);
      at_ = end;
      TRY(component(name));
    }
  }

 private:
  Result<> component(const std::string& name) {
    if (name == ".")
      return {};
    if (name == "..") {
      done_ = dir_name(done_);
      return {};
    }
    const size_t before = done_.size();
    if (!done_.ends_with('/'))
      done_ += '/';
    done_ += name;
    if (!opt_.keep_links) {
      auto target = read_link_at(AT_FDCWD, done_, shown_);
      if (target)
        return take_link(*target, before);
      errno = target.error().code();
    }
    return check_exists();
  }

  Result<> take_link(const std::string& target, size_t before) {
    // Links that went round would have been met with the same rest of the path before; those that lead into themselves,
    // x -> x/y, make it longer each time.
    const std::string rest = rest_.substr(at_);
    ++links_;
    if (links_ > 20 && (links_ > most_links || !seen_.insert(str(done_, '\0', rest)).second)) {
      if (opt_.missing == Missing::any)
        return {};
      return fail("resolve", shown_, ELOOP);
    }
    rest_ = str(target, rest);
    at_ = 0;
    done_.resize(target.starts_with('/') ? 0 : before);
    if (done_.empty())
      done_ = "/";
    return {};
  }

  // After readlink(2) has failed with errno.
  Result<> check_exists() {
    if (opt_.missing == Missing::any)
      return {};
    const std::string_view rest = std::string_view(rest_).substr(at_);
    if (must_be_directory(rest)) {
      struct stat info{};
      if (::stat(str(done_, "/.").c_str(), &info) == 0)
        return {};
    } else if (!opt_.keep_links) {
      if (errno == EINVAL)
        return {};
    } else if (!rest.empty() || ::faccessat(AT_FDCWD, done_.c_str(), F_OK, AT_EACCESS) == 0) {
      return {};
    }
    const int code = errno;
    if (opt_.missing == Missing::last && code == ENOENT && rest.find_first_not_of('/') == std::string_view::npos)
      return {};
    return fail("resolve", shown_, code);
  }

  static constexpr unsigned most_links = 4096;

  const std::string shown_;
  std::string rest_;  // what is still to be followed, from at_ on
  size_t at_ = 0;
  std::string done_;
  const CanonicalOptions& opt_;
  unsigned links_ = 0;
  std::set<std::string> seen_;
};

}  // namespace

Result<std::string> canonical_path(std::string_view path, const CanonicalOptions& options) {
  return Canonical(path, options).run();
}

bool is_below(std::string_view path, std::string_view directory) {
  if (directory == "/")
    return path.starts_with('/');
  return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

std::string relative_path(std::string_view path, std::string_view from) {
  if (path == from)
    return ".";
  std::string up;
  while (!is_below(path, from)) {
    up += up.empty() ? ".." : "/..";
    from = dir_name(from);
  }
  path.remove_prefix(std::min(path.find_first_not_of('/', from == "/" ? 0 : from.size()), path.size()));
  return str(up, up.empty() || path.empty() ? "" : "/", path);
}

}  // namespace rescue
