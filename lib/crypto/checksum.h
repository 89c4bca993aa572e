// What md5sum, sha256sum and their kin have in common: options, lists of checksums, checking.
//
// An applet is a ChecksumKind and two lines: see tools/sha256sum.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/applet.h"
#include "lib/base/error.h"

namespace rescue {

struct ChecksumKind {
  std::string_view tag;  // "SHA256", as --tag writes it
  size_t digits;         // of the digest, in hexadecimal
  // The digest of what is left to read of a descriptor, in hexadecimal.
  Result<std::string> (*digest)(int fd, std::string_view path);
};

enum class ChecksumMode : uint8_t { unset, text, binary };
enum class CheckReport : uint8_t { all, failures, nothing, malformed_too };

struct ChecksumOptions {
  bool check = false;
  bool tag = false;
  bool zero = false;
  bool ignore_missing = false;
  bool strict = false;
  ChecksumMode mode = ChecksumMode::unset;
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

// Prints or checks the sums of the operands; standard input where there are none, or for "-".
Result<int> run_checksum(const ChecksumKind& kind, const ChecksumOptions& options, Io& io, const Args& files);

// One line of a list of checksums. Nothing when it is malformed.
struct ChecksumLine {
  std::string digest;  // hexadecimal, as written: upper or lower case
  std::string path;
};

// Reads lists that are made by GNU's tools, plain or with --tag, and by BSD's `md5 -r`.
class ChecksumParser {
 public:
  explicit ChecksumParser(const ChecksumKind& kind) : kind_(kind) {}
  std::optional<ChecksumLine> parse(std::string_view line);

 private:
  std::optional<ChecksumLine> parse_tagged(std::string_view line, bool escaped) const;

  const ChecksumKind& kind_;
  // With one blank between digest and name, the first line decides whether a second blank is part of the name.
  std::optional<bool> one_blank_;
};

// A name that would break the line: with \\, \n and \r for backslash, newline and carriage return.
bool needs_escape(std::string_view path);
std::string escape_name(std::string_view path);

}  // namespace rescue
