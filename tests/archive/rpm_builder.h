// For tests: RPM header structures, made entry by entry.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/archive/rpm_header.h"

namespace rescue {

class RpmHeaderBuilder {
 public:
  RpmHeaderBuilder& text(rpm::Tag tag, std::string_view value) {
    return add(tag, rpm::Type::string, 1, std::string(value) + '\0');
  }
  RpmHeaderBuilder& texts(rpm::Tag tag, const std::vector<std::string>& values,
                          rpm::Type type = rpm::Type::string_array) {
    std::string bytes;
    for (const std::string& value : values)
      bytes += value + '\0';
    return add(tag, type, static_cast<uint32_t>(values.size()), bytes);
  }
  RpmHeaderBuilder& numbers(rpm::Tag tag, const std::vector<uint64_t>& values, rpm::Type type = rpm::Type::int32) {
    const int width = type == rpm::Type::int16 ? 2 : type == rpm::Type::int32 ? 4 : type == rpm::Type::int64 ? 8 : 1;
    std::string bytes;
    for (const uint64_t value : values)
      bytes += big_endian(value, width);
    store_.append((width - store_.size() % width) % width, '\0');
    return add(tag, type, static_cast<uint32_t>(values.size()), bytes);
  }
  RpmHeaderBuilder& binary(rpm::Tag tag, std::string_view value) {
    return add(tag, rpm::Type::binary, static_cast<uint32_t>(value.size()), value);
  }
  // Whatever the arguments say, right or wrong.
  RpmHeaderBuilder& add(rpm::Tag tag, rpm::Type type, uint32_t count, std::string_view bytes) {
    raw(tag, type, static_cast<uint32_t>(store_.size()), count);
    store_ += bytes;
    return *this;
  }
  RpmHeaderBuilder& raw(rpm::Tag tag, rpm::Type type, uint32_t offset, uint32_t count) {
    index_ += big_endian(static_cast<uint32_t>(tag), 4) + big_endian(static_cast<uint32_t>(type), 4) +
              big_endian(offset, 4) + big_endian(count, 4);
    ++count_;
    return *this;
  }

  // As a database has it.
  std::string blob() const { return big_endian(count_, 4) + big_endian(store_.size(), 4) + index_ + store_; }
  // As a file has it.
  std::string bytes() const { return std::string("\x8e\xad\xe8\x01\0\0\0\0", 8) + blob(); }

  static std::string big_endian(uint64_t number, int width) {
    std::string bytes;
    for (int shift = 8 * (width - 1); shift >= 0; shift -= 8)
      bytes += static_cast<char>(number >> shift);
    return bytes;
  }

 private:
  std::string index_;
  std::string store_;
  uint32_t count_ = 0;
};

// One with every type of entry, and two files.
inline RpmHeaderBuilder sample_rpm_header() {
  using rpm::Tag;
  using rpm::Type;
  RpmHeaderBuilder header;
  header.text(Tag::name, "glibc").text(Tag::version, "2.28").text(Tag::release, "251.el8").text(Tag::arch, "x86_64");
  header.texts(Tag::summary, {"The GNU libc libraries", "Die Bibliotheken"}, Type::i18n_string);
  header.numbers(Tag::epoch, {1}).binary(Tag::sig_openpgp, "sixteen bytes ok");
  header.texts(Tag::base_names, {"libc.so.6", "libc-2.28.so"}).texts(Tag::dir_names, {"/usr/lib64/"});
  header.numbers(Tag::dir_indexes, {0, 0}).numbers(Tag::file_modes, {0120777, 0100755}, Type::int16);
  header.numbers(Tag::long_file_sizes, {12, 5'000'000'000}, Type::int64);
  header.texts(Tag::file_link_tos, {"libc-2.28.so", ""}).texts(Tag::file_user_name, {"root", "root"});
  header.texts(Tag::file_digests, {"", std::string(64, 'a')}).numbers(Tag::file_digest_algo, {8});
  return header;
}

}  // namespace rescue
