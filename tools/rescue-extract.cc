// rescue-extract: put the files of a bundle back in place.
#include "lib/base/applet.h"
#include "lib/base/json.h"
#include "lib/bundle/restore_console.h"
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

constexpr DenseText notes = dense<
    "Exit status: 0 done and verified, or nothing to do; 1 failed, nothing changed or\n"
    "rolled back; 2 usage; 3 refused by a safety check, nothing changed; 4 the bundle\n"
    "is bad, nothing changed; 5 restored, and the system still does not work.\n"
    "\n"
    "Example: rescue-extract /opt/rescue/bundles/glibc-2.28.tzst /">;

Result<int> extract(const Options& opt, Io& io, const std::string& file, const std::string& root_path) {
  Bundle bundle = TRY(Bundle::open(file, kit_trust(opt.require_signature, opt.public_key), Bundle::Content::wanted));
  const Root root = TRY(Root::open(root_path));
  return restore_and_tell(root, bundle, {.dry_run = opt.dry_run, .force = opt.force, .no_cache = opt.no_cache},
                          {.json = opt.json, .quiet = opt.quiet, .verbose = opt.verbose, .describe = true}, io);
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
    io.out.put(Printable(root.path()), ": nothing to do, ",
               opt.mode == Mode::undo ? "no restore is recorded here.\n" : "no restore has broken off here.\n");
  } else if (!opt.quiet) {
    io.out.put(Printable(root.path()), ": the restore of ", Printable(pending.what), " (",
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

Result<int> run(const Options& opt, Io& io, Args& args) {
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
