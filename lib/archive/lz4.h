// LZ4 in the form that the kernel reads an initramfs in ("legacy", `lz4 -l`): Ubuntu's default for some years.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/archive/intake.h"
#include "lib/archive/source.h"
#include "lib/base/error.h"

namespace rescue {

inline constexpr std::string_view lz4_legacy_magic = "\x02\x21\x4c\x18";

class Lz4Source : public Source {
 public:
  // More than `limit` bytes of output are an error, as is damage: of status bad_data.
  Lz4Source(std::unique_ptr<Source> input, uint64_t limit)
      : path_(input->path()), intake_(std::move(input)), limit_(limit) {}
  Result<std::string_view> next() override;
  std::string_view path() const override { return path_; }

 private:
  std::string path_;
  Intake intake_;
  uint64_t limit_;
  std::string block_;
  uint64_t produced_ = 0;
  bool started_ = false;
};

// What an LZ4 block holds; nothing where it is damaged or holds more than `most` bytes.
std::optional<std::string> decode_lz4_block(std::string_view block, size_t most);

}  // namespace rescue
