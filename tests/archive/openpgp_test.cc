#include "lib/archive/openpgp.h"

#include <doctest/doctest.h>

#include "lib/base/text.h"

namespace rescue { namespace {

using namespace std::string_view_literals;

// Made at 0x5f000000 by the key 0123456789abcdef.
constexpr std::string_view version_3 =
    "\x89\x00\x13\x03\x05\x00\x5f\x00\x00\x00\x01\x23\x45\x67\x89\xab\xcd\xef\x11\x02\x00\x00"sv;
constexpr std::string_view version_4 =
    "\x89\x00\x18\x04\x00\x01\x08\x00\x06\x05\x02\x5f\x00\x00\x00\x00\x0a\x09\x10\x01\x23\x45\x67\x89\xab\xcd\xef"sv;

TEST_CASE("openpgp: what a signature says of itself") {
  const auto old = read_signature(version_3);
  REQUIRE(old);
  CHECK(old->version == 3);
  CHECK(old->method == "DSA/SHA1");
  CHECK(old->made_at == 0x5f000000);
  CHECK(old->key_id == "0123456789abcdef");
  const auto usual = read_signature(version_4);
  REQUIRE(usual);
  CHECK(usual->version == 4);
  CHECK(usual->method == "RSA/SHA256");
  CHECK(usual->made_at == 0x5f000000);
  CHECK(usual->key_id == "0123456789abcdef");
}

TEST_CASE("openpgp: a key by its fingerprint, in a packet of the new form") {
  std::string body("\x04\x00\x16\x0a\x00\x17\x16\x21\x04", 9);
  body += "twelve bytes\x01\x23\x45\x67\x89\xab\xcd\xef"sv;
  body += "\x00\x00"sv;
  const auto facts = read_signature(str("\xc2", static_cast<char>(body.size()), body));
  REQUIRE(facts);
  CHECK(facts->method == "EdDSA/SHA512");
  CHECK(facts->key_id == "0123456789abcdef");
  CHECK_FALSE(facts->made_at);
}

TEST_CASE("openpgp: what is no signature is nothing") {
  CHECK_FALSE(read_signature(""));
  CHECK_FALSE(read_signature("hello"));
  CHECK_FALSE(read_signature("\x99\x00\x02\x04\x00"sv));  // a key
}

TEST_CASE("openpgp: every shorter length and every flipped byte is a value or nothing") {
  for (const std::string_view whole : {version_3, version_4}) {
    for (size_t length = 0; length < whole.size() - 2; ++length)
      CHECK_FALSE(read_signature(whole.substr(0, length)));
    for (size_t i = 0; i < whole.size(); ++i)
      for (const char mask : {'\x01', '\x80', '\xff'}) {
        std::string changed(whole);
        changed[i] = static_cast<char>(changed[i] ^ mask);
        (void)read_signature(changed);
      }
  }
}

}}  // namespace rescue
