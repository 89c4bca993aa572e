// /etc/ld.so.cache, which leads to the libraries outside of the loader's own directories.
#include <algorithm>

#include "lib/base/text.h"
#include "lib/bundle/refresh.h"
#include "lib/elf/cache.h"
#include "lib/health/checks.h"

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

}  // namespace

void check_cache(Patient& patient, Findings& findings) {
  const auto cache = plan_refresh(patient.root, {}, true);
  // Where nothing tells how it should be written, the checks of glibc itself say why.
  if (!cache || !*cache)
    return;
  const std::string_view suffix = suffix_of((*cache)->why);
  if (suffix == "STALE" && may_be_right(patient, findings, (*cache)->bytes))
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
