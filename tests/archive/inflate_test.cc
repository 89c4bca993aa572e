#include "lib/archive/inflate.h"

#include <random>

#include <doctest/doctest.h>
#include <zlib.h>

#include "lib/base/text.h"
#include "tests/archive/zlib_inflate.h"

namespace rescue { namespace {

constexpr size_t limit = 1 << 20;

std::string deflated(const std::string& text, int level, int strategy, int memory = 8) {
  z_stream stream{};
  REQUIRE(::deflateInit2(&stream, level, Z_DEFLATED, -15, memory, strategy) == Z_OK);
  std::string out(::deflateBound(&stream, text.size()) + 1024, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<unsigned>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<unsigned>(out.size());
  REQUIRE(::deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  (void)::deflateEnd(&stream);
  return out;
}

// Words, noise, runs, and the same again as far back as can be.
std::string mixed(size_t size) {
  std::minstd_rand random(11);
  std::string text;
  while (text.size() < size) {
    const auto kind = random() % 8;
    if (kind < 4)
      text += str("word ", random() % 5000, ' ');
    else if (kind == 4)
      text.append(random() % 700, static_cast<char>('a' + random() % 4));
    else if (kind == 5 && text.size() > 32768)
      text += text.substr(text.size() - 32768 + random() % 3, random() % 400);
    else if (kind == 6)
      text += text.substr(text.size() - std::min<size_t>(text.size(), 1 + random() % 20), 20);
    else
      for (auto count = random() % 60; count > 0; --count)
        text += static_cast<char>(random() >> 8);
  }
  text.resize(size);
  return text;
}

TEST_CASE("inflate: what zlib deflates comes back, whatever the pieces") {
  for (const size_t size : {0, 1, 3, 1000, 300000}) {
    const std::string text = mixed(size);
    for (const auto& [level, strategy] : {std::pair{0, Z_DEFAULT_STRATEGY},
                                          {1, Z_DEFAULT_STRATEGY},
                                          {6, Z_DEFAULT_STRATEGY},
                                          {9, Z_DEFAULT_STRATEGY},
                                          {6, Z_HUFFMAN_ONLY},
                                          {6, Z_RLE},
                                          {6, Z_FIXED}}) {
      const std::string bytes = deflated(text, level, strategy, level == 9 ? 9 : 1);
      for (const auto& [piece, room] : {std::pair<size_t, size_t>{1, 70000}, {7, 1}, {4096, 300}, {1 << 20, 1 << 20}}) {
        INFO(size, " bytes, level ", level, ", strategy ", strategy, ", pieces of ", piece, ", room for ", room);
        const Inflated ours = inflate_in_pieces(bytes, piece, room, limit);
        CHECK(ours.outcome == Inflater::Outcome::end);
        CHECK((ours.bytes == text));
      }
    }
  }
}

TEST_CASE("inflate: what follows behind the end can still be had") {
  std::string bytes = deflated(mixed(500), 6, Z_DEFAULT_STRATEGY) + "behind";
  std::string_view in = bytes;
  Inflater inflater;
  char out[1000];
  size_t made = 0;
  CHECK(inflater.run(in, out, sizeof out, made) == Inflater::Outcome::end);
  std::string rest;
  while (const auto byte = inflater.next_byte(in))
    rest += static_cast<char>(*byte);
  CHECK(rest == "behind");
}

TEST_CASE("inflate: of every shorter length and with every bit flipped it says what zlib says") {
  for (const int strategy : {Z_DEFAULT_STRATEGY, Z_FIXED})
    for (const int level : {0, 9}) {
      const std::string bytes = deflated(mixed(900), level, strategy);
      const auto check = [&](std::string_view changed) {
        constexpr size_t enough = 16384;
        const Inflated theirs = inflate_by_zlib(changed, enough);
        const Inflated ours = inflate_in_pieces(changed, 64, 500, enough);
        // Where the room is full, one may see an end that the other has not come to yet.
        if (theirs.bytes.size() == enough || ours.bytes.size() == enough)
          return;
        REQUIRE(ours.outcome == theirs.outcome);
        if (ours.outcome != Inflater::Outcome::damaged)
          REQUIRE((ours.bytes == theirs.bytes));
      };
      for (size_t length = 0; length < bytes.size(); ++length)
        check(std::string_view(bytes).substr(0, length));
      for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        std::string changed = bytes;
        changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
        check(changed);
      }
    }
}

}}  // namespace rescue
