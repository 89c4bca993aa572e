#include "lib/boot/zmodem.h"

#include <vector>

#include <doctest/doctest.h>

#include "lib/base/base64.h"
#include "lib/base/text.h"
#include "lib/boot/pasted.h"
#include "lib/crypto/digest.h"
#include "tests/boot/zmodem_sender.h"

namespace rescue { namespace {

struct Memory : FileTaker {
  Result<bool> begin(const Offer& offer) override {
    names.push_back(offer.name);
    contents.emplace_back();
    return offer.name != "skip me";
  }
  Result<> write(std::string_view bytes) override {
    contents.back() += bytes;
    return {};
  }
  Result<> end() override {
    ++ended;
    return {};
  }
  std::vector<std::string> names;
  std::vector<std::string> contents;
  size_t ended = 0;
};

std::string sample(size_t size) {
  std::string bytes(size, '\0');
  uint32_t state = 12345;
  for (char& c : bytes) {
    state = state * 1664525U + 1013904223U;
    c = static_cast<char>(state >> 24);
  }
  return bytes;
}

TEST_CASE("zmodem: a file of all bytes arrives, with either CRC") {
  for (const bool wide : {false, true}) {
    Memory memory;
    ZmodemReceiver receiver(memory);
    const std::string content = sample(100'000);
    ZmodemSender sender(wide);
    std::string answer;
    REQUIRE(receiver.feed(sender.whole("dir/file", content), answer));
    CHECK(receiver.finished());
    CHECK(memory.names == std::vector<std::string>{"dir/file"});
    CHECK(memory.contents[0] == content);
    CHECK(memory.ended == 1);
    CHECK(
        answer.contains("**\x18"
                        "B08"));  // ZFIN
  }
}

TEST_CASE("zmodem: it does not matter how the bytes are cut") {
  const std::string content = sample(5000);
  const std::string stream = ZmodemSender(true).whole("f", content);
  Memory memory;
  ZmodemReceiver receiver(memory);
  std::string answer;
  for (const char c : stream)
    REQUIRE(receiver.feed({&c, 1}, answer));
  CHECK(receiver.finished());
  CHECK(memory.contents[0] == content);
}

TEST_CASE("zmodem: what is damaged is asked for again from the last good byte") {
  const std::string content = sample(3000);
  ZmodemSender sender(true);
  Memory memory;
  ZmodemReceiver receiver(memory);
  std::string answer;
  REQUIRE(receiver.feed(sender.file("f", content.size()), answer));
  answer.clear();
  std::string damaged = sender.data(content, 0);
  damaged[1500] = static_cast<char>(damaged[1500] ^ 1);
  REQUIRE(receiver.feed(damaged, answer));
  // ZRPOS of 1024, little-endian.
  CHECK(
      answer.contains("**\x18"
                      "B0900040000"));
  REQUIRE(receiver.feed(sender.data(content, 1024), answer));
  REQUIRE(receiver.feed(sender.end(content.size()), answer));
  CHECK(memory.contents[0] == content);
  CHECK(memory.ended == 1);
}

TEST_CASE("zmodem: an end that comes too early ends nothing") {
  ZmodemSender sender(false);
  Memory memory;
  ZmodemReceiver receiver(memory);
  std::string answer;
  REQUIRE(receiver.feed(sender.file("f", 10), answer));
  REQUIRE(receiver.feed(sender.header(11, 10), answer));
  CHECK(memory.ended == 0);
  CHECK_FALSE(receiver.feed(sender.header(8, 0), answer));
}

TEST_CASE("zmodem: five CAN break it off") {
  Memory memory;
  ZmodemReceiver receiver(memory);
  std::string answer;
  CHECK_FALSE(receiver.feed("\x18\x18\x18\x18\x18", answer));
  CHECK(receiver.finished());
}

TEST_CASE("zmodem: each shorter stream and each byte flipped leaves a whole file or none") {
  const std::string content = sample(700);
  const std::string stream = ZmodemSender(true).whole("f", content);
  std::string changed = stream;
  for (size_t i = 0; i < stream.size(); ++i) {
    for (const bool cut : {false, true}) {
      changed[i] = static_cast<char>(~changed[i]);
      Memory memory;
      ZmodemReceiver receiver(memory);
      std::string answer;
      (void)receiver.feed(cut ? std::string_view(stream).substr(0, i) : changed, answer);
      if (memory.ended != 0)
        CHECK(memory.contents[0] == content);
      CHECK_FALSE(receiver.nudge() == "x");
      changed[i] = stream[i];
    }
  }
}

TEST_CASE("pasted: base64 and a checksum") {
  const std::string content = sample(200);
  std::string text = to_base64(content);
  PastedFile pasted;
  std::string bytes;
  for (size_t i = 0; i < text.size(); i += 76)
    pasted.take(str(text.substr(i, 76), '\r'), bytes);
  CHECK_FALSE(pasted.finished());
  pasted.take(str(hex(Sha256::of(content)), "  some/where/f.tzst"), bytes);
  CHECK(pasted.finished());
  CHECK(bytes == content);
  CHECK(pasted.name() == "f.tzst");
  CHECK(pasted.wanted_digest() == hex(Sha256::of(content)));
  CHECK(pasted.bad_lines() == 0);
}

TEST_CASE("pasted: what does not belong is counted") {
  PastedFile pasted;
  std::string bytes;
  pasted.take("[   12.3] usb 1-1: new device", bytes);
  pasted.take("YWJj", bytes);
  pasted.take("", bytes);
  pasted.take("YQ==", bytes);
  pasted.take("YWJj", bytes);  // behind the end
  CHECK(pasted.bad_lines() == 2);
  CHECK(bytes == "abca");
}

}  // namespace
}  // namespace rescue
