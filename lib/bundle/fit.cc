#include "lib/bundle/fit.h"

#include <set>
#include <string>

#include <fcntl.h>

#include "lib/base/text.h"
#include "lib/bundle/os_release.h"
#include "lib/bundle/programs.h"
#include "lib/elf/arch.h"
#include "lib/elf/cpu.h"
#include "lib/elf/needs.h"

namespace rescue {

namespace {

class FitCheck {
 public:
  FitCheck(const Root& root, const Bundle& bundle, bool force, std::vector<std::string>& notes)
      : root_(root), bundle_(bundle), info_(bundle.info()), force_(force), notes_(notes) {}

  Result<> run() {
    TRY(check_package_manager());
    const auto sample = sample_program(root_);
    if (sample)
      TRY(check_programs(*sample));
    else
      notes_.push_back("no program of the root can be read, so the bundle could not be compared with any");
    TRY(check_processor());
    TRY(check_distribution());
    return is_installed_version() ? Result<>() : check_versions();
  }

 private:
  // Refuses, or, where the person insists, goes on with a note.
  Result<> object(std::string_view why) {
    if (force_) {
      notes_.push_back(str("forced although ", why));
      return {};
    }
    return with_status(fail("check the fit", root_.path(), why, ". Nothing was changed").error(), Status::refused);
  }

  std::unexpected<Error> impossible(std::string_view why) const {
    return with_status(fail("check the fit", root_.path(), why, ". Nothing was changed").error(), Status::refused);
  }

  Result<> check_package_manager() {
    const std::string work = package_manager_at_work(root_);
    return work.empty() ? Result<>() : object(work);
  }

  Result<> check_programs(const elf::Library& sample) {
    const std::string program = printable(root_.shown(sample.path));
    const elf::Arch* const arch = elf::architecture_of(sample.image);
    if (arch != nullptr && arch->name != info_.arch && info_.arch != any_arch)
      return impossible(str("the bundle is for ", info_.arch, ", and ", program, " is for ", arch->name));
    if (!info_.interp.empty() && sample.image.interpreter != info_.interp)
      return object(str("the bundle has the loader ", Printable(info_.interp), ", and ", program, " names ",
                        Printable(sample.image.interpreter)));
    return {};
  }

  // Only where the root's programs would run on this processor: a disk may be mounted on another machine.
  Result<> check_processor() {
    constexpr std::string_view prefix = "x86-64-v";
    const int have = elf::x86_level();
    if (!info_.isa.starts_with(prefix) || have == 0)
      return {};
    const auto need = to_number<int>(std::string_view(info_.isa).substr(prefix.size()));
    if (!need || *need <= have)
      return {};
    return object(str("the bundle's libc needs a processor of level ", info_.isa, ", and this one is x86-64-v", have));
  }

  Result<> check_distribution() {
    const OsRelease os = read_os_release(root_);
    if (os.id.empty() || info_.os_id.empty())
      return {};
    if (os.id == info_.os_id && (os.version_id == info_.os_version_id || info_.os_version_id.empty()))
      return {};
    return object(str("the bundle was made for ", info_.os_id, ' ', info_.os_version_id, ", and this is ", os.id, ' ',
                      os.version_id));
  }

  // The very version that dpkg has installed served all programs before. (It also spares a look at each of them.)
  bool is_installed_version() const {
    const auto status = root_.read_file("var/lib/dpkg/status", 64 << 20);
    const size_t blank = info_.glibc_build.rfind(' ');
    if (!status || blank == std::string::npos)
      return false;
    const std::string_view all = *status;
    constexpr std::string_view start = "\nPackage: libc6\n";
    const std::string version = str("\nVersion: ", info_.glibc_build.substr(blank + 1), '\n');
    bool found = false;
    // One paragraph per architecture, divided by empty lines; all of them must agree.
    for (size_t at = all.find(start); at != std::string_view::npos; at = all.find(start, at + 1)) {
      const std::string paragraph = str(all.substr(at, all.find("\n\n", at + 1) - at), '\n');
      found = paragraph.contains("\nStatus: install ok installed\n") && paragraph.contains(version);
      if (!found)
        return false;
    }
    return found;
  }

  // What the bundle replaces says nothing: a half of another glibc needs the other half.
  std::set<std::string> replaced() const {
    std::set<std::string> paths;
    for (const ManifestEntry& entry : bundle_.manifest().entries)
      if (const auto found = root_.find(entry.path, Last::keep); found && entry.type != EntryKind::dir)
        paths.insert(found->path);
    return paths;
  }

  Result<> check_versions() {
    const elf::NeededVersions needs = elf::versions_needed(root_, replaced());
    for (const auto& [soname, versions] : needs) {
      const auto provided = info_.provides.find(soname);
      if (provided == info_.provides.end())
        continue;
      for (const auto& [version, program] : versions)
        if (!provided->second.contains(version))
          return object(str(Printable(root_.shown(program)), " needs ", version, " of ", soname,
                            ", which the bundle's ", soname, " does not define (it is glibc ", info_.glibc_version,
                            ')'));
    }
    return {};
  }

  const Root& root_;
  const Bundle& bundle_;
  const BundleInfo& info_;
  bool force_;
  std::vector<std::string>& notes_;
};

}  // namespace

std::string package_manager_at_work(const Root& root) {
  for (const std::string_view path : {"var/lib/dpkg/lock-frontend", "var/lib/dpkg/lock", "var/lib/rpm/.rpm.lock"}) {
    const auto fd = root.open_file(path, O_RDONLY | O_NONBLOCK);
    struct flock lock{};
    lock.l_type = F_WRLCK;
    if (fd && ::fcntl(fd->get(), F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
      return str("a package manager is at work: process ", lock.l_pid, " has locked ", Printable(root.shown(path)));
  }
  return {};
}

Result<> check_fit(const Root& root, const Bundle& bundle, bool force, std::vector<std::string>& notes) {
  return FitCheck(root, bundle, force, notes).run();
}

}  // namespace rescue
