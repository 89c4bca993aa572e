// Reads cpio archives of every form that CpioWriter writes, of either byte order. For the cpio applet; cpio.h has the
// reader of packages and bundles.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "lib/archive/cpio_writer.h"
#include "lib/archive/intake.h"
#include "lib/base/error.h"

namespace rescue {

struct CpioItem : CpioMember {
  std::string link;  // the target of a symbolic link
  bool has_sum = false;
};

class CpioScanner {
 public:
  explicit CpioScanner(std::unique_ptr<Source> source) : intake_(std::move(source)) {}

  // The next member, or nullptr behind the last. What is damaged is an error (status bad_data).
  Result<const CpioItem*> next();
  // The next block of its data; empty when all was given.
  Result<std::string_view> read();
  // Reads on to the end of the stream: a program that writes to us through a pipe is not cut off.
  Result<> drain();
  // Bytes read so far.
  uint64_t position() const { return position_; }

 private:
  Result<bool> take_header();
  Result<> take_ascii(bool sums);
  Result<> take_odc();
  Result<> take_binary(bool swapped);
  Result<std::string_view> take(size_t size);
  Result<> skip(uint64_t size);
  Result<> take_name(uint64_t size, uint64_t header_size);

  Intake intake_;
  CpioItem item_;
  uint64_t unit_ = 1;  // what the parts are padded to
  uint64_t left_ = 0;
  uint64_t padding_ = 0;
  uint64_t position_ = 0;
  bool ended_ = false;
};

}  // namespace rescue
