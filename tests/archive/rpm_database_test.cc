#include "lib/archive/rpm_database.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "lib/archive/rpm_header.h"
#include "tests/archive/rpm_builder.h"
#include "tests/archive/rpm_db_builder.h"
#include "tests/scratch.h"

namespace rescue { namespace {

using rpm::Database;

// A file in memory with those bytes.
UniqueFd memory_file(std::string_view bytes) {
  UniqueFd fd(::memfd_create("database", MFD_CLOEXEC));
  REQUIRE(fd);
  REQUIRE(write_all(fd.get(), bytes, "database"));
  return fd;
}

struct Content {
  std::vector<std::string> headers;
  size_t faults = 0;
  bool opened = false;
};

Content read_content(std::string_view bytes, std::string_view log = {}) {
  const UniqueFd fd = memory_file(bytes);
  const UniqueFd log_fd = memory_file(log);
  const auto database = Database::open(fd.get(), "database", log.empty() ? -1 : log_fd.get());
  Content content;
  if (!database)
    return content;
  content.opened = true;
  for (const uint64_t place : (*database)->headers()) {
    auto header = (*database)->read(place);
    if (header)
      content.headers.push_back(*std::move(header));
    else
      ++content.faults;
  }
  content.faults += (*database)->faults().size();
  std::ranges::sort(content.headers);
  return content;
}

// A short one, one that needs some pages of its own, and one that needs many.
std::vector<std::string> sample_headers() {
  std::vector<std::string> headers = {"a header of some bytes", std::string(700, 'm'), sample_rpm_header().blob()};
  std::string long_one;
  for (int i = 0; i < 5000; ++i)
    long_one += static_cast<char>(i * 31 + i / 256);
  headers.push_back(long_one);
  std::ranges::sort(headers);
  return headers;
}

struct Form {
  std::string_view name;
  std::string bytes;
};

std::vector<Form> forms() {
  const auto headers = sample_headers();
  return {{"ndb", ndb_of(headers)},
          {"bdb", BdbBuilder(true).of(headers)},
          {"bdb-big-endian", BdbBuilder(false).of(headers)},
          {"sqlite", SqliteBuilder().of(headers)}};
}

TEST_CASE("rpm database: every form gives every header, whole") {
  for (const Form& form : forms()) {
    INFO(form.name);
    const Content content = read_content(form.bytes);
    CHECK(content.opened);
    CHECK(content.faults == 0);
    CHECK(content.headers == sample_headers());
  }
}

TEST_CASE("rpm database: every shorter length is told, or gives what is still there") {
  for (const Form& form : forms()) {
    INFO(form.name);
    for (size_t length = 0; length < form.bytes.size(); length += length < 700 ? 1 : 13) {
      const Content content = read_content(std::string_view(form.bytes).substr(0, length));
      CHECK((!content.opened || content.headers.size() < 4 || content.headers == sample_headers()));
    }
  }
}

TEST_CASE("rpm database: every byte flipped ends in an error or in other headers, never in harm") {
  for (Form& form : forms())
    for (size_t i = 0; i < form.bytes.size(); ++i) {
      for (const char flip : {'\xff', '\1'}) {
        form.bytes[i] = static_cast<char>(form.bytes[i] ^ flip);
        CHECK(read_content(form.bytes).headers.size() <= 300);
        form.bytes[i] = static_cast<char>(form.bytes[i] ^ flip);
      }
    }
}

TEST_CASE("rpm database: what is in an SQLite log counts once it was committed") {
  const std::string before = SqliteBuilder().of({"the header as it was"});
  const std::string after = SqliteBuilder().of({"the header as it is!"});
  REQUIRE(before.size() == after.size());
  std::vector<std::pair<uint32_t, std::string>> changed;
  changed.reserve(after.size() / SqliteBuilder::page);
  for (uint32_t i = 0; i < after.size() / SqliteBuilder::page; ++i)
    changed.emplace_back(i + 1, after.substr(i * SqliteBuilder::page, SqliteBuilder::page));
  const std::string log = SqliteBuilder::log_of(changed, static_cast<uint32_t>(changed.size()));
  CHECK(read_content(before).headers == std::vector<std::string>{"the header as it was"});
  CHECK(read_content(before, log).headers == std::vector<std::string>{"the header as it is!"});
  const std::vector<std::string> either[] = {{"the header as it was"}, {"the header as it is!"}};
  for (size_t length = 0; length < log.size(); ++length)
    CHECK(read_content(before, log.substr(0, length)).headers == either[0]);
  std::string damaged = log;
  for (size_t i = 0; i < log.size(); ++i) {
    damaged[i] = static_cast<char>(log[i] ^ 0x11);
    const auto headers = read_content(before, damaged).headers;
    CHECK((headers == either[0] || headers == either[1]));
    damaged[i] = log[i];
  }
}

TEST_CASE("rpm database: pages in circles come to an end") {
  std::string sqlite = SqliteBuilder().of(sample_headers());
  // The interior page leads to itself.
  sqlite.replace(512 + 8, 4, big_endian(2, 4));
  const Content content = read_content(sqlite);
  CHECK(content.opened);
  CHECK(content.faults > 0);
}

TEST_CASE("rpm database: SQLite's own files are read as SQLite reads them") {
  const Scratch scratch;
  scratch.write("make.py", R"(import sqlite3
database = sqlite3.connect('rpmdb.sqlite')
database.execute('CREATE TABLE Other (key TEXT, hnum INTEGER)')
database.execute('CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)')
for i in range(1, 400):
    database.execute('INSERT INTO Packages VALUES (?, ?)', (i, bytes([i % 251]) * (i * i)))
database.execute('DELETE FROM Packages WHERE hnum % 7 = 0')
database.commit()
)");
  scratch.output_of("python3 make.py");
  const Content content = read_content(scratch.read("rpmdb.sqlite"));
  CHECK(content.faults == 0);
  std::vector<std::string> expected;
  for (size_t i = 1; i < 400; ++i)
    if (i % 7 != 0)
      expected.emplace_back(i * i, static_cast<char>(i % 251));
  std::ranges::sort(expected);
  CHECK(content.headers == expected);
}

}}  // namespace rescue
