// rescue-extract: put the files of a bundle back in place.
#include "lib/base/applet.h"
#include "lib/base/json.h"
#include "lib/bundle/restore.h"
#include "lib/bundle/settle.h"
#include "lib/bundle/transaction.h"

namespace rescue {
namespace {

enum class Mode : uint8_t { extract, undo, resume };

struct Options {
  Mode mode = Mode::extract;
  bool dry_run = false;
  bool force = false;
  bool no_cache = false;
  bool require_signature = false;
  std::string public_key;
  bool quiet = false;
  bool verbose = false;
  bool json = false;
};

constexpr Opt<Options> options[] = {
    {'n', "dry-run", &Options::dry_run, "print what would be done, and change nothing"},
    {'f', "force", &Options::force,
     "go on where the bundle is of another release or distribution, and over configuration that differs"},
    {0, "undo", set<&Options::mode, Mode::undo, Options>, "take back the last restore of ROOT, finished or not"},
    {0, "resume", set<&Options::mode, Mode::resume, Options>, "finish a restore that broke off"},
    {0, "no-cache", &Options::no_cache, "leave /etc/ld.so.cache as it is"},
    {0, "require-signature", &Options::require_signature, "refuse a bundle that is not signed by a trusted key"},
    {0, "pubkey", &Options::public_key, "trust the minisign public key in FILE", "FILE"},
    {'q', "quiet", &Options::quiet, "print errors only"},
    {'v', "verbose", &Options::verbose, "name every path, also those that were right"},
    {0, "json", &Options::json, "print the result as JSON"},
};

constexpr std::string_view notes =
    "Exit status: 0 done and verified, or nothing to do; 1 failed, nothing changed or\n"
    "rolled back; 2 usage; 3 refused by a safety check, nothing changed; 4 the bundle\n"
    "is bad, nothing changed; 5 restored, and the system still does not work.\n"
    "\n"
    "Example: rescue-extract /opt/rescue/bundles/glibc-2.28.tzst /";

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
  Printer(const Options& opt, Io& io, const Root& root) : opt_(opt), io_(io), root_(root) {}

  void bundle(const Bundle& bundle) {
    const BundleInfo& info = bundle.info();
    io_.out.put(printable(bundle.path()), ": ", info.name, ' ', info.version, " for ",
                info.os_id.empty() ? "any system" : info.os_id, info.os_id.empty() ? "" : " ", info.os_version_id,
                " on ", info.arch, ", ", count_of(bundle.manifest().entries.size(), "entry", "entries"), ", ",
                bundle.signer() ? *bundle.signer() : "not signed", ". All of it is intact.\n");
  }

  void plan(const RestoreReport& report) {
    const Plan& plan = report.plan;
    if (plan.nothing_to_do()) {
      io_.out.put(printable(root_.path()), ": nothing to do, all ", plan.kept,
                  " entries are as the bundle has them.\n");
    } else {
      const std::string_view what = opt_.dry_run ? " would change, " : " changed, ";
      io_.out.put(printable(root_.path()), ": ", count_of(plan.steps.size(), "place"), what, plan.kept,
                  " were right already.\n");
    }
    const size_t shown = opt_.verbose ? plan.changes.size() : std::min(plan.changes.size(), changes_shown);
    // The commit ends with what matters most; the list begins with it.
    for (size_t i = 0; i < shown; ++i) {
      const Change& change = plan.changes[plan.changes.size() - 1 - i];
      std::string verb(verb_word(change.verb));
      verb.resize(8, ' ');
      io_.out.put("  ", verb, printable(root_.shown(change.path)), ": ", change.why, '\n');
    }
    if (shown < plan.changes.size())
      io_.out.put("  and ", plan.changes.size() - shown, " more (-v names all)\n");
  }

  void shortage(const RestoreReport& report) {
    if (!report.shortage)
      return;
    io_.out.put("Not all fits: ", count_of(report.left_out, "place is", "places are"),
                " left out, the least important. On ", printable(report.shortage->place), ", ",
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
      io_.out.put("To take this back: rescue-extract --undo ", printable(root_.path()), '\n');
  }

  void json(const RestoreReport& report, const Bundle& bundle, int status) {
    JsonWriter json(io_.out);
    json.begin_object();
    json.field("root", root_.path());
    json.field("bundle", bundle.path());
    json.field("status", status);
    json.field("dry_run", opt_.dry_run);
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

  const Options& opt_;
  Io& io_;
  const Root& root_;
};

Result<int> extract(const Options& opt, Io& io, const std::string& file, const std::string& root_path) {
  Bundle bundle = TRY(Bundle::open(file, kit_trust(opt.require_signature, opt.public_key)));
  TRY(bundle.verify());
  const Root root = TRY(Root::open(root_path));
  Printer printer(opt, io, root);
  const bool speak = !opt.quiet && !opt.json;
  if (speak)
    printer.bundle(bundle);
  const RestoreReport report =
      TRY(restore(root, bundle, {.dry_run = opt.dry_run, .force = opt.force, .no_cache = opt.no_cache}));
  const bool whole = !report.shortage && (!report.proof || report.proof->healthy());
  const int status = opt.dry_run || whole ? 0 : static_cast<int>(Status::unhealthy);
  if (opt.json)
    printer.json(report, bundle, status);
  else if (speak || status != 0)
    printer.report(report);
  if (report.changed && !io.out.flush())
    io.note("the files are in place; only the report could not be written");
  return status;
}

// Says what was found and what came of it. `verb` is in the past tense.
void tell(const Options& opt, Io& io, const Root& root, const Pending& pending, std::string_view done) {
  if (opt.json) {
    JsonWriter json(io.out);
    json.begin_object();
    json.field("root", root.path());
    json.field("status", 0);
    json.field("action", done);
    json.field("bundle", pending.what);
    json.field("places", pending.changes);
    json.end_object();
    json.finish();
  } else if (!opt.quiet && done == "none") {
    io.out.put(printable(root.path()), ": nothing to do, ",
               opt.mode == Mode::undo ? "no restore is recorded here.\n" : "no restore has broken off here.\n");
  } else if (!opt.quiet) {
    io.out.put(printable(root.path()), ": the restore of ", printable(pending.what), " (",
               count_of(pending.changes, "place"), ") was ", done, ".\n");
  }
}

Result<int> undo_or_resume(const Options& opt, Io& io, const std::string& root_path) {
  const Root root = TRY(Root::open(root_path));
  const bool undo = opt.mode == Mode::undo;
  if (opt.dry_run) {
    const Pending pending = TRY(latest_transaction(root));
    const bool finished = pending.progress == Progress::none || (!undo && pending.progress == Progress::done);
    tell(opt, io, root, pending,
         finished ? "none"
         : undo   ? "recorded and can be taken back"
                  : "broken off and can be finished");
    return 0;
  }
  const UniqueFd lock = TRY(lock_root(root));
  const Pending pending = TRY(undo ? undo_last(root, opt.force) : resume(root));
  std::string_view done = "none";
  if (undo && pending.progress != Progress::none)
    done = "taken back";
  else if (pending.progress == Progress::committing)
    done = "finished";
  else if (pending.progress == Progress::undoing)
    done = "taken back, as had been begun";
  else if (pending.progress == Progress::staging)
    done = "cleared away; it had not changed anything yet";
  tell(opt, io, root, pending, done);
  return 0;
}

Result<int> run(const Options& opt, Io& io, Args args) {
  std::string file;
  if (opt.mode == Mode::extract)
    file = TRY(args.shift("BUNDLE"));
  const std::string root(args.empty() ? "/" : TRY(args.shift("ROOT")));
  TRY(args.expect_end());
  if (opt.mode == Mode::extract)
    return extract(opt, io, file, root);
  return undo_or_resume(opt, io, root);
}

}  // namespace

extern const Applet rescue_extract_applet;
const Applet rescue_extract_applet = {
    .name = "rescue-extract",
    .summary = "put the files of a bundle back in place",
    .usage = "[OPTION]... BUNDLE [ROOT]\n--undo [ROOT]\n--resume [ROOT]",
    .section = 8,
    .closed_output_is_fine = true,
    .notes = notes,
    .options = describe<options>,
    .run = entry<options, run>,
};

}  // namespace rescue
