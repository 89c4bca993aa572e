// unzstd: see lib/archive/pack_command.h for what it does.
#include "lib/archive/pack_options.h"
#include "lib/base/applet.h"

namespace rescue {
namespace {

Result<int> run(const PackOptions& opt, Io& io, const Args& args) {
  return run_pack({.codec = Codec::zstd, .mode = PackMode::decompress}, opt, io, args);
}

}  // namespace

extern const Applet unzstd_applet = {
    .name = "unzstd",
    .summary = "decompress .zst files",
    .usage = "[OPTION]... [FILE]...",
    .notes = dense<"Without a FILE, or where it is -, standard input is read.">,
    .options = describe<zstd_options>,
    .run = entry<zstd_options, run>,
};
}  // namespace rescue
