// dpkg's database: var/lib/dpkg of a root. For package_db.cc.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/health/package_db.h"

namespace rescue {

namespace dpkg {

// What the file `status` says of a package.
struct Stanza {
  InstalledPackage package;
  std::vector<std::pair<std::string, std::string>> conffiles;  // path without leading slash -> md5
};

// Reads `status`. Stanzas without a name or a version, and lines that are none, are passed over.
std::vector<Stanza> parse_status(std::string_view text);

// A line of a file of md5sums.
struct Md5Line {
  std::string_view path;
  std::string_view md5;
};

// All of them, sorted by path; lines that are none are passed over. Views of `text`.
std::vector<Md5Line> parse_md5sums(std::string_view text);

// The md5 of `path` in a file of md5sums; nothing where it has none.
std::optional<std::string_view> find_md5(std::string_view md5sums, std::string_view path);

struct Diversion {
  std::string from;
  std::string to;
  std::string package;  // whose own file stays at `from`; empty for the administrator's
};

// Reads `diversions`: three lines each.
std::vector<Diversion> parse_diversions(std::string_view text);

struct Override {
  std::string user;
  std::string group;
  uint32_t mode = 0;
};

// Reads `statoverride`: "user group mode path" a line; by path without leading slash.
std::map<std::string, Override, std::less<>> parse_overrides(std::string_view text);

}  // namespace dpkg

class DpkgDb final : public PackageDb {
 public:
  static Result<std::unique_ptr<PackageDb>> open(const Root& root);
  Result<std::vector<PackageFile>> files(size_t i) override;

  explicit DpkgDb(const Root& root) : PackageDb(root, PackageDbKind::dpkg) {}  // for open()

 private:
  // What belongs to packages_[i], read when it is first asked for.
  struct Records {
    std::vector<std::pair<std::string, std::string>> conffiles;
    std::optional<std::string> list;
    std::optional<std::string> md5sums;
  };

  Result<> read_status();
  const std::string& text_of(size_t package, std::optional<std::string>& text, std::string_view ending);
  const std::string& list_of(size_t i) { return text_of(i, records_[i].list, "list"); }
  std::string_view diverted(size_t package, std::string_view path) const;
  const std::string& md5sums_of(size_t i) { return text_of(i, records_[i].md5sums, "md5sums"); }
  PackageFile file_of(size_t package, std::string_view path, std::optional<std::string_view> md5);

  Result<> list_paths(PathTaker& taker) override;
  Result<PackageFile> file_at(size_t package, size_t place) override;

  std::vector<Records> records_;
  std::vector<dpkg::Diversion> diversions_;  // sorted by `from`
  std::map<std::string, dpkg::Override, std::less<>> overrides_;
};

}  // namespace rescue
