// What md5sum, sha256sum and their kin have in common: options, lists of checksums, checking.
//
// An applet is a ChecksumKind and two lines: see tools/md5sum.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/applet.h"
#include "lib/base/error.h"
#include "lib/crypto/hash.h"

namespace rescue {

struct ChecksumKind {
  std::string_view tag;  // "SHA256", as --tag writes it
  size_t digits;         // of the digest, in hexadecimal
  // The digest of what is left to read of a descriptor, in hexadecimal, so many digits long.
  Result<std::string> (*digest)(int fd, std::string_view path, size_t digits);
  bool any_length = false;  // it may be shorter: "BLAKE2b-256"
};

template <HashKind kind>
Result<std::string> digest_with(int fd, std::string_view path, size_t /*digits*/) {
  return hash_fd(kind, fd, path);
}

inline Result<std::string> digest_with_blake2b(int fd, std::string_view path, size_t digits) {
  return blake2b_fd(digits / 2, fd, path);
}

enum class ChecksumMode : uint8_t { unset, text, binary };
enum class CheckReport : uint8_t { all, failures, nothing, malformed_too };

struct ChecksumOptions {
  bool check = false;
  bool tag = false;
  bool zero = false;
  bool ignore_missing = false;
  bool strict = false;
  ChecksumMode mode = ChecksumMode::unset;
  uint64_t length = 0;  // bits of the digest; 0 for all
  CheckReport report = CheckReport::all;
};

// BSD's form says nothing of the mode; GNU's tools take it for binary.
inline Result<> choose_tag(ChecksumOptions& options, std::string_view /*none*/) {
  options.tag = true;
  options.mode = ChecksumMode::binary;
  return {};
}

inline constexpr Opt<ChecksumOptions> checksum_options[] = {
    {'b', "binary", set<&ChecksumOptions::mode, ChecksumMode::binary>,
     "mark the sums as of binary files; no difference here"},
    {'c', "check", &ChecksumOptions::check, "read lists of checksums from the FILEs, and check them"},
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

// Prints or checks the sums of the operands; standard input where there are none, or for "-". Where there is more than
// one kind, lists are checked whose lines say which one is theirs.
Result<int> run_checksum(std::span<const ChecksumKind> kinds, const ChecksumOptions& options, Io& io,
                         const Args& files);
inline Result<int> run_checksum(const ChecksumKind& kind, const ChecksumOptions& options, Io& io, const Args& files) {
  return run_checksum(std::span(&kind, 1), options, io, files);
}

// The bits of a digest that --length asks for, a multiple of eight, as digits; 0 stands for all that there are.
Result<size_t> digits_of_length(uint64_t bits, size_t most);

// One line of a list of checksums. Nothing when it is malformed.
struct ChecksumLine {
  const ChecksumKind* kind;
  std::string digest;  // hexadecimal, as written: upper or lower case
  std::string path;
};

// Reads lists that are made by GNU's tools, plain or with --tag, and by BSD's `md5 -r`.
class ChecksumParser {
 public:
  explicit ChecksumParser(std::span<const ChecksumKind> kinds) : kinds_(kinds) {}
  std::optional<ChecksumLine> parse(std::string_view line);

 private:
  static std::optional<ChecksumLine> parse_tagged(const ChecksumKind& kind, std::string_view line, bool escaped);

  std::span<const ChecksumKind> kinds_;
  // With one blank between digest and name, the first line decides whether a second blank is part of the name.
  std::optional<bool> one_blank_;
};

// A name that would break the line: with \\, \n and \r for backslash, newline and carriage return.
bool needs_escape(std::string_view path);
std::string escape_name(std::string_view path);

}  // namespace rescue
