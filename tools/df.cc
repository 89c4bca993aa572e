// df: how much room file systems have.
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/quote.h"
#include "lib/base/size_text.h"
#include "lib/base/utf8.h"
#include "lib/fs/canonical.h"
#include "lib/fs/mount_point.h"
#include "lib/sys/mounts.h"

namespace rescue {
namespace {

enum class Field : uint8_t {
  source,
  type,
  size,
  used,
  available,
  percent,
  inodes,
  inodes_used,
  inodes_free,
  inodes_percent,
  file,
  target,
};

struct Options {
  std::optional<SizeStyle> size_style;
  std::optional<std::string> output;
  std::vector<std::string> types;
  std::vector<std::string> excluded;
  bool all = false;
  bool ignored = false;
  bool inodes = false;
  bool local = false;
  bool portable = false;
  bool print_type = false;
  bool sync = false;
  bool total = false;
};

Result<> choose_block_size(Options& o, std::string_view text) {
  const ParsedStyle parsed = parse_size_style(text);
  if (parsed.problem != SizeProblem::none)
    return fail("--block-size", "", '\'', Printable(text), "' is no size");
  o.size_style = parsed.style;
  return {};
}

template <auto& style>
Result<> choose_style(Options& o, std::string_view /*none*/) {
  o.size_style = style;
  return {};
}

Result<> choose_kibibytes(Options& o, std::string_view /*none*/) {
  o.size_style = SizeStyle{};
  return {};
}

Result<> choose_mebibytes(Options& o, std::string_view /*none*/) {
  o.size_style = SizeStyle{.block = 1048576};
  return {};
}

constexpr Opt<Options> options[] = {
    {'a', "all", &Options::all, "show file systems too that have no room, or cannot be reached"},
    {'B', "block-size", choose_block_size, "print sizes in units of SIZE", "SIZE"},
    {'h', "human-readable", choose_style<human_style>, "print sizes like 1K, 234M, 2G"},
    {'H', "si", choose_style<si_style>, "as -h, in powers of 1000"},
    {'i', "inodes", &Options::inodes, "count inodes, not blocks"},
    {'m', nullptr, choose_mebibytes, "print sizes in units of 1024 * 1024 bytes"},
    {'k', nullptr, choose_kibibytes, "print sizes in units of 1024 bytes"},
    {'l', "local", &Options::local, "show only what is on this machine"},
    {0, "no-sync", set<&Options::sync, false>, "do not write cached data to disk first (default)"},
    {0, "output", &Options::output,
     "print these columns: source fstype itotal iused iavail ipcent size used avail pcent "
     "file target; all without a list",
     "[LIST]"},
    {'P', "portability", &Options::portable, "print as POSIX has it"},
    {0, "sync", &Options::sync, "write cached data to disk first"},
    {0, "total", &Options::total, "print a total at the end"},
    {'t', "type", &Options::types, "show only file systems of this type", "TYPE"},
    {'T', "print-type", &Options::print_type, "print the types"},
    {'x', "exclude-type", &Options::excluded, "leave out file systems of this type", "TYPE"},
    {'v', nullptr, &Options::ignored, "ignored, as GNU's df does"},
};

struct Column {
  char name[8];  // for --output
  uint8_t width;
  bool left;
};

// In the order of Field.
constexpr Column columns[] = {{"source", 14, true}, {"fstype", 4, true},  {"size", 5, false},   {"used", 5, false},
                              {"avail", 5, false},  {"pcent", 4, false},  {"itotal", 5, false}, {"iused", 5, false},
                              {"iavail", 5, false}, {"ipcent", 4, false}, {"file", 0, true},    {"target", 0, true}};

struct Amounts {
  bool known = false;
  uint64_t total = 0;
  uint64_t used = 0;
  int64_t available = 0;
};

struct FileSystem {
  std::string source, type, file, target;
  uint64_t unit = 1;
  Amounts blocks;
  Amounts inodes;
};

bool is_dummy(const Mount& mount) {
  static constexpr std::string_view types[] = {"autofs",  "proc",        "subfs",  "debugfs",    "devpts",
                                               "fusectl", "fuse.portal", "mqueue", "rpc_pipefs", "sysfs",
                                               "devfs",   "kernfs",      "ignore", "none"};
  return std::ranges::contains(types, mount.type);
}

bool is_remote(const Mount& mount) {
  static constexpr std::string_view types[] = {"acfs", "afs",   "coda",  "auristorfs", "fhgfs",
                                               "gpfs", "ibrix", "ocfs2", "vxfs"};
  const bool smb =
      mount.source.starts_with("//") && (mount.type == "smbfs" || mount.type == "smb3" || mount.type == "cifs");
  return mount.source.contains(':') || smb || std::ranges::contains(types, mount.type) || mount.source == "-hosts";
}

uint64_t percent_of(uint64_t used, int64_t available, bool& known) {
  const auto free = static_cast<uint64_t>(std::max<int64_t>(available, 0));
  const unsigned __int128 all = static_cast<unsigned __int128>(used) + free;
  known = all != 0;
  return known ? static_cast<uint64_t>((static_cast<unsigned __int128>(used) * 100 + all - 1) / all) : 0;
}

class Table {
 public:
  Table(const Options& opt, std::vector<Field> fields, const SizeStyle& style)
      : opt_(opt), fields_(std::move(fields)), style_(style), posix_(opt.portable && !style.automatic) {
    std::vector<std::string> header;
    header.reserve(fields_.size());
    for (const Field field : fields_)
      header.push_back(title(field));
    rows_.push_back(std::move(header));
  }

  void add(const FileSystem& fs) {
    std::vector<std::string> row;
    row.reserve(fields_.size());
    for (const Field field : fields_)
      row.push_back(printable_cell(cell(field, fs)));
    rows_.push_back(std::move(row));
  }

  size_t size() const { return rows_.size() - 1; }

  void print(Output& out) const {
    std::vector<size_t> widths;
    widths.reserve(fields_.size());
    for (const Field field : fields_)
      widths.push_back(columns[static_cast<size_t>(field)].width);
    for (const auto& row : rows_)
      for (size_t i = 0; i < row.size(); ++i)
        widths[i] = std::max(widths[i], display_width(row[i]));
    for (const auto& row : rows_) {
      for (size_t i = 0; i < row.size(); ++i) {
        const std::string padding(widths[i] - display_width(row[i]), ' ');
        const bool left = columns[static_cast<size_t>(fields_[i])].left;
        const bool last = i + 1 == row.size();
        out.put(left ? "" : padding, row[i], left && !last ? padding : "", last ? "\n" : " ");
      }
    }
  }

 private:
  // What would break the line is a question mark.
  static std::string printable_cell(std::string text) {
    for (char& c : text)
      if (static_cast<uint8_t>(c) < ' ' || c == '\x7f')
        c = '?';
    return text;
  }

  std::string title(Field field) const {
    switch (field) {
      case Field::source: return "Filesystem";
      case Field::type: return "Type";
      case Field::size: return style_.automatic ? "Size" : str(block_title(), "-blocks");
      case Field::used: return "Used";
      case Field::available: return style_.automatic || opt_.output ? "Avail" : "Available";
      case Field::percent: return posix_ ? "Capacity" : "Use%";
      case Field::inodes: return "Inodes";
      case Field::inodes_used: return "IUsed";
      case Field::inodes_free: return "IFree";
      case Field::inodes_percent: return "IUse%";
      case Field::file: return "File";
      default: return "Mounted on";
    }
  }

  std::string block_title() const {
    if (posix_)
      return str(style_.block);
    // By units of 1000 where the size is a multiple of more of them than of 1024.
    uint64_t thousands = style_.block;
    uint64_t kibis = style_.block;
    bool by_1000;
    bool by_1024;
    do {
      by_1000 = thousands % 1000 == 0;
      by_1024 = kibis % 1024 == 0;
      thousands /= 1000;
      kibis /= 1024;
    } while (by_1000 && by_1024);
    const bool binary = by_1000 != by_1024 ? by_1024 : style_.show_unit && style_.binary;
    std::string text = size_text(
        style_.block, 1, {.block = 1, .automatic = true, .binary = binary, .show_unit = true, .show_b = !binary});
    if (const size_t zero = text.find(".0"); zero != std::string::npos)
      text.erase(zero, 2);
    return text;
  }

  std::string percent(const Amounts& amounts) const {
    bool known = false;
    const uint64_t value = percent_of(amounts.used, amounts.available, known);
    return amounts.known && known ? str(value, '%') : "-";
  }

  std::string count(bool known, int64_t value, uint64_t unit, const SizeStyle& style) const {
    if (!known)
      return "-";
    return value < 0 ? str('-', size_text(static_cast<uint64_t>(-value), unit, style))
                     : size_text(static_cast<uint64_t>(value), unit, style);
  }

  std::string cell(Field field, const FileSystem& fs) const {
    const SizeStyle counts = style_.automatic ? style_ : byte_style;
    switch (field) {
      case Field::source: return fs.source;
      case Field::type: return fs.type;
      case Field::size: return count(fs.blocks.known, static_cast<int64_t>(fs.blocks.total), fs.unit, style_);
      case Field::used: return count(fs.blocks.known, static_cast<int64_t>(fs.blocks.used), fs.unit, style_);
      case Field::available: return count(fs.blocks.known, fs.blocks.available, fs.unit, style_);
      case Field::percent: return percent(fs.blocks);
      case Field::inodes: return count(fs.inodes.known, static_cast<int64_t>(fs.inodes.total), 1, counts);
      case Field::inodes_used: return count(fs.inodes.known, static_cast<int64_t>(fs.inodes.used), 1, counts);
      case Field::inodes_free: return count(fs.inodes.known, fs.inodes.available, 1, counts);
      case Field::inodes_percent: return percent(fs.inodes);
      case Field::file: return fs.file.empty() ? "-" : fs.file;
      default: return fs.target;
    }
  }

  const Options& opt_;
  const std::vector<Field> fields_;
  const SizeStyle style_;
  const bool posix_;
  std::vector<std::vector<std::string>> rows_;
};

Result<std::vector<Field>> find_fields(const Options& opt) {
  if (!opt.output) {
    std::vector<Field> fields = {Field::source};
    if (opt.print_type)
      fields.push_back(Field::type);
    const Field first = opt.inodes ? Field::inodes : Field::size;
    for (uint8_t i = 0; i < 4; ++i)
      fields.push_back(static_cast<Field>(static_cast<uint8_t>(first) + i));
    fields.push_back(Field::target);
    return fields;
  }
  if (opt.output->empty())
    return std::vector{Field::source,      Field::type,           Field::inodes, Field::inodes_used,
                       Field::inodes_free, Field::inodes_percent, Field::size,   Field::used,
                       Field::available,   Field::percent,        Field::file,   Field::target};
  std::vector<Field> fields;
  for (const std::string_view word : split(*opt.output, ',')) {
    const auto* const found = std::ranges::find_if(columns, [&](const Column& column) { return column.name == word; });
    if (found == std::end(columns))
      return usage_error("there is no column ", Quoted(word));
    const auto field = static_cast<Field>(found - columns);
    if (std::ranges::contains(fields, field))
      return usage_error("the column ", Quoted(word), " is given twice");
    fields.push_back(field);
  }
  return fields;
}

class Lister {
 public:
  Lister(const Options& opt, Table& table, std::vector<Mount> mounts, Io& io)
      : opt_(opt), table_(table), mounts_(std::move(mounts)), io_(io) {}

  // The file system that a file is on, or that is mounted from a device.
  Result<> show_file(const std::string& path) {
    struct stat info{};
    if (::stat(path.c_str(), &info) < 0)
      return fail("look at", path);
    const std::string place = TRY(canonical_path(path, {.missing = Missing::none}));
    const bool device = S_ISBLK(info.st_mode) || S_ISCHR(info.st_mode);
    const Mount* mount = nullptr;
    if (device)
      for (const Mount& candidate : mounts_)
        if (candidate.source == place && (mount == nullptr || candidate.target.size() <= mount->target.size()))
          mount = &candidate;
    if (mount == nullptr)
      mount = mount_of(mounts_, place);
    if (mount != nullptr)
      return show(*mount, path, true);
    // Without /proc, the directories above tell where it is mounted.
    Mount unknown{.target = TRY(mount_point_of(path)), .type = "-", .source = "-"};
    return show(unknown, path, true);
  }

  void show_all() {
    for (const Mount& mount : without_duplicates())
      if (const auto done = show(mount, {}, false); !done)
        io_.warn(done.error());
  }

  FileSystem sum;

 private:
  bool is_wanted_type(const Mount& mount) const {
    return (opt_.types.empty() || std::ranges::contains(opt_.types, mount.type)) &&
           !std::ranges::contains(opt_.excluded, mount.type);
  }

  // Of several mounts of a device, the one that is most telling.
  std::vector<Mount> without_duplicates() const {
    struct Seen {
      dev_t device;
      size_t place;  // in `kept`
    };
    std::vector<Mount> kept;
    std::vector<Seen> seen;
    for (const Mount& mount : mounts_) {
      const bool left_out =
          (is_remote(mount) && opt_.local) || (is_dummy(mount) && !opt_.all) || !is_wanted_type(mount);
      if (opt_.all || left_out) {
        kept.push_back(mount);
        continue;
      }
      struct stat info{};
      const dev_t device = ::stat(mount.target.c_str(), &info) == 0 ? info.st_dev : mount.device;
      const auto found = std::ranges::find(seen, device, &Seen::device);
      if (found == seen.end()) {
        seen.push_back({device, kept.size()});
        kept.push_back(mount);
      } else if (is_better(mount, kept[found->place])) {
        // The order is that of the mounts that are shown.
        kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(found->place));
        for (Seen& other : seen)
          if (other.place > found->place)
            --other.place;
        found->place = kept.size();
        kept.push_back(mount);
      }
    }
    return kept;
  }

  static bool is_better(const Mount& mount, const Mount& other) {
    const bool nearer = other.target.size() > mount.target.size();
    const bool source_deeper = other.root.size() < mount.root.size();
    return (mount.source.contains('/') && !other.source.contains('/')) || (nearer && !source_deeper) ||
           (other.source != mount.source && mount.target == other.target);
  }

  Result<> show(const Mount& mount, const std::string& file, bool named) {
    if ((is_remote(mount) && opt_.local) || (is_dummy(mount) && !opt_.all && !named) || !is_wanted_type(mount))
      return {};
    FileSystem fs{.source = mount.source, .type = mount.type, .file = file, .target = mount.target};
    struct statvfs info{};
    // A file that was named may be reached where its mount point is not.
    if (::statvfs(mount.target.c_str(), &info) < 0 && (file.empty() || ::statvfs(file.c_str(), &info) < 0)) {
      if (!opt_.all || (errno != EACCES && errno != ENOENT))
        return fail("read file system information", mount.target);
      table_.add(fs);
      return {};
    }
    fs.unit = info.f_frsize != 0 ? info.f_frsize : info.f_bsize;
    fs.blocks = {info.f_blocks != 0 || named || opt_.all, info.f_blocks, info.f_blocks - info.f_bfree,
                 static_cast<int64_t>(info.f_bavail)};
    fs.inodes = {true, info.f_files, info.f_files - info.f_ffree, static_cast<int64_t>(info.f_ffree)};
    if (info.f_blocks == 0 && !opt_.all && !named)
      return {};
    table_.add(fs);
    add_to_sum(fs);
    return {};
  }

  void add_to_sum(const FileSystem& fs) {
    sum.blocks.known = sum.inodes.known = true;
    sum.blocks.total += fs.blocks.total * fs.unit;
    sum.blocks.used += fs.blocks.used * fs.unit;
    sum.blocks.available += fs.blocks.available * static_cast<int64_t>(fs.unit);
    sum.inodes.total += fs.inodes.total;
    sum.inodes.used += fs.inodes.used;
    sum.inodes.available += fs.inodes.available;
  }

  const Options& opt_;
  Table& table_;
  const std::vector<Mount> mounts_;
  Io& io_;
};

Result<> check(const Options& opt) {
  if (opt.output && (opt.inodes || opt.portable || opt.print_type))
    return usage_error(opt.inodes ? "-i" : opt.portable ? "-P" : "-T", " cannot be given with --output");
  for (const std::string& type : opt.types)
    if (std::ranges::contains(opt.excluded, type))
      return fail("type", type, "is both asked for and left out");
  return {};
}

// Of the environment, -P heeds POSIXLY_CORRECT alone.
SizeStyle style_of(const Options& opt) {
  if (opt.size_style)
    return *opt.size_style;
  if (opt.portable)
    return {.block = ::getenv("POSIXLY_CORRECT") != nullptr ? uint64_t{512} : uint64_t{1024}};
  return size_style_of_environment("DF_BLOCK_SIZE");
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  TRY(check(opt));
  const SizeStyle style = style_of(opt);
  const std::vector<Field> fields = TRY(find_fields(opt));
  Table table(opt, fields, style);
  if (opt.sync)
    ::sync();
  auto mounts = read_mounts();
  if (!mounts && args.empty())
    return std::unexpected(mounts.error());
  Lister lister(opt, table, mounts ? *std::move(mounts) : std::vector<Mount>(), io);
  for (const std::string_view path : args)
    if (const auto done = lister.show_file(std::string(path)); !done)
      io.warn(done.error());
  if (args.empty())
    lister.show_all();
  if (table.size() == 0) {
    if (io.status() == 0)
      return fail("file systems", "", "there are none to be shown");
    return io.status();
  }
  if (opt.total) {
    lister.sum.source = "total";
    lister.sum.type = "-";
    lister.sum.target = std::ranges::contains(fields, Field::source) ? "-" : "total";
    table.add(lister.sum);
  }
  table.print(io.out);
  return io.status();
}

}  // namespace

extern const Applet df_applet = {
    .name = "df",
    .summary = "print how much room file systems have",
    .usage = "[OPTION]... [FILE]...",
    .notes = dense<"SIZE is a number with a unit: K M G T (of 1024), KB MB GB TB (of 1000).">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
