#include "lib/sys/terminal.h"

#include <cerrno>

namespace rescue {

namespace {

constexpr cc_t control(char letter) {
  return static_cast<cc_t>(letter & 0x1f);
}

void set_control_characters(struct termios& t) {
  t.c_cc[VINTR] = control('C');
  t.c_cc[VQUIT] = control('\\');
  t.c_cc[VERASE] = 0x7f;
  t.c_cc[VKILL] = control('U');
  t.c_cc[VEOF] = control('D');
  t.c_cc[VEOL] = 0;
  t.c_cc[VEOL2] = 0;
  t.c_cc[VSWTC] = 0;
  t.c_cc[VSTART] = control('Q');
  t.c_cc[VSTOP] = control('S');
  t.c_cc[VSUSP] = control('Z');
  t.c_cc[VREPRINT] = control('R');
  t.c_cc[VWERASE] = control('W');
  t.c_cc[VLNEXT] = control('V');
  t.c_cc[VDISCARD] = control('O');
  t.c_cc[VMIN] = 1;
  t.c_cc[VTIME] = 0;
}

}  // namespace

void make_sane(struct termios& t) {
  constexpr tcflag_t no_input = IGNBRK | INLCR | IGNCR | IXOFF | IUCLC | IXANY;
  t.c_iflag = (t.c_iflag & ~no_input) | BRKINT | ICRNL | IXON | IMAXBEL | (t.c_iflag & IUTF8);
  constexpr tcflag_t no_output =
      OLCUC | OCRNL | ONOCR | ONLRET | OFILL | OFDEL | NLDLY | CRDLY | TABDLY | BSDLY | VTDLY | FFDLY;
  t.c_oflag = (t.c_oflag & ~no_output) | OPOST | ONLCR;
  constexpr tcflag_t no_local = ECHONL | NOFLSH | TOSTOP | ECHOPRT | XCASE | FLUSHO | EXTPROC;
  t.c_lflag = (t.c_lflag & ~no_local) | ISIG | ICANON | IEXTEN | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE;
  t.c_cflag |= CREAD;
  set_control_characters(t);
}

Result<> make_console_sane(int fd, std::string_view path) {
  struct termios settings{};
  if (::tcgetattr(fd, &settings) < 0)
    return fail("read the terminal's settings", path);
  make_sane(settings);
  settings.c_cflag |= CLOCAL;
  if (::tcsetattr(fd, TCSANOW, &settings) < 0)
    return fail("set the terminal", path);
  return {};
}

}  // namespace rescue
