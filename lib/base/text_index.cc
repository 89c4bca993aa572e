#include "lib/base/text_index.h"

#include <algorithm>
#include <bit>

namespace rescue {

size_t TextIndex::place_of(std::string_view text) const {
  uint64_t hash = 14695981039346656037U;  // FNV-1a
  for (const char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  size_t place = (hash ^ hash >> 32) & (places_.size() - 1);
  while (places_[place] != none && texts_[places_[place]] != text)
    place = (place + 1) & (places_.size() - 1);
  return place;
}

void TextIndex::reserve(size_t count) {
  texts_.reserve(count);
  places_.assign(std::bit_ceil(std::max<size_t>(count * 2 + 1, 32)), none);
}

uint32_t TextIndex::find(std::string_view text) const {
  return places_.empty() ? none : places_[place_of(text)];
}

uint32_t TextIndex::add(std::string_view text) {
  if (places_.size() <= texts_.size() * 2) {
    places_.assign(places_.empty() ? 32 : places_.size() * 2, none);
    for (uint32_t number = 0; number < texts_.size(); ++number)
      places_[place_of(texts_[number])] = number;
  }
  uint32_t& number = places_[place_of(text)];
  if (number == none) {
    number = static_cast<uint32_t>(texts_.size());
    texts_.push_back(text);
  }
  return number;
}

}  // namespace rescue
