// What the loader would make of the programs: every one in the directories for programs is resolved, none is run.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fcntl.h>

#include "lib/base/fd.h"
#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/bundle/programs.h"
#include "lib/elf/search.h"
#include "lib/elf/sweep.h"
#include "lib/elf/symbols.h"
#include "lib/health/checks.h"
#include "lib/health/places.h"

namespace rescue {

namespace {

constexpr std::string_view program_dirs[] = {"usr/bin", "usr/sbin", "bin", "sbin", "usr/local/bin", "usr/local/sbin"};

// One thing that is wrong, with those that it breaks.
struct Trouble {
  std::string text;
  std::vector<std::string> programs;
};

// "bash, ls and 3 others".
std::string names_of(const std::vector<std::string>& programs) {
  constexpr size_t most = 3;
  std::string text;
  const size_t shown = std::min(programs.size(), most);
  for (size_t i = 0; i < shown; ++i)
    text += str(i == 0 ? "" : i + 1 == programs.size() ? " and " : ", ", Printable(base_name(programs[i])));
  if (programs.size() > most)
    text += str(" and ", count_of(programs.size() - most, "other"));
  return text;
}

class ProgramsCheck {
 public:
  ProgramsCheck(Patient& patient, Findings& findings) : p_(patient), findings_(findings), resolver_(patient.root) {
    for (const Finding& finding : findings) {
      if (finding.severity == Severity::note)
        continue;
      reported_.insert(finding.path);
      // What a wrong link leads to is not to blame.
      if (const auto target = p_.root.find(finding.path))
        reported_.insert(target->path);
      for (const RepairStep& step : finding.steps)
        reported_.insert(step.step.path);
    }
  }

  void run() {
    find_key_programs();
    std::vector<std::string> dirs;
    for (const std::string_view dir : program_dirs)
      if (const auto found = p_.root.find(dir); found && found->exists && S_ISDIR(found->info.st_mode))
        if (!std::ranges::contains(dirs, found->path))
          dirs.push_back(found->path);
    elf::Sweep swept = elf::sweep(p_.root, dirs);
    for (std::unique_ptr<elf::Library>& file : swept.files)
      look_at(std::move(file));
    check_symbols();
    report();
  }

 private:
  void find_key_programs() {
    for (const std::string& program : key_programs(p_.root)) {
      const auto found = p_.root.find(program);
      if (!found || !key_.insert(found->path).second)
        continue;
      if (S_ISREG(found->info.st_mode) && !looks_like_program(found->path))
        damaged_[found->path] = {found->info.st_size == 0 ? "is empty" : "is no program", {found->path}};
    }
  }

  // A root has key programs of megabytes, which are not read for their first bytes.
  bool looks_like_program(const std::string& path) const {
    std::array<char, 16> head{};
    const auto fd = p_.root.open_file(path, O_RDONLY);
    const auto count = fd ? pread_full(fd->get(), head, 0, path) : std::unexpected(fd.error());
    const std::string_view text(head.data(), count.value_or(0));
    return elf::is_elf(text) || text.starts_with("#!");
  }

  void look_at(std::unique_ptr<elf::Library> file) {
    const std::string path = file->path;
    const bool key = key_.contains(path);
    if (!file->error && !file->image.damage && file->image.linkage() != elf::Linkage::dynamic_program)
      return;
    ++p_.census.programs;
    p_.census.key_programs += key ? 1 : 0;
    const auto closure =
        file->error ? Result<elf::Closure>(std::unexpected(*file->error)) : resolver_.resolve(std::move(file));
    bool sound = closure && closure->resolves();
    if (!closure)
      damaged_[path] = {
          closure.error().detail().empty() ? message(closure.error()) : std::string(closure.error().detail()), {path}};
    else if (!sound)
      take_apart(path, *closure);
    p_.census.broken += sound ? 0 : 1;
    p_.census.key_broken += key && !sound ? 1 : 0;
    if (sound && key && closed_.size() < 8)
      closed_.push_back(path);
  }

  void take_apart(const std::string& path, const elf::Closure& closure) {
    for (const elf::LoadedObject& object : closure.objects) {
      if (object.usable())
        continue;
      const elf::Hit& hit = *object.hit;
      if (hit.library != nullptr)
        add(unusable_, hit.library->path, hit.error ? std::string(hit.error->detail()) : std::string(), path);
      else if (object.name == p_.interp)
        add(missing_, p_.interp.substr(1), {}, path);
      else
        add(missing_, std::string(object.name), listed(hit), path);
    }
    for (const elf::VersionProblem& problem : closure.version_problems) {
      if (problem.kind != elf::VersionProblem::Kind::missing)
        continue;
      const elf::Library* const provider = closure.objects[problem.provider].library();
      const elf::Library* const requester = closure.objects[problem.requester].library();
      if (reported_.contains(provider->path) || reported_.contains(requester->path))
        continue;
      Trouble& trouble = versions_[{provider->path, std::string(problem.version)}];
      const std::string& asking = requester->path == path ? path : requester->path;
      if (!std::ranges::contains(trouble.programs, asking))
        trouble.programs.push_back(asking);
    }
  }

  static std::string listed(const elf::Hit& hit) {
    std::string text = hit.mismatched.empty() ? "looked in " : "for another machine: ";
    const auto& places = hit.mismatched.empty() ? hit.tried : hit.mismatched;
    for (size_t i = 0; i < places.size(); ++i)
      text += str(i > 0 ? ", " : "", Printable(places[i]));
    return text;
  }

  static void add(std::map<std::string, Trouble>& troubles, const std::string& what, std::string text,
                  const std::string& program) {
    Trouble& trouble = troubles[what];
    trouble.text = std::move(text);
    if (trouble.programs.empty() || trouble.programs.back() != program)
      trouble.programs.push_back(program);
  }

  // What no version name tells: parts of one glibc that miss symbols of another. Looked at where all seems well.
  void check_symbols() {
    if (!is_healthy(findings_) || p_.census.broken > 0)
      return;
    elf::SymbolCheck symbols(p_.root);
    for (const std::string& program : closed_) {
      const auto closure = resolver_.resolve(program);
      const auto undefined = closure ? symbols.undefined(*closure)
                                     : Result<std::vector<elf::UndefinedSymbol>>(std::unexpected(closure.error()));
      if (!undefined || undefined->empty())
        continue;
      const elf::UndefinedSymbol& symbol = undefined->front();
      Finding finding;
      const elf::Library* const asking = closure->objects[symbol.object].library();
      finding.id = "SYMBOL_MISSING";
      finding.severity = Severity::fatal;
      finding.weight = 65;
      finding.path = asking->path;
      finding.headline = str(p_.shown(asking->path), " needs the symbol ", Printable(symbol.name),
                             symbol.version.empty() ? "" : " of ", Printable(symbol.version),
                             ", which none of its libraries has: they are not of one build");
      finding.evidence.push_back(str("seen with ", p_.shown(program)));
      findings_.push_back(std::move(finding));
      ++p_.census.broken;
      ++p_.census.key_broken;
      return;
    }
  }

  // --- The findings

  void report() {
    for (const auto& [library, trouble] : missing_)
      report_missing(library, trouble);
    for (const auto& [library, trouble] : unusable_)
      if (!reported_.contains(library)) {
        Finding& finding = add_finding("LIBRARY_DAMAGED", library,
                                       str(p_.shown(library), " cannot be loaded: ", trouble.text), trouble);
        name_owner(finding, library);
        wish(p_, finding, library, {});
      }
    report_versions();
    for (const auto& [program, trouble] : damaged_) {
      Finding& finding =
          add_finding("PROGRAM_DAMAGED", program, str("program ", p_.shown(program), ' ', trouble.text), {});
      name_owner(finding, program);
      wish(p_, finding, program, {});
    }
    if (p_.census.programs < 5 || !has_basic_programs())
      report_no_programs();
  }

  void report_no_programs() {
    std::string names;
    std::set<size_t> named;
    std::vector<std::string> gone;
    for (const std::string_view program : {"bash", "dash", "sh", "ls", "mount", "grep", "sed", "tar", "dpkg", "rpm"}) {
      if (has(program))
        continue;
      bool known = program == "sh" || program == "ls";
      for (const std::string_view dir : {"bin/", "usr/bin/"})
        if (const auto owner = owner_of(str(dir, program))) {
          known = true;
          if (named.insert(*owner).second)
            names += str(names.empty() ? "" : ", ", p_.packages->packages()[*owner].name);
        }
      if (known)
        gone.emplace_back(program);
    }
    Finding& finding = add_finding(
        "PROGRAMS_MISSING", {},
        gone.empty() ? "hardly any program is left" : str("basic programs are gone from /usr/bin: ", names_of(gone)),
        {});
    finding.weight = 79;
    finding.repair = names.empty() ? "bring their packages back from a backup, or unpack them with the kit"
                                   : str("unpack these packages again, and those of what else is missed: ", names);
    finding.commands.push_back(p_.command(p_.root.exists("var/lib/dpkg") ? "deb-extract" : "rpm-extract",
                                          str("--in-place ", Printable(p_.root.path()), " PACKAGE...")));
  }

  // Without the links of a merged /usr, they are where these lead.
  bool has(std::string_view name) const {
    return p_.root.exists(str("bin/", name)) || p_.root.exists(str("usr/bin/", name));
  }
  bool has_basic_programs() const { return has("sh") && (has("ls") || has("busybox")); }

  Finding& add_finding(std::string_view id, const std::string& path, std::string headline, const Trouble& trouble) {
    Finding finding;
    finding.id = id;
    finding.weight = 40;
    finding.path = path;
    finding.headline = std::move(headline);
    if (!trouble.programs.empty())
      finding.evidence.push_back(str("needed by ", names_of(trouble.programs)));
    if (std::ranges::any_of(trouble.programs, [&](const std::string& p) { return key_.contains(p); }))
      finding.weight = 42;
    findings_.push_back(std::move(finding));
    return findings_.back();
  }

  // Which package to install again.
  std::optional<size_t> name_owner(Finding& finding, const std::string& path) {
    const auto owner = owner_of(path);
    if (!owner)
      return std::nullopt;
    const InstalledPackage& package = p_.packages->packages()[*owner];
    finding.packages = {str(package.name, ' ', package.version)};
    finding.evidence.push_back(str("it belongs to the package ", finding.packages[0]));
    return owner;
  }

  std::optional<size_t> owner_of(const std::string& path) {
    const auto owner = p_.packages ? p_.packages->owner(path) : Result<std::optional<PackageDb::Owned>>(std::nullopt);
    return owner && *owner ? std::optional((*owner)->package) : std::nullopt;
  }

  // A library that is missing is looked for by all that its package has in the loader's directories.
  void wish_for_package(Finding& finding, const std::string& library) {
    for (const std::string& dir : p_.real_dirs) {
      const auto package = name_owner(finding, join_path(dir, library));
      if (!package)
        continue;
      const auto files = p_.packages->files(*package);
      for (const PackageFile& file : files.value_or(std::vector<PackageFile>())) {
        const auto place = file.digest ? p_.root.find(file.path, Last::keep) : Result<Found>(std::unexpected(Error()));
        if (place && !place->exists && std::ranges::contains(p_.real_dirs, dir_name(place->path)))
          wish(p_, finding, place->path, file.digest);
      }
      return;
    }
  }

  // A library of that name was reported where it belongs.
  bool is_known(const std::string& library) const {
    return std::ranges::any_of(reported_,
                               [&](const std::string& path) { return base_name(path) == base_name(library); });
  }

  void report_missing(const std::string& library, const Trouble& trouble) {
    if (is_known(library))
      return;
    // While directories and links on the way are missing, it says nothing of the library.
    if (std::ranges::any_of(findings_, [](const Finding& f) { return f.stage == Stage::layout && !f.steps.empty(); }))
      return;
    const bool family = elf::is_glibc_soname(library);
    Finding& finding =
        add_finding(family ? "LIBRARY_MISSING" : "UNRESOLVED", family ? join_path(p_.home, library) : library,
                    str("library ", Printable(library), " is not found"), trouble);
    finding.evidence.push_back(trouble.text);
    for (const elf::LinkChange& link : p_.link_changes) {
      if (base_name(link.path) != library || link.removes())
        continue;
      finding.id = "LIBRARY_LINK_MISSING";
      finding.path = link.path;
      finding.headline =
          str("the link ", p_.shown(link.path), " is missing, by which ", Printable(library), " is found");
      finding.repair = str("make the link to ", Printable(link.target));
      finding.commands.push_back(link_command(p_, link.path, link.target));
      finding.steps.push_back(link_step(p_, link.path, link.target));
      return;
    }
    if (family)
      wish(p_, finding, finding.path, {});
    else
      wish_for_package(finding, library);
  }

  // One finding for each library, about the newest version that it lacks.
  void report_versions() {
    std::map<std::string, std::vector<std::string>> by_library;
    for (const auto& [key, trouble] : versions_)
      by_library[key.first].push_back(key.second);
    for (auto& [library, versions] : by_library) {
      rescue::sort(versions, [](const std::string& a, const std::string& b) {
        return elf::compare_versions(elf::glibc_release_in(a), elf::glibc_release_in(b)) > 0;
      });
      const std::string& worst = versions.front();
      const Trouble& trouble = versions_[{library, worst}];
      const bool of_glibc = is_family_name(base_name(library));
      const bool is_private = worst == "GLIBC_PRIVATE" || elf::glibc_release_in(worst).empty();
      Finding& finding = add_finding(!of_glibc                                ? "VERSION_MISSING"
                                     : is_private && worst == "GLIBC_PRIVATE" ? "LIBC_MIXED"
                                                                              : "ABI_TOO_OLD",
                                     library,
                                     str(Printable(worst), " is missing in ", p_.shown(library), ", which ",
                                         names_of(trouble.programs), trouble.programs.size() == 1 ? " needs" : " need"),
                                     trouble);
      if (of_glibc && !p_.version.empty())
        finding.evidence.push_back(str("glibc here is ", p_.version, ": these programs were made for a newer one"));
      for (const std::string& version : versions)
        if (version != worst)
          finding.evidence.push_back(
              str(Printable(version), " is missing too, for ", names_of(versions_[{library, version}].programs)));
      finding.weight = 62;
      if (std::ranges::any_of(trouble.programs, [&](const std::string& p) { return key_.contains(p); }))
        finding.severity = Severity::fatal;
      finding.repair = of_glibc
                           ? "finish the upgrade of glibc, or go back to the programs of this release; an older glibc "
                             "would break more"
                           : "install the release of that library which these programs were made for";
    }
  }

  Patient& p_;
  Findings& findings_;
  elf::Resolver resolver_;
  std::set<std::string> reported_;
  std::set<std::string> key_;
  std::vector<std::string> closed_;
  std::map<std::string, Trouble> missing_;                           // by name
  std::map<std::string, Trouble> unusable_;                          // by path
  std::map<std::string, Trouble> damaged_;                           // programs themselves
  std::map<std::pair<std::string, std::string>, Trouble> versions_;  // by library and version
};

}  // namespace

void check_programs(Patient& patient, Findings& findings) {
  ProgramsCheck(patient, findings).run();
}

}  // namespace rescue
