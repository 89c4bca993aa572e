// RPM packages: a lead, a header of signatures and digests, the header proper, and a payload.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/archive/rpm_files.h"
#include "lib/archive/rpm_header.h"
#include "lib/base/error.h"

namespace rescue::rpm {

inline constexpr std::string_view magic = "\xed\xab\xee\xdb";

class Package {
 public:
  // Reads the headers; of the payload nothing. Errors have status bad_data.
  static Result<std::unique_ptr<Package>> open(int fd, std::string_view path);
  Package(const Package&) = delete;
  Package& operator=(const Package&) = delete;

  const Header& header() const { return header_; }
  const Header& signatures() const { return signatures_; }
  std::string_view path() const { return path_; }

  bool is_source() const;
  // 3, 4 or 6.
  int format() const;

  // The list of its files; read when it is first asked for.
  Result<const std::vector<File>*> files();

  // What digests and signatures of the header are over.
  std::string_view header_bytes() const { return header_bytes_; }
  uint64_t payload_offset() const { return payload_offset_; }
  uint64_t payload_size() const { return payload_size_; }

 private:
  explicit Package(std::string_view path) : path_(path) {}
  Result<> read(int fd, uint64_t file_size);

  std::string path_;
  std::string signature_bytes_;
  std::string header_bytes_;
  Header signatures_;
  Header header_;
  bool source_type_ = false;
  uint64_t payload_offset_ = 0;
  uint64_t payload_size_ = 0;
  std::vector<File> files_;
  bool has_files_ = false;
};

}  // namespace rescue::rpm
