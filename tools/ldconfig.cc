// ldconfig: write /etc/ld.so.cache, and the links that libraries are found by.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/base/version.h"
#include "lib/elf/cache_plan.h"
#include "lib/elf/cache_print.h"
#include "lib/fs/root.h"

namespace rescue {
namespace {

using elf::CachePlan, elf::ScannedDirectory;

struct Options {
  bool verbose = false;
  bool print = false;
  bool no_cache = false;
  bool no_links = false;
  bool only_given = false;
  bool by_file = false;
  bool ignore_aux = false;
  bool show_version = false;
  bool dry_run = false;
  std::string root = "/";
  std::string conf = "/etc/ld.so.conf";
  std::string cache = "/etc/ld.so.cache";
  std::string format;
};

constexpr Opt<Options> options[] = {
    {'v', "verbose", &Options::verbose, "name each directory and each link"},
    {'N', nullptr, &Options::no_cache, "do not write the cache"},
    {'X', nullptr, &Options::no_links, "do not touch links"},
    {'n', nullptr, &Options::only_given, "look only at the DIRs given; write no cache"},
    {'l', nullptr, &Options::by_file, "make the links of the library files given, and no cache"},
    {'p', "print-cache", &Options::print, "print what is in the cache, and change nothing"},
    {'r', "root", &Options::root, "work on the system in ROOT", "ROOT"},
    {'f', nullptr, &Options::conf, "read CONF in place of /etc/ld.so.conf", "CONF"},
    {'C', nullptr, &Options::cache, "write CACHE in place of /etc/ld.so.cache", "CACHE"},
    {'i', "ignore-aux-cache", &Options::ignore_aux, "look at every library anew"},
    {'c', "format", &Options::format, "write FORMAT: new, compat, old; else what this system's ldconfig writes",
     "FORMAT"},
    {0, "dry-run", &Options::dry_run, "say what would be done, and do nothing"},
    {'V', nullptr, &Options::show_version, "show the version and exit"},
};

Result<std::optional<elf::CacheFormat>> format_named(std::string_view name) {
  if (name.empty())
    return std::nullopt;
  if (name == "new")
    return elf::CacheFormat::new_format;
  if (name == "compat")
    return elf::CacheFormat::compat;
  if (name == "old")
    return elf::CacheFormat::old_format;
  return usage_error("invalid format '", Printable(name), "': must be new, compat or old");
}

// What relative names stand in: outside of the system's own root, there is no working directory.
Result<std::string> working_dir(const Root& root) {
  if (!root.is_system_root())
    return "/";
  std::string dir(4096, '\0');
  if (::getcwd(dir.data(), dir.size()) == nullptr)
    return fail("find working directory", "");
  dir.resize(dir.find('\0'));
  return dir;
}

std::string absolute(std::string_view path, std::string_view dir) {
  return path.starts_with('/') ? std::string(path) : str(dir, '/', path);
}

std::string hex(uint64_t number) {
  std::string digits(16, '0');
  for (size_t i = digits.size(); number != 0; number >>= 4)
    digits[--i] = "0123456789abcdef"[number & 15];
  return digits;
}

void print_directory(const ScannedDirectory& dir, Io& io) {
  if (!dir.path.empty()) {
    io.out.put(dir.path, ':');
    if (!dir.hwcaps.empty())
      io.out.put(" (hwcap: \"", dir.hwcaps, "\")");
    else if (dir.legacy_hwcaps != 0)
      io.out.put(" (hwcap: 0x", hex(dir.legacy_hwcaps), ')');
    io.out.put(" (from ", dir.from, ':', dir.line, ")\n");
  }
}

void print_links(const ScannedDirectory& dir, Io& io) {
  for (const ScannedDirectory::Entry& entry : dir.entries) {
    if (entry.is_link && dir.hwcaps.empty())
      continue;
    io.out.put('\t', entry.soname, " -> ", entry.file,
               entry.changes   ? " (changed)\n"
               : entry.skipped ? " (SKIPPED)\n"
                               : "\n");
  }
}

void tell(const CachePlan& plan, bool verbose, Io& io) {
  for (const std::string& warning : plan.warnings)
    io.note(warning);
  if (!verbose)
    return;
  for (const std::string& remark : plan.remarks)
    io.note(remark);
  for (const ScannedDirectory& dir : plan.directories) {
    print_directory(dir, io);
    print_links(dir, io);
  }
}

void tell_dry_run(const Root& root, const CachePlan& plan, bool cache, Io& io) {
  for (const elf::LinkChange& link : plan.links) {
    const std::string path = printable(root.shown(link.path));
    if (link.removes())
      io.out.put("would remove ", path, ", a link that leads nowhere\n");
    else
      io.out.put("would link ", path, " -> ", Printable(link.target), '\n');
  }
  if (cache)
    io.out.put(plan.cache_changes ? "would write " : "nothing to change in ", Printable(root.shown(plan.cache_path)),
               '\n');
}

Result<int> print(const Options& opt, const Root& root, Io& io) {
  const std::string dir = TRY(working_dir(root));
  std::string bytes = TRY(root.read_file(absolute(opt.cache, dir), 64 << 20));
  const elf::Cache cache = TRY(elf::Cache::parse(std::move(bytes), root.shown(opt.cache)));
  elf::print_cache(cache, opt.cache, io.out);
  return io.status();
}

Result<> link_file(const Options& opt, const Root& root, std::string_view path, Io& io) {
  const CachePlan plan = TRY(elf::plan_link(root, path));
  for (const std::string& warning : plan.warnings)
    io.note(warning);
  if (opt.verbose)
    for (const ScannedDirectory& dir : plan.directories)
      print_links(dir, io);
  if (opt.dry_run) {
    tell_dry_run(root, plan, false, io);
    return {};
  }
  return elf::apply_links(root, plan);
}

Result<int> link_files(const Options& opt, const Root& root, const Args& files, Io& io) {
  const std::string dir = TRY(working_dir(root));
  for (const std::string_view file : files)
    if (const auto done = link_file(opt, root, absolute(file, dir), io); !done)
      io.warn(done.error());
  return io.status();
}

Result<int> refresh(const Options& opt, const Root& root, const Args& dirs, Io& io) {
  const bool write = !opt.no_cache && !opt.only_given;
  elf::CacheOptions wanted;
  wanted.conf = opt.conf;
  wanted.cache = opt.cache;
  wanted.working_dir = TRY(working_dir(root));
  wanted.only_given = opt.only_given;
  wanted.make_links = !opt.no_links;
  wanted.use_aux_cache = !opt.ignore_aux;
  wanted.compare = opt.dry_run;
  wanted.format = TRY(format_named(opt.format));
  for (const std::string_view dir : dirs) {
    if (write && !dir.starts_with('/'))
      return fail("write cache", dir, "is a relative name, and a cache has absolute ones only");
    wanted.directories.emplace_back(dir);
  }
  const CachePlan plan = TRY(elf::plan_cache(root, wanted));
  tell(plan, opt.verbose, io);
  if (opt.dry_run) {
    tell_dry_run(root, plan, write, io);
    return io.status();
  }
  TRY(elf::apply_links(root, plan));
  if (write)
    TRY(elf::apply_cache(root, plan));
  return io.status();
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (opt.show_version) {
    io.out.put(io.name, " (rescue) ", version, '\n');
    return 0;
  }
  const Root root = TRY(Root::open(opt.root));
  if (opt.print)
    return print(opt, root, io);
  return opt.by_file ? link_files(opt, root, args, io) : refresh(opt, root, args, io);
}

}  // namespace

extern const Applet ldconfig_applet = {
    .name = "ldconfig",
    .summary = "write the cache of libraries and the links they are found by",
    .usage = "[OPTION]... [DIR]...\n-l [OPTION]... FILE...\n-p [-C CACHE]",
    .section = 8,
    .closed_output_is_fine = true,
    .notes =
        dense<"The cache is byte for byte what this system's own ldconfig would write; nothing of the system is run.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
