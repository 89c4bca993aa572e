// The files of glibc's packages against what the package manager wrote down of them.
#include <algorithm>

#include <fcntl.h>

#include "lib/base/text.h"
#include "lib/bundle/state_dir.h"
#include "lib/health/canonical_paths.h"
#include "lib/health/checks.h"
#include "lib/health/places.h"

namespace rescue {

namespace {

// What no program is started with, and what an administrator may leave out of a server.
bool is_left_out(std::string_view path) {
  return path.starts_with("usr/share/") || path.starts_with("var/");
}

class PackagesCheck {
 public:
  PackagesCheck(Patient& patient, Findings& findings) : p_(patient), findings_(findings) {}

  void run() {
    for (const size_t i : packages_of_glibc()) {
      const auto files = p_.packages->files(i);
      if (!files)
        continue;
      for (const PackageFile& file : *files)
        if (!is_left_out(file.path) && !file.ghost)
          check(p_.packages->packages()[i], file, *files);
    }
  }

 private:
  // Of the system's own architecture, and installed.
  std::vector<size_t> packages_of_glibc() const {
    std::vector<size_t> chosen;
    const auto libc = p_.packages->libc_package();
    if (!libc)
      return chosen;
    const InstalledPackage& main = p_.packages->packages()[*libc];
    const auto all = p_.packages->glibc_packages();
    for (const size_t i : all) {
      const InstalledPackage& one = p_.packages->packages()[i];
      const bool native =
          one.architecture == main.architecture || one.architecture == "all" || one.architecture == "noarch";
      if (native && one.installed && one.version == main.version)
        chosen.push_back(i);
    }
    return chosen;
  }

  void check(const InstalledPackage& package, const PackageFile& file, const std::vector<PackageFile>& files) {
    // Through the root's links, with those that are to be put back.
    const auto place = p_.root.find(file.path, Last::keep, &p_.assumed);
    if (!place) {
      // A directory on the way is missing too; what is there of it may be a link, which stays.
      const std::string path = CanonicalPaths(p_.root).of(file.path);
      if (file.digest && !file.config && !p_.is_claimed(path))
        report(package, file, path, {"MISSING", "is missing", true}, NodeKind::file);
      return;
    }
    if (p_.is_claimed(place->path))
      return;
    if (file.digest)
      check_file(package, file, *place);
    else if (is_link(file, files))
      check_link(package, file, files, *place);
  }

  // Neither a file nor a directory that other files lie in; dpkg says no more.
  static bool is_link(const PackageFile& file, const std::vector<PackageFile>& files) {
    if (!file.link.empty())
      return true;
    const std::string_view name = base_name(file.path);
    const std::string below = file.path + '/';
    return name.contains(".so") && name != "ld.so.conf.d" &&
           std::ranges::none_of(files, [&](const PackageFile& other) { return other.path.starts_with(below); });
  }

  void check_file(const InstalledPackage& package, const PackageFile& file, const Found& place) {
    if (file.config)
      return check_config(package, file, place);
    if (!place.exists || !S_ISREG(place.info.st_mode))
      return report(package, file, place.path, fault_at(p_, place.path, NodeKind::file, {}), NodeKind::file);
    const auto fd = p_.root.open_file(place.path, O_RDONLY | O_NONBLOCK);
    const auto digest = fd ? digest_of_fd(file.digest.algorithm, fd->get(), place.path)
                           : Result<std::optional<std::string>>(std::unexpected(fd.error()));
    if (!digest)
      return report(package, file, place.path, {"UNREADABLE", str("cannot be read: ", message(digest.error())), true},
                    NodeKind::file);
    if (!*digest || **digest == file.digest.hex) {
      p_.right.insert(place.path);
      return;
    }
    Fault fault = fault_of_content(package, place);
    if (fault.suffix == "DIFFERS")
      if (auto note = finding_of_prelinked(p_, place.path)) {
        p_.claimed.insert(place.path);
        return findings_.push_back(*std::move(note));
      }
    report(package, file, place.path, std::move(fault), NodeKind::file);
  }

  // Its bytes are others than the package's.
  Fault fault_of_content(const InstalledPackage& package, const Found& place) const {
    Fault fault = fault_at(p_, place.path, NodeKind::file, {});
    if (!fault.suffix.empty())
      return fault;
    const std::string_view release = upstream_version(package.version);
    const Member* const member = p_.member(dir_name(place.path), place.name);
    if (member != nullptr && !member->version.empty() && member->version != release)
      return {"MIXED", str("is of glibc ", member->version, ", and this system's is ", release), true};
    return {"DIFFERS", str("is not the file of the package ", package.name, ' ', package.version), false};
  }

  void check_config(const InstalledPackage& package, const PackageFile& file, const Found& place) {
    // The administrator may have removed it; an empty or binary one is damage.
    if (!place.exists)
      return;
    if (!S_ISREG(place.info.st_mode))
      return report(package, file, place.path, fault_at(p_, place.path, NodeKind::file, {}), NodeKind::file);
  }

  void check_link(const InstalledPackage& package, const PackageFile& file, const std::vector<PackageFile>& files,
                  const Found& place) {
    const auto target = p_.root.find(place.path, Last::follow, &p_.assumed);
    const bool leads = place.exists && S_ISLNK(place.info.st_mode) && target && target->exists;
    // A loader's or soname's link is judged by what the files tell, which is surer than any name.
    if (leads)
      return;
    const std::string text = file.link.empty() ? link_text(file, files, place) : file.link;
    if (text.empty())
      return;
    Fault fault = fault_at(p_, place.path, NodeKind::link, text);
    if (place.exists && S_ISLNK(place.info.st_mode) && p_.root.read_link(place.path).value_or("") == text)
      return;  // it leads where it should, and the file there is what is missing
    Finding finding = finding_at(p_, place.path, NodeKind::link, std::move(fault));
    finding.evidence.push_back(str("it belongs to the package ", package.name, ' ', package.version));
    finding.repair = str("point it to ", Printable(text));
    finding.commands.push_back(link_command(p_, place.path, text));
    finding.steps.push_back(link_step(p_, place.path, text));
    p_.claimed.insert(place.path);
    findings_.push_back(std::move(finding));
  }

  // dpkg does not write targets down: "libc.so.6" leads to the "libc-2.31.so" of the same package and directory, the
  // loader's link to the loader.
  std::string link_text(const PackageFile& file, const std::vector<PackageFile>& files, const Found& place) const {
    const std::string_view name = base_name(file.path);
    const std::string_view stem = name.substr(0, name.find(".so"));
    for (const PackageFile& other : files) {
      const std::string_view other_name = base_name(other.path);
      if (!other.digest)
        continue;
      const bool loader = is_loader_name(name) && is_loader_name(other_name);
      const bool versioned = other_name.starts_with(str(stem, '-')) && other_name.ends_with(".so");
      if (loader && dir_name(other.path) != dir_name(file.path))
        return loader_link_text(p_, file.path, other.path);
      if ((loader || versioned) && dir_name(other.path) == dir_name(file.path))
        return std::string(other_name);
    }
    (void)place;
    return {};
  }

  void report(const InstalledPackage& package, const PackageFile& file, const std::string& path, Fault fault,
              NodeKind kind) {
    const bool mixed = fault.suffix == "MIXED";
    const bool whole = fault.suffix == "DIFFERS" && base_name(path).contains(".so");
    if (fault.suffix.empty())
      return;
    Finding finding = finding_at(p_, path, kind, std::move(fault));
    if (mixed)
      finding.id = "LIBC_MIXED";
    finding.evidence.push_back(str("the package ", package.name, ' ', package.version, " says ",
                                   digest_name(file.digest.algorithm), ' ', file.digest.hex));
    if (whole)
      finding.evidence.emplace_back(may_be_meant);
    wish(p_, finding, path, file.digest);
    p_.claimed.insert(path);
    findings_.push_back(std::move(finding));
  }

  Patient& p_;
  Findings& findings_;
};

}  // namespace

void check_packages(Patient& patient, Findings& findings) {
  if (patient.packages)
    PackagesCheck(patient, findings).run();
}

}  // namespace rescue
