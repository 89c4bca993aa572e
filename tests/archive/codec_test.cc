#include "lib/archive/codec.h"

#include <array>
#include <random>

#include <doctest/doctest.h>

#include "tests/archive/samples.h"
#include "tests/scratch.h"

namespace rescue { namespace {

constexpr std::array codecs = {Codec::gzip, Codec::bzip2, Codec::xz, Codec::lzma, Codec::zstd};
constexpr std::array names = {"gzip", "bzip2", "xz", "lzma", "zstd"};

std::string packed(std::string_view bytes, Codec codec, const EncodeOptions& options = {}, size_t piece = SIZE_MAX) {
  std::string out;
  StringSink sink(out);
  auto encoder = encode(sink, codec, options, "packed");
  REQUIRE(encoder);
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
    REQUIRE((*encoder)->write(bytes.substr(0, piece)));
  REQUIRE((*encoder)->finish());
  return out;
}

class PieceSource : public Source {
 public:
  PieceSource(std::string_view bytes, size_t piece) : bytes_(bytes), piece_(piece) {}
  Result<std::string_view> next() override {
    const std::string_view part = bytes_.substr(0, piece_);
    bytes_.remove_prefix(part.size());
    return part;
  }
  std::string_view path() const override { return "pieces"; }

 private:
  std::string_view bytes_;
  size_t piece_;
};

Result<std::string> unpacked(std::string_view bytes, Codec codec, DecodeOptions options = {}, size_t piece = 4096) {
  options.limit = std::min<uint64_t>(options.limit, 64 << 20);
  const auto source = decode(std::make_unique<PieceSource>(bytes, piece), codec, options);
  return read_all(*source, 64 << 20);
}

std::string some_text(size_t size) {
  std::minstd_rand random(7);
  std::string text;
  while (text.size() < size)
    text += str("line ", random() % 1000, (random() & 1) != 0 ? " of many\n" : " and more\n");
  text.resize(size);
  return text;
}

TEST_CASE("codec: what is compressed comes back, from our own and from the commands of that name") {
  for (size_t i = 0; i < codecs.size(); ++i)
    for (const size_t size : {0, 1, 100, 131071, 131072, 131073, 700000}) {
      INFO(names[i], " ", size);
      const std::string text = some_text(size);
      const std::string bytes = packed(text, codecs[i]);
      CHECK(codec_of(bytes) == codecs[i]);
      CHECK(unpacked(bytes, codecs[i]) == text);
      CHECK(unpacked(bytes, codecs[i], {.threads = 0}, 1000) == text);
      if (size < 1000)
        CHECK(unpacked(bytes, codecs[i], {}, 1) == text);
    }
}

TEST_CASE("codec: the commands of that name read it, and we read theirs") {
  const Scratch scratch;
  const std::string text = some_text(300000);
  scratch.write("text", text);
  for (size_t i = 0; i < codecs.size(); ++i) {
    INFO(names[i]);
    scratch.write("packed", packed(text, codecs[i]));
    CHECK(scratch.output_of(str(names[i], " -dc <packed")) == text);
    CHECK(unpacked(scratch.output_of(str(names[i], " -c <text")), codecs[i]) == text);
  }
}

TEST_CASE("codec: gzip is the same with any number of threads, whatever pieces it comes in") {
  const std::string text = some_text(2'000'000);
  const std::string bytes = packed(text, Codec::gzip);
  CHECK(packed(text, Codec::gzip, {.threads = 2}) == bytes);
  CHECK(packed(text, Codec::gzip, {.threads = 5}, 777) == bytes);
  CHECK(unpacked(bytes, Codec::gzip) == text);
}

TEST_CASE("codec: several members are one stream; zeros may follow, and rubbish is told") {
  for (size_t i = 0; i < codecs.size(); ++i) {
    if (codecs[i] == Codec::lzma)
      continue;
    INFO(names[i]);
    const std::string one = packed("one ", codecs[i]);
    const std::string two = packed("two", codecs[i]);
    for (const size_t piece : {1, 3, 5, 4096})
      CHECK(unpacked(one + two, codecs[i], {}, piece) == "one two");
    const std::string rubbish = one + "rubbish";
    const auto source = decode(std::make_unique<MemorySource>(rubbish, "x"), codecs[i]);
    const auto text = read_all(*source, 100);
    if (codecs[i] == Codec::gzip || codecs[i] == Codec::bzip2) {
      CHECK(text == "one ");
      CHECK(source->has_rubbish());
      CHECK(unpacked(one + std::string(1000, '\0'), codecs[i]) == "one ");
    } else {
      CHECK_FALSE(text);
    }
  }
}

TEST_CASE("codec: every shorter length is an error, every byte flipped is an error or the same length of time") {
  const std::string text = some_text(2000);
  for (size_t i = 0; i < codecs.size(); ++i) {
    const std::string bytes = packed(text, codecs[i]);
    for (size_t length = 0; length < bytes.size(); ++length) {
      INFO(names[i], " ", length);
      const auto result = unpacked(std::string_view(bytes).substr(0, length), codecs[i]);
      // The older form of xz has an end mark, and what is before it is all there.
      if (codecs[i] != Codec::lzma || !result)
        CHECK_FALSE(result);
    }
    for (size_t at = 0; at < bytes.size(); ++at) {
      std::string flipped = bytes;
      flipped[at] = static_cast<char>(~flipped[at]);
      const auto result = unpacked(flipped, codecs[i], {.memory = 64 << 20});
      if (codecs[i] != Codec::lzma && codecs[i] != Codec::gzip)
        CHECK((!result || *result == text));
    }
  }
}

TEST_CASE("codec: more than the limit is an error") {
  const std::string zeros(10 << 20, '\0');
  for (size_t i = 0; i < codecs.size(); ++i) {
    INFO(names[i]);
    const std::string bomb = packed(zeros, codecs[i]);
    const auto result = unpacked(bomb, codecs[i], {.limit = 1 << 20});
    REQUIRE_FALSE(result);
    CHECK(result.error().status() == Status::bad_data);
  }
}

TEST_CASE("codec: levels that do not exist are refused") {
  std::string out;
  StringSink sink(out);
  CHECK_FALSE(encode(sink, Codec::gzip, {.level = 10}, "x"));
  CHECK_FALSE(encode(sink, Codec::bzip2, {.level = 0}, "x"));
  CHECK_FALSE(encode(sink, Codec::xz, {.level = 10}, "x"));
  CHECK_FALSE(encode(sink, Codec::zstd, {.level = 23}, "x"));
}

}}  // namespace rescue
