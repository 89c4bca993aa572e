// rescue-recv: take in a file over the terminal, where there is nothing but a serial line.
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/boot/pasted.h"
#include "lib/boot/zmodem.h"
#include "lib/crypto/digest.h"
#include "lib/fs/new_file.h"

namespace rescue {
namespace {

struct Options {
  bool base64 = false;
  bool overwrite = false;
  std::string directory = ".";
  std::string output;
  uint64_t timeout = 60;
};

constexpr Opt<Options> options[] = {
    {'b', "base64", &Options::base64, "take text: what `base64 FILE; sha256sum FILE` prints, pasted or sent as it is"},
    {'d', "directory", &Options::directory, "put files into DIR (default: where you are)", "DIR"},
    {'o', "output", &Options::output, "call the file so, whatever the sender calls it", "FILE"},
    {'f', "overwrite", &Options::overwrite, "replace a file that is there"},
    {'t', "timeout", &Options::timeout, "give up when nothing comes for N seconds (default 60)", "N"},
};

// The terminal as it is needed meanwhile; it is put back whatever happens.
class TerminalMode {
 public:
  TerminalMode(int fd, bool raw) : fd_(fd), is_terminal_(::tcgetattr(fd, &saved_) == 0) {
    if (!is_terminal_)
      return;
    struct termios settings = saved_;
    if (raw)
      ::cfmakeraw(&settings);
    // Line by line the terminal would cut off what is longer than 4095 characters: `base64 -w 0`.
    settings.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON);
    settings.c_cc[VMIN] = 1;
    settings.c_cc[VTIME] = 0;
    (void)::tcsetattr(fd, TCSADRAIN, &settings);
  }
  TerminalMode(const TerminalMode&) = delete;
  TerminalMode& operator=(const TerminalMode&) = delete;
  ~TerminalMode() {
    if (is_terminal_)
      (void)::tcsetattr(fd_, TCSADRAIN, &saved_);
  }

 private:
  int fd_;
  struct termios saved_{};
  bool is_terminal_;
};

// What arrived, for the report at the end: during the transfer the line belongs to the transfer.
struct Arrived {
  std::string path;
  uint64_t size = 0;
  std::string digest;
};

class DiskTaker : public FileTaker {
 public:
  explicit DiskTaker(const Options& opt) : opt_(opt) {}

  Result<bool> begin(const Offer& offer) override {
    std::string_view name = base_name(opt_.output.empty() ? std::string_view(offer.name) : opt_.output);
    if (name.empty() || name == "." || name == ".." || name == "/")
      return fail("receive", offer.name, "is no name of a file");
    path_ = opt_.output.empty() ? str(opt_.directory, '/', name) : opt_.output;
    if (!opt_.overwrite && ::access(path_.c_str(), F_OK) == 0)
      return fail("receive", path_, "is there already; --overwrite replaces it");
    offer_ = offer;
    size_ = 0;
    file_.emplace(TRY(NewFile::create(path_, 0644)));
    return true;
  }

  Result<> write(std::string_view bytes) override {
    digest_.update(bytes);
    size_ += bytes.size();
    return write_all(file_->fd(), bytes, path_);
  }

  // Whole, as far as the protocol can tell; `keep_at_end` puts it in its place.
  Result<> end() override {
    if (offer_.has_size && offer_.size != size_)
      return fail("receive", path_, "is not whole: ", size_, " of ", offer_.size, " bytes");
    arrived.push_back({path_, size_, hex(digest_.finish())});
    return keep_at_end ? keep() : Result<>();
  }

  // Puts the last file in its place.
  Result<> keep() {
    TRY(file_->commit());
    file_.reset();
    return {};
  }

  std::vector<Arrived> arrived;
  bool keep_at_end = true;

 private:
  const Options& opt_;
  Offer offer_;
  std::string path_;
  uint64_t size_ = 0;
  Sha256 digest_;
  std::optional<NewFile> file_;
};

// Not a divisor of the times that sz waits itself.
constexpr int nudge_seconds = 7;

// False when nothing came in that time.
Result<bool> wait_for_input(int fd, int seconds) {
  struct pollfd polled = {.fd = fd, .events = POLLIN, .revents = 0};
  for (;;) {
    const int count = ::poll(&polled, 1, seconds * 1000);
    if (count >= 0)
      return count > 0;
    if (errno != EINTR)
      return fail("wait for input", "");
  }
}

// The "OO" that a sender ends with must not become the next command of the shell.
void swallow_rest(int fd) {
  char buffer[256];
  while (wait_for_input(fd, 1).value_or(false))
    if (::read(fd, buffer, sizeof buffer) <= 0)
      return;
}

Result<> receive_zmodem(const Options& opt, Io& io, DiskTaker& disk) {
  ZmodemReceiver receiver(disk);
  const TerminalMode mode(io.in, true);
  TRY(write_all(1, receiver.greeting(), "the line"));
  char buffer[16384];
  uint64_t waited = 0;
  while (!receiver.finished()) {
    std::string answer;
    Result<> fed;
    if (!TRY(wait_for_input(io.in, nudge_seconds))) {
      waited += nudge_seconds;
      if (waited >= opt.timeout) {
        (void)write_all(1, ZmodemReceiver::abort_sequence(), "the line");
        return fail("receive", "", "nothing came for ", opt.timeout, " seconds");
      }
      answer = receiver.nudge();
    } else {
      waited = 0;
      const size_t count = TRY(read_some(io.in, buffer, "the line"));
      if (count == 0)
        return fail("receive", "", "the line was closed");
      fed = receiver.feed({buffer, count}, answer);
    }
    if (!answer.empty())
      TRY(write_all(1, answer, "the line"));
    if (!fed) {
      swallow_rest(io.in);
      return fed;
    }
  }
  swallow_rest(io.in);
  return {};
}

constexpr size_t longest_line = 256 << 20;
constexpr char end_of_transmission = 4;  // Ctrl-D, typed

// A line without its end; false at the end of the input.
class LineReader {
 public:
  explicit LineReader(int fd) : fd_(fd) {}

  Result<bool> next(std::string& line, uint64_t timeout) {
    for (size_t looked = 0;;) {
      const size_t end = text_.find('\n', looked);
      if (end != std::string::npos) {
        line = text_.substr(0, end);
        text_.erase(0, end + 1);
        return true;
      }
      looked = text_.size();
      if (looked > longest_line)
        return fail("receive", "", "there is a line without an end");
      if (!TRY(wait_for_input(fd_, static_cast<int>(std::min<uint64_t>(timeout, 86400)))))
        return fail("receive", "", "nothing came for ", timeout, " seconds");
      char buffer[4096];
      const size_t count = TRY(read_some(fd_, buffer, "the line"));
      if (count == 0 || buffer[0] == end_of_transmission)
        return false;
      text_.append(buffer, count);
    }
  }

 private:
  int fd_;
  std::string text_;
};

Result<> receive_base64(const Options& opt, Io& io, DiskTaker& disk) {
  const TerminalMode mode(io.in, false);
  io.out.put("Send now:  (base64 FILE; sha256sum FILE)  Ctrl-C breaks it off.\n");
  TRY(io.out.flush());
  LineReader reader(io.in);
  PastedFile pasted;
  std::string line;
  std::string bytes;
  while (!pasted.finished() && TRY(reader.next(line, opt.timeout)))
    pasted.take(line, bytes);
  if (!pasted.finished())
    return fail("receive", "", "the line of sha256sum did not come");
  if (pasted.bad_lines() != 0)
    return fail("receive", pasted.name(), count_of(pasted.bad_lines(), "line"), " did not arrive whole; send it again");
  const FileTaker::Offer offer{.name = pasted.name(), .size = bytes.size(), .has_size = true};
  disk.keep_at_end = false;  // its checksum is looked at before
  TRY(disk.begin(offer));
  TRY(disk.write(bytes));
  TRY(disk.end());
  if (disk.arrived.back().digest != pasted.wanted_digest()) {
    disk.arrived.pop_back();
    return fail("receive", pasted.name(), "the checksum differs: something was lost on the way; send it again");
  }
  return disk.keep();
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  TRY(args.expect_end());
  DiskTaker disk(opt);
  if (!opt.base64)
    // No capital C or G here: sz would take it for a receiver of YMODEM.
    io.out.put("Send the file now, by ZMODEM (with lrzsz: sz FILE). Five times ^X ends it.\n");
  TRY(io.out.flush());
  const Result<> done = opt.base64 ? receive_base64(opt, io, disk) : receive_zmodem(opt, io, disk);
  for (const Arrived& file : disk.arrived)
    io.out.put(Printable(file.path), ": ", count_of(file.size, "byte"), " arrived whole, SHA-256 ", file.digest, '\n');
  TRY(done);
  if (disk.arrived.empty())
    return fail("receive", "", "the sender sent nothing");
  return io.status();
}

}  // namespace

extern const Applet rescue_recv_applet;
const Applet rescue_recv_applet = {
    .name = "rescue-recv",
    .summary = "take in a file over a serial line or terminal",
    .usage = "[OPTION]...",
    .section = 8,
    .options = describe<options>,
    .run = entry<options, run>,
};

}  // namespace rescue
