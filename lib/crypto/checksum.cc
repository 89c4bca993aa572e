#include "lib/crypto/checksum.h"

#include <cerrno>

#include <fcntl.h>

#include "lib/base/fd.h"
#include "lib/base/quote.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr std::string_view standard_input = "standard input";

// A list of checksums this long is none.
constexpr uint64_t max_list = uint64_t{1} << 30;

// The options that only make sense together, as GNU's tools have it, in their order.
Result<> check_usage(const ChecksumOptions& options) {
  if (options.tag && options.mode == ChecksumMode::text)
    return usage_error("--tag does not support --text mode");
  if (options.zero && options.check)
    return usage_error("the --zero option is not supported when verifying checksums");
  if (options.tag && options.check)
    return usage_error("the --tag option is meaningless when verifying checksums");
  if (options.mode != ChecksumMode::unset && options.check)
    return usage_error("the --binary and --text options are meaningless when verifying checksums");
  if (options.check)
    return {};
  const auto only_checking = [](std::string_view name) {
    return usage_error("the --", name, " option is meaningful only when verifying checksums");
  };
  if (options.ignore_missing)
    return only_checking("ignore-missing");
  if (options.report == CheckReport::nothing)
    return only_checking("status");
  if (options.report == CheckReport::malformed_too)
    return only_checking("warn");
  if (options.report == CheckReport::failures)
    return only_checking("quiet");
  if (options.strict)
    return only_checking("strict");
  return {};
}

// The digest of a file that is named on the command line or in a list; "-" is standard input.
Result<std::string> digest_of(const ChecksumKind& kind, size_t digits, const std::string& path, const Io& io) {
  if (path == "-")
    return kind.digest(io.in, standard_input, digits);
  const UniqueFd fd = TRY(open_file(path, O_RDONLY));
  // Asking for large steps ahead; whether the kernel heeds it does not matter.
  (void)::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  return kind.digest(fd.get(), path, digits);
}

void print_sum(const ChecksumKind& kind, const ChecksumOptions& options, std::string_view path, std::string_view digest,
               Output& out) {
  const bool escape = !options.zero && needs_escape(path);
  const std::string name = escape ? escape_name(path) : std::string(path);
  const char end = options.zero ? '\0' : '\n';
  // A digest that is shorter than it might be says so.
  const std::string length = digest.size() < kind.digits ? str('-', digest.size() * 4) : std::string();
  if (options.tag)
    out.put(escape ? "\\" : "", kind.tag, length, " (", name, ") = ", digest, end);
  else
    out.put(escape ? "\\" : "", digest, options.mode == ChecksumMode::binary ? " *" : "  ", name, end);
}

bool same_digest(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; };
  for (size_t i = 0; i < a.size() && i < b.size(); ++i)
    if (lower(a[i]) != lower(b[i]))
      return false;
  return a.size() == b.size();
}

// The checking of one list.
class Check {
 public:
  Check(std::span<const ChecksumKind> kinds, const ChecksumOptions& options, Io& io, std::string_view list)
      : kinds_(kinds),
        options_(options),
        io_(io),
        list_(quoted(list, QuotingStyle::shell_escape)),
        from_input_(list == standard_input),
        parser_(kinds) {}

  // Checks every line; whether all is well.
  bool run(std::string_view text);

 private:
  bool silent() const { return options_.report == CheckReport::nothing; }
  void take_line(std::string_view line, uint64_t number);
  void check_file(const ChecksumLine& line);
  void print_result(std::string_view path, std::string_view result);
  void summarize();
  void warn_count(uint64_t count, std::string_view singular, std::string_view plural);

  std::span<const ChecksumKind> kinds_;
  const ChecksumOptions& options_;
  Io& io_;
  std::string list_;  // as messages name it
  bool from_input_;
  ChecksumParser parser_;
  uint64_t well_formed_ = 0;
  uint64_t malformed_ = 0;
  uint64_t unreadable_ = 0;
  uint64_t matching_ = 0;
  uint64_t different_ = 0;
};

void Check::print_result(std::string_view path, std::string_view result) {
  if (silent())
    return;
  // GNU's tools escape less in here than in lists: only what would make two lines of one.
  const bool escape = path.contains('\n');
  io_.out.put(escape ? "\\" : "", escape ? escape_name(path) : std::string(path), ": ", result, '\n');
}

void Check::check_file(const ChecksumLine& line) {
  const auto digest = digest_of(*line.kind, line.digest.size(), line.path, io_);
  if (!digest && options_.ignore_missing && digest.error().code() == ENOENT)
    return;
  if (!digest) {
    ++unreadable_;
    io_.warn(digest.error());
    print_result(line.path, "FAILED open or read");
  } else if (same_digest(*digest, line.digest)) {
    ++matching_;
    if (options_.report != CheckReport::failures)
      print_result(line.path, "OK");
  } else {
    ++different_;
    print_result(line.path, "FAILED");
  }
}

void Check::take_line(std::string_view line, uint64_t number) {
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  if (line.empty() || line.starts_with('#'))
    return;
  const auto parsed = parser_.parse(line);
  // Standard input cannot be the list and what is checked.
  if (!parsed || (parsed->path == "-" && from_input_)) {
    ++malformed_;
    if (options_.report == CheckReport::malformed_too)
      io_.note(list_, ": ", number, ": improperly formatted ", kinds_[0].tag, " checksum line");
    return;
  }
  ++well_formed_;
  check_file(*parsed);
}

void Check::warn_count(uint64_t count, std::string_view singular, std::string_view plural) {
  if (count > 0)
    io_.note("WARNING: ", count, ' ', count == 1 ? singular : plural);
}

void Check::summarize() {
  if (well_formed_ == 0) {
    io_.note(list_, ": no properly formatted checksum lines found");
    return;
  }
  if (silent())
    return;
  warn_count(malformed_, "line is improperly formatted", "lines are improperly formatted");
  warn_count(unreadable_, "listed file could not be read", "listed files could not be read");
  warn_count(different_, "computed checksum did NOT match", "computed checksums did NOT match");
  if (options_.ignore_missing && matching_ == 0)
    io_.note(list_, ": no file was verified");
}

bool Check::run(std::string_view text) {
  uint64_t number = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    take_line(text.substr(0, end), ++number);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  summarize();
  return well_formed_ > 0 && matching_ > 0 && unreadable_ == 0 && different_ == 0 &&
         (!options_.strict || malformed_ == 0);
}

Result<std::string> read_list(const std::string& path, const Io& io) {
  if (path == "-")
    return read_all(io.in, max_list, standard_input);
  const UniqueFd fd = TRY(open_file(path, O_RDONLY));
  return read_all(fd.get(), max_list, path);
}

}  // namespace

Result<size_t> digits_of_length(uint64_t bits, size_t most) {
  if (bits % 8 != 0)
    return fail("length", "", bits, " is not a multiple of 8");
  if (bits / 4 > most)
    return fail("length", "", bits, " is more than ", most * 4);
  return bits == 0 ? most : static_cast<size_t>(bits / 4);
}

Result<int> run_checksum(std::span<const ChecksumKind> kinds, const ChecksumOptions& options, Io& io,
                         const Args& files) {
  TRY(check_usage(options));
  const size_t digits = TRY(digits_of_length(options.length, kinds[0].digits));
  Args operands = files;
  if (operands.empty())
    operands.push("-");
  bool all_well = true;
  for (const std::string_view operand : operands) {
    const std::string path(operand);
    const auto text = options.check ? read_list(path, io) : digest_of(kinds[0], digits, path, io);
    if (!text)
      io.warn(text.error());
    else if (options.check)
      all_well = Check(kinds, options, io, path == "-" ? standard_input : operand).run(*text) && all_well;
    else
      print_sum(kinds[0], options, operand, *text, io.out);
  }
  return all_well ? io.status() : io.failure_status;
}

}  // namespace rescue
