// /etc/ld.so.cache, which leads to the libraries outside of the loader's own directories.
#include <algorithm>

#include "lib/base/text.h"
#include "lib/bundle/refresh.h"
#include "lib/elf/cache.h"
#include "lib/health/checks.h"
#include "lib/health/places.h"

namespace rescue {

namespace {

constexpr std::string_view cache_path = "etc/ld.so.cache";

std::string_view suffix_of(std::string_view why) {
  if (why.contains("was missing"))
    return "MISSING";
  if (why.contains("did not lead"))
    return "STALE";
  return "CORRUPT";
}

// Whether the new cache has more than names taken away: then something is there that the old one does not lead to.
bool adds_something(const Patient& patient, const std::string& bytes) {
  auto old_bytes = patient.root.read_file(cache_path, 64 << 20);
  if (!old_bytes)
    return true;
  const auto before = elf::Cache::parse(std::move(*old_bytes), cache_path);
  const auto after = elf::Cache::parse(bytes, cache_path);
  if (!before || !after)
    return true;
  return std::ranges::any_of(after->entries(), [&](const elf::CacheEntry& entry) {
    return std::ranges::none_of(before->entries(), [&](const elf::CacheEntry& old) {
      return old.name == entry.name && old.path == entry.path;
    });
  });
}

// While libraries are missing, the old cache is right, and the evidence of what was there.
bool may_be_right(const Patient& patient, const Findings& findings, const std::string& bytes) {
  return std::ranges::any_of(findings, [](const Finding& f) { return f.severity != Severity::note; }) &&
         !adds_something(patient, bytes);
}

// A library that is told of already, by its file or by the name that programs ask for.
bool is_told(const Findings& findings, std::string_view name) {
  return std::ranges::any_of(findings, [&](const Finding& f) {
    return base_name(f.path) == name ||
           std::ranges::any_of(f.steps, [&](const RepairStep& step) { return base_name(step.step.path) == name; });
  });
}

// A library of the loader's own directories that the cache leads to and that is gone, though nobody removed its
// package: the cache is the last to know of it. One that no package owns was removed together with its package, or by
// its owner.
void report_gone(Patient& patient, Findings& findings, const elf::CacheEntry& entry) {
  const auto place = patient.root.find(entry.path, Last::follow);
  if (!place || place->exists || !std::ranges::contains(patient.real_dirs, dir_name(place->path)) ||
      is_told(findings, entry.name) || is_told(findings, base_name(place->path)))
    return;
  const auto owner =
      patient.packages ? patient.packages->owner(entry.path) : Result<std::optional<PackageDb::Owned>>(std::nullopt);
  if (patient.packages && (!owner || !*owner))
    return;
  Finding finding = finding_at(patient, place->path, NodeKind::file, {"MISSING", "is missing", true});
  finding.id = "LIBRARY_MISSING";
  finding.evidence.push_back(str(patient.shown(cache_path), " still leads to it"));
  if (owner && *owner) {
    const InstalledPackage& package = patient.packages->packages()[(*owner)->package];
    finding.packages = {str(package.name, ' ', package.version)};
    finding.evidence.push_back(str("it belongs to the package ", finding.packages[0]));
  }
  wish(patient, finding, place->path, {});
  finding.wishes.back().wanted.soname = entry.name;
  findings.push_back(std::move(finding));
}

void check_entries(Patient& patient, Findings& findings) {
  if (std::ranges::any_of(findings, [](const Finding& f) { return f.severity == Severity::fatal; }))
    return;
  auto bytes = patient.root.read_file(cache_path, 64 << 20);
  const auto cache =
      bytes ? elf::Cache::parse(std::move(*bytes), cache_path) : Result<elf::Cache>(std::unexpected(bytes.error()));
  if (cache)
    for (const elf::CacheEntry& entry : cache->entries())
      report_gone(patient, findings, entry);
}

}  // namespace

void check_cache(Patient& patient, Findings& findings) {
  check_entries(patient, findings);
  const auto cache = plan_refresh(patient.root, {}, true);
  // Where nothing tells how it should be written, the checks of glibc itself say why.
  if (!cache || !*cache)
    return;
  const std::string_view suffix = suffix_of((*cache)->why);
  // So it is while a directory or a link on the way is to be put back.
  const bool unsettled = std::ranges::any_of(findings, [](const Finding& f) { return f.stage == Stage::layout; });
  if (suffix == "STALE" && (unsettled || may_be_right(patient, findings, (*cache)->bytes)))
    return;
  Finding finding;
  finding.id = str("CACHE_", suffix);
  finding.stage = Stage::cache;
  finding.weight = 30;
  finding.path = cache_path;
  const std::string_view state = suffix == "MISSING" ? " is missing: libraries that only it leads to are not found"
                                 : suffix == "STALE" ? " does not lead to the libraries that are there"
                                                     : " is damaged: the loader does without it";
  finding.headline = str("library cache ", patient.shown(cache_path), state);
  finding.repair = "write it anew, as ldconfig would";
  finding.commands.push_back(
      patient.command("ldconfig", patient.root.is_system_root() ? "-X" : str("-X -r ", patient.root.path())));
  RepairStep repair;
  repair.step = (*cache)->step;
  repair.from = ContentFrom::text;
  repair.text = (*cache)->bytes;
  repair.order = order::last;
  finding.steps.push_back(std::move(repair));
  findings.push_back(std::move(finding));
}

}  // namespace rescue
