// Making archives, and adding to them.
#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "lib/archive/acl_text.h"
#include "lib/archive/tar_job.h"
#include "lib/archive/tar_program.h"
#include "lib/archive/tar_snapshot.h"
#include "lib/base/date_parse.h"
#include "lib/base/fd.h"
#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/fs/attributes.h"
#include "lib/fs/descent.h"
#include "lib/fs/directory.h"
#include "lib/fs/root.h"

namespace rescue {

namespace {

bool is_older(const timespec& time, const timespec& limit) {
  return time.tv_sec < limit.tv_sec || (time.tv_sec == limit.tv_sec && time.tv_nsec < limit.tv_nsec);
}

// A date, or the time of a file whose name begins with a slash or a dot.
Result<timespec> date_of(std::string_view text) {
  struct stat info{};
  if (text.starts_with('/') || text.starts_with('.')) {
    if (::stat(std::string(text).c_str(), &info) < 0)
      return fail("look at", text);
    return info.st_mtim;
  }
  timespec now{};
  (void)::clock_gettime(CLOCK_REALTIME, &now);
  const auto date = parse_date(text, now);
  return date ? Result<timespec>(*date) : usage_error("'", Printable(text), "' is no date");
}

char type_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR: return '5';
    case S_IFLNK: return '2';
    case S_IFCHR: return '3';
    case S_IFBLK: return '4';
    case S_IFIFO: return '6';
    default: return '0';
  }
}

EntryType entry_type_of(char type) {
  switch (type) {
    case '5': return EntryType::directory;
    case '2': return EntryType::symlink;
    case '3': return EntryType::character;
    case '4': return EntryType::block;
    case '6': return EntryType::fifo;
    default: return EntryType::file;
  }
}

class Creator {
 public:
  explicit Creator(TarJob& job) : job_(job), opt_(job.opt) {}

  Result<> run() {
    TRY(read_settings());
    TRY(open_archive());
    for (const std::string& path : job_.directories())
      directories_.push_back(TRY(open_file(path, O_PATH | O_DIRECTORY)));
    TRY(read_snapshot());
    if (!opt_.label.empty() && opt_.mode == TarMode::create)
      TRY(put_label());
    if (opt_.mode == TarMode::concatenate) {
      for (const TarOperand& operand : job_.operands())
        TRY(append_archive(operand.text));
    } else {
      for (const TarOperand& operand : job_.operands())
        TRY(add_operand(operand));
    }
    TRY(emitter_->finish(opt_.blocking * 512));
    job_.count(pieces_->written(), true);
    TRY(encoder_->finish());
    if (output_file_ && opt_.mode != TarMode::create)
      TRY(cut_off());
    if (program_input_)
      TRY(program_input_.close(archive_));
    TRY(program_.finish());
    if (output_file_)
      TRY(output_file_.close(archive_));
    TRY(write_snapshot());
    job_.tell_totals(pieces_->written() - start_, true);
    remove_files();
    return {};
  }

 private:
  using Inode = std::pair<dev_t, ino_t>;

  Result<> read_settings() {
    if (opt_.owner)
      owner_ = TRY(parse_tar_owner(*opt_.owner, job_.names.users));
    if (opt_.group)
      group_ = TRY(parse_tar_owner(*opt_.group, job_.names.groups));
    if (opt_.mode_change) {
      mode_change_ = ModeChange::parse(*opt_.mode_change);
      if (!mode_change_)
        return usage_error("'", Printable(*opt_.mode_change), "' is no mode");
    }
    if (opt_.mtime)
      mtime_ = TRY(date_of(*opt_.mtime));
    if (opt_.newer)
      newer_ = TRY(date_of(*opt_.newer));
    return {};
  }

  // --- the archive

  Result<> open_archive() {
    archive_ = opt_.file.value_or("-");
    int fd = 1;
    Codec codec = opt_.codec.value_or(opt_.codec_by_name ? codec_of_name(archive_) : Codec::none);
    if (archive_ == "-") {
      if (opt_.mode != TarMode::create)
        return fail("add to", "standard output", "is no file that could be added to: -f names one");
      if (::isatty(1) == 1)
        return fail("write", "standard output", "an archive is not written to a terminal; -f names a file for it");
      job_.archive_on_stdout = true;
    } else {
      const bool adds = opt_.mode != TarMode::create;
      output_file_ = TRY(open_file(archive_, adds ? O_RDWR | O_CREAT : O_WRONLY | O_CREAT | O_TRUNC, 0666));
      fd = output_file_.get();
      if (adds && (codec != Codec::none || !opt_.program.empty()))
        return tar_is_compressed(archive_);
      if (adds)
        TRY(seek_to_end());
    }
    struct stat info{};
    if (::fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
      archive_inode_ = {info.st_dev, info.st_ino};
    if (!opt_.program.empty()) {
      program_input_ = TRY(program_.start(opt_.program, fd, false));
      fd = program_input_.get();
    }
    file_sink_ = std::make_unique<FdSink>(fd, archive_);
    encoder_ = TRY(encode(*file_sink_, codec, {.level = opt_.level, .threads = opt_.threads.value_or(0)}, archive_));
    pieces_ = std::make_unique<PieceSink>(*encoder_, start_);
    emitter_ = std::make_unique<TarEmitter>(*pieces_, opt_.form);
    if (opt_.leave_out_other_times)
      emitter_->leave_out_other_times();
    return {};
  }

  // Before the end mark; for -u with the times of what is in there.
  Result<> seek_to_end() {
    std::string start(512, '\0');
    start.resize(TRY(pread_full(output_file_.get(), start, 0, archive_)));
    if (codec_of(start) != Codec::none)
      return tar_is_compressed(archive_);
    uint64_t end = 0;
    if (!start.empty()) {
      TarScanner scanner(std::make_unique<FdSource>(output_file_.get(), archive_), opt_.ignore_zeros);
      while (const TarItem* item = TRY(scanner.next())) {
        if (opt_.mode == TarMode::update)
          known_[item->entry.path] = {.tv_sec = item->entry.mtime, .tv_nsec = static_cast<long>(item->entry.mtime_ns)};
      }
      end = start_ = scanner.end();
    }
    if (::lseek(output_file_.get(), static_cast<off_t>(end), SEEK_SET) < 0)
      return fail("write", archive_);
    return {};
  }

  // What is left of a longer end mark.
  Result<> cut_off() {
    struct stat info{};
    const off_t end = ::lseek(output_file_.get(), 0, SEEK_CUR);
    if (::fstat(output_file_.get(), &info) == 0 && S_ISREG(info.st_mode) && end >= 0 && info.st_size > end &&
        ::ftruncate(output_file_.get(), end) < 0)
      return fail("write", archive_);
    return {};
  }

  // All members of another archive, word for word.
  Result<> append_archive(const std::string& path) {
    const UniqueFd fd = TRY(open_file(path, O_RDONLY));
    uint64_t end = 0;
    {
      TarScanner scanner(std::make_unique<FdSource>(fd.get(), path), false);
      while (TRY(scanner.next()) != nullptr) {
      }
      end = scanner.end();
    }
    RangeSource source(fd.get(), 0, end, path);
    while (true) {
      const std::string_view block = TRY(source.next());
      if (block.empty())
        return {};
      TRY(pieces_->write(block));
    }
  }

  Result<> put_label() {
    EmitItem item;
    item.name = opt_.label;
    item.type = 'V';
    timespec now{};
    (void)::clock_gettime(CLOCK_REALTIME, &now);
    item.entry.mtime = now.tv_sec;
    return emitter_->begin(item);
  }

  // --- what goes in

  // Ends early only where nothing more can be written.
  Result<> add_operand(const TarOperand& operand) {
    std::string name = operand.text;
    while (name.size() > 1 && name.ends_with('/'))
      name.pop_back();
    struct stat info{};
    const int dir = directories_[operand.directory].get();
    if (::fstatat(dir, name.c_str(), &info, 0) == 0)
      top_device_ = info.st_dev;
    TRY(dump(dir, name, name, nullptr, operand.recursive));
    // With -g all directories come first, so that extracting can clear them.
    for (const std::string& later : std::exchange(later_, {}))
      TRY(dump(dir, later, later, nullptr, false));
    return {};
  }

  // One file or directory: `file` in `dir` becomes the member `name`.
  Result<> dump(int dir, const std::string& file, const std::string& name, Descent* at, bool recursive,
                uint8_t type = DT_UNKNOWN) {
    if (job_.excluded(name))
      return {};
    struct stat info{};
    UniqueFd fd;
    if (const auto looked = look(dir, file, name, type, info, fd); !looked) {
      // A file that was there a moment ago is no failure.
      if (at != nullptr && looked.error().code() == ENOENT)
        job_.differ(str(job_.shown(name), ": File removed before we read it"));
      else if (opt_.ignore_failed_read)
        job_.warn(str("Warning: ", message(looked.error())));
      else
        job_.fault(looked.error());
      return {};
    }
    if (S_ISDIR(info.st_mode))
      return dump_directory(dir, file, name, info, at, recursive);
    if (is_passed_over(name, info))
      return {};
    return dump_file(dir, file, name, info, fd);
  }

  // A regular file is opened at once, so that what is looked at is what is read.
  Result<> look(int dir, const std::string& file, const std::string& name, uint8_t type, struct stat& info,
                UniqueFd& fd) {
    const int follow = opt_.dereference ? 0 : AT_SYMLINK_NOFOLLOW;
    // Where the directory says that it is one, it need not be looked at before.
    if (type != DT_REG && ::fstatat(dir, file.c_str(), &info, follow) < 0)
      return fail("look at", name);
    if (type != DT_REG && (!S_ISREG(info.st_mode) || is_written_already(info)))
      return {};
    fd = TRY(open_at(dir, file, O_RDONLY | O_NONBLOCK | (opt_.dereference ? 0 : O_NOFOLLOW), 0, name));
    if (::fstat(fd.get(), &info) < 0)
      return fail("look at", name);
    return {};
  }

  // Whether it may be met again: what has one name too, where several operands or symbolic links lead to it.
  bool may_link(const struct stat& info) const {
    const bool many = opt_.operands.size() > 1 || (!opt_.operands.empty() && opt_.operands[0].list);
    return (info.st_nlink > 1 || opt_.dereference || many) && !opt_.hard_dereference;
  }

  bool is_written_already(const struct stat& info) const {
    return may_link(info) && links_.contains({info.st_dev, info.st_ino});
  }

  bool is_passed_over(const std::string& name, const struct stat& info) {
    if (Inode{info.st_dev, info.st_ino} == archive_inode_) {
      job_.warn(str(job_.shown(name), ": file is the archive; not dumped"));
      return true;
    }
    if (opt_.one_file_system && info.st_dev != top_device_)
      return true;
    if (newer_ && is_older(info.st_mtim, *newer_) && (opt_.newer_by_mtime || is_older(info.st_ctim, *newer_)))
      return true;
    if (S_ISSOCK(info.st_mode)) {
      job_.warn(str(job_.shown(name), ": socket ignored"));
      return true;
    }
    return is_up_to_date(name, info);
  }

  // For -u: what the archive has is as new. To the second, where the archive has no more.
  bool is_up_to_date(const std::string& name, const struct stat& info) {
    if (opt_.mode != TarMode::update)
      return false;
    const auto found = known_.find(job_.safe(name, false));
    if (found == known_.end())
      return false;
    const timespec& time = found->second;
    return info.st_mtim.tv_sec < time.tv_sec ||
           (info.st_mtim.tv_sec == time.tv_sec && (time.tv_nsec == 0 || info.st_mtim.tv_nsec <= time.tv_nsec));
  }

  // What the headers say of any member.
  Result<EmitItem> item_of(int dir, const std::string& file, const std::string& name, const struct stat& info, int fd) {
    EmitItem item;
    Entry& entry = item.entry;
    item.type = type_of(info.st_mode);
    entry.type = entry_type_of(item.type);
    entry.path = job_.transformed(job_.safe(name, false), NameScope::member);
    item.name = entry.path;
    if (item.type == '5' && !item.name.ends_with('/'))
      item.name += '/';
    entry.mode = info.st_mode & 07777;
    if (mode_change_)
      entry.mode = mode_change_->apply(info.st_mode, 0) & 07777;
    entry.uid = owner_ ? owner_->id.value_or(info.st_uid) : info.st_uid;
    entry.gid = group_ ? group_->id.value_or(info.st_gid) : info.st_gid;
    if (!opt_.numeric_owner) {
      item.user = owner_ ? owner_->name : std::string(job_.names.users.name_of(info.st_uid));
      item.group = group_ ? group_->name : std::string(job_.names.groups.name_of(info.st_gid));
    }
    const timespec mtime = mtime_ && (!opt_.clamp_mtime || is_older(*mtime_, info.st_mtim)) ? *mtime_ : info.st_mtim;
    entry.mtime = mtime.tv_sec;
    entry.mtime_ns = static_cast<uint32_t>(mtime.tv_nsec);
    item.atime = {info.st_atim.tv_sec, static_cast<uint32_t>(info.st_atim.tv_nsec)};
    item.ctime = {info.st_ctim.tv_sec, static_cast<uint32_t>(info.st_ctim.tv_nsec)};
    if (item.type == '3' || item.type == '4') {
      entry.device_major = major(info.st_rdev);
      entry.device_minor = minor(info.st_rdev);
    }
    if (opt_.xattrs || opt_.access_lists || opt_.label_attribute)
      add_xattrs({.fd = fd, .dir = dir, .name = file, .shown = name}, item);
    return item;
  }

  void add_xattrs(const FileRef& file, EmitItem& item) {
    auto attributes = read_xattrs(file);
    if (!attributes) {
      job_.warn(str("Warning: ", message(attributes.error())));
      return;
    }
    for (Attribute& attribute : *attributes) {
      if (opt_.access_lists && attribute.name == "system.posix_acl_access")
        item.access_list = acl_to_text(attribute.value, &job_.names, '\n').value_or("") + "\n";
      if (opt_.access_lists && attribute.name == "system.posix_acl_default")
        item.default_list = acl_to_text(attribute.value, &job_.names, '\n').value_or("") + "\n";
      const bool label = attribute.name == "security.selinux";
      if (label ? opt_.label_attribute || opt_.xattrs : opt_.xattrs)
        item.entry.xattrs.push_back({std::move(attribute.name), std::move(attribute.value)});
    }
  }

  void say(const EmitItem& item, const std::string& name) {
    if (opt_.verbose == 0)
      return;
    const bool details = opt_.verbose > 1;
    job_.list(item,
              details || opt_.show_transformed       ? item.name
              : item.type == '5' || item.type == 'D' ? name + "/"
                                                     : name,
              details);
  }

  Result<> dump_file(int dir, const std::string& file, const std::string& name, const struct stat& info, UniqueFd& fd) {
    EmitItem item = TRY(item_of(dir, file, name, info, fd.get()));
    if (may_link(info)) {
      const auto [link, is_new] = links_.try_emplace({info.st_dev, info.st_ino}, job_.safe(name, false));
      if (!is_new) {
        item.type = '1';
        item.entry.type = EntryType::hardlink;
        item.entry.link = job_.transformed(link->second, NameScope::hard_link);
        item.entry.xattrs.clear();
        say(item, name);
        TRY(begin(item, name));
        return done_with(dir, file, name);
      }
    }
    if (item.type == '2') {
      const auto target = read_link_at(dir, file, name);
      if (!target) {
        job_.fault(target.error());
        return {};
      }
      item.entry.link = job_.transformed(*target, NameScope::symbolic_link);
    }
    if (item.type != '0') {
      say(item, name);
      TRY(begin(item, name));
      return done_with(dir, file, name);
    }
    item.entry.size = item.stored = static_cast<uint64_t>(info.st_size);
    if (opt_.sparse && info.st_blocks * 512 < info.st_size)
      find_holes(fd.get(), item);
    say(item, name);
    if (!TRY(begin(item, name)))
      return {};
    TRY(copy_data(fd.get(), name, item));
    struct stat after{};
    if (::fstat(fd.get(), &after) == 0 &&
        (after.st_size != info.st_size || after.st_ctim.tv_sec != info.st_ctim.tv_sec ||
         after.st_ctim.tv_nsec != info.st_ctim.tv_nsec))
      job_.differ(str(job_.shown(name), ": file changed as we read it"));
    TRY(emitter_->end());
    job_.count(pieces_->written(), true);
    return done_with(dir, file, name);
  }

  // What does not fit into the form is left out, and the rest goes on.
  Result<bool> begin(const EmitItem& item, const std::string& name) {
    const uint64_t before = pieces_->written();
    auto begun = emitter_->begin(item);
    if (begun)
      return true;
    if (pieces_->written() != before || begun.error().code() != 0)
      return std::unexpected(begun.error());
    job_.fault(fail(begun.error().attempt(), name, begun.error().detail()).error());
    return false;
  }

  static void find_holes(int fd, EmitItem& item) {
    const auto size = static_cast<off_t>(item.entry.size);
    std::vector<Extent> map;
    uint64_t stored = 0;
    for (off_t at = 0; at < size;) {
      const off_t data = ::lseek(fd, at, SEEK_DATA);
      if (data < 0 && errno == ENXIO) {
        map.push_back({item.entry.size, 0});
        break;
      }
      const off_t hole = data < 0 ? -1 : ::lseek(fd, data, SEEK_HOLE);
      if (hole < 0)
        return;  // the file system cannot tell
      map.push_back({static_cast<uint64_t>(data), static_cast<uint64_t>(hole - data)});
      stored += static_cast<uint64_t>(hole - data);
      at = hole;
    }
    item.map = std::move(map);
    item.sparse = true;
    item.stored = stored;
  }

  Result<> copy_data(int fd, const std::string& name, const EmitItem& item) {
    if (!item.sparse)
      return copy_extent(fd, name, item.stored);
    for (const Extent& extent : item.map) {
      if (extent.length > 0 && ::lseek(fd, static_cast<off_t>(extent.offset), SEEK_SET) < 0)
        return fail("read", name);
      TRY(copy_extent(fd, name, extent.length));
    }
    return {};
  }

  // A file that cannot be read or has become shorter is filled up with zeros: its header is written already.
  Result<> copy_extent(int fd, const std::string& name, uint64_t size) {
    const uint64_t before = pieces_->written();
    const auto copied = emitter_->copy_from(fd, size, name);
    if (!copied && copied.error().path() != name)
      return std::unexpected(copied.error());
    const uint64_t done = pieces_->written() - before;
    if (done == size)
      return {};
    if (copied)
      job_.differ(str(job_.shown(name), ": File shrank by ", size - done, " bytes; padding with zeros"));
    else
      job_.fault(copied.error());
    return emitter_->pad(size - done);
  }

  Result<> done_with(int dir, const std::string& file, const std::string& /*name*/) {
    if (opt_.remove_files)
      to_remove_.push_back({UniqueFd(::fcntl(dir, F_DUPFD_CLOEXEC, 0)), file, false});
    return {};
  }

  // --- directories

  Result<> dump_directory(int dir, const std::string& file, const std::string& name, const struct stat& info,
                          Descent* at, bool recursive) {
    if (opt_.one_file_system && info.st_dev != top_device_)
      return {};
    EmitItem item = TRY(item_of(dir, file, name, info, -1));
    std::optional<Descent> own;
    const auto entered = enter(dir, file, name, at, own);
    if (!entered) {
      job_.fault(entered.error());
      return {};
    }
    Descent& here = at != nullptr ? *at : *own;
    std::vector<Child> children;
    if (const auto listed = list_children(here.fd(), name, children); !listed)
      job_.fault(listed.error());
    if (opt_.snapshot)
      plan_increment(here.fd(), name, info, children, item);
    if (!is_up_to_date(name, info)) {
      say(item, name);
      TRY(begin(item, name));
    }
    if (opt_.snapshot && opt_.form == TarForm::gnu) {
      TRY(emitter_->write(item.contents));
      TRY(emitter_->end());
    }
    const std::string prefix = name.ends_with('/') ? name : name + "/";
    if (recursive)
      for (const Child& child : children)
        TRY(dump(here.fd(), child.name, prefix + child.name, &here, true, child.type));
    if (at != nullptr)
      TRY(at->leave(name));
    if (opt_.remove_files)
      to_remove_.push_back({UniqueFd(::fcntl(dir, F_DUPFD_CLOEXEC, 0)), file, true});
    return {};
  }

  Result<> enter(int dir, const std::string& file, const std::string& name, Descent* at, std::optional<Descent>& own) {
    if (at != nullptr)
      return at->enter(file, opt_.dereference, name);
    const int flags = O_RDONLY | O_DIRECTORY | O_NONBLOCK | (opt_.dereference ? 0 : O_NOFOLLOW);
    own = TRY(Descent::start(TRY(open_at(dir, file, flags, 0, name)), name));
    return {};
  }

  struct Child {
    std::string name;
    uint8_t type = DT_UNKNOWN;
  };

  Result<> list_children(int fd, const std::string& name, std::vector<Child>& children) {
    DirectoryReader reader(fd, name, room_.get());
    while (TRY(reader.next()))
      if (!is_dot_or_dot_dot(reader.name()))
        children.push_back({std::string(reader.name()), reader.type()});
    if (opt_.sorted || opt_.snapshot)
      rescue::sort(children, {}, &Child::name);
    return {};
  }

  // --- what is new since the last time: -g

  Result<> read_snapshot() {
    if (!opt_.snapshot)
      return {};
    std::string bytes;
    if (opt_.snapshot_level != "0") {
      const auto file = open_file(*opt_.snapshot, O_RDONLY);
      if (file)
        bytes = TRY(read_all(file->get(), uint64_t{1} << 32, *opt_.snapshot));
      else if (file.error().code() != ENOENT)
        return std::unexpected(file.error());
    }
    old_ = TRY(TarSnapshot::parse(bytes, *opt_.snapshot));
    timespec now{};
    (void)::clock_gettime(CLOCK_REALTIME, &now);
    new_.start = {now.tv_sec, static_cast<uint32_t>(now.tv_nsec)};
    return {};
  }

  // Whole, or not at all: a snapshot that is damaged makes every later archive worthless.
  Result<> write_snapshot() {
    if (!opt_.snapshot || *opt_.snapshot == "/dev/null")
      return {};
    const std::string place = str(*opt_.snapshot, ".rescue-", ::getpid());
    UniqueFd file = TRY(open_file(place, O_WRONLY | O_CREAT | O_TRUNC, 0666));
    TRY(write_all(file.get(), new_.text(), place));
    TRY(file.close(place));
    if (::rename(place.c_str(), opt_.snapshot->c_str()) < 0)
      return fail("write", *opt_.snapshot);
    return {};
  }

  // Says what is in a directory, and keeps of `children` those that must be written.
  void plan_increment(int fd, const std::string& name, const struct stat& info, std::vector<Child>& children,
                      EmitItem& item) {
    const auto found = old_.directories.find(name);
    const bool known =
        found != old_.directories.end() && found->second.device == info.st_dev && found->second.inode == info.st_ino;
    if (!known && opt_.verbose > 0)
      job_.warn(str(job_.shown(name), ": Directory is new"));
    const timespec since{.tv_sec = old_.start.seconds, .tv_nsec = static_cast<long>(old_.start.nanoseconds)};
    const std::string prefix = name.ends_with('/') ? name : name + "/";
    std::vector<Child> directories;
    std::string contents;
    for (Child& entry : children) {
      const std::string& child = entry.name;
      struct stat there{};
      if (job_.excluded(prefix + child) || ::fstatat(fd, child.c_str(), &there, AT_SYMLINK_NOFOLLOW) < 0)
        continue;
      const bool directory = S_ISDIR(there.st_mode);
      const bool is_old = known && is_older(there.st_mtim, since) && is_older(there.st_ctim, since);
      contents += directory ? 'D' : is_old ? 'N' : 'Y';
      contents += child;
      contents += '\0';
      if (directory)
        directories.push_back(std::move(entry));
      else if (!is_old)
        later_.push_back(prefix + child);
    }
    children = std::move(directories);
    new_.directories[name] = {.mtime = {info.st_mtim.tv_sec, static_cast<uint32_t>(info.st_mtim.tv_nsec)},
                              .device = info.st_dev,
                              .inode = info.st_ino,
                              .contents = contents};
    item.contents = contents + std::string(1, '\0');
    item.type = 'D';
    if (opt_.form == TarForm::gnu)
      item.stored = item.contents.size();
  }

  // --- --remove-files

  void remove_files() {
    for (const Removal& removal : to_remove_) {
      const int flags = removal.directory ? AT_REMOVEDIR : 0;
      if (::unlinkat(removal.dir.get(), removal.name.c_str(), flags) < 0 && errno != ENOENT &&
          !(removal.directory && (errno == ENOTEMPTY || errno == EEXIST)))
        job_.fault(fail("remove", removal.name).error());
    }
  }

  struct Removal {
    UniqueFd dir;
    std::string name;
    bool directory;
  };

  TarJob& job_;
  const TarOptions& opt_;
  std::optional<TarOwner> owner_;
  std::optional<TarOwner> group_;
  std::optional<ModeChange> mode_change_;
  std::optional<timespec> mtime_;
  std::optional<timespec> newer_;
  std::vector<UniqueFd> directories_;

  std::string archive_;
  uint64_t start_ = 0;
  UniqueFd output_file_;
  Inode archive_inode_{};
  TarProgram program_;
  UniqueFd program_input_;  // closed before it is waited for
  std::unique_ptr<FdSink> file_sink_;
  std::unique_ptr<Encoder> encoder_;
  std::unique_ptr<PieceSink> pieces_;
  std::unique_ptr<TarEmitter> emitter_;

  dev_t top_device_ = 0;
  DirectoryRoom room_;
  std::map<Inode, std::string> links_;
  std::map<std::string, timespec, std::less<>> known_;
  std::vector<std::string> later_;
  TarSnapshot old_;
  TarSnapshot new_;
  std::vector<Removal> to_remove_;
};

}  // namespace

Result<> tar_create(TarJob& job) {
  return Creator(job).run();
}

}  // namespace rescue
