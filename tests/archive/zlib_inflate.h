// What zlib makes of deflated data, to hold ours against.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include <zlib.h>

#include "lib/archive/inflate.h"

namespace rescue {

struct Inflated {
  Inflater::Outcome outcome;
  std::string bytes;
};

// At most some `limit` bytes come out.
inline Inflated inflate_by_zlib(std::string_view bytes, size_t limit) {
  z_stream stream{};
  if (::inflateInit2(&stream, -15) != Z_OK)
    std::abort();
  std::string out(limit, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<unsigned>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<unsigned>(out.size());
  const int done = ::inflate(&stream, Z_NO_FLUSH);
  out.resize(out.size() - stream.avail_out);
  (void)::inflateEnd(&stream);
  return {done == Z_STREAM_END   ? Inflater::Outcome::end
          : done == Z_DATA_ERROR ? Inflater::Outcome::damaged
                                 : Inflater::Outcome::more,
          std::move(out)};
}

// Ours, which gets the input in pieces, and has so much room at a time.
inline Inflated inflate_in_pieces(std::string_view bytes, size_t piece, size_t room, size_t limit) {
  const auto inflater = std::make_unique<Inflater>();
  std::string out;
  while (true) {
    std::string_view part = bytes.substr(0, piece);
    const size_t given = part.size();
    // Of exactly that size, so that a byte too far shows.
    const auto buffer = std::make_unique_for_overwrite<char[]>(room);
    size_t made = 0;
    const Inflater::Outcome outcome = inflater->run(part, buffer.get(), std::min(room, limit - out.size()), made);
    out.append(buffer.get(), made);
    bytes.remove_prefix(given - part.size());
    if (outcome != Inflater::Outcome::more || out.size() == limit || (bytes.empty() && made < room))
      return {outcome, std::move(out)};
  }
}

}  // namespace rescue
