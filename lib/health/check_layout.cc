// The directories and links that everything else is found through.
#include <algorithm>

#include <dirent.h>

#include "lib/base/quote.h"
#include "lib/base/text.h"
#include "lib/bundle/state_dir.h"
#include "lib/health/canonical_paths.h"
#include "lib/health/checks.h"
#include "lib/health/donor_search.h"
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

// A directory that is not where it should be, and where below it the glibc is that it holds.
struct Gap {
  std::string place;    // without links
  std::string below;    // empty: the directory itself holds it
  bool needed = false;  // by the path of the loader that programs name: it was there once
};

std::vector<DirEntry> names_in(const Patient& patient, std::string_view dir) {
  const auto fd = patient.root.open_dir(dir);
  return fd ? list_dir(fd->get(), dir).value_or(std::vector<DirEntry>()) : std::vector<DirEntry>();
}

// The directories beside the missing one, and at the top of the root, that hold a glibc and are none of the loader's
// own; and what was moved into one of these and kept its name (/root/lib64).
class Candidates {
 public:
  Candidates(const Patient& patient, const Gap& gap) : patient_(patient), gap_(gap), name_(base_name(gap.place)) {}

  std::vector<std::string> run() {
    const std::string_view parent = gap_.place.contains('/') ? dir_name(gap_.place) : std::string_view();
    for (const std::string_view top : {parent, std::string_view(), std::string_view("usr")}) {
      for (const DirEntry& entry : names_in(patient_, top)) {
        const std::string path = join_path(top, entry.name);
        if (!is_usual_name(entry.name))
          consider(path);
        // Whoever builds a glibc of their own puts it below /usr/local or /opt.
        if (entry.name != "local" && entry.name != "opt" && !is_a_root(patient_, path))
          consider(join_path(path, name_));
      }
    }
    if (found_.empty())
      look_where_people_put_things();
    // One that keeps the name as a part of its own (lib64.bk, old-lib64) is meant before any other.
    const auto is_other = [&](const std::string& path) { return !base_name(path).contains(name_); };
    if (!std::ranges::all_of(found_, is_other))
      std::erase_if(found_, is_other);
    return std::move(found_);
  }

 private:
  // By any name, and one directory deeper by its own. Nobody but root could have put it there where it is root's.
  void look_where_people_put_things() {
    for (const std::string_view top : {"root", "home", "tmp", "var/tmp", "srv"}) {
      for (const DirEntry& entry : names_in(patient_, top)) {
        const std::string path = join_path(top, entry.name);
        if (is_a_root(patient_, path))
          continue;
        for (const std::string& one : {path, join_path(path, name_)})
          if (const auto there = patient_.root.find(one, Last::keep);
              there && there->exists && trust_of(there->info) == Trust::usual)
            consider(one);
      }
    }
  }

  void consider(std::string path) {
    const auto there = patient_.root.find(path, Last::keep);
    const bool is_dir = there && there->exists && S_ISDIR(there->info.st_mode);
    if (is_dir && path != gap_.place && !std::ranges::contains(found_, path) &&
        !std::ranges::contains(patient_.real_dirs, path) &&
        holds_glibc(patient_, gap_.below.empty() ? path : join_path(path, gap_.below)))
      found_.push_back(std::move(path));
  }

  const Patient& patient_;
  const Gap& gap_;
  std::string name_;
  std::vector<std::string> found_;
};

// Where the path breaks off, links followed: in a directory that is missing, or in something that is none.
std::optional<Gap> gap_in(const Patient& patient, std::string path, unsigned links = 0) {
  for (size_t end = path.find('/', 1); links < 8; end = path.find('/', end + 1)) {
    const std::string start = path.substr(0, end);
    const std::string rest = end == std::string::npos ? std::string() : path.substr(end + 1);
    const auto found = patient.root.find(start, Last::keep);
    if (!found || !found->exists)
      return Gap{found ? found->path : start, rest};
    const auto led_to = patient.root.find(start);
    const bool is_dir = led_to && led_to->exists && S_ISDIR(led_to->info.st_mode);
    if (!is_dir && S_ISLNK(found->info.st_mode)) {
      const std::string text = patient.root.read_link(start).value_or("");
      const std::string from = text.starts_with('/') ? text : join_path(directory_of(found->path), text);
      return gap_in(patient, rest.empty() ? from : join_path(from, rest), links + 1);
    }
    if (!is_dir)
      return Gap{found->path, rest};
    if (end == std::string::npos)
      break;
  }
  return std::nullopt;
}

// The directories that should hold glibc and do not.
std::vector<Gap> missing_directories(const Patient& patient) {
  std::vector<std::string> spelt = patient.library_dirs;
  if (!patient.interp.empty())
    spelt.insert(spelt.begin(), std::string(dir_name(patient.interp)));
  const bool has_libc = std::ranges::any_of(patient.members, [](const Member& m) { return is_libc_name(m.name); });
  const std::string interp_dir(dir_name(patient.interp));
  std::vector<Gap> missing;
  for (const std::string& dir : spelt) {
    auto gap = has_libc && dir != interp_dir ? std::nullopt : gap_in(patient, dir);
    if (const auto found = patient.root.find(dir);
        !gap && (dir == interp_dir || !has_libc) && found && found->exists && !holds_glibc(patient, found->path))
      gap = Gap{found->path, {}};
    if (gap)
      gap->needed = dir == interp_dir;
    if (gap && !gap->place.empty() && !std::ranges::contains(missing, gap->place, &Gap::place))
      missing.push_back(*std::move(gap));
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

void report_moved(Patient& patient, Findings& findings, const std::string& place,
                  const std::vector<std::string>& candidates) {
  Finding finding;
  finding.id = "DIRECTORY_MOVED";
  finding.severity = Severity::fatal;
  finding.stage = Stage::layout;
  finding.weight = 100;
  finding.path = place;
  finding.headline = str(place == "usr" ? "" : "library ", "directory ", patient.shown(place), " was moved to ",
                         patient.shown(candidates[0]));
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
}

// How many files of glibc this system's programs could load from there.
size_t usable_in(const Patient& patient, std::string_view dir) {
  return static_cast<size_t>(std::ranges::count_if(
      patient.members, [&](const Member& member) { return member.dir == dir && member.is_whole(patient.machine()); }));
}

// A few libraries that somebody put by are no directory that was moved: more of glibc is in it than where it lives now,
// except where it is sure that there was one. And a directory that stands was only made anew where its double has its
// name: /usr/lib beside /usr/lib64 is no double.
bool is_the_one(const Patient& patient, const Gap& gap, const std::string& candidate) {
  const auto names = names_in(patient, gap.below.empty() ? candidate : join_path(candidate, gap.below));
  const auto held = static_cast<size_t>(std::ranges::count_if(names, is_family_name, &DirEntry::name));
  const auto there = patient.root.find(gap.place, Last::keep);
  const bool stands = there && there->exists;
  if (stands && !base_name(candidate).contains(base_name(gap.place)))
    return false;
  const bool sure = gap.needed && !stands;
  return held > usable_in(patient, gap.place) && (sure || held > usable_in(patient, patient.home));
}

void check_moved(Patient& patient, Findings& findings) {
  for (const Gap& gap : missing_directories(patient)) {
    auto candidates = Candidates(patient, gap).run();
    std::erase_if(candidates, [&](const std::string& path) { return !is_the_one(patient, gap, path); });
    if (candidates.empty())
      continue;
    report_moved(patient, findings, gap.place, candidates);
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

bool check_usr(Patient& patient, Findings& findings) {
  const auto usr = patient.root.find("usr", Last::keep);
  if (!usr || usr->exists)
    return false;
  std::vector<std::string> found;
  const auto has = [&](std::string_view path, std::string_view name) {
    return patient.root.exists(join_path(path, name));
  };
  const auto is_trusted = [&](const std::string& path) {
    const auto there = patient.root.find(path, Last::keep);
    return there && S_ISDIR(there->info.st_mode) && trust_of(there->info) == Trust::usual;
  };
  for (const std::string_view top : {"", "root", "home", "tmp", "var/tmp", "srv", "opt", "var"})
    for (const DirEntry& entry : names_in(patient, top))
      if (const std::string path = join_path(top, entry.name);
          has(path, "bin/env") && has(path, "lib") && has(path, "share") && !has(path, "etc") && is_trusted(path))
        found.push_back(path);
  if (found.empty())
    return false;
  report_moved(patient, findings, "usr", found);
  return true;
}

void check_layout(Patient& patient, Findings& findings) {
  if (check_usr(patient, findings))
    return;
  check_moved(patient, findings);
  if (patient.merged)
    for (const std::string name : {"lib64", "lib", "bin", "sbin", "lib32", "libx32"})
      if (!patient.is_claimed(name))
        check_alias(patient, name, findings);
}

}  // namespace rescue
