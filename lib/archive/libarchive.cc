#include "lib/archive/libarchive.h"

#include <archive.h>

#include "lib/base/text.h"

namespace rescue {

namespace {

int enable(archive* handle, Filter filter) {
  switch (filter) {
    case Filter::gzip: return archive_read_support_filter_gzip(handle);
    case Filter::bzip2: return archive_read_support_filter_bzip2(handle);
    case Filter::xz: return archive_read_support_filter_xz(handle);
    case Filter::lzma: return archive_read_support_filter_lzma(handle);
  }
  return ARCHIVE_FATAL;
}

}  // namespace

void FilterSource::Free::operator()(archive* handle) const {
  archive_read_free(handle);
}

std::unexpected<Error> FilterSource::bad(std::string_view detail) const {
  return with_status(corrupt("decompress", path(), detail).error(), Status::bad_data);
}

std::unexpected<Error> FilterSource::error() const {
  if (!input_status_)
    return std::unexpected(input_status_.error());
  const char* text = archive_error_string(archive_.get());
  return bad(text != nullptr ? text : "is damaged");
}

ptrdiff_t FilterSource::give_block(archive* /*handle*/, void* self, const void** block) {
  auto& source = *static_cast<FilterSource*>(self);
  const auto bytes = source.input_->next();
  if (!bytes) {
    source.input_status_ = std::unexpected(bytes.error());
    return -1;
  }
  *block = bytes->data();
  return static_cast<ptrdiff_t>(bytes->size());
}

Result<> FilterSource::start() {
  archive_.reset(archive_read_new());
  if (!archive_)
    return fail("decompress", path(), "not enough memory");
  archive* handle = archive_.get();
  // A warning would mean that an outside program is to do the work.
  if (enable(handle, filter_) != ARCHIVE_OK)
    return fail("decompress", path(), "this kind of compression is not built in");
  // With the second format, no bytes at all are no error.
  if (archive_read_support_format_raw(handle) != ARCHIVE_OK ||
      archive_read_support_format_empty(handle) != ARCHIVE_OK ||
      archive_read_open(handle, this, nullptr, give_block, nullptr) != ARCHIVE_OK)
    return error();
  archive_entry* header = nullptr;
  const int status = archive_read_next_header(handle, &header);
  ended_ = status == ARCHIVE_EOF;
  if (status != ARCHIVE_OK && !ended_)
    return error();
  // Not what it looked like: libarchive would hand it out as it is.
  if (!ended_ && archive_filter_code(handle, 0) == ARCHIVE_FILTER_NONE)
    return bad("is damaged at its very start");
  return {};
}

Result<std::string_view> FilterSource::next() {
  if (!archive_)
    TRY(start());
  while (!ended_) {
    const void* block = nullptr;
    size_t size = 0;
    la_int64_t offset = 0;
    const int status = archive_read_data_block(archive_.get(), &block, &size, &offset);
    ended_ = status == ARCHIVE_EOF;
    if (status != ARCHIVE_OK && !ended_)
      return error();
    if (size > limit_ - produced_)
      return bad(str("holds more than the ", human_size(limit_), " that it may"));
    produced_ += size;
    if (size > 0)
      return std::string_view(static_cast<const char*>(block), size);
  }
  return std::string_view();
}

}  // namespace rescue
