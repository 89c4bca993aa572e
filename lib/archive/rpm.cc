#include "lib/archive/rpm.h"

#include <array>

#include "lib/archive/package_file.h"
#include "lib/base/fd.h"
#include "lib/base/text.h"

namespace rescue::rpm {

namespace {

constexpr uint64_t lead_size = 96;
constexpr uint64_t type_offset = 6;  // in the lead, 16 bits: 0 binary, 1 source

std::unexpected<Error> bad(std::string_view path, std::string_view detail) {
  return with_status(corrupt("read package", path, detail).error(), Status::bad_data);
}

// The whole header at `offset`, as it lies in the file.
Result<std::string> read_header(int fd, uint64_t offset, uint64_t file_size, std::string_view path) {
  std::array<char, header_intro_size> intro;
  const size_t count = TRY(pread_full(fd, intro, offset, path));
  const uint64_t size = TRY(header_size({intro.data(), count}, path));
  if (offset > file_size || size > file_size - offset)
    return bad(path, "ends within a header; was it cut off?");
  std::string bytes(size, '\0');
  if (TRY(pread_full(fd, bytes, offset, path)) < bytes.size())
    return bad(path, "has become shorter meanwhile");
  return bytes;
}

Result<Header> parse_file_header(std::string_view bytes, std::string_view path) {
  return Header::parse(Bytes(bytes.substr(header_magic_size), path));
}

}  // namespace

Result<std::unique_ptr<Package>> Package::open(int fd, std::string_view path) {
  const uint64_t size = TRY(package_file_size(fd, path));
  std::unique_ptr<Package> package(new Package(path));  // its constructor is private
  TRY(package->read(fd, size));
  return package;
}

Result<> Package::read(int fd, uint64_t file_size) {
  std::array<char, lead_size> lead;
  const std::string_view start(lead.data(), TRY(pread_full(fd, lead, 0, path_)));
  if (!start.starts_with(magic))
    return bad(path_, "is no RPM package");
  if (start.size() < lead_size)
    return bad(path_, "ends within its first header; was it cut off?");
  source_type_ = start[type_offset + 1] == 1;
  signature_bytes_ = TRY(read_header(fd, lead_size, file_size, path_));
  // The signature header alone is padded, to 8 bytes.
  const uint64_t offset = (lead_size + signature_bytes_.size() + 7) / 8 * 8;
  header_bytes_ = TRY(read_header(fd, offset, file_size, path_));
  signatures_ = TRY(parse_file_header(signature_bytes_, path_));
  header_ = TRY(parse_file_header(header_bytes_, path_));
  payload_offset_ = offset + header_bytes_.size();
  payload_size_ = file_size - payload_offset_;
  if (const std::string_view payload = header_.text(Tag::payload_format); !payload.empty() && payload != "cpio")
    return fail("read package", path_,
                payload == "drpm" ? "is a delta: it holds differences to an older package, and no files"
                                  : str("has a payload of an unknown form: ", Printable(payload)));
  return {};
}

bool Package::is_source() const {
  return source_type_ || header_.has(Tag::source_package);
}

int Package::format() const {
  if (const auto format = header_.number(Tag::rpm_format))
    return static_cast<int>(*format);
  // Format 3 has no region that signatures of the header alone could be over.
  return header_.has(Tag::header_immutable) ? 4 : 3;
}

Result<const std::vector<File>*> Package::files() {
  if (!has_files_)
    files_ = TRY(read_files(header_, path_));
  has_files_ = true;
  return &files_;
}

}  // namespace rescue::rpm
