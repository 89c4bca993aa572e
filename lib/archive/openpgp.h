// What an OpenPGP signature says of itself (RFC 4880, RFC 9580): who made it, when, and how. None is verified here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rescue {

struct SignatureFacts {
  uint8_t version = 0;
  std::string method;               // "RSA/SHA256"
  std::optional<uint32_t> made_at;  // seconds
  std::string key_id;               // 16 hexadecimal digits; empty where it does not say
};

// Reads the first packet; nothing where that is no signature.
std::optional<SignatureFacts> read_signature(std::string_view packet);

}  // namespace rescue
