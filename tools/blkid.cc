// blkid: what disks hold, told from their own bytes.
#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/sys/block.h"

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
  return usage_error(str("there is no format '", printable(word), "': full, value, device, udev, export"));
}

constexpr Opt<Options> options[] = {
    {'s', "match-tag", &Options::tags, "print this tag alone (UUID, LABEL, TYPE, ...); may be given again", "TAG"},
    {'t', "match-token", &Options::token, "only devices with this NAME=VALUE", "NAME=VALUE"},
    {'L', "label", &Options::label, "print the device with this label", "LABEL"},
    {'U', "uuid", &Options::uuid, "print the device with this UUID", "UUID"},
    {'o', "output", choose_format, "full, value, device, udev or export", "FORMAT"},
    {'l', "list-one", &Options::first, "with -t: the first device alone"},
    {'p', "probe", &Options::probe, "look at the disk itself; it always does"},
    {'c', "cache-file", &Options::cache, "there is no cache here: nothing is read from FILE", "FILE"},
};

constexpr int nothing_found = 2;

struct Device {
  std::string path;
  Superblock block;
};

std::string escaped(std::string_view value) {
  std::string text;
  for (const char c : value)
    text += c == '"' || c == '\\' ? str('\\', c) : std::string(1, c);
  return printable(text);
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
          io_.out.put(' ', tag->name, "=\"", escaped(tag->value), '"');
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

Result<Device> look_at(const std::string& path, const std::vector<BlockDevice>& all) {
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0 && S_ISBLK(info.st_mode)) {
    const auto known = std::ranges::find(all, info.st_rdev, &BlockDevice::number);
    if (known != all.end())
      return Device{path, tags_of(*known, all)};
  }
  const UniqueFd fd = TRY(open_file(path, O_RDONLY));
  FdDisk disk = TRY(FdDisk::open(fd.get(), path));
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

Result<int> run(const Options& opt, Io& io, Args args) {
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
    const auto device = look_at(path, all);
    if (!device || !matches(device->block, token))
      continue;
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
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
