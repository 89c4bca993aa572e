#include "lib/text/lines.h"

#include <string>

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/fd.h"

namespace rescue {

namespace {

UniqueFd file_of(std::string_view text) {
  UniqueFd fd(::memfd_create("text", MFD_CLOEXEC));
  REQUIRE(fd);
  REQUIRE(write_all(fd.get(), text, "text"));
  REQUIRE(::lseek(fd.get(), 0, SEEK_SET) == 0);
  return fd;
}

// The text put together again from its lines, each with the ending that it had.
std::string read_back(std::string_view text, char ending) {
  const UniqueFd fd = file_of(text);
  LineReader lines(fd.get(), "text", ending);
  std::string all;
  for (std::string_view line; lines.next(line);) {
    CHECK(line.find(ending) == std::string_view::npos);
    CHECK(lines.whole(line).starts_with(line));
    all += lines.whole(line);
  }
  CHECK(lines.end());
  return all;
}

}  // namespace

TEST_CASE("lines: with and without an ending, empty ones, other endings") {
  for (const std::string_view text : {"", "\n", "a", "a\n", "a\nb", "\n\na\n\nb\n", "x\0y\nz\0"})
    for (const char ending : {'\n', '\0', 'a'})
      CHECK(read_back(text, ending) == text);
  const std::string_view zeros("x\0y\nz\0", 6);
  CHECK(read_back(zeros, '\0') == zeros);
}

TEST_CASE("lines: lines around the size of the buffer, and far beyond it") {
  for (const size_t length : {65534UL, 65535UL, 65536UL, 65537UL, 131072UL, 1000003UL}) {
    std::string text = "first\n" + std::string(length, 'x') + "\nlast";
    CHECK(read_back(text, '\n') == text);
    text = std::string(length, 'x') + '\n';
    CHECK(read_back(text, '\n') == text);
    text.pop_back();
    CHECK(read_back(text, '\n') == text);
  }
}

TEST_CASE("lines: what cannot be read is an error at the end, and what was read is there") {
  LineReader lines(-1, "nothing");
  std::string_view line;
  CHECK(!lines.next(line));
  CHECK(!lines.next(line));
  const auto end = lines.end();
  REQUIRE(!end);
  CHECK(message(end.error()) == "nothing: read: Bad file descriptor");
}

TEST_CASE("scan: every length, and every place of the byte") {
  for (size_t length = 0; length < 70; ++length) {
    std::string text(length, '\xff');
    CHECK(find_byte(text.data(), text.data() + length, 'x') == text.data() + length);
    CHECK(find_last_byte(text.data(), text.data() + length, 'x') == nullptr);
    for (size_t i = 0; i < length; ++i) {
      text[i] = 'x';
      CHECK(find_byte(text.data(), text.data() + length, 'x') == text.data() + i);
      CHECK(find_last_byte(text.data(), text.data() + length, 'x') == text.data() + i);
      CHECK(count_byte(text, 'x') == 1);
      CHECK(count_byte(text, '\xff') == length - 1);
      text[i] = '\xff';
    }
  }
  CHECK(count_byte(std::string(100000, '\n'), '\n') == 100000);
}

TEST_CASE("scan: of several, the first and the last") {
  std::string text(64, '.');
  for (size_t i = 0; i < text.size(); ++i) {
    for (size_t j = i; j < text.size(); ++j) {
      text[i] = text[j] = '\n';
      CHECK(find_byte(text.data(), text.data() + text.size(), '\n') == text.data() + i);
      CHECK(find_last_byte(text.data(), text.data() + text.size(), '\n') == text.data() + j);
      text[i] = text[j] = '.';
    }
  }
}

TEST_CASE("scan: how much two texts have in common") {
  const std::string text(70, 'a');
  for (size_t length = 0; length < text.size(); ++length) {
    std::string other = text;
    CHECK(common_length(text.data(), other.data(), length) == length);
    for (size_t i = 0; i < length; ++i) {
      other[i] = 'b';
      CHECK(common_length(text.data(), other.data(), length) == i);
      other[i] = 'a';
    }
  }
}

}  // namespace rescue
