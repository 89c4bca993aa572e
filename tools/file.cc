// file: say what files are, by their content.
#include <algorithm>
#include <cerrno>
#include <optional>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/archive/codec.h"
#include "lib/archive/file_format.h"
#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/utf8.h"
#include "lib/elf/file_words.h"
#include "lib/sys/disk_words.h"
#include "lib/text/text_kind.h"

namespace rescue {
namespace {

struct Options {
  bool brief = false;
  bool mime_type = false;
  bool mime_encoding = false;
  bool follow = false;
  bool look_inside = false;
  bool inside_only = false;
  bool special_files = false;
  bool no_pad = false;
  bool raw = false;
  bool stop_at_error = false;
  bool keep_times = false;
  bool unbuffered = false;
  unsigned zero = 0;
  std::string separator = ":";
  std::vector<std::string> lists;
};

Result<> choose_mime(Options& o, std::string_view /*none*/) {
  o.mime_type = o.mime_encoding = true;
  return {};
}

constexpr Opt<Options> options[] = {
    {'b', "brief", &Options::brief, "print no names of files"},
    {'E', nullptr, &Options::stop_at_error, "end with a message and status 1 where a file cannot be looked at"},
    {'f', "files-from", &Options::lists, "look at the files whose names are the lines of FILE", "FILE"},
    {'F', "separator", &Options::separator, "print TEXT behind a name in place of a colon", "TEXT"},
    {'h', "no-dereference", set<&Options::follow, false>, "say of a link where it leads to (default)"},
    {'L', "dereference", set<&Options::follow, true>, "say of a link what it leads to"},
    {'i', "mime", choose_mime, "print MIME types and encodings: text/plain; charset=us-ascii"},
    {0, "mime-type", &Options::mime_type, "the types alone"},
    {0, "mime-encoding", &Options::mime_encoding, "the encodings alone"},
    {'n', "no-buffer", &Options::unbuffered, "print each answer at once"},
    {'N', "no-pad", &Options::no_pad, "do not align the answers"},
    {'0', "print0", &Options::zero, "print a NUL behind each name; twice: and behind each answer, with no separator"},
    {'p', "preserve-date", &Options::keep_times, "leave the times of last access as they are"},
    {'r', "raw", &Options::raw, "print control characters of names as they are"},
    {'s', "special-files", &Options::special_files, "read block and character devices, too: what is on a disk"},
    {'z', "uncompress", &Options::look_inside, "look into compressed files, too"},
    {'Z', "uncompress-noreport", &Options::inside_only, "the same, and say nothing of the compression"},
};

constexpr size_t start_size = 65536;
constexpr size_t inside_size = size_t{7} << 20;
constexpr std::string_view data_mime = "application/octet-stream";

struct Verdict {
  std::string words;
  std::string mime;
  std::string_view charset = "binary";
  bool begins_with_comma = false;  // behind "setuid "
};

Verdict inode(std::string_view words, std::string_view mime) {
  return {std::string(words), std::string(mime)};
}

// Text of its own right, a script, or data.
Verdict judge_text(std::string_view start, const TextKind& kind) {
  const ScriptKind script = script_kind(start);
  if (script.words.empty() && !kind.is_text())
    return inode("data", data_mime);
  const std::string_view mime = script.words.empty() ? "text/plain" : script.mime;
  Verdict verdict{script.words, std::string(mime), encoding_mime(kind.encoding), script.words.empty()};
  if (!kind.is_text()) {
    verdict.words += " executable (binary data)";
  } else if (script.words.starts_with("Perl")) {
    verdict.words += " text executable";
  } else {
    const bool runs = !script.words.empty() && !script.words.ends_with("executable");
    verdict.words += str(script.words.empty() ? "" : ", ", encoding_words(kind.encoding), " text",
                         runs ? " executable" : "", line_words(kind));
  }
  return verdict;
}

// `fd` is -1 for what came out of a decompressor.
Verdict judge_content(std::string_view start, uint64_t size, int fd, const std::string& path) {
  const Bytes bytes(start, path);
  if (elf::is_elf(start)) {
    const auto image = fd < 0 ? elf::Image::salvage(bytes) : elf::Image::salvage(fd, size, path);
    if (!image)
      return inode("ELF", data_mime);
    elf::FileView whole(fd, size, path);
    elf::FileView part(bytes);
    const elf::FileWords found = elf::file_words(fd < 0 ? part : whole, *image);
    return inode(found.text, found.mime);
  }
  const TextKind kind = text_kind(start.substr(0, start_size), size <= start_size);
  if (auto format = file_format(bytes)) {
    if (format->is_text && kind.is_text())
      format->words += str(", ", encoding_words(kind.encoding), " text", line_words(kind));
    return {std::move(format->words), std::string(format->mime), encoding_mime(kind.encoding)};
  }
  if (!kind.is_text() && size >= 1024) {
    FdDisk disk(fd, size, path);
    TextDisk part(start);
    if (auto words = disk_words(fd < 0 ? static_cast<Disk&>(part) : disk))
      return inode(*words, data_mime);
  }
  return size == 1 ? inode("very short file (no magic)", data_mime) : judge_text(start, kind);
}

// The first bytes of what a compressed file holds.
Result<std::string> inside(int fd, Codec codec, const std::string& path) {
  const auto source = decode(std::make_unique<FdSource>(fd, path), codec);
  std::string content;
  while (content.size() < inside_size) {
    const auto piece = TRY(source->next());
    if (piece.empty())
      break;
    content += piece;
  }
  return content;
}

class Looker {
 public:
  Looker(const Options& opt, Io& io) : opt_(opt), io_(io) {}

  Result<Verdict> judge(const std::string& path) const {
    struct stat info{};
    if (path == "-")
      return judge_open(io_.in, "/dev/stdin");
    if ((opt_.follow ? ::stat : ::lstat)(path.c_str(), &info) < 0)
      return fail("", path);
    switch (info.st_mode & S_IFMT) {
      case S_IFLNK: return judge_link(path);
      case S_IFREG: return judge_file(path, info);
      case S_IFBLK:
      case S_IFCHR:
        if (opt_.special_files)
          return judge_file(path, info);
        return inode(str(S_ISBLK(info.st_mode) ? "block" : "character", " special (", major(info.st_rdev), '/',
                         minor(info.st_rdev), ')'),
                     S_ISBLK(info.st_mode) ? "inode/blockdevice" : "inode/chardevice");
      case S_IFIFO: return inode("fifo (named pipe)", "inode/fifo");
      case S_IFSOCK: return inode("socket", "inode/socket");
      default: return inode(str(mode_words(info.st_mode, ", "), "directory"), "inode/directory");
    }
  }

 private:
  // "setuid, setgid" and what is to follow them; empty where there are none.
  static std::string mode_words(mode_t mode, std::string_view end) {
    std::string words;
    for (const auto& [bit, name] : {std::pair{S_ISUID, "setuid"}, {S_ISGID, "setgid"}, {S_ISVTX, "sticky"}})
      if ((mode & bit) != 0)
        words += str(words.empty() ? "" : ", ", name);
    return words.empty() ? words : str(words, end);
  }

  static Result<Verdict> judge_link(const std::string& path) {
    char target[4096];
    const ssize_t length = ::readlink(path.c_str(), target, sizeof target);
    if (length < 0)
      return fail("", path);
    struct stat info{};
    const bool broken = ::stat(path.c_str(), &info) < 0;
    Verdict verdict =
        inode(str(broken ? "broken " : "", "symbolic link to ", printable({target, static_cast<size_t>(length)})),
              "inode/symlink");
    if (broken)
      verdict.charset = "";
    return verdict;
  }

  Result<Verdict> judge_file(const std::string& path, const struct stat& info) const {
    auto file = open_file(path, O_RDONLY | O_NONBLOCK | (opt_.keep_times ? O_NOATIME : 0));
    // Only the owner may ask for the times to be left alone.
    if (!file && file.error().code() == EPERM)
      file = open_file(path, O_RDONLY | O_NONBLOCK);
    if (!file && S_ISREG(info.st_mode))
      return inode(str(mode_words(info.st_mode, " "), (info.st_mode & 0111) != 0 ? "executable, " : "",
                       "regular file, no read permission"),
                   data_mime);
    if (!file)
      return std::unexpected(file.error());
    Verdict verdict = TRY(judge_open(file->get(), path));
    const bool empty = verdict.mime == "inode/x-empty";
    const std::string before = mode_words(info.st_mode, empty ? ", " : " ");
    if (!before.empty())
      verdict.words = str(before, verdict.begins_with_comma ? ", " : "", verdict.words);
    return verdict;
  }

  Result<Verdict> judge_open(int fd, const std::string& path) const {
    std::string start(start_size, '\0');
    start.resize(TRY(read_full(fd, start, path)));
    if (start.empty())
      return inode("empty", "inode/x-empty");
    const off_t end = ::lseek(fd, 0, SEEK_END);
    // What comes through a pipe is judged by its first bytes alone.
    const bool seekable = end > 0;
    const uint64_t size = seekable ? static_cast<uint64_t>(end) : start.size();
    const int file = seekable ? fd : -1;
    Verdict verdict = judge_content(start, size, file, path);
    const Codec codec = codec_of(start);
    if ((opt_.look_inside || opt_.inside_only) && codec != Codec::none && seekable)
      return judge_inside(fd, codec, path, std::move(verdict));
    if (verdict.mime == "application/gzip" && seekable)
      verdict.words += original_size(fd, size, path);
    return verdict;
  }

  Result<Verdict> judge_inside(int fd, Codec codec, const std::string& path, Verdict outside) const {
    if (::lseek(fd, 0, SEEK_SET) < 0)
      return fail("go back in", path);
    const auto content = inside(fd, codec, path);
    if (!content)
      return inode(str("ERROR: ", message(content.error())), data_mime);
    Verdict verdict =
        content->empty() ? inode("empty", "inode/x-empty") : judge_content(*content, content->size(), -1, path);
    if (!opt_.inside_only) {
      verdict.words += str(" (", outside.words, ')');
      verdict.charset = outside.charset.empty() ? verdict.charset : "";
      verdict.mime += str("; charset=", verdict.charset);
    }
    return verdict;
  }

  // The last four bytes of a gzip file.
  static std::string original_size(int fd, uint64_t size, const std::string& path) {
    char bytes[4];
    const auto count = pread_full(fd, bytes, size - std::min<uint64_t>(size, 4), path);
    const auto value = Bytes({bytes, count.value_or(0)}, path).read<uint32_t>(0, "size");
    return value ? str(", original size modulo 2^32 ", *value) : "";
  }

  const Options& opt_;
  Io& io_;
};

class Answers {
 public:
  Answers(const Options& opt, Io& io) : opt_(opt), io_(io), looker_(opt, io) {}

  Result<> answer(const std::string& path, size_t width) {
    const auto verdict = looker_.judge(path);
    print_name(path == "-" ? "/dev/stdin" : path, width);
    if (verdict)
      print(*verdict);
    else
      io_.out.put(opt_.stop_at_error ? "ERROR: cannot stat `" : "cannot open `", shown(path), "' (",
                  errno_text(verdict.error().code()), ')');
    io_.out.put(opt_.zero > 1 ? '\0' : '\n');
    if (!verdict && opt_.stop_at_error)
      io_.fail_silently();
    return opt_.unbuffered ? io_.out.flush() : Result<>();
  }

  std::string shown(const std::string& path) const { return opt_.raw ? path : printable(path); }

 private:
  void print_name(const std::string& path, size_t width) {
    if (opt_.brief)
      return;
    const std::string name = shown(path);
    io_.out.put(name);
    if (opt_.zero > 0)
      io_.out.put('\0');
    if (opt_.zero > 1)
      return;
    const size_t columns = display_width(name);
    const size_t padding = opt_.no_pad || columns > width ? 0 : width - columns;
    io_.out.put(opt_.separator, std::string(padding + 1, ' '));
  }

  void print(const Verdict& verdict) {
    if (!opt_.mime_type && !opt_.mime_encoding)
      io_.out.put(verdict.words);
    if (opt_.mime_type)
      io_.out.put(verdict.mime);
    if (opt_.mime_type && opt_.mime_encoding && !verdict.charset.empty())
      io_.out.put("; charset=");
    if (opt_.mime_encoding)
      io_.out.put(verdict.charset.empty() && !opt_.mime_type ? "binary" : verdict.charset);
  }

  const Options& opt_;
  Io& io_;
  Looker looker_;
};

// Names of one list are aligned with each other.
Result<> answer_all(Answers& answers, const std::vector<std::string>& paths) {
  size_t width = 0;
  for (const std::string& path : paths)
    width = std::max(width, display_width(answers.shown(path == "-" ? "/dev/stdin" : path)));
  for (const std::string& path : paths)
    TRY(answers.answer(path, width));
  return {};
}

Result<> answer_list(Answers& answers, const std::string& list, Io& io) {
  constexpr uint64_t limit = uint64_t{64} << 20;
  UniqueFd file;
  if (list != "-")
    file = TRY(open_file(list, O_RDONLY));
  const std::string text = TRY(read_all(list == "-" ? io.in : file.get(), limit, list));
  std::vector<std::string> paths;
  for (const std::string_view line : split(text, '\n'))
    paths.emplace_back(line);
  if (paths.back().empty())
    paths.pop_back();
  return answer_all(answers, paths);
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (args.empty() && opt.lists.empty())
    return usage_error("missing operand FILE");
  Answers answers(opt, io);
  for (const std::string& list : opt.lists)
    TRY(answer_list(answers, list, io));
  TRY(answer_all(answers, std::vector<std::string>(args.begin(), args.end())));
  return io.status();
}

}  // namespace

extern const Applet file_applet = {
    .name = "file",
    .summary = "say what files are",
    .usage = "[OPTION]... FILE...\n[OPTION]... -f LIST [FILE]...",
    .version_letter = 'v',
    .notes = dense<"Where FILE is -, standard input is read.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
