// Where good bytes come from, without a bundle or from one: for a file that is missing or damaged, all that could take
// its place, in the order in which a repair should try them (design, section 6).
//
// Each donor has been read as a whole and checked: its content is held in memory, so that what is put in place is
// exactly what was judged. Nothing is changed, and nothing of the root is run.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/archive/entry.h"
#include "lib/base/error.h"
#include "lib/bundle/reader.h"
#include "lib/crypto/file_digest.h"
#include "lib/elf/arch.h"
#include "lib/fs/root.h"
#include "lib/health/package_db.h"

namespace rescue {

// The file that is looked for. What is not known stays empty; the less is known, the less sure the donors are.
struct Wanted {
  std::string path;    // its place in the root, as Root::find gives it: "usr/lib/x86_64-linux-gnu/libc.so.6"
  std::string soname;  // of a library: "libc.so.6"; empty for what is found by its name and digest alone
  const elf::Arch* arch = nullptr;  // of ELF files
  std::vector<FileDigest> digests;  // what it should be; the finder adds those of the package database
  std::string build_id;             // hex
  std::string glibc_version;        // of the rest of the family: "2.36"; empty: as the package database says
  std::string glibc_package;        // the words of its builder, as in elf::Banner::package
};

enum class DonorKind : uint8_t {
  other_name,     // a file of the root under another name, or in a directory that was moved aside
  leftover,       // of a package manager that was interrupted: name.dpkg-new, name;5f2a1b3c
  process,        // a running process still has it mapped
  package_cache,  // a package that the package manager keeps
  initramfs,      // an image in /boot
  bundle,
};

// How sure it is that these bytes are the right ones, the best last.
enum class Certainty : uint8_t {
  plausible,     // the right kind of file for this machine, and nothing speaks against it
  same_version,  // of the version that the rest of the family, or the package database, has
  same_build,    // its build-id is the one that was asked for
  exact,         // its digest is the one that the package database or a bundle has for this file
};

struct Donor {
  DonorKind kind = DonorKind::other_name;
  Certainty certainty = Certainty::plausible;
  std::string where;  // for people: "a deleted file that process 123 (sshd) still has mapped"
  std::string why;    // for people, what `certainty` rests on: "its md5 is that of libc6 2.36-9+deb12u14"

  // Of other_name and leftover: the file in the root; a rename from there to Wanted::path moves it back. Empty for all
  // others.
  std::string path;
  // Where a whole directory was moved aside: rename `aside_from` to `aside_to`, and everything in it is back.
  std::string aside_from;
  std::string aside_to;

  // A symbolic link where this is not empty: its text. Then there is no content.
  std::string link;
  std::shared_ptr<const std::string> content;

  // What belongs to the file beside its content, as far as this donor knows.
  std::optional<uint32_t> mode;  // permission bits
  std::optional<uint32_t> uid;
  std::optional<uint32_t> gid;
  std::optional<int64_t> mtime;
  uint32_t mtime_ns = 0;
  std::vector<Xattr> xattrs;

  std::string build_id;       // what the bytes themselves say, or empty
  std::string glibc_version;  // likewise: "2.36"
  std::string glibc_package;
};

struct DonorOptions {
  std::vector<std::string> bundles;  // files; where empty, those of the kit's ../bundles
  bool use_bundles = true;           // where not, `bundles` and the kit's are left alone
  TrustPolicy trust;                 // for bundles
  std::string proc = "/proc";
  bool processes = true;
  // Goes on after a donor that is exact, and gives all there are.
  bool all = false;
};

class DonorFinder {
 public:
  // All must outlive this. `db` may be null.
  DonorFinder(const Root& root, PackageDb* db, DonorOptions options) : root_(root), db_(db), options_(options) {}

  // For each of `wanted` its donors: the most certain first, and those that are equally certain in the order of
  // DonorKind. Several at once cost little more than one, for each package, image and bundle is read once.
  std::vector<std::vector<Donor>> find(const std::vector<Wanted>& wanted);

  // What could not be looked at, for people.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  const Root& root_;
  PackageDb* db_;
  DonorOptions options_;
  std::vector<std::string> notes_;
};

}  // namespace rescue
