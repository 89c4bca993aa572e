// losetup: set up and list loop devices.
#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <linux/fs.h>
#include <linux/loop.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/size_text.h"
#include "lib/base/table.h"
#include "lib/sys/block.h"
#include "lib/sys/mounting.h"

namespace rescue {
namespace {

struct Options {
  bool all = false;
  bool find = false;
  bool show = false;
  bool read_only = false;
  bool partitions = false;
  bool list = false;
  bool no_headings = false;
  bool detach_all = false;
  bool verbose = false;
  bool set_capacity = false;
  bool json = false;
  bool raw = false;
  bool all_columns = false;
  bool no_overlap = false;
  std::string columns;
  std::vector<std::string> detach;
  std::string associated;
  std::string offset;
  std::string size_limit;
  std::string sector_size;
  std::optional<std::string> direct_io;
};

constexpr Opt<Options> options[] = {
    {'a', "all", &Options::all, "list all that are in use"},
    {'d', "detach", &Options::detach, "free the device", "DEVICE"},
    {'D', "detach-all", &Options::detach_all, "free all that are in use"},
    {'f', "find", &Options::find, "take the first that is free; without FILE print it"},
    {'j', "associated", &Options::associated, "list those that FILE is behind", "FILE"},
    {'l', "list", &Options::list, "list as a table (default)"},
    {'n', "noheadings", &Options::no_headings, "without the line of headings"},
    {'J', "json", &Options::json, "list as JSON"},
    {'O', "output", &Options::columns, "list these columns: NAME, BACK-FILE, OFFSET, ...", "COLUMNS"},
    {0, "output-all", &Options::all_columns, "list all columns"},
    {0, "raw", &Options::raw, "one blank between the columns"},
    {'L', "nooverlap", &Options::no_overlap, "take the device that is set up so already; fail where a part is in use"},
    {'o', "offset", &Options::offset, "begin at byte N of the file (1M and its like, too)", "N"},
    {0, "sizelimit", &Options::size_limit, "N bytes of it and no more", "N"},
    {'b', "sector-size", &Options::sector_size, "sectors of N bytes", "N"},
    {'P', "partscan", &Options::partitions, "make devices for its partitions"},
    {'r', "read-only", &Options::read_only, "not to be written"},
    {'c', "set-capacity", &Options::set_capacity, "the file behind it has another size now: look again"},
    {0, "direct-io", &Options::direct_io, "past the cache: on or off", "[WHEN]"},
    {0, "show", &Options::show, "print the device that is set up"},
    {'v', "verbose", &Options::verbose, "say more"},
};

struct LoopState {
  std::string device;
  struct loop_info64 info{};
  std::string file;
  dev_t number = 0;
  int sector_size = 0;
};

// Those that are in use.
Result<std::vector<LoopState>> list_loops() {
  std::vector<LoopState> loops;
  for (const BlockDevice& device : TRY(list_block_devices())) {
    if (!device.name.starts_with("loop") || device.partition != 0)
      continue;
    const auto fd = open_device(device, O_RDONLY);
    LoopState loop{.device = device.path, .info = {}, .file = device.backing_file, .number = device.number};
    if (!fd || ::ioctl(fd->get(), LOOP_GET_STATUS64, &loop.info) < 0)
      continue;
    (void)::ioctl(fd->get(), BLKSSZGET, &loop.sector_size);
    if (loop.file.empty())
      loop.file = reinterpret_cast<const char*>(loop.info.lo_file_name);
    loops.push_back(std::move(loop));
  }
  return loops;
}

// The form of `losetup -a` and `-j`: "/dev/loop0: [64768]:131 (/srv/disk.img), offset 512".
void print_line(Io& io, const LoopState& loop) {
  std::string number = str(loop.info.lo_device);
  number.insert(0, number.size() < 4 ? 4 - number.size() : 0, '0');
  io.out.put(loop.device, ": [", number, "]:", loop.info.lo_inode, " (", Printable(loop.file), ')');
  if (loop.info.lo_offset != 0)
    io.out.put(", offset ", loop.info.lo_offset);
  if (loop.info.lo_sizelimit != 0)
    io.out.put(", sizelimit ", loop.info.lo_sizelimit);
  io.out.put('\n');
}

constexpr TableColumn columns[] = {
    {"NAME", TableColumn::Kind::text},         {"AUTOCLEAR", TableColumn::Kind::flag},
    {"BACK-FILE", TableColumn::Kind::text},    {"BACK-INO", TableColumn::Kind::number},
    {"BACK-MAJ:MIN", TableColumn::Kind::text}, {"MAJ:MIN", TableColumn::Kind::text},
    {"OFFSET", TableColumn::Kind::number},     {"PARTSCAN", TableColumn::Kind::flag},
    {"RO", TableColumn::Kind::flag},           {"SIZELIMIT", TableColumn::Kind::number},
    {"DIO", TableColumn::Kind::flag},          {"LOG-SEC", TableColumn::Kind::number},
};

std::string numbers(uint64_t device) {
  return str(major(device), ':', minor(device));
}

Result<> print_table(const Options& opt, Io& io, const std::vector<LoopState>& loops) {
  Table table(columns, "NAME,SIZELIMIT,OFFSET,AUTOCLEAR,RO,BACK-FILE,DIO,LOG-SEC");
  if (opt.all_columns)
    table.choose_all();
  else if (!opt.columns.empty())
    TRY(table.choose(opt.columns));
  for (const LoopState& loop : loops) {
    const auto flag = [&](uint32_t bit) { return std::string((loop.info.lo_flags & bit) != 0 ? "1" : "0"); };
    table.add({loop.device, flag(LO_FLAGS_AUTOCLEAR), printable(loop.file), str(loop.info.lo_inode),
               numbers(loop.info.lo_device), numbers(loop.number), str(loop.info.lo_offset), flag(LO_FLAGS_PARTSCAN),
               flag(LO_FLAGS_READ_ONLY), str(loop.info.lo_sizelimit), flag(LO_FLAGS_DIRECT_IO), str(loop.sector_size)});
  }
  if (opt.json)
    table.print_json(io.out, "loopdevices");
  else if (!loops.empty())
    table.print(io.out, {.no_headings = opt.no_headings, .raw = opt.raw});
  return {};
}

bool same_file(const std::string& a, const std::string& b) {
  struct stat first{};
  struct stat second{};
  return ::stat(a.c_str(), &first) == 0 && ::stat(b.c_str(), &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

Result<int> list(const Options& opt, Io& io, std::string_view only) {
  std::vector<LoopState> loops = TRY(list_loops());
  std::erase_if(loops, [&](const LoopState& loop) {
    return (!only.empty() && loop.device != only) || (!opt.associated.empty() && !same_file(loop.file, opt.associated));
  });
  const bool table =
      opt.list || opt.json || !opt.columns.empty() || (!opt.all && opt.associated.empty() && only.empty());
  if (table)
    TRY(print_table(opt, io, loops));
  else if (!table)
    for (const LoopState& loop : loops)
      print_line(io, loop);
  if (!only.empty() && loops.empty())
    return fail("look at", only, ENXIO);
  return io.status();
}

Result<uint64_t> size_of(std::string_view text) {
  const ParsedSize parsed = parse_size(text);
  if (!text.empty() && (parsed.problem != SizeProblem::none || !parsed.has_number))
    return usage_error("'", Printable(text), "' is not a size");
  return text.empty() ? 0 : parsed.value;
}

// The device that shows this part of the file already, if there is one; fails where one shows some of it.
Result<std::optional<std::string>> device_of(const std::string& file, uint64_t offset, uint64_t limit) {
  for (const LoopState& loop : TRY(list_loops())) {
    if (!same_file(loop.file, file))
      continue;
    const uint64_t begin = loop.info.lo_offset, size = loop.info.lo_sizelimit;
    if (begin == offset && size == limit)
      return loop.device;
    if ((size == 0 || offset < begin + size) && (limit == 0 || begin < offset + limit))
      return fail("set up", file, loop.device, " shows a part of it");
  }
  return std::nullopt;
}

Result<int> set_up(const Options& opt, Io& io, const std::string& device, const std::string& file) {
  const auto there =
      opt.no_overlap ? TRY(device_of(file, TRY(size_of(opt.offset)), TRY(size_of(opt.size_limit)))) : std::nullopt;
  if (there && (device.empty() || device == *there)) {
    io.out.put(*there, '\n');
    return io.status();
  }
  if (there)
    return fail("set up", file, *there, " shows it");
  const Loop loop = TRY(attach_loop({.file = file,
                                     .device = device,
                                     .offset = TRY(size_of(opt.offset)),
                                     .size_limit = TRY(size_of(opt.size_limit)),
                                     .read_only = opt.read_only,
                                     .partitions = opt.partitions,
                                     .direct_io = opt.direct_io && *opt.direct_io != "off",
                                     .sector_size = static_cast<unsigned>(TRY(size_of(opt.sector_size)))}));
  if (opt.show || opt.verbose)
    io.out.put(loop.device, '\n');
  return io.status();
}

Result<int> free_devices(const Options& opt, Io& io) {
  std::vector<std::string> devices = opt.detach;
  if (opt.detach_all)
    for (const LoopState& loop : TRY(list_loops()))
      devices.push_back(loop.device);
  for (const std::string& device : devices)
    if (const auto done = detach_loop(device); !done)
      io.warn(done.error());
  return io.status();
}

Result<int> look_again(Io& io, const std::string& device) {
  const UniqueFd fd = TRY(open_file(device, O_RDONLY));
  if (::ioctl(fd.get(), LOOP_SET_CAPACITY, 0) < 0)
    return fail("look at the size again", device);
  return io.status();
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (!opt.detach.empty() || opt.detach_all)
    return free_devices(opt, io);
  if (opt.find) {
    if (args.empty()) {
      io.out.put(TRY(free_loop()), '\n');
      return io.status();
    }
    const std::string file(TRY(args.shift("FILE")));
    TRY(args.expect_end());
    return set_up(opt, io, "", file);
  }
  if (args.empty())
    return list(opt, io, "");
  const std::string device(TRY(args.shift("DEVICE")));
  if (opt.set_capacity)
    return look_again(io, device);
  if (args.empty())
    return list(opt, io, device);
  const std::string file(TRY(args.shift("FILE")));
  TRY(args.expect_end());
  return set_up(opt, io, device, file);
}

}  // namespace

extern const Applet losetup_applet = {
    .name = "losetup",
    .summary = "set up and list loop devices",
    .usage = "[OPTION]... [DEVICE] [FILE]\n-f [--show] FILE\n-d DEVICE...",
    .section = 8,
    .usage_status = 1,
    .help_letter = 'h',
    .version_letter = 'V',
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
