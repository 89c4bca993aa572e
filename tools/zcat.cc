// zcat: see lib/archive/pack_command.h for what it does.
#include "lib/archive/pack_options.h"
#include "lib/base/applet.h"

namespace rescue {
namespace {

Result<int> run(const PackOptions& opt, Io& io, const Args& args) {
  return run_pack({.codec = Codec::gzip, .mode = PackMode::decompress, .to_stdout = true}, opt, io, args);
}

}  // namespace

extern const Applet zcat_applet = {
    .name = "zcat",
    .summary = "print what .gz files hold",
    .usage = "[OPTION]... [FILE]...",
    .notes = dense<"Without a FILE, or where it is -, standard input is read.">,
    .options = describe<gzip_options>,
    .run = entry<gzip_options, run>,
};
}  // namespace rescue
