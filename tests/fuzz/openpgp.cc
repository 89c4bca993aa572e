// Fuzzes the reader of OpenPGP signatures.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lib/archive/openpgp.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto facts = rescue::read_signature({reinterpret_cast<const char*>(data), size});
  if (facts && !facts->key_id.empty() && facts->key_id.size() != 16)
    std::abort();
  return 0;
}
