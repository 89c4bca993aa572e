// What the package manager of a root wrote down about its files: whose they are, and what they should be.
//
// dpkg's database and RPM's are read by us, with nothing of the root being run; which one it is does not matter to the
// caller. Paths are compared by where they lead (the root's own links followed in their directory), never by how they
// are spelt: a database says /lib64/x where the disk has /usr/lib64/x. Where the links on the way are broken, /lib64/x
// and /usr/lib64/x are taken for the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/crypto/file_digest.h"
#include "lib/fs/root.h"
#include "lib/health/canonical_paths.h"

namespace rescue {

struct InstalledPackage {
  std::string name;
  std::string version;       // "2.36-9+deb12u14"; with an epoch before a colon where there is one
  std::string architecture;  // as the packager names it: "amd64", "x86_64", "all", "noarch"
  std::string source;        // of what source package it is made, without version: "glibc"
  bool installed = true;     // false: half-way, or removed and not forgotten
  std::string state;         // dpkg's words: "install ok half-configured"; of rpm always "installed"
};

// One file of a package, as the database has it.
struct PackageFile {
  std::string path;              // as the database spells it, without leading slash
  FileDigest digest;             // of regular files; dpkg has none of links and directories
  std::string link;              // rpm: the target of a symbolic link
  std::optional<uint32_t> mode;  // rpm: type and permissions (st_mode); dpkg: permissions that the
                                 // administrator ordered (dpkg-statoverride)
  std::string user;              // likewise
  std::string group;
  std::optional<uint64_t> size;  // rpm
  std::optional<int64_t> mtime;  // rpm
  bool config = false;           // the administrator may have changed it
  bool ghost = false;            // rpm: belongs to the package, and is not in it
};

enum class PackageDbKind : uint8_t { dpkg, rpm };

class PackageDb {
 public:
  // Opens the database of the root; null where it has none. What of it cannot be read is in faults(), and the rest is
  // used: an error is for a database of which nothing can be. `root` must outlive it.
  static Result<std::unique_ptr<PackageDb>> open(const Root& root);

  PackageDb(const PackageDb&) = delete;
  PackageDb& operator=(const PackageDb&) = delete;
  virtual ~PackageDb() = default;

  PackageDbKind kind() const { return kind_; }
  // Where it is, in the root: "var/lib/dpkg/status", "var/lib/rpm/rpmdb.sqlite".
  const std::string& path() const { return path_; }
  const std::vector<InstalledPackage>& packages() const { return packages_; }
  // What of the database could not be read, for people.
  const std::vector<std::string>& faults() const { return faults_; }

  // All that belongs to packages()[i].
  virtual Result<std::vector<PackageFile>> files(size_t i) = 0;

  struct Owned {
    size_t package;  // index into packages()
    PackageFile file;
  };
  // Who owns what is, or should be, at `path` of the root. One for a file; a directory may have many owners.
  Result<std::vector<Owned>> owners(std::string_view path);
  // The owner that says most of a file: one with a digest or a link before one without; nothing where it has none.
  Result<std::optional<Owned>> owner(std::string_view path);

  // The packages that glibc's source makes (libc6, libc-bin; glibc, glibc-common), of any architecture.
  std::vector<size_t> glibc_packages() const;
  // The one that holds libc.so.6 for the root's own architecture; nothing where the database knows of none.
  std::optional<size_t> libc_package() const;
  // The release of glibc that the system believes it has: "2.36".
  std::optional<std::string> glibc_version() const;

 protected:
  PackageDb(const Root& root, PackageDbKind kind) : root_(root), kind_(kind), paths_(root) {}

  // Tells `take` of the path of each file of every package: package, where in its list, spelling.
  class PathTaker {
   public:
    virtual void take(size_t package, size_t place, std::string_view path) = 0;

   protected:
    ~PathTaker() = default;
  };
  virtual Result<> list_paths(PathTaker& taker) = 0;
  // The file at that place.
  virtual Result<PackageFile> file_at(size_t package, size_t place) = 0;

  const Root& root_;
  PackageDbKind kind_;
  std::string path_;
  std::vector<InstalledPackage> packages_;
  std::vector<std::string> faults_;

 private:
  struct Name {
    uint32_t hash;  // of the last component
    uint32_t package;
    uint32_t place;
  };
  class Indexer;
  Result<> make_index();

  std::vector<Name> index_;  // by hash; empty until somebody asks for an owner
  bool indexed_ = false;
  CanonicalPaths paths_;
};

// "2.36" of "2:2.36-9+deb12u14": without epoch and packager's revision.
std::string_view upstream_version(std::string_view version);

}  // namespace rescue
