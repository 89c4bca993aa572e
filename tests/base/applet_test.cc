#include "lib/base/applet.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "lib/base/manual.h"
#include "lib/base/version.h"

namespace rescue {

namespace {

struct Settings {
  bool fail = false;
  std::string name;
};

constexpr Opt<Settings> options[] = {
    {'f', "fail", &Settings::fail, "end with an error, which is a long explanation that must be folded to fit in"},
    {'n', "name", &Settings::name, "greet NAME", "NAME"},
    {0, "color", &Settings::name, "colour", "[WHEN]"},
    {'q', nullptr, &Settings::fail, "a letter alone"},
};

Result<int> run(const Settings& settings, Io& io, Args args) {
  if (settings.fail)
    return fail("greet", settings.name, "nobody there");
  TRY(args.expect_end());
  io.out.put("hello ", settings.name, '\n');
  return io.status();
}

constexpr Applet greet = {
    .name = "greet",
    .summary = "say hello",
    .usage = "[OPTION]...\nNAME",
    .section = 8,
    .failure_status = 9,
    .notes = dense<"Be polite.">,
    .options = describe<options>,
    .run = entry<options, run>,
};

struct Ran {
  int status;
  std::string out, err;
};

Ran run_it(std::vector<const char*> words) {
  Ran ran{};
  Io io(greet.name, greet.failure_status, ran.out, ran.err);
  ran.status = run_applet(greet, io, words);
  return ran;
}

}  // namespace

TEST_CASE("applet: it runs with its options, and its error gives the status") {
  const Ran good = run_it({"-n", "you"});
  CHECK(good.status == 0);
  CHECK(good.out == "hello you\n");
  CHECK(good.err.empty());
  const Ran bad = run_it({"-f", "-nyou"});
  CHECK(bad.status == 9);
  CHECK(bad.err == "greet: you: greet: nobody there\n");
}

TEST_CASE("applet: wrong usage is one line and a hint, and status 2") {
  for (const char* const word : {"--zap", "-z", "operand"}) {
    const Ran ran = run_it({word});
    CHECK(ran.status == 2);
    CHECK(ran.out.empty());
    CHECK(ran.err.ends_with("\nTry 'greet --help' for more information.\n"));
    CHECK(std::ranges::count(ran.err, '\n') == 2);
  }
}

TEST_CASE("applet: the help is made of the table, within 80 columns") {
  const Ran ran = run_it({"--help"});
  CHECK(ran.status == 0);
  CHECK(ran.out.starts_with("Usage: greet [OPTION]...\n       greet NAME\nSay hello.\n\n"));
  for (const char* const part : {"  -f, --fail ", "  -n, --name=NAME ", "      --color[=WHEN] ", "  -q ",
                                 "      --help ", "      --version ", "\nBe polite.\n"})
    CHECK_MESSAGE(ran.out.find(part) != std::string::npos, part);
  for (const std::string_view line : split(ran.out, '\n'))
    CHECK(line.size() < 80);
  CHECK(run_it({"--version"}).out == str("greet (rescue) ", version, '\n'));
}

TEST_CASE("manual: the page has the table's options, and the description around them") {
  std::string page;
  Output out(page);
  print_manual(greet, "Says `hello` - to all.\n.dot\n\n    greet -n you\n\nSEE ALSO\n\n`cat`(1)\n", out);
  CHECK(page.find(".TH \"greet\" 8") == 0);
  CHECK(page.find(".SH NAME\ngreet \\- say hello\n") != std::string::npos);
  CHECK(page.find("Says \\fBhello\\fR \\- to all.\n\\&.dot\n") != std::string::npos);
  CHECK(page.find(".EX\ngreet \\-n you\n") != std::string::npos);
  const size_t options_at = page.find(".SH OPTIONS\n");
  const size_t notes_at = page.find(".SH NOTES\n");
  const size_t more_at = page.find(".SH SEE ALSO\n");
  CHECK(page.find(".SH DESCRIPTION\n") < options_at);
  CHECK(options_at < notes_at);
  CHECK(notes_at < more_at);
  CHECK(more_at < page.size());
  CHECK(page.find("\\-n, \\-\\-name=NAME") != std::string::npos);
}

}  // namespace rescue
