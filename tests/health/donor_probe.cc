// Prints what lib/health knows of files of a root, for tests/system/donors.sh:
//
//   donor-probe ROOT owner PATH...       PATH NAME VERSION ARCHITECTURE DIGEST
//   donor-probe ROOT donors SONAME PATH [OPTION...]   KIND CERTAINTY SHA256 MODE UID:GID WHERE: WHY
//   donor-probe ROOT glibc               the version, and the packages of glibc
//
// Options: bundle=FILE, version=2.36, all.
#include <cstdio>
#include <vector>

#include "lib/base/text.h"
#include "lib/crypto/digest.h"
#include "lib/elf/arch.h"
#include "lib/health/donor.h"
#include "lib/health/package_db.h"

namespace rescue { namespace {

using Words = std::vector<std::string_view>;

constexpr std::string_view kinds[] = {"other_name", "leftover", "process", "package_cache", "initramfs", "bundle"};
constexpr std::string_view certainties[] = {"plausible", "same_version", "same_build", "exact"};

void print(std::string_view line) {
  std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
}

int failed(const Error& error) {
  print(str("error: ", message(error)));
  return 1;
}

int print_owners(PackageDb& db, const Words& paths) {
  for (const std::string_view path : paths) {
    const auto owner = db.owner(path);
    if (!owner)
      return failed(owner.error());
    if (!*owner) {
      print(str(path, " none"));
      continue;
    }
    const InstalledPackage& package = db.packages()[(*owner)->package];
    const PackageFile& file = (*owner)->file;
    print(str(path, ' ', package.name, ' ', package.version, ' ', package.architecture, ' ',
              file.digest ? str(digest_name(file.digest.algorithm), ':', file.digest.hex) : "-",
              file.link.empty() ? "" : str(" -> ", file.link),
              file.mode ? str(' ', to_octal(*file.mode), ' ', file.user, ':', file.group) : ""));
  }
  return 0;
}

int print_glibc(PackageDb& db) {
  print(db.glibc_version().value_or("unknown"));
  for (const size_t i : db.glibc_packages()) {
    const auto files = db.files(i);
    if (!files)
      return failed(files.error());
    size_t digests = 0;
    for (const PackageFile& file : *files)
      digests += file.digest ? 1 : 0;
    print(str(db.packages()[i].name, ' ', db.packages()[i].version, ' ', db.packages()[i].architecture, ' ',
              files->size(), ' ', digests));
  }
  return 0;
}

void print_donor(const Donor& donor) {
  const std::string what = donor.content != nullptr ? hex(Sha256::of(*donor.content)) : str("->", donor.link);
  print(str(kinds[static_cast<size_t>(donor.kind)], ' ', certainties[static_cast<size_t>(donor.certainty)], ' ', what,
            ' ', donor.mode ? to_octal(*donor.mode) : "-", ' ', donor.uid ? str(*donor.uid, ':', *donor.gid) : "-", ' ',
            donor.aside_from.empty() ? "" : str('[', donor.aside_from, " => ", donor.aside_to, "] "), donor.where, ": ",
            donor.why));
}

int print_donors(const Root& root, PackageDb* db, Words words) {
  Wanted wanted;
  DonorOptions options;
  wanted.soname = words[0] == "-" ? "" : words[0];
  wanted.path = words[1];
  if (!wanted.soname.empty())
    wanted.arch = elf::architecture_named("x86_64");
  for (const std::string_view word : std::vector(words.begin() + 2, words.end())) {
    if (word == "all")
      options.all = true;
    else if (word.starts_with("bundle="))
      options.bundles.emplace_back(word.substr(7));
    else if (word.starts_with("version="))
      wanted.glibc_version = word.substr(8);
  }
  DonorFinder finder(root, db, options);
  const auto found = finder.find({wanted});
  for (const Donor& donor : found[0])
    print_donor(donor);
  for (const std::string& note : finder.notes())
    print(str("note: ", note));
  return 0;
}

int run(const Words& words) {
  const auto root = Root::open(words[0]);
  if (!root)
    return failed(root.error());
  const auto db = PackageDb::open(*root);
  if (!db)
    return failed(db.error());
  const Words rest(words.begin() + 2, words.end());
  int status = 2;
  if (words[1] == "donors")
    status = print_donors(*root, db->get(), rest);
  else if (*db == nullptr)
    print("no database");
  else if (words[1] == "owner")
    status = print_owners(**db, rest);
  else if (words[1] == "glibc")
    status = print_glibc(**db);
  if (*db != nullptr)
    for (const std::string& fault : (*db)->faults())
      print(str("fault: ", fault));
  return status;
}

}}  // namespace rescue

int main(int argc, char** argv) {
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  return words.size() < 2 ? 2 : rescue::run(words);
}
