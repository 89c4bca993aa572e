#include "lib/archive/openpgp.h"

#include "lib/base/bytes.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr uint8_t signature_tag = 2;
constexpr uint8_t subpacket_time = 2;
constexpr uint8_t subpacket_issuer = 16;
constexpr uint8_t subpacket_fingerprint = 33;

std::string_view key_name(uint8_t algorithm) {
  switch (algorithm) {
    case 1: return "RSA";
    case 17: return "DSA";
    case 19: return "ECDSA";
    case 22:
    case 27:
    case 28: return "EdDSA";
    default: return "unknown";
  }
}

std::string_view hash_name(uint8_t algorithm) {
  switch (algorithm) {
    case 1: return "MD5";
    case 2: return "SHA1";
    case 8: return "SHA256";
    case 9: return "SHA384";
    case 10: return "SHA512";
    case 11: return "SHA224";
    case 12: return "SHA3-256";
    case 14: return "SHA3-512";
    default: return "unknown";
  }
}

// A length in one, two or five bytes; moves `at` behind it.
Result<uint64_t> read_length(const Bytes& bytes, uint64_t& at) {
  const auto first = TRY(bytes.read<uint8_t>(at, "length"));
  if (first < 192) {
    at += 1;
    return first;
  }
  if (first < 255) {
    const auto second = TRY(bytes.read<uint8_t>(at + 1, "length"));
    at += 2;
    return (uint64_t{first} - 192) * 256 + second + 192;
  }
  const auto whole = TRY(bytes.read<uint32_t>(at + 1, "length"));
  at += 5;
  return whole;
}

// The body of the first packet, whose head is of the old or of the new form.
Result<Bytes> packet_body(const Bytes& bytes) {
  const auto head = TRY(bytes.read<uint8_t>(0, "packet"));
  const bool is_new = (head & 0x40) != 0;
  const int tag = is_new ? head & 0x3f : head >> 2 & 0x0f;
  if ((head & 0x80) == 0 || tag != signature_tag)
    return corrupt("packet", bytes.path(), "is no signature");
  uint64_t at = 1;
  if (is_new) {
    const uint64_t length = TRY(read_length(bytes, at));
    return bytes.slice(at, length, "packet");
  }
  switch (head & 3) {
    case 0: return bytes.slice(2, TRY(bytes.read<uint8_t>(1, "length")), "packet");
    case 1: return bytes.slice(3, TRY(bytes.read<uint16_t>(1, "length")), "packet");
    case 2: return bytes.slice(5, TRY(bytes.read<uint32_t>(1, "length")), "packet");
    default: return bytes.from(1, "packet");
  }
}

Result<> take_subpacket(const Bytes& body, SignatureFacts& facts) {
  const int type = TRY(body.read<uint8_t>(0, "subpacket")) & 0x7f;
  if (type == subpacket_time)
    facts.made_at = TRY(body.read<uint32_t>(1, "time"));
  if (type == subpacket_issuer)
    facts.key_id = to_hex(TRY(body.slice(1, 8, "key")).text());
  if (type == subpacket_fingerprint) {
    // Up to version 4 the key's number is the end of its fingerprint, later the start.
    const bool recent = TRY(body.read<uint8_t>(1, "key")) > 4;
    facts.key_id = to_hex(TRY(body.slice(recent ? 2 : 2 + 12, 8, "key")).text());
  }
  return {};
}

Result<SignatureFacts> read_version_3(const Bytes& body) {
  SignatureFacts facts;
  facts.made_at = TRY(body.read<uint32_t>(3, "time"));
  facts.key_id = to_hex(TRY(body.slice(7, 8, "key")).text());
  facts.method = str(key_name(TRY(body.read<uint8_t>(15, "key"))), '/', hash_name(TRY(body.read<uint8_t>(16, "hash"))));
  return facts;
}

Result<SignatureFacts> read_version_4(const Bytes& body, bool long_counts) {
  SignatureFacts facts;
  facts.method = str(key_name(TRY(body.read<uint8_t>(2, "key"))), '/', hash_name(TRY(body.read<uint8_t>(3, "hash"))));
  uint64_t at = 4;
  // What was signed along with the rest, and what was not.
  for (int area = 0; area < 2; ++area) {
    const uint64_t size =
        long_counts ? TRY(body.read<uint32_t>(at, "subpackets")) : TRY(body.read<uint16_t>(at, "subpackets"));
    at += long_counts ? 4 : 2;
    const Bytes packets = TRY(body.slice(at, size, "subpackets"));
    at += size;
    for (uint64_t in = 0; in < packets.size();) {
      const uint64_t length = TRY(read_length(packets, in));
      TRY(take_subpacket(TRY(packets.slice(in, length, "subpacket")), facts));
      in += length;
    }
  }
  return facts;
}

Result<SignatureFacts> read(const Bytes& bytes) {
  const Bytes body = TRY(packet_body(bytes));
  const auto version = TRY(body.read<uint8_t>(0, "version"));
  if (version < 3 || version > 6)
    return corrupt("packet", bytes.path(), "is of an unknown version");
  SignatureFacts facts = TRY(version == 3 ? read_version_3(body) : read_version_4(body, version == 6));
  facts.version = version;
  return facts;
}

}  // namespace

std::optional<SignatureFacts> read_signature(std::string_view packet) {
  auto facts = read(Bytes(packet, "signature", std::endian::big));
  return facts ? std::optional(*std::move(facts)) : std::nullopt;
}

}  // namespace rescue
