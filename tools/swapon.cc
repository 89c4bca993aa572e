// swapon: use a device or file for swapping, or list what is used.
#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/bytes.h"
#include "lib/base/fd.h"
#include "lib/base/size_text.h"
#include "lib/base/table.h"
#include "lib/sys/block.h"
#include "lib/sys/mounts.h"

namespace rescue {
namespace {

struct Options {
  bool all = false;
  bool all_columns = false;
  bool summary = false;
  bool if_exists = false;
  bool no_headings = false;
  bool bytes = false;
  bool raw = false;
  bool verbose = false;
  bool fix_page_size = false;
  std::vector<std::string> words;
  std::string priority;
  std::string label;
  std::string uuid;
  std::optional<std::string> discard;
  std::optional<std::string> show;
};

constexpr Opt<Options> options[] = {
    {'a', "all", &Options::all, "all swap of fstab, save noauto"},
    {'e', "ifexists", &Options::if_exists, "with -a: pass over what is not there"},
    {'d', "discard", &Options::discard, "tell the disk what is free: once, pages (default: both)", "[POLICY]"},
    {'f', "fixpgsz", &Options::fix_page_size, "write the header anew where it is made for pages of another size"},
    {'p', "priority", &Options::priority, "the higher the sooner, -1 to 32767", "N"},
    {'o', "options", &Options::words, "as in fstab: pri=N, discard[=once|pages]; nofail", "LIST"},
    {'L', "label", &Options::label, "the one with this label", "LABEL"},
    {'U', "uuid", &Options::uuid, "the one with this UUID", "UUID"},
    {'s', "summary", &Options::summary, "print what is used, as /proc/swaps has it"},
    {0, "show", &Options::show, "print what is used as a table: NAME,TYPE,SIZE,USED,PRIO,UUID,LABEL", "[COLUMNS]"},
    {0, "output-all", &Options::all_columns, "with --show: all columns"},
    {0, "noheadings", &Options::no_headings, "with --show: without the line of headings"},
    {0, "bytes", &Options::bytes, "with --show: sizes in bytes"},
    {0, "raw", &Options::raw, "with --show: one blank between the columns"},
    {'v', "verbose", &Options::verbose, "say what is done"},
};

constexpr std::string_view swaps = "/proc/swaps";

Result<std::string> read_text(const std::string& path) {
  const UniqueFd fd = TRY(open_file(path, O_RDONLY));
  return read_all(fd.get(), 1 << 24, path);
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (const std::string_view part : split(line, ' '))
    for (const std::string_view word : split(part, '\t'))
      if (!word.empty())
        words.push_back(decode_mount_word(word));
  return words;
}

constexpr TableColumn columns[] = {
    {"NAME", TableColumn::Kind::text},   {"TYPE", TableColumn::Kind::text},   {"SIZE", TableColumn::Kind::number},
    {"USED", TableColumn::Kind::number}, {"PRIO", TableColumn::Kind::number}, {"UUID", TableColumn::Kind::text},
    {"LABEL", TableColumn::Kind::text},
};

Superblock tags_of(const std::string& path) {
  const auto fd = open_file(path, O_RDONLY);
  auto disk = fd ? FdDisk::open(fd->get(), path) : std::unexpected(fd.error());
  const auto found = disk ? probe_superblock(*disk) : std::unexpected(disk.error());
  return found ? found->value_or(Superblock()) : Superblock();
}

Result<int> show(const Options& opt, Io& io) {
  Table table(columns, "NAME,TYPE,SIZE,USED,PRIO");
  if (opt.all_columns)
    table.choose_all();
  else if (opt.show && !opt.show->empty())
    TRY(table.choose(*opt.show));
  const std::string text = TRY(read_text(std::string(swaps)));
  const auto size = [&](std::string_view kib) {
    return size_text(to_number<uint64_t>(kib).value_or(0), 1024, opt.bytes ? byte_style : human_style);
  };
  for (const std::string_view line :
       split(std::string_view(text).substr(std::min(text.size(), text.find('\n'))), '\n')) {
    const auto words = words_of(line);
    if (words.size() < 5)
      continue;
    const Superblock tags = tags_of(words[0]);
    table.add({words[0], words[1], size(words[2]), size(words[3]), words[4], std::string(tags.uuid()),
               std::string(tags.label())});
  }
  if (!table.empty())
    table.print(io.out, {.no_headings = opt.no_headings, .raw = opt.raw});
  return io.status();
}

Result<int> flags_of(const Options& opt, std::string_view from_table) {
  int flags = 0;
  std::string words(from_table);
  for (const std::string& list : opt.words)
    words += str(',', list);
  std::string priority = opt.priority;
  if (priority.empty())
    priority = option_value(words, "pri").value_or("");
  if (!priority.empty()) {
    const auto number = to_number<int>(priority);
    if (!number || *number < -1 || *number > SWAP_FLAG_PRIO_MASK)
      return usage_error("the priority '", Printable(priority), "' is no number from -1 to 32767");
    if (*number >= 0)
      flags |= SWAP_FLAG_PREFER | *number;
  }
  const auto discard = opt.discard ? opt.discard : option_value(words, "discard");
  constexpr int discard_once = 0x20000;
  constexpr int discard_pages = 0x40000;
  if (discard)
    flags |= SWAP_FLAG_DISCARD | (*discard == "once" ? discard_once : *discard == "pages" ? discard_pages : 0);
  return flags;
}

constexpr std::string_view signature = "SWAPSPACE2";  // what the page of the header ends with
constexpr size_t header_at = 1024;                    // before it is room for a boot sector
constexpr uint64_t least_pages = 10;

struct SwapHeader {
  size_t page = 0;    // 0 where there is none
  uint64_t size = 0;  // of the pages that it tells of
  std::string uuid;   // as they are on the disk
  std::string label;
};

Result<SwapHeader> read_header(Disk& disk) {
  SwapHeader header;
  for (const size_t page : {4096U, 8192U, 16384U, 65536U})
    if (header.page == 0 && TRY(disk.read(page - signature.size(), signature.size())) == signature)
      header.page = page;
  const std::string bytes = TRY(disk.read(header_at, 44));
  const Bytes b(bytes, disk.path());
  if (header.page == 0 || b.size() < 44)
    return SwapHeader();
  const bool known = TRY(b.read<uint32_t>(0, "swap header")) == 1;
  header.size = (known ? uint64_t{TRY(b.read<uint32_t>(4, "swap header"))} + 1 : 1) * header.page;
  header.uuid = bytes.substr(12, 16);
  header.label = bytes.substr(28, 15);
  return header;
}

// As mkswap would, with the pages of the running kernel; what is before the header stays.
Result<> write_header(const std::string& path, const SwapHeader& old, uint64_t size, size_t page) {
  if (size / page < least_pages)
    return fail("write the swap header", path, "is too small for swapping");
  std::string bytes(page - header_at, '\0');
  const auto number = [&](size_t at, uint64_t value) {
    for (size_t i = 0; i < 4; ++i)
      bytes[at + i] = static_cast<char>(value >> (8 * i));
  };
  number(0, 1);
  number(4, std::min<uint64_t>(size / page, UINT32_MAX) - 1);
  bytes.replace(12, 16, old.uuid);
  const std::string_view label = std::string_view(old.label).substr(0, old.label.find('\0'));
  bytes.replace(28, label.size(), label);
  bytes.replace(bytes.size() - signature.size(), signature.size(), signature);
  // A disk that is in use is not opened with O_EXCL.
  struct stat info{};
  const bool is_disk = ::stat(path.c_str(), &info) == 0 && S_ISBLK(info.st_mode);
  UniqueFd fd = TRY(open_file(path, O_WRONLY | (is_disk ? O_EXCL : 0)));
  const auto put = [&](std::string_view text, size_t at) -> Result<> {
    if (::lseek(fd.get(), static_cast<off_t>(at), SEEK_SET) < 0)
      return fail("seek", path);
    return write_all(fd.get(), text, path);
  };
  TRY(put(bytes, header_at));
  if (old.page > page)
    TRY(put(std::string(signature.size(), '\0'), old.page - signature.size()));
  if (::fsync(fd.get()) < 0)
    return fail("write the swap header", path);
  return fd.close(path);
}

// The kernel takes a header of its own page size alone: another machine, or another kernel of the same, may have made
// it for other pages.
Result<> fix_page_size(const Options& opt, Io& io, Disk& disk, const std::string& path) {
  const SwapHeader header = TRY(read_header(disk));
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  if (header.page == 0 || header.page == page || header.size > disk.size())
    return {};
  io.note(Printable(path), ": its header is made for pages of ", header.page, " bytes, those of this kernel have ",
          page, opt.fix_page_size ? ": it is written anew" : "; --fixpgsz writes it anew");
  return opt.fix_page_size ? write_header(path, header, disk.size(), page) : Result<>();
}

Result<> use(const Options& opt, Io& io, const std::string& spec, std::string_view words) {
  const std::string path = TRY(resolve_device(spec));
  const UniqueFd fd = TRY(open_file(path, O_RDONLY));
  FdDisk disk = TRY(FdDisk::open(fd.get(), path));
  const auto block = TRY(probe_superblock(disk));
  if (!block || block->type() != "swap")
    return fail("swap to it", path, block ? str("holds ", block->type(), ", no swap space") : "holds no swap space");
  struct stat info{};
  if (::fstat(fd.get(), &info) == 0 && S_ISREG(info.st_mode) &&
      static_cast<uint64_t>(info.st_blocks) * 512 < disk.size())
    return fail("swap to it", path, "has holes");
  TRY(fix_page_size(opt, io, disk, path));
  if (opt.verbose)
    io.out.put("swapon ", path, '\n');
  if (::swapon(path.c_str(), TRY(flags_of(opt, words))) < 0)
    return fail("swap to it", path);
  return {};
}

Result<int> use_all(const Options& opt, Io& io) {
  const std::string used = read_text(std::string(swaps)).value_or("");
  for (const FstabEntry& entry : parse_fstab(TRY(read_text("/etc/fstab")))) {
    if (!entry.is_swap() || entry.has_option("noauto"))
      continue;
    const auto path = resolve_device(entry.source);
    const bool there = path && std::ranges::any_of(split(used, '\n'), [&](std::string_view line) {
                         const auto words = words_of(line);
                         return !words.empty() && words[0] == *path;
                       });
    if (there)
      continue;
    const bool may_miss = opt.if_exists || entry.has_option("nofail");
    if (const auto done = use(opt, io, entry.source, entry.options);
        !done && !(may_miss && (!path || done.error().code() == ENOENT)))
      io.warn(done.error());
  }
  return io.status();
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  std::vector<std::string> words(args.begin(), args.end());
  if (!opt.label.empty())
    words.push_back(str("LABEL=", opt.label));
  if (!opt.uuid.empty())
    words.push_back(str("UUID=", opt.uuid));
  if (opt.summary) {
    // Its first line is the headings.
    const std::string text = TRY(read_text(std::string(swaps)));
    if (text.find('\n') + 1 < text.size())
      io.out.put(text);
    return io.status();
  }
  TRY(flags_of(opt, ""));
  if (opt.show || opt.all_columns || (words.empty() && !opt.all))
    return show(opt, io);
  if (opt.all)
    return use_all(opt, io);
  for (const std::string& word : words)
    if (const auto done = use(opt, io, word, ""); !done)
      io.warn(done.error());
  return io.status();
}

}  // namespace

extern const Applet swapon_applet = {
    .name = "swapon",
    .summary = "use a device or file for swapping",
    .usage = "[OPTION]... DEVICE|FILE...\n-a [OPTION]...\n[--show]",
    .section = 8,
    .failure_status = 255,
    .usage_status = 1,
    .help_letter = 'h',
    .version_letter = 'V',
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
