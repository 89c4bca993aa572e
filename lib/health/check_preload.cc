// /etc/ld.so.preload: libraries that every program loads first.
#include <algorithm>

#include "lib/base/quote.h"
#include "lib/base/text.h"
#include "lib/bundle/state_dir.h"
#include "lib/crypto/digest.h"
#include "lib/elf/search.h"
#include "lib/health/checks.h"
#include "lib/health/places.h"

namespace rescue {

namespace {

constexpr std::string_view preload_path = "etc/ld.so.preload";
constexpr uint64_t longest_file = 1 << 20;

// Why the loader cannot preload it; empty if it can, as far as its file tells.
std::string fault_of(const Patient& patient, const std::string& entry) {
  std::vector<std::string> places;
  if (entry.contains('/'))
    places.push_back(entry);
  else
    for (const std::string& dir : patient.library_dirs)
      places.push_back(str(dir, '/', entry));
  // $LIB and the like are the loader's to replace; we cannot tell where they lead.
  if (entry.contains('$'))
    return {};
  std::string why = "is not there";
  for (const std::string& place : places) {
    const auto found = patient.root.find(place);
    if (!found || !found->exists)
      continue;
    const auto file = S_ISREG(found->info.st_mode) ? elf::read_library(patient.root, *found) : nullptr;
    if (!file || file->error)
      why = "is no library";
    else if (patient.machine() != nullptr && !file->image.same_machine(*patient.machine()))
      why = "is for another machine";
    else if (file->image.truncated() || file->image.damage)
      why = "is damaged";
    else
      return {};
  }
  return why;
}

// The text with the lines that name one of `bad` made comments; other entries of such a line follow on one of their
// own.
std::string without(std::string_view text, const std::vector<std::string>& bad) {
  std::string out;
  if (text.ends_with('\n'))
    text.remove_suffix(1);
  for (const std::string_view line : split(text, '\n')) {
    const auto entries = elf::preload_file_entries(line);
    const bool is_bad = std::ranges::any_of(entries, [&](const auto& e) { return std::ranges::contains(bad, e); });
    out += str(is_bad ? "# rescue-doctor: " : "", line, '\n');
    for (const std::string& entry : entries)
      if (is_bad && !std::ranges::contains(bad, entry))
        out += str(entry, '\n');
  }
  return out;
}

RepairStep text_step(const Found& place, std::string text) {
  RepairStep repair;
  repair.step.path = place.path;
  repair.step.kind = NodeKind::file;
  repair.step.old_kind = kind_of(place.info.st_mode);
  repair.step.attributes = {place.info.st_mode & 07777U, place.info.st_uid, place.info.st_gid};
  repair.step.sha256 = Sha256::of(text);
  repair.from = ContentFrom::text;
  repair.text = std::move(text);
  repair.order = order::files;
  return repair;
}

void report_broken(Patient& patient, Findings& findings, const Found& place, const std::string& text,
                   const std::vector<std::string>& bad, size_t count) {
  Finding finding;
  finding.id = "PRELOAD_BROKEN";
  finding.stage = Stage::settings;
  finding.weight = 50;
  finding.path = place.path;
  finding.headline = str(patient.shown(place.path), " makes every program load ", Printable(bad[0]), ", which ",
                         fault_of(patient, bad[0]));
  for (const std::string& entry : bad)
    finding.evidence.push_back(str(Printable(entry), ' ', fault_of(patient, entry)));
  const std::string word = quoted(patient.root.shown(place.path), QuotingStyle::shell_escape);
  if (bad.size() == count) {
    finding.repair = "take the file away, for it names nothing that can be loaded";
    finding.commands.push_back(patient.command("mv", str(word, ' ', word, ".off")));
    finding.steps.push_back(remove_step(patient, place.path));
  } else {
    finding.repair = "make the lines that name it comments";
    finding.steps.push_back(text_step(place, without(text, bad)));
  }
  findings.push_back(std::move(finding));
}

// A directory or a link to nothing the loader passes over; a FIFO keeps every program waiting for ever.
void report_unreadable(const Patient& patient, Findings& findings, const Found& place, mode_t mode, std::string why) {
  Finding finding;
  finding.id = "PRELOAD_UNREADABLE";
  finding.severity = S_ISFIFO(mode) ? Severity::fatal : Severity::problem;
  finding.stage = Stage::settings;
  finding.weight = 50;
  finding.path = place.path;
  finding.headline = str(patient.shown(place.path), " cannot be read");
  finding.evidence.push_back(std::move(why));
  // A plain file that cannot be read may still be meant.
  if (!S_ISREG(mode)) {
    finding.repair = "put it aside, for it names nothing that can be loaded";
    finding.steps.push_back(remove_step(patient, place.path));
  }
  findings.push_back(std::move(finding));
}

}  // namespace

void check_preload(Patient& patient, Findings& findings) {
  const auto place = patient.root.find(preload_path, Last::keep);
  if (!place || !place->exists)
    return;
  const auto text = patient.root.read_file(place->path, longest_file);
  // Reading a FIFO that nobody writes into gives nothing at once; the loader's own reading waits.
  const auto target = patient.root.find(preload_path);
  const mode_t mode = target && target->exists ? target->info.st_mode : 0;
  if (!text || !S_ISREG(mode))
    return report_unreadable(patient, findings, *place, mode, text ? "it is no plain file" : message(text.error()));
  const auto entries = elf::preload_file_entries(*text);
  std::vector<std::string> bad;
  for (const std::string& entry : entries)
    if (!fault_of(patient, entry).empty())
      bad.push_back(entry);
  if (!bad.empty() && S_ISREG(place->info.st_mode))
    return report_broken(patient, findings, *place, *text, bad, entries.size());
  for (const std::string& entry : entries)
    findings.push_back({"PRELOAD_PRESENT",
                        Severity::note,
                        Stage::settings,
                        0,
                        place->path,
                        str(patient.shown(place->path), " makes every program load ", Printable(entry),
                            ", which is rare on a server: see that it is meant"),
                        {},
                        {},
                        {},
                        {}});
}

}  // namespace rescue
