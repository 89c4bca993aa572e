// xz: see lib/archive/pack_command.h for what it does.
#include "lib/archive/pack_options.h"
#include "lib/base/applet.h"

namespace rescue {
namespace {

Result<int> run(const PackOptions& opt, Io& io, const Args& args) {
  return run_pack({.codec = Codec::xz}, opt, io, args);
}

}  // namespace

extern const Applet xz_applet = {
    .name = "xz",
    .summary = "compress files into .xz, or decompress .xz and .lzma",
    .usage = "[OPTION]... [FILE]...",
    .notes = dense<"Without a FILE, or where it is -, standard input is read.">,
    .options = describe<xz_options>,
    .run = entry<xz_options, run>,
};
}  // namespace rescue
