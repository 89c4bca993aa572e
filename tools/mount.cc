// mount: attach a file system, or list what is attached.
#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/sys/block.h"
#include "lib/sys/mounting.h"
#include "lib/sys/namespaces.h"
#include "lib/sys/process.h"

namespace rescue {
namespace {

struct Options {
  bool all = false;
  bool fake = false;
  bool verbose = false;
  bool labels = false;
  bool make_directory = false;
  bool read_only = false;
  bool read_write = false;
  bool no_table = false;
  bool fork = false;
  bool options_always = false;
  std::string types;
  std::vector<std::string> words;
  std::string test_words;
  std::string table = "/etc/fstab";
  std::string source;
  std::string target;
  std::string prefix;
  std::string mount_namespace;
  std::string options_mode = "prepend";
  std::string options_source = "fstab,mtab";
};

Result<> add_word(Options& o, std::string_view word) {
  o.words.emplace_back(word);
  return {};
}

template <unsigned index>
Result<> add_fixed(Options& o, std::string_view /*argument*/) {
  constexpr std::string_view words[] = {"bind",       "rbind",   "move",   "shared",   "slave",      "private",
                                        "unbindable", "rshared", "rslave", "rprivate", "runbindable"};
  return add_word(o, words[index]);
}

Result<> by_label(Options& o, std::string_view label) {
  o.source = str("LABEL=", label);
  return {};
}

Result<> by_uuid(Options& o, std::string_view uuid) {
  o.source = str("UUID=", uuid);
  return {};
}

constexpr Opt<Options> options[] = {
    {'a', "all", &Options::all, "mount all of fstab that is not mounted, save noauto"},
    {'t', "types", &Options::types, "the type of the file system; with -a those of LIST (no: all but those)", "LIST"},
    {'o', "options", add_word, "options with commas between: ro, noexec, loop, remount, ...", "LIST"},
    {'O', "test-opts", &Options::test_words, "with -a: only what has these options in fstab", "LIST"},
    {'r', "read-only", &Options::read_only, "read-only, as -o ro"},
    {'w', "rw", &Options::read_write, "writable, as -o rw (default)"},
    {0, "read-write", &Options::read_write, "the same"},
    {'B', "bind", add_fixed<0>, "show a directory or file at another place too"},
    {'R', "rbind", add_fixed<1>, "the same, with all that is mounted below it"},
    {'M', "move", add_fixed<2>, "move a mount to another place"},
    {0, "make-shared", add_fixed<3>, "make the mount share what is mounted below it"},
    {0, "make-slave", add_fixed<4>, "make it take part without giving"},
    {0, "make-private", add_fixed<5>, "make it neither"},
    {0, "make-unbindable", add_fixed<6>, "the same, and not to be shown elsewhere"},
    {0, "make-rshared", add_fixed<7>, "as --make-shared, with all below"},
    {0, "make-rslave", add_fixed<8>, "as --make-slave, with all below"},
    {0, "make-rprivate", add_fixed<9>, "as --make-private, with all below"},
    {0, "make-runbindable", add_fixed<10>, "as --make-unbindable, with all below"},
    {'L', "label", by_label, "the device with this label", "LABEL"},
    {'U', "uuid", by_uuid, "the device with this UUID", "UUID"},
    {'m', "mkdir", &Options::make_directory, "make the place to mount at where there is none"},
    {'T', "fstab", &Options::table, "read FILE in place of /etc/fstab", "FILE"},
    {0, "source", &Options::source, "what to mount, where it could be taken for the place", "SOURCE"},
    {0, "target", &Options::target, "where to mount", "DIRECTORY"},
    {0, "target-prefix", &Options::prefix, "put DIRECTORY before every place", "DIRECTORY"},
    {'l', "show-labels", &Options::labels, "list with the labels"},
    {'f', "fake", &Options::fake, "do everything but the mounting"},
    {'F', "fork", &Options::fork, "with -a: a process for each, so that none waits for another"},
    {'N', "namespace", &Options::mount_namespace, "in the mount namespace of the process NS, or that the file NS keeps",
     "NS"},
    {0, "options-mode", &Options::options_mode, "what is in fstab: prepend (default), append, ignore, or replace -o",
     "MODE"},
    {0, "options-source", &Options::options_source, "where options are looked up: fstab, mtab, disable", "LIST"},
    {0, "options-source-force", &Options::options_always, "look them up, though SOURCE and DIRECTORY are both given"},
    {'c', "no-canonicalize", &Options::no_table, "take paths as they are; they always are"},
    {'i', "internal-only", &Options::no_table, "call no mount.TYPE; none is ever called"},
    {'n', "no-mtab", &Options::no_table, "write no /etc/mtab; it is never written"},
    {'v', "verbose", &Options::verbose, "say what is mounted"},
};

Result<int> list_mounts(const Options& opt, Io& io) {
  const auto mounts = TRY(read_mounts());
  std::vector<BlockDevice> devices;
  if (opt.labels)
    devices = TRY(list_block_devices());
  for (const Mount& mount : mounts) {
    if (!opt.types.empty() && !type_is_wanted(opt.types, mount.type))
      continue;
    io.out.put(mount.source.empty() ? "none" : printable(mount.source), " on ", Printable(mount.target), " type ",
               mount.type, " (", all_options(mount), ')');
    const auto device = std::ranges::find(devices, mount.source, &BlockDevice::path);
    const std::string label = device == devices.end() ? "" : std::string(tags_of(*device, devices).label());
    io.out.put(label.empty() ? "" : str(" [", label, ']'), '\n');
  }
  return 0;
}

class Mounter {
 public:
  Mounter(const Options& opt, Io& io) : opt_(opt), io_(io) {}

  Result<> mount(const std::string& source, const std::string& target, const std::string& type,
                 std::string_view table_options) {
    MountRequest request{.source = source, .target = opt_.prefix + target, .type = type, .options = {}};
    const std::string_view mode = opt_.options_mode;
    if (mode == "prepend" || mode == "replace")
      add_mount_options(request.options, table_options);
    for (const std::string& words : opt_.words)
      if (mode != "replace" || table_options.empty())
        add_mount_options(request.options, words);
    if (mode == "append")
      add_mount_options(request.options, table_options);
    if (opt_.read_only)
      request.options.flags |= MS_RDONLY;
    if (opt_.read_write)
      request.options.flags &= ~static_cast<unsigned long>(MS_RDONLY);
    if (opt_.make_directory && ::mkdir(request.target.c_str(), 0755) < 0 && errno != EEXIST)
      return fail("make directory", request.target);
    if (opt_.fake)
      return {};
    const MountDone done = TRY(mount_file_system(request));
    const bool asked = (request.options.flags & MS_RDONLY) != 0;
    if (done.read_only && !asked)
      io_.note(Printable(done.source), " cannot be written; it is mounted read-only");
    if (opt_.verbose)
      io_.out.put(Printable(done.source), " mounted on ", Printable(request.target), ".\n");
    return {};
  }

 private:
  const Options& opt_;
  Io& io_;
};

Result<std::vector<FstabEntry>> read_table(const Options& opt) {
  const UniqueFd fd = TRY(open_file(opt.table, 0));
  return parse_fstab(TRY(read_all(fd.get(), 1 << 24, opt.table)));
}

bool is_mounted(const std::vector<Mount>& mounts, const FstabEntry& entry, const std::string& source) {
  const Mount* const there = mount_at(mounts, entry.target);
  return there != nullptr && (there->source == source || there->type == entry.type);
}

Result<int> mount_all(const Options& opt, Io& io, Mounter& mounter) {
  const auto mounts = read_mounts().value_or(std::vector<Mount>());
  for (const FstabEntry& entry : TRY(read_table(opt))) {
    if (entry.is_swap() || entry.target == "none" || entry.has_option("noauto") ||
        (!opt.types.empty() && !type_is_wanted(opt.types, entry.type)) || !has_options(entry.options, opt.test_words))
      continue;
    const auto source = resolve_device(entry.source);
    if (is_mounted(mounts, entry, source.value_or(entry.source))) {
      if (opt.verbose)
        io.out.put(Printable(entry.target), ": already mounted\n");
      continue;
    }
    const pid_t child = opt.fork ? fork_child() : 0;
    if (child > 0)
      continue;
    const auto done = mounter.mount(entry.source, entry.target, entry.type, entry.options);
    if (!done && !(entry.has_option("nofail") && done.error().code() == ENOENT))
      io.warn(done.error());
    if (opt.fork && child == 0) {
      (void)io.out.flush();
      ::_exit(io.status());
    }
  }
  int status = 0;
  while (opt.fork && ::wait(&status) > 0)
    if (status != 0)
      io.fail_silently();
  return io.status();
}

// What is mounted at a place has flags that a remount would take away if it did not say them again.
std::string options_of_mount(const std::string& target) {
  const auto mounts = read_mounts();
  const Mount* const there = mounts ? mount_at(*mounts, target) : nullptr;
  return there == nullptr ? "" : there->options;
}

// One operand, or two with --options-source-force: the rest is in fstab, or in what is mounted, for a change of it.
Result<> mount_named(const Options& opt, Mounter& mounter, const std::vector<std::string>& words) {
  const bool use_table = opt.options_mode != "ignore" && opt.options_source.contains("fstab");
  const bool use_mounts = opt.options_mode != "ignore" && opt.options_source.contains("mtab");
  MountOptions given;
  for (const std::string& list : opt.words)
    add_mount_options(given, list);
  const bool change = (given.flags & MS_REMOUNT) != 0;
  const std::string& word = words.back();
  const auto again = [&] { return mounter.mount("none", word, "", use_mounts ? options_of_mount(word) : ""); };
  if (const auto table = read_table(opt); table && opt.options_source != "disable")
    for (const FstabEntry& entry : *table)
      if (entry.target == word || entry.source == words[0]) {
        const auto done = mounter.mount(entry.source, entry.target, entry.type, use_table ? entry.options : "");
        // A word in fstab that the kernel does not know must not be in the way of a repair.
        return !done && change && done.error().code() == EINVAL ? again() : done;
      }
  if (words.size() == 2)
    return mounter.mount(words[0], word, opt.types, "");
  // A change of what is mounted needs no source.
  if (change)
    return again();
  if (given.propagation != 0)
    return mounter.mount("", word, "", "");
  return with_status(fail("find it", word, "is not in ", opt.table).error(), Status::failed);
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  constexpr std::string_view modes[] = {"prepend", "append", "ignore", "replace"};
  if (!std::ranges::contains(modes, opt.options_mode))
    return usage_error("there is no mode '", Printable(opt.options_mode), "': prepend, append, ignore, replace");
  TRY(enter_mount_namespace(opt.mount_namespace));
  Mounter mounter(opt, io);
  std::vector<std::string> words(args.begin(), args.end());
  if (!opt.source.empty())
    words.insert(words.begin(), opt.source);
  if (!opt.target.empty())
    words.push_back(opt.target);
  if (opt.all && words.empty())
    return mount_all(opt, io, mounter);
  if (words.empty() && opt.words.empty())
    return list_mounts(opt, io);
  if (words.empty())
    return usage_error("missing operand DIRECTORY");
  if (words.size() > 2)
    return usage_error("extra operand '", Printable(words[2]), "'");
  if (words.size() == 1 || opt.options_always)
    TRY(mount_named(opt, mounter, words));
  else
    TRY(mounter.mount(words[0], words[1], opt.types, ""));
  return io.status();
}

}  // namespace

extern const Applet mount_applet = {
    .name = "mount",
    .summary = "attach a file system, or list what is attached",
    .usage = "[-l] [-t LIST]\n[OPTION]... SOURCE DIRECTORY\n[OPTION]... SOURCE|DIRECTORY\n-a [OPTION]...",
    .section = 8,
    .failure_status = 32,
    .usage_status = 1,
    .help_letter = 'h',
    .version_letter = 'V',
    .notes = dense<"SOURCE is a device, UUID=, LABEL=, PARTUUID= or PARTLABEL= of one, or an image file.\n"
                   "To repair a system whose root is read-only: mount -o remount,rw /">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
