// rescue-bundle: make bundles, and look into them.
#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/json.h"
#include "lib/bundle/create.h"
#include "lib/bundle/plan.h"
#include "lib/bundle/reader.h"
#include "lib/bundle/unpack.h"
#include "lib/bundle/writer.h"
#include "lib/crypto/minisign.h"
#include "lib/fs/mode.h"

namespace rescue {
namespace {

struct Options {
  std::string output;
  std::string root;
  std::string recipe;
  std::string level;
  std::string usr_merge;
  std::string public_key;
  std::string secret_key;
  std::string comment;
  bool force = false;
  bool require_signature = false;
  bool no_password = false;
  bool json = false;
  bool quiet = false;
};

constexpr Opt<Options> options[] = {
    Opt<Options>("create"),
    {'o', "output", &Options::output, "write the bundle to FILE", "FILE"},
    {0, "root", &Options::root, "take the files from the system at DIR (default /)", "DIR"},
    {0, "recipe", &Options::recipe, "what to take: glibc (default), base, or a recipe FILE", "NAME"},
    {0, "level", &Options::level, "how hard to compress, 1 to 22 (default 19)", "N"},
    {0, "usr-merge", &Options::usr_merge,
     "with packages: whether /lib and the like are links into /usr (yes, no, auto: as the packages' release has it)",
     "WHEN"},
    Opt<Options>("list, verify, diff"),
    {0, "require-signature", &Options::require_signature, "a bundle that is not signed by a trusted key is bad"},
    {0, "json", &Options::json, "print the result as JSON"},
    Opt<Options>("keygen, sign"),
    {'p', "pubkey", &Options::public_key,
     "the minisign public key: to write (keygen), or to check signatures with (list, verify, diff)", "FILE"},
    {'s', "seckey", &Options::secret_key, "the secret key: to write (keygen), or to sign with", "FILE"},
    {'W', "no-password", &Options::no_password, "keygen: do not protect the secret key with a password"},
    {'t', "trusted-comment", &Options::comment, "sign: say COMMENT in the signature, not the bundle's facts",
     "COMMENT"},
    Opt<Options>("all"),
    {'f', "force", &Options::force, "create: also from a system whose glibc is broken; keygen: replace old keys"},
    {'q', "quiet", &Options::quiet, "print errors only"},
};

constexpr DenseText notes = dense<
    "Exit status: 0 done, or no difference; 1 failed, or diff found differences;\n"
    "2 usage; 3 refused by a safety check; 4 the bundle or package is bad.\n"
    "\n"
    "Examples:\n"
    "    rescue-bundle create -o /opt/rescue/bundles/glibc-2.36.tzst\n"
    "    rescue-bundle create -o glibc.tzst libc6_*.deb libc-bin_*.deb libcrypt1_*.deb\n"
    "    rescue-bundle create -o glibc-2.28.tzst glibc-2.28-*.rpm glibc-common-*.rpm libgcc-*.rpm\n"
    "    rescue-bundle verify glibc-2.36.tzst">;

// --- Which option is for which command: one that would do nothing is an error.

struct Use {
  std::string_view option;
  bool given;
  std::string_view commands;
};

Result<> check_options(const Options& opt, std::string_view command) {
  const Use uses[] = {
      {"--output", !opt.output.empty(), "create"},
      {"--root", !opt.root.empty(), "create"},
      {"--recipe", !opt.recipe.empty(), "create"},
      {"--level", !opt.level.empty(), "create"},
      {"--usr-merge", !opt.usr_merge.empty(), "create"},
      {"--require-signature", opt.require_signature, "list verify diff"},
      {"--json", opt.json, "list verify diff"},
      {"--pubkey", !opt.public_key.empty(), "list verify diff keygen"},
      {"--seckey", !opt.secret_key.empty(), "keygen sign"},
      {"--no-password", opt.no_password, "keygen"},
      {"--trusted-comment", !opt.comment.empty(), "sign"},
      {"--force", opt.force, "create keygen"},
  };
  for (const Use& use : uses) {
    const auto commands = split(use.commands, ' ');
    if (use.given && !std::ranges::contains(commands, command))
      return usage_error("option '", use.option, "' is not for '", command, "'");
  }
  return {};
}

// --- create

// A line on the terminal that says how far it is.
struct Progress {
  Output* err = nullptr;
  uint64_t shown = 101;

  static void show(void* context, uint64_t done, uint64_t total) {
    auto& progress = *static_cast<Progress*>(context);
    const uint64_t percent = total == 0 ? 100 : done * 100 / total;
    if (percent == progress.shown)
      return;
    progress.shown = percent;
    progress.err->put("\rreading and compressing: ", percent, " %", percent == 100 ? "\n" : "");
  }
};

Result<UsrMerge> usr_merge_of(std::string_view word) {
  if (word.empty() || word == "auto")
    return UsrMerge::by_package;
  if (word == "yes" || word == "no")
    return word == "yes" ? UsrMerge::yes : UsrMerge::no;
  return usage_error("--usr-merge is yes, no or auto, and not '", Printable(word), "'");
}

Result<CreateReport> create_from_packages(const Options& opt, const Args& args, const Recipe& recipe,
                                          const CreateOptions& how) {
  const std::vector<std::string> files(args.begin(), args.end());
  const UsrMerge merge = TRY(usr_merge_of(opt.usr_merge));
  const UnpackedPackages unpacked = TRY(UnpackedPackages::unpack(files, opt.output, merge));
  CreateReport report = TRY(create_bundle(
      {&unpacked.root(), &unpacked.records(), unpacked.packages(), unpacked.any_rpm()}, recipe, opt.output, how));
  report.notes.insert(report.notes.begin(), unpacked.notes().begin(), unpacked.notes().end());
  return report;
}

Result<CreateReport> create_from_root(const Options& opt, const Recipe& recipe, const CreateOptions& how) {
  if (!opt.usr_merge.empty())
    return usage_error("--usr-merge is for packages; a root has its own links");
  const Root root = TRY(Root::open(opt.root.empty() ? "/" : opt.root));
  return create_bundle({&root, nullptr, {}}, recipe, opt.output, how);
}

Result<int> create(const Options& opt, Io& io, Args& args) {
  if (opt.output.empty())
    return usage_error("name the bundle to write: -o FILE.tzst");
  if (!args.empty() && !opt.root.empty())
    return usage_error("give either packages or --root");
  CreateOptions how;
  how.force = opt.force;
  if (!opt.level.empty()) {
    const auto level = to_number<int>(opt.level);
    if (!level || *level < 1 || *level > 22)
      return usage_error("--level is a number from 1 to 22, and not '", Printable(opt.level), "'");
    how.level = *level;
  }
  Progress progress{&io.err};
  if (io.err.is_terminal() && !opt.quiet) {
    how.progress = Progress::show;
    how.context = &progress;
  }
  const Recipe recipe = TRY(Recipe::load(opt.recipe.empty() ? "glibc" : opt.recipe));
  const CreateReport report =
      TRY(args.empty() ? create_from_root(opt, recipe, how) : create_from_packages(opt, args, recipe, how));
  if (opt.quiet)
    return 0;
  for (const std::string& note : report.notes)
    io.note("note: ", note);
  io.out.put(Printable(opt.output), ": ", report.info.name, ' ', report.info.version, " for ", report.info.arch, ", ",
             count_of(report.entries, "entry", "entries"), ", ", human_size(report.content), " in ",
             human_size(report.size), '\n');
  return 0;
}

// --- list, verify, diff

Result<Bundle> open_bundle(const Options& opt, const std::string& file) {
  Bundle bundle = TRY(Bundle::open(file, kit_trust(opt.require_signature, opt.public_key)));
  TRY(bundle.verify());
  return bundle;
}

std::string_view kind_word(const ManifestEntry& entry) {
  static constexpr std::string_view words[] = {"file", "dir", "link"};
  return words[static_cast<size_t>(entry.type)];
}

mode_t mode_of(const ManifestEntry& entry) {
  static constexpr mode_t types[] = {S_IFREG, S_IFDIR, S_IFLNK};
  return types[static_cast<size_t>(entry.type)] | entry.mode;
}

std::string digest_text(const ManifestEntry& entry) {
  return to_hex({reinterpret_cast<const char*>(entry.sha256.data()), entry.sha256.size()});
}

void info_fields(JsonWriter& json, const Bundle& bundle) {
  const BundleInfo& info = bundle.info();
  json.field("bundle", bundle.path());
  json.field("name", info.name);
  json.field("version", info.version);
  json.field("arch", info.arch);
  json.field("os_id", info.os_id);
  json.field("os_version_id", info.os_version_id);
  json.field("interp", info.interp);
  json.field("glibc_version", info.glibc_version);
  json.field("libc_build_id", info.libc_build_id);
  json.field("source", info.source);
  json.key("packages").begin_array();
  for (const SourcePackage& package : info.packages) {
    json.begin_object();
    json.field("name", package.name);
    json.field("version", package.version);
    json.field("sha256", package.sha256);
    json.end_object();
  }
  json.end_array();
  json.field("signature", bundle.signer() ? *bundle.signer() : "");
  json.field("entries", bundle.manifest().entries.size());
  json.field("content", bundle.manifest().total_size());
}

void list_json(Io& io, const Bundle& bundle) {
  JsonWriter json(io.out);
  json.begin_object();
  info_fields(json, bundle);
  json.key("members").begin_array();
  for (size_t i = 0; i < bundle.manifest().entries.size(); ++i) {
    const ManifestEntry& entry = bundle.manifest().entries[i];
    json.begin_object();
    json.field("path", entry.path);
    json.field("type", kind_word(entry));
    json.field("tier", static_cast<int>(entry.tier));
    json.field("mode", str('0', to_octal(entry.mode)));
    json.field("uid", entry.uid);
    json.field("gid", entry.gid);
    if (entry.type == EntryKind::file) {
      json.field("size", entry.size);
      json.field("nlink", entry.nlink);
      json.field("sha256", digest_text(entry));
    } else if (entry.type == EntryKind::link) {
      json.field("link", entry.link);
    }
    json.key("xattrs").begin_array();
    for (const auto& [name, value] : bundle.extras(i).xattrs)
      json.value(name);
    json.end_array();
    json.end_object();
  }
  json.end_array();
  json.end_object();
  json.finish();
}

Result<int> list(const Options& opt, Io& io, Args& args) {
  const std::string file(TRY(args.shift("BUNDLE")));
  TRY(args.expect_end());
  const Bundle bundle = TRY(open_bundle(opt, file));
  if (opt.json) {
    list_json(io, bundle);
    return 0;
  }
  for (const ManifestEntry& entry : bundle.manifest().entries) {
    std::string owner = str(entry.uid, '/', entry.gid);
    std::string size = entry.type == EntryKind::file ? str(entry.size) : std::string("-");
    size.insert(0, size.size() < 10 ? 10 - size.size() : 0, ' ');
    io.out.put("T", static_cast<int>(entry.tier), ' ', mode_text(mode_of(entry)), ' ', owner, ' ', size, ' ',
               Printable(entry.path), entry.type == EntryKind::link ? " -> " : "",
               entry.type == EntryKind::link ? printable(entry.link) : "", '\n');
  }
  return 0;
}

Result<int> verify_bundle(const Options& opt, Io& io, Args& args) {
  const std::string file(TRY(args.shift("BUNDLE")));
  TRY(args.expect_end());
  const Bundle bundle = TRY(open_bundle(opt, file));
  if (opt.json) {
    JsonWriter json(io.out);
    json.begin_object();
    info_fields(json, bundle);
    json.field("intact", true);
    json.end_object();
    json.finish();
  } else if (!opt.quiet) {
    const BundleInfo& info = bundle.info();
    io.out.put(Printable(bundle.path()), ": intact: ", info.name, ' ', info.version, " for ", info.arch,
               info.os_id.empty() ? "" : " of ", info.os_id, info.os_version_id.empty() ? "" : " ", info.os_version_id);
    io.out.put(", ", count_of(bundle.manifest().entries.size(), "entry", "entries"), ", ",
               human_size(bundle.manifest().total_size()), "; ", bundle.signer() ? *bundle.signer() : "not signed",
               '\n');
  }
  return 0;
}

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

// What a restore would do: the very plan of rescue-extract, so that the two never disagree.
Result<int> diff(const Options& opt, Io& io, Args& args) {
  const std::string file(TRY(args.shift("BUNDLE")));
  const std::string root_path(args.empty() ? "/" : TRY(args.shift("ROOT")));
  TRY(args.expect_end());
  const Bundle bundle = TRY(open_bundle(opt, file));
  const Root root = TRY(Root::open(root_path));
  const Plan plan = TRY(make_plan(root, bundle, {}));
  if (opt.json) {
    JsonWriter json(io.out);
    json.begin_object();
    json.field("bundle", bundle.path());
    json.field("root", root.path());
    json.field("same", plan.changes.empty());
    json.field("kept", plan.kept);
    json.key("changes").begin_array();
    for (const Change& change : plan.changes) {
      json.begin_object();
      json.field("action", verb_word(change.verb));
      json.field("path", root.shown(change.path));
      json.field("why", change.why);
      json.end_object();
    }
    json.end_array();
    json.end_object();
    json.finish();
  } else if (!opt.quiet) {
    for (const Change& change : plan.changes)
      io.out.put(verb_word(change.verb), ' ', Printable(root.shown(change.path)), ": ", change.why, '\n');
  }
  return plan.changes.empty() ? 0 : 1;
}

// --- keygen, sign

// Reads one line from the terminal without showing it, or from standard input.
Result<std::string> ask_password(Io& io, std::string_view prompt) {
  io.err.put(prompt);
  termios before{};
  const bool terminal = ::tcgetattr(io.in, &before) == 0;
  if (terminal) {
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(io.in, TCSAFLUSH, &silent);
  }
  std::string password;
  Result<size_t> count;
  char c = 0;
  while ((count = read_some(io.in, {&c, 1}, "standard input")) && *count == 1 && c != '\n')
    password += c;
  if (terminal) {
    ::tcsetattr(io.in, TCSAFLUSH, &before);
    io.err.put("\n");
  }
  TRY(std::move(count));
  return password;
}

Result<> refuse_to_replace(const std::string& file, bool force) {
  if (!force && ::access(file.c_str(), F_OK) == 0)
    return with_status(fail("write key", file,
                            "it is there already, and signatures made with it would be lost; -f "
                            "replaces it")
                           .error(),
                       Status::refused);
  return {};
}

Result<int> keygen(const Options& opt, Io& io, Args& args) {
  TRY(args.expect_end());
  if (opt.public_key.empty() || opt.secret_key.empty())
    return usage_error("name the files to write: -p PUBLIC -s SECRET");
  TRY(refuse_to_replace(opt.public_key, opt.force));
  TRY(refuse_to_replace(opt.secret_key, opt.force));
  std::optional<std::string> password;
  if (!opt.no_password) {
    password = TRY(ask_password(io, "Password for the secret key: "));
    if (password->empty())
      return usage_error("an empty password protects nothing; -W makes a key without one");
    const std::string again = TRY(ask_password(io, "The same again: "));
    if (*password != again)
      return fail("make keys", "", "the two passwords differ");
  }
  const SecretKey key = TRY(generate_key());
  const std::string secret = TRY(secret_key_text(key, password));
  TRY(replace_text_file(opt.secret_key, secret, 0600));
  TRY(replace_text_file(opt.public_key, public_key_text(key.public_key()), 0644));
  if (!opt.quiet)
    io.out.put("Key ", show_key_id(key.id), ": public in ", Printable(opt.public_key), ", secret in ",
               Printable(opt.secret_key),
               ".\nKeep the secret one off the servers. Copy the public one to "
               "etc/trusted.pub of each kit.\n");
  return 0;
}

// The facts that the signer vouches for; the stock tool prints them after verifying.
std::string facts_of(const Bundle& bundle) {
  const BundleInfo& info = bundle.info();
  return str("rescue bundle name=", info.name, " version=", info.version, " arch=", info.arch,
             " glibc=", info.glibc_version, " build-id=", info.libc_build_id);
}

Result<int> sign_bundle(const Options& opt, Io& io, Args& args) {
  const std::string file(TRY(args.shift("FILE")));
  TRY(args.expect_end());
  if (opt.secret_key.empty())
    return usage_error("name the key to sign with: -s SECRET");
  // Nobody wants to vouch for a bundle that nothing can be restored from. An old signature does not matter here.
  Bundle bundle = TRY(Bundle::open_unsigned(file));
  TRY(bundle.verify());
  const UniqueFd key_fd = TRY(open_file(opt.secret_key, O_RDONLY));
  const std::string key_text = TRY(read_all(key_fd.get(), 1 << 16, opt.secret_key));
  std::string password;
  if (TRY(needs_password(key_text, opt.secret_key)))
    password = TRY(ask_password(io, "Password: "));
  const SecretKey key = TRY(parse_secret_key(key_text, password, opt.secret_key));
  const UniqueFd fd = TRY(open_file(file, O_RDONLY));
  const auto digest = TRY(digest_fd<Blake2b512>(fd.get(), file));
  const Signature signature = TRY(sign(key, digest, opt.comment.empty() ? facts_of(bundle) : opt.comment));
  const std::string signature_file = str(file, ".minisig");
  TRY(replace_text_file(signature_file, signature_text(signature), 0644));
  if (!opt.quiet)
    io.out.put(Printable(signature_file), ": signed with key ", show_key_id(key.id), '\n');
  return 0;
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  const std::string_view command = TRY(args.shift("COMMAND"));
  struct Command {
    std::string_view name;
    Result<int> (*run)(const Options&, Io&, Args&);
  };
  static constexpr Command commands[] = {
      {"create", create}, {"list", list},     {"verify", verify_bundle},
      {"diff", diff},     {"keygen", keygen}, {"sign", sign_bundle},
  };
  for (const Command& known : commands)
    if (known.name == command) {
      TRY(check_options(opt, command));
      return known.run(opt, io, args);
    }
  return usage_error("there is no command '", Printable(command), "'");
}

}  // namespace

extern const Applet rescue_bundle_applet;
const Applet rescue_bundle_applet = {
    .name = "rescue-bundle",
    .summary = "make bundles, and look into them",
    .usage =
        "create -o FILE.tzst [--root DIR] [--recipe NAME] [PACKAGE]...\nlist BUNDLE\nverify BUNDLE\n"
        "diff BUNDLE [ROOT]\nkeygen -p PUBLIC -s SECRET [-W]\nsign -s SECRET BUNDLE",
    .section = 8,
    .notes = notes,
    .options = describe<options>,
    .run = entry<options, run>,
};

}  // namespace rescue
