// The checksum of POSIX's cksum: CRC-32 with the highest bit first, over the bytes and then their number.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace rescue {

class Crc {
 public:
  Crc();
  void update(std::string_view piece);
  // The size counts too, its last byte first.
  uint32_t finish(uint64_t size);

 private:
  void by_tables(std::string_view piece);
  void step(uint8_t byte) { crc_ = crc_ << 8 ^ tables_[crc_ >> 24 ^ byte]; }

  // Eight tables for eight bytes at a step, made when they are needed: 8 KiB that no other command carries.
  std::unique_ptr<uint32_t[]> tables_;
  uint32_t crc_ = 0;
  [[maybe_unused]] bool folds_ = false;  // x86_64: by the processor's multiplication without carries
};

}  // namespace rescue
