#include "lib/health/diagnose.h"

#include <algorithm>

#include "lib/base/append.h"
#include "lib/base/quote.h"
#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/health/checks.h"
#include "lib/health/places.h"
#include "lib/health/reference.h"
#include "lib/health/sources.h"

namespace rescue {

namespace {

// As many of one kind in one directory as are told one by one.
constexpr size_t told_singly = 3;

// Of what is mended the same way wherever it is.
bool is_of_attributes(const Finding& finding) {
  for (const std::string_view end : {"_WRONG_OWNER", "_WRONG_MODE", "_NOT_READABLE", "_NOT_EXECUTABLE", "_WRITABLE"})
    if (finding.id.ends_with(end))
      return true;
  return false;
}

std::string key_of(const Finding& finding, bool everywhere) {
  return everywhere && is_of_attributes(finding) ? finding.id : str(finding.id, ' ', dir_name(finding.path));
}

// Hundreds of files that have the same fault become one finding.
Findings merged(Findings findings, bool everywhere) {
  Findings out;
  for (size_t i = 0; i < findings.size(); ++i) {
    Finding& finding = findings[i];
    if (finding.id.empty())
      continue;
    const std::string key = key_of(finding, everywhere);
    std::vector<Finding*> alike;
    if (finding.severity != Severity::fatal && !finding.path.empty())
      for (size_t j = i + 1; j < findings.size(); ++j)
        if (findings[j].severity == finding.severity && findings[j].stage == finding.stage &&
            key_of(findings[j], everywhere) == key)
          alike.push_back(&findings[j]);
    if (alike.size() >= told_singly) {
      const bool elsewhere = dir_name(alike.back()->path) != dir_name(finding.path);
      const std::string place = elsewhere                    ? " elsewhere"
                                : finding.path.contains('/') ? str(" in ", Printable(dir_name(finding.path)))
                                                             : std::string();
      const auto name = [&](const Finding* other) {
        return printable(elsewhere ? std::string_view(other->path) : base_name(other->path));
      };
      finding.evidence.push_back(
          str("and so are ", alike.size(), " more", place, ": ", name(alike[0]), ", ", name(alike[1]), " ..."));
      for (Finding* other : alike) {
        append(finding.steps, other->steps);
        for (std::string& package : other->packages)
          if (!std::ranges::contains(finding.packages, package))
            finding.packages.push_back(std::move(package));
        other->id.clear();
      }
      finding.commands.clear();
    }
    out.push_back(std::move(finding));
  }
  return out;
}

// What only its package can bring back.
void name_packages(const Patient& patient, Findings& findings) {
  constexpr size_t most = 8;
  for (Finding& finding : findings) {
    const size_t count = finding.packages.size();
    if (!finding.repair.empty() || !finding.steps.empty() || count == 0)
      continue;
    finding.repair =
        str("no good copy of it was found on this system: install ", count == 1 ? "its package" : "these packages",
            " again, or unpack ", count == 1 ? "it" : "them");
    for (size_t i = 0; i < std::min(count, most); ++i)
      finding.repair += str(i == 0 ? ": " : ", ", Printable(finding.packages[i]));
    if (count > most)
      finding.repair += str(" and ", count - most, " more");
    finding.commands = {patient.command(patient.root.exists("var/lib/dpkg") ? "deb-extract" : "rpm-extract",
                                        str("--in-place ", Printable(patient.root.path()), " PACKAGE..."))};
  }
}

// What a person would type for the same, where that is little.
std::string command_of(const Patient& patient, const RepairStep& repair) {
  const Step& step = repair.step;
  const auto word = [&](std::string_view path) { return quoted(patient.root.shown(path), QuotingStyle::shell_escape); };
  if (step.action == Action::move)
    return patient.command("mv", str(word(step.path), ' ', word(step.to)));
  if (step.action == Action::remove)
    return patient.command("mv", str(word(step.path), ' ', word("root"), '/'));
  if (step.action != Action::put)
    return {};
  if (step.kind == NodeKind::link)
    return link_command(patient, step.path, step.link);
  if (step.kind == NodeKind::dir)
    return patient.command("mkdir", str("-p ", word(step.path)));
  const Donor* const donor = repair.from == ContentFrom::donor ? &patient.donors[repair.index] : nullptr;
  if (donor == nullptr || donor->path.empty())
    return {};
  return patient.command("cp", str("-p --remove-destination ", word(donor->path), ' ', word(step.path)));
}

void add_commands(const Patient& patient, Findings& findings) {
  constexpr size_t most = 3;
  for (Finding& finding : findings) {
    if (!finding.commands.empty() || finding.steps.size() > most)
      continue;
    for (const RepairStep& step : finding.steps)
      finding.commands.push_back(command_of(patient, step));
    if (std::ranges::contains(finding.commands, std::string()))
      finding.commands.clear();
  }
}

void sort_by_gravity(Findings& findings) {
  rescue::sort(findings, [](const Finding& a, const Finding& b) {
    return a.severity != b.severity ? a.severity > b.severity : a.weight > b.weight;
  });
}

// Whose programs run on another C library, or where there is nothing at all.
bool is_strange(Patient& patient, Findings& findings) {
  Finding finding;
  finding.severity = Severity::problem;
  finding.weight = 99;
  if (patient.is_musl) {
    finding.id = "NOT_GLIBC";
    finding.headline = "programs run on musl, not on glibc: there is nothing here for this command";
  } else if (patient.interp.empty() && patient.members.empty()) {
    if (check_usr(patient, findings))
      return true;
    finding.id = "NO_SYSTEM";
    finding.severity = Severity::fatal;
    finding.headline = str("directory ", Printable(patient.root.path()),
                           " has neither a program nor a glibc. Is it the right one, and is its disk mounted there?");
  } else {
    return false;
  }
  findings.push_back(std::move(finding));
  return true;
}

// The finding as a sentence: "This system's libc.so.6 is missing".
std::string sentence(const Finding& finding) {
  for (const std::string_view start : {"/", "loader ", "link ", "lib", "directory ", "program ", "ld"})
    if (finding.headline.starts_with(start))
      return str("This system's ", finding.headline);
  std::string text = finding.headline;
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z')
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

std::string consequence(const Diagnosis& diagnosis) {
  const Patient::Census& census = diagnosis.patient.census;
  const bool noexec = std::ranges::any_of(diagnosis.findings, [](const Finding& f) { return f.id == "NOEXEC"; });
  const bool none = census.programs == 0 && diagnosis.findings.front().id == "DIRECTORY_MOVED";
  if (noexec || none || census.trial_failed || (census.programs > 0 && census.broken == census.programs))
    return " Nothing dynamic can run.";
  if (census.broken > 0)
    return str(' ', census.broken, " of ", census.programs, " programs cannot run.");
  if (census.ran)
    return " Programs run all the same.";
  return {};
}

bool is_about_glibc(const Finding& finding) {
  constexpr std::string_view others[] = {"UNRESOLVED",       "VERSION_MISSING", "PROGRAM_DAMAGED",
                                         "PROGRAMS_MISSING", "LIBRARY_DAMAGED", "LIBRARY_LINK_MISSING",
                                         "PATH_WRONG"};
  const bool program = finding.id.starts_with("FILE_") && dir_name(finding.path).ends_with("bin");
  return finding.severity != Severity::note && !program && !std::ranges::contains(others, finding.id);
}

std::string health_words(const Diagnosis& diagnosis) {
  const Patient& p = diagnosis.patient;
  std::string text = str("This system's glibc ", p.version);
  for (const Member& member : p.members)
    if (!member.package.empty()) {
      text += str(" (", Printable(member.package), ')');
      break;
    }
  text += str(" is healthy: ", count_of(p.census.programs, "program finds its", "programs find their"), " libraries");
  if (p.census.ran)
    text += "; /bin/true and /bin/sh run";
  else if (!p.options.run_programs)
    text += "; none was run (--no-trial)";
  else if (!p.census.not_run_because.empty())
    text += str("; none was run (", p.census.not_run_because, ')');
  return text + '.';
}

}  // namespace

Diagnosis diagnose(const Root& root, const DoctorOptions& options) {
  Diagnosis diagnosis{look_at(root, options), {}};
  Patient& patient = diagnosis.patient;
  Findings& findings = diagnosis.findings;
  if (is_strange(patient, findings))
    return diagnosis;
  choose_reference(patient);
  check_layout(patient, findings);
  check_surroundings(patient, findings);
  check_bundle(patient, findings);
  check_packages(patient, findings);
  check_family(patient, findings);
  check_machine(patient, findings);
  check_attributes(patient, findings);
  check_labels(patient, findings);
  check_config(patient, findings);
  check_preload(patient, findings);
  check_shadows(patient, findings);
  check_programs(patient, findings);
  check_cache(patient, findings);
  check_environment(patient, findings);
  check_trial(patient, findings);
  find_sources(patient, findings);
  findings = merged(merged(std::move(findings), false), true);
  name_packages(patient, findings);
  add_commands(patient, findings);
  sort_by_gravity(findings);
  return diagnosis;
}

std::string verdict(const Diagnosis& diagnosis) {
  if (diagnosis.healthy())
    return health_words(diagnosis);
  const Finding& worst = diagnosis.findings.front();
  const bool glibc = std::ranges::any_of(diagnosis.findings, is_about_glibc);
  if (glibc)
    return str(sentence(worst), worst.headline.ends_with('?') ? "" : ".", consequence(diagnosis));
  return str("This is not a glibc problem: glibc ", diagnosis.patient.version, " is whole. But ", worst.headline, '.',
             consequence(diagnosis));
}

}  // namespace rescue
