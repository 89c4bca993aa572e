// md5sum: print or check MD5 checksums.
#include "lib/crypto/checksum.h"

namespace rescue {
namespace {

constexpr ChecksumKind kind = {.tag = "MD5", .digits = 32, .digest = digest_with<HashKind::md5>};

Result<int> run(const ChecksumOptions& options, Io& io, const Args& files) {
  return run_checksum(kind, options, io, files);
}

}  // namespace

extern const Applet md5sum_applet = {
    .name = "md5sum",
    .summary = "print or check MD5 checksums",
    .usage = "[OPTION]... [FILE]...",
    .notes = dense<"With no FILE, or when FILE is -, read standard input.">,
    .options = describe<checksum_options>,
    .run = entry<checksum_options, run>,
};
}  // namespace rescue
