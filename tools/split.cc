// split: cut a file into pieces.
#include <algorithm>
#include <csignal>
#include <limits>
#include <memory>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/text/input.h"
#include "lib/text/lines.h"
#include "lib/text/output_files.h"
#include "lib/text/words.h"

namespace rescue {
namespace {

enum class Way : uint8_t { unset, lines, bytes, line_bytes, chunk_bytes, chunk_lines, round_robin };

constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view decimals = "0123456789";
constexpr std::string_view hexadecimals = "0123456789abcdef";

struct Options {
  Way way = Way::unset;
  uint64_t count = 1000;  // lines, bytes or chunks
  uint64_t wanted = 0;    // the one chunk that goes to standard output; 0: all, into files
  uint64_t suffix_length = 0;
  std::string ending;
  std::string_view alphabet = letters;
  std::string start;
  std::optional<std::string> separator;
  OutputFiles::Options files;
  bool unbuffered = false;
};

Result<> set_way(Options& o, Way way, uint64_t count) {
  if (o.way != Way::unset)
    return usage_error("cannot split in more than one way");
  o.way = way;
  o.count = count;
  return {};
}

template <Way way>
Result<> set_size(Options& o, std::string_view text) {
  const uint64_t count = TRY(count_argument(text, way == Way::lines ? "number of lines" : "number of bytes"));
  if (count == 0)
    return fail(way == Way::lines ? "invalid number of lines" : "invalid number of bytes", text, "must not be 0");
  return set_way(o, way, count);
}

Result<> set_chunks(Options& o, std::string_view text) {
  Way way = Way::chunk_bytes;
  if (text.starts_with("l/") || text.starts_with("r/")) {
    way = text[0] == 'l' ? Way::chunk_lines : Way::round_robin;
    text.remove_prefix(2);
  }
  const size_t slash = text.find('/');
  uint64_t wanted = 0;
  if (slash != std::string_view::npos)
    wanted = TRY(number_argument(text.substr(0, slash), "chunk number", 1));
  const uint64_t count =
      TRY(number_argument(slash == std::string_view::npos ? text : text.substr(slash + 1), "number of chunks", 1));
  if (wanted > count)
    return fail("invalid chunk number", text, "there are not that many chunks");
  TRY(set_way(o, way, count));
  o.wanted = wanted;
  return {};
}

Result<> set_suffix_length(Options& o, std::string_view text) {
  o.suffix_length = TRY(number_argument(text, "suffix length"));
  return {};
}

template <const std::string_view& alphabet>
Result<> set_alphabet(Options& o, std::string_view start) {
  o.alphabet = alphabet;
  if (start.find_first_not_of(alphabet) != std::string_view::npos)
    return fail("invalid start value", start, "is not a number of that kind");
  // Zeros in front make it no larger.
  while (start.size() > 1 && start[0] == '0')
    start.remove_prefix(1);
  if (!start.empty())
    o.start = start;
  return {};
}

template <const std::string_view& alphabet>
Result<> set_alphabet_plain(Options& o, std::string_view /*none*/) {
  o.alphabet = alphabet;
  return {};
}

Result<> set_ending(Options& o, std::string_view text) {
  if (text.contains('/'))
    return fail("invalid suffix", text, "contains a directory separator");
  o.ending = text;
  return {};
}

Result<> set_separator(Options& o, std::string_view text) {
  std::string separator(text == "\\0" ? std::string_view("\0", 1) : text);
  if (separator.size() != 1)
    return fail("separator", text, "must be a single character");
  if (o.separator && *o.separator != separator)
    return fail("separator", text, "another one was given before");
  o.separator = std::move(separator);
  return {};
}

template <typename T>
using Member = T OutputFiles::Options::*;

template <Member<bool> member>
Result<> set_file_option(Options& o, std::string_view /*none*/) {
  o.files.*member = true;
  return {};
}

Result<> set_filter(Options& o, std::string_view command) {
  o.files.filter = command;
  return {};
}

constexpr Opt<Options> options[] = {
    {'a', "suffix-length", set_suffix_length, "suffixes of N letters; without it, of two and more", "N"},
    {0, "additional-suffix", set_ending, "put SUFFIX at the end of the names", "SUFFIX"},
    {'b', "bytes", set_size<Way::bytes>, "pieces of SIZE bytes", "SIZE"},
    {'C', "line-bytes", set_size<Way::line_bytes>, "pieces of whole lines, SIZE bytes at most", "SIZE"},
    {'d', nullptr, set_alphabet_plain<decimals>, "numbers as suffixes, not letters"},
    {0, "numeric-suffixes", set_alphabet<decimals>, "the same, and where to start", "[FROM]"},
    {'x', nullptr, set_alphabet_plain<hexadecimals>, "hexadecimal numbers as suffixes"},
    {0, "hex-suffixes", set_alphabet<hexadecimals>, "the same, and where to start", "[FROM]"},
    {'e', "elide-empty-files", set_file_option<&OutputFiles::Options::skip_empty>, "make no empty files with -n"},
    {0, "filter", set_filter, "write to the shell command, which finds the name in $FILE", "COMMAND"},
    {'l', "lines", set_size<Way::lines>, "pieces of N lines, not of 1000", "N"},
    {'n', "number", set_chunks, "as many pieces as CHUNKS says", "CHUNKS"},
    {'t', "separator", set_separator, "lines end with SEP, not with a newline; \\0 is a zero byte", "SEP"},
    {'u', "unbuffered", &Options::unbuffered, "with -n r/..., write each line at once"},
    {0, "verbose", set_file_option<&OutputFiles::Options::verbose>, "name each file before it is opened"},
};

constexpr size_t buffer_size = 65536;

class Splitter {
 public:
  Splitter(const Options& opt, Io& io, const Input& input, OutputFiles& files)
      : opt_(opt),
        io_(io),
        input_(input),
        files_(files),
        line_end_(opt.separator ? (*opt.separator)[0] : '\n'),
        buffer_(std::make_unique_for_overwrite<char[]>(buffer_size)) {}

  Result<> split() {
    switch (opt_.way) {
      case Way::bytes: TRY(by_bytes(opt_.count, 0)); break;
      case Way::line_bytes: TRY(by_line_bytes()); break;
      case Way::chunk_bytes: TRY(by_chunks()); break;
      case Way::chunk_lines: TRY(by_line_chunks()); break;
      case Way::round_robin: return by_turns();
      default: TRY(by_lines());
    }
    return files_.end();
  }

 private:
  Result<std::string_view> read(uint64_t limit = buffer_size) {
    const auto room = static_cast<size_t>(std::min<uint64_t>(buffer_size, limit));
    return std::string_view(buffer_.get(), TRY(read_some(input_.fd(), {buffer_.get(), room}, input_.name())));
  }

  // Pieces of that many bytes; with `pieces`, no more than so many, and the last one takes the rest.
  Result<> by_bytes(uint64_t size, uint64_t pieces) {
    uint64_t left = 0;
    uint64_t begun = 0;
    while (true) {
      std::string_view text = TRY(read());
      if (text.empty())
        break;
      while (!text.empty()) {
        const bool last = pieces != 0 && begun == pieces;
        if (left == 0 && !last) {
          TRY(files_.begin());
          ++begun;
          left = size;
        }
        const bool takes_rest = pieces != 0 && begun == pieces;
        const auto count = takes_rest ? text.size() : static_cast<size_t>(std::min<uint64_t>(left, text.size()));
        TRY(files_.write(text.substr(0, count)));
        text.remove_prefix(count);
        left -= std::min<uint64_t>(left, count);
      }
    }
    for (; begun < pieces && !opt_.files.skip_empty; ++begun)
      TRY(files_.begin());
    return {};
  }

  Result<> by_lines() {
    uint64_t left = 0;
    while (true) {
      std::string_view text = TRY(read());
      if (text.empty())
        return {};
      while (!text.empty()) {
        if (left == 0) {
          TRY(files_.begin());
          left = opt_.count;
        }
        const size_t end = after(text, left);
        TRY(files_.write(text.substr(0, end)));
        text.remove_prefix(end);
      }
    }
  }

  // Behind the next `count` lines of the text; those that end in it are taken off.
  size_t after(std::string_view text, uint64_t& count) const {
    const char* at = text.data();
    const char* const stop = at + text.size();
    while (count > 0 && at < stop) {
      const char* const end = find_byte(at, stop, line_end_);
      if (end == stop)
        return text.size();
      at = end + 1;
      --count;
    }
    return static_cast<size_t>(at - text.data());
  }

  // Whole lines as long as they fit; a line that fits in no file is cut.
  Result<> by_line_bytes() {
    LineReader lines(input_.fd(), input_.name(), line_end_);
    uint64_t used = opt_.count;
    for (std::string_view line; lines.next(line);) {
      std::string_view text = lines.whole(line);
      // Of a last line without its end GNU's learns too late that it would fill the rest.
      const size_t beyond = used > 0 && !text.ends_with(line_end_) ? 1 : 0;
      if (text.size() + beyond > opt_.count - used) {
        TRY(files_.begin());
        used = 0;
      }
      while (text.size() > opt_.count) {
        TRY(files_.write(text.substr(0, static_cast<size_t>(opt_.count))));
        text.remove_prefix(static_cast<size_t>(opt_.count));
        TRY(files_.begin());
      }
      TRY(files_.write(text));
      used += text.size();
    }
    return lines.end();
  }

  Result<uint64_t> input_size() {
    constexpr uint64_t enough = 1 << 20;
    struct stat info{};
    const off_t here = ::lseek(input_.fd(), 0, SEEK_CUR);
    bool known = here >= 0 && ::fstat(input_.fd(), &info) == 0;
    uint64_t size = 0;
    if (known && (S_ISBLK(info.st_mode) || (S_ISREG(info.st_mode) && info.st_size > info.st_blksize))) {
      const off_t end = S_ISREG(info.st_mode) ? info.st_size : ::lseek(input_.fd(), 0, SEEK_END);
      known = end >= here;
      size = static_cast<uint64_t>(end - here);
    } else if (known) {
      // What the kernel makes up says another size than it has, and may have no end.
      for (size_t count = 1; count > 0 && size <= enough; size += count)
        count = TRY(read()).size();
      known = size <= enough;
    }
    if (!known || ::lseek(input_.fd(), here, SEEK_SET) != here)
      return fail("split", input_.name(), "its size cannot be determined");
    return size;
  }

  Result<> by_chunks() {
    const uint64_t size = TRY(input_size());
    const uint64_t chunk = std::max<uint64_t>(1, size / opt_.count);
    if (opt_.wanted == 0)
      return by_bytes(chunk, opt_.count);
    const uint64_t start = (opt_.wanted - 1) * chunk;
    if (start >= size)
      return {};
    if (::lseek(input_.fd(), static_cast<off_t>(start), SEEK_CUR) < 0)
      return fail("seek", input_.name());
    uint64_t left = opt_.wanted == opt_.count ? size - start : chunk;
    while (left > 0 && io_.out.ok()) {
      const std::string_view text = TRY(read(left));
      if (text.empty())
        break;
      io_.out.write(text);
      left -= text.size();
    }
    return {};
  }

  // A line belongs to the chunk in which it begins.
  Result<> by_line_chunks() {
    const uint64_t size = TRY(input_size());
    const uint64_t chunk = std::max<uint64_t>(1, size / opt_.count);
    LineReader lines(input_.fd(), input_.name(), line_end_);
    uint64_t at = 0;
    uint64_t number = 0;
    for (std::string_view line; at < size && io_.out.ok() && lines.next(line);) {
      const std::string_view text = lines.whole(line);
      const uint64_t home = std::min(at / chunk + 1, opt_.count);
      TRY(go_to_chunk(number, home));
      if (opt_.wanted == 0)
        TRY(files_.write(text));
      else if (opt_.wanted == number)
        io_.out.write(text);
      else if (number > opt_.wanted)
        return {};
      at += text.size();
    }
    TRY(lines.end());
    if (opt_.files.skip_empty)
      return {};
    return go_to_chunk(number, opt_.count);
  }

  Result<> go_to_chunk(uint64_t& number, uint64_t home) {
    while (number < home) {
      ++number;
      if (opt_.wanted == 0 && (number == home || !opt_.files.skip_empty))
        TRY(files_.begin());
    }
    return {};
  }

  Result<> by_turns() {
    if (opt_.wanted == 0 && !opt_.files.skip_empty)
      for (uint64_t i = 0; i < opt_.count; ++i)
        TRY(files_.open());
    LineReader lines(input_.fd(), input_.name(), line_end_);
    uint64_t turn = 0;
    uint64_t opened = opt_.files.skip_empty ? 0 : opt_.count;
    uint64_t listening = opt_.count;
    for (std::string_view line; listening > 0 && io_.out.ok() && lines.next(line); turn = (turn + 1) % opt_.count) {
      const std::string_view text = lines.whole(line);
      if (opt_.wanted != 0) {
        if (turn + 1 == opt_.wanted)
          io_.out.write(text);
        if (opt_.unbuffered)
          (void)io_.out.flush();
        continue;
      }
      if (turn == opened) {
        TRY(files_.open());
        ++opened;
      }
      if (pieces_.size() <= turn)
        pieces_.resize(turn + 1);
      pieces_[turn] += text;
      if (opt_.unbuffered || pieces_[turn].size() >= 4096)
        TRY(hand_over(turn, listening));
    }
    for (uint64_t i = 0; i < pieces_.size(); ++i)
      TRY(hand_over(i, listening));
    TRY(lines.end());
    return files_.end_all();
  }

  // What was collected for a file; a filter that does not listen any more gets nothing.
  Result<> hand_over(uint64_t turn, uint64_t& listening) {
    deaf_.resize(pieces_.size());
    if (!deaf_[turn] && !TRY(files_.write_to(turn, pieces_[turn]))) {
      deaf_[turn] = true;
      --listening;
    }
    pieces_[turn].clear();
    return {};
  }

  const Options& opt_;
  Io& io_;
  const Input& input_;
  OutputFiles& files_;
  char line_end_;
  std::unique_ptr<char[]> buffer_;
  std::vector<std::string> pieces_;
  std::vector<bool> deaf_;
};

// How long suffixes are: long enough for the number of pieces, where that is known.
Result<SuffixedNames> make_names(const Options& opt, std::string_view prefix) {
  const bool counted = opt.way == Way::chunk_bytes || opt.way == Way::chunk_lines || opt.way == Way::round_robin;
  size_t needed = 0;
  if (counted) {
    uint64_t last = opt.count - 1;
    const auto start = to_number<uint64_t>(opt.start);
    if (start && *start < opt.count)
      last += *start;
    do
      ++needed;
    while ((last /= opt.alphabet.size()) != 0);
  }
  if (opt.suffix_length != 0 && opt.suffix_length < needed)
    return fail("suffix length", str(opt.suffix_length), "must be at least ", needed);
  const bool grows = opt.start.empty() && !counted && opt.suffix_length == 0;
  const size_t length = opt.suffix_length != 0 ? static_cast<size_t>(opt.suffix_length) : std::max<size_t>(2, needed);
  if (opt.start.size() > length)
    return fail("start value", opt.start, "is longer than the suffixes");
  SuffixedNames names(std::string(prefix), opt.alphabet, length, grows, opt.ending);
  names.start_at(opt.start);
  return names;
}

// Files that are written in turn are all open.
void allow_many_files() {
  struct rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

Result<int> run(Options& opt, Io& io, Args& args) {
  const std::string_view name = args.empty() ? "-" : TRY(args.shift("FILE"));
  const std::string_view prefix = args.empty() ? "x" : TRY(args.shift("PREFIX"));
  TRY(args.expect_end());
  if (opt.wanted != 0 && !opt.files.filter.empty())
    return usage_error("--filter does not process a chunk extracted to standard output");
  Input input = TRY(Input::open(name, io));
  struct stat info{};
  if (::fstat(input.fd(), &info) == 0 && S_ISREG(info.st_mode)) {
    opt.files.input_dev = info.st_dev;
    opt.files.input_ino = info.st_ino;
  }
  if (opt.way == Way::round_robin)
    allow_many_files();
  OutputFiles files(opt.files, TRY(make_names(opt, prefix)), io);
  if (const auto done = Splitter(opt, io, input, files).split(); !done) {
    const int status = io.report(done.error());
    return files.filter_status() != 0 ? files.filter_status() : status;
  }
  TRY(input.close());
  return io.status();
}

int run_split(const Applet& applet, Io& io, std::span<const char* const> words) {
  return entry<options, run>(applet, io, with_numbers(words, '-', "-l").words());
}

}  // namespace

extern const Applet split_applet = {
    .name = "split",
    .summary = "cut a file into pieces",
    .usage = "[OPTION]... [FILE [PREFIX]]",
    .notes = dense<
        "The pieces are PREFIXaa, PREFIXab and so on; PREFIX is x. SIZE may have a unit: K 1024, KB 1000, M, MB ...\n"
        "CHUNKS: N by size; K/N only the K-th, to standard output; l/N and l/K/N without cutting lines; r/N and r/K/N\n"
        "line by line in turn. Without a FILE, or where it is -, standard input is read.">,
    .options = describe<options>,
    .run = run_split,
};
}  // namespace rescue
