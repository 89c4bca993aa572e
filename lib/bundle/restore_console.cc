#include "lib/bundle/restore_console.h"

#include <algorithm>

#include "lib/base/json.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

// As many changes as fit on a screen, unless all are asked for.
constexpr size_t changes_shown = 15;

std::string_view verb_word(Verb verb) {
  switch (verb) {
    case Verb::create: return "create";
    case Verb::replace: return "replace";
    case Verb::relink: return "relink";
    case Verb::clear: return "clear";
    case Verb::attributes: return "adjust";
    case Verb::move: return "move";
    case Verb::keep_config: return "keep";
  }
  return "";
}

class Printer {
 public:
  Printer(const RestoreOptions& how, const TellOptions& tell, Io& io, const Root& root)
      : how_(how), tell_(tell), io_(io), root_(root) {}

  void plan(const RestoreReport& report) {
    const Plan& plan = report.plan;
    if (plan.nothing_to_do()) {
      io_.out.put(Printable(root_.path()), ": nothing to do, all ", plan.kept,
                  " entries are as the bundle has them.\n");
    } else {
      const std::string_view what = how_.dry_run ? " would change, " : " changed, ";
      io_.out.put(Printable(root_.path()), ": ", count_of(plan.steps.size(), "place"), what, plan.kept,
                  " were right already.\n");
    }
    const size_t shown = tell_.verbose ? plan.changes.size() : std::min(plan.changes.size(), changes_shown);
    // The commit ends with what matters most; the list begins with it.
    for (size_t i = 0; i < shown; ++i) {
      const Change& change = plan.changes[plan.changes.size() - 1 - i];
      std::string verb(verb_word(change.verb));
      verb.resize(8, ' ');
      io_.out.put("  ", verb, Printable(root_.shown(change.path)), ": ", change.why, '\n');
    }
    if (shown < plan.changes.size())
      io_.out.put("  and ", plan.changes.size() - shown, " more (-v names all)\n");
  }

  void shortage(const RestoreReport& report) {
    if (!report.shortage)
      return;
    io_.out.put("Not all fits: ", count_of(report.left_out, "place is", "places are"),
                " left out, the least important. On ", Printable(report.shortage->place), ", ",
                report.shortage->advice(), ".\n");
  }

  void proof(const RestoreReport& report) {
    const Proof& proof = *report.proof;
    if (proof.healthy()) {
      io_.out.put("Verified: ");
      if (report.changed)
        io_.out.put(count_of(proof.files_checked, "place"), " read back from disk as the bundle has them; ");
      io_.out.put(count_of(proof.programs_checked, "key program", "key programs"),
                  proof.programs_checked == 1 ? " finds its libraries" : " find their libraries");
      if (proof.ran_program)
        io_.out.put("; /bin/true and /bin/sh run");
      else if (!proof.not_run_because.empty())
        io_.out.put("; none was run (", proof.not_run_because, ')');
      io_.out.put(".\n");
      return;
    }
    io_.out.put(
        report.changed ? "The bundle's files are in place, but" : "The bundle's files are as they should be, but",
        " the system still does not work:\n");
    for (const std::string& problem : proof.problems)
      io_.out.put("  ", problem, '\n');
    io_.out.put("Next: the lines above name what is missing; `rescue-bundle list BUNDLE` shows what a bundle holds.\n");
  }

  void report(const RestoreReport& report) {
    plan(report);
    shortage(report);
    for (const std::string& note : report.notes)
      io_.out.put("Note: ", note, ".\n");
    if (report.proof)
      proof(report);
    if (report.changed)
      io_.out.put("To take this back: rescue-extract --undo ", Printable(root_.path()), '\n');
  }

  void json(const RestoreReport& report, const Bundle& bundle, int status) {
    JsonWriter json(io_.out);
    json.begin_object();
    json.field("root", root_.path());
    json.field("bundle", bundle.path());
    json.field("status", status);
    json.field("dry_run", how_.dry_run);
    json.field("changed", report.changed);
    json.field("kept", report.plan.kept);
    json.field("left_out", report.left_out);
    json.key("changes").begin_array();
    for (const Change& change : report.plan.changes) {
      json.begin_object();
      json.field("action", verb_word(change.verb));
      json.field("path", root_.shown(change.path));
      json.field("why", change.why);
      json.end_object();
    }
    json.end_array();
    strings(json, "notes", report.notes);
    strings(json, "problems", report.proof ? report.proof->problems : std::vector<std::string>());
    if (report.proof) {
      json.field("files_checked", report.proof->files_checked);
      json.field("programs_checked", report.proof->programs_checked);
      json.field("ran_program", report.proof->ran_program);
    }
    json.end_object();
    json.finish();
  }

 private:
  static void strings(JsonWriter& json, std::string_view name, const std::vector<std::string>& values) {
    json.key(name).begin_array();
    for (const std::string& value : values)
      json.value(value);
    json.end_array();
  }

  const RestoreOptions& how_;
  const TellOptions& tell_;
  Io& io_;
  const Root& root_;
};

}  // namespace

std::string describe_bundle(const Bundle& bundle) {
  const BundleInfo& info = bundle.info();
  return str(Printable(bundle.path()), ": ", info.name, ' ', info.version, " for ",
             info.os_id.empty() ? "any system" : info.os_id, info.os_id.empty() ? "" : " ", info.os_version_id, " on ",
             info.arch, ", ", count_of(bundle.manifest().entries.size(), "entry", "entries"), ", ",
             bundle.signer() ? *bundle.signer() : "not signed", ". All of it is intact.");
}

Result<int> restore_and_tell(const Root& root, Bundle& bundle, const RestoreOptions& how, const TellOptions& tell,
                             Io& io) {
  Printer printer(how, tell, io, root);
  auto restored = restore(root, bundle, how);
  if (tell.describe && !tell.quiet && !tell.json && bundle.is_verified())
    io.out.put(describe_bundle(bundle), '\n');
  const RestoreReport report = TRY(std::move(restored));
  const bool whole = !report.shortage && (!report.proof || report.proof->healthy());
  const int status = how.dry_run || whole ? 0 : static_cast<int>(Status::unhealthy);
  if (tell.json)
    printer.json(report, bundle, status);
  else if (!tell.quiet || status != 0)
    printer.report(report);
  if (report.changed && !io.out.flush())
    io.note("the files are in place; only the report could not be written");
  return status;
}

}  // namespace rescue
