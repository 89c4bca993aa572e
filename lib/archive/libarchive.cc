#include "lib/archive/libarchive.h"

#include <algorithm>
#include <optional>

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include "lib/base/text.h"

namespace rescue {

namespace {

std::unexpected<Error> bad_data(std::string_view attempt, std::string_view path, std::string_view detail) {
  return with_status(corrupt(attempt, path, detail).error(), Status::bad_data);
}

// Without this format a decompressed stream of zero bytes would be an error.
int enable_raw(archive* handle) {
  const int status = archive_read_support_format_empty(handle);
  return status == ARCHIVE_OK ? archive_read_support_format_raw(handle) : status;
}

int enable_nothing(archive* /*handle*/) {
  return ARCHIVE_OK;
}

LibarchiveStream::Enable enabler(Filter filter) {
  switch (filter) {
    case Filter::gzip: return archive_read_support_filter_gzip;
    case Filter::bzip2: return archive_read_support_filter_bzip2;
    case Filter::xz: return archive_read_support_filter_xz;
    case Filter::lzma: return archive_read_support_filter_lzma;
  }
  return enable_nothing;
}

std::optional<EntryType> type_of(unsigned mode) {
  switch (mode & S_IFMT) {
    case S_IFREG: return EntryType::file;
    case S_IFDIR: return EntryType::directory;
    case S_IFLNK: return EntryType::symlink;
    case S_IFCHR: return EntryType::character;
    case S_IFBLK: return EntryType::block;
    case S_IFIFO: return EntryType::fifo;
    case S_IFSOCK: return EntryType::socket;
    default: return std::nullopt;
  }
}

std::string text_or_empty(const char* text) {
  return text != nullptr ? text : "";
}

}  // namespace

void LibarchiveStream::Free::operator()(archive* handle) const {
  archive_read_free(handle);
}

ptrdiff_t LibarchiveStream::give_block(archive* /*handle*/, void* self, const void** block) {
  auto& stream = *static_cast<LibarchiveStream*>(self);
  const auto bytes = stream.source_->next();
  if (!bytes) {
    stream.status_ = std::unexpected(bytes.error());
    return -1;
  }
  *block = bytes->data();
  return static_cast<ptrdiff_t>(bytes->size());
}

Result<> LibarchiveStream::open(Enable filter, Enable format) {
  archive_.reset(archive_read_new());
  if (!archive_)
    return fail("read archive", path(), "not enough memory");
  // A warning would mean that an outside program is to do the work.
  if (filter(get()) != ARCHIVE_OK || format(get()) != ARCHIVE_OK)
    return fail("read archive", path(), "this kind of compression is not built in");
  if (archive_read_open(get(), this, nullptr, give_block, nullptr) != ARCHIVE_OK)
    return error();
  return {};
}

std::unexpected<Error> LibarchiveStream::error() {
  if (!status_)
    return std::unexpected(status_.error());
  const char* text = archive_error_string(get());
  return bad_data("read archive", path(), text != nullptr ? text : "is damaged");
}

Result<> LibarchiveStream::drain() {
  while (!TRY(source_->next()).empty())
    continue;
  return {};
}

Result<> FilterSource::start() {
  started_ = true;
  TRY(stream_.open(enabler(filter_), enable_raw));
  archive_entry* header = nullptr;
  const int status = archive_read_next_header(stream_.get(), &header);
  ended_ = status == ARCHIVE_EOF;
  if (status != ARCHIVE_OK && !ended_)
    return stream_.error();
  // Not what it looked like: libarchive would hand it out as it is.
  if (!ended_ && archive_filter_code(stream_.get(), 0) == ARCHIVE_FILTER_NONE)
    return bad_data("decompress", path(), "is damaged at its very start");
  return {};
}

Result<std::string_view> FilterSource::next() {
  if (!started_)
    TRY(start());
  while (!ended_) {
    const void* block = nullptr;
    size_t size = 0;
    la_int64_t offset = 0;
    const int status = archive_read_data_block(stream_.get(), &block, &size, &offset);
    ended_ = status == ARCHIVE_EOF;
    if (status != ARCHIVE_OK && !ended_)
      return stream_.error();
    if (size > limit_ - produced_)
      return bad_data("decompress", path(), str("holds more than the ", human_size(limit_), " that it may"));
    produced_ += size;
    if (size > 0)
      return std::string_view(static_cast<const char*>(block), size);
  }
  return std::string_view();
}

std::unexpected<Error> CpioReader::bad(std::string_view detail) const {
  return bad_data("read archive", stream_.path(), detail);
}

Result<const Entry*> CpioReader::next() {
  if (!std::exchange(started_, true))
    TRY(stream_.open(enable_nothing, archive_read_support_format_cpio));
  if (ended_)
    return nullptr;
  const int status = TRY(take_entry());
  if (status != ARCHIVE_EOF)
    return &entry_;
  TRY(stream_.drain());
  ended_ = true;
  return nullptr;
}

Result<int> CpioReader::take_entry() {
  archive_entry* header = nullptr;
  const int status = archive_read_next_header(stream_.get(), &header);
  if (status == ARCHIVE_EOF)
    return status;
  // A warning: libarchive made something of it that is not what is written there.
  if (status != ARCHIVE_OK)
    return stream_.error();
  entry_ = Entry();
  entry_.path = text_or_empty(archive_entry_pathname(header));
  const auto type = type_of(archive_entry_filetype(header));
  if (!type || entry_.path.empty())
    return bad("a member has no name, or is of no known kind");
  const char* hard_link = archive_entry_hardlink(header);
  entry_.type = hard_link != nullptr ? EntryType::hardlink : *type;
  entry_.link = text_or_empty(hard_link != nullptr ? hard_link : archive_entry_symlink(header));
  entry_.mode = archive_entry_perm(header) & 07777;
  entry_.uid = static_cast<uint32_t>(archive_entry_uid(header));
  entry_.gid = static_cast<uint32_t>(archive_entry_gid(header));
  entry_.mtime = archive_entry_mtime(header);
  if (*type == EntryType::character || *type == EntryType::block) {
    entry_.device_major = static_cast<uint32_t>(archive_entry_rdevmajor(header));
    entry_.device_minor = static_cast<uint32_t>(archive_entry_rdevminor(header));
  }
  const la_int64_t size = *type == EntryType::file ? archive_entry_size(header) : 0;
  if (size < 0)
    return bad("a header is damaged");
  entry_.size = static_cast<uint64_t>(size);
  TRY(check_entry());
  return status;
}

Result<> CpioReader::check_entry() {
  if (entry_.path.size() > limits_.text || entry_.link.size() > limits_.text)
    return bad("a name is longer than it can be");
  if (++entries_ > limits_.entries)
    return bad(str("holds more than the ", limits_.entries, " members that it may"));
  if (entry_.size > limits_.entry_size || entry_.size > limits_.total_size - total_)
    return bad(str("'", entry_.path, "' is larger than it may be"));
  total_ += entry_.size;
  left_ = entry_.size;
  return {};
}

Result<std::string_view> CpioReader::read() {
  if (left_ == 0)
    return std::string_view();
  const void* block = nullptr;
  size_t size = 0;
  la_int64_t offset = 0;
  const int status = archive_read_data_block(stream_.get(), &block, &size, &offset);
  if (status != ARCHIVE_OK && status != ARCHIVE_EOF)
    return stream_.error();
  // cpio knows no holes: what is missing was cut off.
  if (size == 0 || size > left_ || static_cast<uint64_t>(offset) != entry_.size - left_)
    return bad("ends too early; was it cut off?");
  left_ -= size;
  return std::string_view(static_cast<const char*>(block), size);
}

}  // namespace rescue
