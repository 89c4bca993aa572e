#include "lib/sys/process_columns.h"

#include <set>

#include <doctest/doctest.h>

#include "lib/base/text.h"

namespace rescue::ps { namespace {

// proc(5): the fields 26 to 30 are where the program's code and stack are.
constexpr std::string_view stat_line =
    "42 (a ) b) S 1 42 40 0 -1 4194560 10 0 3 0 250 50 7000 400 20 0 1 0 900 10485760 300 18446744073709551615 "
    "4096 20480 140000 139000 4198400 0 0 6 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0";

Line sample() {
  Line line;
  REQUIRE(parse_stat(stat_line, line.process));
  parse_status("Uid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n", line.process);
  line.thread = 42;
  return line;
}

std::string text(std::string_view key, const Line& line, const Setup& setup) {
  const Column* const column = find_column(key);
  REQUIRE(column != nullptr);
  return cell_text(*column, setup, line);
}

TEST_CASE("ps: a process by its stat and status") {
  Setup setup;
  setup.moment.uptime = 109;  // it is a hundred seconds old
  const Line line = sample();
  CHECK(text("pid", line, setup) == "42");
  CHECK(text("comm", line, setup) == "a ) b");
  CHECK(text("suid", line, setup) == "3");
  CHECK(text("fsuid", line, setup) == "4");
  CHECK(text("svgid", line, setup) == "7");
  CHECK(text("fgid", line, setup) == "8");
  CHECK(text("trs", line, setup) == "16");
  CHECK(text("drs", line, setup) == "10224");
  CHECK(text("stackp", line, setup) == "00000000000222e0");
  CHECK(text("esp", line, setup) == "0000000000021ef8");
  CHECK(text("eip", line, setup) == "0000000000401000");
  CHECK(text("cuu", line, setup) == "3.000");
  CHECK(text("cuc", line, setup) == "77.000");
  CHECK(text("bsdtime", line, setup) == "0:03");
  setup.cumulative = true;
  CHECK(text("bsdtime", line, setup) == "1:17");
}

TEST_CASE("ps: with threads behind it, a process and they say each their own") {
  const Setup setup;
  Line line = sample();
  line.part = Part::process;
  CHECK(text("pid", line, setup) == "42");
  CHECK(text("stat", line, setup) == "-");
  line.part = Part::thread;
  CHECK(text("pid", line, setup) == "-");
  CHECK(text("s", line, setup) == "S");
  CHECK(text("bsdtime", line, setup) == "0:03");
}

TEST_CASE("ps: code that ends before it begins has no size") {
  Process process;
  std::string text(stat_line);
  text.replace(text.find(" 4096 "), 6, " 99999 ");
  REQUIRE(parse_stat(text, process));
  CHECK(process.code_bytes == 0);
}

TEST_CASE("ps: the unit of a control group") {
  constexpr std::string_view service = "1:name=systemd:/system.slice/system-getty.slice/getty@tty1.service\n";
  CHECK(unit_of(service, "") == "getty@tty1.service");
  CHECK(unit_of(service, "slice") == "system-getty.slice");
  CHECK(unit_of(service, "user") == "-");
  constexpr std::string_view own = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/agent.service\n";
  CHECK(unit_of(own, "") == "user@1000.service");
  CHECK(unit_of(own, "user") == "agent.service");
  CHECK(unit_of(own, "slice") == "user-1000.slice");
  CHECK(unit_of("0::/user.slice/user-0.slice/session-3.scope", "") == "session-3.scope");
  CHECK(unit_of("4:memory:/docker/0123\n0::/init.scope\n", "") == "init.scope");
  for (const std::string_view nowhere : {"", "0::/", "0::", "0", "4:memory:/a.service", "0::/docker/0123"}) {
    CHECK(unit_of(nowhere, "") == "-");
    CHECK(unit_of(nowhere, "slice") == "-.slice");
  }
}

TEST_CASE("ps: each key names one column") {
  std::set<std::string_view> seen;
  for (const Column& column : all_columns()) {
    CHECK(!column.title().empty());
    for (const std::string_view key : split(column.keys(), ' ')) {
      CHECK(seen.insert(key).second);
      CHECK(find_column(key) == &column);
    }
  }
  CHECK(find_column("") == nullptr);
  CHECK(find_column("pid tgid") == nullptr);
}

}}  // namespace rescue::ps
