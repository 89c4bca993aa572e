// sha256sum: print or check SHA-256 checksums.
#include "lib/crypto/checksum.h"

namespace rescue {
namespace {

constexpr ChecksumKind kind = {.tag = "SHA256", .digits = 64, .digest = digest_with<HashKind::sha256>};

Result<int> run(const ChecksumOptions& options, Io& io, const Args& files) {
  return run_checksum(kind, options, io, files);
}

}  // namespace

extern const Applet sha256sum_applet = {
    .name = "sha256sum",
    .summary = "print or check SHA-256 checksums",
    .usage = "[OPTION]... [FILE]...",
    .notes = dense<"With no FILE, or when FILE is -, read standard input.">,
    .options = describe<checksum_options>,
    .run = entry<checksum_options, run>,
};
}  // namespace rescue
