// /etc/ld.so.conf and what it includes: the administrator's, so that only what cannot be meant is called damage.
#include <algorithm>

#include "lib/base/text.h"
#include "lib/bundle/state_dir.h"
#include "lib/crypto/digest.h"
#include "lib/health/checks.h"
#include "lib/health/places.h"

namespace rescue {

namespace {

constexpr std::string_view main_file = "etc/ld.so.conf";

// What distributions have in it. Which of them it was, the package database knows by its digest.
constexpr std::string_view usual_texts[] = {"include /etc/ld.so.conf.d/*.conf\n\n",
                                            "include /etc/ld.so.conf.d/*.conf\n", "include ld.so.conf.d/*.conf\n"};

// What a person writes has no control characters but blanks and line ends, whatever its encoding.
bool is_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<uint8_t>(c);
    return (byte >= 0x20 && byte != 0x7f) || (byte >= '\t' && byte <= '\r');
  });
}

void mend_main(Patient& patient, Finding& finding, const Found& place) {
  const auto owner =
      patient.packages ? patient.packages->owner(place.path) : Result<std::optional<PackageDb::Owned>>(std::nullopt);
  if (!owner || !*owner || !(*owner)->file.digest)
    return;
  const FileDigest& digest = (*owner)->file.digest;
  for (const std::string_view text : usual_texts) {
    if (digest_of(digest.algorithm, text) != digest.hex)
      continue;
    RepairStep repair;
    repair.step.path = place.path;
    repair.step.old_kind = kind_of(place.info.st_mode);
    repair.step.attributes = {0644, 0, 0};
    repair.step.sha256 = Sha256::of(text);
    repair.from = ContentFrom::text;
    repair.text = text;
    repair.order = order::files;
    finding.steps.push_back(std::move(repair));
    finding.repair = "write it as the package has it, which its digest proves";
    return;
  }
}

void check_file(Patient& patient, Findings& findings, const std::string& path) {
  const auto place = patient.root.find(path, Last::keep);
  if (!place || !place->exists || !S_ISREG(place->info.st_mode) || patient.is_claimed(path))
    return;
  const auto text = patient.root.read_file(path, 1 << 20);
  if (text && is_text(*text))
    return;
  Finding finding;
  finding.id = "CONFIG_DAMAGED";
  finding.weight = 30;
  finding.path = path;
  finding.headline = str("configuration ", patient.shown(path), text ? " is no text" : " cannot be read");
  if (path == main_file)
    mend_main(patient, finding, *place);
  const auto owner = patient.packages ? patient.packages->owner(path) : Result<std::optional<PackageDb::Owned>>();
  if (patient.packages && (!owner || !*owner))
    finding.repair = "no package has it: look at it, and remove it or write it anew";
  else if (finding.steps.empty())
    wish(patient, finding, path, {});
  findings.push_back(std::move(finding));
}

}  // namespace

void check_config(Patient& patient, Findings& findings) {
  check_file(patient, findings, std::string(main_file));
  const auto dir = patient.root.open_dir("etc/ld.so.conf.d");
  const auto entries =
      dir ? list_dir(dir->get(), "etc/ld.so.conf.d") : Result<std::vector<DirEntry>>(std::unexpected(dir.error()));
  for (const DirEntry& entry : entries.value_or(std::vector<DirEntry>()))
    if (entry.name.ends_with(".conf"))
      check_file(patient, findings, str("etc/ld.so.conf.d/", entry.name));
}

}  // namespace rescue
