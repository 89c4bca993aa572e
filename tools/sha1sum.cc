// sha1sum: print or check SHA-1 checksums.
#include "lib/crypto/checksum.h"

namespace rescue {
namespace {

constexpr ChecksumKind kind = {.tag = "SHA1", .digits = 40, .digest = digest_with<HashKind::sha1>};

Result<int> run(const ChecksumOptions& options, Io& io, const Args& files) {
  return run_checksum(kind, options, io, files);
}

}  // namespace

extern const Applet sha1sum_applet = {
    .name = "sha1sum",
    .summary = "print or check SHA-1 checksums",
    .usage = "[OPTION]... [FILE]...",
    .notes = dense<"With no FILE, or when FILE is -, read standard input.">,
    .options = describe<checksum_options>,
    .run = entry<checksum_options, run>,
};
}  // namespace rescue
