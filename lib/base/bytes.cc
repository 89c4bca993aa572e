#include "lib/base/bytes.h"

namespace rescue {

std::unexpected<Error> Bytes::outside(std::string_view what) const {
  return corrupt(what, path_, "lies outside the file");
}

Result<Bytes> Bytes::slice(uint64_t offset, uint64_t length, std::string_view what) const {
  // Subtract, never add: both numbers come off the disk, and their sum may wrap.
  if (offset > size() || length > size() - offset)
    return outside(what);
  return Bytes(data_.subspan(offset, length), path_, order_);
}

Result<Bytes> Bytes::from(uint64_t offset, std::string_view what) const {
  if (offset > size())
    return outside(what);
  return Bytes(data_.subspan(offset), path_, order_);
}

Result<std::string_view> Bytes::c_string(uint64_t offset, std::string_view what) const {
  if (offset >= size())
    return outside(what);
  const std::string_view rest = text().substr(offset);
  const size_t end = rest.find('\0');
  if (end == std::string_view::npos)
    return corrupt(what, path_, "has no closing zero byte");
  return rest.substr(0, end);
}

}  // namespace rescue
