// Listing, extracting and comparing.
#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "lib/archive/acl_text.h"
#include "lib/archive/read_ahead.h"
#include "lib/archive/tar_job.h"
#include "lib/archive/tar_program.h"
#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/fs/root.h"

namespace rescue {

namespace {

// Counts what is read, and gives back first what was looked at already.
class ArchiveSource : public Source {
 public:
  ArchiveSource(int fd, std::string_view path, std::string first, TarJob& job)
      : source_(fd, path), first_(std::move(first)), job_(job) {}
  Result<std::string_view> next() override {
    if (!started_) {
      started_ = true;
      total_ = first_.size();
      if (!first_.empty())
        return std::string_view(first_);
    }
    const std::string_view block = TRY(source_.next());
    total_ += block.size();
    job_.count(total_, false);
    return block;
  }
  Result<uint64_t> skip(uint64_t size) override {
    const uint64_t skipped = started_ ? TRY(source_.skip(size)) : 0;
    total_ += skipped;
    return skipped;
  }
  std::string_view path() const override { return source_.path(); }

 private:
  FdSource source_;
  std::string first_;
  TarJob& job_;
  bool started_ = false;
  uint64_t total_ = 0;
};

EntryType type_on_disk(mode_t mode) {
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

class Reader {
 public:
  explicit Reader(TarJob& job) : job_(job), opt_(job.opt) {}

  Result<> run() {
    TRY(open_archive());
    TRY(prepare_extraction());
    while (true) {
      const auto item = scanner_->next();
      if (const std::string trouble = scanner_->take_trouble(); !trouble.empty())
        trouble_with(trouble);
      if (!item) {
        job_.fault(item.error());
        break;
      }
      if (*item == nullptr) {
        if (opt_.block_numbers && scanner_->has_end_mark())
          job_.listing().put("block ", scanner_->end() / 512, ": ** Block of NULs **\n");
        break;
      }
      if (const auto handled = handle(**item); !handled)
        job_.fault(handled.error());
      if (broken_)
        break;
    }
    finish_extraction();
    // A compressed archive is checked to its end; and who writes to us through a pipe is not cut off.
    if ((codec_ != Codec::none || is_pipe_) && !broken_)
      if (const auto drained = scanner_->drain(); !drained)
        job_.fault(drained.error());
    program_output_.reset();
    if (const auto ended = program_.finish(); !ended)
      job_.fault(ended.error());
    job_.tell_missing();
    job_.tell_totals(scanner_->end(), false);
    return {};
  }

 private:
  Result<> open_archive() {
    archive_ = opt_.file.value_or("-");
    int fd = job_.io.in;
    if (archive_ != "-") {
      archive_file_ = TRY(open_file(archive_, O_RDONLY));
      fd = archive_file_.get();
    } else if (::isatty(fd) == 1) {
      return fail("read", "standard input", "an archive is not read from a terminal; -f names a file");
    } else {
      archive_ = "standard input";
    }
    if (!opt_.program.empty()) {
      program_output_ = TRY(program_.start(opt_.program, fd, true));
      fd = program_output_.get();
    }
    struct stat info{};
    is_pipe_ = ::fstat(fd, &info) == 0 && (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode));
    std::string start(512, '\0');
    start.resize(TRY(read_full(fd, start, archive_)));
    if (start.empty())
      return fail("read archive", archive_, "is empty");
    const bool plain = start.size() == 512 && start.substr(257, 5) == "ustar";
    codec_ = plain ? Codec::none : codec_of(start);
    std::unique_ptr<Source> source = std::make_unique<ArchiveSource>(fd, archive_, std::move(start), job_);
    if (codec_ != Codec::none) {
      source = decode(std::move(source), codec_,
                      {.window_log = 31, .memory = UINT64_MAX, .threads = opt_.threads.value_or(0)});
      // One processor decompresses while another writes.
      source = std::make_unique<ReadAheadSource>(std::move(source));
    }
    scanner_ = std::make_unique<TarScanner>(std::move(source), opt_.ignore_zeros);
    return {};
  }

  void trouble_with(const std::string& trouble) {
    if (trouble.starts_with("a lone zero"))
      job_.warn(str("A", std::string_view(trouble).substr(1)));
    else
      job_.fault(fail("read archive", archive_, trouble).error());
  }

  Result<> prepare_extraction() {
    if (opt_.mode == TarMode::list)
      return {};
    const bool root = ::geteuid() == 0;
    const mode_t mask = ::umask(0);
    ExtractOptions options;
    options.existing = opt_.existing;
    options.anywhere = opt_.absolute;
    options.owner = opt_.same_owner.value_or(root);
    options.exact_mode = opt_.same_mode.value_or(root);
    options.times = !opt_.no_times;
    options.xattrs = opt_.xattrs;
    options.access_lists = opt_.access_lists || opt_.xattrs;
    options.label = opt_.label_attribute || opt_.xattrs;
    options.directories_exist = opt_.no_overwrite_dir;
    options.mask = mask;
    for (const std::string& path : job_.directories()) {
      std::string place = path;
      if (opt_.top_level && opt_.mode == TarMode::extract) {
        place = str(path, '/', *opt_.top_level);
        if (::mkdir(place.c_str(), 0777 & ~mask) < 0 && errno != EEXIST)
          return fail("make directory", place);
      }
      extractors_.push_back(std::make_unique<Extractor>(TRY(open_file(place, O_RDONLY | O_DIRECTORY)), place, options));
    }
    return {};
  }

  void finish_extraction() {
    if (opt_.mode != TarMode::extract)
      return;
    std::vector<Error> errors;
    for (const auto& extractor : extractors_)
      (void)extractor->finish(errors);
    for (const Error& error : errors)
      job_.fault(error);
  }

  // The name under which a member is put, or nothing where too little of it is left.
  std::optional<std::string> placed(const std::string& name, NameScope scope) {
    std::string_view rest = name;
    if (scope != NameScope::symbolic_link)
      for (uint64_t i = 0; i < opt_.strip; ++i) {
        rest.remove_prefix(std::min(rest.find_first_not_of('/'), rest.size()));
        const size_t slash = rest.find('/');
        if (slash == std::string_view::npos)
          return std::nullopt;
        rest.remove_prefix(slash + 1);
      }
    if (rest.find_first_not_of('/') == std::string_view::npos && opt_.strip > 0)
      return std::nullopt;
    std::string changed = job_.transformed(std::string(rest), scope);
    // The directory of its own that the archive brings already is not made twice.
    if (opt_.top_level && opt_.mode == TarMode::extract && scope != NameScope::symbolic_link) {
      const std::string top = *opt_.top_level + "/";
      if (changed.starts_with(top))
        changed.erase(0, top.size());
      if (changed.empty() || changed == *opt_.top_level)
        return ".";
    }
    return changed.empty() ? std::nullopt : std::optional(std::move(changed));
  }

  // Where a link leads, by the names that files get here.
  std::string link_of(const Entry& entry) {
    const bool hard = entry.type == EntryType::hardlink;
    return placed(entry.link, hard ? NameScope::hard_link : NameScope::symbolic_link).value_or(entry.link);
  }

  void list(const TarItem& item, const std::string& name, bool details) {
    if (!details || !opt_.show_transformed || item.entry.link.empty())
      return job_.list(item, name, details);
    TarItem shown = item;
    shown.entry.link = link_of(item.entry);
    job_.list(shown, name, details);
  }

  Result<> handle(const TarItem& item) {
    const TarJob::Chosen chosen = job_.choose(item.name);
    if (!chosen.chosen || job_.excluded(item.name))
      return {};
    if (opt_.mode == TarMode::list) {
      (void)job_.safe(item.name, false);
      const auto name = opt_.show_transformed ? placed(item.name, NameScope::member) : item.name;
      if (name)
        list(item, *name, opt_.verbose > 0);
      if (opt_.verbose > 2 && item.type == 'D')
        list_contents(item);
      return {};
    }
    // A label, and pieces of volumes, are no files.
    if (item.type == 'V' || item.type == 'M' || item.type == 'N')
      return {};
    const auto name = placed(item.name, NameScope::member);
    if (!name)
      return {};
    if (opt_.verbose > 0)
      list(item, opt_.show_transformed ? *name : item.name, opt_.verbose > 1);
    Entry entry = item.entry;
    entry.path = job_.safe(*name, false);
    while (entry.path.size() > 1 && entry.path.ends_with('/'))
      entry.path.pop_back();
    if (entry.type == EntryType::hardlink)
      entry.link = job_.safe(link_of(entry), true);
    if (entry.type == EntryType::symlink)
      entry.link = link_of(entry);
    if (opt_.mode == TarMode::compare)
      return compare(item, entry, *extractors_[chosen.directory]);
    if (opt_.to_stdout)
      return print(item);
    return extract(item, entry, *extractors_[chosen.directory]);
  }

  void list_contents(const TarItem& item) {
    for (std::string_view rest = item.contents; !rest.empty() && rest[0] != '\0';) {
      const std::string_view name = rest.substr(0, rest.find('\0'));
      job_.listing().put(name[0], ' ', job_.shown(name.substr(1)), '\n');
      rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    }
    job_.listing().put('\n');
  }

  // --- extracting

  Result<> print(const TarItem& item) {
    if (item.entry.type != EntryType::file)
      return {};
    uint64_t at = 0;
    const auto put_zeros = [&](uint64_t until) {
      while (at < until && job_.io.out.ok()) {
        const uint64_t count = std::min<uint64_t>(until - at, 65536);
        job_.io.out.write(std::string(count, '\0'));
        at += count;
      }
    };
    while (true) {
      const auto piece = scanner_->read();
      if (!piece)
        return broken(piece.error());
      if (piece->data.empty())
        break;
      put_zeros(piece->offset);
      job_.io.out.write(piece->data);
      at += piece->data.size();
    }
    put_zeros(item.entry.size);
    return {};
  }

  // The archive cannot be read on.
  Result<> broken(const Error& error) {
    broken_ = true;
    return std::unexpected(error);
  }

  void set_owner(const TarItem& item, Entry& entry) {
    if (opt_.numeric_owner)
      return;
    if (!item.user.empty())
      entry.uid = job_.names.users.id_of(item.user).value_or(entry.uid);
    if (!item.group.empty())
      entry.gid = job_.names.groups.id_of(item.group).value_or(entry.gid);
  }

  void set_xattrs(const TarItem& item, Entry& entry) {
    std::erase_if(entry.xattrs, [&](const Xattr& xattr) { return !job_.wants_xattr(xattr.name); });
    if (!opt_.access_lists)
      return;
    const auto add = [&](const char* name, const std::string& text) {
      if (text.empty())
        return;
      if (auto bytes = acl_from_text(text, opt_.numeric_owner ? nullptr : &job_.names))
        entry.xattrs.push_back({name, *std::move(bytes)});
      else
        job_.warn(str(job_.shown(item.name), ": Warning: its access control list cannot be understood"));
    };
    add("system.posix_acl_access", item.access_list);
    add("system.posix_acl_default", item.default_list);
  }

  // A clock that is wrong, here or where the archive was made, shows in times that cannot be.
  void tell_odd_time(const TarItem& item) {
    const Entry& entry = item.entry;
    if (opt_.no_times)
      return;
    timespec now{};
    (void)::clock_gettime(CLOCK_REALTIME, &now);
    if (entry.mtime < 0)
      job_.warn(str(job_.shown(item.name), ": implausibly old time stamp"));
    else if (entry.mtime > now.tv_sec)
      job_.warn(str(job_.shown(item.name), ": time stamp is ", entry.mtime - now.tv_sec, " s in the future"));
  }

  Result<> extract(const TarItem& item, Entry& entry, Extractor& extractor) {
    set_owner(item, entry);
    set_xattrs(item, entry);
    if (item.type == 'D' && opt_.snapshot)
      purge(item, entry, extractor);
    if (entry.path == "." && entry.type != EntryType::directory)
      return fail("extract", item.name, "is no name for a file");
    tell_odd_time(item);
    if (TRY(extractor.add(entry)) == Extractor::Outcome::skipped) {
      if (opt_.existing == ExtractOptions::Existing::keep_newer && entry.type != EntryType::directory)
        job_.warn(str("Current ", Quoted(item.name), " is newer or same age"));
      return {};
    }
    if (entry.type != EntryType::file)
      return {};
    while (true) {
      const auto piece = scanner_->read();
      if (!piece) {
        extractor.abandon_file();
        return broken(piece.error());
      }
      if (piece->data.empty())
        return extractor.end_file();
      if (const auto written = extractor.write(piece->offset, piece->data); !written) {
        extractor.abandon_file();
        return written;
      }
    }
  }

  // Removes what was gone from the directory when the archive was made.
  void purge(const TarItem& item, const Entry& entry, Extractor& extractor) {
    const auto dir = extractor.open(entry.path, O_RDONLY | O_DIRECTORY);
    if (!dir)
      return;
    const auto names = list_dir(dir->get(), entry.path);
    if (!names)
      return;
    for (const DirEntry& found : *names) {
      const std::string key = str(found.name, std::string_view("\0", 1));
      bool known = false;
      for (size_t at = 0; at < item.contents.size() && item.contents[at] != '\0';) {
        known = known || std::string_view(item.contents).substr(at + 1).starts_with(key);
        at = std::min(item.contents.find('\0', at), item.contents.size()) + 1;
      }
      if (known)
        continue;
      const std::string path = str(entry.path, '/', found.name);
      if (opt_.verbose > 0)
        job_.listing().put(job_.io.name, ": Deleting ", Quoted(path), '\n');
      if (const auto removed = extractor.remove(path); !removed)
        job_.fault(removed.error());
    }
  }

  // --- comparing

  void differs(const TarItem& item, std::string_view what) {
    job_.io.out.put(job_.shown(item.name), ": ", what, '\n');
    different_ = true;
  }

  Result<> compare(const TarItem& item, Entry& entry, Extractor& extractor) {
    set_owner(item, entry);
    different_ = false;
    const auto opened = extractor.open(entry.path, O_PATH);
    struct stat info{};
    if (!opened || ::fstat(opened->get(), &info) < 0) {
      job_.differ(
          str(job_.shown(item.name), ": Warning: Cannot stat: ", errno_text(opened ? errno : opened.error().code())));
      return {};
    }
    if (entry.type == EntryType::hardlink)
      compare_link(item, entry, extractor, info);
    else if (type_on_disk(info.st_mode) != entry.type)
      differs(item, "File type differs");
    else
      compare_attributes(item, entry, info, opened->get());
    Result<> read;
    if (entry.type == EntryType::file && S_ISREG(info.st_mode))
      read = compare_content(item, entry, extractor, info);
    if (different_)
      job_.differ_quietly();
    return read;
  }

  void compare_link(const TarItem& item, const Entry& entry, Extractor& extractor, const struct stat& info) {
    const auto other = extractor.open(entry.link, O_PATH);
    struct stat there{};
    if (!other || ::fstat(other->get(), &there) < 0 || there.st_ino != info.st_ino || there.st_dev != info.st_dev)
      differs(item, str("Not linked to ", job_.shown(item.entry.link)));
  }

  void compare_attributes(const TarItem& item, const Entry& entry, const struct stat& info, int fd) {
    if (entry.type == EntryType::symlink) {
      const auto target = read_link_at(fd, "", entry.path);
      if (!target || *target != entry.link)
        differs(item, "Symlink differs");
      return;
    }
    if ((info.st_mode & 07777) != entry.mode)
      differs(item, "Mode differs");
    if (entry.type == EntryType::file || entry.type == EntryType::directory) {
      if (info.st_uid != entry.uid)
        differs(item, "Uid differs");
      if (info.st_gid != entry.gid)
        differs(item, "Gid differs");
    }
    if (entry.type == EntryType::file &&
        (info.st_mtim.tv_sec != entry.mtime ||
         (entry.mtime_ns != 0 && info.st_mtim.tv_nsec != static_cast<long>(entry.mtime_ns))))
      differs(item, "Mod time differs");
    if ((entry.type == EntryType::character || entry.type == EntryType::block) &&
        info.st_rdev != makedev(entry.device_major, entry.device_minor))
      differs(item, "Device number differs");
  }

  Result<> compare_content(const TarItem& item, const Entry& entry, Extractor& extractor, const struct stat& info) {
    if (static_cast<uint64_t>(info.st_size) != entry.size) {
      differs(item, "Size differs");
      return {};
    }
    const UniqueFd file = TRY(extractor.open(entry.path, O_RDONLY | O_NONBLOCK));
    std::string there;
    uint64_t at = 0;
    bool same = true;
    const auto holds_zeros = [&](uint64_t until) -> Result<> {
      while (same && at < until) {
        there.resize(static_cast<size_t>(std::min<uint64_t>(until - at, 65536)));
        same = TRY(read_full(file.get(), there, entry.path)) == there.size() &&
               there.find_first_not_of('\0') == std::string::npos;
        at += there.size();
      }
      return {};
    };
    while (same) {
      const auto piece = scanner_->read();
      if (!piece)
        return broken(piece.error());
      if (piece->data.empty())
        break;
      TRY(holds_zeros(piece->offset));
      there.resize(piece->data.size());
      same = same && TRY(read_full(file.get(), there, entry.path)) == there.size() && there == piece->data;
      at += there.size();
    }
    TRY(holds_zeros(entry.size));
    if (!same)
      differs(item, "Contents differ");
    return {};
  }

  TarJob& job_;
  const TarOptions& opt_;
  std::string archive_;
  UniqueFd archive_file_;
  TarProgram program_;
  UniqueFd program_output_;  // closed before it is waited for
  Codec codec_ = Codec::none;
  std::unique_ptr<TarScanner> scanner_;
  std::vector<std::unique_ptr<Extractor>> extractors_;
  bool is_pipe_ = false;
  bool broken_ = false;
  bool different_ = false;
};

}  // namespace

Result<> tar_read(TarJob& job) {
  return Reader(job).run();
}

}  // namespace rescue
