// The directories and links that everything else is found through.
#include <algorithm>

#include <dirent.h>

#include "lib/base/quote.h"
#include "lib/base/text.h"
#include "lib/bundle/state_dir.h"
#include "lib/health/checks.h"
#include "lib/health/places.h"

namespace rescue {

namespace {

std::string word(const Patient& patient, std::string_view path) {
  return quoted(patient.root.shown(path), QuotingStyle::shell_escape);
}

// --- Directories that were renamed

// What must be in a directory for it to be the one that is missed.
bool holds_glibc(const Patient& patient, const std::string& dir) {
  const auto has = [&](std::string_view name) {
    const auto found = patient.root.find(join_path(dir, name), Last::keep);
    return found && found->exists;
  };
  return has("libc.so.6") || (!patient.interp.empty() && has(base_name(patient.interp)));
}

// Names that belong to directories of other kinds of libraries, which are no copies of one another.
bool is_usual_name(std::string_view name) {
  return name == "lib" || name == "lib32" || name == "lib64" || name == "libx32" || name.ends_with("-linux-gnu");
}

// A container, a jail or a mounted disk, whose directories are its own and must stay.
bool is_a_root(const Patient& patient, const std::string& dir) {
  return std::ranges::any_of(std::initializer_list<std::string_view>{"usr", "etc", "bin", "dev"},
                             [&](std::string_view name) { return patient.root.exists(join_path(dir, name)); });
}

// The directories beside `missing`, and at the top of the root, that hold a glibc and are none of the loader's own; and
// what was moved into one of these and kept its name (/root/lib64).
std::vector<std::string> candidates_for(const Patient& patient, const std::string& missing) {
  std::vector<std::string> found;
  const auto consider = [&](std::string path) {
    const auto there = patient.root.find(path, Last::keep);
    const bool is_dir = there && there->exists && S_ISDIR(there->info.st_mode);
    if (is_dir && path != missing && !std::ranges::contains(found, path) &&
        !std::ranges::contains(patient.real_dirs, path) && holds_glibc(patient, path))
      found.push_back(std::move(path));
  };
  const std::string_view parent = missing.contains('/') ? dir_name(missing) : std::string_view();
  for (const std::string_view top : {parent, std::string_view(), std::string_view("usr")}) {
    const auto fd = patient.root.open_dir(top);
    const auto entries = fd ? list_dir(fd->get(), top) : Result<std::vector<DirEntry>>(std::unexpected(fd.error()));
    for (const DirEntry& entry : entries.value_or(std::vector<DirEntry>())) {
      const std::string path = join_path(top, entry.name);
      if (!is_usual_name(entry.name))
        consider(path);
      // Whoever builds a glibc of their own puts it below /usr/local or /opt.
      if (entry.name != "local" && entry.name != "opt" && !is_a_root(patient, path))
        consider(join_path(path, base_name(missing)));
    }
  }
  // One that keeps the name as a part of its own (lib64.bk, old-lib64) is meant before any other.
  const std::string name(base_name(missing));
  if (std::ranges::any_of(found, [&](const std::string& path) { return base_name(path).contains(name); }))
    std::erase_if(found, [&](const std::string& path) { return !base_name(path).contains(name); });
  return found;
}

// The directories that should hold glibc and do not: where each would be, without links.
std::vector<std::string> missing_directories(const Patient& patient) {
  std::vector<std::string> spelt = patient.library_dirs;
  if (!patient.interp.empty())
    spelt.insert(spelt.begin(), std::string(dir_name(patient.interp)));
  const bool has_libc = std::ranges::any_of(patient.members, [](const Member& m) { return is_libc_name(m.name); });
  const std::string interp_dir(dir_name(patient.interp));
  std::vector<std::string> missing;
  for (const std::string& dir : spelt) {
    const auto found = patient.root.find(dir);
    if (!found || found->path.empty() || std::ranges::contains(missing, found->path))
      continue;
    if (!found->exists)
      missing.push_back(found->path);
    else if (S_ISDIR(found->info.st_mode) && !holds_glibc(patient, found->path) && (dir == interp_dir || !has_libc))
      missing.push_back(found->path);
  }
  return missing;
}

// What is in the way at the place that the directory goes back to: moved into it first. False where that is not
// possible without a decision.
bool make_way(const Patient& patient, const std::string& place, const std::string& from, Finding& finding) {
  const auto there = patient.root.find(place, Last::keep);
  if (!there)
    return false;
  if (!there->exists)
    return true;
  if (!S_ISDIR(there->info.st_mode))
    return false;
  std::vector<RepairStep> strays;
  if (!move_strays(patient, place, from, strays))
    return false;
  for (RepairStep& stray : strays)
    finding.steps.push_back(std::move(stray));
  finding.steps.push_back(remove_step(patient, place));
  finding.steps.back().order = order::moves;
  return true;
}

void check_moved(Patient& patient, Findings& findings) {
  for (const std::string& place : missing_directories(patient)) {
    const auto there = patient.root.find(place, Last::keep);
    const auto candidates = candidates_for(patient, place);
    if (candidates.empty())
      continue;
    // A directory that is there is only judged where its double has its name: /usr/lib beside /usr/lib64 is no double.
    if (there && there->exists && !base_name(candidates[0]).contains(base_name(place)))
      continue;
    Finding finding;
    finding.id = "DIRECTORY_MOVED";
    finding.severity = Severity::fatal;
    finding.stage = Stage::layout;
    finding.weight = 100;
    finding.path = place;
    finding.headline = str("library directory ", patient.shown(place), " was moved to ", patient.shown(candidates[0]));
    for (const std::string& candidate : candidates)
      finding.evidence.push_back(str(patient.shown(candidate), " holds what belongs there"));
    if (candidates.size() == 1 && make_way(patient, place, candidates[0], finding)) {
      finding.repair = str("rename ", patient.shown(candidates[0]), " back");
      finding.commands.push_back(patient.command("mv", str(word(patient, candidates[0]), ' ', word(patient, place))));
      finding.steps.push_back(move_step(candidates[0], place));
    } else {
      finding.steps.clear();
      finding.repair = candidates.size() > 1
                           ? "more than one directory could be the one: rename the right one back by hand"
                           : "something stands in its place: look at both, and rename the right one back by hand";
    }
    patient.claimed.insert(place);
    patient.claimed.insert(place + '/');
    findings.push_back(std::move(finding));
    return;
  }
}

// --- The links of a merged /usr

void put_alias_back(Patient& patient, const std::string& name, const std::string& target, Fault fault,
                    Findings& findings) {
  Finding finding = finding_at(patient, name, NodeKind::link, std::move(fault));
  finding.stage = Stage::layout;
  finding.evidence.push_back(str(patient.shown(target), " is there, and /usr is merged here"));
  const auto there = patient.root.find(name, Last::keep);
  const bool is_dir = there && there->exists && S_ISDIR(there->info.st_mode);
  if (is_dir && !move_strays(patient, name, target, finding.steps)) {
    finding.steps.clear();
    finding.repair = "the directory that stands there cannot be looked through";
  } else {
    const size_t strays = finding.steps.size();
    finding.steps.push_back(link_step(patient, name, target));
    finding.repair = str("put back the link to ", target);
    if (strays > 0)
      finding.repair += str("; what else lies in the directory there (", count_of(strays, "entry", "entries"),
                            ") moves to where the link leads");
    if (is_dir)
      finding.commands.push_back(
          patient.command("mv", str(word(patient, name), ' ', word(patient, str(name, ".old")))));
    finding.commands.push_back(link_command(patient, name, target));
    patient.assumed[name] = target;
  }
  patient.claimed.insert(name);
  findings.push_back(std::move(finding));
}

void check_alias(Patient& patient, const std::string& name, Findings& findings) {
  const std::string target = str("usr/", name);
  const auto real = patient.root.find(target);
  if (!real || !real->exists || !S_ISDIR(real->info.st_mode))
    return;
  const auto there = patient.root.find(name, Last::follow);
  const bool leads = there && there->exists && S_ISDIR(there->info.st_mode);
  if (leads && there->info.st_dev == real->info.st_dev && there->info.st_ino == real->info.st_ino)
    return;
  const auto self = patient.root.find(name, Last::keep);
  // The administrator's own link to another directory that is there is left alone.
  if (leads && self && S_ISLNK(self->info.st_mode) && holds_glibc(patient, there->path))
    return;
  put_alias_back(patient, name, target, fault_at(patient, name, NodeKind::link, target), findings);
}

}  // namespace

void check_layout(Patient& patient, Findings& findings) {
  check_moved(patient, findings);
  if (patient.merged)
    for (const std::string name : {"lib64", "lib", "bin", "sbin", "lib32", "libx32"})
      if (!patient.is_claimed(name))
        check_alias(patient, name, findings);
}

}  // namespace rescue
