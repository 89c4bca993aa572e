// Bytes off a disk are hostile: the only way into ELF, RPM, cpio and ld.so.cache data.
//
// A Bytes is a view of somebody else's memory that knows the path it came from and the byte order of its
// integers. Nothing is reached except through the checked calls below, which copy fields out, so that neither
// alignment nor aliasing matters. It must not outlive the memory.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "lib/base/error.h"

namespace rescue {

class Bytes {
 public:
  Bytes() = default;
  Bytes(std::span<const uint8_t> data, std::string_view path, std::endian order = std::endian::little)
      : data_(data), path_(path), order_(order) {}
  Bytes(std::string_view data, std::string_view path, std::endian order = std::endian::little)
      : Bytes(std::span(reinterpret_cast<const uint8_t*>(data.data()), data.size()), path, order) {}

  uint64_t size() const { return data_.size(); }
  bool empty() const { return data_.empty(); }
  std::string_view path() const { return path_; }
  std::endian order() const { return order_; }
  std::span<const uint8_t> data() const { return data_; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_.data()), data_.size()}; }

  Bytes with_order(std::endian order) const { return Bytes(data_, path_, order); }

  // The `length` bytes from `offset`; `what` names them in the error.
  Result<Bytes> slice(uint64_t offset, uint64_t length, std::string_view what) const;

  // All from `offset` on.
  Result<Bytes> from(uint64_t offset, std::string_view what) const;

  // An integer of this byte order at `offset`.
  template <std::integral T>
  Result<T> read(uint64_t offset, std::string_view what) const {
    if (offset > size() || sizeof(T) > size() - offset) [[unlikely]]
      return outside(what);
    T value;
    std::memcpy(&value, data_.data() + offset, sizeof value);
    if constexpr (sizeof(T) > 1)
      return order_ == std::endian::native ? value : std::byteswap(value);
    return value;
  }

  // The string at `offset` up to its closing zero, which must be there.
  Result<std::string_view> c_string(uint64_t offset, std::string_view what) const;

 private:
  [[gnu::cold]] std::unexpected<Error> outside(std::string_view what) const;

  std::span<const uint8_t> data_;
  std::string_view path_;
  std::endian order_ = std::endian::little;
};

}  // namespace rescue
