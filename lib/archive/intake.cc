#include "lib/archive/intake.h"

#include <algorithm>

namespace rescue {

namespace {

constexpr std::string_view cut_off = "ends too early; was it cut off?";

}  // namespace

std::unexpected<Error> Intake::bad(std::string_view detail) const {
  return with_status(corrupt("read archive", source_->path(), detail).error(), Status::bad_data);
}

Result<bool> Intake::more() {
  if (pending_.empty())
    pending_ = TRY(source_->next());
  return !pending_.empty();
}

Result<std::string_view> Intake::take_some(uint64_t size) {
  if (!TRY(more()))
    return bad(cut_off);
  const std::string_view part = pending_.substr(0, static_cast<size_t>(std::min<uint64_t>(size, pending_.size())));
  pending_.remove_prefix(part.size());
  return part;
}

Result<std::string_view> Intake::take_block(size_t size) {
  if (!TRY(more()))
    return std::string_view();
  if (pending_.size() >= size)
    return take_some(size);
  straddling_ = TRY(take_text(size, size));
  return straddling_;
}

Result<std::string> Intake::take_text(uint64_t size, uint64_t limit) {
  if (size > limit)
    return bad("a name or a header is longer than it can be");
  std::string text;
  text.reserve(static_cast<size_t>(size));
  while (text.size() < size)
    text += TRY(take_some(size - text.size()));
  return text;
}

Result<> Intake::skip(uint64_t size) {
  while (size > 0)
    size -= TRY(take_some(size)).size();
  return {};
}

Result<bool> Intake::skip_zeros() {
  while (TRY(more())) {
    pending_.remove_prefix(std::min(pending_.find_first_not_of('\0'), pending_.size()));
    if (!pending_.empty())
      return true;
  }
  return false;
}

Result<> Intake::expect_zeros() {
  if (TRY(skip_zeros()))
    return bad("there is something behind its end");
  return {};
}

}  // namespace rescue
