#include "lib/archive/pack_command.h"

#include <algorithm>
#include <cerrno>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/archive/pack_list.h"
#include "lib/base/confirm.h"
#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/fs/attributes.h"
#include "lib/fs/root.h"

namespace rescue {

namespace {

constexpr uint64_t small_file = 64 * 1024;

// What comes out, counted; zeros become holes where the file may have them.
class OutputFile : public Sink {
 public:
  OutputFile(int fd, std::string_view path, bool sparse) : fd_(fd), path_(path), sparse_(sparse) {}
  uint64_t size() const { return size_; }

  Result<> write(std::string_view bytes) override {
    size_ += bytes.size();
    if (fd_ < 0)
      return {};
    while (sparse_ && !bytes.empty()) {
      const std::string_view piece = bytes.substr(0, hole_size);
      if (piece.size() < hole_size || piece.find_first_not_of('\0') != std::string_view::npos) {
        // As many pieces at once as there are without a hole.
        const size_t length = std::min(next_hole(bytes), bytes.size());
        TRY(write_all(fd_, bytes.substr(0, length), path_));
        bytes.remove_prefix(length);
        at_hole_ = false;
        continue;
      }
      if (::lseek(fd_, hole_size, SEEK_CUR) < 0)
        return fail("write", path_);
      bytes.remove_prefix(hole_size);
      at_hole_ = true;
    }
    return write_all(fd_, bytes, path_);
  }

  // The end of a file that ends with a hole.
  Result<> finish() const {
    if (at_hole_ && ::ftruncate(fd_, ::lseek(fd_, 0, SEEK_CUR)) < 0)
      return fail("write", path_);
    return {};
  }

 private:
  static constexpr size_t hole_size = 32768;
  static size_t next_hole(std::string_view bytes) {
    size_t at = 0;
    while (at < bytes.size() && bytes.substr(at, hole_size).find_first_not_of('\0') != std::string_view::npos)
      at += hole_size;
    return std::max(at, size_t{1});
  }

  int fd_;
  std::string_view path_;
  bool sparse_;
  bool at_hole_ = false;
  uint64_t size_ = 0;
};

// What goes in, counted.
class CountedSource : public Source {
 public:
  CountedSource(int fd, std::string_view path, std::string first, uint64_t& count)
      : source_(fd, path), first_(std::move(first)), count_(count) {}
  Result<std::string_view> next() override {
    if (!started_) {
      started_ = true;
      count_ += first_.size();
      if (!first_.empty())
        return std::string_view(first_);
    }
    const std::string_view block = TRY(source_.next());
    count_ += block.size();
    return block;
  }
  std::string_view path() const override { return source_.path(); }

 private:
  FdSource source_;
  std::string first_;
  uint64_t& count_;
  bool started_ = false;
};

struct Ending {
  std::string_view packed;
  std::string_view plain;
};

constexpr Ending gzip_endings[] = {{".gz", ""}, {".tgz", ".tar"}, {".taz", ".tar"},
                                   {"-gz", ""}, {".z", ""},       {"-z", ""}};
constexpr Ending bzip2_endings[] = {{".bz2", ""}, {".bz", ""}, {".tbz2", ".tar"}, {".tbz", ".tar"}};
constexpr Ending xz_endings[] = {{".xz", ""}, {".txz", ".tar"}, {".lzma", ""}, {".tlz", ".tar"}};
constexpr Ending zstd_endings[] = {{".zst", ""}, {".tzst", ".tar"}, {".gz", ""},   {".tgz", ".tar"},
                                   {".xz", ""},  {".txz", ".tar"},  {".lzma", ""}, {".bz2", ""}};

std::span<const Ending> endings_of(Codec codec) {
  switch (codec) {
    case Codec::gzip: return gzip_endings;
    case Codec::bzip2: return bzip2_endings;
    case Codec::zstd: return zstd_endings;
    default: return xz_endings;
  }
}

std::string_view own_ending(Codec codec) {
  switch (codec) {
    case Codec::gzip: return ".gz";
    case Codec::bzip2: return ".bz2";
    case Codec::lzma: return ".lzma";
    case Codec::zstd: return ".zst";
    default: return ".xz";
  }
}

class Packer {
 public:
  Packer(const PackCall& call, const PackOptions& opt, Io& io) : opt_(opt), io_(io), codec_(call.codec) {
    mode_ = opt.mode.value_or(call.mode);
    to_stdout_ = opt.to_stdout || call.to_stdout;
    ending_ = opt.suffix.empty() ? own_ending(codec_) : std::string_view(opt.suffix);
  }

  Result<> prepare(const Args& args) {
    if (opt_.format)
      TRY(set_format(*opt_.format));
    if (opt_.threads) {
      const auto number = to_number<unsigned>(*opt_.threads);
      if (!number)
        return usage_error("'", Printable(*opt_.threads), "' is not a number of threads");
      encode_.threads = decode_.threads = *number;
    } else {
      // Where that changes nothing but the time.
      encode_.threads = codec_ == Codec::gzip ? 0 : 1;
      decode_.threads = 0;
    }
    if (opt_.window) {
      const auto log = opt_.window->empty() ? std::optional(27) : to_number<int>(*opt_.window);
      if (!log || *log < 10 || *log > 31)
        return usage_error("'", Printable(*opt_.window), "' is not a size of a window, 10 to 31");
      encode_.window_log = decode_.window_log = *log;
    }
    if (codec_ == Codec::zstd && opt_.level.value_or(3) > 19 && !opt_.ultra)
      encode_.level = 19;  // as zstd does, with a warning
    else
      encode_.level = opt_.level;
    encode_.extreme = opt_.extreme;
    encode_.checksum = !opt_.no_checksum;
    if (!opt_.check.empty())
      TRY(set_check(opt_.check));
    if (!opt_.output.empty() && args.size() > 1)
      return usage_error("-o takes one file");
    for (const std::string_view name : args)
      longest_name_ = std::max(longest_name_, name.size());
    one_file_ = args.size() < 2;
    files_ = std::max<size_t>(args.size(), 1);
    return {};
  }

  void run(std::string_view operand) {
    path_ = operand;
    if (++started_; lists() && opt_.verbose > 0)
      lister_.name(path_, started_, files_, io_);
    const auto done = operand == "-" ? from_stdin() : one_file();
    if (!done)
      report(done.error());
  }

  int status() const { return status_; }
  bool lists() const { return mode_ == PackMode::list; }
  void finish_list() { lister_.finish(opt_.verbose > 0, io_); }

 private:
  // zstd calls what it leaves alone an error.
  bool says() const { return opt_.quiet < (codec_ == Codec::zstd ? 2 : 1); }
  // zstd sums up what it did without being asked.
  bool sums_up() const {
    return codec_ == Codec::zstd
               ? opt_.quiet == 0 && one_file_ && (mode_ == PackMode::test || !(to_stdout_ || path_ == "-"))
               : opt_.verbose > 0;
  }
  // Whether a warning has a status of its own.
  bool warns() const { return codec_ != Codec::bzip2 && codec_ != Codec::zstd; }
  std::string ending() const { return std::string(ending_); }

  Result<> set_format(std::string_view word) {
    if (word == "lzma" || word == "alone")
      codec_ = Codec::lzma;
    else if (word == "xz")
      codec_ = Codec::xz;
    else if (word != "auto")
      return with_status(fail("unknown format", word, "there are auto, xz and lzma").error(), Status::failed);
    only_ = word == "auto" ? std::optional<Codec>() : codec_;
    if (opt_.suffix.empty())
      ending_ = own_ending(codec_);
    return {};
  }

  Result<> set_check(std::string_view word) {
    constexpr std::pair<std::string_view, int> checks[] = {{"none", 0}, {"crc32", 1}, {"crc64", 4}, {"sha256", 10}};
    for (const auto& [name, number] : checks)
      if (name == word) {
        encode_.check = number;
        return {};
      }
    return with_status(fail("unknown check", word, "there are none, crc32, crc64 and sha256").error(), Status::failed);
  }

  void report(const Error& error) {
    if (opt_.quiet < 2)
      io_.err.put(io_.name, ": ", message(error), '\n');
    if (status_ != 1)
      status_ = codec_ == Codec::bzip2 && error.status() == Status::bad_data ? 2 : 1;
  }

  // A file that is left alone.
  Result<> skip(std::string_view why) {
    if (says())
      io_.err.put(io_.name, ": ", Printable(path_), ": ", why, '\n');
    if (status_ == 0)
      status_ = warns() ? 2 : 1;
    return {};
  }

  Result<> from_stdin() {
    input_info_ = {};
    shown_ = codec_ == Codec::zstd ? "/*stdin*\\" : "standard input";
    if (mode_ == PackMode::list)
      return list(io_.in);
    if (!opt_.output.empty())
      return to_file(io_.in, opt_.output, nullptr);
    return transform_to(io_.in, mode_ == PackMode::test ? -1 : 1, "standard output");
  }

  Result<> one_file() {
    shown_ = path_;
    auto opened = open_input();
    if (!opened && opened.error().code() == ELOOP)
      return codec_ == Codec::gzip ? Result<>(std::unexpected(opened.error())) : skip("is a symbolic link, skipping");
    if (!opened)
      return std::unexpected(opened.error());
    if (S_ISDIR(input_info_.st_mode))
      return directory();
    const bool writes_file = !to_stdout_ && (mode_ == PackMode::compress || mode_ == PackMode::decompress);
    if (!S_ISREG(input_info_.st_mode) && writes_file && opt_.output.empty() && !opt_.force)
      return skip("is not a directory or a regular file - ignored");
    if (mode_ == PackMode::list)
      return list(opened->get());
    if (!writes_file)
      return transform_to(opened->get(), mode_ == PackMode::test ? -1 : 1, "standard output");
    if (!opt_.output.empty())
      return to_file(opened->get(), opt_.output, &input_info_);
    const bool linked =
        input_info_.st_nlink > 1 && codec_ != Codec::zstd && !opt_.force && !(codec_ != Codec::bzip2 && opt_.keep);
    if (linked)
      return skip(
          str("has ", input_info_.st_nlink - 1, " other link", input_info_.st_nlink > 2 ? "s" : "", " -- unchanged"));
    if (warns() && !opt_.force && (input_info_.st_mode & (S_ISUID | S_ISGID)) != 0)
      return skip("is set-user-ID or set-group-ID -- unchanged");
    const auto target = target_name();
    if (!target)
      return {};
    return to_file(opened->get(), *target, &input_info_);
  }

  Result<UniqueFd> open_input() {
    const bool follow = to_stdout_ || opt_.force || mode_ == PackMode::test || mode_ == PackMode::list;
    auto opened = open_file(path_, O_RDONLY | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW));
    // gunzip takes the name without its ending too.
    if (!opened && opened.error().code() == ENOENT && mode_ != PackMode::compress && codec_ == Codec::gzip) {
      const std::string longer = path_ + ending();
      if (auto second = open_file(longer, O_RDONLY | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW))) {
        path_ = longer;
        opened = std::move(second);
      }
    }
    if (opened && ::fstat(opened->get(), &input_info_) < 0)
      return fail("look at", path_);
    return opened;
  }

  Result<> directory() {
    if (!opt_.recursive)
      return skip("is a directory -- ignored");
    const std::string top = path_;
    for (const DirEntry& entry : TRY(list_dir(TRY(open_file(top, O_RDONLY | O_DIRECTORY)).get(), top))) {
      if (entry.type == DT_LNK)
        continue;
      path_ = str(top, top.ends_with('/') ? "" : "/", entry.name);
      // In a directory, what has the ending already is passed over without a word.
      if (entry.type != DT_DIR && is_packed(path_) == (mode_ == PackMode::compress))
        continue;
      if (const auto done = one_file(); !done)
        report(done.error());
    }
    return {};
  }

  bool is_packed(std::string_view name) const {
    return name.ends_with(ending_) || std::ranges::any_of(endings_of(codec_), [&](const Ending& ending) {
             return name.size() > ending.packed.size() && name.ends_with(ending.packed);
           });
  }

  // The name of what is written; nothing where the file is left alone.
  std::optional<std::string> target_name() {
    std::string name = path_;
    if (!opt_.directory.empty())
      name = str(opt_.directory, '/', base_name(path_));
    if (mode_ == PackMode::compress) {
      if (is_packed(path_) && !(opt_.force && codec_ == Codec::gzip && !path_.ends_with(ending_)) &&
          codec_ != Codec::zstd) {
        const int before = status_;
        (void)skip(str("already has ", ending_, " suffix -- unchanged"));
        if (codec_ == Codec::gzip)
          status_ = before;
        return std::nullopt;
      }
      return name + ending();
    }
    if (name.size() > ending_.size() && name.ends_with(ending_))
      return name.substr(0, name.size() - ending_.size());
    for (const Ending& ending : endings_of(codec_))
      if (name.size() > ending.packed.size() && name.ends_with(ending.packed))
        return str(std::string_view(name).substr(0, name.size() - ending.packed.size()), ending.plain);
    if (codec_ == Codec::bzip2) {
      if (says())
        io_.err.put(io_.name, ": ", Printable(path_), ": unknown suffix, so it becomes ", Printable(name), ".out\n");
      return name + ".out";
    }
    // xz looks into it first, and a wrong form is worse than a wrong name.
    (void)skip("unknown suffix -- ignored");
    return std::nullopt;
  }

  Result<> may_write(const std::string& target) {
    struct stat there{};
    if (::lstat(target.c_str(), &there) < 0)
      return {};
    if (S_ISDIR(there.st_mode))
      return fail("write", target, EISDIR);
    if (input_info_.st_ino == there.st_ino && input_info_.st_dev == there.st_dev)
      return fail("write", target, "it is the file that is read");
    const bool may = opt_.force || (codec_ == Codec::gzip && ::isatty(io_.in) == 1 &&
                                    confirm(io_, str(Printable(target), " already exists; overwrite")));
    if (!may)
      return fail("write", target, "already exists; -f overwrites it");
    return {};
  }

  // The target gets its name when it is whole; the source goes when the target has it.
  Result<> to_file(int in, const std::string& target, const struct stat* info) {
    if (const auto may = may_write(target); !may) {
      if (codec_ == Codec::gzip && status_ == 0 && may.error().code() == 0) {
        if (says())
          io_.err.put(io_.name, ": ", message(may.error()), '\n');
        status_ = 2;
        return {};
      }
      return may;
    }
    const std::string place = str(dir_name(target), "/.rescue-", ::getpid(), '-', base_name(target).substr(0, 200));
    const bool special = target == "/dev/null" || target == "/dev/stdout";
    const std::string& written = special ? target : place;
    UniqueFd out = TRY(open_file(written, special ? O_WRONLY : O_WRONLY | O_CREAT | O_EXCL, 0600));
    auto done = transform(in, out.get(), target);
    if (done && info != nullptr && !special)
      done = copy_attributes(*info, out.get(), target);
    else if (done && !special)
      done = set_mode({.fd = out.get(), .shown = target}, 0666 & ~mask_);
    if (done)
      done = out.close(target);
    if (done && !special && ::rename(place.c_str(), target.c_str()) < 0)
      done = fail("write", target);
    if (!done) {
      if (!special)
        (void)::unlink(place.c_str());
      return done;
    }
    const bool removes = codec_ == Codec::zstd ? opt_.remove : !opt_.keep;
    if (info != nullptr && removes && opt_.output.empty() && ::unlink(path_.c_str()) < 0)
      return fail("remove", path_);
    sum_up(target, removes);
    return {};
  }

  Result<> copy_attributes(const struct stat& info, int fd, const std::string& target) {
    const FileRef file{.fd = fd, .shown = target};
    const bool owned = TRY(set_owner(file, info));
    TRY(set_mode(file, info.st_mode & (owned ? 0777 : 0777 & ~06000)));
    return set_times(file, info);
  }

  Result<> transform_to(int in, int out, std::string_view target) {
    if (mode_ == PackMode::compress && out == 1 && !opt_.force && ::isatty(1) == 1)
      return fail("write", "standard output", "compressed data is not written to a terminal; -f does so");
    TRY(transform(in, out, target));
    sum_up("", false);
    return {};
  }

  Result<> transform(int in, int out, std::string_view target) {
    read_ = 0;
    written_ = 0;
    struct stat info{};
    const bool may_be_sparse = mode_ == PackMode::decompress && !opt_.no_sparse && codec_ != Codec::gzip &&
                               codec_ != Codec::bzip2 && out > 1 && ::fstat(out, &info) == 0 && S_ISREG(info.st_mode);
    OutputFile file(out, target, may_be_sparse);
    TRY(mode_ == PackMode::compress ? compress(in, file, target) : decompress(in, file));
    TRY(file.finish());
    written_ = file.size();
    return {};
  }

  Result<> compress(int in, OutputFile& file, std::string_view target) {
    EncodeOptions options = encode_;
    const bool regular = S_ISREG(input_info_.st_mode);
    if (regular && codec_ == Codec::gzip && !opt_.without_name) {
      options.name = base_name(path_);
      const int64_t time = input_info_.st_mtim.tv_sec;
      options.mtime = time > 0 && time <= UINT32_MAX ? static_cast<uint32_t>(time) : 0;
    }
    header_ = 18 + (options.name.empty() ? 0 : options.name.size() + 1);
    if (regular && codec_ == Codec::zstd)
      options.size = static_cast<uint64_t>(input_info_.st_size);
    // One thread has less to set up.
    if (regular && static_cast<uint64_t>(input_info_.st_size) < small_file && codec_ == Codec::gzip)
      options.threads = 1;
    const auto encoder = TRY(encode(file, codec_, options, target));
    CountedSource source(in, shown_, {}, read_);
    while (true) {
      const std::string_view block = TRY(source.next());
      if (block.empty())
        return encoder->finish();
      TRY(encoder->write(block));
    }
  }

  Result<> decompress(int in, OutputFile& file) {
    std::string start(32, '\0');
    start.resize(TRY(read_full(in, start, shown_)));
    const Codec found = codec_of(start);
    const bool xz = codec_ == Codec::xz || codec_ == Codec::lzma;
    const bool known = only_                   ? found == *only_
                       : codec_ == Codec::zstd ? found != Codec::none
                       : xz                    ? found == Codec::xz || found == Codec::lzma
                                               : found == codec_;
    // As they come, where that was asked for in this way: zcat -f reads anything.
    const bool plain = !known && to_stdout_ && mode_ == PackMode::decompress && (opt_.force || io_.name == "zstdcat");
    if (!known && !plain && start.empty() && codec_ == Codec::gzip && opt_.force)
      return {};
    if (!known && !plain)
      return with_status(
          corrupt("decompress", shown_, start.empty() ? "is empty" : str("is not in ", name_of(codec_), " format"))
              .error(),
          codec_ == Codec::bzip2 ? Status::bad_data : Status::failed);
    header_ = 18 + (found == Codec::gzip && start.size() > 3 && (start[3] & 8) != 0
                        ? std::string_view(start).substr(10).find('\0') + 1
                        : 0);
    const auto source = decode(std::make_unique<CountedSource>(in, shown_, std::move(start), read_),
                               plain ? Codec::none : found, decode_);
    while (true) {
      const std::string_view block = TRY(source->next());
      if (block.empty())
        break;
      TRY(file.write(block));
    }
    if (source->has_rubbish()) {
      if (says())
        io_.err.put(io_.name, ": ", Printable(shown_), ": trailing garbage after the end was ignored\n");
      if (codec_ == Codec::gzip && status_ == 0)
        status_ = 2;
    }
    return {};
  }

  static std::string_view name_of(Codec codec) {
    switch (codec) {
      case Codec::gzip: return "gzip";
      case Codec::bzip2: return "bzip2";
      case Codec::zstd: return "zstd";
      case Codec::lzma: return "lzma";
      default: return "xz";
    }
  }

  Result<> list(int fd) {
    std::string_view name = shown_;
    if (codec_ == Codec::gzip)
      for (const Ending& ending : gzip_endings)
        if (name.ends_with(ending.packed)) {
          name.remove_suffix(ending.packed.size());
          break;
        }
    return lister_.add(fd, path_, name, opt_.verbose > 0, io_);
  }

  void sum_up(std::string_view target, bool replaced) {
    if (!sums_up() || mode_ == PackMode::list)
      return;
    const bool packs = mode_ == PackMode::compress;
    const PackSum sum{shown_,   target,       read_, written_, header_, packs, mode_ == PackMode::test,
                      replaced, longest_name_};
    io_.err.put(pack_sum(codec_, sum));
  }

  const PackOptions& opt_;
  Io& io_;
  Codec codec_;
  PackMode mode_;
  bool to_stdout_;
  std::string_view ending_;
  std::optional<Codec> only_;  // the one form that --format allows
  EncodeOptions encode_;
  DecodeOptions decode_;
  size_t longest_name_ = 7;
  bool one_file_ = false;
  size_t files_ = 0;
  size_t started_ = 0;
  const mode_t mask_ = [] {
    const mode_t mask = ::umask(0);
    (void)::umask(mask);
    return mask;
  }();
  PackLister lister_{codec_};

  // Of the current file.
  std::string path_;
  std::string shown_;
  struct stat input_info_{};
  uint64_t read_ = 0;
  uint64_t written_ = 0;
  uint64_t header_ = 0;
  int status_ = 0;
};

}  // namespace

Result<int> run_pack(const PackCall& call, const PackOptions& options, Io& io, const Args& args) {
  Packer packer(call, options, io);
  TRY(packer.prepare(args));
  if (args.empty())
    packer.run("-");
  for (const std::string_view operand : args)
    packer.run(operand);
  if (packer.lists())
    packer.finish_list();
  return packer.status();
}

}  // namespace rescue
