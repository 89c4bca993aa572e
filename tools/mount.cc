// mount: attach a file system, or list what is attached.
#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/sys/block.h"
#include "lib/sys/mounting.h"

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
  std::string types;
  std::vector<std::string> words;
  std::string test_words;
  std::string table = "/etc/fstab";
  std::string source;
  std::string target;
  std::string prefix;
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
    {'n', "no-mtab", &Options::no_table, "write no /etc/mtab; it is never written"},
    {'v', "verbose", &Options::verbose, "say what is mounted"},
};

// "ext4,xfs" takes these, "noext4,xfs" all but these.
bool type_is_wanted(std::string_view list, std::string_view type) {
  const bool negated = list.starts_with("no") && !list.starts_with("none");
  if (negated)
    list.remove_prefix(2);
  return list.empty() || std::ranges::contains(split(list, ','), type) != negated;
}

bool has_options(const FstabEntry& entry, std::string_view list) {
  for (std::string_view word : split(list, ',')) {
    const bool negated = word.starts_with("no") && word != "noauto" && word != "nofail";
    if (negated)
      word.remove_prefix(2);
    if (!word.empty() && entry.has_option(word) == negated)
      return false;
  }
  return true;
}

// Of the mount and of the file system together, as one list that begins with ro or rw.
std::string all_options(const Mount& mount) {
  std::string rest;
  bool read_only = false;
  for (const std::string& list : {mount.options, mount.super_options})
    for (const std::string_view word : split(list, ',')) {
      read_only = read_only || word == "ro";
      if (word != "ro" && word != "rw" && !word.empty())
        rest += str(',', word);
    }
  return (read_only ? "ro" : "rw") + rest;
}

Result<int> list_mounts(const Options& opt, Io& io) {
  const auto mounts = TRY(read_mounts());
  std::vector<BlockDevice> devices;
  if (opt.labels)
    devices = TRY(list_block_devices());
  for (const Mount& mount : mounts) {
    if (!opt.types.empty() && !type_is_wanted(opt.types, mount.type))
      continue;
    io.out.put(mount.source.empty() ? "none" : printable(mount.source), " on ", printable(mount.target), " type ",
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
    add_mount_options(request.options, table_options);
    for (const std::string& words : opt_.words)
      add_mount_options(request.options, words);
    if (opt_.read_only)
      request.options.flags |= MS_RDONLY;
    if (opt_.read_write)
      request.options.flags &= ~static_cast<unsigned long>(MS_RDONLY);
    if (opt_.make_directory && ::mkdir(request.target.c_str(), 0755) < 0 && errno != EEXIST)
      return fail("make directory", request.target, errno);
    if (opt_.fake)
      return {};
    const MountDone done = TRY(mount_file_system(request));
    const bool asked = (request.options.flags & MS_RDONLY) != 0;
    if (done.read_only && !asked)
      io_.note(str(printable(done.source), " cannot be written; it is mounted read-only"));
    if (opt_.verbose)
      io_.out.put(printable(done.source), " mounted on ", printable(request.target), ".\n");
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
        (!opt.types.empty() && !type_is_wanted(opt.types, entry.type)) || !has_options(entry, opt.test_words))
      continue;
    const auto source = resolve_device(entry.source);
    if (is_mounted(mounts, entry, source.value_or(entry.source))) {
      if (opt.verbose)
        io.out.put(printable(entry.target), ": already mounted\n");
      continue;
    }
    const auto done = mounter.mount(entry.source, entry.target, entry.type, entry.options);
    if (!done && !(entry.has_option("nofail") && done.error().code() == ENOENT))
      io.warn(done.error());
  }
  return io.status();
}

// One operand: the rest is in fstab, or in what is mounted, for a remount.
Result<> mount_named(const Options& opt, Mounter& mounter, const std::string& word) {
  MountOptions given;
  for (const std::string& words : opt.words)
    add_mount_options(given, words);
  if (const auto table = read_table(opt))
    for (const FstabEntry& entry : *table)
      if (entry.target == word || entry.source == word) {
        const bool change = (given.flags & MS_REMOUNT) != 0;
        return mounter.mount(entry.source, entry.target, entry.type, change ? "" : entry.options);
      }
  // A change of what is mounted needs no source.
  if ((given.flags & MS_REMOUNT) != 0)
    return mounter.mount("none", word, "", "");
  if (given.propagation != 0)
    return mounter.mount("", word, "", "");
  return with_status(fail("find it", word, str("is not in ", opt.table)).error(), Status::failed);
}

Result<int> run(const Options& opt, Io& io, Args args) {
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
    return usage_error(str("extra operand '", printable(words[2]), "'"));
  if (words.size() == 1)
    TRY(mount_named(opt, mounter, words[0]));
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
    .notes =
        "SOURCE is a device, UUID=, LABEL=, PARTUUID= or PARTLABEL= of one, or an image file.\n"
        "To repair a system whose root is read-only: mount -o remount,rw /",
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
