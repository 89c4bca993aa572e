// lsblk: list block devices, what they are made of and what is on them.
#include <algorithm>
#include <cstdlib>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/json.h"
#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/fs/mode.h"
#include "lib/fs/names.h"
#include "lib/sys/block.h"
#include "lib/sys/mounts.h"

namespace rescue {
namespace {

struct Options {
  bool all = false;
  bool bytes = false;
  bool no_children = false;
  bool ascii = false;
  bool json = false;
  bool list = false;
  bool no_headings = false;
  bool paths = false;
  bool pairs = false;
  bool raw = false;
  bool inverse = false;
  bool all_columns = false;
  bool not_empty = false;
  bool scsi = false;
  bool shell_names = false;
  bool tree = false;
  std::string_view set;  // of columns, by a name of its own
  std::string sort;
  std::string dedup;
  std::string columns;
  std::string exclude;
  std::string include;
};

constexpr std::string_view default_columns = "NAME,MAJ:MIN,RM,SIZE,RO,TYPE,MOUNTPOINTS";
constexpr char file_system_columns[] = "NAME,FSTYPE,FSVER,LABEL,UUID,FSAVAIL,FSUSE%,MOUNTPOINTS";
constexpr char permission_columns[] = "NAME,SIZE,OWNER,GROUP,MODE";
constexpr char discard_columns[] = "NAME,DISC-ALN,DISC-GRAN,DISC-MAX,DISC-ZERO";
constexpr char topology_columns[] = "NAME,ALIGNMENT,MIN-IO,OPT-IO,PHY-SEC,LOG-SEC,ROTA,SCHED,RQ-SIZE,RA,WSAME";
constexpr char scsi_columns[] = "NAME,HCTL,TYPE,VENDOR,MODEL,REV,SERIAL,TRAN";
constexpr char zone_columns[] = "NAME,ZONED,ZONE-SZ,ZONE-NR,ZONE-AMAX,ZONE-OMAX,ZONE-APP,ZONE-WGRAN";

template <const char* columns>
Result<> choose_set(Options& o, std::string_view /*none*/) {
  o.set = columns;
  o.scsi = o.scsi || o.set == scsi_columns;
  return {};
}

constexpr Opt<Options> options[] = {
    {'a', "all", &Options::all, "memory disks and loop devices without a file too"},
    {'b', "bytes", &Options::bytes, "sizes in bytes"},
    {'d', "nodeps", &Options::no_children, "only what is named, or whole disks, without what is on them"},
    {'e', "exclude", &Options::exclude, "without devices of these major numbers (default: 1)", "LIST"},
    {'I', "include", &Options::include, "only devices of these major numbers", "LIST"},
    {'A', "noempty", &Options::not_empty, "without devices of no size"},
    {'D', "discard", choose_set<discard_columns>, "how they take word of what is free: DISC-GRAN, DISC-MAX"},
    {'E', "dedup", &Options::dedup, "of devices that have the same in COLUMN, only the first", "COLUMN"},
    {'f', "fs", choose_set<file_system_columns>, "what is on them: FSTYPE, LABEL, UUID, MOUNTPOINTS"},
    {'i', "ascii", &Options::ascii, "draw the tree with plain letters"},
    {'J', "json", &Options::json, "as JSON"},
    {'l', "list", &Options::list, "as a list, not as a tree"},
    {'m', "perms", choose_set<permission_columns>, "owner, group and mode of their nodes"},
    {'n', "noheadings", &Options::no_headings, "without the line of headings"},
    {'o', "output", &Options::columns, "these columns, with commas between", "LIST"},
    {'O', "output-all", &Options::all_columns, "all columns that there are"},
    {'p', "paths", &Options::paths, "whole paths as names"},
    {'P', "pairs", &Options::pairs, "as KEY=\"value\" pairs"},
    {'r', "raw", &Options::raw, "one blank between the columns"},
    {'s', "inverse", &Options::inverse, "the tree the other way: what lies below what"},
    {'S', "scsi", choose_set<scsi_columns>, "only SCSI devices: HCTL, VENDOR, MODEL"},
    {'t', "topology", choose_set<topology_columns>, "sizes of their sectors and queues"},
    {'T', "tree", &Options::tree, "as a tree, also with -x"},
    {'x', "sort", &Options::sort, "in the order of COLUMN, as a list", "COLUMN"},
    {'y', "shell", &Options::shell_names, "with -P: names that a shell takes: MAJ_MIN, FSUSE_PCT"},
    {'z', "zoned", choose_set<zone_columns>, "the zones of zoned devices"},
};

constexpr std::string_view memory_disks = "1";

enum class Kind : uint8_t { text, number, size, flag, list };

// `file` is below the device's folder in /sys; of a partition, the disk's where it has none itself.
struct Column {
  char name[12];
  Kind kind;
  char file[32];
};

constexpr Column known_columns[] = {
    {"NAME", Kind::text, ""},
    {"KNAME", Kind::text, ""},
    {"PATH", Kind::text, ""},
    {"MAJ:MIN", Kind::text, ""},
    {"RM", Kind::flag, ""},
    {"SIZE", Kind::size, ""},
    {"RO", Kind::flag, ""},
    {"TYPE", Kind::text, ""},
    {"MOUNTPOINT", Kind::text, ""},
    {"MOUNTPOINTS", Kind::list, ""},
    {"FSTYPE", Kind::text, ""},
    {"FSVER", Kind::text, ""},
    {"LABEL", Kind::text, ""},
    {"UUID", Kind::text, ""},
    {"FSSIZE", Kind::size, ""},
    {"FSAVAIL", Kind::size, ""},
    {"FSUSED", Kind::size, ""},
    {"FSUSE%", Kind::size, ""},
    {"PTTYPE", Kind::text, ""},
    {"PTUUID", Kind::text, ""},
    {"PARTUUID", Kind::text, ""},
    {"PARTLABEL", Kind::text, ""},
    {"PKNAME", Kind::text, ""},
    {"START", Kind::number, ""},
    {"OWNER", Kind::text, ""},
    {"GROUP", Kind::text, ""},
    {"MODE", Kind::text, ""},
    {"ALIGNMENT", Kind::number, "alignment_offset"},
    {"MIN-IO", Kind::number, "queue/minimum_io_size"},
    {"OPT-IO", Kind::number, "queue/optimal_io_size"},
    {"PHY-SEC", Kind::number, "queue/physical_block_size"},
    {"LOG-SEC", Kind::number, "queue/logical_block_size"},
    {"ROTA", Kind::flag, "queue/rotational"},
    {"SCHED", Kind::text, "queue/scheduler"},
    {"RQ-SIZE", Kind::number, "queue/nr_requests"},
    {"RA", Kind::number, "queue/read_ahead_kb"},
    {"WSAME", Kind::size, "queue/write_same_max_bytes"},
    {"DISC-ALN", Kind::number, "discard_alignment"},
    {"DISC-GRAN", Kind::size, "queue/discard_granularity"},
    {"DISC-MAX", Kind::size, "queue/discard_max_bytes"},
    {"DISC-ZERO", Kind::flag, "queue/discard_zeroes_data"},
    {"DAX", Kind::flag, "queue/dax"},
    {"RAND", Kind::flag, "queue/add_random"},
    {"ZONED", Kind::text, "queue/zoned"},
    {"ZONE-SZ", Kind::size, "queue/chunk_sectors"},
    {"ZONE-NR", Kind::number, "queue/nr_zones"},
    {"ZONE-AMAX", Kind::number, "queue/max_active_zones"},
    {"ZONE-OMAX", Kind::number, "queue/max_open_zones"},
    {"ZONE-APP", Kind::size, "queue/zone_append_max_bytes"},
    {"ZONE-WGRAN", Kind::size, "queue/zone_write_granularity"},
    {"MODEL", Kind::text, ""},
    {"VENDOR", Kind::text, "device/vendor"},
    {"REV", Kind::text, "device/rev"},
    {"SERIAL", Kind::text, "device/serial"},
    {"STATE", Kind::text, "device/state"},
    {"HCTL", Kind::text, ""},
    {"TRAN", Kind::text, ""},
};

constexpr size_t least_size_width = 5;

// As util-linux writes sizes: 119.2G, 512B; rounded to the nearest tenth.
std::string short_size(uint64_t bytes) {
  unsigned exponent = 0;
  while (exponent < 60 && bytes >> exponent >= 1024)
    exponent += 10;
  uint64_t whole = bytes >> exponent;
  const uint64_t rest = bytes & ((uint64_t{1} << exponent) - 1);
  uint64_t tenths = exponent == 0 ? 0 : ((rest >> (exponent - 10)) * 1000 / 1024 + 50) / 100;
  if (tenths == 10) {
    ++whole;
    tenths = 0;
  }
  return str(whole, tenths == 0 ? "" : str('.', tenths), "BKMGTPE"[exponent / 10]);
}

struct Row {
  const BlockDevice* device = nullptr;
  std::string tree;  // what stands before the name
  std::vector<std::string> values;
  std::vector<Row> children;
  std::string key;  // what it is sorted by
  uint64_t number = 0;
};

class Lister {
 public:
  Lister(const Options& opt, std::vector<BlockDevice> devices) : opt_(opt), devices_(std::move(devices)) {
    rescue::sort(devices_, {}, &BlockDevice::number);
    mounts_ = read_mounts().value_or(std::vector<Mount>());
    const char* const locale = std::getenv("LC_ALL") != nullptr ? std::getenv("LC_ALL") : std::getenv("LANG");
    ascii_ = opt.ascii || locale == nullptr || !std::string_view(locale).contains("UTF-8");
  }

  Result<> choose_columns(std::string_view list) {
    for (const std::string_view word : split(list, ','))
      columns_.push_back(TRY(column_of(word)));
    return {};
  }

  // Of the devices that have the same in this column, only the first is taken.
  Result<> choose_dedup(std::string_view column) {
    dedup_ = TRY(column_of(column));
    return {};
  }

  // The tree below the devices that are named, or below all that lie on nothing else.
  Result<std::vector<Row>> rows(const std::vector<std::string>& named) {
    std::vector<Row> top;
    size_t known = 0;
    for (const BlockDevice& device : devices_)
      if (named.empty() ? is_top(device) && is_wanted(device)
                        : std::ranges::contains(named, device.path) || std::ranges::contains(named, device.name)) {
        ++known;
        if (!is_repeat(device))
          top.push_back(row(device, 0));
      }
    if (known < named.size())
      return fail("look at", named[0], "is no block device that is known");
    return top;
  }

  void choose_all() {
    for (const Column& column : known_columns)
      columns_.push_back(&column);
  }

  // Whether all values in the column, in the order of the list, are where they belong.
  Result<> sort(std::vector<Row>& rows) {
    const Column* const key = TRY(column_of(opt_.sort));
    const bool by_number = key->kind == Kind::number || key->kind == Kind::size;
    const auto sort_level = [&](auto& self, std::vector<Row>& level) -> void {
      for (Row& row : level) {
        std::optional<Superblock> tags;
        row.key = value(*row.device, *key, tags, true);
        row.number = by_number ? to_number<uint64_t>(row.key).value_or(0)
                               : uint64_t{row.device->number} * (key->name == std::string_view("MAJ:MIN"));
        self(self, row.children);
      }
      rescue::sort(level, [&](const Row& a, const Row& b) {
        return a.number != b.number ? a.number < b.number : !by_number && a.key < b.key;
      });
    };
    if (!opt_.tree)
      flatten(rows);
    sort_level(sort_level, rows);
    return {};
  }

  const std::vector<const Column*>& columns() const { return columns_; }
  bool ascii() const { return ascii_; }

 private:
  static Result<const Column*> column_of(std::string_view word) {
    std::string upper(word);
    std::ranges::transform(upper, upper.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    const auto column = std::ranges::find_if(known_columns, [&](const Column& c) { return upper == c.name; });
    if (column == std::end(known_columns))
      return with_status(fail("unknown column", word, "is none").error(), Status::failed);
    return column;
  }

  bool is_repeat(const BlockDevice& device) {
    std::optional<Superblock> tags;
    std::string text = dedup_ != nullptr ? value(device, *dedup_, tags, true) : "";
    if (text.empty())
      return false;
    if (std::ranges::contains(seen_, text))
      return true;
    seen_.push_back(std::move(text));
    return false;
  }

  bool is_top(const BlockDevice& device) const {
    if (opt_.inverse && !opt_.no_children)
      return std::ranges::none_of(devices_, [&](const BlockDevice& other) { return lies_on(other, device); });
    return device.parent.empty() && (device.slaves.empty() || opt_.no_children);
  }

  static bool lies_on(const BlockDevice& upper, const BlockDevice& lower) {
    return upper.parent == lower.name || std::ranges::contains(upper.slaves, lower.name);
  }

  static void flatten(std::vector<Row>& rows) {
    std::vector<Row> all;
    for (Row& row : rows) {
      std::vector<Row> below = std::move(row.children);
      row.children.clear();
      all.push_back(std::move(row));
      flatten(below);
      for (Row& child : below)
        if (std::ranges::none_of(all, [&](const Row& known) { return known.device == child.device; }))
          all.push_back(std::move(child));
    }
    rows = std::move(all);
  }

  bool is_wanted(const BlockDevice& device) const {
    if (!opt_.all && device.size == 0 && device.name.starts_with("loop"))
      return false;
    if ((opt_.not_empty && device.size == 0) || (opt_.scsi && scsi_address(device).empty()))
      return false;
    const std::string number = str(major(device.number));
    if (!opt_.include.empty())
      return std::ranges::contains(split(opt_.include, ','), number);
    const std::string_view without = opt_.all               ? std::string_view()
                                     : opt_.exclude.empty() ? memory_disks
                                                            : std::string_view(opt_.exclude);
    return without.empty() || !std::ranges::contains(split(without, ','), number);
  }

  // A device-mapper's device below itself would never end.
  Row row(const BlockDevice& device, unsigned depth) {
    Row made{.device = &device, .tree = {}, .values = {}, .children = {}};
    std::optional<Superblock> tags;
    for (const Column* const column : columns_)
      made.values.push_back(value(device, *column, tags, opt_.bytes));
    if (!opt_.no_children && depth < 16)
      for (const BlockDevice& other : devices_)
        if ((opt_.inverse ? lies_on(device, other) : lies_on(other, device)) && !is_repeat(other))
          made.children.push_back(row(other, depth + 1));
    return made;
  }

  std::string mount_points(const BlockDevice& device, bool all) const {
    std::string text;
    for (const Mount& mount : mounts_)
      if (mount.device == device.number || mount.source == device.path) {
        if (!all)
          return mount.target;
        text += str(text.empty() ? "" : "\n", mount.target);
      }
    return text;
  }

  // One of the few lines below the device's folder in /sys; empty where there is none.
  static std::string sys_text(const std::string& name, std::string_view file) {
    const auto fd = open_file(str("/sys/class/block/", name, '/', file), O_RDONLY);
    const auto text = fd ? read_all(fd->get(), 4096, file) : Result<std::string>();
    return text ? std::string(trim(std::string_view(*text).substr(0, text->find('\n')))) : "";
  }

  // "2:0:0:0": the last part of where its device leads to.
  static std::string scsi_address(const BlockDevice& device) {
    char target[1024];
    const ssize_t length = ::readlink(str("/sys/class/block/", device.name, "/device").c_str(), target, sizeof target);
    const std::string_view name = length > 0 ? base_name({target, static_cast<size_t>(length)}) : std::string_view();
    return std::ranges::count(name, ':') == 3 ? std::string(name) : "";
  }

  static std::string transport(const BlockDevice& device) {
    if (device.name.starts_with("nvme"))
      return "nvme";
    char target[1024];
    const ssize_t length = ::readlink(str("/sys/class/block/", device.name).c_str(), target, sizeof target);
    const std::string_view path(target, length > 0 ? static_cast<size_t>(length) : 0);
    return path.contains("/usb") ? "usb" : path.contains("/ata") ? "sata" : "";
  }

  std::string size(uint64_t bytes, bool plain) const { return plain ? str(bytes) : short_size(bytes); }

  std::string from_sys(const BlockDevice& device, const Column& column, bool plain) const {
    std::string text = sys_text(device.name, column.file);
    if (text.empty() && !device.parent.empty())
      text = sys_text(device.parent, column.file);
    const std::string_view name = column.name;
    if (text.empty() && name.starts_with("ZONE-"))
      text = "0";
    // [none] mq-deadline: the one in brackets.
    if (name == "SCHED") {
      const size_t open = text.find('[');
      const size_t close = text.find(']');
      return open < close && close != std::string::npos ? text.substr(open + 1, close - open - 1) : "";
    }
    if (column.kind != Kind::size)
      return text;
    const auto number = to_number<uint64_t>(text);
    if (!number)
      return "";
    return size(name == "ZONE-SZ" ? *number * 512 * (sys_text(device.name, "queue/zoned") != "none") : *number, plain);
  }

  // Of the first place where it is mounted.
  std::string usage(const BlockDevice& device, std::string_view column, bool plain) const {
    struct statvfs info{};
    const std::string place = mount_points(device, false);
    if (place.empty() || ::statvfs(place.c_str(), &info) < 0)
      return "";
    const uint64_t block = info.f_frsize;
    const uint64_t all = info.f_blocks * block;
    const uint64_t used = all - info.f_bfree * block;
    if (column == "FSUSE%")
      return all == 0 ? "---" : str((used * 100 + all / 2) / all, '%');
    return size(column == "FSSIZE" ? all : column == "FSUSED" ? used : info.f_bavail * block, plain);
  }

  std::string node(const BlockDevice& device, std::string_view column) {
    struct stat info{};
    if (::stat(device.path.c_str(), &info) < 0)
      return "";
    if (column == "MODE")
      return mode_text(info.st_mode);
    const bool owner = column == "OWNER";
    const std::string_view name = owner ? names_.users.name_of(info.st_uid) : names_.groups.name_of(info.st_gid);
    return name.empty() ? str(owner ? info.st_uid : info.st_gid) : std::string(name);
  }

  std::string value(const BlockDevice& device, const Column& known, std::optional<Superblock>& tags, bool plain) {
    const std::string_view column = known.name;
    if (known.file[0] != '\0')
      return from_sys(device, known, plain);
    if (column == "NAME")
      return opt_.paths ? device.path : std::string(base_name(device.path));
    if (column == "KNAME")
      return opt_.paths ? str("/dev/", device.name) : device.name;
    if (column == "PATH")
      return device.path;
    if (column == "PKNAME")
      return device.parent;
    if (column == "MAJ:MIN")
      return numbers(device.number);
    if (column == "RM")
      return device.removable ? "1" : "0";
    if (column == "RO")
      return device.read_only ? "1" : "0";
    if (column == "SIZE")
      return size(device.size, plain);
    if (column == "START")
      return device.partition != 0 ? str(device.start / 512) : std::string();
    if (column == "TYPE")
      return device.type();
    if (column == "MODEL")
      return device.model;
    if (column == "HCTL")
      return scsi_address(device);
    if (column == "TRAN")
      return transport(device);
    if (column.starts_with("MOUNTPOINT"))
      return mount_points(device, column.ends_with('S'));
    if (column == "OWNER" || column == "GROUP" || column == "MODE")
      return node(device, column);
    if (column == "FSSIZE" || column == "FSAVAIL" || column.starts_with("FSUSE"))
      return usage(device, column, plain);
    if (!tags)
      tags = tags_of(device, devices_);
    return std::string(tags->tag(column == "FSTYPE" ? "TYPE" : column == "FSVER" ? "VERSION" : column));
  }

  std::string numbers(dev_t number) const {
    std::string before = str(major(number));
    std::string after = str(minor(number));
    if (!opt_.raw && !opt_.pairs && !opt_.json) {
      before.insert(0, before.size() < 3 ? 3 - before.size() : 0, ' ');
      after.resize(std::max<size_t>(after.size(), 3), ' ');
    }
    return str(before, ':', after);
  }

  const Options& opt_;
  std::vector<BlockDevice> devices_;
  std::vector<Mount> mounts_;
  std::vector<const Column*> columns_;
  Names names_;
  const Column* dedup_ = nullptr;
  std::vector<std::string> seen_;  // in that column
  bool ascii_ = false;
};

class Printer {
 public:
  Printer(const Options& opt, Io& io, const Lister& lister) : opt_(opt), io_(io), lister_(lister) {}

  void print(std::vector<Row>& rows) {
    if (opt_.json) {
      print_json(rows);
      return;
    }
    for (Row& row : rows)
      flatten(row, "");
    if (flat_.empty())
      return;
    if (opt_.pairs)
      print_pairs();
    else
      print_table();
  }

 private:
  bool draws() const { return !opt_.list && !opt_.raw && !opt_.pairs && (opt_.sort.empty() || opt_.tree); }

  const Column& column(size_t i) const { return *lister_.columns()[i]; }

  // As a heading, or as a shell takes it.
  std::string name_of(size_t i) const {
    std::string name = column(i).name;
    if (!opt_.shell_names)
      return name;
    if (name.ends_with('%'))
      name.replace(name.size() - 1, 1, "_PCT");
    for (char& c : name)
      c = c == ':' || c == '-' ? '_' : c;
    return name;
  }

  void flatten(Row& row, const std::string& indent) {
    flat_.push_back(&row);
    for (size_t i = 0; i < row.children.size(); ++i) {
      const bool last = i + 1 == row.children.size();
      Row& child = row.children[i];
      if (draws())
        child.tree = indent + (lister_.ascii() ? (last ? "`-" : "|-") : (last ? "└─" : "├─"));
      flatten(child, indent + (last ? "  " : lister_.ascii() ? "| " : "│ "));
    }
  }

  // Signs of a tree are two columns wide each, whatever their bytes.
  static size_t width_of(std::string_view text) {
    return static_cast<size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
  }

  std::string cell(const Row& row, size_t i) const {
    const bool name = column(i).name == std::string_view("NAME");
    return str(name ? row.tree : "", Printable(first_line(row.values[i])));
  }

  static std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

  void print_table() {
    const auto& columns = lister_.columns();
    std::vector<size_t> widths(columns.size());
    for (size_t i = 0; i < columns.size(); ++i) {
      widths[i] = column(i).name == std::string_view("SIZE") ? least_size_width : 0;
      if (!opt_.no_headings)
        widths[i] = std::max(widths[i], name_of(i).size());
      for (const Row* row : flat_)
        widths[i] = std::max(widths[i], width_of(cell(*row, i)));
    }
    if (!opt_.no_headings) {
      std::vector<std::string> headings;
      headings.reserve(columns.size());
      for (size_t i = 0; i < columns.size(); ++i)
        headings.push_back(name_of(i));
      print_line(headings, widths);
    }
    for (const Row* row : flat_) {
      std::vector<std::string> cells;
      cells.reserve(columns.size());
      for (size_t i = 0; i < columns.size(); ++i)
        cells.push_back(cell(*row, i));
      print_line(cells, widths);
    }
  }

  void print_line(const std::vector<std::string>& cells, const std::vector<size_t>& widths) {
    for (size_t i = 0; i < cells.size(); ++i) {
      const size_t width = width_of(cells[i]);
      const std::string pad(opt_.raw || width > widths[i] ? 0 : widths[i] - width, ' ');
      const bool right = column(i).kind != Kind::text && column(i).kind != Kind::list;
      const bool last = i + 1 == cells.size();
      io_.out.put(i == 0 ? "" : " ", right && !(last && cells[i].empty()) ? pad : "", cells[i],
                  right || last ? "" : pad);
    }
    io_.out.put('\n');
  }

  void print_pairs() {
    for (const Row* row : flat_) {
      for (size_t i = 0; i < row->values.size(); ++i)
        io_.out.put(i == 0 ? "" : " ", name_of(i), "=\"", Printable(row->values[i]), '"');
      io_.out.put('\n');
    }
  }

  void print_json(const std::vector<Row>& rows) {
    JsonWriter json(io_.out);
    json.begin_object();
    json.key("blockdevices").begin_array();
    for (const Row& row : rows)
      object(json, row);
    json.end_array();
    json.end_object();
    json.finish();
  }

  void put_value(JsonWriter& json, Kind kind, const std::string& text) {
    const auto number = to_number<uint64_t>(text);
    if (kind == Kind::list) {
      json.begin_array();
      for (const std::string_view line : split(text, '\n'))
        line.empty() ? json.null() : json.value(line);
      json.end_array();
    } else if (kind == Kind::flag) {
      json.value(text == "1");
    } else if (text.empty()) {
      json.null();
    } else if (number && (kind == Kind::number || (kind == Kind::size && opt_.bytes))) {
      json.value(*number);
    } else {
      json.value(text);
    }
  }

  void object(JsonWriter& json, const Row& row) {
    json.begin_object();
    for (size_t i = 0; i < row.values.size(); ++i) {
      std::string key(column(i).name);
      std::ranges::transform(key, key.begin(),
                             [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      json.key(key);
      put_value(json, column(i).kind, row.values[i]);
    }
    if (!row.children.empty()) {
      json.key("children").begin_array();
      for (const Row& child : row.children)
        object(json, child);
      json.end_array();
    }
    json.end_object();
  }

  const Options& opt_;
  Io& io_;
  const Lister& lister_;
  std::vector<const Row*> flat_;
};

Result<int> run(const Options& opt, Io& io, Args& args) {
  Lister lister(opt, TRY(list_block_devices(true)));
  if (opt.all_columns)
    lister.choose_all();
  else
    TRY(lister.choose_columns(!opt.columns.empty() ? std::string_view(opt.columns)
                              : !opt.set.empty()   ? opt.set
                                                   : default_columns));
  if (!opt.dedup.empty())
    TRY(lister.choose_dedup(opt.dedup));
  auto rows = TRY(lister.rows(std::vector<std::string>(args.begin(), args.end())));
  if (!opt.sort.empty())
    TRY(lister.sort(rows));
  Printer(opt, io, lister).print(rows);
  return io.status();
}

}  // namespace

extern const Applet lsblk_applet = {
    .name = "lsblk",
    .summary = "list block devices",
    .usage = "[OPTION]... [DEVICE]...",
    .section = 8,
    .failure_status = 32,
    .usage_status = 1,
    .dies_with_reader = true,
    .help_letter = 'h',
    .version_letter = 'V',
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
