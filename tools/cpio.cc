// cpio: archives of the files that standard input names; what RPM packages and initramfs images are.
#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "lib/archive/codec.h"
#include "lib/archive/cpio_scan.h"
#include "lib/archive/cpio_writer.h"
#include "lib/archive/extract.h"
#include "lib/archive/tar_emit.h"
#include "lib/archive/tar_scan.h"
#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/quote.h"
#include "lib/base/time_text.h"
#include "lib/fs/directory.h"
#include "lib/fs/mode.h"
#include "lib/fs/names.h"
#include "lib/fs/owner_spec.h"
#include "lib/fs/root.h"
#include "lib/text/wildcard.h"

namespace rescue {
namespace {

enum class Mode : uint8_t { none, in, out, pass };

struct Options {
  Mode mode = Mode::none;
  bool several = false;
  bool list = false;
  bool make_directories = false;
  bool replace = false;
  bool keep_times = false;
  bool dots = false;
  bool null = false;
  bool quiet = false;
  bool numeric = false;
  bool follow = false;
  bool link = false;
  bool others = false;
  bool absolute = false;
  bool safe = false;
  bool to_stdout = false;
  bool renumber = false;
  bool ignore_device = false;
  bool no_owner = false;
  unsigned verbose = 0;
  std::string form;
  std::optional<std::string> file;
  std::optional<std::string> directory;
  std::optional<std::string> owner;
  std::vector<std::string> pattern_files;
};

template <Mode mode>
Result<> set_mode(Options& options, std::string_view /*argument*/) {
  options.several = options.several || (options.mode != Mode::none && options.mode != mode);
  options.mode = mode;
  return {};
}

// -t alone means -i.
Result<> set_list(Options& options, std::string_view /*argument*/) {
  options.list = true;
  return {};
}

Result<> set_odc(Options& options, std::string_view /*argument*/) {
  options.form = "odc";
  return {};
}

Result<> set_reproducible(Options& options, std::string_view /*argument*/) {
  options.renumber = options.ignore_device = true;
  return {};
}

constexpr Opt<Options> options[] = {
    {'o', "create", set_mode<Mode::out>, "write an archive of the files that standard input names"},
    {'i', "extract", set_mode<Mode::in>, "extract members, all or those that match a PATTERN"},
    {'t', "list", set_list, "list members; with -v in detail"},
    {'p', "pass-through", set_mode<Mode::pass>, "copy the files that standard input names to DIRECTORY"},
    Opt<Options>("Options"),
    {'0', "null", &Options::null, "names on standard input end with zero bytes"},
    {'H', "format", &Options::form, "the form to write: newc, crc, odc, bin (default), ustar; any is recognized",
     "FORM"},
    {'c', nullptr, set_odc, "the same as -H odc"},
    {'d', "make-directories", &Options::make_directories, "make directories that are missing"},
    {'u', "unconditional", &Options::replace, "replace files that are newer too"},
    {'m', "preserve-modification-time", &Options::keep_times, "give files their times"},
    {'f', "nonmatching", &Options::others, "the members that match no PATTERN"},
    {'E', "pattern-file", &Options::pattern_files, "take patterns from FILE, one a line", "FILE"},
    {'F', "file", &Options::file, "the archive, in place of standard input or output", "FILE"},
    {'I', nullptr, &Options::file, "the same, for -i", "FILE"},
    {'O', nullptr, &Options::file, "the same, for -o", "FILE"},
    {'D', "directory", &Options::directory, "go to DIR first", "DIR"},
    {'l', "link", &Options::link, "with -p: link files in place of copying them"},
    {'L', "dereference", &Options::follow, "take what symbolic links lead to"},
    {'R', "owner", &Options::owner, "all files belong to USER[:GROUP]", "USER[:GROUP]"},
    {0, "no-preserve-owner", &Options::no_owner, "files belong to whoever extracts them"},
    {'n', "numeric-uid-gid", &Options::numeric, "list owners by number"},
    {0, "absolute-filenames", &Options::absolute, "keep leading slashes and `..', and follow any link"},
    {0, "no-absolute-filenames", &Options::safe, "keep to the directory (default)"},
    {0, "to-stdout", &Options::to_stdout, "print what members hold"},
    {0, "renumber-inodes", &Options::renumber, "number files 0, 1, 2, ..."},
    {0, "ignore-devno", &Options::ignore_device, "leave out the number of the file system"},
    {0, "reproducible", set_reproducible, "both: the same files give the same archive"},
    {'v', "verbose", &Options::verbose, "print names"},
    {'V', "dot", &Options::dots, "print a dot for each file"},
    {0, "quiet", &Options::quiet, "do not print the number of blocks"},
};

using Inode = std::pair<uint64_t, uint64_t>;

EntryType type_of(uint32_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR: return EntryType::directory;
    case S_IFLNK: return EntryType::symlink;
    case S_IFCHR: return EntryType::character;
    case S_IFBLK: return EntryType::block;
    case S_IFIFO: return EntryType::fifo;
    case S_IFSOCK: return EntryType::socket;
    default: return EntryType::file;
  }
}

class Cpio {
 public:
  Cpio(const Options& opt, Io& io, const Args& args) : opt_(opt), io_(io), args_(args.begin(), args.end()) {}

  Result<int> run() {
    if (opt_.file)
      archive_file_ =
          TRY(open_file(*opt_.file, opt_.mode == Mode::out ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY, 0666));
    if (opt_.directory && ::chdir(opt_.directory->c_str()) < 0)
      return fail("go to", *opt_.directory);
    if (opt_.owner)
      owner_ = TRY(parse_owner(*opt_.owner, names_));
    for (const std::string& path : opt_.pattern_files) {
      const UniqueFd file = TRY(open_file(path, O_RDONLY));
      for (const std::string_view line : split(pattern_text_ = TRY(read_all(file.get(), 64 << 20, path)), '\n'))
        if (!line.empty())
          args_.emplace_back(line);
    }
    switch (opt_.mode) {
      case Mode::out: TRY(opt_.form == "ustar" ? write_ustar() : write_archive()); break;
      case Mode::pass: TRY(pass()); break;
      default: TRY(read_archive()); break;
    }
    if (opt_.dots && dotted_)
      io_.err.put('\n');
    return status_;
  }

 private:
  void fault(const Error& error) {
    (void)io_.out.flush();
    io_.err.put(io_.name, ": ", message(error), '\n');
    status_ = 2;
  }

  void say(std::string_view name, Output& out) {
    if (opt_.dots) {
      io_.err.put('.');
      dotted_ = true;
    } else if (opt_.verbose > 0) {
      out.put(quoted(name, QuotingStyle::escape), '\n');
    }
  }

  void tell_blocks(uint64_t bytes) {
    if (opt_.quiet)
      return;
    const uint64_t blocks = (bytes + 511) / 512;
    io_.err.put(blocks, blocks == 1 ? " block\n" : " blocks\n");
  }

  // A name without what leads out of the directory.
  std::string safe(std::string_view name) {
    if (opt_.absolute)
      return std::string(name);
    const bool absolute = name.starts_with('/');
    while (name.starts_with('/') || name.starts_with("./"))
      name.remove_prefix(name.starts_with('/') ? 1 : 2);
    if (absolute && !std::exchange(said_removed_, true))
      io_.err.put(io_.name, ": Removing leading `/' from member names\n");
    return name.empty() ? std::string(".") : std::string(name);
  }

  // The names on standard input, one after another.
  template <typename F>
  Result<> for_each_name(F take) {
    const std::string text = TRY(read_all(io_.in, uint64_t{1} << 32, "standard input"));
    for (const std::string_view name : split(text, opt_.null ? '\0' : '\n'))
      if (!name.empty())
        TRY(take(std::string(name)));
    return {};
  }

  // --- writing

  static CpioFormat format_of(std::string_view form) {
    return form == "crc"   ? CpioFormat::crc
           : form == "odc" ? CpioFormat::odc
           : form == "bin" ? CpioFormat::bin
                           : CpioFormat::newc;
  }

  Result<> write_archive() {
    const int fd = archive_file_ ? archive_file_.get() : 1;
    const std::string path = opt_.file.value_or("standard output");
    FdSink file(fd, path);
    PieceSink pieces(file, 0);
    CpioWriter writer(pieces, format_of(opt_.form));
    TRY(for_each_name([&](const std::string& name) -> Result<> {
      const auto added = add(name, writer);
      if (!added && added.error().path() == path)
        return added;
      if (!added)
        fault(added.error());
      return {};
    }));
    // Names of files whose other names were not given.
    for (auto& [inode, waiting] : waiting_)
      if (!waiting.empty()) {
        std::ranges::rotate(waiting, waiting.begin() + 1);
        if (const auto done = put_linked(waiting, writer); !done)
          fault(done.error());
      }
    TRY(writer.finish());
    TRY(pieces.flush());
    if (archive_file_)
      TRY(archive_file_.close(path));
    tell_blocks(writer.written());
    return {};
  }

  struct Named {
    CpioMember member;
    std::string path;
  };

  CpioMember member_of(const std::string& name, const struct stat& info) {
    CpioMember member;
    member.name = safe(name);
    member.mode = info.st_mode;
    member.uid = owner_.user.value_or(info.st_uid);
    member.gid = owner_.group.value_or(info.st_gid);
    member.links = static_cast<uint32_t>(info.st_nlink);
    member.mtime = info.st_mtim.tv_sec;
    member.size = S_ISREG(info.st_mode) ? static_cast<uint64_t>(info.st_size) : 0;
    member.inode = info.st_ino;
    member.device_major = major(info.st_dev);
    member.device_minor = minor(info.st_dev);
    if (opt_.renumber) {
      const auto [number, is_new] = numbers_.try_emplace(Inode{info.st_dev, info.st_ino}, numbers_.size());
      member.inode = number->second;
    }
    if (opt_.ignore_device)
      member.device_major = member.device_minor = 0;
    if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)) {
      member.special_major = major(info.st_rdev);
      member.special_minor = minor(info.st_rdev);
    }
    return member;
  }

  Result<> add(const std::string& name, CpioWriter& writer) {
    struct stat info{};
    if (::fstatat(AT_FDCWD, name.c_str(), &info, opt_.follow ? 0 : AT_SYMLINK_NOFOLLOW) < 0)
      return fail("look at", name);
    CpioMember member = member_of(name, info);
    say(name, io_.err);
    if (S_ISLNK(info.st_mode)) {
      const std::string target = TRY(read_link_at(AT_FDCWD, name, name));
      member.size = target.size();
      TRY(writer.add(member));
      return writer.write(target);
    }
    if (!S_ISREG(info.st_mode))
      return writer.add(member);
    const bool new_form = format_of(opt_.form) == CpioFormat::newc || format_of(opt_.form) == CpioFormat::crc;
    if (info.st_nlink < 2 || !new_form)
      return put_file({std::move(member), name}, writer);
    // The data comes with the last of a file's names.
    auto& waiting = waiting_[{info.st_dev, info.st_ino}];
    waiting.push_back({std::move(member), name});
    if (waiting.size() == info.st_nlink)
      return put_linked(waiting, writer);
    return {};
  }

  Result<> put_linked(std::vector<Named>& waiting, CpioWriter& writer) {
    Named last = std::move(waiting.back());
    waiting.pop_back();
    // The other way round, as GNU's has them.
    for (; !waiting.empty(); waiting.pop_back()) {
      waiting.back().member.size = 0;
      TRY(writer.add(waiting.back().member));
    }
    return put_file(std::move(last), writer);
  }

  Result<> put_file(Named file, CpioWriter& writer) {
    const UniqueFd fd = TRY(open_file(file.path, O_RDONLY | O_NONBLOCK | (opt_.follow ? 0 : O_NOFOLLOW)));
    if (opt_.form == "crc")
      file.member.sum = TRY(sum_of(fd.get(), file.path));
    TRY(writer.add(file.member));
    std::string buffer(65536, '\0');
    uint64_t left = file.member.size;
    while (left > 0) {
      const size_t want = static_cast<size_t>(std::min<uint64_t>(left, buffer.size()));
      const auto count = read_some(fd.get(), {buffer.data(), want}, file.path);
      if (!count)
        fault(count.error());
      if (!count || *count == 0)
        break;
      TRY(writer.write(std::string_view(buffer).substr(0, *count)));
      left -= *count;
    }
    // Its header says how long it is.
    if (left > 0)
      fault(fail("read", file.path, "is ", left, " bytes shorter than it was; filled up with zeros").error());
    for (const std::string zeros(65536, '\0'); left > 0;) {
      const size_t count = static_cast<size_t>(std::min<uint64_t>(left, zeros.size()));
      TRY(writer.write(std::string_view(zeros).substr(0, count)));
      left -= count;
    }
    return {};
  }

  static Result<uint32_t> sum_of(int fd, std::string_view path) {
    std::string buffer(65536, '\0');
    uint32_t sum = 0;
    for (uint64_t at = 0;;) {
      const size_t count = TRY(pread_full(fd, buffer, at, path));
      if (count == 0)
        return sum;
      for (const char byte : std::string_view(buffer).substr(0, count))
        sum += static_cast<uint8_t>(byte);
      at += count;
    }
  }

  Result<> write_ustar() {
    const std::string path = opt_.file.value_or("standard output");
    FdSink file(archive_file_ ? archive_file_.get() : 1, path);
    PieceSink pieces(file, 0);
    TarEmitter emitter(pieces, TarForm::ustar);
    TRY(for_each_name([&](const std::string& name) -> Result<> {
      const auto added = add_ustar(name, emitter);
      if (!added)
        fault(added.error());
      return {};
    }));
    TRY(emitter.finish(512));
    tell_blocks(pieces.written());
    return archive_file_ ? archive_file_.close(path) : Result<>();
  }

  Result<> add_ustar(const std::string& name, TarEmitter& emitter) {
    struct stat info{};
    if (::fstatat(AT_FDCWD, name.c_str(), &info, opt_.follow ? 0 : AT_SYMLINK_NOFOLLOW) < 0)
      return fail("look at", name);
    say(name, io_.err);
    EmitItem item;
    item.entry = entry_of(member_of(name, info));
    item.name = item.entry.path;
    constexpr char types[] = {'0', '5', '2', '1', '3', '4', '6', '\0'};
    item.type = types[static_cast<size_t>(item.entry.type)];
    if (item.type == '5')
      item.name += '/';
    item.user = names_.users.name_of(item.entry.uid);
    item.group = names_.groups.name_of(item.entry.gid);
    if (item.type == '2')
      item.entry.link = TRY(read_link_at(AT_FDCWD, name, name));
    if (info.st_nlink > 1 && item.type != '5') {
      const auto [link, is_new] = done_.try_emplace(Inode{info.st_dev, info.st_ino}, Made{item.name, 0});
      if (!is_new) {
        item.type = '1';
        item.entry.link = link->second.path;
      }
    }
    if (item.type == '\0')
      return fail("archive", name, "is a socket, and tar has no word for those");
    if (item.type != '0')
      return emitter.begin(item);
    item.stored = static_cast<uint64_t>(info.st_size);
    const UniqueFd fd = TRY(open_file(name, O_RDONLY | O_NONBLOCK));
    TRY(emitter.begin(item));
    if (TRY(emitter.copy_from(fd.get(), item.stored, name)) < item.stored)
      fault(fail("read", name, "is shorter than it was; filled up with zeros").error());
    return emitter.end();
  }

  // --- reading

  Entry entry_of(const CpioMember& member) {
    Entry entry;
    entry.path = safe(member.name);
    entry.type = type_of(member.mode);
    entry.mode = member.mode & 07777;
    entry.uid = owner_.user.value_or(member.uid);
    entry.gid = owner_.group.value_or(member.gid);
    entry.size = entry.type == EntryType::file ? member.size : 0;
    entry.mtime = member.mtime;
    entry.device_major = member.special_major;
    entry.device_minor = member.special_minor;
    return entry;
  }

  Result<> read_archive() {
    const int fd = archive_file_ ? archive_file_.get() : io_.in;
    const std::string path = opt_.file.value_or("standard input");
    std::string start(512, '\0');
    start.resize(TRY(read_full(fd, start, path)));
    source_ = decode(std::make_unique<StartedSource>(fd, path, start), codec_of(start));
    if (!opt_.list && !opt_.to_stdout)
      TRY(prepare_extraction("."));
    // A tar archive inside of compression is not looked for: that is what tar is for.
    if (start.size() == 512 && start.substr(257, 5) == "ustar")
      return read_ustar();
    CpioScanner scanner(std::move(source_));
    while (true) {
      const auto item = scanner.next();
      if (!item) {
        fault(item.error());
        break;
      }
      if (*item == nullptr)
        break;
      if (!chosen((*item)->name))
        continue;
      if (const auto handled = handle(**item, scanner); !handled)
        fault(handled.error());
    }
    finish_extraction();
    if (const auto drained = scanner.drain(); !drained)
      fault(drained.error());
    tell_blocks(scanner.position());
    return {};
  }

  bool chosen(std::string_view name) const {
    if (args_.empty())
      return true;
    const bool any =
        std::ranges::any_of(args_, [&](const std::string& pattern) { return wildcard_match(pattern, name); });
    return any != opt_.others;
  }

  Result<> prepare_extraction(const std::string& directory) {
    ExtractOptions settings;
    settings.mask = ::umask(0);
    if (opt_.make_directories)
      TRY(make_parents(str(directory, '/'), 0777 & ~settings.mask));
    settings.existing = opt_.replace ? ExtractOptions::Existing::replace : ExtractOptions::Existing::keep_newer;
    settings.anywhere = opt_.absolute;
    settings.owner = ::geteuid() == 0 && !opt_.no_owner;
    settings.exact_mode = true;
    settings.times = opt_.keep_times;
    settings.make_parents = opt_.make_directories;
    extractor_.emplace(TRY(open_file(directory, O_RDONLY | O_DIRECTORY)), directory, settings);
    return {};
  }

  void finish_extraction() {
    if (!extractor_)
      return;
    // Names of files that came without their data: they are empty.
    for (auto& [inode, names] : held_)
      if (!names.empty())
        if (const auto made = make_held(inode, names); !made)
          fault(made.error());
    std::vector<Error> errors;
    (void)extractor_->finish(errors);
    for (const Error& error : errors)
      fault(error);
  }

  Result<> make_held(const Inode& inode, std::vector<Entry>& names) {
    Entry first = std::move(names.back());
    names.pop_back();
    if (TRY(extractor_->add(first)) == Extractor::Outcome::done)
      TRY(extractor_->end_file());
    return link_held(inode, first.path);
  }

  // The names that came before the data.
  Result<> link_held(const Inode& inode, const std::string& path) {
    for (Entry& entry : std::exchange(held_[inode], {})) {
      entry.type = EntryType::hardlink;
      entry.link = path;
      entry.size = 0;
      TRY(put(entry));
    }
    return {};
  }

  Result<> handle(const CpioItem& item, CpioScanner& scanner) {
    if (opt_.list) {
      list(item);
      return {};
    }
    Entry entry = entry_of(item);
    entry.link = item.link;
    if (opt_.to_stdout)
      return entry.type == EntryType::file ? print(scanner) : Result<>();
    say(item.name, io_.err);
    const Inode inode{makedev(item.device_major, item.device_minor), item.inode};
    const bool linked = entry.type == EntryType::file && item.links > 1;
    const auto done = done_.find(inode);
    // The older forms bring the data with each name.
    if (linked && done != done_.end() && (entry.size == 0 || entry.size == done->second.size)) {
      entry.type = EntryType::hardlink;
      entry.link = done->second.path;
      entry.size = 0;
    } else if (linked && entry.size == 0) {
      held_[inode].push_back(std::move(entry));
      return {};
    }
    if (!TRY(put(entry)))
      return {};
    if (entry.type == EntryType::file)
      TRY(copy_data(item, scanner));
    if (linked && entry.type == EntryType::file) {
      done_[inode] = {entry.path, entry.size};
      return link_held(inode, entry.path);
    }
    return {};
  }

  // False where what is there stays.
  Result<bool> put(const Entry& entry) {
    if (TRY(extractor_->add(entry)) == Extractor::Outcome::done)
      return true;
    if (entry.type != EntryType::directory)
      io_.err.put(io_.name, ": ", Printable(entry.path), " not created: newer or same age version exists\n");
    return false;
  }

  Result<> copy_data(const CpioItem& item, CpioScanner& scanner) {
    uint64_t at = 0;
    uint32_t sum = 0;
    while (true) {
      const auto block = scanner.read();
      if (!block) {
        extractor_->abandon_file();
        return std::unexpected(block.error());
      }
      if (block->empty())
        break;
      if (item.has_sum)
        for (const char byte : *block)
          sum += static_cast<uint8_t>(byte);
      if (auto written = extractor_->write(at, *block); !written) {
        extractor_->abandon_file();
        return written;
      }
      at += block->size();
    }
    if (item.has_sum && sum != item.sum) {
      extractor_->abandon_file();
      return fail("extract", item.name, "the sum of its bytes is not the one in the archive");
    }
    return extractor_->end_file();
  }

  Result<> print(CpioScanner& scanner) {
    while (true) {
      const std::string_view block = TRY(scanner.read());
      if (block.empty())
        return {};
      io_.out.write(block);
    }
  }

  // As `ls -l`.
  void list(const CpioItem& item) {
    const std::string name = quoted(item.name, QuotingStyle::escape);
    if (opt_.verbose == 0) {
      io_.out.put(name, '\n');
      return;
    }
    const auto padded = [](std::string text, size_t width, bool left = false) {
      if (text.size() < width)
        text.insert(left ? text.size() : 0, width - text.size(), ' ');
      return text;
    };
    const auto owner = [&](NameFile& file, uint32_t id) {
      const std::string_view known = opt_.numeric ? std::string_view() : file.name_of(id);
      return padded(known.empty() ? str(id) : std::string(known.substr(0, 8)), 8, true);
    };
    io_.out.put(mode_text(item.mode), ' ', padded(str(item.links), 3), ' ', owner(names_.users, item.uid), ' ',
                owner(names_.groups, item.gid), ' ');
    if (S_ISCHR(item.mode) || S_ISBLK(item.mode))
      io_.out.put(padded(str(item.special_major), 3), ", ", padded(str(item.special_minor), 3), ' ');
    else
      io_.out.put(padded(str(item.size), 8), ' ');
    const int64_t age = ::time(nullptr) - item.mtime;
    const bool recent = age >= -60 * 60 && age < 6L * 30 * 24 * 60 * 60;
    const auto fields = local_time(item.mtime);
    io_.out.put(fields ? time_text(recent ? "%b %e %H:%M" : "%b %e  %Y", *fields, item.mtime, 0) : str(item.mtime), ' ',
                name);
    if (!item.link.empty())
      io_.out.put(" -> ", quoted(item.link, QuotingStyle::escape));
    io_.out.put('\n');
  }

  Result<> read_ustar() {
    TarScanner scanner(std::move(source_), false);
    while (true) {
      const TarItem* item = TRY(scanner.next());
      if (item == nullptr)
        break;
      if (!chosen(item->entry.path))
        continue;
      if (const auto handled = handle_ustar(*item, scanner); !handled)
        fault(handled.error());
    }
    finish_extraction();
    tell_blocks(scanner.end());
    return {};
  }

  Result<> handle_ustar(const TarItem& item, TarScanner& scanner) {
    Entry entry = item.entry;
    if (opt_.list) {
      CpioItem shown;
      constexpr uint32_t types[] = {S_IFREG, S_IFDIR, S_IFLNK, S_IFREG, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK};
      shown.name = item.name;
      shown.mode = entry.mode | types[static_cast<size_t>(entry.type)];
      shown.uid = entry.uid;
      shown.gid = entry.gid;
      shown.size = entry.size;
      shown.mtime = entry.mtime;
      shown.link = entry.type == EntryType::symlink ? entry.link : "";
      shown.special_major = entry.device_major;
      shown.special_minor = entry.device_minor;
      list(shown);
      return {};
    }
    entry.path = safe(entry.path);
    if (entry.type == EntryType::hardlink)
      entry.link = safe(entry.link);
    say(item.name, io_.err);
    if (!opt_.to_stdout && !TRY(put(entry)))
      return {};
    while (entry.type == EntryType::file) {
      const TarScanner::Piece piece = TRY(scanner.read());
      if (piece.data.empty())
        return opt_.to_stdout ? Result<>() : extractor_->end_file();
      if (opt_.to_stdout)
        io_.out.write(piece.data);
      else
        TRY(extractor_->write(piece.offset, piece.data));
    }
    return {};
  }

  // --- passing through

  Result<> pass() {
    TRY(prepare_extraction(args_[0]));
    uint64_t bytes = 0;
    TRY(for_each_name([&](const std::string& name) -> Result<> {
      const auto copied = copy(name, bytes);
      if (!copied)
        fault(copied.error());
      return {};
    }));
    finish_extraction();
    tell_blocks(bytes);
    return {};
  }

  Result<> copy(const std::string& name, uint64_t& bytes) {
    struct stat info{};
    if (::fstatat(AT_FDCWD, name.c_str(), &info, opt_.follow ? 0 : AT_SYMLINK_NOFOLLOW) < 0)
      return fail("look at", name);
    if (opt_.dots || opt_.verbose > 0)
      say(str(args_[0], '/', name), io_.err);
    Entry entry = entry_of(member_of(name, info));
    entry.mtime_ns = static_cast<uint32_t>(info.st_mtim.tv_nsec);
    if (entry.type == EntryType::symlink)
      entry.link = TRY(read_link_at(AT_FDCWD, name, name));
    if (entry.type == EntryType::file && opt_.link) {
      if (TRY(extractor_->link_from(name, entry)))
        return {};
    }
    if (entry.type == EntryType::file && info.st_nlink > 1) {
      const auto [link, is_new] = done_.try_emplace(Inode{info.st_dev, info.st_ino}, Made{entry.path, entry.size});
      if (!is_new) {
        entry.type = EntryType::hardlink;
        entry.link = link->second.path;
        return put(entry).transform([](bool) {});
      }
    }
    UniqueFd in;
    if (entry.type == EntryType::file)
      in = TRY(open_file(name, O_RDONLY | O_NONBLOCK | (opt_.follow ? 0 : O_NOFOLLOW)));
    if (!TRY(put(entry)) || entry.type != EntryType::file)
      return {};
    FdSource source(in.get(), name);
    uint64_t at = 0;
    while (true) {
      const auto block = source.next();
      const auto written = block && !block->empty() ? extractor_->write(at, *block) : Result<>();
      if (!block || !written) {
        extractor_->abandon_file();
        return std::unexpected(block ? written.error() : block.error());
      }
      if (block->empty())
        break;
      at += block->size();
    }
    bytes += at;
    return extractor_->end_file();
  }

  // What was looked at, and then the file.
  class StartedSource : public Source {
   public:
    StartedSource(int fd, std::string_view path, std::string start) : file_(fd, path), start_(std::move(start)) {}
    Result<std::string_view> next() override {
      if (!std::exchange(started_, true) && !start_.empty())
        return std::string_view(start_);
      return file_.next();
    }
    std::string_view path() const override { return file_.path(); }

   private:
    FdSource file_;
    std::string start_;
    bool started_ = false;
  };

  const Options& opt_;
  Io& io_;
  std::vector<std::string> args_;
  std::string pattern_text_;
  Names names_;
  OwnerSpec owner_;
  UniqueFd archive_file_;
  std::unique_ptr<Source> source_;
  std::optional<Extractor> extractor_;
  std::map<Inode, std::vector<Named>> waiting_;  // writing: names of files that have more
  std::map<Inode, uint64_t> numbers_;            // of --renumber-inodes
  std::map<Inode, std::vector<Entry>> held_;     // reading: names that came before the data
  struct Made {
    std::string path;
    uint64_t size;
  };
  std::map<Inode, Made> done_;  // and files that have it
  bool said_removed_ = false;
  bool dotted_ = false;
  int status_ = 0;
};

Result<int> run(const Options& opt, Io& io, const Args& args) {
  Options settings = opt;
  if (settings.mode == Mode::none && settings.list)
    settings.mode = Mode::in;
  if (settings.mode == Mode::none || settings.several)
    return usage_error("exactly one of -o -i -p must be given");
  if (settings.mode == Mode::pass ? args.size() != 1 : settings.mode == Mode::out && !args.empty())
    return usage_error(settings.mode == Mode::pass ? "-p takes one DIRECTORY" : "-o takes names from standard input");
  if (settings.form.empty())
    settings.form = settings.mode == Mode::out && !settings.renumber ? "bin" : "newc";
  const bool known =
      std::ranges::any_of(std::initializer_list<std::string_view>{"newc", "crc", "odc", "bin", "ustar", "tar"},
                          [&](std::string_view form) { return form == settings.form; });
  if (!known)
    return usage_error("there is no format '", Printable(settings.form), "': newc, crc, odc, bin, ustar");
  if (settings.form == "tar")
    settings.form = "ustar";
  Cpio cpio(settings, io, args);
  auto done = cpio.run();
  if (!done && done.error().status() != Status::usage)
    done.error().set_status(Status::unset);
  return done;
}

}  // namespace

extern const Applet cpio_applet = {
    .name = "cpio",
    .summary = "make, list and extract cpio archives",
    .usage = "-o [OPTION]... <NAMES >ARCHIVE\n-i [OPTION]... [PATTERN]... <ARCHIVE\n-p [OPTION]... DIRECTORY <NAMES",
    .failure_status = 2,
    .notes = dense<"Names come one a line from standard input, as `find` prints them.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
