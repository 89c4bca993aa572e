// deb-extract: open, check and unpack Debian packages without dpkg.
#include <algorithm>
#include <set>

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/archive/deb.h"
#include "lib/archive/package.h"
#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/json.h"
#include "lib/base/quote.h"
#include "lib/base/time_text.h"
#include "lib/bundle/package_console.h"
#include "lib/bundle/verified_package.h"
#include "lib/fs/mode.h"

namespace rescue {
namespace {

struct Options : PackageOptions {
  bool list = false;
  bool info = false;
  bool scripts = false;
  bool verify = false;
  bool to_tar = false;
};

constexpr Opt<Options> options[] = {
    {'C', "directory", &Options::directory, "unpack below DIR (default: here)", "DIR"},
    {'p', "pattern", &Options::patterns, "only what PATTERN matches; may be given several times", "PATTERN"},
    {'v', "verbose", &Options::verbose, "name what is unpacked; with -l, modes, owners and sizes too"},
    Opt<Options>("Repair"),
    {0, "in-place", &Options::in_place,
     "put the files into the system at ROOT, as rescue-extract does: compared, journalled, proven", "ROOT"},
    {'n', "dry-run", &Options::dry_run, "with --in-place: print what would be done, and change nothing"},
    {'f', "force", &Options::force, "with --in-place: over objections, and over configuration that differs"},
    Opt<Options>("Instead of unpacking"),
    {'l', "list", &Options::list, "print the names of the files"},
    {'i', "info", &Options::info, "print the control fields: name, version, what it needs and so on"},
    {0, "scripts", &Options::scripts, "print the scripts, which are never run"},
    {0, "json", &Options::json, "print all of this as JSON, one object a package"},
    {0, "verify-package", &Options::verify, "compare the files with the package's md5sums"},
    {0, "to-tar", &Options::to_tar, "write the files to standard output as a tar archive"},
};

constexpr DenseText notes = dense<
    "Exit status: 0 done; 1 failed; 2 usage; 4 a package is damaged; with --in-place 3 and 5\n"
    "too, as rescue-extract has them.\n"
    "\n"
    "Example: deb-extract -C /mnt/new -p 'libc.so.6' libc6_2.36-9+deb12u14_amd64.deb">;

constexpr std::string_view scripts[] = {"config", "preinst", "postinst", "prerm", "postrm", "triggers"};

mode_t mode_of(const Entry& entry) {
  constexpr mode_t types[] = {S_IFREG, S_IFDIR, S_IFLNK, S_IFREG, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK};
  return types[static_cast<size_t>(entry.type)] | entry.mode;
}

// As an archive spells it: directories end with a slash.
std::string name_of(const Entry& entry) {
  return entry.type == EntryType::directory && !entry.path.ends_with('/') ? entry.path + '/' : entry.path;
}

// `dpkg-deb -c`, which is `tar -tv`: the columns grow with what they have to hold.
class LongList {
 public:
  std::string line(const Entry& entry) {
    const std::string owner =
        str(entry.user.empty() ? str(entry.uid) : entry.user, '/', entry.group.empty() ? str(entry.gid) : entry.group);
    const bool is_device = entry.type == EntryType::character || entry.type == EntryType::block;
    const std::string size = is_device ? str(entry.device_major, ',', entry.device_minor) : str(entry.size);
    const size_t needed = owner.size() + 1 + size.size();
    width_ = std::max(width_, needed);
    const auto fields = local_time(entry.mtime);
    std::string mode = mode_text(mode_of(entry));
    if (entry.type == EntryType::hardlink)
      mode[0] = 'h';
    return str(mode, ' ', owner, std::string(width_ - needed + 1, ' '), size, ' ',
               fields ? time_text("%Y-%m-%d %H:%M", *fields, entry.mtime, 0) : str(entry.mtime), ' ',
               quoted(name_of(entry), QuotingStyle::escape), link_of(entry), '\n');
  }

 private:
  static std::string link_of(const Entry& entry) {
    if (entry.type == EntryType::symlink)
      return str(" -> ", quoted(entry.link, QuotingStyle::escape));
    return entry.type == EntryType::hardlink ? str(" link to ", quoted(entry.link, QuotingStyle::escape)) : "";
  }
  size_t width_ = 19;
};

Result<> list(const Options& opt, Io& io, PackageReader& package) {
  LongList list;
  while (const Entry* const entry = TRY(package.next()))
    io.out.put(opt.verbose ? list.line(*entry) : str(quoted(name_of(*entry), QuotingStyle::escape), '\n'));
  return {};
}

void print_scripts(Io& io, const PackageInfo& info) {
  for (const std::string_view name : scripts)
    if (const auto script = info.control_files.find(name); script != info.control_files.end())
      io.out.put(name, ":\n", script->second, script->second.ends_with('\n') ? "" : "\n");
}

void print_files(JsonWriter& json, const Entry& entry, const PackageInfo& info) {
  json.begin_object();
  json.field("path", name_of(entry));
  json.field("mode", str('0', to_octal(mode_of(entry))));
  json.field("user", entry.user);
  json.field("group", entry.group);
  json.field("uid", entry.uid);
  json.field("gid", entry.gid);
  json.field("size", entry.size);
  json.field("mtime", entry.mtime);
  if (!entry.link.empty())
    json.field(entry.type == EntryType::hardlink ? "hard_link" : "link", entry.link);
  if (const auto sum = info.md5sums.find(without_start(entry.path)); sum != info.md5sums.end())
    json.field("md5", sum->second);
  json.end_object();
}

Result<> print_json(Io& io, PackageReader& package, const std::string& file) {
  JsonWriter json(io.out);
  const PackageInfo& info = package.info();
  json.begin_object();
  json.field("package", file);
  json.field("name", info.name);
  json.field("version", info.version);
  json.field("arch", info.architecture);
  json.key("fields").begin_object();
  for (const auto& [name, value] : info.fields)
    json.field(name, value);
  json.end_object();
  json.key("control_files").begin_array();
  for (const auto& [name, text] : info.control_files)
    json.value(name);
  json.end_array();
  json.key("files").begin_array();
  while (const Entry* const entry = TRY(package.next()))
    print_files(json, *entry, info);
  json.end_array();
  json.end_object();
  json.finish();
  return {};
}

// --- --verify-package

Result<> verify(Io& io, int fd, const std::string& file) {
  const auto package = TRY(VerifiedPackage::open(fd, file));
  const auto& sums = package->package().info().md5sums;
  std::set<std::string, std::less<>> seen;
  size_t without = 0;
  while (const Entry* const entry = TRY(package->next())) {
    const std::string_view name = without_start(entry->path);
    const bool listed = sums.contains(name);
    if (listed)
      seen.emplace(name);
    without += entry->type == EntryType::file && !listed ? 1 : 0;
    while (!TRY(package->read()).empty()) {
    }
  }
  for (const auto& [path, sum] : sums)
    if (!seen.contains(path))
      return with_status(corrupt(printable(path), file, "its md5sums list it, and it is not in the package").error(),
                         Status::bad_data);
  io.out.put(Printable(file), ": ", count_of(seen.size(), "file"), " OK");
  if (without > 0)
    io.out.put(", ", without, " without a sum");
  io.out.put(", no signature\n");
  return {};
}

// --- --to-tar

Result<> to_tar(Io& io, int fd, const std::string& file) {
  const auto layout = TRY(deb::read_layout(fd, file));
  const auto data =
      TRY(decompress(std::make_unique<RangeSource>(fd, layout.data.offset, layout.data.size, file), EntryLimits{}));
  return put_stream(io, *data);
}

bool prints(const Options& opt) {
  return opt.list || opt.info || opt.scripts;
}

Result<> handle(const void* options, Io& io, const std::string& file) {
  const auto& opt = *static_cast<const Options*>(options);
  const UniqueFd fd = TRY(open_file(file, O_RDONLY | O_NONBLOCK));
  // What is no Debian package is refused, though its files could be read.
  (void)TRY(deb::read_layout(fd.get(), file));
  if (opt.verify)
    return verify(io, fd.get(), file);
  if (opt.to_tar)
    return to_tar(io, fd.get(), file);
  if (!prints(opt) && !opt.json)
    return unpack_package(opt, io, fd.get(), file);
  PathPatterns patterns(opt.patterns);
  const auto package = TRY(PackageReader::open(fd.get(), file, {}, &patterns));
  if (opt.json)
    return print_json(io, *package, file);
  if (opt.info)
    io.out.put(package->info().control_files.find("control")->second);
  if (opt.scripts)
    print_scripts(io, package->info());
  if (opt.list)
    TRY(list(opt, io, *package));
  return {};
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  const PackageQuestions asked{.prints = prints(opt) || (opt.json && opt.in_place.empty()),
                               .whole_files = (opt.verify ? 1U : 0U) + (opt.to_tar ? 1U : 0U)};
  return run_packages(opt, asked, io, args, handle, &opt);
}

}  // namespace

extern const Applet deb_extract_applet = {
    .name = "deb-extract",
    .summary = "open, check and unpack Debian packages",
    .usage =
        "[-v] [-C DIR] [-p PATTERN]... PACKAGE...\n--in-place ROOT [-n] [-f] [-p PATTERN]... PACKAGE...\n"
        "{-l|-i|--scripts|--json} PACKAGE...\n--verify-package PACKAGE...\n--to-tar PACKAGE",
    .section = 8,
    .notes = notes,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
