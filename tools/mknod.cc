// mknod: make devices and FIFOs.
#include <cerrno>

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/base/applet.h"
#include "lib/fs/mode_change.h"

namespace rescue {
namespace {

struct Options {
  std::optional<std::string> mode;
};

constexpr Opt<Options> options[] = {
    {'m', "mode", &Options::mode, "give it these permissions, written as for chmod", "MODE"},
};

// The permissions of what is made: a=rw, changed as `text` says.
Result<mode_t> find_mode(const std::optional<std::string>& text) {
  if (!text)
    return 0666;
  const auto change = ModeChange::parse(*text);
  const mode_t umask = ::umask(0);
  ::umask(umask);
  const mode_t mode = change ? change->apply(S_IFREG | 0666, umask) : 0;
  if (!change || (mode & ~mode_t{0777}) != 0)
    return fail("mode", "", '\'', Printable(*text), change ? "' has more than permissions" : "' cannot be understood");
  return mode;
}

// Decimal, 0x hexadecimal, 0 octal.
Result<unsigned> device_number(std::string_view text) {
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  const bool octal = !hex && text.size() > 1 && text[0] == '0';
  const auto number = to_number<unsigned>(text.substr(hex ? 2 : 0), hex ? 16 : octal ? 8 : 10);
  if (!number)
    return fail("device number", "", '\'', Printable(text), "' is not a number");
  return *number;
}

Result<int> run(const Options& opt, Io& /*io*/, Args& args) {
  const mode_t mode = TRY(find_mode(opt.mode));
  if (args.size() < 2)
    return fail("missing operand", "", "give a NAME and a TYPE");
  const char type = args[1].empty() ? '\0' : args[1][0];
  const bool is_fifo = type == 'p';
  if (type != 'b' && type != 'c' && type != 'u' && !is_fifo)
    return fail("type", "", '\'', Printable(args[1]), "' is none of b, c, u and p");
  if (args.size() < (is_fifo ? 2 : 4))
    return fail("missing operand", "", "a device needs a MAJOR and a MINOR number");
  if (args.size() > (is_fifo ? 2 : 4))
    return fail("extra operand", args[is_fifo ? 2 : 4], is_fifo ? "a FIFO has no numbers" : "there are too many");
  const std::string path(args[0]);
  dev_t device = 0;
  if (!is_fifo)
    device = makedev(TRY(device_number(args[2])), TRY(device_number(args[3])));
  const mode_t format = is_fifo ? S_IFIFO : type == 'b' ? S_IFBLK : S_IFCHR;
  if (::mknod(path.c_str(), format | mode, device) < 0)
    return fail("make", path);
  // The umask has no say in what was asked for.
  if (opt.mode && ::chmod(path.c_str(), mode) < 0)
    return fail("set permissions", path);
  return 0;
}

}  // namespace

extern const Applet mknod_applet = {
    .name = "mknod",
    .summary = "make devices and FIFOs",
    .usage = "[OPTION] NAME TYPE [MAJOR MINOR]",
    .notes =
        dense<"TYPE is b for a block device, c or u for a character device, and p for a FIFO, which has no numbers. A "
              "number\n"
              "that begins with 0x is hexadecimal, one that begins with 0 octal.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
