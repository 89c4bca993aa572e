// rescue-doctor: say what is wrong with a system, and mend it with the least.
#include <algorithm>

#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/confirm.h"
#include "lib/base/json.h"
#include "lib/health/diagnose.h"
#include "lib/health/explain.h"
#include "lib/health/fix.h"

namespace rescue {
namespace {

struct Options {
  std::string root = "/";
  bool fix = false;
  bool dry_run = false;
  bool yes = false;
  std::string bundle;
  std::optional<std::string> explain;
  bool require_signature = false;
  std::string public_key;
  bool no_trial = false;
  bool json = false;
  bool quiet = false;
};

constexpr Opt<Options> options[] = {
    {0, "fix", &Options::fix, "mend what can be mended, with the least that does it, and look again"},
    {'n', "dry-run", &Options::dry_run, "with --fix: print what would be done, and change nothing"},
    {'y', "yes", &Options::yes, "with --fix: do not ask before changing the running system"},
    {0, "root", &Options::root, "look at the system in DIR instead of /", "DIR"},
    {0, "bundle", &Options::bundle, "take files from this bundle, not from those of the kit", "FILE"},
    {0, "explain", &Options::explain, "say what is behind a message that a program printed", "TEXT"},
    {0, "require-signature", &Options::require_signature, "use only bundles that are signed by a trusted key"},
    {0, "pubkey", &Options::public_key, "trust the minisign public key in FILE", "FILE"},
    {0, "no-trial", &Options::no_trial, "run no program of the system, not even /bin/true"},
    {0, "json", &Options::json, "print the result as JSON"},
    {'q', "quiet", &Options::quiet, "print nothing: the exit status tells"},
};

constexpr DenseText notes = dense<
    "Exit status: 0 healthy; 1 failed; 2 usage; 3 refused by a safety check, nothing\n"
    "changed; 4 the bundle is bad; 5 problems were found, or are left after --fix.\n"
    "\n"
    "Example: rescue-doctor --fix --root /mnt">;

// What was wrong before anything was mended.
struct FoundFirst {
  std::string verdict;
  std::vector<std::string> ids;
};

FoundFirst found_first(const Diagnosis& diagnosis) {
  FoundFirst first;
  first.verdict = verdict(diagnosis);
  for (const Finding& finding : diagnosis.findings)
    first.ids.push_back(finding.id);
  return first;
}

class Printer {
 public:
  Printer(Io& io, const Diagnosis& diagnosis) : io_(io), diagnosis_(diagnosis) {}

  std::string fix_command() const {
    const Patient& patient = diagnosis_.patient;
    return patient.command("rescue-doctor", patient.root.is_system_root()
                                                ? "--fix"
                                                : str("--fix --root ", Printable(patient.root.path())));
  }

  void print() {
    io_.out.put(verdict(diagnosis_), '\n');
    for (const Finding& finding : diagnosis_.findings)
      print(finding);
    for (const std::string& note : diagnosis_.patient.notes)
      io_.out.put("\nNote: ", note, ".\n");
  }

  static std::string line(const Patient& patient, const PlannedChange& change) {
    std::string verb(change.verb);
    verb.resize(10, ' ');
    return str("  ", verb, patient.shown(change.path), ' ', change.how, '\n');
  }

  void print_changes(std::string_view title, const std::vector<PlannedChange>& changes) {
    constexpr size_t most = 20;
    io_.out.put(title, '\n');
    for (size_t i = 0; i < std::min(changes.size(), most); ++i)
      io_.out.put(line(diagnosis_.patient, changes[i]));
    if (changes.size() > most)
      io_.out.put("  and ", changes.size() - most, " more\n");
  }

  // What is later is planned anew when what is before it is done.
  void print_plan(const std::vector<Round>& rounds) {
    for (const Round& round : rounds)
      print_changes(
          &round == rounds.data() ? "\nThis would be done:" : "Then, where another look finds that it is still needed:",
          round.changes);
    io_.out.put("After each of these it looks again, and mends what shows only then.\n");
  }

  void print_json(int status, const FixReport* report, const std::vector<Round>& rounds, const FoundFirst* first) {
    JsonWriter json(io_.out);
    json.begin_object();
    json.field("root", diagnosis_.patient.root.path());
    json.field("status", status);
    json.field("healthy", diagnosis_.healthy());
    json.field("verdict", verdict(diagnosis_));
    json.field("glibc", diagnosis_.patient.version);
    json.field("bundle", diagnosis_.patient.bundle ? diagnosis_.patient.bundle->path() : std::string());
    census(json);
    json.key("findings").begin_array();
    for (const Finding& finding : diagnosis_.findings)
      print(json, finding);
    json.end_array();
    strings(json, "notes", diagnosis_.patient.notes);
    if (first != nullptr)
      strings(json, "found", first->ids);
    json.key("changes").begin_array();
    size_t number = 0;
    for (const Round& round : rounds) {
      ++number;
      for (const PlannedChange& change : round.changes)
        print(json, change, report == nullptr ? number : 0);
    }
    json.end_array();
    json.field("changed", report != nullptr && report->changed);
    if (report != nullptr && report->stopped)
      json.field("stopped", message(*report->stopped));
    json.end_object();
    json.finish();
  }

 private:
  // `round` is 0 where it was done, and not planned only.
  void print(JsonWriter& json, const PlannedChange& change, size_t round) {
    json.begin_object();
    json.field("action", change.verb);
    json.field("path", diagnosis_.patient.root.shown(change.path));
    json.field("how", change.how);
    if (round != 0)
      json.field("round", round);
    json.end_object();
  }

  // What is not found has a name and no place.
  static bool has_place(const Finding& finding) { return !finding.path.empty() && finding.id != "UNRESOLVED"; }

  void print(const Finding& finding) {
    io_.out.put('\n', finding.id, finding.severity == Severity::note ? " (note)" : "");
    if (!finding.path.empty())
      io_.out.put(": ", has_place(finding) ? diagnosis_.patient.shown(finding.path) : printable(finding.path));
    io_.out.put("\n    ", finding.headline, '\n');
    for (const std::string& line : finding.evidence)
      io_.out.put("    ", line, '\n');
    if (finding.repair.empty())
      return;
    io_.out.put("    Repair: ", finding.repair, '\n');
    for (const std::string& command : finding.commands)
      io_.out.put("        ", command, '\n');
  }

  void census(JsonWriter& json) {
    const Patient::Census& census = diagnosis_.patient.census;
    json.key("programs").begin_object();
    json.field("checked", census.programs);
    json.field("broken", census.broken);
    json.field("key", census.key_programs);
    json.field("key_broken", census.key_broken);
    json.field("ran", census.ran);
    json.field("not_run_because", census.not_run_because);
    json.end_object();
  }

  static void strings(JsonWriter& json, std::string_view name, const std::vector<std::string>& values) {
    json.key(name).begin_array();
    for (const std::string& value : values)
      json.value(value);
    json.end_array();
  }

  void print(JsonWriter& json, const Finding& finding) {
    json.begin_object();
    json.field("id", finding.id);
    json.field("severity", severity_word(finding.severity));
    json.field("path", has_place(finding) ? diagnosis_.patient.root.shown(finding.path) : finding.path);
    json.field("headline", finding.headline);
    strings(json, "evidence", finding.evidence);
    json.field("repair", finding.repair);
    strings(json, "commands", finding.commands);
    json.field("repairable", !finding.steps.empty());
    json.end_object();
  }

  Io& io_;
  const Diagnosis& diagnosis_;
};

int print_explanation(const Options& opt, Io& io) {
  const auto found = explain(*opt.explain);
  if (opt.json) {
    JsonWriter json(io.out);
    json.begin_object();
    json.field("text", *opt.explain);
    json.field("id", found ? found->id : "");
    json.field("cause", found ? found->cause : "");
    json.field("remedy", found ? found->remedy : "");
    json.end_object();
    json.finish();
  } else if (found) {
    io.out.put("Cause: ", found->cause, " (", found->id, ").\nWhat to do: ", found->remedy, ".\n");
  } else {
    io.out.put("No explanation is known for this text. `rescue-doctor` looks at the system itself.\n");
  }
  return found ? 0 : static_cast<int>(Status::unhealthy);
}

DoctorOptions doctor_options(const Options& opt) {
  DoctorOptions doctor;
  doctor.bundle_file = opt.bundle;
  doctor.require_signature = opt.require_signature;
  doctor.public_key = opt.public_key;
  doctor.run_programs = !opt.no_trial;
  return doctor;
}

int status_of(const Diagnosis& diagnosis) {
  return diagnosis.healthy() ? 0 : static_cast<int>(Status::unhealthy);
}

// The diagnosis alone, or with what would be done.
int look(const Options& opt, Io& io, const Diagnosis& diagnosis) {
  const int status = status_of(diagnosis);
  const auto rounds = opt.quiet && !opt.json ? std::vector<Round>() : plan_all(diagnosis);
  Printer printer(io, diagnosis);
  if (opt.json) {
    printer.print_json(status, nullptr, rounds, nullptr);
  } else if (!opt.quiet) {
    printer.print();
    if (opt.fix && rounds.empty())
      io.out.put(opt.dry_run ? "\nNothing would be changed.\n" : "\nNothing was changed.\n");
    else if (opt.fix)
      printer.print_plan(rounds);
    else if (!rounds.empty())
      io.out.put("\nTo have this mended: ", printer.fix_command(), "\n");
  }
  return status;
}

// Whether the person at the terminal agrees to a change of the system that runs.
bool may_change(const Options& opt, Io& io, const Diagnosis& diagnosis) {
  if (opt.yes || !diagnosis.patient.root.is_system_root() || ::isatty(io.in) == 0)
    return true;
  Printer printer(io, diagnosis);
  printer.print();
  printer.print_plan(plan_all(diagnosis));
  return confirm(io, "do this");
}

void print_report(const Options& opt, Io& io, const Diagnosis& diagnosis, const FixReport& report, int status,
                  const FoundFirst& first) {
  Printer printer(io, diagnosis);
  if (opt.json)
    return printer.print_json(status, &report, {Round{.changes = report.done}}, &first);
  if (opt.quiet)
    return;
  if (report.changed)
    io.out.put("Found: ", first.verdict, "\n\n");
  if (!report.done.empty())
    printer.print_changes("Done:", report.done);
  for (const std::string& note : report.notes)
    io.out.put("Note: ", note, ".\n");
  if (!report.done.empty() || !report.notes.empty())
    io.out.put('\n');
  printer.print();
  if (report.changed)
    io.out.put("\nTo take this back: ", diagnosis.patient.command("rescue-extract", "--undo "),
               Printable(diagnosis.patient.root.path()), '\n');
}

Result<int> mend(const Options& opt, Io& io, const Root& root, std::optional<Diagnosis>& diagnosis) {
  const DoctorOptions& doctor = diagnosis->patient.options;
  // What an earlier change left is finished without a step of ours.
  const bool unfinished = std::ranges::contains(diagnosis->findings, "UNFINISHED_RESTORE", &Finding::id);
  if (!unfinished && plan_all(*diagnosis).empty())
    return look(opt, io, *diagnosis);
  if (!may_change(opt, io, *diagnosis)) {
    io.note("nothing was changed");
    return static_cast<int>(Status::refused);
  }
  const FoundFirst first = found_first(*diagnosis);
  const FixReport report = fix(root, doctor, diagnosis);
  int status = status_of(*diagnosis);
  if (report.stopped && !report.changed)
    status = report.stopped->status() == Status::unset ? io.failure_status : static_cast<int>(report.stopped->status());
  print_report(opt, io, *diagnosis, report, status, first);
  if (report.stopped)
    io.err.put(io.name, ": ", message(*report.stopped), '\n');
  return status;
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  TRY(args.expect_end());
  if (opt.explain)
    return print_explanation(opt, io);
  if ((opt.dry_run || opt.yes) && !opt.fix)
    return usage_error("--dry-run and --yes go with --fix");
  const Root root = TRY(Root::open(opt.root));
  const DoctorOptions doctor = doctor_options(opt);
  std::optional<Diagnosis> diagnosis;
  diagnosis.emplace(diagnose(root, doctor));
  return opt.fix && !opt.dry_run ? mend(opt, io, root, diagnosis) : look(opt, io, *diagnosis);
}

}  // namespace

extern const Applet rescue_doctor_applet;
const Applet rescue_doctor_applet = {
    .name = "rescue-doctor",
    .summary = "say what is wrong with a system, and mend it with the least",
    .usage = "[OPTION]...\n--explain TEXT",
    .section = 8,
    .closed_output_is_fine = true,
    .notes = notes,
    .options = describe<options>,
    .run = entry<options, run>,
};

}  // namespace rescue
