#include "lib/crypto/minisign.h"

#include <doctest/doctest.h>

#include "tests/scratch.h"

namespace rescue { namespace {

SecretKey new_key() {
  auto key = generate_key();
  REQUIRE(key);
  return *key;
}

Signature signed_by(const SecretKey& key, std::string_view content, std::string_view comment = "a comment") {
  auto signature = sign(key, Blake2b512::of(content), comment);
  REQUIRE(signature);
  return *std::move(signature);
}

// The message of an error that asks for exit status 4.
std::string bad(const auto& result) {
  REQUIRE_FALSE(result);
  CHECK(result.error().status() == Status::bad_data);
  return message(result.error());
}

TEST_CASE("minisign: a signature holds for its content and its comment alone") {
  const SecretKey key = new_key();
  const PublicKey trusted = key.public_key();
  const Signature good = signed_by(key, "content");
  CHECK(verify(good, trusted, Blake2b512::of("content"), "f"));
  CHECK(verify_content(good, trusted, "content", "f"));
  CHECK(bad(verify(good, trusted, Blake2b512::of("Content"), "f")) ==
        "f: verify signature: the content is not what was signed");
  Signature changed = good;
  changed.trusted_comment = "b comment";
  CHECK(bad(verify(changed, trusted, Blake2b512::of("content"), "f")).contains("trusted comment was changed"));
  CHECK(bad(verify(good, new_key().public_key(), Blake2b512::of("content"), "f")).contains("made with key"));
  PublicKey impostor = new_key().public_key();
  impostor.id = key.id;
  CHECK(bad(verify(good, impostor, Blake2b512::of("content"), "f")).contains("of another key"));
}

TEST_CASE("minisign: a key's number in the comment has no leading zeros, as the stock tool prints it") {
  PublicKey key = new_key().public_key();
  key.comment.clear();
  const auto begins = [&key](std::string_view words) {
    return public_key_text(key).starts_with(str("untrusted comment: minisign public key ", words, '\n'));
  };
  key.id = {0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0x0f};
  CHECK(begins("FDEBC9A78563412"));
  key.id = {0x01};
  CHECK(begins("1"));
  key.id = {};
  CHECK(begins("0"));
}

TEST_CASE("minisign: keys and signatures read back as they were written") {
  const SecretKey key = new_key();
  PublicKey trusted = key.public_key();
  trusted.comment = "mine";
  CHECK(parse_public_key(public_key_text(trusted), "k") == trusted);

  const auto text = secret_key_text(key, std::nullopt);
  REQUIRE(text);
  CHECK(needs_password(*text, "k") == false);
  const auto again = parse_secret_key(*text, "", "k");
  REQUIRE(again);
  CHECK(again->key == key.key);
  CHECK(again->id == key.id);

  const Signature signature = signed_by(key, "content");
  const auto parsed = parse_signature(signature_text(signature), "s");
  REQUIRE(parsed);
  CHECK(parsed->trusted_comment == "a comment");
  CHECK(signature_text(*parsed) == signature_text(signature));
}

TEST_CASE("minisign: carriage returns and missing last newlines do not matter") {
  const SecretKey key = new_key();
  std::string text = signature_text(signed_by(key, "content"));
  for (size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2)
    text.insert(at, "\r");
  const auto signature = parse_signature(text, "s");
  REQUIRE(signature);
  CHECK(verify_content(*signature, key.public_key(), "content", "f"));
  text.resize(text.size() - 2);
  CHECK(parse_signature(text, "s"));
}

TEST_CASE("minisign: a file of several trusted keys") {
  const SecretKey one = new_key(), two = new_key();
  const std::string text =
      str("# ours\n\n", public_key_text(one.public_key()), "\n", public_key_text(two.public_key()));
  const auto keys = parse_public_keys(text, "trusted.pub");
  REQUIRE(keys);
  REQUIRE(keys->size() == 2);
  const PublicKey* found = find_key(*keys, signed_by(two, "x"));
  REQUIRE(found != nullptr);
  CHECK(found->key == two.public_key().key);
  CHECK(find_key(*keys, signed_by(new_key(), "x")) == nullptr);
  CHECK(bad(parse_public_key(text, "trusted.pub")) == "trusted.pub: read public key: holds more than one key");
  CHECK(bad(parse_public_keys("# none\n", "trusted.pub")) == "trusted.pub: read public key: holds no key");
}

TEST_CASE("minisign: an encrypted key opens with its password alone") {
  const SecretKey key = new_key();
  const auto text = secret_key_text(key, "horse");
  REQUIRE(text);
  CHECK(needs_password(*text, "k") == true);
  const auto wrong = parse_secret_key(*text, "donkey", "k");
  REQUIRE_FALSE(wrong);
  CHECK(message(wrong.error()) == "k: decrypt secret key: wrong password");
  const auto right = parse_secret_key(*text, "horse", "k");
  REQUIRE(right);
  CHECK(right->key == key.key);
}

TEST_CASE("minisign: comments that would break the file or the stock tool are refused") {
  const SecretKey key = new_key();
  CHECK_FALSE(sign(key, Blake2b512::of("x"), "two\nlines"));
  CHECK_FALSE(sign(key, Blake2b512::of("x"), std::string(8001, 'x')));
  const auto signature = sign(key, Blake2b512::of("x"), "", "two\nlines");
  REQUIRE(signature);
  CHECK(signature->comment == "two lines");
}

TEST_CASE("minisign: every shorter length and every flipped byte of a signature is an error") {
  const SecretKey key = new_key();
  const PublicKey trusted = key.public_key();
  const std::string text = signature_text(signed_by(key, "content"));
  const auto holds = [&](std::string_view candidate) {
    const auto signature = parse_signature(candidate, "s");
    return signature && verify_content(*signature, trusted, "content", "f");
  };
  // Only the last newline can be missing.
  for (size_t length = 0; length < text.size() - 1; ++length)
    CHECK_FALSE(holds(std::string_view(text).substr(0, length)));
  // The untrusted comment may say anything.
  const size_t start = text.find('\n');
  for (size_t i = start; i < text.size() - 1; ++i)
    for (const char flip : {'\x01', '\x20', '\x80'}) {
      std::string changed = text;
      changed[i] ^= flip;
      INFO(i);
      CHECK_FALSE(holds(changed));
    }
}

TEST_CASE("minisign: damaged keys are errors") {
  const SecretKey key = new_key();
  const std::string text = *secret_key_text(key, std::nullopt);
  for (size_t length = 0; length < text.size() - 1; ++length)
    CHECK_FALSE(parse_secret_key(std::string_view(text).substr(0, length), "", "k"));
  // Behind the key in the clear stands a checksum that minisign leaves empty: 32 bytes, the last 43 digits.
  for (size_t i = text.find('\n') + 5; i < text.size() - 46; ++i) {
    std::string changed = text;
    changed[i] ^= '\x01';
    const auto parsed = parse_secret_key(changed, "", "k");
    INFO(i);
    // Salt and costs do not matter without a password; another key id is another, whole key.
    if (parsed)
      CHECK(parsed->key == key.key);
  }
  const std::string trusted = public_key_text(key.public_key());
  for (size_t length = 0; length < trusted.size() - 1; ++length)
    CHECK_FALSE(parse_public_key(std::string_view(trusted).substr(0, length), "k"));
}

TEST_CASE("minisign: the key id is shown as the stock tool shows it") {
  CHECK(show_key_id({1, 2, 3, 4, 5, 6, 7, 0xf8}) == "F807060504030201");
}

// With the stock tool, both ways.

TEST_CASE("minisign: the stock tool verifies our signature") {
  Scratch scratch;
  const SecretKey key = new_key();
  scratch.write("file", "content\n");
  scratch.write("file.minisig", signature_text(signed_by(key, "content\n", "name=glibc version=2.36")));
  scratch.write("key.pub", public_key_text(key.public_key()));
  CHECK(scratch.output_of("minisign -V -p key.pub -m file").contains("Trusted comment: name=glibc version=2.36"));
  scratch.write("file", "Content\n");
  CHECK(scratch.run("minisign -V -p key.pub -m file") != 0);
}

TEST_CASE("minisign: the stock tool signs with our key, and we verify, the old kind too") {
  Scratch scratch;
  const SecretKey key = new_key();
  scratch.write("file", "content\n");
  scratch.write("key", *secret_key_text(key, std::nullopt));
  scratch.output_of("minisign -S -s key -m file -t 'trust me'");
  const auto signature = parse_signature(scratch.read("file.minisig"), "s");
  REQUIRE(signature);
  CHECK(signature->prehashed);
  CHECK(signature->trusted_comment == "trust me");
  CHECK(verify(*signature, key.public_key(), Blake2b512::of("content\n"), "file"));

  scratch.output_of("minisign -S -l -s key -m file -x old");
  const auto old = parse_signature(scratch.read("old"), "s");
  REQUIRE(old);
  CHECK_FALSE(old->prehashed);
  CHECK(verify_content(*old, key.public_key(), "content\n", "file"));
  CHECK_FALSE(verify_content(*old, key.public_key(), "content", "file"));
  CHECK(bad(verify(*old, key.public_key(), Blake2b512::of("content\n"), "file")).contains("old kind"));
}

TEST_CASE("minisign: keys with passwords, made by one and used by the other") {
  Scratch scratch;
  scratch.write("file", "content\n");
  scratch.output_of("printf 'horse\\nhorse\\n' | minisign -G -p their.pub -s their.key");
  const auto theirs = parse_secret_key(scratch.read("their.key"), "horse", "their.key");
  REQUIRE(theirs);
  CHECK(parse_public_key(scratch.read("their.pub"), "their.pub")->key == theirs->public_key().key);
  scratch.write("file.minisig", signature_text(signed_by(*theirs, "content\n")));
  scratch.output_of("minisign -V -p their.pub -m file");

  const SecretKey ours = new_key();
  scratch.write("our.key", *secret_key_text(ours, "donkey"));
  scratch.output_of("printf 'donkey\\n' | minisign -S -s our.key -m file");
  const auto signature = parse_signature(scratch.read("file.minisig"), "s");
  REQUIRE(signature);
  CHECK(verify_content(*signature, ours.public_key(), "content\n", "file"));
}

TEST_CASE("minisign: a key of the stock tool without a password") {
  Scratch scratch;
  scratch.output_of("minisign -G -W -p their.pub -s their.key");
  CHECK(needs_password(scratch.read("their.key"), "their.key") == false);
  const auto theirs = parse_secret_key(scratch.read("their.key"), "", "their.key");
  REQUIRE(theirs);
  CHECK(public_key_text(theirs->public_key()) == scratch.read("their.pub"));
}

}}  // namespace rescue
