// What grep, egrep and fgrep are: their options, and the search.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/applet.h"
#include "lib/text/regex.h"

namespace rescue::grep {

enum class Binary : uint8_t { report, text, skip };
enum class Directories : uint8_t { read, recurse, skip };

struct PatternSource {
  std::string text;  // patterns with newlines between them, or the name of a file of such
  bool is_file = false;
};

struct Options {
  std::optional<RegexSyntax::Flavor> flavor;
  bool conflict = false;
  std::vector<PatternSource> sources;
  bool ignore_case = false;
  bool words = false;
  bool lines = false;
  bool zero = false;

  bool silent = false;
  bool invert = false;
  bool short_version = false;

  std::optional<uint64_t> max_count;
  bool offsets = false;
  bool numbers = false;
  bool line_buffered = false;
  std::optional<bool> names;
  std::string label = "(standard input)";
  bool only_matching = false;
  bool quiet = false;
  Binary binary = Binary::report;
  Directories directories = Directories::read;
  bool follow = false;
  std::optional<bool> read_devices;
  struct NamePattern {
    std::string glob;
    bool include = false;
  };
  std::vector<NamePattern> files;
  std::vector<std::string> exclude_from;
  std::vector<std::string> exclude_dirs;
  std::optional<bool> list;  // names of files: with, or without, a match
  bool count = false;
  bool tab = false;
  bool zero_names = false;

  std::optional<uint64_t> before;
  std::optional<uint64_t> after;
  std::optional<uint64_t> context;
  std::string digits;  // of -NUM
  std::string separator = "--";
  bool no_separator = false;
  bool color = false;
  bool binary_mode = false;
};

Result<> set_flavor(Options& o, RegexSyntax::Flavor flavor);
Result<> add_pattern(Options& o, std::string_view text);
Result<> add_pattern_file(Options& o, std::string_view name);
Result<> set_max_count(Options& o, std::string_view text);
Result<> set_binary(Options& o, std::string_view text);
Result<> set_directories(Options& o, std::string_view text);
Result<> set_devices(Options& o, std::string_view text);
Result<> set_color(Options& o, std::string_view text);
Result<> set_number(std::optional<uint64_t>& number, std::string_view text);
Result<> add_exclude_dir(Options& o, std::string_view glob);

template <RegexSyntax::Flavor flavor>
Result<> flavor_is(Options& o, std::string_view /*none*/) {
  return set_flavor(o, flavor);
}

template <auto member>
Result<> number_into(Options& o, std::string_view text) {
  return set_number(o.*member, text);
}

template <char digit>
Result<> digit_is(Options& o, std::string_view /*none*/) {
  o.digits += digit;
  return {};
}

template <bool include>
Result<> add_glob(Options& o, std::string_view glob) {
  o.files.push_back({std::string(glob), include});
  return {};
}

template <bool follow>
Result<> recurse(Options& o, std::string_view /*none*/) {
  o.directories = Directories::recurse;
  o.follow = follow;
  return {};
}

inline constexpr Opt<Options> options[] = {
    Opt<Options>("Patterns"),
    {'E', "extended-regexp", flavor_is<RegexSyntax::Flavor::extended>, "PATTERNS are extended regular expressions"},
    {'F', "fixed-strings", flavor_is<RegexSyntax::Flavor::fixed>, "PATTERNS are strings"},
    {'G', "basic-regexp", flavor_is<RegexSyntax::Flavor::basic>, "PATTERNS are basic regular expressions"},
    {'e', "regexp", add_pattern, "look for PATTERNS", "PATTERNS"},
    {'f', "file", add_pattern_file, "take PATTERNS from FILE, one a line", "FILE"},
    {'i', "ignore-case", &Options::ignore_case, "take upper and lower case for the same"},
    {'y', nullptr, &Options::ignore_case, "the same as -i"},
    {0, "no-ignore-case", set<&Options::ignore_case, false, Options>, "tell upper from lower case"},
    {'w', "word-regexp", &Options::words, "match only whole words"},
    {'x', "line-regexp", &Options::lines, "match only whole lines"},
    {'z', "null-data", &Options::zero, "lines end with a zero byte"},
    Opt<Options>("What is said"),
    {'s', "no-messages", &Options::silent, "no messages on files that cannot be read"},
    {'v', "invert-match", &Options::invert, "select the lines that do not match"},
    {'V', nullptr, &Options::short_version, "show the version and exit"},
    {'m', "max-count", set_max_count, "stop after NUM selected lines of a file", "NUM"},
    {'b', "byte-offset", &Options::offsets, "print where in the file each line begins"},
    {'n', "line-number", &Options::numbers, "print the number of each line"},
    {0, "line-buffered", &Options::line_buffered, "hold no line back"},
    {'H', "with-filename", set<&Options::names, true, Options>, "print the file's name with each line"},
    {'h', "no-filename", set<&Options::names, false, Options>, "do not"},
    {0, "label", &Options::label, "call standard input LABEL", "LABEL"},
    {'o', "only-matching", &Options::only_matching, "print only what matches, each match on a line"},
    {'q', "quiet", &Options::quiet, "print nothing; the exit status says it"},
    {0, "silent", &Options::quiet, "the same as --quiet"},
    {0, "binary-files", set_binary, "take binary files for TYPE: binary, text, without-match", "TYPE"},
    {'a', "text", set<&Options::binary, Binary::text, Options>, "the same as --binary-files=text"},
    {'I', nullptr, set<&Options::binary, Binary::skip, Options>, "the same as --binary-files=without-match"},
    {'d', "directories", set_directories, "what to do with directories: read, recurse, skip", "ACTION"},
    {'D', "devices", set_devices, "what to do with devices, FIFOs and sockets: read, skip", "ACTION"},
    {'r', "recursive", recurse<false>, "search directories with all that is in them"},
    {'R', "dereference-recursive", recurse<true>, "the same, and follow symbolic links"},
    {0, "include", add_glob<true>, "search only files whose name GLOB matches", "GLOB"},
    {0, "exclude", add_glob<false>, "leave out files whose name GLOB matches", "GLOB"},
    {0, "exclude-from", &Options::exclude_from, "leave out files whose name a line of FILE matches", "FILE"},
    {0, "exclude-dir", add_exclude_dir, "leave out directories whose name GLOB matches", "GLOB"},
    {'L', "files-without-match", set<&Options::list, false, Options>,
     "print only names of files where nothing is selected"},
    {'l', "files-with-matches", set<&Options::list, true, Options>, "print only names of files where something is"},
    {'c', "count", &Options::count, "print only how many lines are selected"},
    {'T', "initial-tab", &Options::tab, "line up what follows names and numbers"},
    {'Z', "null", &Options::zero_names, "print a zero byte after a file's name"},
    Opt<Options>("Context"),
    {'B', "before-context", number_into<&Options::before>, "print NUM lines before each selected one", "NUM"},
    {'A', "after-context", number_into<&Options::after>, "print NUM lines after it", "NUM"},
    {'C', "context", number_into<&Options::context>, "print NUM lines before and after", "NUM"},
    {'0', nullptr, digit_is<'0'>, "-NUM is the same as -C NUM"},
    {'1', nullptr, digit_is<'1'>, ""},
    {'2', nullptr, digit_is<'2'>, ""},
    {'3', nullptr, digit_is<'3'>, ""},
    {'4', nullptr, digit_is<'4'>, ""},
    {'5', nullptr, digit_is<'5'>, ""},
    {'6', nullptr, digit_is<'6'>, ""},
    {'7', nullptr, digit_is<'7'>, ""},
    {'8', nullptr, digit_is<'8'>, ""},
    {'9', nullptr, digit_is<'9'>, ""},
    {0, "group-separator", &Options::separator, "print SEP between lines that do not follow each other", "SEP"},
    {0, "no-group-separator", &Options::no_separator, "print nothing there"},
    {0, "color", set_color, "mark what matches: always, never, auto", "[WHEN]"},
    {0, "colour", set_color, "the same", "[WHEN]"},
    {'U', "binary", &Options::binary_mode, "ignored: files are read as they are"},
};

// `flavor` where no option names one.
Result<int> run(Options& opt, Io& io, Args& args, RegexSyntax::Flavor flavor);

}  // namespace rescue::grep
