#include "lib/archive/zstd.h"

#include <doctest/doctest.h>
#include <zstd.h>

#include "tests/archive/samples.h"
#include "tests/scratch.h"

namespace rescue { namespace {

// All of it where it is kept: the pieces must lie one behind the other, and stay as they were.
Result<std::string> kept(std::string_view bytes, ZstdLimits limits) {
  const LargeMemory memory(std::min<uint64_t>(limits.output, 128 << 20));
  REQUIRE(memory);
  ZstdSource source(std::make_unique<MemorySource>(bytes, "test.zst"), limits, &memory);
  std::string copied;
  while (true) {
    const std::string_view piece = TRY(source.next());
    if (piece.empty())
      break;
    REQUIRE(piece.data() == memory.bytes().data() + copied.size());
    copied += piece;
  }
  CHECK((memory.text().substr(0, copied.size()) == copied));
  return copied;
}

Result<std::string> decoded(std::string_view bytes, ZstdLimits limits = {}) {
  ZstdSource source(std::make_unique<MemorySource>(bytes, "test.zst"), limits);
  auto text = read_all(source, UINT64_MAX);
  const auto same = kept(bytes, limits);
  CHECK((same.has_value() == text.has_value() && (!text || *same == *text)));
  return text;
}

std::string error_of(std::string_view bytes, ZstdLimits limits = {}) {
  const auto text = decoded(bytes, limits);
  REQUIRE_FALSE(text);
  CHECK(text.error().status() == Status::bad_data);
  return message(text.error());
}

// Compressible, and long enough for several of zstd's blocks.
std::string sample_text(size_t size) {
  std::string text;
  for (uint32_t i = 0; text.size() < size; ++i)
    text += str(i * 2654435761U, ' ');
  text.resize(size);
  return text;
}

TEST_CASE("zstd: what is compressed reads back the same, at any size and level") {
  for (const size_t size : {0UL, 1UL, 1000UL, 131072UL, 262144UL, 1000000UL, 5000000UL})
    for (const int level : {1, 3}) {
      const std::string text = sample_text(size);
      const auto again = decoded(zstd_of(text, level));
      REQUIRE(again);
      CHECK(*again == text);
    }
  std::string zeros;
  zeros.resize(50'000'000);
  CHECK(decoded(zstd_of(zeros)) == zeros);
}

TEST_CASE("zstd: several frames and skippable ones follow each other") {
  const std::string skippable = std::string("\x53\x2a\x4d\x18\3\0\0\0abc", 11);
  CHECK(decoded(zstd_of("one ") + skippable + zstd_of("two") + zstd_of("")) == "one two");
  CHECK(looks_like_zstd(skippable));
  CHECK(looks_like_zstd(zstd_of("x")));
  CHECK_FALSE(looks_like_zstd("\x28\xb5\x2f"));
}

TEST_CASE("zstd: damage is named") {
  const std::string good = zstd_of(sample_text(1000));
  CHECK(error_of("") == "test.zst: decompress: is empty");
  CHECK(error_of("hello world") ==
        "test.zst: decompress: is not compressed with zstd, or there is something else behind its end");
  CHECK(error_of(good + "hello").contains("behind its end"));
  CHECK(error_of(good + "\x28").contains("was it cut off"));
  std::string wrong_sum = good;
  wrong_sum.back() ^= '\1';
  CHECK(error_of(wrong_sum) == "test.zst: decompress: is damaged: the checksum of its content is wrong");
}

TEST_CASE("zstd: every shorter length and every flipped byte is noticed") {
  const std::string text = sample_text(3000);
  const std::string good = zstd_of(text);
  for (size_t length = 0; length < good.size(); ++length)
    CHECK_FALSE(decoded(std::string_view(good).substr(0, length)));
  for (size_t i = 0; i < good.size(); ++i)
    for (const char flip : {'\x01', '\x20', '\x80'}) {
      std::string changed = good;
      changed[i] ^= flip;
      const auto found = decoded(changed);
      INFO(i);
      CHECK((!found || *found == text));
    }
}

TEST_CASE("zstd: a bomb ends at its limit") {
  std::string zeros;
  zeros.resize(100'000'000);
  const std::string bomb = zstd_of(zeros);
  CHECK(bomb.size() < 20000);
  CHECK(error_of(bomb, {.output = 1 << 20}) == "test.zst: decompress: holds more than the 1.0 MiB that it may");
  CHECK(decoded(zstd_of("12345"), {.output = 5}) == "12345");
  CHECK_FALSE(decoded(zstd_of("123456"), {.output = 5}));
}

TEST_CASE("zstd: a frame that asks for too much memory is refused") {
  // A header that asks for a window of 2 GiB, and nothing behind it.
  CHECK(error_of(std::string("\x28\xb5\x2f\xfd\0\xa8\0\0\0", 9)) ==
        "test.zst: decompress: asks for more memory to decompress than is allowed");
  Scratch scratch;
  scratch.output_of("head -c 300000 /dev/zero | zstd -q --long=27 -c >long");
  CHECK(decoded(scratch.read("long"))->size() == 300000);
  CHECK_FALSE(decoded(scratch.read("long"), {.window_log = 23}));
}

TEST_CASE("zstd: the stock tool decompresses ours and checks its sum") {
  Scratch scratch;
  const std::string text = sample_text(2'000'000);
  scratch.write("a.zst", zstd_of(text, 9));
  scratch.output_of("zstd -qd a.zst");
  CHECK(scratch.read("a") == text);
  CHECK(scratch.output_of("zstd -lv a.zst").contains("XXH64"));
}

TEST_CASE("zstd: how the input is cut into pieces makes no difference to the bytes") {
  const std::string text = sample_text(20'000'000);
  const std::string whole = zstd_of(text, 1);
  for (const size_t piece : {4096UL, 100'000UL}) {
    std::string out;
    StringSink sink(out);
    const auto writer = ZstdSink::open(sink, 1, "test");
    REQUIRE(writer);
    for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(std::min(piece, rest.size())))
      REQUIRE((*writer)->write(rest.substr(0, piece)));
    REQUIRE((*writer)->finish());
    CHECK((out == whole));
  }
}

TEST_CASE("zstd: the number of processors makes no difference to the bytes") {
  // As on machines with one and with four of them; with none of its workers libzstd's bytes would be others.
  const std::string text = sample_text(20'000'000);
  const std::string ours = zstd_of(text, 1);
  for (const int workers : {1, 2, 4}) {
    ZSTD_CCtx* context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 1);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
    ZSTD_CCtx_setParameter(context, ZSTD_c_nbWorkers, workers);
    std::string out(ZSTD_compressBound(text.size()), '\0');
    ZSTD_inBuffer in{text.data(), text.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    while (ZSTD_compressStream2(context, &to, &in, in.pos < in.size ? ZSTD_e_continue : ZSTD_e_end) != 0 ||
           in.pos < in.size)
      continue;
    ZSTD_freeCCtx(context);
    out.resize(to.pos);
    CHECK((out == ours));
  }
}

TEST_CASE("zstd: a level that does not exist is refused") {
  std::string out;
  StringSink sink(out);
  CHECK_FALSE(ZstdSink::open(sink, 99, "test"));
}

}}  // namespace rescue
