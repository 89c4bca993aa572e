// Fuzzes the readers of keys and signatures: what they take for good reads back the same.
#include <cstdlib>

#include "lib/base/base64.h"
#include "lib/crypto/minisign.h"

namespace rescue { namespace {

void expect(bool fine) {
  if (!fine)
    std::abort();
}

void check_signature(std::string_view text) {
  const auto signature = parse_signature(text, "fuzz");
  if (!signature)
    return;
  const auto again = parse_signature(signature_text(*signature), "fuzz");
  expect(again && again->signature == signature->signature && again->trusted_comment == signature->trusted_comment);
  PublicKey key;
  key.id = signature->id;
  expect(!verify_content(*signature, key, "content", "fuzz"));
}

void check_keys(std::string_view text) {
  const auto keys = parse_public_keys(text, "fuzz");
  if (!keys)
    return;
  for (const PublicKey& key : *keys)
    expect(parse_public_key(public_key_text(key), "fuzz").has_value());
}

}}  // namespace rescue

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rescue;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_signature(text);
  check_keys(text);
  // With a password this would take seconds.
  if (const auto locked = needs_password(text, "fuzz"); locked && !*locked)
    (void)parse_secret_key(text, "", "fuzz");
  if (const auto bytes = from_base64(text))
    expect(to_base64(*bytes) == text);
  return 0;
}
