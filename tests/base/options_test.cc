#include "lib/base/options.h"

#include <doctest/doctest.h>

namespace rescue {

namespace {

enum class Color : uint8_t { none, red, blue };

struct Settings {
  bool all = false;
  unsigned verbose = 0;
  std::string output;
  std::vector<std::string> exclude;
  uint64_t count = 0;
  std::optional<std::string> when;
  Color color = Color::none;
  std::string calls;
};

Result<> note(Settings& s, std::string_view argument) {
  if (argument == "bad")
    return usage_error("bad word");
  s.calls += argument;
  s.calls += ';';
  return {};
}

constexpr Opt<Settings> options[] = {
    Opt<Settings>("Heading"),
    {'a', "all", &Settings::all, "all"},
    {'v', "verbose", &Settings::verbose, "more"},
    {'o', "output", &Settings::output, "to FILE", "FILE"},
    {'x', "exclude", &Settings::exclude, "not these", "PATTERN"},
    {'n', "count", &Settings::count, "so many", "N"},
    {'w', "when", &Settings::when, "when", "[WHEN]"},
    {'r', "red", set<&Settings::color, Color::red>, "red"},
    {'b', "blue", set<&Settings::color, Color::blue>, "blue"},
    {0, "note", note, "note", "WORD"},
    {0, "verify", &Settings::all, "a name beginning as another"},
};

struct Parsed {
  Settings settings;
  Args operands;
  Result<Asked> asked{Asked::nothing};
};

Parsed parse(std::vector<const char*> words, bool operands_end_options = false) {
  Parsed parsed;
  parsed.asked = parse_options(describe<options>, &parsed.settings, words, parsed.operands, operands_end_options);
  return parsed;
}

std::string error_of(std::vector<const char*> words) {
  const Parsed parsed = parse(std::move(words));
  if (parsed.asked)
    return {};
  CHECK(parsed.asked.error().status() == Status::usage);
  return message(parsed.asked.error());
}

}  // namespace

TEST_CASE("options: letters in a cluster, the last with its argument joined or apart") {
  const Parsed joined = parse({"-avvofile", "x"});
  CHECK(joined.settings.all);
  CHECK(joined.settings.verbose == 2);
  CHECK(joined.settings.output == "file");
  CHECK(joined.operands.size() == 1);
  CHECK(parse({"-ao", "file"}).settings.output == "file");
  CHECK(parse({"-o", "-a"}).settings.output == "-a");
}

TEST_CASE("options: long names, with = or a word of their own, cut short while unambiguous") {
  CHECK(parse({"--output=a=b"}).settings.output == "a=b");
  CHECK(parse({"--output", "file"}).settings.output == "file");
  CHECK(parse({"--out=file"}).settings.output == "file");
  CHECK(parse({"--verb"}).settings.verbose == 1);
  CHECK(error_of({"--ver"}).find("--verbose") != std::string::npos);
  CHECK(error_of({"--ver"}).find("--verify") != std::string::npos);
}

TEST_CASE("options: operands and options may be mixed, until -- or where the first operand ends them") {
  const Parsed mixed = parse({"one", "-a", "two", "--", "-v", "--all"});
  CHECK(mixed.settings.all);
  CHECK(mixed.settings.verbose == 0);
  REQUIRE(mixed.operands.size() == 4);
  CHECK(mixed.operands[2] == "-v");
  const Parsed ended = parse({"-a", "command", "-v"}, true);
  CHECK(ended.settings.verbose == 0);
  CHECK(ended.operands.size() == 2);
  CHECK(parse({"-"}).operands[0] == "-");
}

TEST_CASE("options: an argument that may be left out is only taken where it is joined") {
  CHECK_FALSE(parse({}).settings.when);
  CHECK(parse({"--when", "x"}).settings.when == "");
  CHECK(parse({"--when=x"}).settings.when == "x");
  CHECK(parse({"-wx"}).settings.when == "x");
  CHECK(parse({"-w", "x"}).operands.size() == 1);
}

TEST_CASE("options: lists collect, choices override, functions run in order") {
  CHECK(parse({"-xa", "-x", "b", "--exclude=c"}).settings.exclude == std::vector<std::string>{"a", "b", "c"});
  CHECK(parse({"-rb"}).settings.color == Color::blue);
  CHECK(parse({"--blue", "-r"}).settings.color == Color::red);
  CHECK(parse({"--note=1", "--note", "2"}).settings.calls == "1;2;");
}

TEST_CASE("options: what is wrong is said in one line") {
  CHECK(error_of({"-z"}) == "unknown option -- 'z'");
  CHECK(error_of({"-az"}) == "unknown option -- 'z'");
  CHECK(error_of({"--zap"}) == "unknown option '--zap'");
  CHECK(error_of({"--zap\n"}) == "unknown option '--zap\\012'");
  CHECK(error_of({"-o"}) == "option '-o' needs an argument");
  CHECK(error_of({"--output"}) == "option '--output' needs an argument");
  CHECK(error_of({"--all=x"}) == "option '--all' takes no argument");
  CHECK(error_of({"--help=x"}) == "option '--help' takes no argument");
  CHECK(error_of({"-n", "many"}) == "'many' is not a number");
  CHECK(error_of({"--note=bad"}) == "bad word");
}

TEST_CASE("options: --help and --version are always understood, and end the reading") {
  CHECK(parse({"--help"}).asked == Asked::help);
  CHECK(parse({"--vers"}).asked == Asked::version);
  CHECK(parse({"--help", "--zap"}).asked == Asked::help);
  CHECK(parse({"--", "--help"}).asked == Asked::nothing);
}

TEST_CASE("options: operands are taken one by one, and must be all") {
  Args args = parse({"one", "two"}).operands;
  CHECK(args.shift("FIRST") == "one");
  CHECK(message(args.expect_end().error()) == "extra operand 'two'");
  CHECK(args.shift("SECOND") == "two");
  CHECK(args.expect_end());
  CHECK(message(args.shift("THIRD").error()) == "missing operand THIRD");
}

}  // namespace rescue
