// Copying memory, in place of musl's memcpy and memmove for x86_64, whose `rep movs` takes some thirty cycles to begin:
// most copies, of strings and of what decompressors repeat, are over by then. Only the kit is linked with this.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rescue {

namespace detail {

using Block = char __attribute__((vector_size(16)));

// From here on the processor's own way is the fastest.
constexpr size_t long_copy = 2048;

// Of any alignment, and of whatever type the memory is.
template <typename T>
struct [[gnu::packed, gnu::may_alias]] Loose {
  T value;
};

template <typename T>
[[gnu::always_inline]] inline T get(const char* at) {
  return reinterpret_cast<const Loose<T>*>(at)->value;
}

template <typename T>
[[gnu::always_inline]] inline void put(char* at, T value) {
  reinterpret_cast<Loose<T>*>(at)->value = value;
}

// Two pieces, which may overlap, and are read before either is written: for sizes between one piece's and two's.
template <typename T>
[[gnu::always_inline]] inline void copy_ends(char* to, const char* from, size_t size) {
  const T first = get<T>(from);
  const T last = get<T>(from + size - sizeof(T));
  put(to, first);
  put(to + size - sizeof(T), last);
}

[[gnu::always_inline]] inline void copy_few(char* to, const char* from, size_t size) {
  if (size >= 16)
    copy_ends<Block>(to, from, size);
  else if (size >= 8)
    copy_ends<uint64_t>(to, from, size);
  else if (size >= 4)
    copy_ends<uint32_t>(to, from, size);
  else if (size >= 2)
    copy_ends<uint16_t>(to, from, size);
  else if (size == 1)
    *to = *from;
}

// What is last is read first, for it may be overwritten where the places overlap.
[[gnu::always_inline]] inline void copy_upwards(char* to, const char* from, size_t size) {
  if (size >= long_copy) {
    const auto last = get<uint64_t>(from + size - 8);
    char* at = to;
    size_t count = size / 8;
    asm volatile("rep movsq" : "+D"(at), "+S"(from), "+c"(count) : : "memory");
    put(to + size - 8, last);
    return;
  }
  char* const end = to + size;
  const auto before_last = get<Block>(from + size - 32);
  const auto last = get<Block>(from + size - 16);
  for (; end - to > 32; to += 32, from += 32) {
    const auto first = get<Block>(from);
    const auto second = get<Block>(from + 16);
    put(to, first);
    put(to + 16, second);
  }
  put(end - 32, before_last);
  put(end - 16, last);
}

[[gnu::always_inline]] inline void copy_downwards(char* to, const char* from, size_t size) {
  const auto first = get<Block>(from);
  const auto second = get<Block>(from + 16);
  for (; size > 32; size -= 32) {
    const auto last = get<Block>(from + size - 16);
    const auto before_last = get<Block>(from + size - 32);
    put(to + size - 16, last);
    put(to + size - 32, before_last);
  }
  put(to, first);
  put(to + 16, second);
}

}  // namespace detail

// The places may overlap.
[[gnu::always_inline]] inline void copy_memory(char* to, const char* from, size_t size) {
  if (size <= 32)
    detail::copy_few(to, from, size);
  else if (static_cast<size_t>(to - from) >= size)
    detail::copy_upwards(to, from, size);
  else
    detail::copy_downwards(to, from, size);
}

}  // namespace rescue
