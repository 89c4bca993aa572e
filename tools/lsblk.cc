// lsblk: list block devices, what they are made of and what is on them.
#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <utility>

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/fitted_table.h"
#include "lib/base/group_art.h"
#include "lib/base/json.h"
#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/base/utf8.h"
#include "lib/fs/mode.h"
#include "lib/fs/names.h"
#include "lib/fs/root.h"
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
  bool merge = false;
  uint32_t width = 0;    // of the lines; that of the terminal for 0
  std::string_view set;  // of columns, by a name of its own
  std::string sort;
  std::string dedup;
  std::string columns;
  std::string exclude;
  std::string include;
  std::string root = "/";
  std::optional<std::string> tree;  // in which column it is drawn though -l or -x is given; NAME for ""

  bool draws_tree() const { return tree.has_value() || (!list && !raw && !pairs && sort.empty()); }
  bool is_plain() const { return raw || pairs || json; }  // for programs, without a layout
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
  o.no_children = o.no_children || o.scsi;
  return {};
}

Result<> choose_width(Options& o, std::string_view word) {
  const auto number = to_number<uint32_t>(word);
  if (!number)
    return usage_error("'", Printable(word), "' is no width");
  o.width = *number;
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
    {'M', "merge", &Options::merge, "what lies on several devices once, below all of them"},
    {'n', "noheadings", &Options::no_headings, "without the line of headings"},
    {'o', "output", &Options::columns, "these columns, with commas between", "LIST"},
    {'O', "output-all", &Options::all_columns, "all columns that there are"},
    {'p', "paths", &Options::paths, "whole paths as names"},
    {'P', "pairs", &Options::pairs, "as KEY=\"value\" pairs"},
    {'r', "raw", &Options::raw, "one blank between the columns"},
    {'s', "inverse", &Options::inverse, "the tree the other way: what lies below what"},
    {'S', "scsi", choose_set<scsi_columns>, "only SCSI devices: HCTL, VENDOR, MODEL"},
    {'t', "topology", choose_set<topology_columns>, "sizes of their sectors and queues"},
    {'T', "tree", &Options::tree, "as a tree, also with -x; in COLUMN, not in NAME", "[COLUMN]"},
    {'w', "width", choose_width, "lay out for lines of N columns", "N"},
    {'x', "sort", &Options::sort, "in the order of COLUMN, as a list", "COLUMN"},
    {'y', "shell", &Options::shell_names, "with -P: names that a shell takes: MAJ_MIN, FSUSE_PCT"},
    {'z', "zoned", choose_set<zone_columns>, "the zones of zoned devices"},
    {0, "sysroot", &Options::root, "read /sys, /proc and /dev below DIR", "DIR"},
};

constexpr std::string_view memory_disks = "1";

// All but texts and lists stand to the right.
enum class Kind : uint8_t { text, list, note, number, size, flag };

// The width is what util-linux would like: of a column that holds less than this, or a share of the line (-25 is a
// quarter) to which it is cut down first where the line is too short; without `cut` its words stay whole even so, and
// the line is broken. `file` is below the device's folder in /sys; of a partition, the disk's where that is about its
// queue.
struct Column {
  char name[12];
  Kind kind;
  int8_t width;
  char file[32] = "";
  bool cut = false;
};

constexpr Column known_columns[] = {
    {"NAME", Kind::text, -25},
    {"KNAME", Kind::text, -30},
    {"PATH", Kind::text, -30},
    {"MAJ:MIN", Kind::text, 6},
    {"RM", Kind::flag, 1},
    {"SIZE", Kind::size, 5},
    {"RO", Kind::flag, 1},
    {"TYPE", Kind::text, 4},
    {"MOUNTPOINT", Kind::text, -10, "", true},
    {"MOUNTPOINTS", Kind::list, -10},
    {"FSTYPE", Kind::text, -10, "", true},
    {"FSVER", Kind::text, -10, "", true},
    {"LABEL", Kind::text, -10},
    {"UUID", Kind::text, 36},
    {"FSSIZE", Kind::size, 5},
    {"FSAVAIL", Kind::size, 5},
    {"FSUSED", Kind::size, 5},
    {"FSUSE%", Kind::size, 3},
    {"PTTYPE", Kind::text, -10},
    {"PTUUID", Kind::text, 36},
    {"PARTUUID", Kind::text, 36},
    {"PARTLABEL", Kind::text, -10},
    {"PKNAME", Kind::text, -30},
    {"START", Kind::number, 5},
    {"OWNER", Kind::text, -10, "", true},
    {"GROUP", Kind::text, -10, "", true},
    {"MODE", Kind::text, 10},
    {"ALIGNMENT", Kind::number, 6, "alignment_offset"},
    {"MIN-IO", Kind::number, 6, "queue/minimum_io_size"},
    {"OPT-IO", Kind::number, 6, "queue/optimal_io_size"},
    {"PHY-SEC", Kind::number, 7, "queue/physical_block_size"},
    {"LOG-SEC", Kind::number, 7, "queue/logical_block_size"},
    {"ROTA", Kind::flag, 1, "queue/rotational"},
    {"SCHED", Kind::text, -10, "queue/scheduler"},
    {"RQ-SIZE", Kind::number, 5, "queue/nr_requests"},
    {"RA", Kind::number, 3, "queue/read_ahead_kb"},
    {"WSAME", Kind::size, 6, "queue/write_same_max_bytes"},
    {"DISC-ALN", Kind::number, 6, "discard_alignment"},
    {"DISC-GRAN", Kind::size, 6, "queue/discard_granularity"},
    {"DISC-MAX", Kind::size, 6, "queue/discard_max_bytes"},
    {"DISC-ZERO", Kind::flag, 1, "queue/discard_zeroes_data"},
    {"DAX", Kind::flag, 1, "queue/dax"},
    {"RAND", Kind::flag, 1, "queue/add_random"},
    {"ZONED", Kind::text, -30, "queue/zoned"},
    {"ZONE-SZ", Kind::size, 9, "queue/chunk_sectors"},
    {"ZONE-NR", Kind::number, 8, "queue/nr_zones"},
    {"ZONE-AMAX", Kind::number, 10, "queue/max_active_zones"},
    {"ZONE-OMAX", Kind::number, 10, "queue/max_open_zones"},
    {"ZONE-APP", Kind::size, 11, "queue/zone_append_max_bytes"},
    {"ZONE-WGRAN", Kind::size, 10, "queue/zone_write_granularity"},
    {"MODEL", Kind::text, -10, "", true},
    {"VENDOR", Kind::text, -10, "device/vendor", true},
    {"REV", Kind::note, 4, "device/rev"},
    {"SERIAL", Kind::text, -10, "device/serial", true},
    {"STATE", Kind::text, 7, "device/state", true},
    {"HCTL", Kind::text, 10},
    {"TRAN", Kind::text, 6},
};

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
  std::vector<std::string> values;
  std::vector<Row> children;
  std::string key;  // what it is sorted by
  uint64_t number = 0;
};

// With --merge: how many devices it has, and what lies on all of them together.
struct Group {
  size_t members = 0;
  std::vector<Row> children;
};

struct Listing {
  std::vector<Row> rows;
  std::vector<Group> groups = std::vector<Group>(1);  // the first is none
};

// What udev would say of a device, as a file in place of its node says it below another root.
constexpr struct {
  char property[25];
  char tag[10];
} properties[] = {
    {"ID_FS_TYPE", "TYPE"},
    {"ID_FS_VERSION", "VERSION"},
    {"ID_FS_LABEL_ENC", "LABEL"},
    {"ID_FS_UUID_ENC", "UUID"},
    {"ID_PART_TABLE_UUID", "PTUUID"},
    {"ID_PART_TABLE_TYPE", "PTTYPE"},
    {"ID_PART_ENTRY_NAME", "PARTLABEL"},
    {"ID_PART_ENTRY_UUID", "PARTUUID"},
    {"ID_MODEL", "MODEL"},
    {"SCSI_IDENT_SERIAL", "SERIAL"},
    {"ID_SCSI_SERIAL", "SERIAL"},
    {"ID_SERIAL_SHORT", "SERIAL"},
    {"ID_SERIAL", "SERIAL"},
    {"MODE", "MODE"},
    {"OWNER", "OWNER"},
    {"GROUP", "GROUP"},
};

// \x20 and its like, as udev writes blanks.
std::string without_escapes(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = text.substr(i).starts_with("\\x") ? from_hex(text.substr(i + 2, 2)) : std::nullopt;
    plain += byte && !byte->empty() ? byte->front() : text[i];
    i += byte && !byte->empty() ? 3 : 0;
  }
  return plain;
}

Superblock parse_properties(std::string_view text) {
  Superblock block;
  for (const std::string_view line : split(text, '\n')) {
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos || equals + 1 == line.size())
      continue;
    for (const auto& known : properties)
      if (line.substr(0, equals) == known.property) {
        const std::string_view value = line.substr(equals + 1);
        const bool is_encoded = known.tag == std::string_view("PARTLABEL") || line.substr(0, equals).ends_with("_ENC");
        block.tags.push_back({known.tag, is_encoded ? without_escapes(value) : std::string(value)});
      }
  }
  return block;
}

constexpr uint64_t largest_proc_file = 1 << 24;

class Lister {
 public:
  Lister(const Options& opt, Root root) : opt_(opt), root_(std::move(root)) {
    // Where DIR has no such folder there is no device, as util-linux has it.
    devices_ = list_block_devices(root_, true).value_or(std::vector<BlockDevice>());
    rescue::sort(devices_, {}, &BlockDevice::number);
    group_of_.resize(devices_.size());
    mounts_ = parse_mountinfo(root_.read_file("proc/self/mountinfo", largest_proc_file).value_or(""));
    swaps_ = root_.read_file("proc/swaps", largest_proc_file).value_or("");
    ascii_ = opt.ascii || !utf8_environment();
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

  // In which the tree is drawn.
  Result<> choose_tree(std::string_view column) {
    column.remove_prefix(column.starts_with('='));
    tree_ = TRY(column_of(column.empty() ? "NAME" : column));
    return {};
  }

  // The tree below the devices that are named, or below all that lie on nothing else.
  Result<Listing> list(const std::vector<std::string>& named) {
    Listing listing;
    size_t known = 0;
    for (const BlockDevice& device : devices_)
      if (named.empty() ? is_top(device) && is_wanted(device)
                        : std::ranges::contains(named, device.path) || std::ranges::contains(named, device.name)) {
        ++known;
        if (!is_repeat(device))
          listing.rows.push_back(row(device, nullptr, 0));
      }
    if (known < named.size())
      return fail("look at", named[0], "is no block device that is known");
    for (Row& row : listing.rows)
      merge(row, listing.groups);
    TRY(sort(listing));
    return listing;
  }

  // In which group of the listing it is, or 0.
  size_t group_of(const BlockDevice* device) const { return group_of_[static_cast<size_t>(device - devices_.data())]; }

  void choose_all() {
    for (const Column& column : known_columns)
      columns_.push_back(&column);
  }

  const std::vector<const Column*>& columns() const { return columns_; }
  const Column* tree_column() const { return tree_; }
  bool ascii() const { return ascii_; }

 private:
  // By the column that is asked for, or by their numbers. A list has each device once, but where the order of the tree
  // is to be seen.
  Result<> sort(Listing& listing) {
    const Column* const key = TRY(column_of(opt_.sort.empty() ? "MAJ:MIN" : opt_.sort));
    const bool by_number = key->kind == Kind::number || key->kind == Kind::size;
    const auto sort_level = [&](auto& self, std::vector<Row>& level) -> void {
      for (Row& row : level) {
        std::optional<Superblock> tags;
        row.key = value(*row.device, nullptr, *key, tags, true);
        row.number = by_number ? to_number<uint64_t>(row.key).value_or(0)
                               : uint64_t{row.device->number} * (key->name == std::string_view("MAJ:MIN"));
        self(self, row.children);
      }
      rescue::sort(level, [&](const Row& a, const Row& b) {
        return a.number != b.number ? a.number < b.number : !by_number && a.key < b.key;
      });
    };
    if (!is_tree()) {
      for (Group& group : listing.groups)
        std::ranges::move(group.children, std::back_inserter(listing.rows));
      listing.groups.resize(1);
      if (opt_.draws_tree() || (!opt_.raw && !opt_.pairs && !opt_.inverse))
        flatten(listing.rows, !opt_.draws_tree());
    }
    sort_level(sort_level, listing.rows);
    for (Group& group : listing.groups)
      sort_level(sort_level, group.children);
    return {};
  }

  // Moves what lies on several devices to the group that these make, from below the last of them. A device is in one
  // group alone: that which was made first.
  void merge(Row& row, std::vector<Group>& groups) {
    std::vector<Row> own;
    for (Row& child : row.children) {
      std::vector<const BlockDevice*> lower;
      for (const Edge& edge : edges_)
        if (edge.upper == child.device)
          lower.push_back(edge.lower);
      if (lower.size() > 1 && lower.back() != row.device)
        continue;
      const size_t group = lower.size() > 1 ? join(lower, groups) : 0;
      merge(child, groups);
      (group != 0 ? groups[group].children : own).push_back(std::move(child));
    }
    row.children = std::move(own);
  }

  size_t& group_number(const BlockDevice* device) { return group_of_[static_cast<size_t>(device - devices_.data())]; }

  size_t join(const std::vector<const BlockDevice*>& devices, std::vector<Group>& groups) {
    size_t number = group_of(devices.back());
    if (number == 0) {
      number = groups.size();
      groups.emplace_back();
    }
    for (const BlockDevice* const device : devices)
      if (size_t& own = group_number(device); own == 0) {
        own = number;
        ++groups[number].members;
      }
    return number;
  }

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
    std::string text = dedup_ != nullptr ? value(device, nullptr, *dedup_, tags, true) : "";
    if (text.empty())
      return false;
    if (std::ranges::contains(seen_, text))
      return true;
    seen_.push_back(std::move(text));
    return false;
  }

  bool is_top(const BlockDevice& device) const {
    if (opt_.inverse)
      return std::ranges::none_of(devices_, [&](const BlockDevice& other) { return lies_on(other, device); });
    return device.parent.empty() && device.slaves.empty();
  }

  static bool lies_on(const BlockDevice& upper, const BlockDevice& lower) {
    return upper.parent == lower.name || std::ranges::contains(upper.slaves, lower.name);
  }

  // A tree without its column is a list, too.
  bool is_tree() const { return opt_.draws_tree() && std::ranges::contains(columns_, tree_); }

  static void flatten(std::vector<Row>& rows, bool once) {
    std::vector<Row> all;
    for (Row& row : rows) {
      std::vector<Row> below = std::exchange(row.children, {});
      all.push_back(std::move(row));
      flatten(below, once);
      for (Row& child : below)
        if (!once || std::ranges::none_of(all, [&](const Row& known) { return known.device == child.device; }))
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
  Row row(const BlockDevice& device, const BlockDevice* above, unsigned depth) {
    Row made;
    made.device = &device;
    std::optional<Superblock> tags;
    for (const Column* const column : columns_)
      made.values.push_back(value(device, above, *column, tags, opt_.bytes));
    // A partition's disk is told of in any case.
    if ((!opt_.no_children || (opt_.inverse && device.partition != 0)) && depth < 16)
      for (const BlockDevice& other : devices_)
        if ((opt_.inverse ? lies_on(device, other) : lies_on(other, device)) && !is_repeat(other)) {
          if (const Edge edge = {&device, &other}; opt_.merge && !std::ranges::contains(edges_, edge))
            edges_.push_back(edge);
          made.children.push_back(row(other, &device, depth + 1));
        }
    return made;
  }

  bool is_swapped_to(const BlockDevice& device) const {
    return std::ranges::any_of(split(swaps_, '\n'), [&](std::string_view line) {
      const std::string path = decode_mount_word(line.substr(0, line.find_first_of(" \t")));
      return path == device.path || path == str("/dev/", device.name);
    });
  }

  // The last that was made first. As the only one, rather one that shows the whole file system.
  std::string mount_points(const BlockDevice& device, bool all) const {
    std::string text;
    const Mount* best = nullptr;
    for (size_t i = mounts_.size(); i-- > 0;) {
      const Mount& mount = mounts_[i];
      if (mount.device != device.number && mount.source != device.path)
        continue;
      text += str(text.empty() ? "" : "\n", mount.target);
      if (best == nullptr || (best->root != "/" && mount.root == "/"))
        best = &mount;
    }
    if (best == nullptr)
      return is_swapped_to(device) ? "[SWAP]" : "";
    return all ? text : best->target;
  }

  // "2:0:0:0": the last part of where its device leads to.
  std::string scsi_address(const BlockDevice& device) const {
    const auto target = root_.find(str(device.folder, "/device"));
    const std::string_view name = target ? base_name(target->path) : std::string_view();
    return std::ranges::count(name, ':') == 3 ? std::string(name) : "";
  }

  std::string transport(const BlockDevice& device) const {
    if (device.name.starts_with("nvme"))
      return "nvme";
    const std::string address = scsi_address(device);
    if (address.empty())
      return "";
    const std::string host = str("_host/host", address.substr(0, address.find(':')));
    for (const char* const kind : {"spi", "fc", "sas", "iscsi"})
      if (root_.exists(str("sys/class/", kind, host)))
        return kind;
    if (device.folder.contains("/usb"))
      return "usb";
    const std::string driver = root_.read_file(str("sys/class/scsi", host, "/proc_name")).value_or("");
    return driver.starts_with("ahci") || driver.starts_with("sata") ? "sata" : driver.contains("ata") ? "ata" : "";
  }

  std::string size(uint64_t bytes, bool plain) const { return plain ? str(bytes) : short_size(bytes); }

  const BlockDevice* disk_of(const BlockDevice& device) const {
    const auto disk = std::ranges::find(devices_, device.parent, &BlockDevice::name);
    return device.parent.empty() || disk == devices_.end() ? nullptr : &*disk;
  }

  std::string sys_text(const BlockDevice& device, std::string_view file) const {
    std::string text = block_attribute(root_, device, file);
    const BlockDevice* const disk = disk_of(device);
    return text.empty() && disk != nullptr && file.starts_with("queue/") ? block_attribute(root_, *disk, file) : text;
  }

  std::string from_sys(const BlockDevice& device, const Column& column, bool plain) const {
    const std::string_view file = column.file;
    const std::string_view name = column.name;
    const bool is_mapped = device.path.starts_with("/dev/mapper/");
    if (name == "STATE" && is_mapped) {
      const std::string suspended = block_attribute(root_, device, "dm/suspended");
      return suspended == "1" ? "suspended" : suspended.empty() ? "" : "running";
    }
    if (file.starts_with("device/") && name != "STATE" && !device.slaves.empty())
      return "";
    // Without discarding these two say nothing.
    const bool needs_discard = name == "DISC-ALN" || name == "DISC-ZERO";
    std::string text;
    if (!needs_discard || to_number<uint64_t>(sys_text(device, "queue/discard_granularity")).value_or(0) > 0)
      text = sys_text(device, file);
    if (text.empty() && (needs_discard || name == "WSAME" || name == "ZONE-AMAX" || name == "ZONE-OMAX"))
      return "0";
    // [none] mq-deadline: the one in brackets.
    if (name == "SCHED") {
      const size_t open = text.find('[');
      const size_t close = text.find(']');
      return open < close && close != std::string::npos ? text.substr(open + 1, close - open - 1) : "";
    }
    if (column.kind != Kind::size)
      return text;
    auto number = to_number<uint64_t>(text);
    if (!number && name == "DISC-GRAN" && !plain)
      number = 0;
    return number ? size(*number * (name == "ZONE-SZ" ? 512 : 1), plain) : "";
  }

  // Of the first place where it is mounted.
  std::string usage(const BlockDevice& device, std::string_view column, bool plain) const {
    struct statvfs info{};
    const std::string place = mount_points(device, false);
    if (place.empty() || !root_.is_system_root() || ::statvfs(place.c_str(), &info) < 0)
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

  // From the disks themselves; below another root from the files that stand for them.
  Superblock read_tags(const BlockDevice& device) const {
    if (root_.is_system_root())
      return tags_of(device, devices_);
    const auto found = root_.find(device.path);
    const bool is_file = found && found->exists && S_ISREG(found->info.st_mode);
    return parse_properties(is_file ? root_.read_file(device.path).value_or("") : "");
  }

  std::string value(const BlockDevice& device, const BlockDevice* above, const Column& known,
                    std::optional<Superblock>& tags, bool plain) {
    const std::string_view column = known.name;
    const auto tag = [&](std::string_view name) {
      if (!tags)
        tags = read_tags(device);
      return std::string(tags->tag(name));
    };
    if (!root_.is_system_root()) {
      if (column == "OWNER" || column == "GROUP" || column == "MODE")
        return tag(column);
      const bool has_own = (column == "MODEL" || column == "SERIAL") && device.partition == 0 && device.slaves.empty();
      if (std::string own = has_own ? tag(column) : ""; !own.empty())
        return own;
    }
    if (known.file[0] != '\0')
      return from_sys(device, known, plain);
    if (column == "NAME")
      return opt_.paths ? device.path : std::string(base_name(device.path));
    if (column == "KNAME")
      return opt_.paths ? str("/dev/", device.name) : device.name;
    if (column == "PATH")
      return device.path;
    if (column == "PKNAME") {
      above = above != nullptr ? above : disk_of(device);
      return above == nullptr ? "" : str(opt_.paths ? "/dev/" : "", above->name);
    }
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
    // As the disk has it below another root, where udev would have taken the blanks away.
    if (column == "MODEL")
      return !device.slaves.empty()   ? ""
             : root_.is_system_root() ? device.model
                                      : block_attribute(root_, device, "device/model");
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
    return tag(column == "FSTYPE" ? "TYPE" : column == "FSVER" ? "VERSION" : column);
  }

  std::string numbers(dev_t number) const {
    std::string before = str(major(number));
    std::string after = str(minor(number));
    if (!opt_.is_plain()) {
      before.insert(0, before.size() < 3 ? 3 - before.size() : 0, ' ');
      after.resize(std::max<size_t>(after.size(), 3), ' ');
    }
    return str(before, ':', after);
  }

  // Of the tree: what is listed below what.
  struct Edge {
    const BlockDevice* lower = nullptr;
    const BlockDevice* upper = nullptr;
    bool operator==(const Edge&) const = default;
  };

  const Options& opt_;
  Root root_;
  std::vector<BlockDevice> devices_;
  std::vector<Mount> mounts_;
  std::string swaps_;
  std::vector<const Column*> columns_;
  Names names_;
  const Column* dedup_ = nullptr;
  const Column* tree_ = nullptr;
  std::vector<std::string> seen_;  // in that column
  std::vector<Edge> edges_;        // with --merge, in the order of the tree
  std::vector<size_t> group_of_;   // each device
  bool ascii_ = false;
};

class Printer {
 public:
  Printer(const Options& opt, Io& io, const Lister& lister, const Listing& listing)
      : opt_(opt), io_(io), lister_(lister), art_(sizes(listing.groups), lister.ascii()) {
    for (const Row& row : listing.rows) {
      walk_top(row, 0);
      while (const size_t group = art_.ready())
        for (const Row& child : listing.groups[group].children)
          walk_top(child, group);
    }
  }

  void print() {
    if (opt_.json)
      print_json();
    else if (lines_.empty())
      return;
    else if (opt_.pairs)
      print_pairs();
    else if (opt_.raw)
      print_raw();
    else
      print_table();
  }

 private:
  struct Line {
    const Row* row = nullptr;
    std::string tree;          // what stands before the name
    std::string below;         // and in its further lines
    std::string_view on_from;  // also before these, where its children follow
    GroupArt::Marks marks;     // before all
  };

  static std::vector<GroupArt::Size> sizes(const std::vector<Group>& groups) {
    std::vector<GroupArt::Size> sizes;
    sizes.reserve(groups.size());
    for (const Group& group : groups)
      sizes.push_back({group.members, group.children.size()});
    return sizes;
  }

  const Column& column(size_t i) const { return *lister_.columns()[i]; }
  bool is_name(size_t i) const { return column(i).name == std::string_view("NAME"); }
  bool has_tree(size_t i) const { return &column(i) == lister_.tree_column() && opt_.draws_tree(); }

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

  // What is below no other, and may lie on a group.
  void walk_top(const Row& row, size_t group) {
    tops_.push_back(&row);
    walk(row, "", "", "", group);
  }

  void walk(const Row& row, const std::string& indent, std::string_view branch, std::string_view on, size_t group) {
    const bool draws = opt_.draws_tree();
    const std::string_view upright = lister_.ascii() ? "| " : "│ ";
    const std::string below = str(indent, on);
    lines_.push_back({&row, draws ? str(indent, branch) : "", draws ? below : "",
                      draws && !row.children.empty() ? upright : std::string_view(),
                      art_.step(lister_.group_of(row.device), group)});
    for (size_t i = 0; i < row.children.size(); ++i) {
      const bool last = i + 1 == row.children.size();
      walk(row.children[i], below, lister_.ascii() ? (last ? "`-" : "|-") : (last ? "└─" : "├─"), last ? "  " : upright,
           0);
    }
  }

  // In plain letters, without these.
  static std::string escaped(std::string_view text, std::string_view without) {
    std::string word;
    for (const char& c : text)
      word += c >= ' ' && c < 0x7f && !without.contains(c) ? std::string(1, c) : str("\\x", to_hex({&c, 1}));
    return word;
  }

  // The lines of a list, and all else as one.
  std::vector<std::string> cell(const Line& line, size_t i) const {
    const std::string& value = line.row->values[i];
    if (column(i).kind != Kind::list)
      return {has_tree(i) ? str(line.marks.text, line.tree, Printable(value)) : printable(value)};
    std::vector<std::string> lines;
    for (const std::string_view part : split(value, '\n'))
      lines.push_back(printable(part));
    return lines;
  }

  size_t line_width() const {
    struct winsize size{};
    if (opt_.width != 0 || ::isatty(io_.out.fd()) != 1)
      return opt_.width;
    return ::ioctl(io_.out.fd(), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  }

  void print_table() {
    std::vector<FittedColumn> columns;
    columns.reserve(lister_.columns().size());
    for (size_t i = 0; i < lister_.columns().size(); ++i)
      columns.push_back({.name = name_of(i),
                         .wish = column(i).width,
                         .is_right = column(i).kind > Kind::list && !has_tree(i),
                         .is_cut = column(i).cut,
                         .is_uneven = is_name(i),
                         .has_tree = has_tree(i)});
    std::vector<FittedLine> lines;
    for (Line& line : lines_) {
      art_.widen(line.marks);
      FittedLine& fitted = lines.emplace_back();
      for (size_t i = 0; i < columns.size(); ++i)
        fitted.cells.push_back(cell(line, i));
      fitted.tree_width = art_.width() + display_width(line.tree);
      fitted.below = line.marks.below + line.below;
      fitted.on_from = line.on_from;
    }
    FittedTable(std::move(columns), std::move(lines), art_.width()).print(io_.out, line_width(), !opt_.no_headings);
  }

  void print_raw() {
    const size_t count = lister_.columns().size();
    if (!opt_.no_headings)
      for (size_t i = 0; i < count; ++i)
        io_.out.put(name_of(i), i + 1 == count ? '\n' : ' ');
    for (const Line& line : lines_)
      for (size_t i = 0; i < count; ++i)
        io_.out.put(escaped(line.row->values[i], " \\"), i + 1 == count ? '\n' : ' ');
  }

  void print_pairs() {
    for (const Line& line : lines_) {
      for (size_t i = 0; i < line.row->values.size(); ++i)
        io_.out.put(i == 0 ? "" : " ", name_of(i), "=\"", escaped(line.row->values[i], "\"\\`$"), '"');
      io_.out.put('\n');
    }
  }

  void print_json() {
    JsonWriter json(io_.out);
    json.begin_object();
    json.key("blockdevices").begin_array();
    for (const Row* const row : tops_)
      object(json, *row);
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
  GroupArt art_;
  std::vector<Line> lines_;
  std::vector<const Row*> tops_;
};

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (opt.tree.has_value() + opt.list + opt.pairs + opt.raw > 1 || opt.json + opt.pairs + opt.raw > 1 ||
      (opt.all_columns && !(opt.columns.empty() && opt.set.empty())))
    return usage_error("these options exclude each other");
  auto root = Root::open(opt.root);
  if (!root)
    return 0;
  Lister lister(opt, *std::move(root));
  if (opt.all_columns)
    lister.choose_all();
  else
    TRY(lister.choose_columns(!opt.columns.empty() ? std::string_view(opt.columns)
                              : !opt.set.empty()   ? opt.set
                                                   : default_columns));
  TRY(lister.choose_tree(opt.tree.value_or("")));
  if (!opt.dedup.empty())
    TRY(lister.choose_dedup(opt.dedup));
  const Listing listing = TRY(lister.list(std::vector<std::string>(args.begin(), args.end())));
  Printer(opt, io, lister, listing).print();
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
