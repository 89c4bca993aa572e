// b2sum: print or check BLAKE2b checksums.
#include "lib/crypto/checksum.h"

namespace rescue {
namespace {

constexpr Opt<ChecksumOptions> options[] = {
    {'b', "binary", set<&ChecksumOptions::mode, ChecksumMode::binary>,
     "mark the sums as of binary files; no difference here"},
    {'c', "check", &ChecksumOptions::check, "read lists of checksums from the FILEs, and check them"},
    {'l', "length", &ChecksumOptions::length, "make digests of so many bits, a multiple of 8 (default: 512)", "BITS"},
    {0, "tag", choose_tag, "write in the manner of BSD, with the digest's name"},
    {'t', "text", set<&ChecksumOptions::mode, ChecksumMode::text>, "mark the sums as of text files (the default)"},
    {'z', "zero", &ChecksumOptions::zero, "end lines with a zero byte, and leave file names as they are"},
    Opt<ChecksumOptions>{"For --check"},
    {0, "ignore-missing", &ChecksumOptions::ignore_missing, "pass over files that are not there"},
    {0, "quiet", set<&ChecksumOptions::report, CheckReport::failures>, "do not print OK for each good file"},
    {0, "status", set<&ChecksumOptions::report, CheckReport::nothing>, "print nothing; the exit status says it"},
    {0, "strict", &ChecksumOptions::strict, "fail for malformed lines"},
    {'w', "warn", set<&ChecksumOptions::report, CheckReport::malformed_too>, "name malformed lines"},
};

constexpr ChecksumKind kind = {.tag = "BLAKE2b", .digits = 128, .digest = digest_with_blake2b, .any_length = true};

Result<int> run(const ChecksumOptions& given, Io& io, const Args& files) {
  return run_checksum(kind, given, io, files);
}

}  // namespace

extern const Applet b2sum_applet = {
    .name = "b2sum",
    .summary = "print or check BLAKE2b checksums",
    .usage = "[OPTION]... [FILE]...",
    .notes = dense<"With no FILE, or when FILE is -, read standard input.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
