// The search for donors: who is looked for, and the judge of whatever the places to look offer. For donor*.cc.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>

#include "lib/archive/entry.h"
#include "lib/base/error.h"
#include "lib/elf/image.h"
#include "lib/health/canonical_paths.h"
#include "lib/health/donor.h"

namespace rescue {

// What donors are held in memory for: more is no library.
inline constexpr uint64_t largest_donor = 256 << 20;

// Who looks for what, and what was found so far.
struct Request {
  Wanted wanted;
  std::string name;       // of the place
  std::string key;        // the place, as CanonicalPaths has it
  FileDigest expected;    // what the package database says, and
  std::string link;       // likewise of a link
  std::string authority;  // whose word that is: "libc6 2.36-9+deb12u14"
  std::optional<InstalledPackage> owner;
  std::vector<Donor> donors;
  bool exact = false;  // one of them is
};

// How far a place to look can be trusted.
enum class Trust : uint8_t {
  usual,
  exact_only,  // anybody may have put the file there: its digest must be known
};

// What a file or directory of that owner and mode deserves.
Trust trust_of(const struct stat& info);

class DonorSearch {
 public:
  DonorSearch(const Root& root, PackageDb* db, const DonorOptions& options, std::span<const Wanted> wanted,
              std::vector<std::string>& notes);

  const Root& root() const { return root_; }
  const PackageDb* db() const { return db_; }
  const DonorOptions& options() const { return options_; }
  std::vector<Request>& requests() { return requests_; }
  const std::vector<Request>& requests() const { return requests_; }
  CanonicalPaths& paths() { return paths_; }
  void note(std::string text);

  // Whether nobody needs to look any further.
  bool done() const;
  bool is_open(const Request& request) const { return options_.all || !request.exact; }

  // Whether a file of that name could be the one, as far as a name can tell.
  bool name_fits(const Request& request, std::string_view path);

  // Judges the donor, and keeps it if it will do. `version_reason`, where not empty: why it is of the right version,
  // whatever its bytes say.
  bool offer(Request& request, Donor donor, Trust trust, std::string_view version_reason = {});

 private:
  void prepare(Request& request);
  bool judge(const Request& request, Donor& donor, Trust trust, std::string_view version_reason);
  bool is_exact(const Request& request, Donor& donor) const;
  bool read_elf(const Request& request, Donor& donor) const;

  const Root& root_;
  PackageDb* db_;
  const DonorOptions& options_;
  std::vector<std::string>& notes_;
  CanonicalPaths paths_;
  std::vector<Request> requests_;
};

// Reads the file behind `fd` whole into `donor`, with its attributes. False where it is none, empty or too large.
Result<bool> read_donor(int fd, std::string_view shown, Donor& donor);

// The places to look, one per file. Each goes through all requests that are open.
void search_root(DonorSearch& search);
void search_processes(DonorSearch& search);
void search_packages(DonorSearch& search);
void search_initramfs(DonorSearch& search);
void search_bundles(DonorSearch& search);

// Reads an archive through, and offers what fits. `describe` is the donor but for its content.
Result<> offer_entries(DonorSearch& search, EntryReader& entries, std::span<Request* const> requests,
                       const Donor& describe, Trust trust, std::string_view version_reason);

}  // namespace rescue
