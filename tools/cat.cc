// cat: print files one after another.
#include <algorithm>
#include <cerrno>
#include <memory>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"

namespace rescue {
namespace {

struct Options {
  bool number = false;
  bool number_nonblank = false;
  bool squeeze = false;
  bool show_ends = false;
  bool show_tabs = false;
  bool show_controls = false;
  bool unbuffered = false;
};

// -A is -vET, -e is -vE, -t is -vT.
template <bool ends, bool tabs>
Result<> show(Options& o, std::string_view /*none*/) {
  o.show_controls = true;
  o.show_ends = o.show_ends || ends;
  o.show_tabs = o.show_tabs || tabs;
  return {};
}

constexpr Opt<Options> options[] = {
    {'A', "show-all", show<true, true>, "the same as -vET"},
    {'b', "number-nonblank", &Options::number_nonblank, "number the lines that are not empty; overrides -n"},
    {'e', nullptr, show<true, false>, "the same as -vE"},
    {'E', "show-ends", &Options::show_ends, "show $ at the end of each line"},
    {'n', "number", &Options::number, "number all lines"},
    {'s', "squeeze-blank", &Options::squeeze, "print one empty line in place of several"},
    {'t', nullptr, show<false, true>, "the same as -vT"},
    {'T', "show-tabs", &Options::show_tabs, "show tabs as ^I"},
    {'u', nullptr, &Options::unbuffered, "ignored: nothing that was read is held back anyway"},
    {'v', "show-nonprinting", &Options::show_controls, "show other characters as ^X and M-X"},
};

constexpr size_t buffer_size = 131072;

// Prints text line by line with the marks that were asked for; lines go on from one file into the next.
class Marker {
 public:
  Marker(const Options& opt, Output& out)
      : opt_(opt), out_(out), plain_(!opt.show_ends && !opt.show_tabs && !opt.show_controls) {}

  void print(std::string_view text) {
    while (!text.empty()) {
      const size_t end = text.find('\n');
      const std::string_view piece = text.substr(0, end);
      if (at_line_start_)
        start_line(end == 0);
      if (plain_ && !skipping_ && end != std::string_view::npos) {
        out_.write(text.substr(0, end + 1));
        at_line_start_ = true;
        text.remove_prefix(end + 1);
        continue;
      }
      if (!skipping_)
        print_piece(piece, end != std::string_view::npos);
      if (end == std::string_view::npos)
        return;
      end_line();
      text.remove_prefix(end + 1);
    }
  }

  // A carriage return is kept back until it is known whether the line ends after it.
  void finish() {
    if (held_return_)
      out_.put('\r');
  }

 private:
  void start_line(bool blank) {
    at_line_start_ = false;
    blank_lines_ = blank ? blank_lines_ + 1 : 0;
    skipping_ = opt_.squeeze && blank_lines_ > 1;
    if (skipping_ || (opt_.number_nonblank ? blank : !opt_.number))
      return;
    // Counted up in its digits.
    size_t at = sizeof number_ - 2;
    for (; number_[at] == '9'; --at)
      number_[at] = '0';
    number_[at] = static_cast<char>(number_[at] == ' ' ? '1' : number_[at] + 1);
    number_from_ = std::min(number_from_, at);
    out_.write({number_ + number_from_, sizeof number_ - number_from_});
  }

  void end_line() {
    if (!skipping_)
      out_.put(opt_.show_ends ? "$\n" : "\n");
    at_line_start_ = true;
    skipping_ = false;
  }

  void print_piece(std::string_view piece, bool line_ends) {
    if (held_return_ && (!piece.empty() || line_ends)) {
      out_.put(piece.empty() ? "^M" : "\r");
      held_return_ = false;
    }
    // -E alone shows a return before the end of the line, which would hide the mark.
    const bool ends_with_return = opt_.show_ends && !opt_.show_controls && piece.ends_with('\r');
    if (ends_with_return)
      piece.remove_suffix(1);
    if (opt_.show_controls || opt_.show_tabs)
      print_marked(piece);
    else
      out_.put(piece);
    if (ends_with_return && line_ends)
      out_.put("^M");
    held_return_ = ends_with_return && !line_ends;
  }

  void print_marked(std::string_view piece) {
    while (!piece.empty()) {
      const auto odd = std::ranges::find_if(piece, [&](char c) { return needs_mark(c); });
      const auto plain = static_cast<size_t>(odd - piece.begin());
      out_.put(piece.substr(0, plain));
      if (plain == piece.size())
        return;
      mark(static_cast<uint8_t>(piece[plain]));
      piece.remove_prefix(plain + 1);
    }
  }

  bool needs_mark(char c) const {
    if (c == '\t')
      return opt_.show_tabs;
    const auto byte = static_cast<uint8_t>(c);
    return opt_.show_controls && (byte < 0x20 || byte >= 0x7f);
  }

  void mark(uint8_t byte) {
    if (byte >= 0x80) {
      out_.put("M-");
      byte &= 0x7f;
    }
    if (byte < 0x20)
      out_.put('^', static_cast<char>(byte + 0x40));
    else if (byte == 0x7f)
      out_.put("^?");
    else
      out_.put(static_cast<char>(byte));
  }

  const Options& opt_;
  Output& out_;
  const bool plain_;  // nothing within lines is marked
  char number_[21] = {' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ',
                      ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', '\t'};
  size_t number_from_ = sizeof number_ - 7;  // six columns at least
  uint64_t blank_lines_ = 0;
  bool at_line_start_ = true;
  bool skipping_ = false;
  bool held_return_ = false;
};

class Printer {
 public:
  Printer(const Options& opt, Io& io)
      : marks_(opt.number || opt.number_nonblank || opt.squeeze || opt.show_ends || opt.show_tabs || opt.show_controls),
        io_(io),
        marker_(opt, io.out),
        buffer_(std::make_unique_for_overwrite<char[]>(buffer_size)) {
    has_output_ = ::fstat(io.out.fd(), &output_) == 0 && S_ISREG(output_.st_mode);
  }

  Result<> print(const std::string& path) {
    if (path == "-")
      return print_fd(io_.in, path);
    UniqueFd file = TRY(open_file(path, O_RDONLY));
    TRY(print_fd(file.get(), path));
    return file.close(path);
  }

  void finish() { marker_.finish(); }

 private:
  // Reading what we write would never end.
  Result<> refuse_own_output(int fd, std::string_view path) const {
    struct stat info{};
    if (!has_output_ || ::fstat(fd, &info) < 0)
      return {};
    if (info.st_dev == output_.st_dev && info.st_ino == output_.st_ino && ::lseek(fd, 0, SEEK_CUR) < info.st_size)
      return fail("read", path, "the input is the output file too");
    return {};
  }

  Result<> print_fd(int fd, std::string_view path) {
    TRY(refuse_own_output(fd, path));
    ::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    // From file to file within the kernel, as far as it does that; what is left, and why, shows below.
    constexpr size_t at_once = 1 << 30;
    while (has_output_ && !marks_ && ::copy_file_range(fd, nullptr, io_.out.fd(), nullptr, at_once, 0) > 0)
      ;
    while (io_.out.ok()) {
      const size_t count = TRY(read_some(fd, {buffer_.get(), buffer_size}, path));
      if (count == 0)
        break;
      const std::string_view text(buffer_.get(), count);
      if (marks_)
        marker_.print(text);
      else
        io_.out.write(text);
      // Whoever reads a pipe that is fed slowly sees each piece as it comes. A failure shows in ok().
      (void)io_.out.flush();
    }
    return {};
  }

  bool marks_;
  Io& io_;
  Marker marker_;
  std::unique_ptr<char[]> buffer_;
  struct stat output_{};
  bool has_output_ = false;
};

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (args.empty())
    args.push("-");
  Printer printer(opt, io);
  for (const std::string_view path : args)
    if (const auto done = printer.print(std::string(path)); !done)
      io.warn(done.error());
  printer.finish();
  return io.status();
}

}  // namespace

extern const Applet cat_applet = {
    .name = "cat",
    .summary = "print files one after another",
    .usage = "[OPTION]... [FILE]...",
    .notes = dense<"Without a FILE, or where it is -, standard input is read.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
