// One large piece of memory, for what is kept whole while it is worked on.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

namespace rescue {

// Zeros at first. Takes room only as far as it is written to, in large pages where the system gives them: touching
// small ones one after another costs more than decompressing what comes into them.
class LargeMemory {
 public:
  LargeMemory() = default;
  // Nothing (no data()) where the system has none to give.
  explicit LargeMemory(size_t size);
  LargeMemory(LargeMemory&& other) noexcept
      : mapping_(std::exchange(other.mapping_, {})), bytes_(std::exchange(other.bytes_, {})) {}
  LargeMemory& operator=(LargeMemory&& other) noexcept;
  ~LargeMemory();

  explicit operator bool() const { return bytes_.data() != nullptr; }
  std::span<char> bytes() const { return bytes_; }
  std::string_view text() const { return {bytes_.data(), bytes_.size()}; }

 private:
  std::span<char> mapping_;
  std::span<char> bytes_;  // within it
};

}  // namespace rescue
