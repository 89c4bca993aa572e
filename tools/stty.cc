// stty: print or change the settings of a terminal.
#include <algorithm>
#include <cerrno>
#include <optional>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/sys/terminal.h"

namespace rescue {
namespace {

struct Options {
  bool all = false;
  bool save = false;
  std::string device;
};

constexpr Opt<Options> options[] = {
    {'a', "all", &Options::all, "print all settings"},
    {'g', "save", &Options::save, "print all settings in a form that stty reads"},
    {'F', "file", &Options::device, "the terminal DEVICE in place of standard input", "DEVICE"},
};

enum class Part : uint8_t { control, input, output, local };
enum class Sane : uint8_t { ignored, set, unset };

// A flag, or one value of several bits (`mask`). In the order in which GNU's prints them.
struct Mode {
  char name[9];  // in its place: a pointer costs more than these bytes
  Part part;
  tcflag_t bits;
  tcflag_t mask = 0;
  Sane sane = Sane::ignored;
  bool silent = false;  // another name of one that is listed
};

constexpr Mode modes[] = {
    {"parenb", Part::control, PARENB},
    {"parodd", Part::control, PARODD},
    {"cmspar", Part::control, CMSPAR},
    {"cs5", Part::control, CS5, CSIZE},
    {"cs6", Part::control, CS6, CSIZE},
    {"cs7", Part::control, CS7, CSIZE},
    {"cs8", Part::control, CS8, CSIZE},
    {"hupcl", Part::control, HUPCL},
    {"hup", Part::control, HUPCL, 0, Sane::ignored, true},
    {"cstopb", Part::control, CSTOPB},
    {"cread", Part::control, CREAD, 0, Sane::set},
    {"clocal", Part::control, CLOCAL},
    {"crtscts", Part::control, CRTSCTS},
    {"ignbrk", Part::input, IGNBRK, 0, Sane::unset},
    {"brkint", Part::input, BRKINT, 0, Sane::set},
    {"ignpar", Part::input, IGNPAR},
    {"parmrk", Part::input, PARMRK},
    {"inpck", Part::input, INPCK},
    {"istrip", Part::input, ISTRIP},
    {"inlcr", Part::input, INLCR, 0, Sane::unset},
    {"igncr", Part::input, IGNCR, 0, Sane::unset},
    {"icrnl", Part::input, ICRNL, 0, Sane::set},
    {"ixon", Part::input, IXON},
    {"ixoff", Part::input, IXOFF, 0, Sane::unset},
    {"tandem", Part::input, IXOFF, 0, Sane::ignored, true},
    {"iuclc", Part::input, IUCLC, 0, Sane::unset},
    {"ixany", Part::input, IXANY, 0, Sane::unset},
    {"imaxbel", Part::input, IMAXBEL, 0, Sane::set},
    {"iutf8", Part::input, IUTF8, 0, Sane::unset},
    {"opost", Part::output, OPOST, 0, Sane::set},
    {"olcuc", Part::output, OLCUC, 0, Sane::unset},
    {"ocrnl", Part::output, OCRNL, 0, Sane::unset},
    {"onlcr", Part::output, ONLCR, 0, Sane::set},
    {"onocr", Part::output, ONOCR, 0, Sane::unset},
    {"onlret", Part::output, ONLRET, 0, Sane::unset},
    {"ofill", Part::output, OFILL, 0, Sane::unset},
    {"ofdel", Part::output, OFDEL, 0, Sane::unset},
    {"nl1", Part::output, NL1, NLDLY},
    {"nl0", Part::output, NL0, NLDLY, Sane::set},
    {"cr3", Part::output, CR3, CRDLY},
    {"cr2", Part::output, CR2, CRDLY},
    {"cr1", Part::output, CR1, CRDLY},
    {"cr0", Part::output, CR0, CRDLY, Sane::set},
    {"tab3", Part::output, TAB3, TABDLY},
    {"tab2", Part::output, TAB2, TABDLY},
    {"tab1", Part::output, TAB1, TABDLY},
    {"tab0", Part::output, TAB0, TABDLY, Sane::set},
    {"bs1", Part::output, BS1, BSDLY},
    {"bs0", Part::output, BS0, BSDLY, Sane::set},
    {"vt1", Part::output, VT1, VTDLY},
    {"vt0", Part::output, VT0, VTDLY, Sane::set},
    {"ff1", Part::output, FF1, FFDLY},
    {"ff0", Part::output, FF0, FFDLY, Sane::set},
    {"isig", Part::local, ISIG, 0, Sane::set},
    {"icanon", Part::local, ICANON, 0, Sane::set},
    {"iexten", Part::local, IEXTEN, 0, Sane::set},
    {"echo", Part::local, ECHO, 0, Sane::set},
    {"echoe", Part::local, ECHOE, 0, Sane::set},
    {"crterase", Part::local, ECHOE, 0, Sane::ignored, true},
    {"echok", Part::local, ECHOK, 0, Sane::set},
    {"echonl", Part::local, ECHONL, 0, Sane::unset},
    {"noflsh", Part::local, NOFLSH, 0, Sane::unset},
    {"xcase", Part::local, XCASE, 0, Sane::unset},
    {"tostop", Part::local, TOSTOP, 0, Sane::unset},
    {"echoprt", Part::local, ECHOPRT, 0, Sane::unset},
    {"prterase", Part::local, ECHOPRT, 0, Sane::ignored, true},
    {"echoctl", Part::local, ECHOCTL, 0, Sane::set},
    {"ctlecho", Part::local, ECHOCTL, 0, Sane::ignored, true},
    {"echoke", Part::local, ECHOKE, 0, Sane::set},
    {"crtkill", Part::local, ECHOKE, 0, Sane::ignored, true},
    {"flusho", Part::local, FLUSHO, 0, Sane::unset},
    {"extproc", Part::local, EXTPROC, 0, Sane::unset},
};

struct Key {
  char name[8];
  uint8_t index;
  cc_t sane;
};

constexpr Key keys[] = {
    {"intr", VINTR, 3},      {"quit", VQUIT, 28},   {"erase", VERASE, 127},    {"kill", VKILL, 21},
    {"eof", VEOF, 4},        {"eol", VEOL, 0},      {"eol2", VEOL2, 0},        {"swtch", VSWTC, 0},
    {"start", VSTART, 17},   {"stop", VSTOP, 19},   {"susp", VSUSP, 26},       {"rprnt", VREPRINT, 18},
    {"werase", VWERASE, 23}, {"lnext", VLNEXT, 22}, {"discard", VDISCARD, 15},
};

// A name for several of them, and what it sets with a dash before it.
struct Several {
  const char* name;
  const char* on;
  const char* off;
};

constexpr char raw[] =
    "-ignbrk -brkint -ignpar -parmrk -inpck -istrip -inlcr -igncr -icrnl -ixon -ixoff -iuclc -ixany -imaxbel -opost "
    "-isig -icanon -xcase";
constexpr char cooked[] = "brkint ignpar istrip icrnl ixon opost isig icanon";

constexpr Several several[] = {
    {"raw", raw, cooked},
    {"cooked", cooked, raw},
    {"cbreak", "-icanon", "icanon"},
    {"nl", "-icrnl -onlcr", "icrnl -inlcr -igncr onlcr -ocrnl -onlret"},
    {"evenp", "parenb -parodd cs7", "-parenb cs8"},
    {"parity", "parenb -parodd cs7", "-parenb cs8"},
    {"oddp", "parenb parodd cs7", "-parenb cs8"},
    {"pass8", "-parenb -istrip cs8", "parenb istrip cs7"},
    {"litout", "-parenb -istrip -opost cs8", "parenb istrip opost cs7"},
    {"tabs", "tab0", "tab3"},
    {"lcase", "xcase iuclc olcuc", "-xcase -iuclc -olcuc"},
    {"LCASE", "xcase iuclc olcuc", "-xcase -iuclc -olcuc"},
    {"decctlq", "-ixany", "ixany"},
    {"crt", "echoe echoctl echoke", nullptr},
    {"dec", "echoe echoctl echoke -ixany", nullptr},
};

struct Speed {
  unsigned baud;
  speed_t code;
};

constexpr Speed speeds[] = {{0, B0},           {50, B50},         {75, B75},           {110, B110},
                            {134, B134},       {150, B150},       {200, B200},         {300, B300},
                            {600, B600},       {1200, B1200},     {1800, B1800},       {2400, B2400},
                            {4800, B4800},     {9600, B9600},     {19200, B19200},     {38400, B38400},
                            {57600, B57600},   {115200, B115200}, {230400, B230400},   {460800, B460800},
                            {500000, B500000}, {921600, B921600}, {1000000, B1000000}, {1500000, B1500000}};

tcflag_t& flags_of(struct termios& t, Part part) {
  switch (part) {
    case Part::control: return t.c_cflag;
    case Part::input: return t.c_iflag;
    case Part::output: return t.c_oflag;
    case Part::local: return t.c_lflag;
  }
  return t.c_cflag;
}

// "^C", "<undef>", "M-x".
std::string key_text(cc_t c) {
  if (c == 0)
    return "<undef>";
  std::string text = c >= 128 ? "M-" : "";
  const unsigned low = c & 127U;
  if (low < 32)
    text += str('^', static_cast<char>(low + 64));
  else
    text += low == 127 ? "^?" : std::string(1, static_cast<char>(low));
  return text;
}

class Terminal {
 public:
  Terminal(int fd, std::string shown) : fd_(fd), shown_(std::move(shown)) {}

  Result<> load() {
    if (::tcgetattr(fd_, &now_) < 0)
      return fail("read the terminal's settings", shown_);
    return {};
  }

  Result<> store() {
    if (::tcsetattr(fd_, when_, &now_) < 0)
      return fail("set the terminal", shown_);
    // The call succeeds where anything could be done.
    const struct termios wanted = now_;
    TRY(load());
    if (wanted.c_iflag != now_.c_iflag || wanted.c_oflag != now_.c_oflag || wanted.c_cflag != now_.c_cflag ||
        wanted.c_lflag != now_.c_lflag || !std::ranges::equal(wanted.c_cc, now_.c_cc))
      return fail("set the terminal", shown_, "it does not do all of that");
    return {};
  }

  // Takes one setting off the words.
  Result<> change(Args& words, Io& io);

  void print_changed(Io& io) const { print(io, false); }
  void print_all(Io& io) const { print(io, true); }

  void print_saved(Io& io) const {
    const auto hex_number = [](unsigned number) {
      std::string text;
      do
        text.insert(0, 1, "0123456789abcdef"[number & 15]);
      while ((number >>= 4) != 0);
      return text;
    };
    io.out.put(hex_number(now_.c_iflag), ':', hex_number(now_.c_oflag), ':', hex_number(now_.c_cflag), ':',
               hex_number(now_.c_lflag));
    for (size_t i = 0; i < saved_keys; ++i)
      io.out.put(':', hex_number(now_.c_cc[i]));
    io.out.put('\n');
  }

 private:
  static constexpr size_t saved_keys = 32;  // as many as glibc's, whose settings are read and written too
  static_assert(NCCS == saved_keys);

  std::optional<struct winsize> window() const {
    struct winsize size{};
    if (::ioctl(fd_, TIOCGWINSZ, &size) < 0)
      return std::nullopt;
    return size;
  }

  Result<> resize(std::optional<uint16_t> rows, std::optional<uint16_t> columns) {
    struct winsize size = window().value_or(winsize{});
    size.ws_row = rows.value_or(size.ws_row);
    size.ws_col = columns.value_or(size.ws_col);
    if (::ioctl(fd_, TIOCSWINSZ, &size) < 0)
      return fail("set the size", shown_);
    return {};
  }

  static unsigned baud(speed_t code) {
    const auto found = std::ranges::find(speeds, code, &Speed::code);
    return found == std::end(speeds) ? 0 : found->baud;
  }

  void print(Io& io, bool all) const;
  bool change_mode(std::string_view word);
  bool change_several(std::string_view word);
  Result<bool> change_key(std::string_view word, Args& words);
  Result<bool> change_number(std::string_view word, Args& words, Io& io);
  bool restore(std::string_view word);

  int fd_;
  std::string shown_;
  struct termios now_{};
  int when_ = TCSADRAIN;
};

// Lines of items, as wide as the screen; GNU does not count the blank before an item.
class Wrapper {
 public:
  Wrapper(Io& io, size_t width) : io_(io), width_(width) {}
  void add(std::string_view item) {
    if (used_ != 0 && width_ != 0 && used_ + item.size() > width_)
      end();
    io_.out.put(used_ == 0 ? "" : " ", item);
    used_ += item.size() + (used_ == 0 ? 0 : 1);
  }
  void end() {
    if (used_ != 0)
      io_.out.put('\n');
    used_ = 0;
  }

 private:
  Io& io_;
  size_t width_;
  size_t used_ = 0;
};

void Terminal::print(Io& io, bool all) const {
  const auto size = window();
  Wrapper lines(io, size && size->ws_col != 0 ? size->ws_col : 80);
  const unsigned in = baud(::cfgetispeed(&now_));
  const unsigned out = baud(::cfgetospeed(&now_));
  lines.add(in == 0 || in == out ? str("speed ", out, " baud;") : str("ispeed ", in, " baud; ospeed ", out, " baud;"));
  if (all && size)
    for (const std::string& item : {str("rows ", size->ws_row, ';'), str("columns ", size->ws_col, ';')})
      lines.add(item);
  lines.add(str("line = ", unsigned{now_.c_line}, ';'));
  lines.end();
  for (const Key& key : keys)
    if (all || now_.c_cc[key.index] != key.sane)
      lines.add(str(key.name, " = ", key_text(now_.c_cc[key.index]), ';'));
  if (all || (now_.c_lflag & ICANON) == 0) {
    lines.add(str("min = ", unsigned{now_.c_cc[VMIN]}, ';'));
    lines.add(str("time = ", unsigned{now_.c_cc[VTIME]}, ';'));
  }
  lines.end();
  struct termios copy = now_;
  for (const Part part : {Part::control, Part::input, Part::output, Part::local}) {
    for (const Mode& mode : modes) {
      if (mode.part != part || mode.silent)
        continue;
      const tcflag_t mask = mode.mask != 0 ? mode.mask : mode.bits;
      const bool on = (flags_of(copy, part) & mask) == mode.bits;
      if (all ? on : on && mode.sane == Sane::unset)
        lines.add(mode.name);
      else if (mode.mask == 0 && (all ? !on : !on && mode.sane == Sane::set))
        lines.add(str('-', mode.name));
      else if (!all && on && mode.mask != 0 && mode.sane == Sane::ignored && part != Part::control)
        lines.add(mode.name);
    }
    lines.end();
  }
}

bool Terminal::change_mode(std::string_view word) {
  const bool off = word.starts_with('-');
  const std::string_view name = off ? word.substr(1) : word;
  const auto mode = std::ranges::find_if(modes, [&](const Mode& m) { return name == m.name; });
  if (mode == std::end(modes) || (off && mode->mask != 0))
    return false;
  tcflag_t& flags = flags_of(now_, mode->part);
  const tcflag_t mask = mode->mask != 0 ? mode->mask : mode->bits;
  flags = (flags & ~mask) | (off ? 0 : mode->bits);
  return true;
}

bool Terminal::change_several(std::string_view word) {
  const bool off = word.starts_with('-');
  const std::string_view name = off ? word.substr(1) : word;
  if (word == "sane") {
    // GNU's leaves ixon as it is, and switches iutf8 off.
    const tcflag_t kept = now_.c_iflag & IXON;
    make_sane(now_);
    now_.c_iflag = (now_.c_iflag & ~static_cast<tcflag_t>(IUTF8 | IXON)) | kept;
    return true;
  }
  if (name == "drain") {
    when_ = off ? TCSANOW : TCSADRAIN;
    return true;
  }
  if (word == "ek" || word == "dec") {
    now_.c_cc[VERASE] = 127;
    now_.c_cc[VKILL] = 21;
  }
  if (word == "ek")
    return true;
  if (word == "dec")
    now_.c_cc[VINTR] = 3;
  const auto found = std::ranges::find_if(several, [&](const Several& s) { return name == s.name; });
  const char* const modes = found == std::end(several) ? nullptr : off ? found->off : found->on;
  if (modes == nullptr)
    return false;
  for (const std::string_view mode : split(modes, ' '))
    (void)change_mode(mode);
  if (modes == raw) {
    now_.c_cc[VMIN] = 1;
    now_.c_cc[VTIME] = 0;
  }
  return true;
}

// "^C", "^-", "undef", a letter, a number.
std::optional<cc_t> key_of(std::string_view word) {
  if (word == "^-" || word == "undef")
    return cc_t{0};
  if (word.size() == 1)
    return static_cast<cc_t>(word[0]);
  if (word == "^?")
    return cc_t{127};
  if (word.size() == 2 && word[0] == '^')
    return static_cast<cc_t>(word[1] & 0x1f);
  const int base = word.starts_with("0x") ? 16 : word.starts_with('0') ? 8 : 10;
  return to_number<cc_t>(base == 16 ? word.substr(2) : word, base);
}

Result<bool> Terminal::change_key(std::string_view word, Args& words) {
  const auto key = std::ranges::find_if(keys, [&](const Key& k) { return word == k.name; });
  if (key == std::end(keys))
    return false;
  const std::string_view text = TRY(words.shift(word));
  const auto value = key_of(text);
  if (!value)
    return fail("invalid key", text, "is none for ", word);
  now_.c_cc[key->index] = *value;
  return true;
}

Result<bool> Terminal::change_number(std::string_view word, Args& words, Io& io) {
  const auto number_of = [&words](std::string_view name) -> Result<unsigned> {
    const std::string_view text = TRY(words.shift(name));
    if (const auto value = to_number<unsigned>(text); value && *value < 65536)
      return *value;
    return fail("invalid number", text, "is none for ", name);
  };
  if (word == "size") {
    const auto size = window();
    if (!size)
      return fail("find the size", shown_);
    io.out.put(size->ws_row, ' ', size->ws_col, '\n');
  } else if (word == "speed") {
    io.out.put(baud(::cfgetospeed(&now_)), '\n');
  } else if (word == "rows") {
    TRY(resize(static_cast<uint16_t>(TRY(number_of(word))), std::nullopt));
  } else if (word == "cols" || word == "columns") {
    TRY(resize(std::nullopt, static_cast<uint16_t>(TRY(number_of(word)))));
  } else if (word == "line") {
    now_.c_line = static_cast<cc_t>(TRY(number_of(word)));
  } else if (word == "min") {
    now_.c_cc[VMIN] = static_cast<cc_t>(TRY(number_of(word)));
  } else if (word == "time") {
    now_.c_cc[VTIME] = static_cast<cc_t>(TRY(number_of(word)));
  } else {
    const bool both = word != "ispeed" && word != "ospeed";
    const auto wanted = to_number<unsigned>(both ? word : TRY(words.shift(word)));
    const auto speed = wanted ? std::ranges::find(speeds, *wanted, &Speed::baud) : std::end(speeds);
    if (speed == std::end(speeds))
      return false;
    if (word != "ispeed")
      (void)::cfsetospeed(&now_, speed->code);
    if (word != "ospeed")
      (void)::cfsetispeed(&now_, speed->code);
  }
  return true;
}

// What -g has printed.
bool Terminal::restore(std::string_view word) {
  const auto fields = split(word, ':');
  if (fields.size() != 4 + saved_keys)
    return false;
  std::vector<unsigned> numbers;
  numbers.reserve(fields.size());
  for (const std::string_view field : fields) {
    const auto number = to_number<unsigned>(field, 16);
    if (!number || (numbers.size() >= 4 && *number > 255))
      return false;
    numbers.push_back(*number);
  }
  now_.c_iflag = numbers[0];
  now_.c_oflag = numbers[1];
  now_.c_cflag = numbers[2];
  now_.c_lflag = numbers[3];
  for (size_t i = 0; i < saved_keys; ++i)
    now_.c_cc[i] = static_cast<cc_t>(numbers[4 + i]);
  return true;
}

Result<> Terminal::change(Args& words, Io& io) {
  const std::string_view word = TRY(words.shift("SETTING"));
  if (change_mode(word) || change_several(word) || TRY(change_key(word, words)) || restore(word) ||
      TRY(change_number(word, words, io)))
    return {};
  return usage_error("invalid argument '", Printable(word), "'");
}

Result<int> run(Io& io, Args& args) {
  // Settings may begin with a dash, as options do.
  Options opt;
  std::string device;
  while (!args.empty() && (args[0] == "-a" || args[0] == "--all" || args[0] == "-g" || args[0] == "--save" ||
                           args[0] == "-F" || args[0].starts_with("--file"))) {
    const std::string_view word = TRY(args.shift("OPTION"));
    opt.all |= word == "-a" || word == "--all";
    opt.save |= word == "-g" || word == "--save";
    if (word == "-F" || word == "--file")
      device = TRY(args.shift("DEVICE"));
    else if (word.starts_with("--file="))
      device = word.substr(7);
  }
  if (opt.all && opt.save)
    return usage_error("the options for verbose and stty-readable output styles are mutually exclusive");
  if ((opt.all || opt.save) && !args.empty())
    return usage_error("when specifying an output style, modes may not be set");
  UniqueFd opened;
  if (!device.empty())
    opened = TRY(open_file(device, O_RDONLY | O_NONBLOCK));
  Terminal terminal(opened ? opened.get() : io.in, device.empty() ? "standard input" : device);
  TRY(terminal.load());
  if (opt.save)
    terminal.print_saved(io);
  else if (opt.all)
    terminal.print_all(io);
  else if (args.empty())
    terminal.print_changed(io);
  if (args.empty())
    return io.status();
  while (!args.empty())
    TRY(terminal.change(args, io));
  TRY(terminal.store());
  return io.status();
}

}  // namespace

extern const Applet stty_applet = {
    .name = "stty",
    .summary = "print or change the settings of a terminal",
    .usage = "[-F DEVICE] [SETTING]...\n[-F DEVICE] -a|-g",
    .usage_status = 1,
    .options = describe<options>,
    .run = plain_entry<run>,
};
}  // namespace rescue
