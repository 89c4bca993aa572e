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
#include "lib/base/utf8.h"
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
  std::vector<Tag> table;  // of its partitions
};

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// As cat -v shows it, with a backslash before the characters of `special`.
std::string shown(std::string_view value, std::string_view special) {
  std::string text;
  for (const char c : value) {
    const auto low = static_cast<char>(c & 0x7f);
    text += low != c ? "M-" : "";
    if (low < ' ' || low == 0x7f)
      text += {'^', static_cast<char>(low ^ 0x40)};
    else
      text += special.contains(low) ? str('\\', low) : std::string(1, low);
  }
  return text;
}

// udev's values in which all but plain letters and UTF-8 is \x20 and its like.
std::string encoded(std::string_view value) {
  std::string text;
  while (!value.empty()) {
    const Character c = first_character(value);
    const std::string_view bytes = value.substr(0, c.length);
    const bool is_plain = is_letter_or_digit(bytes[0]) || std::string_view("#+-.:=@_").contains(bytes[0]);
    text += (c.valid && c.length > 1) || is_plain ? std::string(bytes) : str("\\x", to_hex(bytes));
    value.remove_prefix(c.length);
  }
  return text;
}

// udev's values for people: an underscore for blanks and for what is no text.
std::string safe(std::string_view value) {
  std::string text;
  bool blank = false;
  for (; !value.empty(); value.remove_prefix(first_character(value).length)) {
    const Character c = first_character(value);
    const bool is_blank = value[0] == ' ' || (value[0] >= '\t' && value[0] <= '\r');
    if (!is_blank) {
      text += blank && !text.empty() ? "_" : "";
      text += c.valid ? value.substr(0, c.length) : std::string_view("_");
    }
    blank = is_blank;
  }
  return text;
}

std::string udev_lines(const Tag& tag) {
  const std::string_view name = tag.name;
  if (name == "TYPE" || name == "VERSION" || name.ends_with("_ID"))
    return str("ID_FS_", name, '=', encoded(tag.value), '\n');
  if (name == "UUID" || name == "UUID_SUB" || name.starts_with("LABEL"))
    return str("ID_FS_", name, '=', safe(tag.value), "\nID_FS_", name, "_ENC=", encoded(tag.value), '\n');
  if (name == "PTUUID" || name == "PTTYPE")
    return str("ID_PART_TABLE_", name.substr(2), '=', tag.value, '\n');
  const bool is_limit = name.ends_with("_SECTOR_SIZE") || name.ends_with("_IO_SIZE");
  return str(is_limit ? "ID_IOLIMIT_" : "ID_FS_", name, '=', tag.value, '\n');
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
        io_.out.put(any_ ? "\n" : "");
        for (const Tag* tag : tags)
          io_.out.put(udev_lines(*tag));
        break;
      case Format::export_lines:
        io_.out.put(any_ ? "\n" : "", "DEVNAME=", device.path, '\n');
        for (const Tag* tag : tags)
          io_.out.put(tag->name, '=', opt_.plain ? tag->value : shown(tag->value, " \\\"'$`<>"), '\n');
        break;
      case Format::full:
        io_.out.put(device.path, ':');
        for (const Tag* tag : tags)
          io_.out.put(' ', tag->name, "=\"", opt_.plain ? tag->value : shown(tag->value, "\"\\"), '"');
        io_.out.put('\n');
        break;
    }
    any_ = true;
    return true;
  }

 private:
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
  Device device{path, {}, {}};
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
      return Device{path, tags_of(*known, all), {}};
    }
  }
  const UniqueFd fd = TRY(open_file(path, O_RDONLY));
  FdDisk disk = TRY(FdDisk::open(fd.get(), path));
  disk.narrow(TRY(size_of(opt.offset)), TRY(size_of(opt.size)));
  Device device{path, {}, {}};
  if (auto found = TRY(probe_superblock(disk)))
    device.block = *std::move(found);
  // What a file system leaves of its first sector may be one, as on an image that is both for CDs and for sticks. The
  // boot sectors of FAT and NTFS look like one.
  const Superblock& block = device.block;
  if (!block.tags.empty() && (!block.is_mountable() || block.type() == "vfat" || block.type() == "ntfs"))
    return device;
  if (const auto table = TRY(probe_partitions(disk))) {
    device.table = {{"PTTYPE", std::string(table->type)}};
    if (table->uuid != "00000000")
      device.table.insert(device.table.begin(), {"PTUUID", table->uuid});
  }
  return device;
}

bool matches(const Device& device, std::string_view token) {
  if (token.empty())
    return true;
  const size_t equals = token.find('=');
  const std::string_view name = token.substr(0, equals);
  std::string_view value = equals == std::string_view::npos ? "" : token.substr(equals + 1);
  if (value.size() > 1 && value.front() == '"' && value.back() == '"')
    value = value.substr(1, value.size() - 2);
  return !value.empty() && (device.block.tag(name) == value || std::ranges::any_of(device.table, [&](const Tag& tag) {
                              return tag.name == name && tag.value == value;
                            }));
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
        return (!opt.probe && (tag.name == "VERSION" || tag.name.ends_with("_ID"))) ||
               (opt.no_partition && tag.name.starts_with("PART"));
      });
    if (!device || !matches(*device, token) || !(opt.limits || is_wanted(opt, device->block)))
      continue;
    if (opt.probe && !opt.limits && !device->block.type().empty())
      device->block.tags.push_back({"USAGE", std::string(device->block.usage())});
    for (Tag& tag : device->table)
      device->block.tags.push_back(std::move(tag));
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
