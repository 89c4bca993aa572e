#include "lib/health/donor_search.h"

#include <algorithm>
#include <ranges>

#include <sys/stat.h>

#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/bundle/collect.h"
#include "lib/elf/glibc.h"

namespace rescue {

namespace {

// A half of another glibc needs the other half.
bool speaks_against(const Wanted& wanted, const Donor& donor) {
  const auto differ = [](std::string_view a, std::string_view b) { return !a.empty() && !b.empty() && a != b; };
  return differ(wanted.glibc_version, donor.glibc_version) || differ(wanted.glibc_package, donor.glibc_package);
}

}  // namespace

Trust trust_of(const struct stat& info) {
  return info.st_uid == 0 && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0 ? Trust::usual : Trust::exact_only;
}

DonorSearch::DonorSearch(const Root& root, PackageDb* db, const DonorOptions& options, std::span<const Wanted> wanted,
                         std::vector<std::string>& notes)
    : root_(root), db_(db), options_(options), notes_(notes), paths_(root) {
  for (const Wanted& one : wanted) {
    Request request;
    request.wanted = one;
    request.name = base_name(one.path);
    request.key = paths_.of(one.path);
    prepare(request);
    requests_.push_back(std::move(request));
  }
}

// Asks the package database.
void DonorSearch::prepare(Request& request) {
  if (db_ == nullptr)
    return;
  auto owner = db_->owner(request.wanted.path);
  if (!owner) {
    note(message(owner.error()));
  } else if (*owner) {
    const InstalledPackage& package = db_->packages()[(*owner)->package];
    request.owner = package;
    request.authority = str(package.name, ' ', package.version);
    // What the administrator may have changed is not wrong for being different.
    if (!(*owner)->file.config)
      request.expected = (*owner)->file.digest;
    request.link = (*owner)->file.link;
  }
  if (request.wanted.glibc_version.empty())
    request.wanted.glibc_version = db_->glibc_version().value_or("");
}

void DonorSearch::note(std::string text) {
  if (!std::ranges::contains(notes_, text))
    notes_.push_back(std::move(text));
}

bool DonorSearch::done() const {
  return std::ranges::none_of(requests_, [this](const Request& request) { return is_open(request); });
}

bool DonorSearch::name_fits(const Request& request, std::string_view path) {
  return base_name(path) == request.name && without_usr(paths_.of(path)) == without_usr(request.key);
}

bool DonorSearch::offer(Request& request, Donor donor, Trust trust, std::string_view version_reason) {
  if (!judge(request, donor, trust, version_reason))
    return false;
  request.exact = request.exact || donor.certainty == Certainty::exact;
  request.donors.push_back(std::move(donor));
  return true;
}

bool DonorSearch::is_exact(const Request& request, Donor& donor) const {
  if (!donor.link.empty()) {
    donor.why = str("it is the link that ", request.authority, " has");
    return donor.link == request.link;
  }
  // Where the package database has its say, nobody else is asked.
  if (request.expected) {
    donor.why = str("its ", digest_name(request.expected.algorithm), " is the one of ", request.authority);
    return digest_of(request.expected.algorithm, *donor.content) == request.expected.hex;
  }
  return std::ranges::any_of(request.wanted.digests, [&](const FileDigest& digest) {
    donor.why = str("its ", digest_name(digest.algorithm), " is the one that is known of this file");
    return digest && digest_of(digest.algorithm, *donor.content) == digest.hex;
  });
}

// What the bytes say of themselves. False where they cannot be what is looked for.
bool DonorSearch::read_elf(const Request& request, Donor& donor) const {
  const Wanted& wanted = request.wanted;
  const auto image = elf::Image::parse(Bytes(*donor.content, donor.where));
  if (!image)
    return wanted.arch == nullptr && wanted.soname.empty() && wanted.build_id.empty();
  if (wanted.arch != nullptr && elf::architecture_of(*image) != wanted.arch)
    return false;
  if (image->truncated() || (!wanted.soname.empty() && image->soname != wanted.soname))
    return false;
  donor.build_id = image->build_id;
  if (elf::is_glibc_soname(image->soname))
    if (const auto banner = elf::find_banner(*donor.content)) {
      donor.glibc_version = banner->version;
      donor.glibc_package = banner->package;
    }
  return true;
}

bool DonorSearch::judge(const Request& request, Donor& donor, Trust trust, std::string_view version_reason) {
  if (donor.link.empty() && donor.content == nullptr)
    return false;
  if (donor.content != nullptr && !read_elf(request, donor))
    return false;
  const Wanted& wanted = request.wanted;
  if (is_exact(request, donor)) {
    donor.certainty = Certainty::exact;
    return true;
  }
  if (trust == Trust::exact_only || speaks_against(wanted, donor))
    return false;
  if (!wanted.build_id.empty() && donor.build_id == wanted.build_id) {
    donor.certainty = Certainty::same_build;
    donor.why = str("its build-id is ", donor.build_id);
    return true;
  }
  donor.certainty = Certainty::same_version;
  if (!donor.glibc_package.empty() && donor.glibc_package == wanted.glibc_package) {
    donor.why = str("it is of ", donor.glibc_package);
  } else if (!version_reason.empty()) {
    donor.why = version_reason;
  } else if (!donor.glibc_version.empty() && donor.glibc_version == wanted.glibc_version) {
    donor.why = str("it is of glibc ", donor.glibc_version);
  } else {
    donor.certainty = Certainty::plausible;
    donor.why = "it is of the right kind, but nothing proves that it is the right one";
    // The database knows the right one, and this is another.
    return donor.link.empty() ? !request.expected : request.link.empty();
  }
  return true;
}

Result<bool> read_donor(int fd, std::string_view shown, Donor& donor) {
  struct stat info{};
  if (::fstat(fd, &info) < 0)
    return fail("read", shown);
  if (!S_ISREG(info.st_mode) || info.st_size == 0 || static_cast<uint64_t>(info.st_size) > largest_donor)
    return false;
  donor.content = std::make_shared<const std::string>(TRY(read_all(fd, largest_donor, shown)));
  donor.mode = info.st_mode & 07777;
  donor.uid = info.st_uid;
  donor.gid = info.st_gid;
  donor.mtime = info.st_mtim.tv_sec;
  donor.mtime_ns = static_cast<uint32_t>(info.st_mtim.tv_nsec);
  if (auto xattrs = read_xattrs(fd, shown))
    donor.xattrs = *std::move(xattrs);
  return true;
}

namespace {

Donor donor_of(const Entry& entry, const Donor& describe) {
  Donor donor = describe;
  donor.where =
      str(entry.path.starts_with("./") ? std::string_view(entry.path).substr(2) : entry.path, " in ", describe.where);
  donor.mode = entry.mode;
  // Images made at home by a user, and payloads of RPMs, have made-up owners.
  if (describe.kind == DonorKind::package_cache) {
    donor.uid = entry.uid;
    donor.gid = entry.gid;
    donor.mtime = entry.mtime;
    donor.mtime_ns = entry.mtime_ns;
    donor.xattrs = entry.xattrs;
  }
  return donor;
}

}  // namespace

Result<> offer_entries(DonorSearch& search, EntryReader& entries, std::span<Request* const> requests,
                       const Donor& describe, Trust trust, std::string_view version_reason) {
  while (const Entry* entry = TRY(entries.next())) {
    if (entry->type != EntryType::file && entry->type != EntryType::symlink)
      continue;
    std::shared_ptr<const std::string> content;
    for (Request* request : requests) {
      // An initramfs may have its libraries elsewhere.
      const bool fits =
          describe.kind == DonorKind::initramfs && !request->wanted.soname.empty()
              ? base_name(entry->path) == request->name
              : search.name_fits(*request, entry->path.starts_with("./") ? entry->path.substr(2) : entry->path);
      if (!fits || (entry->type == EntryType::file && (entry->size == 0 || entry->size > largest_donor)))
        continue;
      Donor donor = donor_of(*entry, describe);
      if (entry->type == EntryType::symlink) {
        donor.link = entry->link;
      } else {
        if (content == nullptr)
          content = std::make_shared<const std::string>(TRY(read_all(entries, largest_donor)));
        donor.content = content;
      }
      search.offer(*request, std::move(donor), trust, version_reason);
    }
  }
  return {};
}

}  // namespace rescue
