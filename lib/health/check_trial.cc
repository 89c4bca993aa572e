// A trial run: the only time that something of the root is executed, and only where nothing speaks against it.
#include <algorithm>

#include "lib/base/text.h"
#include "lib/elf/search.h"
#include "lib/health/checks.h"
#include "lib/health/explain.h"
#include "lib/health/places.h"
#include "lib/sys/trial.h"

namespace rescue {

namespace {

constexpr unsigned patience_seconds = 20;

bool may_run(const Finding& finding) {
  return finding.id == "LIBC_MIXED" || finding.id == "LIBRARY_SHADOWED" || finding.id == "SYMBOL_MISSING";
}

void report(Patient& patient, Findings& findings, const std::string& program, const std::string& why) {
  Finding finding;
  finding.id = "TRIAL_FAILED";
  finding.severity = Severity::fatal;
  finding.weight = 64;
  finding.path = program.substr(1);
  finding.headline = str(program, " does not run, though its files are all there");
  finding.evidence.push_back(why);
  const auto preload = patient.root.find("etc/ld.so.preload", Last::keep);
  if (preload && preload->exists) {
    const auto text = patient.root.read_file("etc/ld.so.preload", 1 << 20);
    const auto entries = elf::preload_file_entries(text.value_or(""));
    if (!entries.empty()) {
      finding.id = "PRELOAD_BROKEN";
      finding.stage = Stage::settings;
      finding.path = "etc/ld.so.preload";
      finding.headline =
          str("no program runs, and ", patient.shown("etc/ld.so.preload"), " makes each load ", Printable(entries[0]));
      finding.repair = "take the file away (it is kept), and look again";
      finding.steps.push_back(remove_step(patient, "etc/ld.so.preload"));
      finding.steps.back().guess = true;
    }
  }
  if (const auto cause = explain(why)) {
    finding.evidence.push_back(std::string(cause->cause));
    if (cause->id == finding.id)
      finding.repair = cause->remedy;
  }
  findings.push_back(std::move(finding));
}

// A mixture may run all the same, and it does no harm to see; what is plainly broken is not started.
bool forbids_trial(const Finding& finding) {
  return finding.severity == Severity::fatal && !may_run(finding);
}

// What is known already explains why nothing runs.
void settle_failure(Patient& patient, Findings& findings, const std::string& program, const std::string& why) {
  for (Finding& finding : findings)
    if (finding.severity == Severity::fatal && may_run(finding)) {
      finding.evidence.push_back(str("a trial run failed: ", why));
      return;
    }
  report(patient, findings, program, why);
}

}  // namespace

void check_trial(Patient& patient, Findings& findings) {
  if (!patient.options.run_programs)
    return;
  if (patient.census.broken > 0 || std::ranges::any_of(findings, forbids_trial)) {
    patient.census.not_run_because = "what was found keeps programs from running";
    return;
  }
  for (const auto& words : {std::vector<std::string>{"/bin/true"}, {"/bin/sh", "-c", ":"}}) {
    if (!patient.root.exists(words[0]))
      continue;
    const auto result = try_program(patient.root, words, patience_seconds);
    if (!result) {
      patient.census.not_run_because = message(result.error());
      return;
    }
    switch (result->kind) {
      case TrialResult::Kind::succeeded: patient.census.ran = true; break;
      case TrialResult::Kind::failed:
        patient.census.trial_failed = true;
        return settle_failure(patient, findings, words[0], result->why);
      case TrialResult::Kind::not_for_here: patient.census.not_run_because = result->why; return;
    }
  }
}

}  // namespace rescue
