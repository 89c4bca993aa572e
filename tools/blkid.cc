// blkid: what disks hold, told from their own bytes.
#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <linux/fs.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/size_text.h"
#include "lib/sys/block.h"
#include "lib/sys/mounts.h"

namespace rescue {
namespace {

enum class Format : uint8_t { full, value, device, udev, export_lines };

struct Options {
  std::vector<std::string> tags;
  std::string token;
  std::string label;
  std::string uuid;
  std::string cache;
  Format format = Format::full;
  bool first = false;
  bool probe = false;
  bool limits = false;
  bool list_types = false;
  bool plain = false;
  bool no_partition = false;
  bool nothing = false;
  std::string offset, size, types, usages, hint;
};

Result<> choose_format(Options& o, std::string_view word) {
  constexpr struct {
    std::string_view word;
    Format format;
  } formats[] = {{"full", Format::full},
                 {"value", Format::value},
                 {"device", Format::device},
                 {"udev", Format::udev},
                 {"export", Format::export_lines}};
  for (const auto& known : formats)
    if (known.word == word) {
      o.format = known.format;
      return {};
    }
  return usage_error("there is no format '", Printable(word), "': full, value, device, udev, export");
}

constexpr Opt<Options> options[] = {
    {'s', "match-tag", &Options::tags, "print this tag alone (UUID, LABEL, TYPE, ...); may be given again", "TAG"},
    {'t', "match-token", &Options::token, "only devices with this NAME=VALUE", "NAME=VALUE"},
    {'L', "label", &Options::label, "print the device with this label", "LABEL"},
    {'U', "uuid", &Options::uuid, "print the device with this UUID", "UUID"},
    {'o', "output", choose_format, "full, value, device, udev or export", "FORMAT"},
    {'l', "list-one", &Options::first, "with -t: the first device alone"},
    {'p', "probe", &Options::probe, "look at the disk itself, as it always does, and print VERSION and USAGE too"},
    {'O', "offset", &Options::offset, "begin at byte N of the device", "N"},
    {'S', "size", &Options::size, "look at N bytes of it and no more", "N"},
    {'n', "match-types", &Options::types, "only these types (no: all but those)", "LIST"},
    {'u', "usages", &Options::usages, "only filesystem, raid, crypto, other (no: all but those)", "LIST"},
    {'D', "no-part-details", &Options::no_partition, "without the tags of the partition that it is"},
    {'i', "info", &Options::limits, "print the sizes in which the device is best read and written"},
    {'d', "no-encoding", &Options::plain, "print values as they are"},
    {'k', "list-filesystems", &Options::list_types, "list the types that are known"},
    {'g', "garbage-collect", &Options::nothing, "clear the cache of what is gone; there is none"},
    {'H', "hint", &Options::hint, "a hint for the search; none is needed", "HINT"},
    {'c', "cache-file", &Options::cache, "there is no cache here: nothing is read from FILE", "FILE"},
};

constexpr int nothing_found = 2;

struct Device {
  std::string path;
  Superblock block;
};

std::string escaped(std::string_view value) {
  std::string text;
  while (true) {
    const size_t plain = std::min(value.find_first_of("\"\\"), value.size());
    text += printable(value.substr(0, plain));
    if (plain == value.size())
      return text;
    text += str('\\', value[plain]);
    value.remove_prefix(plain + 1);
  }
}

// In the way of udev's properties: what is no plain letter becomes an underscore.
std::string safe(std::string_view value) {
  std::string text(value);
  std::ranges::replace_if(
      text,
      [](char c) {
        return !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                 std::string_view("#+-.:=@_/,").contains(c));
      },
      '_');
  return text;
}

class Printer {
 public:
  Printer(const Options& opt, Io& io) : opt_(opt), io_(io) {}

  // Whether the device holds anything, though it need not be what is asked for.
  bool print(const Device& device) {
    std::vector<const Tag*> tags;
    for (const Tag& tag : device.block.tags)
      if (opt_.tags.empty() || std::ranges::contains(opt_.tags, tag.name))
        tags.push_back(&tag);
    if (tags.empty())
      return !device.block.tags.empty();
    switch (opt_.format) {
      case Format::device: io_.out.put(device.path, '\n'); break;
      case Format::value:
        for (const Tag* tag : tags)
          io_.out.put(tag->value, '\n');
        break;
      case Format::udev:
        for (const Tag* tag : tags)
          io_.out.put("ID_FS_", tag->name, '=', safe(tag->value), '\n');
        break;
      case Format::export_lines:
        io_.out.put(any_ ? "\n" : "", "DEVNAME=", device.path, '\n');
        for (const Tag* tag : tags)
          io_.out.put(tag->name, '=', quoted_export(tag->value), '\n');
        break;
      case Format::full:
        io_.out.put(device.path, ':');
        for (const Tag* tag : tags)
          io_.out.put(' ', tag->name, "=\"", opt_.plain ? tag->value : escaped(tag->value), '"');
        io_.out.put('\n');
        break;
    }
    any_ = true;
    return true;
  }

 private:
  // Fit for a shell to read.
  static std::string quoted_export(std::string_view value) {
    std::string text;
    for (const char c : value)
      text += std::string_view("\"\\`$<> ()'&;").contains(c) ? str('\\', c) : std::string(1, c);
    return text;
  }

  const Options& opt_;
  Io& io_;
  bool any_ = false;
};

// With -i: what the kernel says of the device.
Result<Device> limits_of(const std::string& path) {
  const UniqueFd fd = TRY(open_file(path, O_RDONLY));
  constexpr struct {
    std::string_view name;
    unsigned request;
  } limits[] = {{"MINIMUM_IO_SIZE", BLKIOMIN},
                {"OPTIMAL_IO_SIZE", BLKIOOPT},
                {"PHYSICAL_SECTOR_SIZE", BLKPBSZGET},
                {"LOGICAL_SECTOR_SIZE", BLKSSZGET}};
  Device device{path, {}};
  for (const auto& limit : limits) {
    unsigned value = 0;
    if (::ioctl(fd.get(), limit.request, &value) < 0)
      return fail("ask for its sizes", path);
    if (value != 0)
      device.block.tags.push_back({limit.name, str(value)});
  }
  return device;
}

Result<uint64_t> size_of(std::string_view text) {
  const ParsedSize parsed = parse_size(text);
  if (!text.empty() && (parsed.problem != SizeProblem::none || !parsed.has_number))
    return usage_error("'", Printable(text), "' is not a size");
  return text.empty() ? 0 : parsed.value;
}

// What -n and -u say.
bool is_wanted(const Options& opt, const Superblock& block) {
  return (opt.types.empty() || type_is_wanted(opt.types, block.type())) &&
         (opt.usages.empty() || type_is_wanted(opt.usages, block.usage()));
}

Result<Device> look_at(const Options& opt, const std::string& path, const std::vector<BlockDevice>& all) {
  struct stat info{};
  if (opt.offset.empty() && opt.size.empty() && ::stat(path.c_str(), &info) == 0 && S_ISBLK(info.st_mode)) {
    const auto known = std::ranges::find(all, info.st_rdev, &BlockDevice::number);
    if (known != all.end()) {
      return Device{path, tags_of(*known, all)};
    }
  }
  const UniqueFd fd = TRY(open_file(path, O_RDONLY));
  FdDisk disk = TRY(FdDisk::open(fd.get(), path));
  disk.narrow(TRY(size_of(opt.offset)), TRY(size_of(opt.size)));
  Device device{path, {}};
  if (auto found = TRY(probe_superblock(disk)))
    device.block = *std::move(found);
  else if (const auto table = TRY(probe_partitions(disk)))
    device.block.tags = {{"PTUUID", table->uuid}, {"PTTYPE", std::string(table->type)}};
  return device;
}

bool matches(const Superblock& block, std::string_view token) {
  if (token.empty())
    return true;
  const size_t equals = token.find('=');
  std::string_view value = equals == std::string_view::npos ? "" : token.substr(equals + 1);
  if (value.size() > 1 && value.front() == '"' && value.back() == '"')
    value = value.substr(1, value.size() - 2);
  return !value.empty() && block.tag(token.substr(0, equals)) == value;
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (opt.nothing)
    return 0;
  if (opt.list_types) {
    for (const std::string_view type : known_types())
      io.out.put(type, '\n');
    return 0;
  }
  TRY(size_of(opt.offset));
  TRY(size_of(opt.size));
  const std::vector<BlockDevice> all = list_block_devices().value_or(std::vector<BlockDevice>());
  std::string token = opt.token;
  bool path_only = opt.format == Format::device;
  if (!opt.label.empty() || !opt.uuid.empty()) {
    token = opt.label.empty() ? str("UUID=", opt.uuid) : str("LABEL=", opt.label);
    path_only = true;
  }
  std::vector<std::string> paths(args.begin(), args.end());
  const bool named = !paths.empty();
  if (!named)
    for (const BlockDevice& device : all)
      paths.push_back(device.path);
  Printer printer(opt, io);
  bool any = false;
  for (const std::string& path : paths) {
    auto device = opt.limits ? limits_of(path) : look_at(opt, path, all);
    if (!device && named && opt.limits)
      io.warn(device.error());
    // As util-linux has it, whose cache keeps no versions.
    if (device)
      std::erase_if(device->block.tags, [&](const Tag& tag) {
        return (!opt.probe && tag.name == "VERSION") || (opt.no_partition && tag.name.starts_with("PART"));
      });
    if (!device || !matches(device->block, token) || !(opt.limits || is_wanted(opt, device->block)))
      continue;
    if (opt.probe && !opt.limits && !device->block.type().empty())
      device->block.tags.push_back({"USAGE", std::string(device->block.usage())});
    if (path_only && !device->block.tags.empty())
      io.out.put(path, '\n');
    any |= (path_only && !device->block.tags.empty()) || (!path_only && printer.print(*device));
    if (any && (opt.first || !opt.label.empty() || !opt.uuid.empty()))
      break;
  }
  return any ? io.status() : nothing_found;
}

}  // namespace

extern const Applet blkid_applet = {
    .name = "blkid",
    .summary = "tell what disks hold",
    .usage = "[OPTION]... [DEVICE]...\n-L LABEL\n-U UUID",
    .section = 8,
    .usage_status = 4,
    .help_letter = 'h',
    .version_letter = 'V',
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
