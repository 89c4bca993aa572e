// lsblk: list block devices, what they are made of and what is on them.
#include <algorithm>
#include <cstdlib>
#include <optional>

#include <sys/sysmacros.h>

#include "lib/base/applet.h"
#include "lib/base/json.h"
#include "lib/sys/block.h"
#include "lib/sys/mounts.h"

namespace rescue {
namespace {

struct Options {
  bool all = false;
  bool bytes = false;
  bool no_children = false;
  bool file_systems = false;
  bool ascii = false;
  bool json = false;
  bool list = false;
  bool no_headings = false;
  bool paths = false;
  bool pairs = false;
  bool raw = false;
  std::string columns;
  std::string exclude;
  std::string include;
};

constexpr Opt<Options> options[] = {
    {'a', "all", &Options::all, "memory disks too"},
    {'b', "bytes", &Options::bytes, "sizes in bytes"},
    {'d', "nodeps", &Options::no_children, "only what is named, or whole disks, without what is on them"},
    {'e', "exclude", &Options::exclude, "without devices of these major numbers (default: 1)", "LIST"},
    {'I', "include", &Options::include, "only devices of these major numbers", "LIST"},
    {'f', "fs", &Options::file_systems, "what is on them: FSTYPE, LABEL, UUID, MOUNTPOINTS"},
    {'i', "ascii", &Options::ascii, "draw the tree with plain letters"},
    {'J', "json", &Options::json, "as JSON"},
    {'l', "list", &Options::list, "as a list, not as a tree"},
    {'n', "noheadings", &Options::no_headings, "without the line of headings"},
    {'o', "output", &Options::columns, "these columns, with commas between", "LIST"},
    {'p', "paths", &Options::paths, "whole paths as names"},
    {'P', "pairs", &Options::pairs, "as KEY=\"value\" pairs"},
    {'r', "raw", &Options::raw, "one blank between the columns"},
};

constexpr std::string_view default_columns = "NAME,MAJ:MIN,RM,SIZE,RO,TYPE,MOUNTPOINTS";
constexpr std::string_view file_system_columns = "NAME,FSTYPE,LABEL,UUID,MOUNTPOINTS";
constexpr std::string_view memory_disks = "1";

enum class Kind : uint8_t { text, number, flag };

struct Column {
  std::string_view name;
  Kind kind;
};

constexpr Column known_columns[] = {
    {"NAME", Kind::text},       {"KNAME", Kind::text},       {"PATH", Kind::text},      {"MAJ:MIN", Kind::text},
    {"RM", Kind::flag},         {"SIZE", Kind::number},      {"RO", Kind::flag},        {"TYPE", Kind::text},
    {"MOUNTPOINT", Kind::text}, {"MOUNTPOINTS", Kind::text}, {"FSTYPE", Kind::text},    {"LABEL", Kind::text},
    {"UUID", Kind::text},       {"PARTUUID", Kind::text},    {"PARTLABEL", Kind::text}, {"PKNAME", Kind::text},
    {"MODEL", Kind::text},      {"START", Kind::number},
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
};

class Lister {
 public:
  Lister(const Options& opt, std::vector<BlockDevice> devices) : opt_(opt), devices_(std::move(devices)) {
    std::ranges::sort(devices_, {}, &BlockDevice::number);
    mounts_ = read_mounts().value_or(std::vector<Mount>());
    const char* const locale = std::getenv("LC_ALL") != nullptr ? std::getenv("LC_ALL") : std::getenv("LANG");
    ascii_ = opt.ascii || locale == nullptr || !std::string_view(locale).contains("UTF-8");
  }

  Result<> choose_columns(std::string_view list) {
    for (const std::string_view word : split(list, ',')) {
      std::string upper(word);
      std::ranges::transform(upper, upper.begin(),
                             [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
      const auto column = std::ranges::find(known_columns, upper, &Column::name);
      if (column == std::end(known_columns))
        return with_status(fail("unknown column", word, "is none").error(), Status::failed);
      columns_.push_back(*column);
    }
    return {};
  }

  // The tree below the devices that are named, or below all that lie on nothing else.
  Result<std::vector<Row>> rows(const std::vector<std::string>& named) {
    std::vector<Row> top;
    for (const BlockDevice& device : devices_)
      if (named.empty() ? is_top(device) && is_wanted(device)
                        : std::ranges::contains(named, device.path) || std::ranges::contains(named, device.name))
        top.push_back(row(device, 0));
    if (top.size() < named.size())
      return fail("look at", named[0], "is no block device that is known");
    return top;
  }

  const std::vector<Column>& columns() const { return columns_; }
  bool ascii() const { return ascii_; }

 private:
  bool is_top(const BlockDevice& device) const {
    return device.parent.empty() && (device.slaves.empty() || opt_.no_children);
  }

  bool is_wanted(const BlockDevice& device) const {
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
    for (const Column& column : columns_)
      made.values.push_back(value(device, column.name, tags));
    if (!opt_.no_children && depth < 16)
      for (const BlockDevice& other : devices_)
        if (other.parent == device.name || std::ranges::contains(other.slaves, device.name))
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

  std::string value(const BlockDevice& device, std::string_view column, std::optional<Superblock>& tags) {
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
      return opt_.bytes ? str(device.size) : short_size(device.size);
    if (column == "START")
      return device.partition != 0 ? str(device.start / 512) : std::string();
    if (column == "TYPE")
      return device.type();
    if (column == "MODEL")
      return device.model;
    if (column.starts_with("MOUNTPOINT"))
      return mount_points(device, column.ends_with('S'));
    if (!tags)
      tags = tags_of(device, devices_);
    return std::string(tags->tag(column == "FSTYPE" ? "TYPE" : column));
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
  std::vector<Column> columns_;
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
  bool draws() const { return !opt_.list && !opt_.raw && !opt_.pairs; }

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
    const bool name = lister_.columns()[i].name == "NAME";
    return str(name ? row.tree : "", printable(first_line(row.values[i])));
  }

  static std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

  void print_table() {
    const auto& columns = lister_.columns();
    std::vector<size_t> widths(columns.size());
    for (size_t i = 0; i < columns.size(); ++i) {
      widths[i] = columns[i].name == "SIZE" ? least_size_width : 0;
      if (!opt_.no_headings)
        widths[i] = std::max(widths[i], columns[i].name.size());
      for (const Row* row : flat_)
        widths[i] = std::max(widths[i], width_of(cell(*row, i)));
    }
    if (!opt_.no_headings) {
      std::vector<std::string> headings;
      headings.reserve(columns.size());
      for (const Column& column : columns)
        headings.emplace_back(column.name);
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
      const bool right = lister_.columns()[i].kind != Kind::text;
      const bool last = i + 1 == cells.size();
      io_.out.put(i == 0 ? "" : " ", right ? pad : "", cells[i], right || last ? "" : pad);
    }
    io_.out.put('\n');
  }

  void print_pairs() {
    for (const Row* row : flat_) {
      for (size_t i = 0; i < row->values.size(); ++i)
        io_.out.put(i == 0 ? "" : " ", lister_.columns()[i].name, "=\"", printable(row->values[i]), '"');
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

  void object(JsonWriter& json, const Row& row) {
    json.begin_object();
    for (size_t i = 0; i < row.values.size(); ++i) {
      std::string key(lister_.columns()[i].name);
      std::ranges::transform(key, key.begin(),
                             [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      json.key(key);
      if (lister_.columns()[i].kind == Kind::flag)
        json.value(row.values[i] == "1");
      else
        json.value(row.values[i]);
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

Result<int> run(const Options& opt, Io& io, Args args) {
  Lister lister(opt, TRY(list_block_devices(true)));
  TRY(lister.choose_columns(!opt.columns.empty() ? opt.columns
                            : opt.file_systems   ? file_system_columns
                                                 : default_columns));
  auto rows = TRY(lister.rows(std::vector<std::string>(args.begin(), args.end())));
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
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
