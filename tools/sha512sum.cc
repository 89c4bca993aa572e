// sha512sum: print or check SHA-512 checksums.
#include "lib/crypto/checksum.h"

namespace rescue {
namespace {

constexpr ChecksumKind kind = {.tag = "SHA512", .digits = 128, .digest = digest_with<HashKind::sha512>};

Result<int> run(const ChecksumOptions& options, Io& io, const Args& files) {
  return run_checksum(kind, options, io, files);
}

}  // namespace

extern const Applet sha512sum_applet = {
    .name = "sha512sum",
    .summary = "print or check SHA-512 checksums",
    .usage = "[OPTION]... [FILE]...",
    .notes = dense<"With no FILE, or when FILE is -, read standard input.">,
    .options = describe<checksum_options>,
    .run = entry<checksum_options, run>,
};
}  // namespace rescue
