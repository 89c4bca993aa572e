// The loader's search: which file each needed name leads to, by which rule, and what is missing.
//
// A Resolver works on one Root and resolves any number of its programs and libraries. It opens and reads each
// library once, looks up each directory once, and remembers what is not there; what it gives stays good as long as
// it lives. Nothing is ever run. One thread at a time may use it, but programs can be read beforehand by many
// (read_program).
//
// Rules, in the loader's order (handbook section 4): what is loaded already under that name; DT_RPATH of the asking
// object and of those that brought it in, unless it has DT_RUNPATH; LD_LIBRARY_PATH; its own DT_RUNPATH; ld.so.cache;
// the default directories that the loader file itself holds.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/elf/cpu.h"
#include "lib/elf/library.h"
#include "lib/fs/root.h"

namespace rescue::elf {

class Searcher;

struct SearchOptions {
  std::vector<std::string> library_path;  // LD_LIBRARY_PATH, divided
  std::vector<std::string> preload;       // LD_PRELOAD, divided
  bool use_preload_file = true;           // /etc/ld.so.preload
  bool use_cache = true;                  // /etc/ld.so.cache
  bool secure = false;                    // as for setuid programs: no LD_LIBRARY_PATH, few preloads
  std::string working_directory = "/";    // of the root: what relative paths and empty elements stand for
  std::optional<Hwcaps> hwcaps;           // in place of what this machine's processor can do
};

enum class Rule : uint8_t {
  program,  // what was asked for
  loader,   // PT_INTERP: opened by the kernel; also where it is not found
  preload,
  direct,  // the name is a path
  rpath,
  environment,  // LD_LIBRARY_PATH
  runpath,
  cache,
  default_dir,
  not_found,
};

std::string_view rule_name(Rule rule);

// What a name led to.
struct Hit {
  const Library* library = nullptr;  // null where nothing was found
  std::string path;                  // as the loader would print it: "/lib/x86_64-linux-gnu/libc.so.6"
  Rule rule = Rule::not_found;
  std::vector<std::string> tried;       // where nothing was found: the directories and files looked at
  std::vector<std::string> mismatched;  // files of that name that were passed over: another machine or class
  std::optional<Error> error;           // found, and the loader stops there: damaged, or nothing that it can load
};

// One file of a program's closure.
struct LoadedObject {
  std::string_view name;  // as it was asked for
  const Hit* hit = nullptr;
  uint32_t requester = 0;  // place in Closure::objects of what brought it in

  const Library* library() const { return hit->library; }
  bool usable() const { return hit->library != nullptr && !hit->error; }
};

struct Edge {
  uint32_t from = 0, to = 0;  // places in Closure::objects
};

struct VersionProblem {
  enum class Kind : uint8_t {
    missing,  // the loader refuses
    weak,     // it warns
    untold,   // the library names no versions at all: it takes what it finds
  };
  uint32_t requester = 0, provider = 0;  // places in Closure::objects
  std::string_view version;
  Kind kind = Kind::missing;
};

struct Closure {
  std::vector<LoadedObject> objects;  // [0] is the program; in the order in which the loader loads them
  std::vector<Edge> edges;            // every need, also of what was loaded already, in order
  std::vector<VersionProblem> version_problems;
  std::vector<LoadedObject> failed_preloads;  // a warning to the loader
  CLibrary c_library = CLibrary::unknown;
  bool is_static = false;  // nothing is searched for it

  // Whether the program would start, as far as its libraries decide.
  bool resolves() const;
};

class Resolver {
 public:
  // `root` must outlive this. A cache that cannot be read is left out of the search, as the loader does;
  // cache_error() tells.
  explicit Resolver(const Root& root, SearchOptions options = {});
  ~Resolver();
  Resolver(Resolver&&) noexcept;
  Resolver& operator=(Resolver&&) noexcept;

  const Root& root() const;
  const std::optional<Error>& cache_error() const;

  // Resolves the program or library at `path`. An error when it is not there or not ELF; all that can be wrong
  // further on is in the Closure.
  Result<Closure> resolve(std::string_view path);

  // The same for a file that was read already.
  Result<Closure> resolve(std::unique_ptr<Library> program);

  // Paths within the root, without links and sorted, of all the files that the program needs to start, itself and
  // the loader among them. What is not found is left out: look at the Closure for that.
  static std::vector<std::string> files_of(const Closure& closure);

 private:
  std::unique_ptr<Searcher> searcher_;
};

// Reads the program at `path` of `root` for Resolver::resolve. Touches no shared state.
Result<std::unique_ptr<Library>> read_program(const Root& root, std::string_view path);

// LD_LIBRARY_PATH divided as the loader does: colons and semicolons, an empty element is the working directory.
std::vector<std::string> split_library_path(std::string_view text);

// LD_PRELOAD divided: blanks and colons.
std::vector<std::string> split_preload(std::string_view text);

// The entries of an /etc/ld.so.preload: blanks, tabs, newlines and colons divide; # begins a comment.
std::vector<std::string> preload_file_entries(std::string_view text);

// One line for people: "libfoo.so.1: not found (looked in /lib, /usr/lib)", "/lib/libc.so.6: version GLIBC_2.38 is
// missing (needed by /usr/bin/x)". Empty when all is well. Warnings (weak versions, preloads) are not among them.
std::vector<std::string> problems_of(const Closure& closure);

}  // namespace rescue::elf
