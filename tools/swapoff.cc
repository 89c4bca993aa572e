// swapoff: stop swapping to a device or file.
#include <cerrno>

#include <fcntl.h>
#include <sys/swap.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/sys/block.h"
#include "lib/sys/mounts.h"

namespace rescue {
namespace {

struct Options {
  bool all = false;
  bool verbose = false;
  std::string label;
  std::string uuid;
};

constexpr Opt<Options> options[] = {
    {'a', "all", &Options::all, "all that is used"},
    {'L', "label", &Options::label, "the one with this label", "LABEL"},
    {'U', "uuid", &Options::uuid, "the one with this UUID", "UUID"},
    {'v', "verbose", &Options::verbose, "say what is done"},
};

constexpr int no_such_device = 255;

Result<> stop(const Options& opt, Io& io, const std::string& path) {
  if (opt.verbose)
    io.out.put("swapoff ", path, '\n');
  if (::swapoff(path.c_str()) < 0)
    return fail("stop swapping to it", path);
  return {};
}

Result<std::vector<std::string>> all_in_use() {
  const std::string path = "/proc/swaps";
  const UniqueFd fd = TRY(open_file(path, O_RDONLY));
  const std::string text = TRY(read_all(fd.get(), 1 << 20, path));
  std::vector<std::string> paths;
  for (const std::string_view line : split(text, '\n'))
    if (line.starts_with('/'))
      paths.push_back(decode_mount_word(line.substr(0, line.find_first_of(" \t"))));
  return paths;
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  std::vector<std::string> words(args.begin(), args.end());
  if (!opt.label.empty())
    words.push_back(str("LABEL=", opt.label));
  if (!opt.uuid.empty())
    words.push_back(str("UUID=", opt.uuid));
  if (opt.all)
    words = TRY(all_in_use());
  else if (words.empty())
    return usage_error("missing operand DEVICE");
  bool missing = false;
  for (const std::string& word : words) {
    const auto path = resolve_device(word);
    missing |= !path;
    const auto done = path ? stop(opt, io, *path) : Result<>(std::unexpected(path.error()));
    if (!done)
      io.warn(done.error());
  }
  return missing ? no_such_device : io.status();
}

}  // namespace

extern const Applet swapoff_applet = {
    .name = "swapoff",
    .summary = "stop swapping to a device or file",
    .usage = "[-v] DEVICE|FILE...\n-a [-v]",
    .section = 8,
    .failure_status = 4,
    .usage_status = 16,
    .help_letter = 'h',
    .version_letter = 'V',
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
