// What the readers of archives share: taking headers, texts and data off a stream whose blocks are of any size.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "lib/archive/source.h"
#include "lib/base/error.h"

namespace rescue {

class Intake {
 public:
  explicit Intake(std::unique_ptr<Source> source) : source_(std::move(source)) {}

  // Whether there are bytes left.
  Result<bool> more();
  // Exactly `size` bytes, at most some hundreds, or nothing at the end of the stream; valid until the next call.
  Result<std::string_view> take_block(size_t size);
  // `size` bytes of a name or the like; more than `limit` are an error.
  Result<std::string> take_text(uint64_t size, uint64_t limit);
  // Some bytes, at least one and at most `size`; valid until the next call.
  Result<std::string_view> take_some(uint64_t size);
  Result<> skip(uint64_t size);
  // Takes zeros off; false where there is nothing behind them.
  Result<bool> skip_zeros();
  // Takes the rest, which must be zeros. Reading on to the very end lets a compressed stream check its sum.
  Result<> expect_zeros();

  std::unexpected<Error> bad(std::string_view detail) const;

 private:
  std::unique_ptr<Source> source_;
  std::string_view pending_;  // of the source's current block
  std::string straddling_;    // a block that lies across two of the source's
};

}  // namespace rescue
