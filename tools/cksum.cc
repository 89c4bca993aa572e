// cksum: print or check checksums of all kinds.
#include <fcntl.h>

#include "lib/base/choice.h"
#include "lib/base/fd.h"
#include "lib/crypto/checksum.h"

namespace rescue {
namespace {

// In the order of `kinds`, and then those that are no digests.
enum class Algorithm : uint8_t { md5, sha1, sha224, sha256, sha384, sha512, blake2b, sm3, crc, bsd, sysv };

constexpr Choice<Algorithm> algorithm_words[] = {
    {"bsd", Algorithm::bsd},         {"sysv", Algorithm::sysv},     {"crc", Algorithm::crc},
    {"md5", Algorithm::md5},         {"sha1", Algorithm::sha1},     {"sha224", Algorithm::sha224},
    {"sha256", Algorithm::sha256},   {"sha384", Algorithm::sha384}, {"sha512", Algorithm::sha512},
    {"blake2b", Algorithm::blake2b}, {"sm3", Algorithm::sm3}};

constexpr ChecksumKind kinds[] = {
    {.tag = "MD5", .digits = 32, .digest = digest_with<HashKind::md5>},
    {.tag = "SHA1", .digits = 40, .digest = digest_with<HashKind::sha1>},
    {.tag = "SHA224", .digits = 56, .digest = digest_with<HashKind::sha224>},
    {.tag = "SHA256", .digits = 64, .digest = digest_with<HashKind::sha256>},
    {.tag = "SHA384", .digits = 96, .digest = digest_with<HashKind::sha384>},
    {.tag = "SHA512", .digits = 128, .digest = digest_with<HashKind::sha512>},
    {.tag = "BLAKE2b", .digits = 128, .digest = digest_with_blake2b, .any_length = true},
    {.tag = "SM3", .digits = 64, .digest = digest_with<HashKind::sm3>},
};

struct Options {
  std::optional<Algorithm> algorithm;
  ChecksumOptions checksum;
  bool tag_given = false;
  bool untagged = false;
  bool debug = false;
};

Result<> choose_algorithm(Options& o, std::string_view word) {
  o.algorithm = TRY(choose("--algorithm", word, algorithm_words));
  return {};
}

Result<> choose_length(Options& o, std::string_view word) {
  const auto bits = to_number<uint64_t>(word);
  if (!bits)
    return fail("length", "", '\'', Printable(word), "' is not a number");
  o.checksum.length = *bits;
  return {};
}

Result<> with_tag(Options& o, std::string_view /*none*/) {
  o.tag_given = true;
  o.untagged = false;
  return {};
}

template <bool ChecksumOptions::* member>
Result<> enable(Options& o, std::string_view /*none*/) {
  o.checksum.*member = true;
  return {};
}

template <CheckReport report>
Result<> report_as(Options& o, std::string_view /*none*/) {
  o.checksum.report = report;
  return {};
}

constexpr Opt<Options> options[] = {
    {'a', "algorithm", choose_algorithm,
     "the checksum: crc (default), bsd, sysv, md5, sha1, sha224, sha256, sha384, sha512, blake2b or sm3", "TYPE"},
    {'c', "check", enable<&ChecksumOptions::check>, "read lists of checksums from the FILEs, and check them"},
    {'l', "length", choose_length, "make BLAKE2b digests of so many bits, a multiple of 8", "BITS"},
    {0, "debug", &Options::debug, "say on standard error how it is computed"},
    {0, "tag", with_tag, "write the digest's name (default)"},
    {0, "untagged", &Options::untagged, "write the digest first, and not its name"},
    {'z', "zero", enable<&ChecksumOptions::zero>, "end lines with a zero byte, and leave file names as they are"},
    Opt<Options>{"For --check"},
    {0, "ignore-missing", enable<&ChecksumOptions::ignore_missing>, "pass over files that are not there"},
    {0, "quiet", report_as<CheckReport::failures>, "do not print OK for each good file"},
    {0, "status", report_as<CheckReport::nothing>, "print nothing; the exit status says it"},
    {0, "strict", enable<&ChecksumOptions::strict>, "fail for malformed lines"},
    {'w', "warn", report_as<CheckReport::malformed_too>, "name malformed lines"},
};

// The sums that are a number and a size.
Result<> print_old(Algorithm algorithm, const std::string& path, bool named, char end, Io& io) {
  UniqueFd file;
  if (path != "-")
    file = TRY(open_file(path, O_RDONLY));
  const int fd = path == "-" ? io.in : file.get();
  const auto compute = algorithm == Algorithm::crc ? crc_fd : algorithm == Algorithm::bsd ? bsd_sum_fd : sysv_sum_fd;
  const OldSum sum = TRY(compute(fd, path));
  const auto padded = [](uint64_t number, char with) {
    const std::string digits = str(number);
    return str(std::string(5 - std::min<size_t>(digits.size(), 5), with), digits);
  };
  switch (algorithm) {
    case Algorithm::bsd: io.out.put(padded(sum.sum, '0'), ' ', padded((sum.size + 1023) / 1024, ' ')); break;
    case Algorithm::sysv: io.out.put(sum.sum, ' ', (sum.size + 511) / 512); break;
    default: io.out.put(sum.sum, ' ', sum.size); break;
  }
  if (named)
    io.out.put(' ', path);
  io.out.put(end);
  return {};
}

Result<int> print_all_old(Algorithm algorithm, const Options& opt, Io& io, Args files) {
  const bool named = !files.empty();
  if (!named)
    files.push("-");
  for (const std::string_view path : files)
    if (const auto done = print_old(algorithm, std::string(path), named, opt.checksum.zero ? '\0' : '\n', io); !done)
      io.warn(done.error());
  return io.status();
}

Result<int> run(const Options& opt, Io& io, const Args& files) {
  ChecksumOptions checksum = opt.checksum;
  const Algorithm algorithm = opt.algorithm.value_or(Algorithm::crc);
  const bool is_old = algorithm >= Algorithm::crc;
  if (opt.debug && algorithm == Algorithm::crc)
    io.note("using tables, without instructions of the processor");
  if (checksum.length != 0 && algorithm != Algorithm::blake2b)
    return fail("length", "", "can only be chosen for BLAKE2b");
  if (checksum.check && is_old && opt.algorithm)
    return fail("check", "", "cannot be done with the sums bsd, sysv and crc");
  checksum.tag = checksum.check ? opt.tag_given : !opt.untagged;
  if (checksum.check && !opt.algorithm)
    return run_checksum(kinds, checksum, io, files);
  if (!is_old)
    return run_checksum(kinds[static_cast<size_t>(algorithm)], checksum, io, files);
  if (checksum.ignore_missing || checksum.strict || checksum.report != CheckReport::all)
    return usage_error("--ignore-missing, --quiet, --status, --strict and --warn are for --check");
  return print_all_old(algorithm, opt, io, files);
}

}  // namespace

extern const Applet cksum_applet = {
    .name = "cksum",
    .summary = "print or check checksums of all kinds",
    .usage = "[OPTION]... [FILE]...",
    .notes = dense<
        "With no FILE, or when FILE is -, read standard input. A list with names of digests is checked without -a.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
