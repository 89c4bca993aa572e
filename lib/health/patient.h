// What all checks look at: a root, what can be told of its glibc from its files alone, and what its glibc should be.
//
// Nothing of the root is run to make it. It never fails: what cannot be found out is left empty, for the checks to say.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>

#include "lib/bundle/journal.h"
#include "lib/bundle/os_release.h"
#include "lib/bundle/plan.h"
#include "lib/bundle/reader.h"
#include "lib/elf/arch.h"
#include "lib/elf/cache_plan.h"
#include "lib/elf/glibc.h"
#include "lib/elf/library.h"
#include "lib/elf/search.h"
#include "lib/fs/root.h"
#include "lib/health/donor.h"
#include "lib/health/finding.h"
#include "lib/health/package_db.h"

namespace rescue {

struct DoctorOptions {
  std::string bundle_file;  // the only bundle to be used; empty: those of the kit
  bool require_signature = false;
  std::string public_key;
  bool run_programs = true;  // a trial run at the end, where nothing speaks against it
};

// A file among the libraries that is, or claims by its name to be, of glibc.
struct Member {
  std::string dir;   // without links
  std::string name;  // in it
  NodeKind kind = NodeKind::nothing;
  struct stat info{};
  std::string link;                    // of a link: its text
  std::unique_ptr<elf::Library> file;  // what it leads to; null where nothing can be opened
  std::string version;                 // of a regular libc or loader, or one with the version in its name: "2.31"
  std::string package;                 // "Debian GLIBC 2.31-13", where it says so

  std::string path() const { return dir.empty() ? name : dir + '/' + name; }
  // It is an ELF file, all there, for the machine of `like`.
  bool is_whole(const elf::Image* like) const;
  // A plain file with another release than `release` in its name, by which no program asks for it: "libc-2.18.so".
  bool is_stray(std::string_view release) const;
};

struct Patient {
  explicit Patient(const Root& root, const DoctorOptions& options) : root(root), options(options) {}

  const Root& root;
  const DoctorOptions& options;
  OsRelease os;
  bool is_musl = false;
  std::string interp;  // "/lib64/ld-linux-x86-64.so.2"; empty where no program tells
  const elf::Arch* arch = nullptr;
  std::unique_ptr<elf::Library> sample;   // a program of the root: says the machine; null where none can be read
  std::vector<std::string> library_dirs;  // in the loader's order, as it spells them
  std::vector<std::string> real_dirs;     // those that are there, without links, each once
  std::string home;                       // the one where glibc lives or lived; empty if unknown
  bool merged = false;                    // /bin, /lib and the like are links into /usr, or were
  std::vector<Member> members;            // by directory in that order, then by name
  std::string version;                    // "2.31": what the family as a whole says it is; empty if unknown

  std::unique_ptr<PackageDb> packages;  // null where there is none, or it cannot be read
  std::string build;                    // "2.31-13+deb11u13": what the package database says is installed

  std::optional<Bundle> bundle;             // the very glibc of this root, as it should be
  std::vector<std::string> place_of_entry;  // of the bundle: where each of its entries is in this root
  std::vector<std::string> notes;           // why other bundles were passed over

  std::vector<elf::LinkChange> link_changes;  // what ldconfig would do to the soname links

  // How the programs fare.
  struct Census {
    size_t programs = 0;      // looked at
    size_t broken = 0;        // of these
    size_t key_programs = 0;  // the shells, the basic commands, login, the package manager
    size_t key_broken = 0;
    bool trial_failed = false;
    bool ran = false;             // /bin/true and /bin/sh were run, and did
    std::string not_run_because;  // why none could be run here

    size_t working() const { return programs - broken; }
    size_t key_working() const { return key_programs - key_broken; }
  } census;

  // Links that a finding of the layout will put back, so that what lies behind them is judged as if it had.
  AssumedLinks assumed;
  // Files whose bytes are known to be right.
  std::set<std::string, std::less<>> right;
  // Good files that were found for those that are not, for RepairStep::index.
  std::vector<Donor> donors;
  // Paths that some finding is about already, and directories below which all is explained by one.
  std::set<std::string, std::less<>> claimed;

  const elf::Image* machine() const { return sample ? &sample->image : nullptr; }
  const Member* member(std::string_view dir, std::string_view name) const;
  bool is_claimed(std::string_view path) const;
  std::string shown(std::string_view path) const { return printable_path(path); }
  std::string printable_path(std::string_view path) const;
  // "ln -sfn TARGET PATH" by the kit's own command, as a person would type it.
  std::string command(std::string_view name, std::string_view words) const;
};

// Looks at the root.
Patient look_at(const Root& root, const DoctorOptions& options);

// Whether `name` is, or begins like, the name of a library of glibc: "libc.so.6", "libm-2.31.so", "ld-2.31.so".
bool is_family_name(std::string_view name);
bool is_loader_name(std::string_view name);
bool is_libc_name(std::string_view name);

// `dir`/`name`, or `name` alone in the root directory.
std::string join_path(std::string_view dir, std::string_view name);

}  // namespace rescue
