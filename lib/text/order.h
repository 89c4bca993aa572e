// Whether lines come sorted, as `comm` and `join` need them: they complain once for each file, and fail at the end.
#pragma once

#include <cstdint>
#include <string_view>

#include "lib/base/error.h"
#include "lib/base/io.h"

namespace rescue {

enum class OrderCheck : uint8_t { when_unpaired, always, never };

class OrderWatch {
 public:
  explicit OrderWatch(OrderCheck check) : check_(check) {}

  // Whether the next line need be compared with the one before it.
  bool cares(bool unpaired_seen) const {
    return !broken_ && check_ != OrderCheck::never && (check_ == OrderCheck::always || unpaired_seen);
  }

  // Two lines were in the wrong order. An error where that ends everything.
  Result<> complain(Io& io, std::string_view attempt, std::string_view path, std::string_view detail) {
    broken_ = true;
    const auto error = fail(attempt, path, detail);
    if (check_ == OrderCheck::always)
      return error;
    io.warn(error.error());
    return {};
  }

  bool broken() const { return broken_; }

 private:
  OrderCheck check_;
  bool broken_ = false;
};

}  // namespace rescue
