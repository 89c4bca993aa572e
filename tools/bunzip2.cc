// bunzip2: see lib/archive/pack_command.h for what it does.
#include "lib/archive/pack_options.h"
#include "lib/base/applet.h"

namespace rescue {
namespace {

Result<int> run(const PackOptions& opt, Io& io, const Args& args) {
  return run_pack({.codec = Codec::bzip2, .mode = PackMode::decompress}, opt, io, args);
}

}  // namespace

extern const Applet bunzip2_applet = {
    .name = "bunzip2",
    .summary = "decompress .bz2 files",
    .usage = "[OPTION]... [FILE]...",
    .notes = dense<"Without a FILE, or where it is -, standard input is read.">,
    .options = describe<bzip2_options>,
    .run = entry<bzip2_options, run>,
};
}  // namespace rescue
