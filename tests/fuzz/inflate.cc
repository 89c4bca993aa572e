// Fuzzes the decompressor of deflated data against zlib's: the first two bytes say in what pieces it gets the others.
#include <cstdlib>

#include "tests/archive/zlib_inflate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rescue;
  if (size < 2)
    return 0;
  constexpr size_t limit = 1 << 16;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Inflated theirs = inflate_by_zlib(bytes, limit);
  const Inflated ours = inflate_in_pieces(bytes, size_t{data[0]} * data[0] + 1, size_t{data[1]} * data[1] + 1, limit);
  // Where the room is full, one may see an end that the other has not come to yet.
  if (theirs.bytes.size() == limit || ours.bytes.size() == limit)
    return 0;
  if (ours.outcome != theirs.outcome) {
    // Of a code of no lengths at all zlib still reads what lengths it would have, before it says that it is wrong.
    const std::string longer = std::string(bytes) + std::string(400, '\0');
    if (ours.outcome != Inflater::Outcome::damaged ||
        inflate_by_zlib(longer, limit).outcome != Inflater::Outcome::damaged)
      std::abort();
    return 0;
  }
  if (ours.outcome != Inflater::Outcome::damaged && ours.bytes != theirs.bytes)
    std::abort();
  return 0;
}
